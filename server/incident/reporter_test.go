package incident

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/geo"
	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/db/dbtest"
	"jingwei/server/seal"
	"jingwei/server/web"
)

func testRing(t testing.TB) *seal.Ring {
	t.Helper()
	ring, err := seal.Create(filepath.Join(t.TempDir(), "keys.json"), now)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// Somebody who reports, and who must not be found anywhere.
var someone = Private{Name: "欧阳试密", Phone: "13987651234", IDNumber: "110105194912310142", Home: "宜城街道东风小区12幢3单元501室"}

func someReport() Report {
	place, err := geo.PointOf(119.801, 31.339)
	if err != nil {
		panic(err)
	}
	return Report{
		Channel: Resident, Item: "noise", Title: "欧阳试密 13987651234 反映堵塞", Description: "我住宜城街道东风小区12幢3单元501室，身份证110105194912310142，电话139-8765-1234",
		Place: place, Private: someone,
	}
}

func mustCreate(t *testing.T, s *Service, ctx context.Context, r Report, key string) (Incident, Receipt) { //nolint:revive // t first
	t.Helper()
	i, receipt, created, err := s.Create(ctx, r, key, []byte(r.Title))
	if err != nil || !created {
		t.Fatalf("created %v, %v", created, err)
	}
	return i, receipt
}

func TestReporterIsSealedMaskedAndUnsealed(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	i, _ := mustCreate(t, s, t.Context(), someReport(), "")
	if i.Title != "欧阳** 139****1234 反映堵塞" || i.Description != "我住宜城街道东风小区**，身份证1101**********0142，电话139****1234" || i.Private != (Private{}) {
		t.Errorf("given out: %q %q %+v", i.Title, i.Description, i.Private)
	}
	viewer, handler := accesstest.Person(t, access.Viewer), accesstest.Person(t, access.Handler)
	p, sealing, err := s.Reporter(viewer, i)
	if want := (Private{Name: "欧阳**", Phone: "139****1234", IDNumber: "1101**********0142", Home: "宜城街道东风小区**"}); err != nil || sealing != Sealed || p != want {
		t.Errorf("masked: %#v %s %v", p.Name+p.Phone+p.IDNumber+p.Home, sealing, err)
	}
	full, err := s.Unseal(handler, i.ID, "回访  欧阳 试密（0510-87654321，宜城街道东风小区12幢3单元501室）")
	r := someReport()
	if want := (Private{someone.Name, someone.Phone, someone.IDNumber, someone.Home, r.Title, r.Description}); err != nil || full != want {
		t.Errorf("unsealed something else, or %v", err)
	}
	if got := audited(t, pool, "reporter.unseal"); got != fmt.Sprintf("handler incident/%s done 回访 欧阳**（051****4321，宜城街道东风小区**） <nil> <nil>\n", i.ID) {
		t.Errorf("the log says:\n%s", got)
	}
	if got := audited(t, pool, "incident.create"); got != fmt.Sprintf(" incident/%s done  <nil> {\"item\": \"noise\", \"channel\": \"resident\"}\n", i.ID) {
		t.Errorf("the log says:\n%s", got)
	}
}

func TestUnsealIsRefused(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	i, _ := mustCreate(t, s, t.Context(), someReport(), "")
	bare := someReport()
	bare.Private, bare.Title, bare.Description = Private{}, "路灯不亮", ""
	none, _ := mustCreate(t, s, t.Context(), bare, "")
	beside := accesstest.Person(t, access.Handler, access.Area{Code: "320282002", Level: "town"})
	for name, try := range map[string]struct {
		ctx    context.Context
		id     uuid.UUID
		reason string
		want   web.Code
	}{
		"public":         {t.Context(), i.ID, "回访报告人", web.LoginRequired},
		"viewer":         {accesstest.Person(t, access.Viewer), i.ID, "回访报告人", web.Forbidden},
		"planner":        {accesstest.Person(t, access.Planner), i.ID, "回访报告人", web.Forbidden},
		"auditor":        {accesstest.Person(t, access.Auditor), i.ID, "回访报告人", web.Forbidden},
		"outside":        {beside, i.ID, "回访报告人", web.NotFound},
		"unknown":        {accesstest.Person(t, access.Handler), uuid.New(), "回访报告人", web.NotFound},
		"without reason": {accesstest.Person(t, access.Handler), i.ID, "  回 访 ", web.Invalid},
		"a long reason":  {accesstest.Person(t, access.Viewer), i.ID, strings.Repeat("试密", 251), web.Invalid}, // before anybody is asked
		"nothing there":  {accesstest.Person(t, access.Handler), none.ID, "回访报告人", web.NotFound},
	} {
		_, err := s.Unseal(try.ctx, try.id, try.reason)
		if p, ok := web.AsProblem(err); !ok || p.Code != try.want {
			t.Errorf("%s: %v, want %s", name, err, try.want)
		}
	}
	if got := audited(t, pool, "reporter.unseal"); strings.Count(got, "refused") != 2 || strings.Contains(got, "done") || strings.Contains(got, "回访") {
		t.Errorf("the log says:\n%s", got)
	}
}

// A handler of one town with the viewer role on another can see both, and unseal in the one only.
func TestUnsealNeedsTheRightAtTheIncident(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	i, _ := mustCreate(t, s, t.Context(), someReport(), "")
	town := access.Grant{Role: access.Viewer, Area: i.Codes[1], Level: "town"}
	other := access.Grant{Role: access.Handler, Area: "320282002", Level: "town"}
	ctx := access.With(t.Context(), access.Person(uuid.New(), uuid.New(), "x", []access.Grant{town, other}))
	if _, err := s.Find(ctx, i.ID); err != nil {
		t.Error(err)
	}
	if _, err := s.Unseal(ctx, i.ID, "回访报告人"); !is(err, web.Forbidden) {
		t.Errorf("unsealed, or %v", err)
	}
}

func TestMissingKeyLeavesTheIncidentReadable(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	i, _ := mustCreate(t, s, t.Context(), someReport(), "")
	handler := accesstest.Person(t, access.Handler)
	stranger := *s
	stranger.keys = testRing(t)
	if p, sealing, err := stranger.Reporter(handler, i); err != nil || sealing != Unavailable || p != (Private{}) {
		t.Errorf("another ring: %s %v", sealing, err)
	}
	if _, err := stranger.Unseal(handler, i.ID, "回访报告人"); !is(err, web.Conflict) || !strings.Contains(err.Error(), s.keys.Current()) {
		t.Errorf("another ring: %v", err)
	}
	// Bytes that were moved from another incident do not open either.
	other, _ := mustCreate(t, s, t.Context(), someReport(), "")
	if _, err := pool.Exec(t.Context(), `UPDATE incident_reporter SET sealed = (SELECT sealed FROM incident_reporter WHERE incident = $2) WHERE incident = $1`, i.ID, other.ID); err != nil {
		t.Fatal(err)
	}
	if _, sealing, err := s.Reporter(handler, i); err != nil || sealing != Unavailable {
		t.Errorf("moved: %s %v", sealing, err)
	}
	if _, err := s.Unseal(handler, i.ID, "回访报告人"); !is(err, web.Conflict) {
		t.Errorf("moved: %v", err)
	}
}

func TestReporterIsChecked(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	for place, told := range map[string][]Private{
		"name":      {{Name: strings.Repeat("张", 61)}, {Name: "张\n三"}, {Name: "张\u202e三"}},
		"phone":     {{Phone: "1234567890123456"}, {Phone: "12812345678"}, {Phone: "abcdefg"}, {Phone: "+0123456789"}, {Phone: "+86 123"}, {Phone: "1381234567"}},
		"id_number": {{IDNumber: "110105194912310143"}, {IDNumber: "110105194902300020"}, {IDNumber: "11010519491231002"}, {IDNumber: "x"}, {IDNumber: "010105194912310021"}},
		"home":      {{Home: strings.Repeat("路", 201)}, {Home: "东风小区\x00"}},
	} {
		for _, p := range told {
			r := someReport()
			r.Private = p
			_, _, _, err := s.Create(t.Context(), r, "", nil)
			problem, ok := web.AsProblem(err)
			if !ok || problem.Code != web.Invalid || len(problem.Errors) != 1 || problem.Errors[0].Location != "body.reporter."+place || problem.Errors[0].Value != nil {
				t.Errorf("%s: %v", place, err)
				continue
			}
			if told := p.Name + p.Phone + p.IDNumber + p.Home; len(told) > 2 && strings.Contains(fmt.Sprintf("%+v %s", *problem, problem.Errors[0]), told) {
				t.Errorf("the problem repeats %q", told)
			}
		}
	}
	if n := count(t, pool, "incident"); n != 0 {
		t.Errorf("%d incidents were stored", n)
	}
	for told, kept := range map[Private]Private{
		{Name: " 张三 ", Home: " 东风小区 "}:   {Name: "张三", Home: "东风小区"},
		{Phone: "138 1234-5678"}:         {Phone: "13812345678"},
		{Phone: "+86 138 1234 5678"}:     {Phone: "13812345678"},
		{Phone: "+86 510 8765 4321"}:     {Phone: "051087654321"},
		{Phone: "(0510) 8765-4321"}:      {Phone: "051087654321"},
		{Phone: "１３８１２３４５６７８"}:           {Phone: "13812345678"},
		{Phone: "+49 151 1234 5678"}:     {Phone: "+4915112345678"},
		{Phone: "87654321"}:              {Phone: "87654321"},
		{IDNumber: "11010519491231002x"}: {IDNumber: "11010519491231002X"},
	} {
		got := told.normal()
		if got != kept {
			t.Errorf("kept as %q %q %q %q", got.Name, got.Phone, got.IDNumber, got.Home)
		}
		if kept.IDNumber == "" && got.check("body.reporter") != nil {
			t.Errorf("refused: %v", got.check("body.reporter"))
		}
	}
	if !isIDNumber("11010519491231002X") || !isIDNumber("440524188001010014") { // the examples of GB 11643
		t.Error("the standard's own examples are refused")
	}
}

// Whatever table it is: no text of the database holds what the reporter told, and no log line.
func TestNothingOfTheReporterIsLeftAnywhere(t *testing.T) {
	var log lockedBuffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(func() { slog.SetDefault(before) })
	s, pool := setup(t)
	i, receipt := mustCreate(t, s, t.Context(), someReport(), publicKey)
	_, _, _, err := s.Create(t.Context(), someReport(), publicKey, []byte(someReport().Title))
	csv := "lon,lat,reported_at,item,title,description\n119.801,31.339,2026-11-01 08:30,noise,13987651234,身份证110105194912310142\n"
	report, errImport := s.Import(accesstest.Operator(t), strings.NewReader(csv), nil, ImportOptions{})
	handler := accesstest.Person(t, access.Handler)
	_, errUnseal := s.Unseal(handler, i.ID, "13987651234 要求回访")
	_, _, errFollow := s.Follow(t.Context(), receipt)
	if err := errors.Join(err, errImport, errUnseal, errFollow); err != nil || report.Added != 1 {
		t.Fatal(report, err)
	}
	// Failures: a report that is refused, a database that fails, a ring without the key, a wrong receipt.
	bad := someReport()
	bad.Private.Phone = "139876512345"
	_, _, _, errBad := s.Create(t.Context(), bad, "", nil)
	unknown := someReport()
	unknown.Item = "no_such_item"
	_, _, _, errItem := s.Create(t.Context(), unknown, "", nil)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, _, errEnded := s.Create(ended, someReport(), "", nil)
	stranger := *s
	stranger.keys = testRing(t)
	_, sealing, errStranger := stranger.Reporter(handler, i)
	without := *s
	without.keys = nil
	_, _, _, errWithout := without.Create(t.Context(), someReport(), "", nil)
	_, _, errWrong := s.Follow(t.Context(), Receipt{Number: receipt.Number, Secret: "13987651234"})
	if errBad == nil || errItem == nil || errEnded == nil || sealing != Unavailable || errWithout == nil || errWrong == nil {
		t.Error("something did not fail")
	}
	texts := dump(t, pool) + log.String() + fmt.Sprintf("%+v %v %v %v %v %v %v", report, errBad, errItem, errEnded, errStranger, errWithout, errWrong)
	if !strings.Contains(texts, "139****1234") || !strings.Contains(log.String(), "personal data cannot be opened") {
		t.Error("the search finds nothing at all")
	}
	secret := strings.ReplaceAll(receipt.Secret, "-", "")
	for _, told := range []string{"试密", "13987651234", "139-8765-1234", "110105194912310142", "501室", "12幢", receipt.Secret, secret} {
		if at := strings.Index(texts, told); at >= 0 {
			t.Errorf("%q is left in: …%s…", told, texts[max(0, at-200):min(len(texts), at+50)])
		}
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// dump is every row of every table as text; bytes are decoded, so that plain text in them is found.
func dump(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	pool = dbtest.Owner(t, pool) // the application cannot read the partitions of the log but through their parent
	var all strings.Builder
	tables := column[string](t, pool, `SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname = 'public'`)
	if len(tables) < 20 {
		t.Errorf("only %d tables", len(tables))
	}
	for _, table := range tables {
		for _, row := range column[string](t, pool, `SELECT x::text FROM `+table+` x`) {
			fmt.Fprintf(&all, "%s: %s\n", table, row)
		}
	}
	for _, b := range column[[]byte](t, pool, `SELECT sealed FROM incident_reporter UNION ALL SELECT secret FROM report_receipt UNION ALL SELECT digest FROM incident_key`) {
		fmt.Fprintf(&all, "%s\n", b)
	}
	return all.String()
}

func TestImportSealsOriginalsOnce(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	csv := "lon,lat,reported_at,item,title,description\n119.801,31.339,2026-11-01 08:30,noise,楼道堵塞,电话13987651234\n" +
		"119.801,31.339,2026-11-01 09:30,noise,楼道堵塞,没有电话\n"
	for n, want := range []int{2, 0} {
		if report, err := s.Import(accesstest.Operator(t), strings.NewReader(csv), nil, ImportOptions{}); err != nil || report.Added != want {
			t.Fatalf("import %d: %+v %v", n+1, report, err)
		}
	}
	if n := count(t, pool, "incident_reporter"); n != 1 {
		t.Fatalf("%d rows are sealed, want 1", n)
	}
	ids := column[uuid.UUID](t, pool, `SELECT incident FROM incident_reporter`)
	p, err := s.Unseal(accesstest.Person(t, access.Dispatcher), ids[0], "回访报告人")
	if err != nil || p.Description != "电话13987651234" || p.Title != "楼道堵塞" {
		t.Errorf("unsealed %q, %v", p.Description, err)
	}
	// What retention deleted does not come back with the same file.
	if _, err := pool.Exec(t.Context(), `DELETE FROM incident_reporter`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Import(accesstest.Operator(t), strings.NewReader(csv), nil, ImportOptions{}); err != nil || count(t, pool, "incident_reporter") != 0 {
		t.Errorf("it came back, or %v", err)
	}
	if _, err := s.Import(accesstest.Person(t, access.Dispatcher), strings.NewReader(csv), nil, ImportOptions{}); !is(err, web.Forbidden) {
		t.Errorf("a dispatcher imported, or %v", err)
	}
}

func is(err error, code web.Code) bool {
	p, ok := web.AsProblem(err)
	return ok && p.Code == code
}

// audited is what the log says of an action: login, object, outcome, reason, before, after.
func audited(t *testing.T, pool *pgxpool.Pool, action string) string {
	t.Helper()
	return strings.Join(column[string](t, pool, `
		SELECT concat_ws(' ', login, object, outcome, reason, coalesce(before::text, '<nil>'), coalesce(after::text, '<nil>')) || E'\n' FROM audit
		WHERE action = '`+action+`' ORDER BY id`), "")
}

// set moves an incident as whistles would; what ends did so as soon as it came in.
func set(t *testing.T, pool *pgxpool.Pool, id uuid.UUID, status Status) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), `
		UPDATE incident SET status = $2, closed_at = CASE WHEN $2 IN ('closed', 'cancelled') THEN received_at END WHERE id = $1`, id, status); err != nil {
		t.Fatal(err)
	}
}
