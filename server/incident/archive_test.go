package incident

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/photo"
	"jingwei/server/photo/phototest"
	"jingwei/server/web"
)

var oldMonth = time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)

// reportedIn stores an incident of a month with its reporter, receipt and a photo.
func reportedIn(t *testing.T, s *Service, pool *pgxpool.Pool, at time.Time, status Status) (Incident, Receipt) {
	t.Helper()
	r := someReport()
	r.ReportedAt = at
	p, _, err := photo.NewService(pool, s.now).Upload(t.Context(), phototest.JPEG(9, 9))
	if err != nil {
		t.Fatal(err)
	}
	r.Photos = []uuid.UUID{p.ID}
	i, receipt := mustCreate(t, s, t.Context(), r, "")
	if status != Collected {
		set(t, pool, i.ID, status)
	}
	return i, receipt
}

// snapshot is all that the tables of incidents hold, in one order.
func snapshot(t *testing.T, pool *pgxpool.Pool) (all []string) {
	t.Helper()
	for _, table := range []string{"incident", "incident_reporter", "report_receipt", "photo"} {
		all = append(all, column[string](t, pool, `SELECT '`+table+` ' || md5(r::text) FROM `+table+` r ORDER BY 1`)...)
	}
	return all
}

func TestArchiveAndRestore(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	operator, dispatcher := accesstest.Operator(t), accesstest.Person(t, access.Dispatcher)
	gone, receipt := reportedIn(t, s, pool, oldMonth.Add(time.Hour), Closed)
	reportedIn(t, s, pool, oldMonth.AddDate(0, 1, 0).Add(-time.Microsecond), Cancelled)
	next, otherReceipt := reportedIn(t, s, pool, oldMonth.AddDate(0, 1, 0), Closed)
	open, _ := reportedIn(t, s, pool, oldMonth.AddDate(0, 2, 0), Collected)
	before := snapshot(t, pool)

	months, err := s.Months(operator, oldMonth.AddDate(0, 2, 0))
	if err != nil || len(months) != 2 || months[0].Name() != "2025-03" || months[0].Incidents != 2 || months[0].Open != 0 || months[0].Personal != (Personal{2, 2, 2}) ||
		months[0].Bytes == 0 || months[1].Incidents != 1 {
		t.Fatalf("months %+v, %v", months, err)
	}
	if !slices.Equal(snapshot(t, pool), before) {
		t.Error("looking changed something")
	}
	m, err := s.Archive(operator, oldMonth)
	if err != nil || m.Incidents != 2 || m.Personal != (Personal{2, 2, 2}) {
		t.Fatalf("archived %+v, %v", m, err)
	}
	if _, err := s.Find(dispatcher, gone.ID); !is(err, web.NotFound) {
		t.Errorf("still there: %v", err)
	}
	if i, again, err := s.Follow(t.Context(), receipt); err != nil || i.ID != gone.ID || i.Status != Closed || again.Number != receipt.Number {
		t.Errorf("its receipt: %s %s %+v %v", i.ID, i.Status, again, err)
	}
	if _, _, err := s.Follow(t.Context(), Receipt{Number: receipt.Number, Secret: otherReceipt.Secret}); !is(err, web.NotFound) {
		t.Errorf("its receipt with another's secret: %v", err)
	}
	if list, err := all(t, dispatcher, s, Filter{}); err != nil || len(list) != 2 {
		t.Errorf("%d are listed, %v", len(list), err)
	}
	for _, i := range []Incident{next, open} {
		if full, err := s.Unseal(dispatcher, i.ID, "回访报告人"); err != nil || full.Name != someone.Name {
			t.Errorf("of another month: %v", err)
		}
	}
	for _, table := range []string{"archived_incident", "archived_reporter", "archived_receipt", "archived_photo"} {
		if n := count(t, pool, table); n != 2 {
			t.Errorf("%s has %d rows", table, n)
		}
	}
	if archived, err := s.Archived(operator); err != nil || len(archived) != 1 || !archived[0].Equal(oldMonth) {
		t.Errorf("archived %v, %v", archived, err)
	}
	if n := len(column[string](t, pool, `SELECT data::text FROM event WHERE kind = 'incident.archived' AND data = '{}' AND areas = '{}'`)); n != 1 {
		t.Errorf("%d events", n)
	}
	if got := audited(t, pool, "incident.archive"); strings.Count(got, "\n") != 1 || !strings.Contains(got, "month/2025-03 done") || !strings.Contains(got, `"incidents": 2`) {
		t.Errorf("the log says:\n%s", got)
	}

	// One that is open keeps its month, and one that is gone is not taken again.
	if _, err := s.Archive(operator, oldMonth.AddDate(0, 2, 0)); !is(err, web.Conflict) {
		t.Errorf("with an open one: %v", err)
	}
	if _, err := s.Archive(operator, oldMonth); !is(err, web.NotFound) {
		t.Errorf("twice: %v", err)
	}
	if _, err := s.Archive(dispatcher, oldMonth.AddDate(0, 1, 0)); !is(err, web.Forbidden) {
		t.Errorf("by a dispatcher: %v", err)
	}

	m, err = s.Restore(operator, oldMonth)
	if err != nil || m.Incidents != 2 || m.Personal != (Personal{2, 2, 2}) {
		t.Fatalf("restored %+v, %v", m, err)
	}
	if !slices.Equal(snapshot(t, pool), before) {
		t.Error("it came back otherwise than it went")
	}
	if _, _, err := s.Follow(t.Context(), receipt); err != nil {
		t.Error(err)
	}
	if photos, err := s.Photos(dispatcher, gone); err != nil || len(photos) != 1 {
		t.Errorf("photos %v, %v", photos, err)
	}
	// Its foreign keys hold again: what belongs to it goes where it goes, and back out with it.
	if _, err := s.Move(dispatcher, gone.ID, outsideAll, "在路口对面", ""); err != nil {
		t.Error(err)
	}
	if n := len(column[string](t, pool, `SELECT p.county FROM photo p JOIN incident_reporter r USING (county, incident) JOIN report_receipt t USING (county, incident) WHERE county = ''`)); n != 1 {
		t.Error("what belongs to it did not follow")
	}
	if _, err := s.Archive(operator, oldMonth); err != nil {
		t.Errorf("archived again: %v", err)
	}
}

