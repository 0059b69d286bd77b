package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(0, c.at.Load()) }
func (c *clock) advance(d time.Duration) { c.at.Add(int64(d)) }

// actorKey plays the part of a log-in.
type actorKey struct{}

func limited(t *testing.T, limits Limits) (*site, *clock) {
	t.Helper()
	proxies, err := ParseProxies([]string{"127.0.0.0/8"})
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{}
	c.advance(time.Hour)
	s := start(t, Options{TrustedProxies: proxies}, func(s *Server) {
		s.Limit(limits, func(ctx context.Context) string { who, _ := ctx.Value(actorKey{}).(string); return who }, c.now)
	})
	return s, c
}

func TestLimits(t *testing.T) {
	t.Parallel()
	s, clock := limited(t, Limits{
		Classes: []Class{{Name: "echo", Operations: []string{"POST /api/v1/echo"}, Address: Limit{3, 30 * time.Second}}},
		Rest:    Class{Name: "rest", Address: Limit{5, 100 * time.Millisecond}},
	})
	post := func(from string) answer {
		return s.do(http.MethodPost, "/api/v1/echo", hello, "Content-Type", "application/json", "X-Forwarded-For", from)
	}
	for i := range 3 {
		if a := post("203.0.113.1"); a.status != http.StatusOK {
			t.Fatalf("request %d: %d %s", i+1, a.status, a.body)
		}
	}
	a := post("203.0.113.1")
	if a.status != http.StatusTooManyRequests || a.code() != "too_many_requests" || a.header.Get("Retry-After") != "30" || !strings.Contains(a.body, "30 s") {
		t.Errorf("the fourth: %d, Retry-After %s: %s", a.status, a.header.Get("Retry-After"), a.body)
	}
	if a := post("203.0.113.2"); a.status != http.StatusOK {
		t.Errorf("another address: %d", a.status)
	}
	clock.advance(29 * time.Second)
	if a := post("203.0.113.1"); a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") != "1" {
		t.Errorf("after 29 s: %d, Retry-After %s", a.status, a.header.Get("Retry-After"))
	}
	clock.advance(time.Second)
	if a := post("203.0.113.1"); a.status != http.StatusOK {
		t.Errorf("after 30 s: %d", a.status)
	}
	if a := post("203.0.113.1"); a.status != http.StatusTooManyRequests {
		t.Errorf("one more after 30 s: %d", a.status)
	}

	// A made up address in front of the true one does not help, nor does another address of the same IPv6 /64.
	if a := post("198.51.100.77, 203.0.113.1"); a.status != http.StatusTooManyRequests {
		t.Errorf("with a made up address: %d", a.status)
	}
	for i := range 3 {
		post(fmt.Sprintf("2001:db8:0:1::%d", i+1))
	}
	if a := post("2001:db8:0:1:ffff::1"); a.status != http.StatusTooManyRequests {
		t.Errorf("the same /64: %d", a.status)
	}
	if a := post("2001:db8:0:2::1"); a.status != http.StatusOK {
		t.Errorf("another /64: %d", a.status)
	}

	// The rest has a limit of its own, unknown paths of the API too; pages and tiles have none.
	get := func(path string) int { return s.do(http.MethodGet, path, "", "X-Forwarded-For", "203.0.113.1").status }
	for i := range 5 {
		if status := get("/api/v1/nothing"); status != http.StatusNotFound {
			t.Errorf("request %d: %d", i+1, status)
		}
	}
	for path, want := range map[string]int{
		"/api/v1/nothing": http.StatusTooManyRequests, "/api/v1/who": http.StatusTooManyRequests, "/": http.StatusOK, "/assets/a.js": http.StatusOK,
		"/tiles/x": http.StatusOK, "/healthz": http.StatusOK,
	} {
		if status := get(path); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
}

func TestLimitsOfActors(t *testing.T) {
	t.Parallel()
	c := &clock{}
	c.advance(time.Hour)
	l := newLimiter(Limits{
		Classes: []Class{
			{Name: "report", Operations: []string{"POST /r"}, Address: Limit{1, time.Minute}, Actor: Limit{3, time.Second}},
			{Name: "login", Operations: []string{"POST /l"}, Address: Limit{1, time.Minute}},
		},
		Rest: Class{Name: "rest", Address: Limit{1, time.Minute}, Actor: Limit{1, time.Second}},
	}, func(ctx context.Context) string { who, _ := ctx.Value(actorKey{}).(string); return who }, c.now)
	as := func(who string) context.Context { return context.WithValue(t.Context(), actorKey{}, who) }
	ok := func(who, operation, address string) bool {
		wait, _ := l.take(as(who), operation, address)
		return wait == 0
	}
	for i := range 3 {
		if !ok("account 1", "POST /r", fmt.Sprint("203.0.113.", i)) {
			t.Errorf("report %d of an account", i+1)
		}
	}
	if ok("account 1", "POST /r", "203.0.113.99") {
		t.Error("an account goes round its limit by another address")
	}
	if !ok("token 1", "POST /r", "203.0.113.99") || !ok("", "POST /r", "203.0.113.99") {
		t.Error("an account's limit holds for a token or the public")
	}
	if ok("", "POST /r", "203.0.113.99") {
		t.Error("the public has no limit")
	}
	if !ok("account 1", "POST /l", "203.0.113.99") || ok("account 2", "POST /l", "203.0.113.99") {
		t.Error("log-ins must be counted by address, whoever is logged in")
	}
	if wait, whose := l.take(as("account 1"), "POST /r", "203.0.113.1"); wait != time.Second || whose != "account" {
		t.Errorf("wait %v for the %s", wait, whose)
	}
	// Zero limits, as of a server that was told none, refuse nothing.
	none := newLimiter(Limits{}, func(context.Context) string { return "" }, c.now)
	for range 1000 {
		if wait, _ := none.take(t.Context(), "GET /x", "203.0.113.1"); wait != 0 {
			t.Fatal("a server without limits refuses")
		}
	}
}

// TestFlood: a client with very many addresses does not fill the memory.
func TestFlood(t *testing.T) {
	t.Parallel()
	l := newLimiter(Limits{Rest: Class{Name: "rest", Address: Limit{1, time.Hour}}}, func(context.Context) string { return "" }, time.Now)
	for i := range 4 * maxBuckets {
		l.take(t.Context(), "GET /x", fmt.Sprintf("2001:db8:%x:%x::1", i>>16, i&0xffff))
	}
	l.buckets.CleanUp()
	if n := l.buckets.EstimatedSize(); n > maxBuckets {
		t.Errorf("%d buckets are kept, at most %d should be", n, maxBuckets)
	}
}
