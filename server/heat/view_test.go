package heat

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"jingwei/geo"
	"jingwei/server/access"
	"jingwei/server/incident"
	"jingwei/server/web"
)

// A comparison has the cells of both ranges, with what each of them counts by itself.
func TestComparisonIsOfTwoViews(t *testing.T) {
	t.Parallel()
	f := setup(t)
	random := rand.New(rand.NewPCG(14, 1))
	until := time.Now().Truncate(time.Minute)
	f.load(f.some(random, 2000, 20, until))
	s := f.count()
	f.settle(s)
	half := until.AddDate(0, 0, -10)
	for name, ctx := range readers(t) {
		for resolution := 5; resolution <= 11; resolution++ {
			now, err := s.ask(ctx, incident.Filter{From: half, To: until, Channels: channels[:5]})
			if err != nil {
				t.Fatal(err)
			}
			before, err := now.compared(half.AddDate(0, 0, -10), half)
			if err != nil {
				t.Fatal(err)
			}
			v, err := now.view(ctx, before, resolution)
			if err != nil {
				t.Fatal(err)
			}
			a, errA := now.view(ctx, nil, resolution)
			b, errB := before.view(ctx, nil, resolution)
			if errA != nil || errB != nil {
				t.Fatal(errA, errB)
			}
			left := map[geo.Cell][2]uint32{}
			for i, c := range a.cells {
				left[c] = [2]uint32{a.counts[i], 0}
			}
			for i, c := range b.cells {
				left[c] = [2]uint32{left[c][0], b.counts[i]}
			}
			for i, c := range v.cells {
				if want := left[c]; want[0] != v.counts[i] || want[1] != v.before[i] || (v.class(i) > 0) != (want[0] > want[1]) || (v.class(i) < 0) != (want[0] < want[1]) {
					t.Errorf("%s: cell %s: %d, before %d, class %d; want %v", name, c, v.counts[i], v.before[i], v.class(i), want)
				}
				delete(left, c)
			}
			if len(left) > 0 || v.total != a.total {
				t.Errorf("%s: %d cells are missing", name, len(left))
			}
		}
	}
	q, err := s.ask(readers(t)["everything"], incident.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][2]time.Time{{until, half}, {until, {}}, {{}, until}, {half, half}} {
		if _, err := q.compared(bad[0], bad[1]); !is(err, web.Invalid) {
			t.Errorf("compared with %v: %v", bad, err)
		}
	}
}

