package live

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	queueLen  = 1024            // events a client may lag behind before it is told to reload
	readLimit = 1000            // events read from the table at once
	poll      = 5 * time.Second // a look without a NOTIFY, should one have been lost with a connection
	upkeep    = time.Hour       // between two looks at the coming partitions
)

// ErrBehind ends a subscription whose reader did not keep up.
var ErrBehind = errors.New("the client did not keep up with the events")

// Hub reads committed events in order and hands each to every subscription whose filter lets it through. The slow do not slow the others:
// who has queueLen events unread is cut off and has to reload.
type Hub struct {
	pool   *pgxpool.Pool
	before map[string]func(context.Context) error // by kind

	replays chan struct{} // one entry for each replay that runs

	mu   sync.Mutex
	last int64 // number of the newest event handed out
	away error // why no events come; nil while they do
	subs map[*Subscription]struct{}
}

// NewHub makes a hub; Run makes it work.
func NewHub(pool *pgxpool.Pool) *Hub {
	return &Hub{pool: pool, before: map[string]func(context.Context) error{}, replays: make(chan struct{}, replaysOnce), subs: map[*Subscription]struct{}{}}
}

// Before sets what this server must have done before clients are told of a kind of event: a client that hears of a new edition and
// asks for it must get it. Events wait until act has succeeded. It must be called before Start.
func (h *Hub) Before(kind string, act func(context.Context) error) { h.before[kind] = act }

// Subscription is one reader's queue. C is closed when the reader fell behind or the hub ended; Err tells which.
type Subscription struct {
	C     <-chan Event
	Since int64 // number of the last event before the first one on C

	filter Filter
	queue  chan Event
	err    error
}

// Err is why C was closed: ErrBehind, or nil when the hub ended. It may be asked only after C was closed.
func (s *Subscription) Err() error { return s.err }

// Subscribe starts a queue with the events after the newest one that the filter lets through. The caller must Unsubscribe.
func (h *Hub) Subscribe(f Filter) *Subscription {
	queue := make(chan Event, queueLen)
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &Subscription{C: queue, queue: queue, Since: h.last, filter: f}
	h.subs[s] = struct{}{}
	subscribers.Set(float64(len(h.subs)))
	return s
}

// reached is the number up to which a reader has seen all that it may see; ok is false while there are events on its queue.
func (h *Hub) reached(s *Subscription) (seq int64, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last, len(s.queue) == 0
}

// Unsubscribe ends a queue; it may be called again.
func (h *Hub) Unsubscribe(s *Subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(s, nil)
}

func (h *Hub) drop(s *Subscription, err error) {
	if _, ok := h.subs[s]; ok {
		delete(h.subs, s)
		s.err = err
		close(s.queue)
		subscribers.Set(float64(len(h.subs)))
	}
}

// Flowing fails while no events come, and so while maps may be stale; the error says why.
func (h *Hub) Flowing() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.away
}

// Start reads where the events stand, so that what commits from now on is handed out.
func (h *Hub) Start(ctx context.Context) error {
	return h.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		if err := ensureWeek(ctx, conn); err != nil {
			return err
		}
		if err := number(ctx, conn); err != nil {
			return err
		}
		_, last, err := bounds(ctx, conn)
		h.last = last
		return err
	})
}

// Run hands out events until ctx ends. It reconnects by itself, and after a gap goes on with the event after the last one that it
// handed out.
func (h *Hub) Run(ctx context.Context) {
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		for s := range h.subs {
			h.drop(s, nil)
		}
	}()
	for wait := 100 * time.Millisecond; ctx.Err() == nil; wait = min(2*wait, 2*time.Second) {
		err := h.listen(ctx, func() { wait = 100 * time.Millisecond })
		if ctx.Err() != nil {
			return
		}
		h.setAway(err)
		slog.Warn("live events interrupted, reconnecting", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

func (h *Hub) setAway(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.away = err
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
			if err := ensureWeek(ctx, pooled); err != nil {
				return err
			}
			kept = time.Now()
		}
		if err := h.drain(ctx, pooled); err != nil {
			return err
		}
		h.setAway(nil)
		healthy()
		notified, cancel := context.WithTimeout(ctx, poll)
		_, err := pooled.Conn().WaitForNotification(notified)
		cancel()
		if err != nil && (ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded)) {
			return err
		}
	}
}

func (h *Hub) drain(ctx context.Context, conn *pgxpool.Conn) error {
	if err := number(ctx, conn); err != nil {
		return err
	}
	for {
		h.mu.Lock()
		last := h.last
		h.mu.Unlock()
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

// hand queues events for who may see them. Cost: 20 ns a subscription that an event is not for, 0.5 µs one that it is for.
func (h *Hub) hand(events []Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range events {
		h.last = e.Seq
		audience := audienceOf(e.Kind)
		for s := range h.subs {
			if !s.filter.sees(audience, e.Areas) {
				continue
			}
			select {
			case s.queue <- e:
			default:
				h.drop(s, ErrBehind)
			}
		}
	}
}
