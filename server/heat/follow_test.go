package heat

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"jingwei/server/area/areatest"
	"jingwei/server/incident"
	"jingwei/server/live"
)

// two services on two hubs, as two servers on one database, are compared with SQL and so with each other.
func (f *fixture) agreeAll(services []*Service, random *rand.Rand, until time.Time) {
	f.t.Helper()
	for _, s := range services {
		f.settle(s)
		for name, ctx := range readers(f.t) {
			filter := f.randomFilter(random, until, 60)
			filter.Areas = nil
			f.agree(ctx, s, filter, 9)
			if name == "everything" {
				f.agree(ctx, s, incident.Filter{}, 11)
			}
		}
	}
}

// What is created, changed and moved while tables are filled, again and again, is counted once.
func TestWhatHappensWhileFillingCountsOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	random := rand.New(rand.NewPCG(7, 1))
	until := time.Now()
	list := f.some(random, 4000, 60, until)
	f.load(list[:3500])
	var services []*Service
	var all sync.WaitGroup
	writing := make(chan struct{})
	begun := make(chan struct{})
	all.Go(func() {
		defer close(writing)
		random := rand.New(rand.NewPCG(8, 1))
		for n := range 400 {
			if n == 20 {
				close(begun)
			}
			switch i := &list[random.IntN(3500)]; n % 4 {
			case 0:
				f.create(list[3500+n/4])
			case 1:
				f.change(i, statuses[random.IntN(len(statuses))])
			case 2:
				f.move(i, areatest.WestDeg+areatest.WidthDeg*1.1*random.Float64(), areatest.SouthDeg+areatest.WidthDeg*random.Float64())
			case 3:
				f.change(&list[3500+random.IntN(n/4+1)], incident.Closed)
			}
			if n%80 == 79 {
				f.load(list[3600+n/80*50:][:50])
				f.tell(live.IncidentImported, nil)
			}
		}
	})
	<-begun
	for range 2 {
		services = append(services, f.count())
	}
	// Fill again and again while it goes on.
	for going := true; going; {
		select {
		case <-writing:
			going = false
		case <-time.After(30 * time.Millisecond):
			f.tell(live.IncidentArchived, nil)
		}
	}
	all.Wait()
	f.agreeAll(services, random, until)
	// And by events alone.
	ledgers := []*ledger{services[0].state.Load().ledger, services[1].state.Load().ledger}
	for n := range 100 {
		i := &list[n]
		f.change(i, incident.Cancelled)
		f.move(i, areatest.WestDeg+0.01, areatest.SouthDeg+0.02)
	}
	f.agreeAll(services, random, until)
	for n, s := range services {
		if s.state.Load().ledger != ledgers[n] {
			t.Error("the table was filled again where events told all")
		}
	}
}

// An event that comes while a table is filled counts exactly where the snapshot does not hold it: one that has its number, one that has none yet,
// and one that is later than the snapshot. Events may be told only after a quick fill has ended.
func TestEventsAroundTheSnapshotCountOnce(t *testing.T) {
	t.Parallel()
	for before := range 4 {
		t.Run(fmt.Sprintf("%d are told before the fill ends", before), func(t *testing.T) {
			t.Parallel()
			countAround(t, before)
		})
	}
}

// countAround has so many of three events told before a fill ends, and the others after it.
func countAround(t *testing.T, before int) {
	t.Helper()
	f := setup(t)
	random := rand.New(rand.NewPCG(15, 1))
	list := f.some(random, 203, 30, time.Now())
	f.load(list[:200])
	hub := live.NewHub(f.pool)
	if err := hub.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	sub := hub.Subscribe(everything())
	numbering, stop := context.WithCancel(t.Context())
	other := live.NewHub(f.pool)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		other.Run(numbering)
	}()
	f.create(list[200])
	f.settleHub()
	stop()
	<-stopped
	f.create(list[201])
	r := filled{ledger: newLedger()}
	var err error
	if r.snapshot, err = fill(t.Context(), f.pool, r.ledger, &progress{}); err != nil {
		t.Fatal(err)
	}
	f.create(list[202])
	if r.snapshot.seq == 0 || len(r.snapshot.unnumbered) != 1 || r.ledger.table.Len() != 202 {
		t.Fatalf("%+v, %d rows", r.snapshot, r.ledger.table.Len())
	}
	f.run(hub.Run)
	s := NewService(f.pool, hub, f.incidents, f.areas, f.items, time.Now)
	follower := &follower{Service: s, ctx: t.Context(), under: true}
	for told := 0; told < 3; {
		select {
		case <-sub.Wake():
		case <-time.After(time.Minute):
			t.Fatal("no event")
		}
		events, err := sub.Take(takeAtOnce)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if told == before {
				follower.finish(r)
			}
			follower.take(e)
			told++
		}
	}
	if before == 3 {
		follower.finish(r)
	}
	if n := f.agree(readers(t)["everything"], s, incident.Filter{}, 11); n != 203 || follower.under {
		t.Errorf("%d incidents", n)
	}
}