// A month that is archived takes nothing more, however it comes: neither a row of a file that was read before nor a new report.
func TestNothingComesIntoAnArchivedMonth(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	operator := accesstest.Operator(t)
	file := "lon,lat,reported_at,item,title,number\n119.801,31.339,2025-03-05T10:00:00+08:00,noise,一,1\n119.801,31.339,2025-04-05T10:00:00+08:00,noise,二,2\n"
	if report, _ := importText(t, s, file, ImportOptions{}); report.Added != 2 {
		t.Fatalf("%+v", report)
	}
	for _, id := range column[uuid.UUID](t, pool, `SELECT id FROM incident`) {
		set(t, pool, id, Closed)
	}
	if _, err := s.Archive(operator, oldMonth); err != nil {
		t.Fatal(err)
	}
	report, rejected := importText(t, s, file, ImportOptions{})
	if report.Added != 0 || report.Repeated != 1 || report.ByReason[ArchivedMonth] != 1 || !strings.Contains(rejected, "jingwei archive --restore 2025-03") {
		t.Errorf("%+v\n%s", report, rejected)
	}
	r := someReport()
	r.ReportedAt = oldMonth.Add(time.Hour)
	_, _, _, err := s.Create(t.Context(), r, "", nil)
	if p, ok := web.AsProblem(err); !ok || p.Code != web.Conflict || !strings.Contains(p.Detail, "2025-03") {
		t.Errorf("a report: %v", err)
	}
	if n := count(t, pool, "incident"); n != 1 {
		t.Errorf("%d incidents", n)
	}
	if _, err := s.Restore(operator, oldMonth); err != nil {
		t.Fatal(err)
	}
	if report, _ := importText(t, s, file, ImportOptions{}); report.Repeated != 2 || report.Added != 0 {
		t.Errorf("after it came back: %+v", report)
	}
}

