package live

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"jingwei/server/db/dbtest"
)

// said is the data of a beat.
func said(t *testing.T, frame []byte) (b beatBody) {
	t.Helper()
	data, ok := strings.CutPrefix(string(frame), "event: beat\ndata: ")
	if !ok || !strings.HasSuffix(data, "\n\n") || strings.Count(data, "\n") != 2 {
		t.Fatalf("no beat: %q", frame)
	}
	if err := json.Unmarshal([]byte(data), &b); err != nil {
		t.Fatal(err)
	}
	return b
}

// While the database neither answers nor fails, readiness and beats say that no events come, and since when.
func TestABeatTellsThatNothingFlows(t *testing.T) {
	t.Parallel()
	pool, hub := setup(t)
	if b := said(t, hub.beatNow(time.Time{})); !b.Flowing || b.Since != nil || b.EndsAt != nil || time.Since(b.At) > time.Minute {
		t.Errorf("while events flow: %+v", b)
	}
	blocker, err := dbtest.Owner(t, pool).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = blocker.Rollback(t.Context()) }()
	if _, err := blocker.Exec(t.Context(), `SELECT pg_advisory_xact_lock($1)`, int64(numberingLock)); err != nil {
		t.Fatal(err)
	}
	blocked := time.Now()
	for hub.Flowing() == nil {
		if time.Since(blocked) > time.Minute {
			t.Fatal("a database that does not answer is not noticed")
		}
		time.Sleep(20 * time.Millisecond)
	}
	hub.beat.Store(nil)
	b := said(t, hub.beatNow(time.Time{}))
	if b.Flowing || b.Since == nil || b.At.Sub(*b.Since) < stalled {
		t.Errorf("while nothing flows: %+v", b)
	}
	if err := blocker.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	for hub.Flowing() != nil {
		if time.Since(blocked) > time.Minute {
			t.Fatal("it does not flow again")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// All streams share a beat; those of sessions that end soon have their own.
func TestABeatIsShared(t *testing.T) {
	t.Parallel()
	hub := NewHub(nil)
	first, second := hub.beatNow(time.Time{}), hub.beatNow(time.Time{})
	if &first[0] != &second[0] {
		t.Error("each stream has its own beat")
	}
	endsAt := time.Date(2026, 7, 1, 16, 0, 0, 0, time.UTC)
	if b := said(t, hub.beatNow(endsAt)); b.EndsAt == nil || !b.EndsAt.Equal(endsAt) {
		t.Errorf("%+v", b)
	}
	if b := said(t, hub.beatNow(time.Time{})); b.EndsAt != nil {
		t.Errorf("everybody is told when one session ends: %+v", b)
	}
}
