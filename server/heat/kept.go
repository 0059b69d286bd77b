package heat

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
)

const (
	keptBytes = 96 << 20    // of answers
	keptFor   = time.Second // while incidents come in; a wall asks for 20 to 60 tiles of one view at once
)

// kept are answers that were worked out lately. Who asks for one that is being worked out waits for it.
type kept struct {
	now     func() time.Time
	mu      sync.Mutex
	answers *otter.Cache[string, *answer]
}

// answer is worked out once; what it says may be read when done is closed.
type answer struct {
	version uint64
	at      time.Time
	done    chan struct{}
	value   any
	size    int
	err     error
}

func newKept(now func() time.Time) *kept {
	return &kept{now: now, answers: otter.Must(&otter.Options[string, *answer]{
		MaximumWeight: keptBytes, Weigher: func(key string, a *answer) uint32 { return uint32(len(key) + a.size + 256) },
	})}
}

// errBroken is what those are told who waited for an answer whose work did not come to an end.
var errBroken = errors.New("a count broke off")

// find gives an answer of a version, or one that is not older than keptFor. work gives it and its size in bytes. Whoever waits for the work of
// somebody who leaves begins it anew.
func (k *kept) find(ctx context.Context, key string, version uint64, work func() (any, int, error)) (any, error) {
	for {
		a, mine := k.claim(key, version)
		if mine {
			return k.finish(key, a, work)
		}
		select {
		case <-a.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if left := errors.Is(a.err, context.Canceled) || errors.Is(a.err, context.DeadlineExceeded); !left || ctx.Err() != nil {
			return a.value, a.err
		}
	}
}

// claim gives the answer to a key; mine tells that there is none and that who asks has to finish it.
func (k *kept) claim(key string, version uint64) (a *answer, mine bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	a, ok := k.answers.GetIfPresent(key)
	if ok && (a.version == version || k.now().Sub(a.at) < keptFor) {
		return a, false
	}
	a = &answer{version: version, at: k.now(), done: make(chan struct{})}
	k.answers.Set(key, a)
	return a, true
}

// finish works an answer out. What fails or panics is not kept.
func (k *kept) finish(key string, a *answer, work func() (any, int, error)) (any, error) {
	defer close(a.done)
	size := 0
	defer func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		if now, ok := k.answers.GetIfPresent(key); ok && now != a { // a later one
			return
		}
		if a.err != nil {
			k.answers.Invalidate(key)
			return
		}
		sized := *a
		sized.size, sized.done = size, closed
		k.answers.Set(key, &sized)
	}()
	a.err = errBroken // until work returns
	a.value, size, a.err = work()
	return a.value, a.err
}

var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()
