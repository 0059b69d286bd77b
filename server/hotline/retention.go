package hotline

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"jingwei/server/access"
	"jingwei/server/audit"
	"jingwei/server/db"
)

// deletedAtOnce is how many callers are deleted in one transaction.
const deletedAtOnce = 5_000

// Retention is what is kept of callers longer than it should be. Of tickets that became incidents only the later
// calls are kept here; the first caller is the incident's reporter.
type Retention struct {
	Due     []Kept // of tickets that were dismissed, and of later calls about tickets whose incident was closed, long enough ago: what Delete would delete, by the year
	Waiting []Kept // of tickets that came as long ago and still wait, by the year: a person has to place or dismiss them
}

// Kept counts the callers of a year.
type Kept struct{ Year, Callers int }

// Retention tells what is kept longer than years.
func (s *Service) Retention(ctx context.Context, years int) (r Retention, err error) {
	if err := access.Ask(ctx, access.RetentionManage, nil); err != nil {
		return r, err
	}
	before := s.at().AddDate(-years, 0, 0)
	if r.Due, err = countDue(ctx, s.pool, before); err != nil {
		return r, err
	}
	r.Waiting, err = countWaitingCallers(ctx, s.pool, before)
	return r, err
}

// Delete deletes what Retention calls due, with its counts in the audit log: each batch's in the transaction of the batch.
func (s *Service) Delete(ctx context.Context, years int) (deleted int, err error) {
	if err := access.Ask(ctx, access.RetentionManage, nil); err != nil {
		return 0, err
	}
	before := s.at().AddDate(-years, 0, 0)
	for {
		batch := 0
		err := db.InLongTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
			tickets, err := deleteKept(ctx, tx, before, deletedAtOnce)
			if err != nil {
				return err
			}
			calls, err := deleteKeptCalls(ctx, tx, before, deletedAtOnce)
			if batch = tickets + calls; err != nil || batch == 0 {
				return err
			}
			return audit.Append(ctx, tx, audit.Entry{
				Action: "ticket.forget", Reason: fmt.Sprintf("kept for %d years after the end", years), After: struct {
					EndedBefore time.Time `json:"ended_before"`
					Callers     int       `json:"callers"`
				}{before, batch},
			})
		})
		if err != nil {
			return deleted, fmt.Errorf("delete callers: %w", err)
		}
		if batch == 0 {
			return deleted, nil
		}
		deleted += batch
	}
}
