package account

import (
	"context"
	"sync"
	"time"
)

// lookupTime is how long a question that several wait for may take.
const lookupTime = 10 * time.Second

// lookups lets all who ask the same at the same time share one question. It is begun after each of them asked, so that nobody gets an answer
// older than the own request: what was revoked before it is revoked for it.
type lookups[V any] struct {
	mu      sync.Mutex
	running map[string]bool
	waiting map[string]*lookup[V] // begun when the running one has its answer
}

type lookup[V any] struct {
	find  func(context.Context) (V, error)
	value V
	err   error
	done  chan struct{}
}

func newLookups[V any]() *lookups[V] {
	return &lookups[V]{running: map[string]bool{}, waiting: map[string]*lookup[V]{}}
}

// do is the answer of find for a key, of whoever asked first among those who share it.
func (l *lookups[V]) do(ctx context.Context, key string, find func(context.Context) (V, error)) (V, error) {
	l.mu.Lock()
	q, ok := l.waiting[key]
	if !ok {
		q = &lookup[V]{find: find, done: make(chan struct{})}
		if l.running[key] {
			l.waiting[key] = q
		} else {
			l.running[key] = true
			go l.run(context.WithoutCancel(ctx), key, q)
		}
	}
	l.mu.Unlock()
	select {
	case <-q.done:
		return q.value, q.err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

// run answers questions until nobody asks.
func (l *lookups[V]) run(ctx context.Context, key string, q *lookup[V]) {
	for q != nil {
		within, cancel := context.WithTimeout(ctx, lookupTime)
		q.value, q.err = q.find(within)
		cancel()
		close(q.done)
		l.mu.Lock()
		q = l.waiting[key]
		delete(l.waiting, key)
		if q == nil {
			delete(l.running, key)
		}
		l.mu.Unlock()
	}
}
