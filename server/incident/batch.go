package incident

import (
	"context"
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
// transaction unless PostgreSQL refuses one of them, each with its event; one entry in the log tells of all. The bad ones do not keep them out, nor
// do those that the database fails; only where it fails all there is an error instead.
// A row whose number is known is a repeat; with a key, a row that says the same under the same key is too, wherever it stands. No row gets a receipt: its source has a number
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
	if err := noneStored(good); err != nil {
		return nil, err
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
			o = refused(ctx, n+1, err)
		}
		outcomes[n] = o
	}
	return outcomes, nil
}

// noneStored is the failure of the database that kept rows out, where it kept out all of them; nil where some are stored, or where none failed so.
func noneStored(good []*prepared) (failure error) {
	for _, p := range good {
		switch {
		case p.err == nil:
			return nil
		case isAway(p.err):
			failure = p.err
		}
	}
	return failure
}

// isAway tells whether the database could not be asked, or not in time.
func isAway(err error) bool {
	return web.IsDatabaseAway(err) || errors.Is(err, context.DeadlineExceeded)
}

// refused is the outcome of a row with an error.
func refused(ctx context.Context, row int, err error) RowOutcome {
	p, ok := web.AsProblem(err)
	switch {
	case ok:
	case isAway(err):
		slog.WarnContext(ctx, "the database failed a row of a batch", "request_id", web.RequestID(ctx), "row", row, "error", err)
		return RowOutcome{Row: row, Status: RowRefused, Code: web.DatabaseUnavailable, Detail: "the database failed while this row was stored, and it is not certain whether it was; send it again: " +
			"with a source_number, or the same Idempotency-Key, it is not stored twice"}
	default:
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
	now := s.present()
	points := make([]geo.Point, len(rows))
	for n := range rows {
		points[n] = rows[n].Report.Place
	}
	owners := s.snap.LocateAll(points)
	names := namesOf(rows, keyText)
	eachOf(len(rows), func(n int) {
		if errs[n] = rows[n].Problem; errs[n] != nil {
			return
		}
		var r Report
		if r, errs[n] = s.checked(rows[n].Report, now); errs[n] != nil {
			return
		}
		if errs[n] = at("lon", nil, access.Ask(ctx, access.IncidentIntake, owners[n].Codes)); errs[n] != nil {
			return
		}
		if errs[n] = tooOld(r, now); errs[n] != nil {
			return
		}
		var k key
		if keyText != "" {
			if k, errs[n] = newKey(ctx, names[n].key, names[n].digest); errs[n] != nil {
				return
			}
		}
		all[n], errs[n] = s.complete(ctx, r, become(r, owners[n], now), k)
	})
	return all, errs
}

// rowName is the Idempotency-Key of a row, and the digest of what it says.
type rowName struct {
	key    string
	digest [32]byte
}

// namesOf names the rows of a batch by what they say, and equal ones by how many stand before; so a row keeps its name when others are left out.
func namesOf(rows []BatchRow, keyText string) []rowName {
	names := make([]rowName, len(rows))
	if keyText == "" {
		return names
	}
	before := map[[32]byte]int{}
	for n := range rows {
		r := &rows[n].Report
		if rows[n].Problem != nil {
			continue
		}
		content := contentOf(r)
		digest := sha256.Sum256(fmt.Appendf(content[:], "%q %q %d %v %t", r.Channel, r.Number, r.ReportedAt.UnixMicro(), r.Photos, r.Private.normal() == (Private{})))
		names[n] = rowName{fmt.Sprintf("%s/%x/%d", keyText, digest[:16], before[digest]), digest}
		before[digest]++
	}
	return names
}

// storeBatchOf stores the reports of a batch, whoever leaves meanwhile, and sets what became of each.
func (s *Service) storeBatchOf(ctx context.Context, good []*prepared) error {
	if err := s.ensureMonthsOf(ctx, good); err != nil {
		return err
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
