package hotline

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/server/db"
)

const stored = `id, number, state, incident, category, category_unmapped, item, demand_type, repeat_call, repeats, address, title, content,
	reported_at, received_at, last_call_at, settled_at, reason, digest, sealed`

func scan(row pgx.CollectableRow) (t Ticket, err error) {
	err = row.Scan(&t.ID, &t.Number, &t.State, &t.Incident, &t.Category, &t.Unmapped, &t.Item, &t.Demand, &t.RepeatCall, &t.Repeats, &t.Address, &t.Title, &t.Content,
		&t.ReportedAt, &t.ReceivedAt, &t.LastCallAt, &t.SettledAt, &t.Reason, &t.digest, &t.sealed)
	return t, err
}

func find(ctx context.Context, q db.Querier, number string) (Ticket, bool, error) {
	return findOne(ctx, q, `SELECT `+stored+` FROM hotline_ticket WHERE number = $1`, number)
}

// lock finds a ticket that nobody else changes before the end of the transaction.
func lock(ctx context.Context, tx pgx.Tx, number string) (Ticket, bool, error) {
	return findOne(ctx, tx, `SELECT `+stored+` FROM hotline_ticket WHERE number = $1 FOR UPDATE`, number)
}

func findOne(ctx context.Context, q db.Querier, sql, number string) (t Ticket, ok bool, err error) {
	rows, err := q.Query(ctx, sql, number)
	if err != nil {
		return t, false, err
	}
	t, err = pgx.CollectOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return t, false, nil
	}
	return t, err == nil, err
}

// list gives the tickets of a state behind an id, in the order in which they came.
func list(ctx context.Context, q db.Querier, state State, after uuid.UUID, limit int) ([]Ticket, error) {
	rows, err := q.Query(ctx, `SELECT `+stored+` FROM hotline_ticket WHERE state = $1 AND id > $2 ORDER BY id LIMIT $3`, state, after, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

// listOf gives the tickets that became an incident.
func listOf(ctx context.Context, q db.Querier, incident uuid.UUID) ([]Ticket, error) {
	rows, err := q.Query(ctx, `SELECT `+stored+` FROM hotline_ticket WHERE incident = $1 ORDER BY id`, incident)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

func countWaiting(ctx context.Context, q db.Querier) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FROM hotline_ticket WHERE state = 'to_place'`).Scan(&n)
	return n, err
}

// insert stores a new ticket; ok is false where there is one with its number.
func insert(ctx context.Context, tx pgx.Tx, t Ticket) (ok bool, err error) {
	tag, err := tx.Exec(ctx, `
		INSERT INTO hotline_ticket (`+stored+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
		ON CONFLICT (number) DO NOTHING`,
		t.ID, t.Number, t.State, t.Incident, t.Category, t.Unmapped, t.Item, t.Demand, t.RepeatCall, t.Repeats, t.Address, t.Title, t.Content,
		t.ReportedAt, t.ReceivedAt, t.LastCallAt, t.SettledAt, t.Reason, t.digest, t.sealed)
	return tag.RowsAffected() == 1, err
}

// save keeps what can change of a ticket.
func save(ctx context.Context, tx pgx.Tx, t Ticket) error {
	_, err := tx.Exec(ctx, `
		UPDATE hotline_ticket SET state = $2, incident = $3, repeat_call = $4, repeats = $5, last_call_at = $6, settled_at = $7, reason = $8, digest = $9, sealed = $10,
			category = $11, address = $12, title = $13, content = $14
		WHERE id = $1`, t.ID, t.State, t.Incident, t.RepeatCall, t.Repeats, t.LastCallAt, t.SettledAt, t.Reason, t.digest, t.sealed,
		t.Category, t.Address, t.Title, t.Content)
	return err
}

// deleteKept deletes the callers of at most limit tickets that were dismissed before an instant.
func deleteKept(ctx context.Context, tx pgx.Tx, before time.Time, limit int) (int, error) {
	tag, err := tx.Exec(ctx, `
		UPDATE hotline_ticket SET sealed = NULL WHERE id IN (
			SELECT id FROM hotline_ticket WHERE state = 'dismissed' AND sealed IS NOT NULL AND settled_at < $1 LIMIT $2)`, before, limit)
	return int(tag.RowsAffected()), err
}
