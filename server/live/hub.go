package live

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	readLimit  = 1000                  // events read from the table at once
	poll       = 2 * time.Second       // a look without a NOTIFY, should one have been lost with a connection
	stalled    = 5 * time.Second       // without an answer from the database, not even to a look, no events flow
	upkeep     = time.Hour             // between two looks at the partitions
	pauseEach  = 20 * time.Microsecond // for each reader, between two looks: so many commits at once wake the readers once
	pauseLeast = 20 * time.Millisecond // numbering waits for the disk, which those who report wait for too: once for many of their commits
	pauseMost  = 50 * time.Millisecond
)

// Hub reads committed events in order into a window, from which every subscription takes those that its filter lets through. The slow do not
// slow the others: who is further behind than the window reaches is cut off and has to reload.
type Hub struct {
	pool   *pgxpool.Pool
	before map[string]func(context.Context) error // by kind

	replays chan struct{} // one entry for each replay that runs
	beat    atomic.Pointer[beat]

	mu     sync.RWMutex
	window window
	subs   map[*Subscription]struct{}
	away   error     // why no events come; nil while they do
	flowed time.Time // when the database last said that there is nothing more, or gave more
}

// NewHub makes a hub; Run makes it work.
func NewHub(pool *pgxpool.Pool) *Hub {
	return &Hub{pool: pool, before: map[string]func(context.Context) error{}, replays: make(chan struct{}, replaysOnce), subs: map[*Subscription]struct{}{}}
}

// Before sets what this server must have done before clients are told of a kind of event: a client that hears of a new edition and
// asks for it must get it. Events wait until act has succeeded. It must be called before Start.
func (h *Hub) Before(kind string, act func(context.Context) error) { h.before[kind] = act }

// Subscribe starts reading with the events after the newest one that the filter lets through. The caller must Unsubscribe.
func (h *Hub) Subscribe(f Filter) *Subscription { return h.subscribe(f, -1) }

// subscribe is Subscribe, but starts after an earlier number where the window reaches back to it.
func (h *Hub) subscribe(f Filter, since int64) *Subscription {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &Subscription{Since: h.window.last(), hub: h, filter: f, place: h.window.next(), wake: make(chan struct{}, 1)}
	if since >= h.window.floor && since < s.Since {
		s.Since, s.place = since, h.window.place(since)
		s.tell()
	}
	h.subs[s] = struct{}{}
	subscribers.Set(float64(len(h.subs)))
	return s
}

// Unsubscribe ends a subscription; it may be called again.
func (h *Hub) Unsubscribe(s *Subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.end(s)
}

func (h *Hub) end(s *Subscription) {
	if _, ok := h.subs[s]; ok {
		delete(h.subs, s)
		s.ended = true
		s.tell()
		subscribers.Set(float64(len(h.subs)))
	}
}

// Flowing fails while no events come, and so while maps may be stale; the error says why.
func (h *Hub) Flowing() error {
	_, err := h.flowing(time.Now())
	return err
}

// flowing is Flowing, and since when no events come.
func (h *Hub) flowing(now time.Time) (since time.Time, err error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if err = h.away; err == nil && now.Sub(h.flowed) > stalled {
		err = errors.New("the database does not answer")
	}
	return h.flowed, err
}

// Start reads where the events stand, so that what commits from now on is handed out, and the newest of them, for those who come back.
func (h *Hub) Start(ctx context.Context) error {
	return h.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		if err := ensureWeek(ctx, conn); err != nil {
			return err
		}
		if err := number(ctx, conn); err != nil {
			return err
		}
		events, err := newest(ctx, conn, readLimit)
		if err != nil {
			return err
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		if len(events) > 0 {
			h.window.floor = events[0].Seq - 1
		}
		h.window.add(entriesOf(events))
		h.flowed = time.Now()
		return nil
	})
}

// Run hands out events until ctx ends. It reconnects by itself, and after a gap goes on with the event after the last one that it
// handed out.
func (h *Hub) Run(ctx context.Context) {
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		for s := range h.subs {
			h.end(s)
		}
	}()
	for wait := 100 * time.Millisecond; ctx.Err() == nil; wait = min(2*wait, 2*time.Second) {
		err := h.listen(ctx, func() { wait = 100 * time.Millisecond })
		if ctx.Err() != nil {
			return
		}
		h.setAway(err)
		slog.Warn("live events interrupted, reconnecting", "error", err)
		rest(ctx, wait)
	}
}

// rest waits, or until ctx ends.
func rest(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func (h *Hub) setAway(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.away = err; err == nil {
		h.flowed = time.Now()
	}
}

func (h *Hub) listen(ctx context.Context, healthy func()) error {
	pooled, err := h.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	// A connection that listens must not go back to the pool.
	defer func() { _ = pooled.Hijack().Close(context.WithoutCancel(ctx)) }()
	if _, err := pooled.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	var kept time.Time // when the partitions were last looked after
	for {
		if time.Since(kept) > upkeep {
			if err := keepMonths(ctx, pooled); err != nil {
				return err
			}
			kept = time.Now()
		}
		if err := h.drain(ctx, pooled); err != nil {
			return err
		}
		h.setAway(nil)
		healthy()
		rest(ctx, h.pause())
		if err := notified(ctx, pooled); err != nil {
			return err
		}
	}
}

// notified waits for a NOTIFY, but not for long, and takes those with it that came meanwhile.
func notified(ctx context.Context, conn *pgxpool.Conn) error {
	wait, cancel := context.WithTimeout(ctx, poll)
	defer cancel()
	for {
		_, err := conn.Conn().WaitForNotification(wait)
		cancel() // those that are here already are given all the same
		switch {
		case err == nil:
		case ctx.Err() == nil && wait.Err() != nil && !conn.Conn().IsClosed():
			return nil
		default:
			return err
		}
	}
}

// pause is the time between two looks: the more readers, the more they have to write when they are woken.
func (h *Hub) pause() time.Duration {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return min(pauseLeast+time.Duration(len(h.subs))*pauseEach, pauseMost)
}

func (h *Hub) drain(ctx context.Context, conn *pgxpool.Conn) error {
	if err := number(ctx, conn); err != nil {
		return err
	}
	for {
		h.mu.RLock()
		last := h.window.last()
		h.mu.RUnlock()
		events, err := after(ctx, conn, last, readLimit)
		if err != nil {
			return err
		}
		if err := h.prepare(ctx, events); err != nil {
			return err
		}
		h.hand(events)
		if len(events) < readLimit {
			return nil
		}
	}
}

// prepare does what must come before the events, once for each kind among them.
func (h *Hub) prepare(ctx context.Context, events []Event) error {
	done := map[string]bool{}
	for _, e := range events {
		if act := h.before[e.Kind]; act != nil && !done[e.Kind] {
			if err := act(ctx); err != nil {
				return fmt.Errorf("before %s: %w", e.Kind, err)
			}
			done[e.Kind] = true
		}
	}
	return nil
}

// hand puts events into the window and wakes who may see one of them. Cost: see BenchmarkHand.
func (h *Hub) hand(events []Event) {
	entries := entriesOf(events)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.window.add(entries)
	h.flowed = time.Now()
	for s := range h.subs {
		for i := range entries {
			if s.filter.sees(entries[i].audience, entries[i].Areas) {
				s.tell()
				break
			}
		}
	}
}
