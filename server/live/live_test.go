package live

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/access"
	"jingwei/server/db"
	"jingwei/server/db/dbtest"
)

// all is what somebody with every right sees.
var all = FilterOf(access.Server())

func TestMain(m *testing.M) { dbtest.Main(m) }

// setup starts a hub on a database of its own.
func setup(t *testing.T) (*pgxpool.Pool, *Hub) {
	t.Helper()
	pool := dbtest.Open(t)
	return pool, start(t, pool)
}

func start(t *testing.T, pool *pgxpool.Pool) *Hub {
	t.Helper()
	hub := NewHub(pool)
	run(t, hub)
	return hub
}

func run(t *testing.T, hub *Hub) {
	t.Helper()
	if err := hub.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		hub.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-finished
	})
}

func appendEvent(t *testing.T, pool *pgxpool.Pool, n int) {
	t.Helper()
	if err := db.InTx(t.Context(), pool, func(tx pgx.Tx) error { return Append(t.Context(), tx, Entry{Kind: IncidentCreated, Data: n}) }); err != nil {
		t.Fatal(err)
	}
}

func receive(t *testing.T, s *Subscription) Event {
	t.Helper()
	select {
	case e, ok := <-s.C:
		if !ok {
			t.Fatalf("the subscription ended: %v", s.Err())
		}
		return e
	case <-time.After(20 * time.Second):
		t.Fatal("no event")
	}
	return Event{}
}

// A transaction that begins first and commits last must not be skipped by a reader that has seen the one that committed first.
func TestALateCommitIsNotSkipped(t *testing.T) {
	t.Parallel()
	pool, hub := setup(t)
	s := hub.Subscribe(all)
	defer hub.Unsubscribe(s)
	slow, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := Append(t.Context(), slow, Entry{Kind: IncidentCreated, Data: "slow"}); err != nil {
		t.Fatal(err)
	}
	appendEvent(t, pool, 1)
	first := receive(t, s)
	if err := slow.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := receive(t, s)
	if string(first.Data) != "1" || string(second.Data) != `"slow"` || second.Seq != first.Seq+1 {
		t.Errorf("got %d %s, then %d %s", first.Seq, first.Data, second.Seq, second.Data)
	}
}

func TestARolledBackChangeHasNoEvent(t *testing.T) {
	t.Parallel()
	pool, hub := setup(t)
	s := hub.Subscribe(all)
	defer hub.Unsubscribe(s)
	failed := errors.New("no")
	err := db.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		return errors.Join(Append(t.Context(), tx, Entry{Kind: IncidentCreated, Data: "never"}), failed)
	})
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	appendEvent(t, pool, 1)
	if e := receive(t, s); string(e.Data) != "1" {
		t.Errorf("got %s", e.Data)
	}
}

// Two servers on one database hand out the same events in the same order under the same numbers, while many writers commit.
func TestTwoHubsSeeTheSame(t *testing.T) {
	t.Parallel()
	pool, one := setup(t)
	two := start(t, pool)
	first, second := one.Subscribe(all), two.Subscribe(all)
	const writers, each = 8, 25
	failures := make(chan error, writers)
	for w := range writers {
		go func() {
			var err error
			for n := range each {
				err = errors.Join(err, db.InTx(context.Background(), pool, func(tx pgx.Tx) error {
					return Append(context.Background(), tx, Entry{Kind: IncidentCreated, Data: fmt.Sprint(w, "-", n)})
				}))
			}
			failures <- err
		}()
	}
	for range writers {
		if err := <-failures; err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	for i := range writers * each {
		a, b := receive(t, first), receive(t, second)
		if a.Seq != b.Seq || string(a.Data) != string(b.Data) || a.Seq != int64(i+1) {
			t.Fatalf("event %d is %d %s here and %d %s there", i, a.Seq, a.Data, b.Seq, b.Data)
		}
		seen[string(a.Data)] = true
	}
	if len(seen) != writers*each {
		t.Errorf("%d of %d events", len(seen), writers*each)
	}
}

func TestASlowReaderIsCutOff(t *testing.T) {
	t.Parallel()
	pool, hub := setup(t)
	slow, quick := hub.Subscribe(all), hub.Subscribe(all)
	arrived := make(chan Event, 2*queueLen)
	go func() {
		for e := range quick.C {
			arrived <- e
		}
	}()
	if err := db.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		for n := range queueLen + 1 {
			if err := Append(t.Context(), tx, Entry{Kind: IncidentCreated, Data: n}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for range queueLen + 1 {
		select {
		case <-arrived:
		case <-time.After(20 * time.Second):
			t.Fatalf("the quick reader was cut off: %v", quick.Err())
		}
	}
	read := 0
	for range slow.C {
		read++
	}
	if read != queueLen || !errors.Is(slow.Err(), ErrBehind) {
		t.Errorf("the slow reader got %d events and %v", read, slow.Err())
	}
}

// Clients hear of an event only when what must come before it has been done, however often that fails.
func TestBeforeComesFirst(t *testing.T) {
	t.Parallel()
	pool := dbtest.Open(t)
	hub := NewHub(pool)
	tries := 0
	hub.Before(EditionPublished, func(context.Context) error {
		if tries++; tries < 3 {
			return errors.New("not yet")
		}
		return nil
	})
	run(t, hub)
	s := hub.Subscribe(all)
	if err := db.InTx(t.Context(), pool, func(tx pgx.Tx) error { return Append(t.Context(), tx, Entry{Kind: EditionPublished, Data: 1}) }); err != nil {
		t.Fatal(err)
	}
	if e := receive(t, s); e.Kind != EditionPublished || tries != 3 {
		t.Errorf("%s after %d tries", e.Kind, tries)
	}
}
