package heat

import (
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"time"

	"jingwei/server/access"
	"jingwei/server/incident"
	"jingwei/server/live"
)

const (
	firstRetry = time.Second // after a fill that failed; twice that after the next
	lastRetry  = time.Minute
	look       = 500 * time.Millisecond // between two looks at whether events flow
)

// Run fills the table and follows the live events until ctx ends, which must have the server's rights. While a table is filled again the old
// one answers.
func (s *Service) Run(ctx context.Context) {
	for ctx.Err() == nil {
		sub := s.hub.Subscribe(live.FilterOf(access.From(ctx)))
		s.follow(ctx, sub)
		s.hub.Unsubscribe(sub)
		select {
		case <-ctx.Done():
		case <-time.After(look):
		}
	}
}

// filled is what a fill came to.
type filled struct {
	ledger   *ledger
	snapshot snapshot
	err      error
}

// follower is a subscription and the fill that runs beside it.
type follower struct {
	*Service
	ctx     context.Context //nolint:containedctx // it lives as long as one call of follow
	results chan filled
	shown   snapshot     // of the ledger that answers, where this has filled it
	under   bool         // a fill is under way
	waiting []live.Event // since it began
	wait    time.Duration
	retry   <-chan time.Time
}

// follow fills a ledger, applies what has happened since, and goes on applying, until the subscription or ctx ends.
func (s *Service) follow(ctx context.Context, sub *live.Subscription) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	f := &follower{Service: s, ctx: ctx, results: make(chan filled), wait: firstRetry}
	f.fill()
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-sub.Wake():
			if !f.catchUp(sub) {
				return
			}
		case r := <-f.results:
			f.finish(r)
		case <-f.retry:
			f.fill()
		case <-tick.C:
			now, flowing := s.now(), s.hub.Flowing() == nil
			if !f.catchUp(sub) {
				return
			}
			if flowing {
				s.asOf.Store(now.UnixMilli())
			}
		}
	}
}

// takeAtOnce is how many events are taken from a subscription at once.
const takeAtOnce = 1000

// catchUp counts all events that have come; false says that the subscription has ended.
func (f *follower) catchUp(sub *live.Subscription) bool {
	for {
		events, err := sub.Take(takeAtOnce)
		if err != nil {
			return false
		}
		for _, e := range events {
			f.take(e)
		}
		if len(events) < takeAtOnce {
			return true
		}
	}
}

// fill begins to fill a new ledger. It answers at once where no other does.
func (f *follower) fill() {
	l, p := newLedger(), &progress{}
	f.under, f.waiting, f.retry = true, nil, nil
	if now := f.state.Load(); now.partial {
		f.state.Store(&state{ledger: l, partial: true, filling: p})
	} else {
		f.state.Store(&state{ledger: now.ledger, filling: p})
	}
	f.version.Add(1)
	go func() {
		begin := f.now()
		snapshot, err := fill(f.ctx, f.pool, l, p)
		if err == nil {
			slog.Info("incidents are counted", "rows", l.table.Len(), "seconds", math.Round(f.now().Sub(begin).Seconds()*100)/100)
		}
		select {
		case f.results <- filled{l, snapshot, err}:
		case <-f.ctx.Done():
		}
	}()
}

// take counts an event. One that comes while a fill runs is kept for the new ledger, too; one that is told only after a quick fill has ended may
// be in the snapshot already.
func (f *follower) take(e live.Event) {
	f.lastSeen.Store(f.now().UnixMilli())
	if !counts(&e) {
		return
	}
	if f.under {
		f.waiting = append(f.waiting, e)
	}
	if now := f.state.Load(); !now.partial && !f.shown.holds(&e) && !apply(now.ledger, &e) && !f.under && f.retry == nil {
		f.fill()
	}
	f.version.Add(1)
}

// finish puts a new ledger in the place of the old one.
func (f *follower) finish(r filled) {
	f.under = false
	f.failed.Store(r.err != nil)
	if r.err != nil {
		slog.Warn("counting incidents failed, trying again", "wait", f.wait, "error", r.err)
		f.retry = time.After(f.wait)
		f.wait = min(2*f.wait, lastRetry)
		return
	}
	right := true
	for i := range f.waiting {
		if e := &f.waiting[i]; !r.snapshot.holds(e) {
			right = apply(r.ledger, e) && right
		}
	}
	f.waiting, f.wait, f.shown = nil, firstRetry, r.snapshot
	f.state.Store(&state{ledger: r.ledger})
	f.version.Add(1)
	if !right {
		f.fill()
	}
}

// counts reports whether an event can change a count.
func counts(e *live.Event) bool {
	switch e.Kind {
	case live.IncidentCreated, live.IncidentMoved, live.IncidentChanged, live.IncidentImported, live.IncidentArchived:
		return true
	}
	return false
}

// apply counts what an event changes; false says that the ledger is not right any more: many incidents came or went at once, or the event does
// not say what it changes, as those of earlier versions do not, or it changes what is not there.
func apply(l *ledger, e *live.Event) bool {
	if e.Kind == live.IncidentImported || e.Kind == live.IncidentArchived {
		return false
	}
	if e.Change == nil {
		return e.Kind != live.IncidentCreated
	}
	var c incident.Change
	if err := json.Unmarshal(e.Change, &c); err != nil {
		slog.Warn("counting incidents: an event cannot be read", "event", e.ID, "error", err)
		return false
	}
	found, err := l.apply(c)
	if err != nil {
		slog.Warn("counting incidents", "event", e.ID, "error", err)
	}
	return found && err == nil
}
