package incident

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/server/db"
)

// tables are where incidents lie, and what is kept with them of people. The names are parts of SQL.
type tables struct{ incident, reporter, receipt, photo string }

var (
	liveTables     = tables{"incident", "incident_reporter", "report_receipt", "photo"}
	archivedTables = tables{"archived_incident", "archived_reporter", "archived_receipt", "archived_photo"}
)

// listMonths gives the months that a table has partitions for.
func listMonths(ctx context.Context, q db.Querier, table string) ([]time.Time, error) {
	rows, err := q.Query(ctx, `
		SELECT to_date(right(c.relname, 7), 'YYYY_MM') AS month FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = $1::text::regclass AND c.relname ~ '_[0-9]{4}_[0-9]{2}$' ORDER BY month`, table)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[time.Time])
}

func hasMonth(ctx context.Context, q db.Querier, table string, first time.Time) (there bool, err error) {
	err = q.QueryRow(ctx, `SELECT to_regclass(format('%I.%I', current_schema(), $1 || to_char($2::date, '_YYYY_MM'))) IS NOT NULL`, table, first).Scan(&there)
	return there, err
}

// countMonth counts what a month has.
func countMonth(ctx context.Context, q db.Querier, first time.Time) (m Month, err error) {
	m.First = first
	err = q.QueryRow(ctx, `
		SELECT count(*), count(*) FILTER (WHERE status NOT IN ('closed', 'cancelled')), pg_total_relation_size($3::text::regclass),
			(SELECT count(*) FROM incident_reporter r WHERE r.incident >= month_floor($1) AND r.incident < month_floor($2)),
			(SELECT count(*) FROM report_receipt r WHERE r.incident >= month_floor($1) AND r.incident < month_floor($2)),
			(SELECT count(*) FROM photo p WHERE p.incident >= month_floor($1) AND p.incident < month_floor($2))
		FROM incident WHERE id >= month_floor($1) AND id < month_floor($2)`, first, first.AddDate(0, 1, 0), "incident_"+first.Format("2006_01")).
		Scan(&m.Incidents, &m.Open, &m.Bytes, &m.Reporters, &m.Receipts, &m.Photos)
	return m, err
}

// findAlsoArchived is the incident with that id, wherever it lies. A month that changes hands meanwhile is found on one side: incident stands first, and that
// is the table that whoever moves the month locks.
func findAlsoArchived(ctx context.Context, q db.Querier, id uuid.UUID) (Incident, bool, error) {
	return findOne(ctx, q, `SELECT `+stored+` FROM incident WHERE id = $1 UNION ALL SELECT `+stored+` FROM archived_incident WHERE id = $1`, id)
}

// archivedNames are the archived months, as Month.Name writes them.
func archivedNames(ctx context.Context, q db.Querier) (map[string]bool, error) {
	months, err := listMonths(ctx, q, archivedTables.incident)
	names := make(map[string]bool, len(months))
	for _, m := range months {
		names[m.Format(monthForm)] = true
	}
	return names, err
}
