package hotline

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/incident"
	"jingwei/server/web"
)

// A report of the hotline's channel that somebody else gave the ticket's number is not the ticket's incident.
func TestNumberOfAnothersReportIsNotTheTickets(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	ctx := accesstest.Person(t, access.Dispatcher)
	for number, place := range map[string]func(number string) Ticket{
		"DH-1": func(number string) Ticket {
			c := someCall(number)
			c.Place = &inFirstTown
			return mustReceive(t, s, ctx, c, "1")
		},
		"DH-2": func(number string) Ticket {
			mustReceive(t, s, ctx, someCall(number), "1")
			ticket, err := s.Place(ctx, number, inFirstTown)
			if err != nil {
				t.Fatal(err)
			}
			return ticket
		},
	} {
		other, _, _, err := s.incidents.Create(ctx, incident.Report{
			Channel: incident.Hotline12345, Item: "noise", Title: "楼上装修", Place: inSecondTown, Number: number,
		}, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		ticket := place(number)
		if ticket.State != IsIncident || *ticket.Incident == other.ID {
			t.Fatalf("%s: %+v, another's is %s", number, ticket, other.ID)
		}
		i, err := s.incidents.Find(ctx, *ticket.Incident)
		if err != nil || i.Title != "欧阳**反映堵塞" || i.Place != inFirstTown {
			t.Errorf("%s: %+v, %v", number, i, err)
		}
		if full, err := s.incidents.Unseal(ctx, i.ID, "回访来电人"); err != nil || full.Phone != someone.Phone {
			t.Errorf("%s: the caller is lost, or %v", number, err)
		}
		if found, _, err := s.incidents.List(ctx, incident.Question{Text: number}, 10); err != nil || len(found) != 2 {
			t.Errorf("%s finds %d incidents, %v", number, len(found), err)
		}
		// And a later report with the number is no ticket's.
		again, _, created, err := s.incidents.Create(ctx, incident.Report{Channel: incident.Hotline12345, Item: "noise", Title: "楼上装修", Place: inSecondTown, Number: number}, "", nil)
		if err != nil || created || again.ID != other.ID {
			t.Errorf("%s: the other's repeat is %s, %v, %v", number, again.ID, created, err)
		}
	}
	if n := count(t, pool, `SELECT count(*) FROM incident_reporter`); n != 2 {
		t.Errorf("%d callers are kept, want 2", n)
	}
}

// What a later call says and who called stays, whether the ticket waits or is an incident.
func TestEveryCallIsKept(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	ctx := accesstest.Person(t, access.Dispatcher)
	bare := someCall("DH-1")
	bare.Caller = incident.Private{Home: "宜城街道西山小区1幢102室"}
	mustReceive(t, s, ctx, bare, "1")
	later := someCall("DH-1")
	later.Title, later.Content, later.Demand = "欧阳试密催办", "又停了一排，电话13987651234", Help
	mustReceive(t, s, ctx, later, "2")
	mustReceive(t, s, ctx, later, "2")
	ticket, caller, err := s.Find(ctx, "DH-1")
	if err != nil || ticket.Title != "欧阳**反映堵塞" || caller.Name != "欧阳**" || caller.Phone != "139****1234" || !strings.HasPrefix(caller.Home, "宜城街道西山小区") {
		t.Errorf("the ticket takes what it lacks: %+v, %+v %+v, %v", ticket, caller.Name, caller.Home, err)
	}
	if _, err := s.Place(ctx, "DH-1", inFirstTown); err != nil {
		t.Fatal(err)
	}
	last := someCall("DH-1")
	last.Caller = incident.Private{Name: "司马丙丁", Phone: "13700002222"}
	last.Content, last.Place = "司马丙丁说消防通道也堵了", &inSecondTown
	mustReceive(t, s, ctx, last, "3")
	ticket, _, err = s.Find(ctx, "DH-1")
	if err != nil || ticket.Repeats != 2 {
		t.Fatalf("%+v, %v", ticket, err)
	}
	calls, callers, err := s.Calls(ctx, ticket)
	if err != nil || len(calls) != 2 {
		t.Fatalf("%d calls, %v", len(calls), err)
	}
	if calls[0].Title != "欧阳**催办" || calls[0].Content != "又停了一排，电话139****1234" || calls[0].Demand != Help || callers[0].Phone != "139****1234" {
		t.Errorf("%+v", calls[0])
	}
	if lon, lat := inSecondTown.Degrees(); calls[1].Content != "司马**说消防通道也堵了" || callers[1].Phone != "137****2222" || *calls[1].Lon != lon || *calls[1].Lat != lat {
		t.Errorf("%+v", calls[1])
	}
	first, said, err := s.Unseal(ctx, "DH-1", "请司马丙丁说明")
	if err != nil || first != (Words{}) || len(said) != 2 || said[0].Caller != someone || said[0].Content != later.Content || said[1].Caller != last.Caller || said[1].Content != last.Content {
		t.Errorf("unsealed something else, or %v", err)
	}
	if got := unsealings(t, pool); got != "dispatcher ticket/DH-1 done 请司马**说明" {
		t.Errorf("the log says:\n%s", got)
	}
	exactlyOnce(t, pool, 1)
	if _, _, err := s.Calls(accesstest.Person(t, access.Viewer), ticket); !is(err, web.Forbidden) {
		t.Errorf("seen by a viewer: %v", err)
	}
}

// An incident leads to the ticket that it was made of, and by that to the later calls, for who dispatches where it lies now.
func TestTicketOfAnIncident(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	all := accesstest.Person(t, access.Dispatcher)
	placed := someCall("DH-1")
	placed.Place = &inFirstTown
	ticket := mustReceive(t, s, all, placed, "1")
	again := someCall("DH-1")
	again.Caller = incident.Private{Name: "司马丙丁", Phone: "13700002222"}
	mustReceive(t, s, all, again, "2")
	other, _, _, err := s.incidents.Create(all, incident.Report{Channel: incident.Hotline12345, Item: "noise", Title: "楼上装修", Place: inFirstTown, Number: "DH-1"}, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	mustReceive(t, s, all, again, "2") // the same request once more is no call
	mustReceive(t, s, all, someCall("DH-2"), "1")
	mustReceive(t, s, all, someCall("DH-2"), "2")
	second := access.Area{Code: "320282002", Level: "town"}
	inFirst, inSecond := accesstest.Person(t, access.Dispatcher, firstTown), accesstest.Person(t, access.Dispatcher, second)
	found, err := s.Of(inFirst, *ticket.Incident)
	if err != nil || len(found) != 1 || found[0].Number != "DH-1" || found[0].Repeats != 1 {
		t.Errorf("%+v, %v", found, err)
	}
	if n := count(t, pool, `SELECT count(*) FROM event WHERE kind = 'incident.called' AND data = jsonb_build_object('id', '`+ticket.Incident.String()+`') AND areas[2] = '320282001'`); n != 1 {
		t.Errorf("%d events of one later call about an incident", n)
	}
	if found, err := s.Of(inFirst, other.ID); err != nil || len(found) != 0 {
		t.Errorf("of another's report with the number: %+v, %v", found, err)
	}
	const reason = "请来电人说明地址"
	if _, said, err := s.Unseal(inFirst, "DH-1", reason); err != nil || len(said) != 1 || said[0].Caller != again.Caller {
		t.Errorf("unsealed something else, or %v", err)
	}
	for name, try := range map[string]struct {
		ctx  context.Context
		id   uuid.UUID
		want web.Code
	}{
		"viewer":  {accesstest.Person(t, access.Viewer), *ticket.Incident, web.Forbidden},
		"handler": {accesstest.Person(t, access.Handler, firstTown), *ticket.Incident, web.Forbidden},
		"beside":  {inSecond, *ticket.Incident, web.NotFound},
		"sees it, dispatches elsewhere": {
			access.With(t.Context(), access.Person(uuid.New(), uuid.New(), "two", []access.Grant{
				{Role: access.Dispatcher, Area: second.Code, Level: second.Level}, {Role: access.Viewer, Area: firstTown.Code, Level: firstTown.Level},
			})), *ticket.Incident, web.Forbidden,
		},
		"unknown": {all, uuid.New(), web.NotFound},
	} {
		if found, err := s.Of(try.ctx, try.id); !is(err, try.want) || len(found) != 0 {
			t.Errorf("%s: %+v, %v, want %s", name, found, err, try.want)
		}
	}
	// It moves with the pin.
	if _, err := s.incidents.Move(all, *ticket.Incident, inSecondTown, "在路口对面", ""); err != nil {
		t.Fatal(err)
	}
	if found, err := s.Of(inSecond, *ticket.Incident); err != nil || len(found) != 1 {
		t.Errorf("moved: %+v, %v", found, err)
	}
	if found, err := s.Of(inFirst, *ticket.Incident); !is(err, web.NotFound) {
		t.Errorf("moved away: %+v, %v", found, err)
	}
	if _, _, err := s.Unseal(inFirst, "DH-1", reason); !is(err, web.NotFound) {
		t.Errorf("unsealed where it lay before: %v", err)
	}
	if _, said, err := s.Unseal(inSecond, "DH-1", reason); err != nil || len(said) != 1 {
		t.Errorf("unsealed where it lies: %v", err)
	}
	if n := count(t, pool, `SELECT count(*) FROM audit WHERE action = 'reporter.unseal' AND areas[2] = '320282001'`); n != 1 {
		t.Errorf("%d rows of the log are the first town's", n)
	}
	if n := count(t, pool, `SELECT count(*) FROM audit WHERE action = 'reporter.unseal' AND areas[2] = '320282002'`); n != 1 {
		t.Errorf("%d rows of the log are the second town's", n)
	}
}

// A source that begins to count again is told; the same words are the same ticket's for good.
func TestNumberReused(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	ctx := accesstest.Person(t, access.Dispatcher)
	mustReceive(t, s, ctx, someCall("DH-1"), "1")
	other := someCall("DH-1")
	other.Content = "路灯不亮"
	at := now
	s.now = func() time.Time { return at }
	at = now.Add(incident.RenumberedAfter + time.Second)
	if _, _, err := s.Receive(ctx, other, []byte("2")); !is(err, web.NumberReused) {
		t.Errorf("other words a day later: %v", err)
	}
	if n := count(t, pool, `SELECT (SELECT count(*) FROM hotline_call) + sum(repeats) FROM hotline_ticket`); n != 0 {
		t.Error("it was kept")
	}
	if ticket := mustReceive(t, s, ctx, someCall("DH-1"), "3"); ticket.Repeats != 1 {
		t.Errorf("%+v", ticket)
	}
	at = at.Add(incident.RenumberedAfter)
	if ticket := mustReceive(t, s, ctx, other, "4"); ticket.Repeats != 2 {
		t.Errorf("other words within a day of the last call: %+v", ticket)
	}
	at = at.Add(3 * incident.RenumberedAfter)
	other.Content, other.Repeat = "路灯还是不亮", true
	if ticket := mustReceive(t, s, ctx, other, "5"); ticket.Repeats != 3 {
		t.Errorf("a reminder after days: %+v", ticket)
	}
}

// The callers of later calls are deleted when the ticket's, or its incident's, time is over.
func TestRetentionOfLaterCalls(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	ctx := accesstest.Person(t, access.Dispatcher)
	for _, number := range []string{"dismissed", "closed", "open", "waiting"} {
		mustReceive(t, s, ctx, someCall(number), "1")
		mustReceive(t, s, ctx, someCall(number), "2")
	}
	if _, err := s.Dismiss(ctx, "dismissed", "不属于本市管辖"); err != nil {
		t.Fatal(err)
	}
	for _, number := range []string{"closed", "open"} {
		if _, err := s.Place(ctx, number, inFirstTown); err != nil {
			t.Fatal(err)
		}
	}
	for _, sql := range []string{
		`UPDATE hotline_ticket SET received_at = received_at - interval '25 months', settled_at = settled_at - interval '25 months'`,
		`UPDATE incident i SET status = 'closed', reported_at = i.reported_at, closed_at = i.reported_at - interval '25 months' FROM hotline_ticket t WHERE t.incident = i.id AND t.number = 'closed'`,
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	operator := accesstest.Operator(t)
	if r, err := s.Retention(operator, 2); err != nil || !slices.Equal(r.Due, []Kept{{2024, 3}}) || !slices.Equal(r.Waiting, []Kept{{2024, 2}}) {
		t.Errorf("%+v, %v", r, err)
	}
	if n, err := s.Delete(operator, 2); err != nil || n != 3 {
		t.Errorf("deleted %d, %v", n, err)
	}
	if n := count(t, pool, `SELECT count(*) FROM hotline_call c JOIN hotline_ticket t ON t.id = c.ticket WHERE c.sealed IS NOT NULL AND t.number IN ('open', 'waiting')`); n != 2 {
		t.Errorf("%d callers are left", n)
	}
	if n := count(t, pool, `SELECT count(*) FROM hotline_call WHERE sealed IS NOT NULL`); n != 2 {
		t.Errorf("%d callers are left", n)
	}
}