// While months come and go, everybody reads and reports on, and nobody sees a month in halves.
func TestArchiveWhileServing(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	operator, dispatcher := accesstest.Operator(t), accesstest.Person(t, access.Dispatcher)
	var receipt Receipt
	for n := range 20 {
		_, receipt = reportedIn(t, s, pool, oldMonth.Add(time.Duration(n)*time.Hour), Closed)
	}
	ctx, stop := context.WithCancel(dispatcher)
	var all sync.WaitGroup
	reported := make([]int, 3)
	for n := range reported {
		all.Go(func() {
			for ctx.Err() == nil {
				list, _, err := s.List(ctx, Question{Filter: Filter{To: oldMonth.AddDate(0, 1, 0)}}, 100)
				if ctx.Err() != nil {
					return
				}
				if err != nil || len(list) != 0 && len(list) != 20 {
					t.Errorf("listed %d: %v", len(list), err)
				}
				if _, _, err := s.Follow(t.Context(), receipt); err != nil {
					t.Errorf("followed: %v", err)
				}
				r := someReport()
				if _, _, _, err := s.Create(t.Context(), r, "", nil); err != nil {
					t.Error(err)
				}
				reported[n]++
			}
		})
	}
	for range 5 {
		if _, err := s.Archive(operator, oldMonth); err != nil {
			t.Error(err)
		}
		if _, err := s.Restore(operator, oldMonth); err != nil {
			t.Error(err)
		}
	}
	stop()
	all.Wait()
	want := 20
	for _, n := range reported {
		want += n
	}
	if n := count(t, pool, "incident"); n != want || want == 20 {
		t.Errorf("%d incidents, want %d", n, want)
	}
	if n := count(t, pool, "incident_reporter"); n != want {
		t.Errorf("%d reporters, want %d", n, want)
	}
}

// Retention reaches what is archived.
func TestRetentionOfTheArchive(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	operator := accesstest.Operator(t)
	old := now.AddDate(-2, 0, -1)
	i := receivedAt(t, s, pool, old, Closed)
	receivedAt(t, s, pool, old.AddDate(1, 0, 0), Closed)
	receipt, err := s.receiptAgain(t.Context(), pool, i)
	if err != nil {
		t.Fatal(err)
	}
	first := time.Date(i.ReportedAt.Year(), i.ReportedAt.Month(), 1, 0, 0, 0, 0, time.UTC)
	if _, err := s.Archive(operator, first); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Retention(operator, 2); err != nil || fmt.Sprint(r.Due) != "[{2024 320282 {1 1 2}}]" {
		t.Errorf("due %v, %v", r.Due, err)
	}
	if deleted, err := s.Delete(operator, 2); err != nil || deleted != (Personal{1, 1, 2}) {
		t.Errorf("deleted %+v, %v", deleted, err)
	}
	if _, _, err := s.Follow(t.Context(), receipt); !is(err, web.NotFound) {
		t.Errorf("followed with a receipt that was deleted: %v", err)
	}
	if n := count(t, pool, "archived_reporter") + count(t, pool, "archived_receipt") + count(t, pool, "archived_photo"); n != 0 || count(t, pool, "archived_incident") != 1 {
		t.Errorf("%d rows are left of people", n)
	}
}

// Whatever changes a table of incidents has to change its archive, or no month could come back.
func TestArchiveHasTheColumnsOfWhatItArchives(t *testing.T) {
	t.Parallel()
	_, pool := setup(t)
	for live, archived := range map[string]string{
		liveTables.incident: archivedTables.incident, liveTables.photo: archivedTables.photo, liveTables.reporter: archivedTables.reporter, liveTables.receipt: archivedTables.receipt,
	} {
		columns := func(table string) []string {
			return column[string](t, pool, `
				SELECT attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull || ' ' || attcollation FROM pg_attribute
				WHERE attrelid = '`+table+`'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`)
		}
		if a, b := columns(live), columns(archived); !slices.Equal(a, b) {
			t.Errorf("%s has %v, %s has %v", live, a, archived, b)
		}
	}
}

func TestParseMonth(t *testing.T) {
	t.Parallel()
	if m, err := ParseMonth("2025-03"); err != nil || !m.Equal(oldMonth) {
		t.Error(m, err)
	}
	for _, s := range []string{"", "2025", "2025-13", "2025-3", "03-2025", "1999-12"} {
		if _, err := ParseMonth(s); err == nil {
			t.Errorf("%q is taken for a month", s)
		}
	}
}
