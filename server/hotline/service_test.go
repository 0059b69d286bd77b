package hotline

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/incident"
	"jingwei/server/web"
)

func TestTicketWithCoordinatesIsAnIncidentAtOnce(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	ctx := accesstest.Person(t, access.Dispatcher)
	c := someCall("DH-1")
	c.Place, c.ReportedAt = &inFirstTown, now.Add(-time.Hour)
	ticket, created, err := s.Receive(ctx, c, []byte("1"))
	if err != nil || !created || ticket.State != IsIncident || ticket.Item != "illegal_parking" || ticket.Unmapped {
		t.Fatalf("%+v, %v, %v", ticket, created, err)
	}
	i, err := s.incidents.Find(ctx, *ticket.Incident)
	if err != nil || i.Channel != incident.Hotline12345 || !i.ReportedAt.Equal(c.ReportedAt) || i.Place != inFirstTown || i.Codes[1] != "320282001" || i.Title != "欧阳**反映堵塞" ||
		i.Description != "请回电139****1234，门口停了一排车\n地址：宜城街道东风小区**门口" {
		t.Errorf("%+v, %v", i, err)
	}
	full, err := s.incidents.Unseal(ctx, i.ID, "回访来电人")
	if err != nil || full.Name != someone.Name || full.Phone != someone.Phone || full.Home != someone.Home || !strings.Contains(full.Description, someone.Home) {
		t.Errorf("unsealed something else, or %v", err)
	}
	if n := count(t, pool, `SELECT count(*) FROM hotline_ticket WHERE sealed IS NULL AND settled_at IS NOT NULL`); n != 1 {
		t.Error("the caller is kept twice")
	}
	if got := logged(t, pool); !strings.HasPrefix(got, "ticket.create ticket/DH-1 5 ") || strings.Count(got, "\n") != 1 || !strings.Contains(got, "\nticket.place ticket/DH-1 5 ") {
		t.Errorf("the log says:\n%s", got)
	}
	if n := count(t, pool, `SELECT count(*) FROM event WHERE kind = 'ticket.waiting'`); n != 0 {
		t.Error("those who place tickets were told of one that is placed")
	}
}

func TestTicketWaitsAndIsPlaced(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	ctx := accesstest.Person(t, access.Dispatcher)
	ticket, created, err := s.Receive(ctx, someCall("DH-1"), []byte("1"))
	if err != nil || !created || ticket.State != ToPlace || ticket.Incident != nil {
		t.Fatalf("%+v, %v, %v", ticket, created, err)
	}
	waiting, more, err := s.List(ctx, ToPlace, uuid.Nil, 10)
	if err != nil || more || len(waiting) != 1 || waiting[0].Address != "宜城街道东风小区**门口" || waiting[0].Title != "欧阳**反映堵塞" {
		t.Fatalf("%+v, %v", waiting, err)
	}
	found, caller, err := s.Find(ctx, "DH-1")
	if err != nil || found.State != ToPlace || caller != (incident.Private{Name: "欧阳**", Phone: "139****1234", Home: "宜城街道东风小区**"}) {
		t.Errorf("%+v %v", found, err)
	}
	placed, err := s.Place(ctx, "DH-1", inSecondTown)
	if err != nil || placed.State != IsIncident {
		t.Fatalf("%+v, %v", placed, err)
	}
	again, err := s.Place(ctx, "DH-1", inFirstTown)
	if err != nil || *again.Incident != *placed.Incident {
		t.Errorf("placed twice: %+v, %v", again, err)
	}
	if i, err := s.incidents.Find(ctx, *placed.Incident); err != nil || i.Place != inSecondTown {
		t.Errorf("%+v, %v", i, err)
	}
	exactlyOnce(t, pool, 1)
	if n := count(t, pool, `SELECT count(*) FROM event WHERE kind = 'ticket.waiting' AND data = '{}' AND areas = '{}'`); n != 2 {
		t.Errorf("%d events of the queue, want 2", n)
	}
	if got := logged(t, pool); strings.Count(got, "\n") != 1 || !strings.Contains(got, "\nticket.place ticket/DH-1 5 ") {
		t.Errorf("the log says:\n%s", got)
	}
}

