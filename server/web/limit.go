package web

import (
	"context"
	"errors"
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

// fills is how long an empty bucket takes to be full again.
func (l Limit) fills() time.Duration { return time.Duration(l.Burst) * l.Every }

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
	Rest    Class // every other operation of the API, and /metrics; what else no class names, such as pages and assets, has no limit
}

// maxBuckets is how many clients are remembered; some 20 MB. In a flood of addresses the memory ends there, and who is forgotten starts anew.
const maxBuckets = 65_536

// buckets are those of clients, by whatever tells them apart.
type buckets[K comparable] = otter.Cache[K, *rate.Limiter]

// newBuckets keeps no bucket for longer than it takes to be full again, or a minute.
func newBuckets[K comparable](full time.Duration) *buckets[K] {
	return otter.Must(&otter.Options[K, *rate.Limiter]{
		MaximumSize: maxBuckets, ExpiryCalculator: otter.ExpiryAccessing[K, *rate.Limiter](max(time.Minute, full)),
	})
}

// bucketOf is a client's bucket: a full one where there is none yet.
func bucketOf[K comparable](all *buckets[K], client K, limit Limit) *rate.Limiter {
	bucket, _ := all.ComputeIfAbsent(client, func() (*rate.Limiter, bool) { return rate.NewLimiter(rate.Every(limit.Every), limit.Burst), false })
	return bucket
}

type bucketKey struct{ class, client string }

// limiter refuses requests that come too often.
type limiter struct {
	classes map[string]*Class // by method and route
	rest    *Class
	actor   func(context.Context) string
	now     func() time.Time
	buckets *buckets[bucketKey]
}

func newLimiter(limits Limits, actor func(context.Context) string, now func() time.Time) *limiter {
	l := &limiter{classes: map[string]*Class{}, rest: &limits.Rest, actor: actor, now: now}
	var full time.Duration
	for i := range limits.Classes {
		c := &limits.Classes[i]
		for _, operation := range c.Operations {
			l.classes[operation] = c
		}
		full = max(full, c.Address.fills(), c.Actor.fills())
	}
	l.buckets = newBuckets[bucketKey](full)
	return l
}

// Limit begins to refuse what comes too often; it must be called after all that finds out who asks. actor names the account or the token of
// a context, and is "" where nobody is logged in.
func (s *Server) Limit(limits Limits, actor func(context.Context) string, now func() time.Time) {
	l := newLimiter(limits, actor, now)
	s.Echo.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			operation := c.Request().Method + " " + c.Path()
			if l.classes[operation] == nil && !isData(c.Request()) && c.Path() != metricsPath {
				return next(c)
			}
			wait, whose := l.take(c.Request().Context(), operation, c.RealIP())
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
	limit, client := class.Address, networkOf(address)
	whose = "network address"
	if who := l.actor(ctx); who != "" && class.Actor.Burst > 0 {
		limit, client, whose = class.Actor, who, "account"
	}
	bucket := bucketOf(l.buckets, bucketKey{class.Name, client}, limit)
	now := l.now()
	if bucket.AllowN(now, 1) {
		return 0, whose
	}
	return max(missing(bucket, limit, now), time.Millisecond), whose
}
