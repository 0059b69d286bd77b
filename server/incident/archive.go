package incident

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"jingwei/server/access"
	"jingwei/server/audit"
	"jingwei/server/db"
	"jingwei/server/live"
	"jingwei/server/web"
)

// Month is what a month of incidents has, by UTC and the time of their reports.
type Month struct {
	First     time.Time // its first instant
	Incidents int
	Open      int // neither closed nor cancelled
	Bytes     int64
	Personal
}

// Name is the month as people write it: 2024-03.
func (m Month) Name() string { return m.First.Format(monthForm) }

const monthForm = "2006-01"

// ParseMonth reads 2024-03.
func ParseMonth(s string) (time.Time, error) {
	t, err := time.Parse(monthForm, s)
	if err != nil || t.Year() < EarliestReport.Year() {
		return t, fmt.Errorf("%q is no month; write it as 2024-03", s)
	}
	return t, nil
}

// How long Archive waits for those who read or write incidents, in which others wait behind it, and how often it tries again.
const (
	archiveLockTimeout = "2s"
	archiveTries       = 10
	archivePause       = 3 * time.Second
)

// Months are the months that have incidents and lie before an instant, the oldest first. Cost: each incident of them is counted, about a second for a million.
func (s *Service) Months(ctx context.Context, before time.Time) ([]Month, error) {
	if err := access.Ask(ctx, access.DataArchive, nil); err != nil {
		return nil, err
	}
	firsts, err := listMonths(ctx, s.pool, "incident")
	if err != nil {
		return nil, err
	}
	var months []Month
	for _, first := range firsts {
		if first.AddDate(0, 1, 0).After(before) {
			break
		}
		m, err := countMonth(ctx, s.pool, first)
		if err != nil {
			return nil, err
		}
		months = append(months, m)
	}
	return months, nil
}

// Archived are the months that are archived, the oldest first.
func (s *Service) Archived(ctx context.Context) ([]time.Time, error) {
	if err := access.Ask(ctx, access.DataArchive, nil); err != nil {
		return nil, err
	}
	return listMonths(ctx, s.pool, archivedTables.incident)
}

// Archive takes a month out, with who reported its incidents: lists, maps, counts and heat know it no more, and reports of that month are refused, so that no
// file brings it back unseen. Its receipts still tell how a report ended, and retention and the exchange of keys still reach what it has of people. A month with
// open incidents is refused. Nothing is copied but the reporters and receipts. A server may run: it waits while the month changes hands, for a second or two
// with millions of incidents.
func (s *Service) Archive(ctx context.Context, first time.Time) (Month, error) {
	return s.moveMonth(ctx, first, "archive_month", "incident.archive", "incident")
}

// Restore brings an archived month back as it was.
func (s *Service) Restore(ctx context.Context, first time.Time) (Month, error) {
	return s.moveMonth(ctx, first, "restore_month", "incident.restore", archivedTables.incident)
}

// moveMonth calls a function of the database that moves a month out of a table, with the event and the log of it in its transaction.
func (s *Service) moveMonth(ctx context.Context, first time.Time, function, action, table string) (m Month, err error) {
	if err := access.Ask(ctx, access.DataArchive, nil); err != nil {
		return m, err
	}
	m.First = first
	for try := 1; ; try++ {
		err = db.InLongTx(ctx, s.pool, func(tx pgx.Tx) error {
			there, err := hasMonth(ctx, tx, table, first)
			if err != nil {
				return err
			}
			if !there {
				return web.NewProblem(web.NotFound, "there is no month "+m.Name()+" to do it with; jingwei archive --dry-run lists those that are there")
			}
			if _, err := tx.Exec(ctx, `SET LOCAL lock_timeout = '`+archiveLockTimeout+`'`); err != nil {
				return err
			}
			err = tx.QueryRow(ctx, `SELECT incidents, reporters, receipts, photos FROM `+function+`($1)`, first).Scan(&m.Incidents, &m.Reporters, &m.Receipts, &m.Photos)
			if err != nil {
				return err
			}
			if err := live.Append(ctx, tx, live.Entry{Kind: live.IncidentArchived, Data: struct{}{}}); err != nil {
				return err
			}
			return audit.Append(ctx, tx, audit.Entry{Action: action, Object: "month/" + m.Name(), After: struct {
				Incidents int `json:"incidents"`
				Personal
			}{m.Incidents, m.Personal}})
		})
		if !db.Is(err, db.LockNotAvailable) && !db.Is(err, db.DeadlockDetected) || try == archiveTries {
			break
		}
		select {
		case <-time.After(archivePause):
		case <-ctx.Done():
			return m, ctx.Err()
		}
	}
	db.ForgetMonths(s.pool)
	if err == nil {
		return m, nil
	}
	if db.Is(err, db.NotInState) {
		err = web.NewProblem(web.Conflict, "incidents of "+m.Name()+" are still open; close or cancel them first")
	}
	return m, fmt.Errorf("%s: %w", m.Name(), err)
}

// asArchived is the problem of reports that come for a month that is archived, where err says so.
func asArchived(err error, since, until time.Time) error {
	if !db.Is(err, db.NotInState) {
		return err
	}
	months := since.UTC().Format(monthForm)
	if last := until.UTC().Format(monthForm); last != months {
		months += " to " + last
	}
	return web.NewProblem(web.Conflict, "a month of "+months+" is archived and takes no reports; bring it back first with jingwei archive --restore MONTH").At("body.reported_at", nil)
}