// A table that cannot be right any more is filled again, while the old one answers.
func TestLostTablesAreFilledAgain(t *testing.T) {
	t.Parallel()
	f := setup(t)
	random := rand.New(rand.NewPCG(9, 1))
	until := time.Now()
	list := f.some(random, 600, 30, until)
	f.load(list[:500])
	s := f.count()
	for name, happen := range map[string]func(){
		"an import":                        func() { f.load(list[500:520]); f.tell(live.IncidentImported, nil) },
		"months that were taken out":       func() { f.remove(list[:20]); f.tell(live.IncidentArchived, nil) },
		"an event of an earlier version":   func() { f.load(list[520:540]); f.tell(live.IncidentCreated, nil) },
		"a change of what is not there":    func() { f.load(list[540:560]); f.change(&list[540], incident.Signed) },
		"an event that nobody understands": func() { f.load(list[560:580]); f.tell(live.IncidentChanged, "?") },
	} {
		f.settle(s)
		before := s.state.Load().ledger
		happen()
		f.agreeAll([]*Service{s}, random, until)
		if s.state.Load().ledger == before {
			t.Errorf("after %s the table was not filled again", name)
		}
	}
	f.settle(s)
	before := s.state.Load().ledger
	f.tell(live.IncidentMoved, nil) // a place that was confirmed
	f.tell(live.EditionPublished, nil)
	f.agreeAll([]*Service{s}, random, until)
	if s.state.Load().ledger != before {
		t.Error("the table was filled again where nothing changed")
	}
}

func (f *fixture) remove(list []incident.Incident) {
	f.t.Helper()
	for _, i := range list {
		if err := one(f.pool.Exec(f.t.Context(), `DELETE FROM incident WHERE id = $1`, i.ID)); err != nil {
			f.t.Fatal(err)
		}
	}
}

// A fill that fails is tried again; until then the answers say that they are not complete.
func TestAFillThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := ownerOf(f)
	random := rand.New(rand.NewPCG(10, 1))
	until := time.Now()
	f.load(f.some(random, 300, 30, until))
	if _, err := owner.Exec(t.Context(), `ALTER TABLE incident RENAME COLUMN micro TO away`); err != nil {
		t.Fatal(err)
	}
	s := f.count()
	for deadline := time.Now().Add(time.Minute); !s.failed.Load(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the fill does not fail")
		}
	}
	ctx := readers(t)["everything"]
	if counts, err := s.Counts(ctx, incident.Filter{}, ByTotal); err != nil || counts.Filling == nil {
		t.Errorf("an answer without incidents: %+v, %v", counts, err)
	}
	if u, err := s.Unusual(ctx, incident.Filter{}, 3, time.Time{}, 60, 10); err != nil || u.Filling == nil || len(u.Items) > 0 {
		t.Errorf("what is unusual without a history: %+v, %v", u, err)
	}
	if _, err := owner.Exec(t.Context(), `ALTER TABLE incident RENAME COLUMN away TO micro`); err != nil {
		t.Fatal(err)
	}
	f.agreeAll([]*Service{s}, random, until)
	if s.failed.Load() {
		t.Error("the failure is still told")
	}
}

// Who reads slowly enough to be cut off from the events fills again.
func TestBehindTheEvents(t *testing.T) {
	t.Parallel()
	f := setup(t)
	random := rand.New(rand.NewPCG(11, 1))
	until := time.Now()
	list := f.some(random, 400, 30, until)
	f.load(list[:300])
	hub := f.newHub()
	s := NewService(f.pool, hub, f.incidents, f.areas, f.items, time.Now)
	sub := hub.Subscribe(everything())
	for _, i := range list[300:] {
		f.create(i)
	}
	many := make([]live.Entry, 25_000) // more than the hub keeps for who comes late
	for n := range many {
		many[n] = live.Entry{Kind: live.TicketWaiting, Data: n}
	}
	f.tx(func(tx pgx.Tx) error { return live.Append(t.Context(), tx, many...) })
	f.settleHub()
	for err := error(nil); err == nil; { // until the hub has read them
		ahead := *sub
		if _, err = ahead.Take(1); err != nil && !errors.Is(err, live.ErrBehind) {
			t.Fatal(err)
		}
	}
	s.follow(t.Context(), sub)
	f.run(s.Run)
	f.agreeAll([]*Service{s}, random, until)
}

// The number of each row's bytes does not matter: COPY may be cut anywhere.
func TestCopiesAreReadInAnyPieces(t *testing.T) {
	t.Parallel()
	f := setup(t)
	random := rand.New(rand.NewPCG(12, 1))
	f.load(f.some(random, 300, 20, time.Now()))
	stream := f.copyOut()
	var want *ledger
	for _, most := range []int{len(stream), 1, 7, 100, 1000} {
		l := newLedger()
		in := &intake{ledger: l, progress: &progress{}, owners: map[string]uint32{}, items: map[string]uint16{}, kinds: kindNumbers()}
		for rest := stream; len(rest) > 0; {
			n := min(len(rest), 1+random.IntN(most))
			if taken, err := in.Write(slices.Clone(rest[:n])); err != nil || taken != n {
				t.Fatalf("%d of %d bytes: %v", taken, n, err)
			}
			rest = rest[n:]
		}
		if err := in.flush(); err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = l
		}
		got, err := l.table.Count(hexFilter(), 11)
		twin, errTwin := want.table.Count(hexFilter(), 11)
		if err != nil || errTwin != nil || l.table.Len() != 300 || !slices.Equal(got.Cells, twin.Cells) || !slices.Equal(got.Counts, twin.Counts) {
			t.Errorf("%d rows in pieces of %d: %v %v", l.table.Len(), most, err, errTwin)
		}
	}
	in := &intake{ledger: newLedger(), progress: &progress{}, owners: map[string]uint32{}, items: map[string]uint16{}, kinds: kindNumbers()}
	bad := slices.Clone(stream)
	bad[20] = 99
	if _, err := in.Write(bad); err == nil {
		t.Error("a row with 99 columns is read")
	}
}
