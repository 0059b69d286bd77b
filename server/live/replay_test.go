package live

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"jingwei/server/access"
	"jingwei/server/db/dbtest"
)

// A client that missed very much reloads, and the database is not asked; one that missed less costs it that many rows, however many there are.
func TestReplayIsBounded(t *testing.T) {
	t.Parallel()
	pool, hub := setup(t)
	const all = 4 * replaySpan
	if _, err := pool.Exec(t.Context(), `
		INSERT INTO event (county, id, seq, at, kind, areas, data)
		SELECT '', gen.id, gen.n, now(), CASE WHEN n % 1000 = 0 THEN 'edition.published' ELSE 'incident.created' END, '{}', '{}'
		FROM (SELECT n, overlay(uuid_v7_floor(now())::text PLACING lpad(to_hex(n), 12, '0') FROM 25)::uuid AS id FROM generate_series(1, 200000) n) gen`); err != nil {
		t.Fatal(err)
	}
	if _, err := dbtest.Owner(t, pool).Exec(t.Context(), `ANALYZE event`); err != nil {
		t.Fatal(err)
	}
	public := FilterOf(access.Nobody)
	events, reason := hub.replay(t.Context(), all-replaySpan, all, public)
	if reason != "" || len(events) != replaySpan/1000 || events[0].Seq != all-replaySpan+1000 || events[len(events)-1].Seq != all {
		t.Errorf("%d events, %q", len(events), reason)
	}
	for i := range 8 { // further on than where PostgreSQL decides on a plan for all values
		if events, reason := hub.replay(t.Context(), int64(1000*i), int64(1000*i+500), public); reason != "" || len(events) != 0 {
			t.Errorf("%d events up to before the next, %q", len(events), reason)
		}
	}
	var plan []byte
	if err := pool.QueryRow(t.Context(), `EXPLAIN (ANALYZE, FORMAT JSON) SELECT seq FROM event WHERE seq > 150000 AND seq <= 200000 AND kind = ANY ('{edition.published,branch.changed}') ORDER BY seq LIMIT 10000`).Scan(&plan); err != nil {
		t.Fatal(err)
	}
	if !json.Valid(plan) || strings.Contains(string(plan), "Seq Scan") {
		t.Errorf("the plan reads the whole table: %s", plan)
	}
	if _, reason := hub.replay(t.Context(), 0, all, FilterOf(access.Server())); reason != "too many events were missed" {
		t.Errorf("everything: %q", reason)
	}
	if _, reason := hub.replay(t.Context(), all-replaySpan, all, FilterOf(access.Server())); reason != "too many events were missed" {
		t.Errorf("more than are sent: %q", reason)
	}

	// Who is told to reload at once needs no turn; who gets none within replayWait reloads, too.
	for range replaysOnce {
		hub.replays <- struct{}{}
	}
	if _, reason := hub.replay(t.Context(), 0, all, public); reason != "too many events were missed" {
		t.Errorf("everything, without a turn: %q", reason)
	}
	began := time.Now()
	if _, reason := hub.replay(t.Context(), all-10, all, public); !strings.Contains(reason, "at the moment") || time.Since(began) > 2*replayWait {
		t.Errorf("without a turn: %q after %v", reason, time.Since(began))
	}
	<-hub.replays
	if events, reason := hub.replay(t.Context(), all-10, all, public); reason != "" || len(events) != 1 {
		t.Errorf("with the last turn: %d events, %q", len(events), reason)
	}
}

// A replay that the database does not answer is given up, and the client reloads.
func TestReplayTakesNotForEver(t *testing.T) {
	t.Parallel()
	pool, hub := setup(t)
	appendEvent(t, pool, 1)
	blocker, err := dbtest.Owner(t, pool).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = blocker.Rollback(t.Context()) }()
	if _, err := blocker.Exec(t.Context(), `LOCK TABLE event IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if _, reason := hub.replay(t.Context(), 0, 1, all); !strings.Contains(reason, "at the moment") || time.Since(began) > 10*time.Second {
		t.Errorf("%q after %v", reason, time.Since(began))
	}
}
