package hotline

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/server/db"
)

const storedCall = `id, ticket, nth, at, reported_at, category, demand_type, repeat_call, address, title, content, lon, lat, sealed`

func insertCall(ctx context.Context, tx pgx.Tx, l LaterCall) error {
	_, err := tx.Exec(ctx, `INSERT INTO hotline_call (`+storedCall+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		l.ID, l.Ticket, l.Nth, l.At, l.ReportedAt, l.Category, l.Demand, l.RepeatCall, l.Address, l.Title, l.Content, l.Lon, l.Lat, l.sealed)
	return err
}

func listCalls(ctx context.Context, q db.Querier, ticket uuid.UUID) ([]LaterCall, error) {
	rows, err := q.Query(ctx, `SELECT `+storedCall+` FROM hotline_call WHERE ticket = $1 ORDER BY nth`, ticket)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (l LaterCall, err error) {
		err = row.Scan(&l.ID, &l.Ticket, &l.Nth, &l.At, &l.ReportedAt, &l.Category, &l.Demand, &l.RepeatCall, &l.Address, &l.Title, &l.Content, &l.Lon, &l.Lat, &l.sealed)
		return l, err
	})
}

// keptCalls are the later calls that have something sealed, with when their ticket was over: the dismissal, the closing of the incident, and where that is
// gone from the database the last call. Null while it is not over.
const keptCalls = `
	SELECT c.id, CASE
		WHEN t.state = 'dismissed' THEN t.settled_at
		WHEN t.state = 'incident' AND i.id IS NULL AND a.id IS NULL THEN t.last_call_at
		WHEN t.state = 'incident' THEN coalesce(i.closed_at, a.closed_at) END AS over
	FROM hotline_call c JOIN hotline_ticket t ON t.id = c.ticket LEFT JOIN incident i ON i.id = t.incident LEFT JOIN archived_incident a ON a.id = t.incident
	WHERE c.sealed IS NOT NULL`

// countDue counts the callers that are kept of tickets that were over before an instant and became no incident, and of later calls, by the year of the end.
func countDue(ctx context.Context, q db.Querier, before time.Time) ([]Kept, error) {
	return countBy(ctx, q, `
		SELECT settled_at AS over FROM hotline_ticket WHERE state = 'dismissed' AND sealed IS NOT NULL
		UNION ALL SELECT over FROM (`+keptCalls+`) AS calls`, before)
}

// countWaitingCallers counts the callers of tickets that came before an instant and still wait, and of later calls about them, by the year in which they came.
func countWaitingCallers(ctx context.Context, q db.Querier, before time.Time) ([]Kept, error) {
	return countBy(ctx, q, `
		SELECT received_at AS over FROM hotline_ticket WHERE state = 'to_place' AND sealed IS NOT NULL
		UNION ALL SELECT t.received_at FROM hotline_ticket t JOIN hotline_call c ON c.ticket = t.id WHERE t.state = 'to_place' AND c.sealed IS NOT NULL`, before)
}

// countBy counts what a query lists, by the year of its time "over", of those before an instant.
func countBy(ctx context.Context, q db.Querier, listed string, before time.Time) ([]Kept, error) {
	rows, err := q.Query(ctx, `SELECT extract(year FROM over)::integer AS year, count(*) AS callers FROM (`+listed+`) AS kept WHERE over < $1 GROUP BY 1 ORDER BY 1`, before)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Kept])
}

// deleteKeptCalls deletes what is sealed of at most limit later calls about tickets that were over before an instant.
func deleteKeptCalls(ctx context.Context, tx pgx.Tx, before time.Time, limit int) (int, error) {
	tag, err := tx.Exec(ctx, `UPDATE hotline_call SET sealed = NULL WHERE id IN (SELECT id FROM (`+keptCalls+`) AS kept WHERE over < $1 LIMIT $2)`, before, limit)
	return int(tag.RowsAffected()), err
}
