package live

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/access"
	"jingwei/server/db"
)

// holder is somebody with a role on areas; without areas, on the whole installation.
func holder(role access.Role, areas ...string) *access.Actor {
	grants := []access.Grant{{Role: role}}
	if len(areas) > 0 {
		grants = nil
	}
	for _, a := range areas {
		grants = append(grants, access.Grant{Role: role, Area: a})
	}
	return access.Person(uuid.New(), uuid.New(), "a", grants)
}

// Who may see which of the events, written out by hand.
var visible = []struct {
	who   string
	actor *access.Actor
	sees  []string
}{
	{"nobody", access.Nobody, []string{"edition", "branch"}},
	{"viewer of the first town", holder(access.Viewer, "c1t1"), []string{"in town 1", "in its grid", "import", "edition", "branch"}},
	{"worker of a grid", holder(access.Worker, "c1t1g1"), []string{"in its grid", "import", "edition", "branch"}},
	{"viewer of two towns", holder(access.Viewer, "c1t1", "c2t1"), []string{"in town 1", "in its grid", "in the other county", "import", "edition", "branch"}},
	{"dispatcher of a county", holder(access.Dispatcher, "c1"), []string{"in town 1", "in its grid", "in town 2", "import", "edition", "branch"}},
	{"dispatcher of everything", holder(access.Dispatcher), []string{"in town 1", "in its grid", "in town 2", "in the other county", "nowhere", "import", "edition", "branch"}},
	{"security administrator", holder(access.SecurityAdmin), []string{"edition", "branch"}},
	{"auditor", holder(access.Auditor), []string{"edition", "branch"}},
	{"system administrator", holder(access.SystemAdmin), []string{"edition", "branch"}},
	{"token for snapping only", access.Machine(uuid.New(), uuid.New(), "m", []access.Grant{{Role: access.Dispatcher}}, []access.Action{access.SnapBatch}), []string{"edition", "branch"}},
	{"token of a viewer of town 2", access.Machine(uuid.New(), uuid.New(), "m", []access.Grant{{Role: access.Viewer, Area: "c1t2"}}, []access.Action{access.IncidentRead}), []string{"in town 2", "import", "edition", "branch"}},
}

// appendAll makes one event of each sort, each with its name as data.
func appendAll(t testing.TB, pool *pgxpool.Pool) {
	t.Helper()
	err := db.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		for _, e := range []struct {
			kind  string
			areas []string
			name  string
		}{
			{IncidentCreated, []string{"c1", "c1t1"}, "in town 1"},
			{IncidentCreated, []string{"c1", "c1t1", "c1t1m1", "c1t1g1"}, "in its grid"},
			{IncidentCreated, []string{"c1", "c1t2"}, "in town 2"},
			{IncidentCreated, []string{"c2", "c2t1"}, "in the other county"},
			{IncidentCreated, nil, "nowhere"},
			{IncidentImported, nil, "import"},
			{EditionPublished, []string{"c2"}, "edition"},
			{BranchChanged, nil, "branch"},
		} {
			if err := Append(t.Context(), tx, Entry{Kind: e.kind, Areas: e.areas, Data: e.name}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEverybodySeesTheirOwnEvents(t *testing.T) {
	t.Parallel()
	pool, hub := setup(t)
	subs := make([]*Subscription, len(visible))
	for i, v := range visible {
		subs[i] = hub.Subscribe(FilterOf(v.actor))
	}
	appendAll(t, pool)
	for i, v := range visible {
		var seen []string
		for len(seen) == 0 || seen[len(seen)-1] != "branch" { // the last one, which all see
			seen = append(seen, strings.Trim(string(receive(t, subs[i]).Data), `"`))
		}
		if !slices.Equal(seen, v.sees) {
			t.Errorf("%s sees %q, want %q", v.who, seen, v.sees)
		}
		replay, err := missed(t.Context(), pool, 0, 8, FilterOf(v.actor), 100)
		if err != nil {
			t.Fatal(err)
		}
		seen = nil
		for _, e := range replay {
			seen = append(seen, strings.Trim(string(e.Data), `"`))
		}
		if !slices.Equal(seen, v.sees) {
			t.Errorf("%s is replayed %q, want %q", v.who, seen, v.sees)
		}
	}
	// The limit of a replay counts what is shown, not what lies between.
	few, err := missed(t.Context(), pool, 0, 8, FilterOf(access.Nobody), 2)
	if err != nil || len(few) != 2 {
		t.Errorf("%d events replayed to nobody: %v", len(few), err)
	}
	// All have seen what they may, and know it.
	for i, v := range visible {
		if seq, more, err := subs[i].take(1, func(*entry) { t.Errorf("%s sees one more", v.who) }); err != nil || more || seq != 8 {
			t.Errorf("%s has reached %d, %v, %v", v.who, seq, more, err)
		}
	}
}

func TestAnUnknownKindIsRefused(t *testing.T) {
	t.Parallel()
	pool, _ := setup(t)
	err := db.InTx(t.Context(), pool, func(tx pgx.Tx) error { return Append(t.Context(), tx, Entry{Kind: "whistle.blown", Data: 1}) })
	if err == nil || !strings.Contains(err.Error(), "nobody is told of this kind") {
		t.Errorf("an event without an audience: %v", err)
	}
}

// BenchmarkHand hands an event to 2,000 readers of different rights, who take it.
func BenchmarkHand(b *testing.B) {
	for _, c := range []struct {
		name  string
		actor func(i int) *access.Actor
	}{
		{"everybody sees it", func(int) *access.Actor { return holder(access.Dispatcher) }},
		{"one in twenty sees it", func(i int) *access.Actor { return holder(access.Viewer, fmt.Sprintf("320282%03d", i%20)) }},
		{"the public does not", func(int) *access.Actor { return access.Nobody }},
	} {
		b.Run(c.name, func(b *testing.B) {
			hub := NewHub(nil)
			for i := range 2000 {
				s := hub.Subscribe(FilterOf(c.actor(i)))
				go func() {
					for {
						select {
						case <-s.Wake():
							if _, _, err := s.take(takeLimit, func(*entry) {}); err != nil {
								return
							}
						case <-b.Context().Done():
							return
						}
					}
				}()
			}
			event := Event{Kind: IncidentCreated, Areas: []string{"320282", "320282001", "320282001001", "320282001001001", "32028200100100101"}}
			for b.Loop() {
				event.Seq++
				hub.hand([]Event{event})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2000, "ns/client")
		})
	}
}
