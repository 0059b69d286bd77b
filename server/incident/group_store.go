package incident

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

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

// planOnce begins a transaction in which each question is planned once, for any values. Left to itself PostgreSQL plans the look of a foreign key into the months
// of incidents anew for each row, which takes three times as long as the row itself.
var planOnce = pgx.TxOptions{BeginQuery: "begin; set local plan_cache_mode = force_generic_plan"}

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
			if err := s.ensureMonthsOf(ctx, left); err != nil {
				for _, p := range left {
					p.err = err
				}
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
	tx, err := s.pool.BeginTx(ctx, planOnce)
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

// writeReports stores reports but for those that are to be refused, all of which it marks before it writes the first. Where one of them has
// claimed a key or a number, it gives errRefused, for others must not meet that: once more without them is enough.
func (s *Service) writeReports(ctx context.Context, tx pgx.Tx, group []*prepared, entry entryOf) error {
	if err := claimKeys(ctx, tx, group); err != nil {
		return err
	}
	before, err := claimNumbersOf(ctx, tx, group)
	if err != nil {
		return err
	}
	uploads, err := photo.Lock(ctx, tx, wishes(group), group[0].incident.ReceivedAt)
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	fresh, claimed := settle(batch, group, before, uploads)
	switch {
	case claimed:
		return errRefused
	case len(fresh) > 0:
		if err := writeNew(ctx, batch, tx, fresh, entry); err != nil {
			return err
		}
	}
	if batch.Len() > 0 {
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return fmt.Errorf("store reports: %w", err)
		}
	}
	return photo.Attach(ctx, tx, wishes(fresh))
}

// wish is the photos that a report wants.
func (p *prepared) wish() photo.Wish {
	return photo.Wish{County: p.incident.County, Incident: p.incident.ID, Account: p.actor.Account, IDs: p.photos}
}

func wishes(reports []*prepared) []photo.Wish {
	all := make([]photo.Wish, len(reports))
	for n, p := range reports {
		all[n] = p.wish()
	}
	return all
}

// settle sets for each report, the first one first, whether it is a repeat, refused or fresh. before is what claimNumbersOf gave; of reports of
// this group with one number the first that is not refused has it. claimed tells whether one that is refused has claimed a key or a number.
// The keys of repeats are pointed to the first incident.
func settle(batch *pgx.Batch, group []*prepared, before map[uuid.UUID]known, uploads photo.Waiting) (fresh []*prepared, claimed bool) {
	type name struct {
		source string
		number string
	}
	own, holders := map[uuid.UUID]bool{}, map[name]*prepared{}
	for _, p := range group {
		own[p.incident.ID] = true
	}
	for _, p := range group {
		if p.err == nil && p.first == uuid.Nil {
			first, repeated := before[p.incident.ID]
			if own[first.incident] { // which may be refused
				repeated = false
			}
			if p.number != nil && !repeated {
				if holder := holders[name{p.number.source, p.number.number}]; holder != nil {
					first, repeated = knownAs(p.number, holder.number), true
				}
			}
			switch {
			case !repeated:
				p.err = uploads.Take(p.wish())
			case !first.same:
				p.err = numberReused(p.number.number)
			default:
				p.first = first.incident
				if p.key.text != "" {
					batch.Queue(`UPDATE incident_key SET county = $3, incident = $4 WHERE sender = $1 AND key = $2`, p.key.sender, p.key.text, first.county, first.incident)
				}
			}
		}
		switch {
		case p.err != nil:
			claimed = claimed || p.key.text != "" || p.number != nil
		case p.first == uuid.Nil:
			fresh = append(fresh, p)
			if p.number != nil {
				holders[name{p.number.source, p.number.number}] = p
			}
		}
	}
	return fresh, claimed
}

// claimNumbersOf claims the numbers of a group.
func claimNumbersOf(ctx context.Context, tx pgx.Tx, group []*prepared) (map[uuid.UUID]known, error) {
	var reports []numbered
	for _, p := range group {
		if p.number != nil && p.first == uuid.Nil && p.err == nil {
			reports = append(reports, *p.number)
		}
	}
	return claimNumbers(ctx, tx, reports, group[0].incident.ReceivedAt)
}

// writeNew puts the writing of new incidents, and of all that belongs to them, into a batch. Very many incidents and their events are copied at once, before it
// is sent: that takes two thirds of the time, and some round trips.
func writeNew(ctx context.Context, batch *pgx.Batch, tx pgx.Tx, fresh []*prepared, entry entryOf) error {
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
	if len(fresh) > mostOfOne {
		if err := copyIncidents(ctx, tx, "incident", incidents); err != nil {
			return err
		}
		if err := live.Copy(ctx, tx, events); err != nil {
			return err
		}
	} else {
		queueIncidents(batch, incidents)
		live.Queue(batch, tx, events)
	}
	if len(sealed) > 0 {
		batch.Queue(insertSealed, sealedCounties, sealedIDs, sealed, incidents[0].ReceivedAt)
	}
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
