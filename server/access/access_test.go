package access_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"jingwei/server/access"
	"jingwei/server/web"
)

// What each role may do, written out by hand beside the policy. Everybody may also do what the public may.
var policy = map[access.Role]string{
	access.Public:        "area.read event.follow incident.report item.read snap.one station.read",
	access.Viewer:        "area.figures area.history incident.read snap.batch",
	access.Worker:        "area.figures area.history incident.intake incident.read snap.batch",
	access.Handler:       "area.figures area.history incident.export incident.read reporter.unseal snap.batch",
	access.Dispatcher:    "area.figures area.history incident.export incident.intake incident.read incident.triage reporter.unseal scene.manage snap.batch",
	access.Planner:       "area.figures area.history incident.export incident.read snap.batch",
	access.SystemAdmin:   "data.archive data.import retention.manage system.metrics",
	access.SecurityAdmin: "account.manage",
	access.Auditor:       "audit.read",
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	known := map[access.Action]bool{}
	for role, list := range policy {
		want := strings.Fields(list)
		for _, action := range want {
			known[access.Action(action)] = true
		}
		if role != access.Public {
			want = append(want, strings.Fields(policy[access.Public])...)
		}
		for _, action := range access.Actions() {
			if got := role.Allows(action); got != slices.Contains(want, string(action)) {
				t.Errorf("%s may %s: %v", role, action, got)
			}
		}
	}
	for _, action := range access.Actions() {
		if !known[action] {
			t.Errorf("say by hand who may %s", action)
		}
	}
}

func person(grants ...access.Grant) *access.Actor {
	return access.Person(uuid.New(), uuid.New(), "a", grants)
}

func TestWithin(t *testing.T) {
	t.Parallel()
	var (
		county  = []string{"c1"}
		town    = []string{"c1", "t1"}
		grid    = []string{"c1", "t1", "m1", "g1"}
		beside  = []string{"c1", "t2"}
		other   = []string{"c2"}
		nowhere []string
	)
	viewer := func(areas ...string) []access.Grant {
		var grants []access.Grant
		for _, a := range areas {
			grants = append(grants, access.Grant{Role: access.Viewer, Area: a})
		}
		return grants
	}
	token := func(grants []access.Grant, scopes ...access.Action) *access.Actor {
		return access.Machine(uuid.New(), uuid.New(), "m", grants, scopes)
	}
	for _, c := range []struct {
		name   string
		actor  *access.Actor
		action access.Action
		yes    [][]string
		no     [][]string
	}{
		{"nobody, what is public", access.Nobody, access.SnapOne, [][]string{county, grid, nowhere}, nil},
		{"nobody, what is not", access.Nobody, access.IncidentRead, nil, [][]string{county, grid, nowhere}},
		{"no role", person(), access.IncidentRead, nil, [][]string{county, nowhere}},
		{"on a town", person(viewer("t1")...), access.IncidentRead, [][]string{town, grid}, [][]string{county, beside, other, nowhere}},
		{"on two areas", person(viewer("t1", "c2")...), access.IncidentRead, [][]string{town, grid, other}, [][]string{county, beside, nowhere}},
		{"on a county", person(viewer("c1")...), access.IncidentRead, [][]string{county, town, grid, beside}, [][]string{other, nowhere}},
		{"on everything", person(viewer("")...), access.IncidentRead, [][]string{county, other, nowhere}, nil},
		{"on everything and a town", person(viewer("t1", "")...), access.IncidentRead, [][]string{other, nowhere}, nil},
		{"another role's action", person(viewer("")...), access.IncidentIntake, nil, [][]string{county, nowhere}},
		{
			"each role where it is", person(append(viewer("c1"), access.Grant{Role: access.Worker, Area: "t1"})...), access.IncidentIntake,
			[][]string{town, grid}, [][]string{county, beside},
		},
		{"a scope narrows", token(viewer(""), access.SnapBatch), access.IncidentRead, nil, [][]string{county, nowhere}},
		{"a scope lets through", token(viewer("t1"), access.IncidentRead), access.IncidentRead, [][]string{grid}, [][]string{beside, nowhere}},
		{"a scope does not widen", token(viewer("t1"), access.Actions()...), access.AccountManage, nil, [][]string{town, nowhere}},
		{"no scope", token(viewer("")), access.IncidentRead, nil, [][]string{town, nowhere}},
		{"no scope, what is public", token(viewer("")), access.AreaRead, [][]string{town, nowhere}, nil},
		{"password outdated", access.Outdated(uuid.New(), uuid.New(), "a"), access.IncidentRead, nil, [][]string{town, nowhere}},
		{"the command line", access.Operator("root"), access.DataImport, [][]string{town, nowhere}, nil},
		{"the server", access.Server(), access.IncidentRead, [][]string{town, nowhere}, nil},
		{"an administrator", person(access.Grant{Role: access.SecurityAdmin}), access.AccountManage, [][]string{nowhere, town}, nil},
		{"an unknown action", person(viewer("")...), "whistle.blow", nil, [][]string{town, nowhere}},
	} {
		for want, chains := range map[bool][][]string{true: c.yes, false: c.no} {
			for _, chain := range chains {
				if got := access.Can(c.actor, c.action, chain); got != want {
					t.Errorf("%s: %s at %v is %v", c.name, c.action, chain, got)
				}
				err := access.Ask(access.With(t.Context(), c.actor), c.action, chain)
				if (err == nil) != want {
					t.Errorf("%s: asked for %s at %v: %v", c.name, c.action, chain, err)
				}
			}
		}
	}
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ctx  context.Context
		code web.Code
	}{
		{t.Context(), web.LoginRequired},
		{access.With(t.Context(), access.Nobody), web.LoginRequired},
		{access.With(t.Context(), person()), web.Forbidden},
		{access.With(t.Context(), access.Outdated(uuid.New(), uuid.New(), "a")), web.PasswordExpired},
	} {
		_, err := access.AskScope(c.ctx, access.IncidentRead)
		if p, ok := web.AsProblem(err); !ok || p.Code != c.code {
			t.Errorf("%v, want %s", err, c.code)
		}
	}
}

// What is public is asked for at every point that is snapped and every tile, so it must cost nothing.
func TestPublicAllocatesNothing(t *testing.T) {
	ctx := access.With(t.Context(), access.Nobody)
	chain := []string{"c1", "t1"}
	allocations := testing.AllocsPerRun(100, func() {
		if access.Ask(ctx, access.SnapOne, chain) != nil || access.Within(access.From(ctx), access.AreaFigures).Holds(chain) {
			t.Error("wrong")
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}
