package hotline

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/db/dbtest"
	"jingwei/server/incident"
	"jingwei/server/seal"
	"jingwei/server/web"
)

// unsealings is what the log says of those who asked for callers: login, object, outcome and reason.
func unsealings(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	rows, err := pool.Query(t.Context(), `SELECT concat_ws(' ', login, object, outcome, reason, before::text, after::text) FROM audit WHERE action = 'reporter.unseal' ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func TestCallerIsUnsealed(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	all := accesstest.Person(t, access.Dispatcher)
	call := someCall("DH-1")
	mustReceive(t, s, all, call, "1")
	want := Words{Caller: someone, Address: call.Address, Title: call.Title, Content: call.Content}
	// Whoever dispatches in one town may have to place it, and to call.
	got, _, err := s.Unseal(accesstest.Person(t, access.Dispatcher, firstTown), "DH-1", " 请欧阳 试密（13987651234）  说明地址 ")
	if err != nil || got != want {
		t.Errorf("something else, or %v", err)
	}
	if _, err := s.Dismiss(all, "DH-1", "不属于本市管辖"); err != nil {
		t.Fatal(err)
	}
	if got, _, err := s.Unseal(all, "DH-1", "回访来电人"); err != nil || got != want {
		t.Errorf("of a dismissed one: something else, or %v", err)
	}
	if got := unsealings(t, pool); got != "dispatcher ticket/DH-1 done 请欧阳**（139****1234） 说明地址\ndispatcher ticket/DH-1 done 回访来电人" {
		t.Errorf("the log says:\n%s", got)
	}
}

func TestUnsealingCallersIsRefused(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	all := accesstest.Person(t, access.Dispatcher)
	mustReceive(t, s, all, someCall("DH-1"), "1")
	bare := someCall("DH-2")
	bare.Caller, bare.Address, bare.Title, bare.Content = incident.Private{}, "东风小区", "路灯不亮", ""
	mustReceive(t, s, all, bare, "1")
	placed := someCall("DH-3")
	placed.Place = &inFirstTown
	mustReceive(t, s, all, placed, "1")
	scoped := func(scopes ...access.Action) context.Context {
		return access.With(t.Context(), access.Machine(uuid.New(), uuid.New(), "scoped", []access.Grant{{Role: access.Dispatcher}}, scopes))
	}
	const reason = "请来电人说明地址"
	for name, try := range map[string]struct {
		ctx            context.Context
		number, reason string
		want           web.Code
	}{
		"public":         {t.Context(), "DH-1", reason, web.LoginRequired},
		"viewer":         {accesstest.Person(t, access.Viewer), "DH-1", reason, web.Forbidden},
		"handler":        {accesstest.Person(t, access.Handler), "DH-1", reason, web.Forbidden},
		"auditor":        {accesstest.Person(t, access.Auditor), "DH-1", reason, web.Forbidden},
		"only placing":   {scoped(access.IncidentTriage), "DH-1", reason, web.Forbidden},
		"only unsealing": {scoped(access.ReporterUnseal), "DH-1", reason, web.Forbidden},
		"no reason":      {all, "DH-1", "", web.Invalid},
		"a short reason": {all, "DH-1", "  来 电 ", web.Invalid},
		"a long reason":  {all, "DH-1", strings.Repeat("试密", 251), web.Invalid},
		"reordered":      {all, "DH-1", "请来电人\u202e说明地址", web.Invalid},
		"unknown":        {all, "DH-9", reason, web.NotFound},
		"nobody named":   {all, "DH-2", reason, web.NotFound},
		"an incident":    {all, "DH-3", reason, web.Conflict},
		"another's":      {accesstest.Person(t, access.Dispatcher, access.Area{Code: "320282002", Level: "town"}), "DH-3", reason, web.NotFound},
	} {
		if w, _, err := s.Unseal(try.ctx, try.number, try.reason); !is(err, try.want) || w != (Words{}) {
			t.Errorf("%s: %v, want %s", name, err, try.want)
		}
	}
	if got := unsealings(t, pool); strings.TrimSpace(got) != "scoped ticket/DH-1 refused" {
		t.Errorf("the log says:\n%s", got)
	}
	// What cannot be opened is told as such, and is no row.
	var err error
	if s.keys, err = seal.Create(filepath.Join(t.TempDir(), "keys.json"), now); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Unseal(all, "DH-1", reason); !is(err, web.Conflict) || strings.Contains(unsealings(t, pool), "done") {
		t.Errorf("without the key: %v", err)
	}
}

// Whoever sees a ticket is told whether there is something to unseal, in it or in one of its later calls.
func TestSealing(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	all := accesstest.Person(t, access.Dispatcher)
	bare := func(number string) Call {
		c := someCall(number)
		c.Caller, c.Address, c.Title, c.Content = incident.Private{}, "东风小区", "路灯不亮", ""
		return c
	}
	sealing := func(number string) incident.Sealing {
		ticket, _, err := s.Find(all, number)
		if err != nil {
			t.Fatal(err)
		}
		calls, _, err := s.Calls(all, ticket)
		if err != nil {
			t.Fatal(err)
		}
		state, err := s.Sealing(ticket, calls)
		if err != nil {
			t.Fatal(err)
		}
		return state
	}
	mustReceive(t, s, all, bare("bare"), "1")
	mustReceive(t, s, all, bare("bare"), "2")
	mustReceive(t, s, all, someCall("named"), "1")
	placed := bare("placed")
	placed.Place = &inFirstTown
	mustReceive(t, s, all, placed, "1")
	if got := sealing("placed"); got != incident.NothingSealed {
		t.Errorf("placed: %s", got)
	}
	mustReceive(t, s, all, someCall("placed"), "2") // the incident has no caller, the later call has
	for number, want := range map[string]incident.Sealing{"bare": incident.NothingSealed, "named": incident.Sealed, "placed": incident.Sealed} {
		if got := sealing(number); got != want {
			t.Errorf("%s: %s, want %s", number, got, want)
		}
	}
	var err error
	if s.keys, err = seal.Create(filepath.Join(t.TempDir(), "keys.json"), now); err != nil {
		t.Fatal(err)
	}
	for number, want := range map[string]incident.Sealing{"bare": incident.NothingSealed, "named": incident.Unavailable, "placed": incident.Unavailable} {
		if got := sealing(number); got != want {
			t.Errorf("%s without the key: %s, want %s", number, got, want)
		}
	}
}

// A row that cannot be written keeps the caller sealed.
func TestNothingIsUnsealedWithoutItsRow(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	all := accesstest.Person(t, access.Dispatcher)
	mustReceive(t, s, all, someCall("DH-1"), "1")
	if _, err := dbtest.Owner(t, pool).Exec(t.Context(), `ALTER TABLE audit RENAME TO away`); err != nil {
		t.Fatal(err)
	}
	if w, _, err := s.Unseal(all, "DH-1", "请来电人说明地址"); err == nil || w != (Words{}) {
		t.Error("it was given out")
	}
}
