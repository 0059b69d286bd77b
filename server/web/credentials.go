package web

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"
)

const (
	maxVerdicts = 16_384      // good and bad credentials that are remembered, each; some 5 MB
	badFor      = time.Minute // what was bad is taken for bad; an account that is enabled again may have to wait for it
)

type verdicts = otter.Cache[[sha256.Size]byte, struct{}]

// Credentials bounds how often credentials that let nobody in are looked up for one network. Bad ones are counted, good ones are not, and
// what was good or bad a moment ago is known by its hash: a browser whose session has ended counts once, and a flood of bad credentials
// keeps only those out of the same network who were not seen before.
type Credentials struct {
	limit     Limit
	now       func() time.Time
	buckets   *buckets[string] // by network
	good, bad *verdicts
}

// NewCredentials begins with nothing known. limit is by network address.
func NewCredentials(limit Limit, now func() time.Time) *Credentials {
	return &Credentials{
		limit: limit, now: now,
		buckets: newBuckets[string](limit.fills()),
		good:    otter.Must(&otter.Options[[sha256.Size]byte, struct{}]{MaximumSize: maxVerdicts}),
		bad: otter.Must(&otter.Options[[sha256.Size]byte, struct{}]{
			MaximumSize: maxVerdicts, ExpiryCalculator: otter.ExpiryWriting[[sha256.Size]byte, struct{}](badFor),
		}),
	}
}

// Look tells by find whether a credential lets somebody in, or answers without it: that a bad one is bad, and too_many_requests where too many
// of the network were bad. A nil Credentials always asks find.
func (l *Credentials) Look(c echo.Context, credential string, find func() (bool, error)) (good bool, err error) {
	if l == nil {
		return find()
	}
	key := sha256.Sum256([]byte(credential))
	if _, known := l.bad.GetIfPresent(key); known {
		return false, nil
	}
	bucket := bucketOf(l.buckets, ClientNetwork(c.Request().Context()), l.limit)
	if _, known := l.good.GetIfPresent(key); !known {
		if wait := missing(bucket, l.limit, l.now()); wait > 0 {
			return false, tooMany(c, wait, "too many sessions or tokens from your network address were not valid")
		}
	}
	if good, err = find(); err != nil {
		return false, err
	}
	if good {
		l.good.Set(key, struct{}{})
		return true, nil
	}
	l.good.Invalidate(key)
	// Of those that came at the same moment one counts. Many that differ and come at once take the bucket below zero, but not without end.
	if _, first := l.bad.SetIfAbsent(key, struct{}{}); first && bucket.TokensAt(l.now()) > -float64(l.limit.Burst) {
		bucket.ReserveN(l.now(), 1)
	}
	return false, nil
}

// Vouch tells of a credential that was made just now.
func (l *Credentials) Vouch(credential string) {
	if l != nil {
		l.good.Set(sha256.Sum256([]byte(credential)), struct{}{})
	}
}

// missing is how long a bucket needs until it holds one again.
func missing(bucket *rate.Limiter, limit Limit, now time.Time) time.Duration {
	if lacks := 1 - bucket.TokensAt(now); lacks > 0 {
		return max(time.Duration(lacks*float64(limit.Every)), time.Millisecond)
	}
	return 0
}

// tooMany refuses a request and says when to come again.
func tooMany(c echo.Context, wait time.Duration, why string) error {
	seconds := int64((wait + time.Second - 1) / time.Second)
	c.Response().Header().Set(echo.HeaderRetryAfter, fmt.Sprint(seconds))
	return NewProblem(TooMany, fmt.Sprintf("%s; try again in %d s", why, seconds))
}
