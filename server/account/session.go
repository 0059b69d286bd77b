package account

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/server/access"
	"jingwei/server/audit"
	"jingwei/server/db"
	"jingwei/server/web"
)

// cookieName is the cookie that holds a session's secret.
const cookieName = "jingwei_session"

// Session is a place where a person is logged in.
type Session struct {
	ID        uuid.UUID
	CreatedAt time.Time
	SeenAt    time.Time // written at most once a minute
	EndsAt    time.Time // whatever happens
	Address   string    // it was begun from
	Agent     string    // the browser's own words
}

// newSessions configures scs: it makes the secrets, hashes them for the store, and sets the cookie. That a session ends by itself is
// decided by the table account_session and this program's clock.
func (s *Service) newSessions() *scs.SessionManager {
	m := scs.New()
	m.Lifetime = s.rules.SessionMax
	m.Store = &sessionStore{s}
	m.HashTokenInStore = true
	m.Cookie = scs.SessionCookie{Name: cookieName, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.rules.Secure, Persist: false}
	return m
}

// visit is what a request came with, in its context. The store fills in what it finds, so that a request costs one query.
type visit struct {
	host    string // as the request names this server
	agent   string
	account *Account // nil for the public and for tokens
	session *Session
	save    *saving // where the store writes
}

// saving is a session whose secret is made in a transaction.
type saving struct {
	tx      pgx.Tx
	session *Session
}

type visitKey struct{}

// visitOf is the visit of a context; an empty one where the request was not looked at.
func visitOf(ctx context.Context) *visit {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		return v
	}
	return &visit{}
}

// sessionStore keeps the sessions of scs in the table session. (scs's own pgxstore has another table, takes no context, and could not join.)
type sessionStore struct{ *Service }

// FindCtx finds a session that has not ended, with its account and grants.
func (s *sessionStore) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	v := visitOf(ctx)
	data, v.account, v.session, err = findSession(ctx, s.pool, "t.token = $3", token, s.now(), s.rules.SessionIdle)
	return data, v.account != nil, err
}

// CommitCtx stores a session's secret, in the transaction of ctx.
func (s *sessionStore) CommitCtx(ctx context.Context, token string, data []byte, _ time.Time) error {
	v := visitOf(ctx)
	if v.save == nil {
		return errors.New("a session is saved by Service.secret only")
	}
	_, err := v.save.tx.Exec(ctx, `
		INSERT INTO session (token, data, expiry, account_session) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account_session) DO UPDATE SET token = excluded.token, data = excluded.data, expiry = excluded.expiry`,
		token, data, v.save.session.EndsAt, v.save.session.ID)
	return err
}

// DeleteCtx forgets a secret. Renewing one deletes it before the new one is stored, in the same transaction.
func (s *sessionStore) DeleteCtx(ctx context.Context, token string) error {
	if v := visitOf(ctx); v.save != nil {
		_, err := v.save.tx.Exec(ctx, `DELETE FROM session WHERE token = $1`, token)
		return err
	}
	_, err := s.pool.Exec(ctx, `DELETE FROM session WHERE token = $1`, token)
	return err
}

// Find, Commit and Delete are asked of a store, but not called where there are those with a context.
func (s *sessionStore) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is as Find.
func (s *sessionStore) Commit(token string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiry)
}

// Delete is as Find.
func (s *sessionStore) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

// findSession is the session for which a condition with $3 holds, with its secret's data, account and grants. All are nil where there is
// none, where it has ended, or where its account is disabled.
func findSession(ctx context.Context, q db.Querier, condition string, value any, now time.Time, idle time.Duration) ([]byte, *Account, *Session, error) {
	var data []byte
	a, v := &Account{}, &Session{}
	err := q.QueryRow(ctx, `
		SELECT t.data, v.id, v.created_at, v.seen_at, v.ends_at, v.address, v.agent, `+accountColumns+`
		FROM session t JOIN account_session v ON v.id = t.account_session JOIN account a ON a.id = v.account
		WHERE v.ends_at > $1 AND v.seen_at > $2 AND a.disabled_at IS NULL AND `+condition, now, now.Add(-idle), value).
		Scan(append([]any{&data, &v.ID, &v.CreatedAt, &v.SeenAt, &v.EndsAt, &v.Address, &v.Agent}, a.fields()...)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil, nil, nil
	}
	return data, a, v, err
}

// begin logs a person in: a new session with a new secret, in place of the one that the browser came with. how is the way, for the audit
// log. The cookie is for the browser once the transaction is committed.
func (s *Service) begin(ctx context.Context, tx pgx.Tx, a *Account, how string) (*http.Cookie, error) {
	now, old := s.now(), visitOf(ctx)
	if old.session != nil {
		if err := deleteSession(ctx, tx, old.session.ID); err != nil {
			return nil, err
		}
	}
	v := &Session{
		ID: newID(), CreatedAt: now, SeenAt: now, EndsAt: now.Add(s.rules.SessionMax), Address: web.ClientAddress(ctx), Agent: old.agent,
	}
	if err := insertSession(ctx, tx, a.ID, v); err != nil {
		return nil, err
	}
	cookie, err := s.secret(ctx, tx, v)
	if err != nil {
		return nil, err
	}
	ctx = access.With(ctx, access.Person(a.ID, v.ID, a.Login, a.grants()))
	return cookie, audit.Append(ctx, tx, audit.Entry{Action: "session.create", Object: v.object(), After: map[string]any{"by": how}})
}

