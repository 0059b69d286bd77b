package account

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/access"
	"jingwei/server/db"
)

// oneAtATime makes administration wait for administration until the transaction ends.
func oneAtATime(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('account administration'))`)
	return err
}

// accounts gives those of a that the rest of a query after WHERE chooses; $1 is the time, args follow.
func accounts(ctx context.Context, q db.Querier, rest string, now time.Time, args ...any) ([]*Account, error) {
	rows, err := q.Query(ctx, `SELECT `+accountColumns+` FROM account a WHERE `+rest, append([]any{now}, args...)...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (*Account, error) {
		a := &Account{}
		return a, row.Scan(a.fields()...)
	})
}

// list gives accounts by login.
func list(ctx context.Context, q db.Querier, f Filter, limit int, now time.Time) ([]*Account, error) {
	return accounts(ctx, q, `a.login > $2
		AND ($3 = '' OR strpos(lower(a.login || E'\n' || a.name), lower($3)) > 0)
		AND ($4 = '' OR EXISTS (SELECT FROM account_grant h WHERE h.account = a.id AND h.role = $4 AND (h.expires_at IS NULL OR h.expires_at > $1)))
		AND $5 IN ('', CASE WHEN a.disabled_at IS NOT NULL THEN 'disabled' WHEN `+lockedUntil+` IS NOT NULL THEN 'locked' ELSE 'active' END)
		ORDER BY a.login LIMIT $6`, now, f.After, f.Text, f.Role, f.State, limit)
}

// update stores what an administrator can change, as the next version.
func update(ctx context.Context, tx pgx.Tx, a *Account) error {
	_, err := tx.Exec(ctx, `UPDATE account SET name = $2, disabled_at = $3, version = version + 1 WHERE id = $1`, a.ID, a.Name, a.DisabledAt)
	return err
}

// touch makes a new version of an account that something beside its row belongs to.
func touch(ctx context.Context, tx pgx.Tx, account uuid.UUID) error {
	_, err := tx.Exec(ctx, `UPDATE account SET version = version + 1 WHERE id = $1`, account)
	return err
}

// setInitialPassword stores a password that somebody else has seen.
func setInitialPassword(ctx context.Context, tx pgx.Tx, a *Account, hash string, now time.Time) error {
	if err := setPassword(ctx, tx, a, hash, now); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE account SET must_change = true, version = version + 1 WHERE id = $1`, a.ID)
	return err
}

// listSessionsOf gives the sessions of an account that have not ended.
func listSessionsOf(ctx context.Context, q db.Querier, account uuid.UUID, now time.Time, idle time.Duration) ([]Session, error) {
	rows, err := q.Query(ctx, `
		SELECT id, created_at, seen_at, ends_at, address, agent FROM account_session
		WHERE account = $1 AND ends_at > $2 AND seen_at > $3 ORDER BY id DESC`, account, now, now.Add(-idle))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Session])
}

// endAllSessions logs an account out everywhere.
func endAllSessions(ctx context.Context, tx pgx.Tx, account uuid.UUID) error {
	_, err := tx.Exec(ctx, `DELETE FROM account_session WHERE account = $1`, account)
	return err
}

// clearFactor removes the second factor.
func clearFactor(ctx context.Context, tx pgx.Tx, account uuid.UUID) error {
	_, err := tx.Exec(ctx, `
		UPDATE account SET totp = NULL, totp_confirmed_at = NULL, totp_step = 0, recovery = '{}', version = version + 1 WHERE id = $1`, account)
	return err
}

// deleteExpiredGrants forgets an account's grants whose time is over.
func deleteExpiredGrants(ctx context.Context, tx pgx.Tx, account uuid.UUID, now time.Time) error {
	_, err := tx.Exec(ctx, `DELETE FROM account_grant WHERE account = $1 AND expires_at <= $2`, account, now)
	return err
}

func deleteGrant(ctx context.Context, tx pgx.Tx, grant uuid.UUID) error {
	_, err := tx.Exec(ctx, `DELETE FROM account_grant WHERE id = $1`, grant)
	return err
}

