package heat

import (
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

// find gives an answer of a version, or one that is not older than keptFor. work gives it and its size in bytes.
func (k *kept) find(key string, version uint64, work func() (any, int, error)) (any, error) {
	k.mu.Lock()
	a, ok := k.answers.GetIfPresent(key)
	if ok && (a.version == version || k.now().Sub(a.at) < keptFor) {
		k.mu.Unlock()
		<-a.done
		return a.value, a.err
	}
	a = &answer{version: version, at: k.now(), done: make(chan struct{})}
	k.answers.Set(key, a)
	k.mu.Unlock()
	defer close(a.done)
	value, size, err := work()
	a.value, a.err = value, err
	k.mu.Lock()
	defer k.mu.Unlock()
	if err != nil {
		k.answers.Invalidate(key)
		return nil, err
	}
	sized := *a
	sized.size, sized.done = size, closed
	k.answers.Set(key, &sized)
	return value, nil
}

var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()
