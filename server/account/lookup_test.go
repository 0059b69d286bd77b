package account

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestLookupsAreShared: while a question runs, those who ask wait for the next one, which is begun after them and is one for all.
func TestLookupsAreShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLookups[int64]()
		var asked atomic.Int64
		begun, goOn := make(chan struct{}), make(chan struct{})
		ask := func() (int64, error) {
			return l.do(t.Context(), "a", func(context.Context) (int64, error) {
				n := asked.Add(1)
				if n == 1 {
					close(begun)
					<-goOn
				}
				return n, nil
			})
		}
		var all sync.WaitGroup
		all.Go(func() {
			if n, err := ask(); n != 1 || err != nil {
				t.Errorf("the first got %d, %v", n, err)
			}
		})
		<-begun
		for range 50 {
			all.Go(func() {
				if n, err := ask(); n < 2 || err != nil {
					t.Errorf("who asked while it ran got %d, %v", n, err)
				}
			})
		}
		synctest.Wait() // until all of them have asked
		gone, leave := context.WithCancel(t.Context())
		leave()
		if _, err := l.do(gone, "a", func(context.Context) (int64, error) { return asked.Add(1), nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("who left got %v", err)
		}
		if n, err := l.do(t.Context(), "b", func(context.Context) (int64, error) { return 7, nil }); n != 7 || err != nil {
			t.Errorf("another key got %d, %v", n, err)
		}
		close(goOn)
		all.Wait()
		if n := asked.Load(); n != 2 {
			t.Errorf("asked %d times for 51", n)
		}
		for left := 1; left > 0; time.Sleep(time.Millisecond) { // the last one is tidied up after its answer
			l.mu.Lock()
			left = len(l.running) + len(l.waiting)
			l.mu.Unlock()
		}
	})
}
