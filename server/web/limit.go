package web

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"
)

// Limit is how often something may be done: Burst times at once, and then once in Every.
type Limit struct {
	Burst int
	Every time.Duration
}

// UnmarshalText reads 10/30s: ten at once, and then one in 30 seconds.
func (l *Limit) UnmarshalText(text []byte) error {
	burst, every, ok := strings.Cut(string(text), "/")
	n, errBurst := strconv.Atoi(burst)
	d, errEvery := time.ParseDuration(every)
	if !ok || errBurst != nil || errEvery != nil || n < 1 || d <= 0 {
		return errors.New("a limit is a number and a time: 10/30s are ten at once, and then one in 30 seconds")
	}
	l.Burst, l.Every = n, d
	return nil
}

// Class is what is limited together.
type Class struct {
	Name       string
	Operations []string // method and route, such as POST /api/v1/incidents
	Address    Limit    // for whoever is not logged in, by address (IPv6: by /64)
	Actor      Limit    // for an account or a token; zero: the limit by address holds for them too
}

// Limits are the classes of a server.
type Limits struct {
	Classes []Class
	Rest    Class // every other operation of the API, and /metrics; pages, assets and tiles have no limit
}

// maxBuckets is how many clients are remembered; some 20 MB. In a flood of addresses the memory ends there, and who is forgotten starts anew.
const maxBuckets = 65_536

type bucketKey struct{ class, client string }

// limiter refuses requests that come too often.
type limiter struct {
	classes map[string]*Class // by method and route
	rest    *Class
	actor   func(context.Context) string
	now     func() time.Time
	buckets *otter.Cache[bucketKey, *rate.Limiter]
}

func newLimiter(limits Limits, actor func(context.Context) string, now func() time.Time) *limiter {
	l := &limiter{classes: map[string]*Class{}, rest: &limits.Rest, actor: actor, now: now}
	full := time.Minute // a bucket that has had the time to fill up need not be kept
	for i := range limits.Classes {
		c := &limits.Classes[i]
		for _, operation := range c.Operations {
			l.classes[operation] = c
		}
		full = max(full, time.Duration(c.Address.Burst)*c.Address.Every, time.Duration(c.Actor.Burst)*c.Actor.Every)
	}
	l.buckets = otter.Must(&otter.Options[bucketKey, *rate.Limiter]{
		MaximumSize: maxBuckets, ExpiryCalculator: otter.ExpiryAccessing[bucketKey, *rate.Limiter](full),
	})
	return l
}

// Limit begins to refuse what comes too often; it must be called after all that finds out who asks. actor names the account or the token of
// a context, and is "" where nobody is logged in.
func (s *Server) Limit(limits Limits, actor func(context.Context) string, now func() time.Time) {
	l := newLimiter(limits, actor, now)
	s.Echo.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if !isData(c.Request()) && c.Path() != metricsPath {
				return next(c)
			}
			wait, whose := l.take(c.Request().Context(), c.Request().Method+" "+c.Path(), c.RealIP())
			if wait == 0 {
				return next(c)
			}
			return tooMany(c, wait, "too many requests of this kind from your "+whose)
		}
	})
}

// take counts a request. It returns how long to wait where there were too many, and whose they are.
func (l *limiter) take(ctx context.Context, operation, address string) (wait time.Duration, whose string) {
	class, ok := l.classes[operation]
	if !ok {
		class = l.rest
	}
	limit, client := class.Address, address
	if at, err := netip.ParseAddr(address); err == nil {
		client = network(at)
	}
	whose = "network address"
	if who := l.actor(ctx); who != "" && class.Actor.Burst > 0 {
		limit, client, whose = class.Actor, who, "account"
	}
	bucket, _ := l.buckets.ComputeIfAbsent(bucketKey{class.Name, client}, func() (*rate.Limiter, bool) {
		return rate.NewLimiter(rate.Every(limit.Every), limit.Burst), false
	})
	now := l.now()
	if bucket.AllowN(now, 1) {
		return 0, whose
	}
	return max(missing(bucket, limit, now), time.Millisecond), whose
}
