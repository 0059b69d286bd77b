package scene

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/db/dbtest"
	"jingwei/server/web"
)

var now = time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)

const config = `{"view":{"lon":119.8,"lat":31.3,"zoom":10},"layer":"heat","level":"grid","period":"today",
	"filter":{"items":[],"channels":["resident"],"statuses":[],"areas":["320282"],"hours":[0,23],"weekdays":[1,7]},"panels":["today","stream"],"later":{"a":[1]}}`

// setup gives a service and somebody of a town who may manage scenes.
func setup(t *testing.T) (*Service, *pgxpool.Pool, context.Context) {
	t.Helper()
	pool := dbtest.Open(t)
	return NewService(pool, func() time.Time { return now }), pool, accesstest.Person(t, access.Dispatcher, access.Area{Code: "320282001", Level: "town"})
}

func draft(name string) Draft {
	return Draft{Name: name, Seconds: 60, InRotation: true, Config: json.RawMessage(config)}
}

func wantCode(t *testing.T, err error, code web.Code) {
	t.Helper()
	if p, ok := web.AsProblem(err); !ok || p.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

// names are those of the scenes in their order, whose positions must have no gaps.
func names(t *testing.T, s *Service) (names []string) {
	t.Helper()
	scenes, err := s.List(accesstest.Person(t, access.Viewer))
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range scenes {
		if v.Position != i {
			t.Errorf("%s is at %d, want %d", v.Name, v.Position, i)
		}
		names = append(names, v.Name)
	}
	return names
}

func create(ctx context.Context, t *testing.T, s *Service, name string, position *int) *Scene {
	t.Helper()
	made, err := s.Create(ctx, draft(name), position)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestScenesKeepTheirOrder(t *testing.T) {
	t.Parallel()
	s, pool, ctx := setup(t)
	a, b := create(ctx, t, s, "甲", nil), create(ctx, t, s, "乙", nil)
	first, far := 0, 99
	c, d := create(ctx, t, s, "丙", &first), create(ctx, t, s, "丁", &far)
	if got := names(t, s); !slices.Equal(got, []string{"丙", "甲", "乙", "丁"}) {
		t.Fatal(got)
	}
	arranged, err := s.Arrange(ctx, []uuid.UUID{d.ID, c.ID, b.ID, a.ID})
	if err != nil || len(arranged) != 4 || arranged[0].ID != d.ID {
		t.Fatal(arranged, err)
	}
	if err := s.Delete(ctx, c.ID, 1); err != nil {
		t.Fatal(err)
	}
	if got := names(t, s); !slices.Equal(got, []string{"丁", "乙", "甲"}) {
		t.Error(got)
	}
	for _, order := range [][]uuid.UUID{nil, {a.ID, b.ID}, {a.ID, b.ID, b.ID}, {a.ID, b.ID, c.ID}, {a.ID, b.ID, d.ID, c.ID}} {
		_, err := s.Arrange(ctx, order)
		wantCode(t, err, web.Conflict)
	}
	if got := names(t, s); !slices.Equal(got, []string{"丁", "乙", "甲"}) {
		t.Error(got)
	}
	var events, entries int
	if err := pool.QueryRow(ctx, `SELECT (SELECT count(*) FROM event WHERE kind = 'scene.changed'), (SELECT count(*) FROM audit WHERE action LIKE 'scene.%')`).Scan(&events, &entries); err != nil {
		t.Fatal(err)
	}
	if events != 6 || entries != 6 { // what was refused left none
		t.Errorf("%d events and %d entries of the audit log for 6 changes", events, entries)
	}
}

func TestAChangeNamesItsVersion(t *testing.T) {
	t.Parallel()
	s, _, ctx := setup(t)
	made := create(ctx, t, s, " 早班 ", nil)
	if made.Name != "早班" || made.Version != 1 || made.UpdatedBy != "dispatcher" || !made.UpdatedAt.Equal(now) {
		t.Errorf("%+v", made)
	}
	d := draft("晚班")
	d.NameEN, d.InRotation = "Night", false
	changed, err := s.Change(ctx, made.ID, 1, d)
	if err != nil || changed.Version != 2 {
		t.Fatal(changed, err)
	}
	found, err := s.Find(accesstest.Person(t, access.Viewer), made.ID)
	if err != nil || found.Name != "晚班" || found.NameEN != "Night" || found.InRotation || found.Version != 2 || !strings.Contains(string(found.Config), `"later"`) {
		t.Errorf("%+v, %v", found, err)
	}
	_, err = s.Change(ctx, made.ID, 1, draft("x"))
	wantCode(t, err, web.Stale)
	wantCode(t, s.Delete(ctx, made.ID, 1), web.Stale)
	_, err = s.Change(ctx, uuid.New(), 1, draft("x"))
	wantCode(t, err, web.NotFound)
	wantCode(t, s.Delete(ctx, uuid.New(), 1), web.NotFound)
	_, err = s.Find(ctx, uuid.New())
	wantCode(t, err, web.NotFound)
}

func TestScenesAreBounded(t *testing.T) {
	t.Parallel()
	s, pool, ctx := setup(t)
	with := func(change func(*Draft)) Draft {
		d := draft("名")
		change(&d)
		return d
	}
	configured := func(config string) Draft { return with(func(d *Draft) { d.Config = json.RawMessage(config) }) }
	for _, d := range []Draft{
		with(func(d *Draft) { d.Name = "  " }),
		with(func(d *Draft) { d.Name = strings.Repeat("字", maxName+1) }),
		with(func(d *Draft) { d.Name = "a\nb" }),
		with(func(d *Draft) { d.Name = "<b>x</b>" }),
		with(func(d *Draft) { d.NameEN = strings.Repeat("n", maxName+1) }),
		with(func(d *Draft) { d.NameEN = "a\x00b" }),
		with(func(d *Draft) { d.Seconds = 9 }),
		with(func(d *Draft) { d.Seconds = 3601 }),
		configured(``), configured(`null`), configured(`[]`), configured(`"x"`), configured(`{} {}`), configured(`{`),
		configured(`{"a":"` + strings.Repeat("x", maxConfig) + `"}`),
		configured(`{"a":` + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth) + `}`),
		configured(`{"a":"<script>"}`), configured(`{"a>":1}`), configured(`{"a":"\u003cimg"}`),
		configured(`{"a":"` + strings.Repeat("x", maxText+1) + `"}`), configured(`{"a":"\u0000"}`),
		configured(`{"view":{"lon":200,"lat":0,"zoom":3}}`), configured(`{"view":3}`), configured(`{"layer":3}`), configured(`{"panels":[1]}`),
		configured(`{"panels":["` + strings.Repeat(`a","`, maxPanels) + `a"]}`),
		configured(`{"filter":{"hours":[24]}}`), configured(`{"filter":{"hours":[-1]}}`), configured(`{"filter":{"weekdays":[8]}}`), configured(`{"filter":{"items":"x"}}`),
	} {
		_, err := s.Create(ctx, d, nil)
		wantCode(t, err, web.Invalid)
	}
	if got := names(t, s); len(got) != 0 {
		t.Fatal(got)
	}
	for _, d := range []Draft{
		with(func(d *Draft) { d.Name = strings.Repeat("字", maxName) }), with(func(d *Draft) { d.Seconds = 10 }), with(func(d *Draft) { d.Seconds = 3600 }),
		configured(`{}`), configured(`{"view":null}`), configured(`{"a":"` + strings.Repeat("字", maxText) + `"}`),
	} {
		if _, err := s.Create(ctx, d, nil); err != nil {
			t.Errorf("%+v: %v", d, err)
		}
	}
	there := len(names(t, s))
	if _, err := pool.Exec(ctx, `INSERT INTO scene SELECT gen_random_uuid(), 'n', '', 60, true, n, '{}', now(), '' FROM generate_series($1::int, 99) n`, there); err != nil {
		t.Fatal(err)
	}
	_, err := s.Create(ctx, draft("多"), nil)
	wantCode(t, err, web.Conflict)
}

func TestScenesAreForWhoSeesIncidents(t *testing.T) {
	t.Parallel()
	s, _, ctx := setup(t)
	made := create(ctx, t, s, "名", nil)
	for _, c := range []struct {
		who           context.Context
		reads, writes bool
	}{
		{t.Context(), false, false},
		{accesstest.Person(t, access.Viewer, access.Area{Code: "c", Level: "county"}), true, false},
		{accesstest.Person(t, access.Worker), true, false},
		{accesstest.Person(t, access.Handler), true, false},
		{accesstest.Person(t, access.Planner), true, false},
		{accesstest.Person(t, access.SystemAdmin), false, false},
		{accesstest.Person(t, access.SecurityAdmin), false, false},
		{accesstest.Person(t, access.Auditor), false, false},
		{accesstest.Person(t, access.Dispatcher), true, true},
	} {
		_, listed := s.List(c.who)
		_, found := s.Find(c.who, made.ID)
		if (listed == nil) != c.reads || (found == nil) != c.reads {
			t.Errorf("%v reads: %v, %v", access.From(c.who).Grants(), listed, found)
		}
		other, created := s.Create(c.who, draft("又"), nil)
		_, changed := s.Change(c.who, made.ID, made.Version, draft("改"))
		_, arranged := s.Arrange(c.who, []uuid.UUID{made.ID})
		if c.writes {
			made.Version++
			wantCode(t, arranged, web.Conflict) // it does not name other
			if err := s.Delete(c.who, other.ID, 1); err != nil {
				t.Error(err)
			}
			arranged = nil
		}
		deleted := s.Delete(c.who, made.ID, made.Version)
		for what, err := range map[string]error{"create": created, "change": changed, "arrange": arranged, "delete": deleted} {
			if (err == nil) != c.writes {
				t.Errorf("%v, %s: %v", access.From(c.who).Grants(), what, err)
			}
		}
	}
}

// However many make, delete and arrange scenes at once, the order has no gaps.
func TestScenesChangedAtOnce(t *testing.T) {
	t.Parallel()
	s, _, ctx := setup(t)
	failures := make(chan error, 8)
	for w := range 8 {
		go func() {
			first := 0
			for n := range 5 {
				made, err := s.Create(ctx, draft(fmt.Sprintf("%d-%d", w, n)), &first)
				if err == nil && n%2 == 0 {
					err = s.Delete(ctx, made.ID, 1)
				}
				if err != nil {
					failures <- err
					return
				}
			}
			failures <- nil
		}()
	}
	for range 8 {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
	if got := names(t, s); len(got) != 16 {
		t.Errorf("%d scenes: %v", len(got), got)
	}
}
