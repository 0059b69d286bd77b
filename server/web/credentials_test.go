package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
)

// door is a Credentials with somebody behind it who knows which credentials are good, and counts how often that is asked.
type door struct {
	*Credentials
	clock *clock
	mu    sync.Mutex
	asked int
	err   error
}

func newDoor(limit Limit) *door {
	d := &door{clock: &clock{}}
	d.clock.advance(time.Hour)
	d.Credentials = NewCredentials(limit, d.clock.now)
	return d
}

// try comes with a credential, which is good where it begins with that. It tells what came out: good, bad, how long to wait, or an error.
func (d *door) try(address, credential string) string {
	request, err := http.NewRequestWithContext(context.WithValue(context.Background(), clientAddressKey{}, address), http.MethodGet, "/", nil)
	if err != nil {
		return err.Error()
	}
	c := echo.New().NewContext(request, httptest.NewRecorder())
	good, err := d.Look(c, credential, func() (bool, error) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.asked++
		return strings.HasPrefix(credential, "good"), d.err
	})
	if p, ok := AsProblem(err); ok && p.Code == TooMany {
		return "wait " + c.Response().Header().Get("Retry-After")
	} else if err != nil {
		return err.Error()
	}
	return map[bool]string{true: "good", false: "bad"}[good]
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	d := newDoor(Limit{3, 10 * time.Second})
	const here, there = "203.0.113.1", "203.0.113.2"
	for i, step := range []struct {
		address, credential, want string
		asked                     int // of these
	}{
		{here, "good 1", "good", 1},
		{here, "good 1", "good", 1}, // each time: it may have ended
		{here, "bad 1", "bad", 1},
		{here, "bad 1", "bad", 0}, // known: counts and costs nothing
		{there, "bad 1", "bad", 0},
		{here, "bad 2", "bad", 1},
		{here, "bad 3", "bad", 1},
		{here, "bad 4", "wait 10", 0},
		{here, "good 2", "wait 10", 0}, // nobody knows that it is good
		{here, "good 1", "good", 1},
		{here, "bad 2", "bad", 0},
		{there, "good 2", "good", 1},
		{here, "good 2", "good", 1}, // known, wherever it was seen
		{there, "bad 4", "bad", 1},
		{"2001:db8::1", "bad 5", "bad", 1}, {"2001:db8::2", "bad 6", "bad", 1}, {"2001:db8::3", "bad 7", "bad", 1},
		{"2001:db8::4", "bad 8", "wait 10", 0}, // the same /64
	} {
		before := d.asked
		if got := d.try(step.address, step.credential); got != step.want || d.asked-before != step.asked {
			t.Errorf("step %d, %s from %s: %s, asked %d times", i+1, step.credential, step.address, got, d.asked-before)
		}
	}
	d.Vouch("good 3")
	if got := d.try(here, "good 3"); got != "good" {
		t.Errorf("one that was just made: %s", got)
	}
	d.clock.advance(9500 * time.Millisecond)
	if got := d.try(here, "bad 9"); got != "wait 1" {
		t.Errorf("half a second early: %s", got)
	}
	d.clock.advance(500 * time.Millisecond)
	if got := d.try(here, "good 4"); got != "good" {
		t.Errorf("a good one after the time: %s", got)
	}
	if got := d.try(here, "bad 9"); got != "bad" {
		t.Errorf("a bad one after a good one: %s", got)
	}
	// Where the database is away nothing is known, and nothing counts.
	d.clock.advance(time.Hour)
	d.err = errors.New("away")
	for i := range 10 {
		if got := d.try(here, fmt.Sprint("good or bad ", i)); got != "away" {
			t.Errorf("without a database: %s", got)
		}
	}
	d.err = nil
	if got := d.try(here, "good or bad 9"); got != "good" {
		t.Errorf("with the database again: %s", got)
	}
	// A nil one asks each time.
	d.Credentials = nil
	d.Vouch("x")
	for i := range 10 {
		if got := d.try(here, fmt.Sprint("bad ", i)); got != "bad" {
			t.Errorf("without a limit: %s", got)
		}
	}
}

// Many bad ones at the same moment are looked up before any is known to be bad; then their network waits, but not for ever.
func TestBadCredentialsAtOnce(t *testing.T) {
	t.Parallel()
	d := newDoor(Limit{5, time.Second})
	d.mu.Lock()
	var group sync.WaitGroup
	for i := range 100 {
		group.Go(func() { d.try("203.0.113.1", fmt.Sprint("bad ", i)) })
		group.Go(func() { d.try("203.0.113.2", "bad, and always the same") })
	}
	time.Sleep(100 * time.Millisecond)
	d.mu.Unlock()
	group.Wait()
	if got := d.try("203.0.113.1", "bad"); got != "wait 6" {
		t.Errorf("after 100 at once: %s", got)
	}
	if got := d.try("203.0.113.2", "bad, too"); got != "bad" {
		t.Errorf("after 100 at once that are one: %s", got)
	}
}

// However many come, what is remembered stays bounded.
func TestVerdictsAreBounded(t *testing.T) {
	t.Parallel()
	d := newDoor(Limit{1 << 20, time.Second})
	for i := range 3 * maxVerdicts {
		d.try("203.0.113.1", fmt.Sprint("bad ", i))
		d.try("203.0.113.1", fmt.Sprint("good ", i))
	}
	d.good.CleanUp()
	d.bad.CleanUp()
	if good, bad := d.good.EstimatedSize(), d.bad.EstimatedSize(); good > maxVerdicts || bad > maxVerdicts {
		t.Errorf("%d good and %d bad ones are remembered", good, bad)
	}
}