// exactlyOnce checks that so many incidents of the hotline are there, with their events, receipts, reporters and rows of the log, and no ticket that has none.
func exactlyOnce(t *testing.T, pool *pgxpool.Pool, want int) {
	t.Helper()
	for _, sql := range []string{
		`SELECT count(*) FROM incident WHERE channel = 'hotline_12345'`, `SELECT count(*) FROM incident_reporter`, `SELECT count(*) FROM report_receipt`,
		`SELECT count(*) FROM event WHERE kind = 'incident.created'`, `SELECT count(*) FROM audit WHERE action = 'incident.create'`,
		`SELECT count(*) FROM hotline_ticket t JOIN incident i ON i.id = t.incident WHERE t.state = 'incident'`,
	} {
		if n := count(t, pool, sql); n != want {
			t.Errorf("%s: %d, want %d", sql, n, want)
		}
	}
}

func TestRepeats(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	ctx := accesstest.Person(t, access.Dispatcher)
	c := someCall("DH-1")
	mustReceive(t, s, ctx, c, "1")
	if same := mustReceive(t, s, ctx, c, "1"); same.Repeats != 0 || same.RepeatCall {
		t.Errorf("the same request twice: %+v", same)
	}
	if call := mustReceive(t, s, ctx, c, "2"); call.Repeats != 1 || !call.RepeatCall || call.State != ToPlace {
		t.Errorf("another call: %+v", call)
	}
	c.Place = &inFirstTown
	placed := mustReceive(t, s, ctx, c, "3")
	if placed.Repeats != 2 || placed.State != IsIncident {
		t.Errorf("with coordinates: %+v", placed)
	}
	if call := mustReceive(t, s, ctx, c, "4"); call.Repeats != 3 || *call.Incident != *placed.Incident {
		t.Errorf("after it was placed: %+v", call)
	}
	exactlyOnce(t, pool, 1)
	// A dismissed one waits again.
	mustReceive(t, s, ctx, someCall("DH-2"), "1")
	if _, err := s.Dismiss(ctx, "DH-2", "欧阳试密要求撤销"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Place(ctx, "DH-2", inFirstTown); !is(err, web.Conflict) {
		t.Errorf("placed a dismissed one: %v", err)
	}
	dismissed, _, err := s.List(ctx, IsDismissed, uuid.Nil, 10)
	if err != nil || len(dismissed) != 1 || dismissed[0].Reason != "欧阳**要求撤销" {
		t.Errorf("%+v, %v", dismissed, err)
	}
	if call := mustReceive(t, s, ctx, someCall("DH-2"), "2"); call.State != ToPlace || call.Repeats != 1 || call.Reason != "" {
		t.Errorf("after it was dismissed: %+v", call)
	}
	if got := logged(t, pool); strings.Contains(got, "试密") || !strings.Contains(got, "欧阳**要求撤销") {
		t.Errorf("the log says:\n%s", got)
	}
}

// What is sent or placed at the same moment by several makes one ticket and one incident.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	ctx := accesstest.Person(t, access.Dispatcher)
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			c := someCall("DH-1")
			if n%2 == 0 {
				c.Place = &inFirstTown
			}
			if _, _, err := s.Receive(ctx, c, fmt.Append(nil, n)); err != nil {
				t.Error(err)
			}
			if _, err := s.Place(ctx, "DH-1", point(119.8214, 31.3214+float64(n)/10000)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	exactlyOnce(t, pool, 1)
	if ticket, _, err := s.Find(ctx, "DH-1"); err != nil || ticket.Repeats != 7 {
		t.Errorf("%d repeats of 8 calls, %v", ticket.Repeats, err)
	}
}

func TestRights(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	all := accesstest.Person(t, access.Dispatcher)
	town := accesstest.Person(t, access.Dispatcher, firstTown)
	beside := accesstest.Person(t, access.Dispatcher, access.Area{Code: "320282002", Level: "town"})
	placed := func(number string) Call {
		c := someCall(number)
		c.Place = &inFirstTown
		return c
	}
	receive := func(ctx context.Context, c Call) error {
		_, _, err := s.Receive(ctx, c, []byte(c.Number+fmt.Sprint(c.Place)))
		return err
	}
	mustReceive(t, s, all, someCall("W"), "1")
	mustReceive(t, s, all, placed("I"), "1")
	for name, c := range map[string]struct {
		err  error
		want web.Code
	}{
		"public":                    {receive(t.Context(), placed("1")), web.LoginRequired},
		"viewer":                    {receive(accesstest.Person(t, access.Viewer), placed("1")), web.Forbidden},
		"beside":                    {receive(beside, placed("1")), web.Forbidden},
		"a town without a place":    {receive(town, someCall("1")), web.Forbidden},
		"again, beside":             {receive(beside, placed("I")), web.Forbidden},
		"again, without a place":    {receive(town, someCall("W")), web.Forbidden},
		"again, waiting, beside":    {receive(beside, placed("W")), web.Forbidden},
		"find by a viewer":          {second(s.Find(accesstest.Person(t, access.Viewer), "W")), web.Forbidden},
		"find an incident's beside": {second(s.Find(beside, "I")), web.NotFound},
		"find an unknown one":       {second(s.Find(all, "unknown")), web.NotFound},
		"place beside":              {first(s.Place(beside, "W", inFirstTown)), web.Forbidden},
		"dismiss by a town":         {first(s.Dismiss(town, "W", "不属于本市管辖")), web.Forbidden},
		"dismiss without a reason":  {first(s.Dismiss(all, "W", "  否 ")), web.Invalid},
		"dismiss an incident's":     {first(s.Dismiss(all, "I", "不属于本市管辖")), web.Conflict},
		"list by a viewer":          {second(s.List(accesstest.Person(t, access.Viewer), ToPlace, uuid.Nil, 1)), web.Forbidden},
	} {
		if !is(c.err, c.want) {
			t.Errorf("%s: %v, want %s", name, c.err, c.want)
		}
	}
	if _, _, err := s.Find(beside, "W"); err != nil {
		t.Errorf("one that waits may be anybody's: %v", err)
	}
	if _, err := s.Place(town, "W", inFirstTown); err != nil {
		t.Error(err)
	}
	if err := receive(town, placed("2")); err != nil {
		t.Error(err)
	}
	county := accesstest.Person(t, access.Dispatcher, access.Area{Code: "320282", Level: "county"})
	if err := receive(county, someCall("3")); err != nil {
		t.Errorf("without a place, by the county: %v", err)
	}
	if _, err := s.Dismiss(county, "3", "不属于本市管辖"); err != nil {
		t.Errorf("dismissed by the county: %v", err)
	}
}

func first[T any](_ T, err error) error          { return err }
func second[T, U any](_ T, _ U, err error) error { return err }

func TestBadTickets(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	for field, spoil := range map[string]func(*Call){
		"body.number":       func(c *Call) { c.Number = "DH 1" },
		"body.address":      func(c *Call) { c.Address = " " },
		"body.category":     func(c *Call) { c.Category = strings.Repeat("长", 101) },
		"body.title":        func(c *Call) { c.Title = "a\nb" },
		"body.content":      func(c *Call) { c.Content = "a\x00" },
		"body.caller.phone": func(c *Call) { c.Caller.Phone = "12" },
		"body.caller.name":  func(c *Call) { c.Caller.Name = strings.Repeat("长", 61) },
		"body.reported_at":  func(c *Call) { c.ReportedAt = now.Add(time.Hour) },
	} {
		c := someCall("DH-1")
		spoil(&c)
		_, _, err := s.Receive(accesstest.Person(t, access.Dispatcher), c, nil)
		if p, ok := web.AsProblem(err); !ok || p.Code != web.Invalid || len(p.Errors) != 1 || p.Errors[0].Location != field || strings.Contains(p.Detail, "试密") {
			t.Errorf("%s: %v", field, err)
		}
	}
	old := someCall("DH-1")
	old.ReportedAt = now.AddDate(-3, 0, 0)
	if _, _, err := s.Receive(accesstest.Person(t, access.Dispatcher), old, nil); !is(err, web.Invalid) {
		t.Errorf("of three years ago: %v", err)
	}
	if n := count(t, pool, `SELECT count(*) FROM hotline_ticket`); n != 0 {
		t.Errorf("%d bad tickets are stored", n)
	}
}

func TestNothingOfTheCallerIsLeftAnywhere(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(func() { slog.SetDefault(before) })
	s, pool := setup(t)
	ctx := accesstest.Person(t, access.Dispatcher)
	mustReceive(t, s, ctx, someCall("DH-1"), "1")
	mustReceive(t, s, ctx, someCall("DH-1"), "2")
	mustReceive(t, s, ctx, someCall("DH-2"), "1")
	if _, err := s.Place(ctx, "DH-2", inFirstTown); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Unseal(ctx, "DH-1", "请欧阳试密 13987651234 说明地址"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Dismiss(ctx, "DH-1", "欧阳试密 13987651234 要求撤销"); err != nil {
		t.Fatal(err)
	}
	all := log.String()
	for _, table := range []string{"hotline_ticket", "hotline_call", "incident", "event", "audit", "incident_reporter", "incident_source"} {
		var rows *string
		if err := pool.QueryRow(t.Context(), `SELECT string_agg(r::text, E'\n') FROM `+table+` r`).Scan(&rows); err != nil {
			t.Fatal(err)
		}
		all += *rows + "\n"
	}
	for _, secret := range []string{"试密", "13987651234", "139-8765-1234", "501室"} {
		if strings.Contains(all, secret) {
			t.Errorf("%s stands in a table", secret)
		}
	}
	if got := fmt.Sprintf("%v %+v %#v", Words{Caller: someone}, Words{Caller: someone}, Words{Caller: someone}); strings.Contains(got, "试密") {
		t.Error("words print what they hold")
	}
}

func TestRetention(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	ctx := accesstest.Person(t, access.Dispatcher)
	for _, number := range []string{"old", "new", "waiting"} {
		mustReceive(t, s, ctx, someCall(number), "1")
		if number != "waiting" {
			if _, err := s.Dismiss(ctx, number, "不属于本市管辖"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := pool.Exec(t.Context(), `UPDATE hotline_ticket SET settled_at = settled_at - interval '25 months', received_at = received_at - interval '25 months' WHERE number = 'old'`); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), `UPDATE hotline_ticket SET received_at = received_at - interval '25 months' WHERE number = 'waiting'`); err != nil {
		t.Fatal(err)
	}
	operator := accesstest.Operator(t)
	r, err := s.Retention(operator, 2)
	if err != nil || !slices.Equal(r.Due, []Kept{{2024, 1}}) || !slices.Equal(r.Waiting, []Kept{{2024, 1}}) {
		t.Errorf("%+v, %v", r, err)
	}
	if n := count(t, pool, `SELECT count(*) FROM hotline_ticket WHERE sealed IS NOT NULL`); n != 3 {
		t.Errorf("%d callers are left after looking", n)
	}
	if n, err := s.Delete(operator, 2); err != nil || n != 1 {
		t.Errorf("deleted %d, %v", n, err)
	}
	if n := count(t, pool, `SELECT count(*) FROM hotline_ticket WHERE sealed IS NOT NULL AND number <> 'old'`); n != 2 {
		t.Errorf("%d callers are left", n)
	}
	if _, err := s.Delete(ctx, 2); !is(err, web.Forbidden) {
		t.Errorf("deleted by a dispatcher: %v", err)
	}
}