// What is asked for many times at once is worked out once, and anew when it may have changed and is a second old.
func TestKept(t *testing.T) {
	t.Parallel()
	var clock atomic.Int64
	k := newKept(func() time.Time { return time.UnixMilli(clock.Load()) })
	var works atomic.Int64
	ask := func(key string, version uint64) any {
		value, err := k.find(t.Context(), key, version, func() (any, int, error) {
			time.Sleep(5 * time.Millisecond)
			return works.Add(1), 8, nil
		})
		if err != nil {
			t.Error(err)
		}
		return value
	}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if got := ask("a", 1); got != int64(1) {
				t.Errorf("%v", got)
			}
		})
	}
	all.Wait()
	clock.Store(10_000)
	for _, c := range []struct {
		at      int64
		key     string
		version uint64
		want    int64
	}{
		{10_000, "a", 1, 1},  // however old: nothing has changed
		{10_000, "b", 1, 2},  // another question
		{10_000, "a", 2, 3},  // changed, and old
		{10_999, "a", 3, 3},  // changed, and young
		{11_000, "a", 3, 4},  // a second
		{11_999, "a", 4, 4},  //
		{12_000, "a", 4, 5},  //
		{99_000, "a", 4, 5},  //
		{99_000, "a", 99, 6}, //
	} {
		clock.Store(c.at)
		if got := ask(c.key, c.version); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	failure := errors.New("away")
	if _, err := k.find(t.Context(), "c", 1, func() (any, int, error) { return nil, 0, failure }); !errors.Is(err, failure) {
		t.Error(err)
	}
	if got := ask("c", 1); got != int64(7) {
		t.Errorf("a failure is kept: %v", got)
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = k.find(t.Context(), "d", 1, func() (any, int, error) { panic("a mistake") })
	}()
	if got := ask("d", 1); got != int64(8) {
		t.Errorf("what broke off is kept: %v", got)
	}
	gone, leave := context.WithCancel(t.Context())
	begun := make(chan struct{})
	all.Go(func() {
		_, err := k.find(gone, "e", 1, func() (any, int, error) {
			close(begun)
			<-gone.Done()
			return nil, 0, gone.Err()
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("who left: %v", err)
		}
	})
	<-begun
	all.Go(func() {
		if got := ask("e", 1); got != int64(9) {
			t.Errorf("who waited for one who left: %v", got)
		}
	})
	leave()
	all.Wait()
}

// A question's key is of the minutes that are counted, and so is its answer.
func TestKeysAreOfMinutes(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_700_000_040, 0) // a full minute
	key := func(from, to time.Duration) string {
		return keyOf(&incident.Filter{From: at.Add(from), To: at.Add(time.Hour + to)}, access.Scope{All: true})
	}
	same := key(0, 0)
	for _, c := range []struct {
		from, to time.Duration
		same     bool
	}{
		{time.Second, 0, true}, {time.Minute - 1, 0, true}, {time.Minute, 0, false}, {-1, 0, false},
		{0, 1 - time.Minute, true}, {0, -time.Minute, false}, {0, 1, false},
	} {
		if got := key(c.from, c.to); (got == same) != c.same {
			t.Errorf("from %v, to %v: %s, and %s", c.from, c.to, got, same)
		}
	}
}

// Who may not see everything is not told how many incidents there are.
func TestOnlyWhoMaySeeAllIsToldHowManyThereAre(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := NewService(f.pool, nil, f.incidents, f.areas, f.items, time.Now)
	filling := &progress{}
	filling.done.Store(1234)
	filling.total.Store(5000)
	s.state.Store(&state{ledger: newLedger(), partial: true, filling: filling})
	for name, ctx := range readers(t) {
		want := Filling{24, 100}
		if name == "everything" {
			want = Filling{1234, 5000}
		}
		if c, err := s.Counts(ctx, incident.Filter{}, ByTotal); err != nil || c.Filling == nil || *c.Filling != want {
			t.Errorf("%s is told %+v, %v", name, c.Filling, err)
		}
	}
}

// Questions have the same key exactly where they are the same, rights included.
func TestKeys(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := NewService(f.pool, nil, f.incidents, f.areas, f.items, time.Now)
	seen := map[string]string{}
	at := time.Unix(1_700_000_000, 0)
	for name, ctx := range readers(t) {
		for what, filter := range map[string]incident.Filter{
			"all": {}, "from": {From: at}, "to": {To: at}, "item": {Items: []string{"a"}}, "items": {Items: []string{"a", "b"}}, "one item": {Items: []string{`a""b`}},
			"channel": {Channels: []incident.Channel{"a"}}, "status": {Statuses: []incident.Status{"a"}}, "hour": {Hours: []int{3}}, "weekday": {Weekdays: []int{3}},
		} {
			q, err := s.ask(ctx, filter)
			if err != nil {
				t.Fatal(err)
			}
			if other, ok := seen[q.key]; ok {
				t.Errorf("%s and %s, %s have one key", other, name, what)
			}
			seen[q.key] = name + ", " + what
		}
	}
	a, errA := s.ask(readers(t)["everything"], incident.Filter{Items: []string{"b", "a", "b"}, Hours: []int{2, 1}})
	b, errB := s.ask(readers(t)["everything"], incident.Filter{Items: []string{"a", "b"}, Hours: []int{1, 2}})
	if errA != nil || errB != nil || a.key != b.key {
		t.Errorf("%q, %q, %v, %v", a.key, b.key, errA, errB)
	}
}
