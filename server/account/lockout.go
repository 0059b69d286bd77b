package account

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"jingwei/server/audit"
	"jingwei/server/web"
)

// A login is locked after freeTries tries that failed: for firstLock, and twice as long after each further one, up to longestLock. A day
// without a try forgets them.
const (
	freeTries   = 5
	firstLock   = time.Minute
	longestLock = time.Hour
	forgetTries = 24 * time.Hour
)

// try is one that was counted, and may now look at the password.
type try struct {
	login       string
	account     *Account // nil where nobody has the login
	number      int      // since the last success, with this one
	lockedUntil *time.Time
	refused     int // tries that were turned away before this one, since the last
}

// tooSoon is a problem with the time after which to try again.
type tooSoon struct {
	problem *web.Problem
	wait    time.Duration
}

func (e *tooSoon) Error() string { return e.problem.Error() }
func (e *tooSoon) Unwrap() error { return e.problem }

// GetHeaders gives huma the header Retry-After.
func (e *tooSoon) GetHeaders() http.Header {
	return http.Header{"Retry-After": {strconv.Itoa(max(1, int(math.Ceil(e.wait.Seconds()))))}}
}

// claim counts a try before anything is looked at, so that many at once get no more of them than one after the other. A login that nobody
// has is counted and locked alike. While it is locked every try is turned away, also one that would be right.
func (s *Service) claim(ctx context.Context, login string) (*try, error) {
	now := s.now()
	t := &try{login: login}
	var err error
	if t.account, err = findByLogin(ctx, s.pool, login, now); err != nil {
		return nil, err
	}
	err = s.pool.QueryRow(ctx, `
		INSERT INTO login_try AS t (login, tries, tried_at) VALUES ($1, 1, $2)
		ON CONFLICT (login) DO UPDATE SET
			tries = CASE WHEN t.tried_at > $3 THEN t.tries ELSE 0 END + 1, tried_at = $2, refused = 0,
			locked_until = CASE WHEN t.tried_at > $3 AND t.tries + 1 >= $4 THEN
				$2 + make_interval(secs => least($6::float8, $5::float8 * 2 ^ least(t.tries + 1 - $4, 30))) END
		WHERE t.locked_until IS NULL OR t.locked_until <= $2
		RETURNING tries, locked_until, coalesce((SELECT o.refused FROM login_try o WHERE o.login = $1), 0)`,
		loginKey(login), now, now.Add(-forgetTries), freeTries, firstLock.Seconds(), longestLock.Seconds()).
		Scan(&t.number, &t.lockedUntil, &t.refused)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, s.turnAway(ctx, t, now)
	}
	if err != nil {
		return nil, fmt.Errorf("count a try: %w", err)
	}
	return t, nil
}

// turnAway answers a try of a locked login. Only the first of them is written to the audit log: a flood must not fill it.
func (s *Service) turnAway(ctx context.Context, t *try, now time.Time) error {
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `UPDATE login_try SET refused = refused + 1 WHERE login = $1 RETURNING refused, locked_until`, loginKey(t.login)).
			Scan(&t.refused, &t.lockedUntil)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && t.refused > 1 {
			return nil // somebody has just unlocked it, or it is known
		}
		if err != nil {
			return err
		}
		return audit.Append(ctx, tx, t.entry(audit.Entry{Action: "session.refuse", Outcome: audit.Refused, Reason: "the login is locked"}))
	})
	if err != nil {
		return err
	}
	wait := firstLock
	if t.lockedUntil != nil {
		wait = t.lockedUntil.Sub(now)
	}
	return &tooSoon{web.NewProblem(web.TooMany, "too many tries with this login; try again later"), wait}
}

// entry adds to an audit entry whom the try was for. What was written as the login of nobody is left out: it may be a password.
func (t *try) entry(e audit.Entry) audit.Entry {
	after := map[string]any{"try": t.number}
	if t.account != nil {
		e.Object, after["login"] = t.account.Object(), t.account.Login
	}
	if t.lockedUntil != nil {
		after["locked_until"] = t.lockedUntil.UTC()
	}
	if t.refused > 0 {
		after["turned_away"] = t.refused
	}
	e.After = after
	return e
}

// fail leaves a try counted, writes it to the audit log, and gives back the problem.
func (s *Service) fail(ctx context.Context, t *try, action, reason string, problem error) error {
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		if err := audit.Append(ctx, tx, t.entry(audit.Entry{Action: action, Outcome: audit.Refused, Reason: reason})); err != nil {
			return err
		}
		if t.lockedUntil == nil {
			return nil
		}
		return audit.Append(ctx, tx, t.entry(audit.Entry{Action: "account.lock", Reason: reason}))
	})
	if err != nil {
		return err
	}
	return problem
}

// takeBack makes a try that was neither right nor wrong uncounted.
func (s *Service) takeBack(ctx context.Context, t *try) error {
	return s.inTx(ctx, func(tx pgx.Tx) error { return takeBack(ctx, tx, t) })
}

func takeBack(ctx context.Context, tx pgx.Tx, t *try) error {
	_, err := tx.Exec(ctx, `
		UPDATE login_try SET tries = greatest(tries - 1, 0), locked_until = CASE WHEN locked_until = $2 THEN NULL ELSE locked_until END WHERE login = $1`,
		loginKey(t.login), t.lockedUntil)
	return err
}
