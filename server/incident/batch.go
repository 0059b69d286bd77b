package incident

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"

	"jingwei/geo"
	"jingwei/server/access"
	"jingwei/server/audit"
	"jingwei/server/web"
)

const (
	mostRows      = 10_000
	batchesAtOnce = 2                // of all senders; the others wait
	batchTime     = 60 * time.Second // to store one
)

// BatchRow is a report of a batch, or the problem that it has.
type BatchRow struct {
	Report  Report
	Problem error
}

// RowOutcome is what became of a row of a batch.
type RowOutcome struct {
	Row      int        `json:"row" doc:"From 1"`
	Status   RowStatus  `json:"status" enum:"created,repeated,refused"`
	ID       *uuid.UUID `json:"id,omitempty" format:"uuid" doc:"Of the incident, also where it was stored before"`
	Code     web.Code   `json:"code,omitempty" doc:"Of the problem, where it is refused"`
	Detail   string     `json:"detail,omitempty"`
	Location string     `json:"location,omitempty" doc:"The field, or the column, that is wrong"`
}

// RowStatus says what became of a row.
type RowStatus string

// What can become of a row.
const (
	RowCreated  RowStatus = "created"
	RowRepeated RowStatus = "repeated" // it was stored before
	RowRefused  RowStatus = "refused"
)

// AskBatch is nil where the actor of ctx may take reports in somewhere.
func (s *Service) AskBatch(ctx context.Context) error {
	_, err := access.AskScope(ctx, access.IncidentIntake)
	return err
}

// CreateAll stores reports that an intake system has gathered, and tells of each what became of it. The good ones are on disk then, in one
// transaction unless PostgreSQL refuses one of them, each with its event; one entry in the log tells of all. The bad ones do not keep them out.
// A row whose number is known is a repeat; with a key, the same row under the same key is too. No row gets a receipt: its source has a number
// of its own.
func (s *Service) CreateAll(ctx context.Context, rows []BatchRow, keyText string) ([]RowOutcome, error) {
	if err := s.AskBatch(ctx); err != nil {
		return nil, err
	}
	if err := s.line.full(); err != nil {
		return nil, err
	}
	select {
	case s.batches <- struct{}{}:
		defer func() { <-s.batches }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	all, errs := s.prepareAll(ctx, rows, keyText)
	var good []*prepared
	for _, p := range all {
		if p != nil {
			good = append(good, p)
		}
	}
	if len(good) > 0 {
		if err := s.storeBatchOf(ctx, good); err != nil {
			return nil, err
		}
	}
	outcomes := make([]RowOutcome, len(rows))
	for n := range outcomes {
		o := RowOutcome{Row: n + 1, Status: RowCreated}
		err := errs[n]
		if p := all[n]; p != nil {
			err, o.ID = p.err, &p.incident.ID
			if p.first != uuid.Nil {
				o.Status, o.ID = RowRepeated, &p.first
			}
		}
		if err != nil {
			if web.IsDatabaseAway(err) || errors.Is(err, context.DeadlineExceeded) {
				return nil, err
			}
			o = refused(ctx, n+1, err)
		}
		outcomes[n] = o
	}
	return outcomes, nil
}

// refused is the outcome of a row with an error.
func refused(ctx context.Context, row int, err error) RowOutcome {
	p, ok := web.AsProblem(err)
	if !ok {
		slog.ErrorContext(ctx, "a row of a batch was not stored", "request_id", web.RequestID(ctx), "row", row, "error", err)
		return RowOutcome{Row: row, Status: RowRefused, Code: web.Internal, Detail: "the server failed to store this row; the log has the details under request id " + web.RequestID(ctx)}
	}
	o := RowOutcome{Row: row, Status: RowRefused, Code: p.Code, Detail: p.Detail}
	if len(p.Errors) > 0 {
		o.Location = strings.TrimPrefix(p.Errors[0].Location, "body.")
	}
	return o
}

// prepareAll prepares the rows of a batch by one edition; of each there is the report or the error.
func (s *Service) prepareAll(ctx context.Context, rows []BatchRow, keyText string) ([]*prepared, []error) {
	all, errs := make([]*prepared, len(rows)), make([]error, len(rows))
	now := s.now().UTC().Truncate(time.Microsecond)
	points := make([]geo.Point, len(rows))
	for n := range rows {
		points[n] = rows[n].Report.Place
	}
	owners := s.snap.LocateAll(points)
	eachOf(len(rows), func(n int) {
		if errs[n] = rows[n].Problem; errs[n] != nil {
			return
		}
		r := rows[n].Report
		if r.ReportedAt.IsZero() {
			r.ReportedAt = now
		}
		r.ReportedAt = r.ReportedAt.UTC().Truncate(time.Microsecond)
		r.Private = r.Private.normal()
		if errs[n] = s.check(r); errs[n] != nil {
			return
		}
		if errs[n] = at("lon", nil, access.Ask(ctx, access.IncidentIntake, owners[n].Codes)); errs[n] != nil {
			return
		}
		if r.ReportedAt.Before(now.Add(-OldestReport)) {
			errs[n] = web.NewProblem(web.Invalid, "reported_at is more than two years ago; import older reports from a file").At("reported_at", nil)
			return
		}
		var k key
		if keyText != "" {
			content := contentOf(&r)
			if k, errs[n] = newKey(ctx, fmt.Sprintf("%s/%d", keyText, n+1), sha256.Sum256(fmt.Appendf(content[:], "%s %s %v", r.Channel, r.Number, r.Private == (Private{})))); errs[n] != nil {
				return
			}
		}
		var nonce [16]byte
		_, _ = rand.Read(nonce[:])
		i := New(NewID(r.ReportedAt, nonce[:]), r, owners[n], now)
		i.LookAt(owners[n])
		all[n], errs[n] = s.complete(ctx, r, i, k)
	})
	return all, errs
}

// storeBatchOf stores the reports of a batch, whoever leaves meanwhile, and sets what became of each.
func (s *Service) storeBatchOf(ctx context.Context, good []*prepared) error {
	days := map[time.Time]bool{}
	for _, p := range good {
		if day := p.incident.ReportedAt.Truncate(24 * time.Hour); len(p.photos) > 0 || !days[day] {
			days[day] = true
			if err := s.ensureMonths(ctx, p); err != nil {
				return err
			}
		}
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), batchTime)
	defer cancel()
	s.storeAll(within, good, func(stored []*prepared) (audit.Row, error) {
		first, last := stored[0].incident.ID, stored[0].incident.ID
		digest := sha256.New()
		for _, p := range stored {
			id := p.incident.ID
			_, _ = digest.Write(id[:])
			if id.String() < first.String() {
				first = id
			}
			if id.String() > last.String() {
				last = id
			}
		}
		return audit.NewRow(ctx, audit.Entry{Action: "incident.batch", After: auditedBatch{len(stored), first, last, fmt.Sprintf("%x", digest.Sum(nil))}})
	})
	return nil
}

// auditedBatch is what the log says of a batch.
type auditedBatch struct {
	Created int       `json:"created"`
	First   uuid.UUID `json:"first"`  // the lowest id
	Last    uuid.UUID `json:"last"`   // the highest
	Digest  string    `json:"digest"` // SHA-256 of the ids, 16 bytes each, in the order of the rows
}