// countSecurityAdmins counts those who can log in, from anywhere, and whose role does not end, besides one.
func countSecurityAdmins(ctx context.Context, tx pgx.Tx, besides uuid.UUID) (n int, err error) {
	err = tx.QueryRow(ctx, `
		SELECT count(*) FROM account_grant g JOIN account a ON a.id = g.account
		WHERE g.role = $1 AND g.expires_at IS NULL AND a.disabled_at IS NULL AND NOT a.demo AND (a.password IS NOT NULL OR a.issuer IS NOT NULL) AND a.id <> $2`,
		access.SecurityAdmin, besides).Scan(&n)
	return n, err
}

const tokenColumns = `t.id, t.name, t.hint, t.scopes, t.created_by, t.created_at, t.expires_at, t.used_at, t.used_from, t.revoked_at` //nolint:gosec // G101: columns

func (t *Token) fields() []any {
	return []any{&t.ID, &t.Name, &t.Hint, &t.Scopes, &t.CreatedBy, &t.CreatedAt, &t.ExpiresAt, &t.UsedAt, &t.UsedFrom, &t.RevokedAt}
}

// findToken is the token with a hash and its account; nil where there is none.
func findToken(ctx context.Context, q db.Querier, hash []byte, now time.Time) (*Token, *Account, error) {
	t, a := &Token{}, &Account{}
	err := q.QueryRow(ctx, `SELECT `+accountColumns+`, `+tokenColumns+` FROM api_token t JOIN account a ON a.id = t.account WHERE t.hash = $2`, now, hash).
		Scan(append(a.fields(), t.fields()...)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil, nil
	}
	return t, a, err
}

func listTokens(ctx context.Context, q db.Querier, account uuid.UUID) ([]Token, error) {
	rows, err := q.Query(ctx, `SELECT `+tokenColumns+` FROM api_token t WHERE t.account = $1 ORDER BY t.id DESC`, account)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (t Token, err error) { return t, row.Scan(t.fields()...) })
}

func insertToken(ctx context.Context, tx pgx.Tx, account uuid.UUID, t *Token, hash []byte) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO api_token (id, account, name, hash, hint, scopes, created_by, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		t.ID, account, t.Name, hash, t.Hint, t.Scopes, t.CreatedBy, t.CreatedAt, t.ExpiresAt)
	return err
}

// touchToken writes down that a token was used.
func touchToken(ctx context.Context, pool *pgxpool.Pool, token uuid.UUID, now time.Time, from string) error {
	_, err := pool.Exec(ctx, `UPDATE api_token SET used_at = $2, used_from = $3 WHERE id = $1`, token, now, from)
	return err
}

// revokeToken ends a token; found is false where the account has none with this id.
func revokeToken(ctx context.Context, tx pgx.Tx, account, token uuid.UUID, now time.Time) (name string, found bool, err error) {
	err = tx.QueryRow(ctx, `UPDATE api_token SET revoked_at = coalesce(revoked_at, $3) WHERE id = $2 AND account = $1 RETURNING name`, account, token, now).Scan(&name)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, nil
	}
	return name, err == nil, err
}

func anyAccount(ctx context.Context, q db.Querier) (found bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT FROM account)`).Scan(&found)
	return found, err
}

func anyDemo(ctx context.Context, q db.Querier) (found bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT FROM account WHERE demo AND disabled_at IS NULL)`).Scan(&found)
	return found, err
}

// listDemo gives the demo accounts in the order in which they were made.
func listDemo(ctx context.Context, q db.Querier, now time.Time) ([]*Account, error) {
	return accounts(ctx, q, `a.demo ORDER BY a.created_at, a.id`, now)
}

func deleteAccount(ctx context.Context, tx pgx.Tx, account uuid.UUID) error {
	_, err := tx.Exec(ctx, `DELETE FROM account WHERE id = $1`, account)
	return err
}
