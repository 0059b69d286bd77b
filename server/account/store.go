package account

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/server/db"
)

// grantsOf is the column of an account's grants; $1 is the time by which they may not have expired.
const grantsOf = `coalesce((
	SELECT json_agg(json_build_object('id', g.id, 'role', g.role, 'area', coalesce(g.area, ''), 'level', coalesce(r.level, ''),
		'expires_at', g.expires_at, 'granted_by', g.granted_by, 'granted_at', g.granted_at) ORDER BY g.granted_at, g.id)
	FROM account_grant g LEFT JOIN area r ON r.code = g.area
	WHERE g.account = a.id AND (g.expires_at IS NULL OR g.expires_at > $1)), '[]')`

// lockedUntil is the end of the lock of account a, null where it is not locked; $1 is the time.
const lockedUntil = `(SELECT t.locked_until FROM login_try t WHERE t.login = sha256(convert_to(a.login, 'UTF8')) AND t.locked_until > $1)`

// accountColumns are those of account a that fields takes, in its order; $1 is the time.
const accountColumns = `a.id, a.login, a.name, a.kind, coalesce(a.password, ''), a.password_changed_at, a.must_change, a.former_passwords, a.totp,
	a.totp_confirmed_at, a.recovery, a.issuer, a.subject, ` + lockedUntil + `,
	a.disabled_at, a.demo, a.version, a.created_at, a.last_login_at, ` + grantsOf

// fields are the places for accountColumns.
func (a *Account) fields() []any {
	return []any{
		&a.ID, &a.Login, &a.Name, &a.Kind, &a.Password, &a.PasswordChangedAt, &a.MustChange, &a.Former, &a.TOTP,
		&a.TOTPConfirmedAt, &a.Recovery, &a.Issuer, &a.Subject, &a.LockedUntil, &a.DisabledAt, &a.Demo, &a.Version, &a.CreatedAt, &a.LastLoginAt,
		&a.Grants,
	}
}

// findBy is the one account that a condition on a holds for, nil where there is none; $1 is the time, $2 the value.
func findBy(ctx context.Context, q db.Querier, condition string, now time.Time, value any) (*Account, error) {
	a := &Account{}
	err := q.QueryRow(ctx, "SELECT "+accountColumns+" FROM account a WHERE "+condition, now, value).Scan(a.fields()...)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find an account: %w", err)
	}
	return a, nil
}

func findByLogin(ctx context.Context, q db.Querier, login string, now time.Time) (*Account, error) {
	return findBy(ctx, q, "a.login = $2", now, login)
}

func findByID(ctx context.Context, q db.Querier, id uuid.UUID, now time.Time) (*Account, error) {
	return findBy(ctx, q, "a.id = $2", now, id)
}

// lock is findByID for a change: others wait until the transaction ends.
func lock(ctx context.Context, tx pgx.Tx, id uuid.UUID, now time.Time) (*Account, error) {
	return findBy(ctx, tx, "a.id = $2 FOR UPDATE OF a", now, id)
}

// insert stores a new account without its grants.
func insert(ctx context.Context, tx pgx.Tx, a *Account) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO account (id, login, name, kind, password, password_changed_at, must_change, issuer, subject, demo, version, created_at)
		VALUES ($1, $2, $3, $4, nullif($5, ''), $6, $7, $8, $9, $10, 1, $11)`,
		a.ID, a.Login, a.Name, a.Kind, a.Password, a.PasswordChangedAt, a.MustChange, a.Issuer, a.Subject, a.Demo, a.CreatedAt)
	return err
}

// insertGrant gives an account a role.
func insertGrant(ctx context.Context, tx pgx.Tx, account uuid.UUID, g *Grant) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO account_grant (id, account, role, area, expires_at, granted_by, granted_at) VALUES ($1, $2, $3, nullif($4, ''), $5, $6, $7)`,
		g.ID, account, g.Role, g.Area, g.ExpiresAt, g.GrantedBy, g.GrantedAt)
	return err
}

// loginKey is what the tries of a login are counted under.
func loginKey(login string) []byte {
	key := sha256.Sum256([]byte(login))
	return key[:]
}

// unlock forgets the tries of a login.
func unlock(ctx context.Context, tx pgx.Tx, login string) error {
	_, err := tx.Exec(ctx, `DELETE FROM login_try WHERE login = $1`, loginKey(login))
	return err
}
