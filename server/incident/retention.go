package incident

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"jingwei/server/access"
	"jingwei/server/audit"
	"jingwei/server/db"
)

// neverClosedYears is how much longer than others an incident that was never closed may keep its reporter before Retention points at it.
const neverClosedYears = 3

// deletedAtOnce is how many rows are deleted in one transaction.
const deletedAtOnce = 5_000

// Retention is what is kept longer than it should be.
type Retention struct {
	Before time.Time // incidents that were reported before this instant and are closed or cancelled
	Due    []Kept    // what Delete would delete

	NeverClosedBefore time.Time
	NeverClosed       []Kept // of incidents before that instant that nobody closed: a person has to look at them
}

// Kept counts what is kept of the reporters of one year and county.
type Kept struct {
	Year      int
	County    string
	Reporters int // whose data are sealed
	Receipts  int
}

const done = `i.status IN ('closed', 'cancelled')`

// Retention tells what is kept longer than years after the closing. An incident has no time of its closing; the time of its report stands for
// it, so that what a reporter told may go sooner by the time that the incident was open, and never later.
func (s *Service) Retention(ctx context.Context, years int) (r Retention, err error) {
	if err := access.Ask(ctx, access.RetentionManage, nil); err != nil {
		return r, err
	}
	now := s.now().UTC()
	r.Before, r.NeverClosedBefore = now.AddDate(-years, 0, 0), now.AddDate(-years-neverClosedYears, 0, 0)
	if r.Due, err = countKept(ctx, s.pool, done, r.Before); err != nil {
		return r, err
	}
	r.NeverClosed, err = countKept(ctx, s.pool, "NOT "+done, r.NeverClosedBefore)
	return r, err
}

// Delete deletes what Retention calls due, with its counts in the audit log: each batch's in the transaction of the batch. What is gone when it
// fails stays gone.
func (s *Service) Delete(ctx context.Context, years int) (reporters, receipts int, err error) {
	if err := access.Ask(ctx, access.RetentionManage, nil); err != nil {
		return 0, 0, err
	}
	before := s.now().UTC().AddDate(-years, 0, 0)
	for {
		var n, m int
		err := db.InLongTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
			if n, err = deleteKept(ctx, tx, "incident_reporter", before); err != nil {
				return err
			}
			if m, err = deleteKept(ctx, tx, "report_receipt", before); err != nil || n+m == 0 {
				return err
			}
			return audit.Append(ctx, tx, audit.Entry{
				Action: "reporter.delete", Reason: fmt.Sprintf("kept for %d years", years),
				After: map[string]any{"reported_before": before, "reporters": n, "receipts": m},
			})
		})
		if err != nil {
			return reporters, receipts, fmt.Errorf("delete reporters: %w", err)
		}
		reporters, receipts = reporters+n, receipts+m
		if n+m == 0 {
			return reporters, receipts, nil
		}
	}
}

// countKept counts by year and county, the oldest first. The range of ids keeps it from reading the months that cannot hold any.
func countKept(ctx context.Context, q db.Querier, which string, before time.Time) ([]Kept, error) {
	rows, err := q.Query(ctx, `
		SELECT extract(year FROM i.reported_at)::integer, i.county, count(r.incident), count(t.incident)
		FROM incident i LEFT JOIN incident_reporter r ON r.county = i.county AND r.incident = i.id
			LEFT JOIN report_receipt t ON t.county = i.county AND t.incident = i.id
		WHERE i.id < uuid_v7_floor($1) AND `+which+` AND (r.incident IS NOT NULL OR t.incident IS NOT NULL)
		GROUP BY 1, 2 ORDER BY 1, 2`, before)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Kept])
}

// deleteKept deletes from a table of what belongs to incidents.
func deleteKept(ctx context.Context, tx pgx.Tx, table string, before time.Time) (int, error) {
	tag, err := tx.Exec(ctx, `
		DELETE FROM `+table+` WHERE (county, incident) IN (
			SELECT k.county, k.incident FROM `+table+` k JOIN incident i ON i.county = k.county AND i.id = k.incident
			WHERE i.id < uuid_v7_floor($1) AND `+done+` LIMIT $2)`, before, deletedAtOnce)
	return int(tag.RowsAffected()), err
}
