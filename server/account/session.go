package account

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/server/db"
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

// visit is what the store finds with a session, so that a request costs one query: the request's context holds it.
type visit struct {
	account *Account
	session *Session
	save    *saving
}

// saving is where the store writes: in the transaction that makes the session.
type saving struct {
	tx      pgx.Tx
	session *Session
}

type visitKey struct{}

func visitOf(ctx context.Context) *visit {
	v, _ := ctx.Value(visitKey{}).(*visit)
	return v
}

// sessionStore keeps the sessions of scs in the table session. (scs's own pgxstore has another table, takes no context, and could not join.)
type sessionStore struct{ *Service }

// FindCtx finds a session that has not ended, with its account and grants.
func (s *sessionStore) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	v := visitOf(ctx)
	if v == nil {
		v = &visit{}
	}
	data, v.account, v.session, err = findSession(ctx, s.pool, "t.token = $3", token, s.now(), s.rules.SessionIdle)
	return data, v.account != nil, err
}

// CommitCtx stores a session's secret, in the transaction of ctx.
func (s *sessionStore) CommitCtx(ctx context.Context, token string, data []byte, _ time.Time) error {
	v := visitOf(ctx)
	if v == nil || v.save == nil {
		return errors.New("a session is saved by Service.begin and Service.renew only")
	}
	_, err := v.save.tx.Exec(ctx, `
		INSERT INTO session (token, data, expiry, account_session) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account_session) DO UPDATE SET token = excluded.token, data = excluded.data, expiry = excluded.expiry`,
		token, data, v.save.session.EndsAt, v.save.session.ID)
	return err
}

// DeleteCtx forgets a secret. Renewing one deletes it before the new one is stored, in the same transaction.
func (s *sessionStore) DeleteCtx(ctx context.Context, token string) error {
	if v := visitOf(ctx); v != nil && v.save != nil {
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
