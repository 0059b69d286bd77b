package live

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
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
	for timeout := time.After(20 * time.Second); ; {
		switch events, err := s.Take(1); {
		case err != nil:
			t.Fatalf("the subscription ended: %v", err)
		case len(events) == 1:
			return events[0]
		}
		select {
		case <-s.Wake():
		case <-timeout:
			t.Fatal("no event")
		}
	}
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

// Whoever keeps up gets all of a burst, in order and once; whoever does not is cut off where the window ends, and slows nobody.
func TestASlowReaderIsCutOff(t *testing.T) {
	t.Parallel()
	hub := NewHub(nil)
	slow, quick, few := hub.Subscribe(all), hub.Subscribe(all), hub.Subscribe(FilterOf(access.Nobody))
	const burst, seqStep = windowLen + 1, 3 // numbers have gaps
	got := 0
	for n := 1; n <= burst; n++ {
		hub.hand([]Event{{Seq: int64(seqStep * n), Kind: IncidentCreated, Data: []byte(`{}`)}})
		if n%999 != 0 && n != burst {
			continue
		}
		for {
			events, err := quick.Take(100)
			if err != nil {
				t.Fatalf("the quick reader after %d events: %v", got, err)
			}
			if len(events) == 0 {
				break
			}
			for _, e := range events {
				if got++; e.Seq != int64(seqStep*got) {
					t.Fatalf("event %d has the number %d", got, e.Seq)
				}
			}
		}
	}
	if got != burst {
		t.Errorf("the quick reader got %d of %d events", got, burst)
	}
	if events, err := slow.Take(1); !errors.Is(err, ErrBehind) || len(events) > 0 {
		t.Errorf("the slow reader got %v and %v", events, err)
	}
	if len(few.wake) != 0 {
		t.Error("who sees none of the events was woken")
	}
	if size := len(hub.window.entries); size != windowLen || hub.window.first != 1 || hub.window.floor != seqStep {
		t.Errorf("the window holds %d events from place %d, and all above %d", size, hub.window.first, hub.window.floor)
	}

	// Large events push out earlier ones, but never the newest.
	hub.hand([]Event{{Seq: 1e6, Kind: IncidentCreated, Data: bytes.Repeat([]byte("x"), windowBytes)}})
	if size := len(hub.window.entries); size != 1 || hub.window.last() != 1e6 {
		t.Errorf("the window holds %d events", size)
	}
	hub.hand([]Event{{Seq: 1e6 + 1, Kind: IncidentCreated, Data: []byte(`{}`)}})
	if w := &hub.window; len(w.entries) != 1 || w.last() != 1e6+1 || w.bytes != w.entries[0].size() {
		t.Errorf("the window holds %d events of %d bytes", len(w.entries), w.bytes)
	}

	hub.Unsubscribe(quick)
	if _, err := quick.Take(1); !errors.Is(err, ErrEnded) || len(quick.wake) != 1 {
		t.Errorf("after the end: %v", err)
	}
}

// A batch is one transaction. Its events reach everybody who reads, without anybody being cut off.
func TestABatchReachesAll(t *testing.T) {
	t.Parallel()
	pool, hub := setup(t)
	const batch = 10_000
	entries := make([]Entry, batch)
	for n := range entries {
		entries[n] = Entry{Kind: IncidentCreated, Areas: []string{"c1", "c1t1"}, Data: n}
	}
	readers := []*Subscription{hub.Subscribe(all), hub.Subscribe(all), hub.Subscribe(all)}
	if err := db.InTx(t.Context(), pool, func(tx pgx.Tx) error { return Append(t.Context(), tx, entries...) }); err != nil {
		t.Fatal(err)
	}
	for i, s := range readers {
		for n := range batch {
			if e := receive(t, s); string(e.Data) != strconv.Itoa(n) {
				t.Fatalf("reader %d: event %d says %s", i, n, e.Data)
			}
		}
	}
}

// A client that comes back to this or another server, also one that has just started, and missed little, costs no query.
func TestComingBackFromTheWindow(t *testing.T) {
	t.Parallel()
	pool, one := setup(t)
	reader := one.Subscribe(all)
	for n := range 5 {
		appendEvent(t, pool, n)
		receive(t, reader)
	}
	for name, hub := range map[string]*Hub{"the same server": one, "another one": start(t, pool)} {
		for since := range int64(6) {
			s := hub.subscribe(all, since)
			if s.Since != since {
				t.Errorf("%s: after %d it starts after %d", name, since, s.Since)
			}
			for seq := since + 1; seq <= 5; seq++ {
				if e := receive(t, s); e.Seq != seq {
					t.Errorf("%s: after %d comes %d, want %d", name, since, e.Seq, seq)
				}
			}
			if events, err := s.Take(1); len(events) > 0 || err != nil {
				t.Errorf("%s: after all comes %v, %v", name, events, err)
			}
		}
	}
	one.window.floor = 3 // as if the first three had gone
	if s := one.subscribe(all, 2); s.Since != 5 {
		t.Errorf("from before the window it starts after %d, want the newest", s.Since)
	}
}

// Months of events that nobody is replayed any more are dropped, and none of the last ones.
func TestOldMonthsAreDropped(t *testing.T) {
	t.Parallel()
	pool := dbtest.Open(t)
	now := time.Now().UTC()
	months := func() (names []string) {
		rows, err := pool.Query(t.Context(), `SELECT relname FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid WHERE i.inhparent = 'event'::regclass ORDER BY 1`)
		if err != nil {
			t.Fatal(err)
		}
		if names, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			t.Fatal(err)
		}
		return names
	}
	if err := EnsureMonths(t.Context(), pool, now.AddDate(-2, 0, 0), now); err != nil {
		t.Fatal(err)
	}
	before := months()
	hub := start(t, pool)
	appendEvent(t, pool, 1)
	receive(t, hub.subscribe(all, 0))
	oldest := now.AddDate(0, -eventMonths, 0).Format("event_2006_01")
	left := months()
	if len(before) < 24 || left[0] != oldest || !slices.Contains(left, now.Format("event_2006_01")) {
		t.Errorf("of %d months %v are left, want those from %s on", len(before), left, oldest)
	}
	recent := now.AddDate(0, -1, 0).Format(time.RFC3339)
	for _, before := range []*string{&recent, nil} {
		if _, err := pool.Exec(t.Context(), `SELECT drop_event_months($1::text::timestamptz)`, before); !db.Is(err, "22023") {
			t.Errorf("events before %v: %v", before, err)
		}
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

// A client may come back to another server than the one that it left, which is not yet as far.
func TestAServerCatchesUpWithAnother(t *testing.T) {
	t.Parallel()
	pool, one := setup(t)
	two := NewHub(pool)
	s := one.Subscribe(all)
	appendEvent(t, pool, 1)
	seq := receive(t, s).Seq
	type answer struct{ future, known bool }
	answers := make(chan answer)
	go func() {
		future, known := two.catchUp(t.Context(), seq)
		answers <- answer{future, known}
	}()
	run(t, two)
	if got := <-answers; got != (answer{false, true}) {
		t.Errorf("what another server sent: %+v", got)
	}
	if future, known := two.catchUp(t.Context(), seq+1); !future || !known {
		t.Errorf("what none has sent: %v, %v", future, known)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, known := two.catchUp(gone, seq+1); known {
		t.Error("it is known without the database")
	}
}
