package live

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/db"
)

// numberingLock is the advisory lock under which committed events get their numbers. It is held until the numbers are
// committed, so a server that reads "seq > last" after numbering can never miss a lower number that commits later.
const numberingLock = 0x6a77_6c69_7665 // "jwlive"

// eventMonths is how many months of events stay at least. A client that comes back needs those of some minutes; the others are for whoever
// wants to know what happened when.
const eventMonths = 3

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

// EnsureMonths makes the partitions for events from since to until.
func EnsureMonths(ctx context.Context, q db.Querier, since, until time.Time) error {
	return db.EnsureMonths(ctx, q, "event", since, until)
}

// ensureWeek makes those of the coming week, at the start and then every hour.
func ensureWeek(ctx context.Context, q db.Querier) error {
	now := time.Now()
	return EnsureMonths(ctx, q, now, now.AddDate(0, 0, 7))
}

// keepMonths makes the partitions of the coming week, and drops those whose events nobody can be replayed any more.
func keepMonths(ctx context.Context, conn *pgxpool.Conn) error {
	if err := ensureWeek(ctx, conn); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, `SELECT drop_event_months($1)`, time.Now().AddDate(0, -eventMonths, 0)); err != nil {
		if conn.Conn().IsClosed() {
			return err
		}
		slog.WarnContext(ctx, "old months of events stay for another hour", "error", err)
	}
	return nil
}

// newest lists at most limit of the newest events, in order.
func newest(ctx context.Context, q db.Querier, limit int) ([]Event, error) {
	rows, err := q.Query(ctx, `SELECT `+eventColumns+` FROM event WHERE seq > 0 ORDER BY seq DESC LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("events: %w", err)
	}
	events, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Event])
	if err != nil {
		return nil, fmt.Errorf("events: %w", err)
	}
	slices.Reverse(events)
	return events, nil
}

// after lists at most limit events with a number above seq, in order, for everybody.
func after(ctx context.Context, q db.Querier, seq int64, limit int) ([]Event, error) {
	var where db.Where
	where.And("seq > ?", seq)
	return listEvents(ctx, q, &where, limit)
}

// missed lists the events after since up to until for one reader: the limit counts what the filter lets through.
func missed(ctx context.Context, q db.Querier, since, until int64, f Filter, limit int) ([]Event, error) {
	kinds := []string{} // seen wherever they happened
	var values []any
	seen := []string{"kind = ANY (?)"}
	for i, scope := range f.scopes {
		switch kind := audiences[i].kind; {
		case scope.All:
			kinds = append(kinds, kind)
		case !scope.Empty():
			codes := make([]string, len(scope.Areas))
			for j, a := range scope.Areas {
				codes[j] = a.Code
			}
			seen = append(seen, "kind = ? AND areas && ?")
			values = append(values, kind, codes)
		}
	}
	var where db.Where
	where.And("seq > ? AND seq <= ?", since, until)
	where.And("("+strings.Join(seen, " OR ")+")", append([]any{kinds}, values...)...)
	return listEvents(ctx, q, &where, limit)
}

const eventColumns = `seq, id, kind, areas, data, change`

func listEvents(ctx context.Context, q db.Querier, where *db.Where, limit int) ([]Event, error) {
	sql := `SELECT ` + eventColumns + ` FROM event WHERE ` + where.String() + ` ORDER BY seq LIMIT ` + where.Arg(limit)
	rows, err := q.Query(ctx, sql, where.Args()...)
	if err != nil {
		return nil, fmt.Errorf("events: %w", err)
	}
	events, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Event])
	if err != nil {
		return nil, fmt.Errorf("events: %w", err)
	}
	return events, nil
}

// oldest is the lowest number there is; 0 without events.
func oldest(ctx context.Context, q db.Querier) (first int64, err error) {
	err = q.QueryRow(ctx, `SELECT coalesce(min(seq), 0) FROM event`).Scan(&first)
	return first, err
}
