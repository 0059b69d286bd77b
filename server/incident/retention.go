package incident

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"jingwei/server/access"
	"jingwei/server/audit"
	"jingwei/server/db"
)

// neverClosedYears is how much longer than others an incident that was never closed may keep its reporter before Retention points at it.
const neverClosedYears = 3

// How many rows are deleted in one transaction. Each photo is hundreds of rows to the database.
const (
	deletedAtOnce       = 5_000
	deletedPhotosAtOnce = 200
)

// Retention is what is kept longer than it should be.
type Retention struct {
	Before time.Time // incidents that were closed or cancelled before this instant
	Due    []Kept    // what Delete would delete, by the year of the closing

	NeverClosedBefore time.Time
	NeverClosed       []Kept // of incidents that were reported before that instant and that nobody closed, by the year: a person has to look at them
}

// Kept counts what is kept of the reporters of one year and county.
type Kept struct {
	Year   int
	County string
	Personal
}

// Personal counts what incidents have of people.
type Personal struct {
	Reporters int `json:"reporters"` // whose data are sealed
	Receipts  int `json:"receipts"`
	Photos    int `json:"photos"` // which can show people
}

func (p Personal) add(q Personal) Personal {
	return Personal{p.Reporters + q.Reporters, p.Receipts + q.Receipts, p.Photos + q.Photos}
}

// Retention tells what is kept longer than years after the closing of its incident.
func (s *Service) Retention(ctx context.Context, years int) (r Retention, err error) {
	if err := access.Ask(ctx, access.RetentionManage, nil); err != nil {
		return r, err
	}
	now := s.now().UTC()
	r.Before, r.NeverClosedBefore = now.AddDate(-years, 0, 0), now.AddDate(-years-neverClosedYears, 0, 0)
	for _, in := range []tables{liveTables, archivedTables} {
		due, err := countKept(ctx, s.pool, in, "i.closed_at", r.Before)
		if err != nil {
			return r, err
		}
		r.Due = append(r.Due, due...)
	}
	r.Due = byYear(r.Due)
	r.NeverClosed, err = countKept(ctx, s.pool, liveTables, "CASE WHEN i.closed_at IS NULL THEN i.reported_at END", r.NeverClosedBefore)
	return r, err
}

// Delete deletes what Retention calls due, with its counts in the audit log: each batch's in the transaction of the batch. What is gone when it
// fails stays gone, and is counted.
func (s *Service) Delete(ctx context.Context, years int) (deleted Personal, err error) {
	if err := access.Ask(ctx, access.RetentionManage, nil); err != nil {
		return deleted, err
	}
	before := s.now().UTC().AddDate(-years, 0, 0)
	for {
		var batch Personal
		err := db.InLongTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
			for _, in := range []tables{liveTables, archivedTables} {
				for _, from := range []struct {
					table  string
					atOnce int
					count  *int
				}{
					{in.reporter, deletedAtOnce, &batch.Reporters}, {in.receipt, deletedAtOnce, &batch.Receipts}, {in.photo, deletedPhotosAtOnce, &batch.Photos},
				} {
					n, err := deleteKept(ctx, tx, from.table, in.incident, before, from.atOnce)
					if err != nil {
						return err
					}
					*from.count += n
				}
			}
			if batch == (Personal{}) {
				return nil
			}
			return audit.Append(ctx, tx, audit.Entry{
				Action: "reporter.delete", Reason: fmt.Sprintf("kept for %d years after the closing", years), After: struct {
					ClosedBefore time.Time `json:"closed_before"`
					Personal
				}{before, batch},
			})
		})
		if err != nil {
			return deleted, fmt.Errorf("delete reporters: %w", err)
		}
		if batch == (Personal{}) {
			return deleted, nil
		}
		deleted = deleted.add(batch)
	}
}

// countKept counts by year and county, the oldest first, of the incidents whose time of what was before an instant. Nothing is closed before it
// is reported, but for the clock of its reporter; so a range of ids keeps it from reading the months that cannot hold any.
func countKept(ctx context.Context, q db.Querier, in tables, what string, before time.Time) ([]Kept, error) {
	rows, err := q.Query(ctx, `
		SELECT extract(year FROM `+what+`)::integer AS year, i.county, count(r.incident) AS reporters, count(t.incident) AS receipts, coalesce(sum(p.n), 0)::bigint AS photos
		FROM `+in.incident+` i LEFT JOIN `+in.reporter+` r ON r.county = i.county AND r.incident = i.id
			LEFT JOIN `+in.receipt+` t ON t.county = i.county AND t.incident = i.id
			LEFT JOIN (SELECT county, incident, count(*) AS n FROM `+in.photo+` WHERE incident < uuid_v7_floor($2) GROUP BY 1, 2) p
				ON p.county = i.county AND p.incident = i.id
		WHERE i.id < uuid_v7_floor($2) AND `+what+` < $1 AND (r.incident IS NOT NULL OR t.incident IS NOT NULL OR p.incident IS NOT NULL)
		GROUP BY 1, 2 ORDER BY 1, 2`, before, before.Add(clockSkew))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Kept])
}

// byYear adds up what several tables have of one year and county, in the order of countKept.
func byYear(kept []Kept) (sums []Kept) {
	slices.SortFunc(kept, func(a, b Kept) int { return cmp.Or(a.Year-b.Year, strings.Compare(a.County, b.County)) })
	for _, k := range kept {
		if n := len(sums) - 1; n >= 0 && sums[n].Year == k.Year && sums[n].County == k.County {
			sums[n].Personal = sums[n].add(k.Personal)
			continue
		}
		sums = append(sums, k)
	}
	return sums
}

// deleteKept deletes from a table of what belongs to the incidents of another: what limit rows name, and all else of the same incidents.
func deleteKept(ctx context.Context, tx pgx.Tx, table, incidents string, before time.Time, limit int) (int, error) {
	tag, err := tx.Exec(ctx, `
		DELETE FROM `+table+` WHERE (county, incident) IN (
			SELECT k.county, k.incident FROM `+table+` k JOIN `+incidents+` i ON i.county = k.county AND i.id = k.incident
			WHERE i.id < uuid_v7_floor($2) AND i.closed_at < $1 LIMIT $3)`, before, before.Add(clockSkew), limit)
	return int(tag.RowsAffected()), err
}
