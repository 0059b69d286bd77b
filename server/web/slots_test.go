package web

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// Who waits gets the slot that is given back, and nobody waits for longer than he wants to.
func TestSlotsAreWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := NewSlots(3, 2)
		first, _ := s.Take("a")
		s.Take("a")
		begun := time.Now()
		if _, ok := s.Wait(t.Context(), "a", time.Second); ok || time.Since(begun) != time.Second {
			t.Errorf("a third after %v: %v", time.Since(begun), ok)
		}
		other, ok := s.Wait(t.Context(), "b", time.Second)
		if !ok || time.Since(begun) != time.Second {
			t.Error("another waits although there is room")
		}
		go func() {
			time.Sleep(time.Second)
			other() // not what is waited for
			time.Sleep(time.Second)
			first()
		}()
		if _, ok := s.Wait(t.Context(), "a", time.Minute); !ok || time.Since(begun) != 3*time.Second {
			t.Errorf("with a slot given back after 2 s: %v after %v", ok, time.Since(begun))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, ok := s.Wait(ctx, "a", time.Minute); ok || time.Since(begun) != 4*time.Second {
			t.Errorf("who has left after 1 s: %v after %v", ok, time.Since(begun))
		}
		if s.sum != 2 || s.taken["a"] != 2 || len(s.taken) != 1 {
			t.Errorf("%d are taken, %v", s.sum, s.taken)
		}
	})
}
