package live

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/db"
)

// numberingLock is the advisory lock under which committed events get their numbers. It is held until the numbers are
// committed, so a server that reads "seq > last" after numbering can never miss a lower number that commits later.
const numberingLock = 0x6a77_6c69_7665 // "jwlive"

// number gives each committed event without a number the next one.
func number(ctx context.Context, conn *pgxpool.Conn) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(numberingLock)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			UPDATE event SET seq = n.seq
			FROM (SELECT county, id, nextval('event_seq_number') AS seq
			      FROM (SELECT county, id FROM event WHERE seq IS NULL ORDER BY id) AS unnumbered) AS n
			WHERE event.county = n.county AND event.id = n.id`)
		return err
	})
}

// EnsureMonths makes the partitions that events of the coming week go into. A transaction that made one itself would keep all others out of
// the table until it ends, so this is done ahead, at the start and then every hour.
func EnsureMonths(ctx context.Context, q db.Querier) error {
	var done string
	err := q.QueryRow(ctx, `SELECT ensure_months('event', now(), now() + interval '7 days')::text`).Scan(&done)
	if err != nil {
		return fmt.Errorf("partitions of the events: %w", err)
	}
	return nil
}

// after lists at most limit events with a number above seq, in order.
func after(ctx context.Context, q db.Querier, seq int64, limit int) ([]Event, error) {
	rows, err := q.Query(ctx, `SELECT seq, kind, county, data FROM event WHERE seq > $1 ORDER BY seq LIMIT $2`, seq, limit)
	if err != nil {
		return nil, fmt.Errorf("events after %d: %w", seq, err)
	}
	events, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Event])
	if err != nil {
		return nil, fmt.Errorf("events after %d: %w", seq, err)
	}
	return events, nil
}

// bounds is the lowest and the highest number there is; 0, 0 without events.
func bounds(ctx context.Context, q db.Querier) (first, last int64, err error) {
	err = q.QueryRow(ctx, `SELECT coalesce(min(seq), 0), coalesce(max(seq), 0) FROM event`).Scan(&first, &last)
	return first, last, err
}
