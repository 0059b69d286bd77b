package account

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/labstack/echo/v4"

	"jingwei/server/access"
	"jingwei/server/web"
)

const (
	seenEvery = time.Minute // at most so often it is written down that a session is in use
	maxAgent  = 200         // bytes that are kept of a browser's words
)

// openToAll are the routes of pages and probes, and openTiles those of the base map: they say the same to everybody, and often. Who asks is
// not found out there.
var openToAll = []string{"/", "/*", "/healthz", "/readyz"}

const openTiles = "/tiles/areas"

// unattended is the header of requests that a page makes by itself, such as those of a wall: they are no use of the session.
const unattended = "Jingwei-Unattended"

// Authenticate puts into a request's context who asks: by an API token in the header Authorization, or by the cookie of a session. A bad
// token is refused; without a session, or with one that has ended, it is the public that asks. It costs one query, and none without either, or
// with what was bad a moment ago.
func (s *Service) Authenticate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if slices.Contains(openToAll, c.Path()) || strings.HasPrefix(c.Path(), openTiles) {
			return next(c)
		}
		r := c.Request()
		ctx := context.WithValue(r.Context(), visitKey{}, &visit{host: r.Host, agent: printable(r.UserAgent(), maxAgent)})
		c.Response().Before(func() { s.vouch(c.Response().Header()) })
		if scheme, token, _ := strings.Cut(r.Header.Get(echo.HeaderAuthorization), " "); strings.EqualFold(scheme, "Bearer") {
			token = strings.TrimSpace(token)
			var actor *access.Actor
			valid, err := s.credentials.Look(c, token, func() (_ bool, err error) {
				actor, err = s.ByToken(ctx, token)
				if p, ok := web.AsProblem(err); ok && p.Code == web.InvalidToken {
					return false, nil
				}
				return err == nil, err
			})
			if err == nil && !valid {
				c.Response().Header().Set(echo.HeaderWWWAuthenticate, `Bearer error="invalid_token"`)
				err = errInvalidToken()
			}
			if err != nil {
				return err
			}
			ctx = access.With(ctx, actor)
		} else if cookie, missing := r.Cookie(cookieName); missing == nil && cookie.Value != "" {
			var actor *access.Actor
			valid, err := s.credentials.Look(c, cookie.Value, func() (_ bool, err error) {
				actor, err = s.bySession(ctx, cookie.Value, r.Header.Get(unattended) == "")
				return actor != nil, err
			})
			if err != nil {
				return err
			}
			if valid {
				ctx = access.With(ctx, actor)
			}
		}
		c.SetRequest(r.WithContext(ctx))
		return next(c)
	}
}

// LimitCredentials bounds how often Authenticate looks up what turns out to be no valid token or session; without it nothing does.
func (s *Service) LimitCredentials(l *web.Credentials) { s.credentials = l }

// vouch tells of the session that an answer gives to a browser, so that it is looked up even where others of the same network sent bad ones.
func (s *Service) vouch(answer http.Header) {
	for _, line := range answer.Values(echo.HeaderSetCookie) {
		if cookie, err := http.ParseSetCookie(line); err == nil && cookie.Name == cookieName && cookie.Value != "" {
			s.credentials.Vouch(cookie.Value)
		}
	}
}

// bySession is whoever a session's secret belongs to; nil where that is nobody. The visit of ctx gets the session. used says that a person is
// at the browser.
func (s *Service) bySession(ctx context.Context, secret string, used bool) (*access.Actor, error) {
	if _, err := s.sessions.Load(ctx, secret); err != nil {
		return nil, err
	}
	v := visitOf(ctx)
	if v.account == nil {
		return nil, nil
	}
	if now := s.now(); used && s.unwritten(v.session, now) {
		if _, err := s.pool.Exec(ctx, `UPDATE account_session SET seen_at = $2 WHERE id = $1 AND seen_at < $2`, v.session.ID, now); err != nil {
			slog.WarnContext(ctx, "a session's use was not written down", "request_id", web.RequestID(ctx), "error", err)
		}
	}
	return s.person(v.account, v.session), nil
}

// unwritten reports whether it has to be written down that a session is in use now.
func (s *Service) unwritten(v *Session, now time.Time) bool {
	return now.Sub(v.SeenAt) >= min(seenEvery, s.rules.SessionIdle/4)
}

// person is the actor of a session.
func (s *Service) person(a *Account, v *Session) *access.Actor {
	if s.mustChange(a) {
		return access.Outdated(a.ID, v.ID, a.Login)
	}
	return access.Person(a.ID, v.ID, a.Login, a.grants())
}

// printable is the beginning of a text without what cannot be shown.
func printable(text string, size int) string {
	text = strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
	for len(text) > size {
		text = strings.ToValidUTF8(text[:size], "")
	}
	return text
}

// endsSoon is how long before the end of its session a wall is told of it.
const endsSoon = 24 * time.Hour

// Still reports whether an actor has the rights that it came with: what lasts longer than a request asks it from time to time. It is no use
// of the session, but for a wall, which nobody touches: where all that the account may do is to look, an open wall is use of its session and
// moves its end on, up to Rules.SessionWall after the log-in. endsAt is when the session of a wall ends by itself, where that is soon. While the
// database is away nothing is known to have changed.
func (s *Service) Still(ctx context.Context, actor *access.Actor, wall bool) (endsAt time.Time, still bool) {
	var a *Account
	var v *Session
	var err error
	now, same := s.now(), true
	switch actor.Via {
	case access.ViaSession:
		if _, a, v, err = findSession(ctx, s.pool, "v.id = $3", actor.Session, now, s.rules.SessionIdle); a != nil {
			same = s.person(a, v).Outdated() == actor.Outdated()
		}
	case access.ViaToken:
		a, err = findBy(ctx, s.pool, `a.disabled_at IS NULL AND a.id = (
			SELECT t.account FROM api_token t WHERE t.id = $2 AND t.revoked_at IS NULL AND t.expires_at > $1)`, now, actor.Token)
	default:
		return endsAt, true
	}
	if err != nil {
		return endsAt, web.IsDatabaseAway(err)
	}
	still = a != nil && same && (actor.Outdated() || slices.Equal(a.grants(), actor.Grants()))
	if still && wall && v != nil {
		if endsAt = s.keepWall(ctx, a, v, now); endsAt.Sub(now) > endsSoon {
			endsAt = time.Time{}
		}
	}
	return endsAt, still
}

// keepWall keeps the session of a wall alive, if it may, and says when it ends by itself all the same.
func (s *Service) keepWall(ctx context.Context, a *Account, v *Session, now time.Time) (endsAt time.Time) {
	if !a.onlyLooks() || s.mustChange(a) {
		if endsAt = v.SeenAt.Add(s.rules.SessionIdle); v.EndsAt.Before(endsAt) {
			endsAt = v.EndsAt
		}
		return endsAt
	}
	last := v.CreatedAt.Add(s.rules.SessionWall)
	if last.Before(v.EndsAt) {
		last = v.EndsAt
	}
	next := now.Add(s.rules.SessionMax)
	if next.After(last) {
		next = last
	}
	if !s.unwritten(v, now) && next.Sub(v.EndsAt) < seenEvery {
		return last
	}
	_, err := s.pool.Exec(ctx, `UPDATE account_session SET seen_at = greatest(seen_at, $2), ends_at = greatest(ends_at, $3) WHERE id = $1`, v.ID, now, next)
	if err != nil {
		slog.WarnContext(ctx, "the session of a wall was not kept alive", "error", err)
	}
	return last
}
