package live

import (
	"errors"
	"fmt"
	"sort"
)

// What the window holds. A reader that is further behind is cut off, and a client that comes back from within it costs no query. A batch of
// incidents has at most 10,000 rows, so nobody is cut off by one batch alone.
const (
	windowLen   = 20_000
	windowBytes = 64 << 20 // of what the events say, where they say much
)

// ErrBehind ends a subscription whose reader did not keep up.
var ErrBehind = errors.New("the client did not keep up with the events")

// ErrEnded ends a subscription whose hub has ended, or that was given up.
var ErrEnded = errors.New("the live events have ended")

// window is the newest events, which all readers share: each has its own place in it, and reads at its own pace.
type window struct {
	entries []entry
	first   int64 // place of entries[0]; places count on from 0 and have no gaps, as numbers have
	floor   int64 // number above which the window holds all events
	bytes   int
}

// entry is an event with what its readers would all work out again.
type entry struct {
	Event
	audience int
	frame    []byte // as SSE
}

func (e *entry) size() int { return len(e.frame) + len(e.Change) + 200 }

// next is the place of the event that comes.
func (w *window) next() int64 { return w.first + int64(len(w.entries)) }

// last is the number of the newest event.
func (w *window) last() int64 {
	if len(w.entries) == 0 {
		return w.floor
	}
	return w.entries[len(w.entries)-1].Seq
}

// place is that of the first event above a number.
func (w *window) place(seq int64) int64 {
	return w.first + int64(sort.Search(len(w.entries), func(i int) bool { return w.entries[i].Seq > seq }))
}

// add puts events at the end and lets go of the oldest that are too many.
func (w *window) add(entries []entry) {
	for i := range entries {
		w.bytes += entries[i].size()
	}
	w.entries = append(w.entries, entries...)
	old := 0
	for ; len(w.entries)-old > windowLen || w.bytes > windowBytes && old < len(w.entries)-1; old++ {
		w.floor = w.entries[old].Seq
		w.bytes -= w.entries[old].size()
	}
	clear(w.entries[:old])
	w.entries = w.entries[old:]
	w.first += int64(old)
}

// entriesOf prepares events for the window.
func entriesOf(events []Event) []entry {
	entries := make([]entry, len(events))
	for i, e := range events {
		entries[i] = entry{e, audienceOf(e.Kind), frame(e.Seq, e.Kind, e.Data)}
	}
	return entries
}

// frame is an event as SSE.
func frame(seq int64, kind string, data []byte) []byte {
	return fmt.Appendf(nil, "id: %d\nevent: %s\ndata: %s\n\n", seq, kind, data)
}

// Subscription is one reader's place in the window. It is used by one goroutine.
type Subscription struct {
	Since int64 // number of the last event before the first one that Take gives

	hub    *Hub
	filter Filter
	place  int64 // of the next event to look at
	wake   chan struct{}
	ended  bool
}

// Wake says that there is something to take, or that the subscription has ended. It may say so for nothing.
func (s *Subscription) Wake() <-chan struct{} { return s.wake }

// Take gives the next events that the filter lets through, in order, at most limit; none where the reader has seen all. It does not wait.
// ErrBehind says that events were missed, ErrEnded that none will come.
func (s *Subscription) Take(limit int) (events []Event, err error) {
	_, _, err = s.take(limit, func(e *entry) { events = append(events, e.Event) })
	return events, err
}

// take is Take, and gives the number up to which the reader has now seen all that it may see, and whether there are more to look at.
func (s *Subscription) take(limit int, each func(*entry)) (seen int64, more bool, err error) {
	h := s.hub
	h.mu.RLock()
	defer h.mu.RUnlock()
	w := &h.window
	switch {
	case s.ended:
		return 0, false, ErrEnded
	case s.place < w.first:
		return 0, false, ErrBehind
	}
	for i := s.place - w.first; i < int64(len(w.entries)) && limit > 0; i++ {
		e := &w.entries[i]
		if s.filter.sees(e.audience, e.Areas) {
			each(e)
			limit--
		}
		s.place++
	}
	if s.place < w.next() {
		return w.entries[s.place-w.first].Seq - 1, true, nil
	}
	return w.last(), false, nil
}

// tell wakes the reader; h.mu must be held.
func (s *Subscription) tell() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
