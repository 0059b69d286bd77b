package incident

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/server/access"
	"jingwei/server/audit"
	"jingwei/server/db"
	"jingwei/server/live"
	"jingwei/server/photo"
	"jingwei/server/web"
)

const (
	groupTime = 15 * time.Second // to store a group
	lookTime  = 5 * time.Second  // to find out what became of one whose commit was cut off
	lookEvery = 100 * time.Millisecond
)

// errRefused tells that a group was not stored because of reports in it, which have their errors.
var errRefused = errors.New("some of the reports are refused")

// A cutOffError tells that the connection ended in the commit: whether it was done is not known.
type cutOffError struct{ cause error }

func (e *cutOffError) Error() string { return "commit: " + e.cause.Error() }
func (e *cutOffError) Unwrap() error { return e.cause }

// storeGroup stores reports and sets what became of each. Those that PostgreSQL refuses do not keep the others out. It is no request's: nobody
// who leaves ends it.
func (s *Service) storeGroup(group []*prepared) {
	ctx, cancel := context.WithTimeout(context.Background(), groupTime)
	defer cancel()
	s.storeAll(ctx, group, nil)
}

// entryOf is the one entry in the log for reports that are stored in one transaction.
type entryOf func(stored []*prepared) (audit.Row, error)

// storeAll stores reports, in as few transactions as it takes. entry is nil where each report has an entry of its own.
func (s *Service) storeAll(ctx context.Context, group []*prepared, entry entryOf) {
	for forgotten := false; ; {
		var left []*prepared
		for _, p := range group {
			if p.err == nil {
				left = append(left, p)
			}
		}
		if len(left) == 0 {
			return
		}
		err := s.writeGroup(ctx, left, entry)
		var cutOff *cutOffError
		switch {
		case err == nil:
			return
		case errors.Is(err, errRefused):
			continue // without those
		case db.IsNoPartition(err) && !forgotten: // a month was taken out meanwhile
			forgotten = true
			db.ForgetMonths(s.pool)
			for _, p := range left {
				p.err = s.ensureMonths(ctx, p)
			}
			continue
		case errors.As(err, &cutOff):
			s.lookFor(left, err)
			return
		case len(left) == 1 || ctx.Err() != nil || web.IsDatabaseAway(err):
			for _, p := range left {
				p.err = err
			}
			return
		}
		s.storeAll(ctx, left[:len(left)/2], entry) // one of them is to blame; the others are stored
		s.storeAll(ctx, left[len(left)/2:], entry)
		return
	}
}

// writeGroup stores reports in one transaction, or none of them.
func (s *Service) writeGroup(ctx context.Context, group []*prepared, entry entryOf) error {
	for _, p := range group {
		p.first = uuid.Nil
	}
	tx, err := s.pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if err := s.writeReports(ctx, tx, group, entry); err != nil {
		return err
	}
	switch err := tx.Commit(ctx); {
	case errors.Is(err, pgx.ErrTxCommitRollback):
		return err
	case err != nil:
		return &cutOffError{err}
	}
	return nil
}

func (s *Service) writeReports(ctx context.Context, tx pgx.Tx, group []*prepared, entry entryOf) error {
	if err := claimKeys(ctx, tx, group); err != nil {
		return err
	}
	batch := &pgx.Batch{}
	if err := s.claimNumbersOf(ctx, tx, batch, group); err != nil {
		return err
	}
	var fresh []*prepared
	for _, p := range group {
		switch {
		case p.err != nil:
			return errRefused
		case p.first == uuid.Nil:
			fresh = append(fresh, p)
		}
	}
	if len(fresh) > 0 {
		if err := queueReports(batch, tx, fresh, entry); err != nil {
			return err
		}
	}
	if batch.Len() > 0 {
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return fmt.Errorf("store reports: %w", err)
		}
	}
	for _, p := range fresh {
		err := photo.Attach(access.With(ctx, p.actor), tx, p.incident.County, p.incident.ID, p.photos, p.incident.ReceivedAt)
		if _, refused := web.AsProblem(err); refused {
			p.err = err
			return errRefused
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// claimNumbersOf claims the numbers of a group, and points the keys of repeats to the first incident.
func (s *Service) claimNumbersOf(ctx context.Context, tx pgx.Tx, batch *pgx.Batch, group []*prepared) error {
	var reports []numbered
	for _, p := range group {
		if p.number != nil && p.first == uuid.Nil && p.err == nil {
			reports = append(reports, *p.number)
		}
	}
	if len(reports) == 0 {
		return nil
	}
	before, err := claimNumbers(ctx, tx, reports, group[0].incident.ReceivedAt)
	if err != nil {
		return err
	}
	for _, p := range group {
		first, ok := before[p.incident.ID]
		switch {
		case !ok:
		case !first.same:
			p.err = numberReused(p.number.number)
		default:
			p.first = first.incident
			if p.key.text != "" {
				batch.Queue(`UPDATE incident_key SET county = $3, incident = $4 WHERE sender = $1 AND key = $2`, p.key.sender, p.key.text, first.county, first.incident)
			}
		}
	}
	return nil
}

// queueReports puts the writing of new incidents, and of all that belongs to them, into a batch.
func queueReports(batch *pgx.Batch, tx pgx.Tx, fresh []*prepared, entry entryOf) error {
	incidents, events := make([]*Incident, len(fresh)), make([]live.Row, len(fresh))
	var sealedCounties []string
	var sealedIDs []uuid.UUID
	var sealed [][]byte
	for n, p := range fresh {
		incidents[n], events[n] = &p.incident, p.event
		if p.sealed != nil {
			sealedCounties, sealedIDs, sealed = append(sealedCounties, p.incident.County), append(sealedIDs, p.incident.ID), append(sealed, p.sealed)
		}
	}
	at := incidents[0].ReceivedAt
	queueIncidents(batch, incidents)
	if len(sealed) > 0 {
		batch.Queue(insertSealed, sealedCounties, sealedIDs, sealed, at)
	}
	live.Queue(batch, tx, events)
	if entry != nil {
		row, err := entry(fresh)
		audit.Queue(batch, tx, []audit.Row{row})
		return err
	}
	queueReceipts(batch, fresh)
	entries := make([]audit.Row, len(fresh))
	for n, p := range fresh {
		entries[n] = p.entry
	}
	audit.Queue(batch, tx, entries)
	return nil
}

// lookFor finds out what became of reports whose commit was cut off, once the database answers again. Of those that are not there it stays
// uncertain: the database may not be done with them.
func (s *Service) lookFor(group []*prepared, cause error) {
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	defer cancel()
	byID := map[uuid.UUID]*prepared{}
	var counties []string
	var ids []uuid.UUID
	for _, p := range group {
		if p.first == uuid.Nil {
			p.err, byID[p.incident.ID] = cause, p
			counties, ids = append(counties, p.incident.County), append(ids, p.incident.ID)
		}
	}
	for {
		if numbers, err := findStored(ctx, s.pool, counties, ids); err == nil {
			for id, number := range numbers {
				byID[id].err, byID[id].receipt.number = nil, number
			}
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(lookEvery):
		}
	}
}