// renew is secret for a session that has been in use, and that another browser may be about to end.
func (s *Service) renew(ctx context.Context, tx pgx.Tx, v *Session) (*http.Cookie, error) {
	tag, err := tx.Exec(ctx, `SELECT FROM account_session WHERE id = $1 FOR UPDATE`, v.ID)
	if err != nil {
		return nil, err
	}
	if tag.RowsAffected() == 0 {
		return nil, web.NewProblem(web.LoginRequired, "your session was ended in the meantime; log in again")
	}
	return s.secret(ctx, tx, v)
}

// secret gives a session a new secret; the one before is worth nothing once the transaction is committed.
func (s *Service) secret(ctx context.Context, tx pgx.Tx, v *Session) (*http.Cookie, error) {
	ctx, err := s.sessions.Load(context.WithValue(ctx, visitKey{}, &visit{save: &saving{tx, v}}), "")
	if err != nil {
		return nil, err
	}
	if err := s.sessions.RenewToken(ctx); err != nil {
		return nil, err
	}
	token, _, err := s.sessions.Commit(ctx)
	if err != nil {
		return nil, err
	}
	return s.cookie(token), nil
}

// cookie is the browser's; it goes when the browser is closed. "" removes it.
func (s *Service) cookie(token string) *http.Cookie {
	c := s.sessions.Cookie
	cookie := &http.Cookie{Name: c.Name, Value: token, Path: c.Path, HttpOnly: c.HttpOnly, SameSite: c.SameSite, Secure: c.Secure} //nolint:gosec // Secure where the public address is https
	if token == "" {
		cookie.MaxAge = -1
	}
	return cookie
}

// object is what the audit log calls the session.
func (v *Session) object() string { return "session/" + v.ID.String() }

// me is the person who asks, with the session; problems where nobody is logged in, or by a token.
func me(ctx context.Context) (*Account, *Session, error) {
	v := visitOf(ctx)
	switch {
	case v.account != nil:
		return v.account, v.session, nil
	case access.From(ctx).Via == access.ViaNothing:
		return nil, nil, web.NewProblem(web.LoginRequired, "log in first: this is about your own account")
	}
	return nil, nil, web.NewProblem(web.Forbidden, "a token cannot do this; log in with a browser")
}

// LogOut ends the session of the one who asks. Whoever has none is logged out already.
func (s *Service) LogOut(ctx context.Context) (*http.Cookie, error) {
	if v := visitOf(ctx); v.session != nil {
		err := s.inTx(ctx, func(tx pgx.Tx) error {
			if err := deleteSession(ctx, tx, v.session.ID); err != nil {
				return err
			}
			return audit.Append(ctx, tx, audit.Entry{Action: "session.delete", Object: v.session.object(), Reason: "logged out"})
		})
		if err != nil {
			return nil, err
		}
	}
	return s.cookie(""), nil
}

// Sessions are where the person who asks is logged in, the newest first.
func (s *Service) Sessions(ctx context.Context) ([]Session, error) {
	a, _, err := me(ctx)
	if err != nil {
		return nil, err
	}
	return listSessionsOf(ctx, s.pool, a.ID, s.now(), s.rules.SessionIdle)
}

// EndSession ends a session of the person who asks; not_found for anybody else's.
func (s *Service) EndSession(ctx context.Context, id uuid.UUID) error {
	a, _, err := me(ctx)
	if err != nil {
		return err
	}
	return s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM account_session WHERE id = $1 AND account = $2`, id, a.ID)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return web.NewProblem(web.NotFound, "you have no session with the id "+id.String()).At("path.id", id)
		}
		return audit.Append(ctx, tx, audit.Entry{Action: "session.delete", Object: "session/" + id.String()})
	})
}

// EndOtherSessions ends all sessions of the person who asks but this one.
func (s *Service) EndOtherSessions(ctx context.Context) error {
	a, v, err := me(ctx)
	if err != nil {
		return err
	}
	return s.inTx(ctx, func(tx pgx.Tx) error {
		ended, err := endOtherSessions(ctx, tx, a.ID, v.ID)
		if err != nil {
			return err
		}
		return audit.Append(ctx, tx, audit.Entry{Action: "session.delete", Object: a.Object(), Reason: "all others", After: map[string]any{"ended": ended}})
	})
}

func insertSession(ctx context.Context, tx pgx.Tx, account uuid.UUID, v *Session) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO account_session (id, account, created_at, seen_at, ends_at, address, agent) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		v.ID, account, v.CreatedAt, v.SeenAt, v.EndsAt, v.Address, v.Agent)
	return err
}

// deleteSession ends a session; its secret goes with it.
func deleteSession(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	_, err := tx.Exec(ctx, `DELETE FROM account_session WHERE id = $1`, id)
	return err
}

// endOtherSessions logs an account out everywhere but in one session.
func endOtherSessions(ctx context.Context, tx pgx.Tx, account, but uuid.UUID) (ended int64, err error) {
	tag, err := tx.Exec(ctx, `DELETE FROM account_session WHERE account = $1 AND id <> $2`, account, but)
	return tag.RowsAffected(), err
}

// Upkeep removes what has ended: sessions, and tries to log in that nobody has to remember.
func (s *Service) Upkeep(ctx context.Context) error {
	now := s.now()
	if _, err := s.pool.Exec(ctx, `DELETE FROM account_session WHERE ends_at <= $1 OR seen_at <= $2`, now, now.Add(-s.rules.SessionIdle)); err != nil {
		return err
	}
	_, err := s.pool.Exec(ctx, `DELETE FROM login_try WHERE tried_at <= $1 AND coalesce(locked_until <= $2, true)`, now.Add(-forgetTries), now)
	return err
}
