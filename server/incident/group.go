package incident

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"jingwei/server/web"
)

// Reports that come at the same time are stored together: what a commit costs, the wait for the disk, is paid once for all of them, and
// while it waits, the next ones gather. Whoever comes alone is stored at once. One group at a time: PostgreSQL lets one transaction with a NOTIFY
// commit at a time, so two would only be smaller.
const (
	mostOfOne  = 500             // reports in one group
	mostWait   = 5000            // reports that wait; some 50 MB at the most
	longestFor = 5 * time.Second // nobody is let in who would wait longer
	costsAsOne = 20              // as many reports take hardly longer than one: what that takes says nothing of many
)

// line is where reports wait to be stored.
type line struct {
	store  func([]*prepared) // sets what became of each
	answer func([]*prepared) // finds what else their answers tell, while the next group is stored

	mu      sync.Mutex
	waiting []*prepared // the oldest first
	running bool
	idle    chan struct{}
	each    time.Duration // how long a report took lately
}

func newLine(store, answer func([]*prepared)) *line {
	idle := make(chan struct{})
	close(idle)
	return &line{store: store, answer: answer, idle: idle}
}

// full is nil where a report that comes now would be stored soon enough; else a problem that says when to come again.
func (l *line) full() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fullNow()
}

func (l *line) fullNow() error {
	if len(l.waiting) == 0 {
		return nil
	}
	wait := max(time.Duration(len(l.waiting))*l.each, time.Since(l.waiting[0].queued))
	if len(l.waiting) < mostWait && wait < longestFor {
		return nil
	}
	return web.TooBusy(max(wait, longestFor), "too many reports wait to be stored; this one was not")
}

// length is how many reports wait.
func (l *line) length() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return float64(len(l.waiting))
}

// put lets a report in, whose done is closed when it is known what became of it. It does not wait.
func (l *line) put(p *prepared) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.fullNow(); err != nil {
		return err
	}
	p.queued = time.Now()
	l.waiting = append(l.waiting, p)
	if !l.running {
		l.running, l.idle = true, make(chan struct{})
		go l.run()
	}
	return nil
}

// run stores groups until nobody waits. Answers are made ready for one group at a time.
func (l *line) run() {
	var answers sync.WaitGroup
	for {
		l.mu.Lock()
		group := l.take()
		if len(group) == 0 {
			l.running = false
			close(l.idle)
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		begun := time.Now()
		l.storeSafely(group)
		answers.Wait()
		answers.Go(func() { l.answerSafely(group) })
		took := time.Since(begun) / time.Duration(max(len(group), costsAsOne))
		l.mu.Lock()
		l.each = (7*l.each + took) / 8
		l.mu.Unlock()
	}
}

// storeSafely keeps a mistake in here from ending the program: no request is around it that would.
func (l *line) storeSafely(group []*prepared) {
	defer func() {
		if failure := recover(); failure != nil {
			slog.Error("panic while reports were stored", "reports", len(group), "error", failure, "stack", string(debug.Stack()))
			for _, p := range group {
				p.err = fmt.Errorf("panic while the report was stored: %v", failure)
			}
		}
	}()
	l.store(group)
}

// answerSafely tells the senders of a group what became of their reports, whatever happens here.
func (l *line) answerSafely(group []*prepared) {
	defer func() {
		if failure := recover(); failure != nil {
			slog.Error("panic after reports were stored", "reports", len(group), "error", failure, "stack", string(debug.Stack()))
		}
		for _, p := range group {
			close(p.done)
		}
	}()
	l.answer(group)
}

// take removes the next group. Of reports with one key or one number only the first is in it: the next is a repeat, which the database can
// tell after the first is stored.
func (l *line) take() []*prepared {
	type name struct{ of, text string }
	names := map[name]bool{}
	var group, left []*prepared
	for i, p := range l.waiting {
		if len(group) == mostOfOne {
			left = append(left, l.waiting[i:]...)
			break
		}
		byKey, byNumber := name{p.key.sender, p.key.text}, name{}
		if p.number != nil {
			byNumber = name{p.number.source, p.number.number}
		}
		if byKey.text != "" && names[byKey] || byNumber.text != "" && names[byNumber] {
			left = append(left, p)
			continue
		}
		names[byKey], names[byNumber] = true, true
		group = append(group, p)
	}
	l.waiting = left
	return group
}

// Drain waits until every report that was let in is stored, or until ctx ends.
func (s *Service) Drain(ctx context.Context) error {
	s.line.mu.Lock()
	idle := s.line.idle
	s.line.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("reports still wait to be stored: %w", ctx.Err())
	}
}
