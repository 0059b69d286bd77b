package live

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/server/db"
)

// channel is where PostgreSQL tells every server that events have committed.
const channel = "jingwei_event"

// Entry is an event that is about to be written.
type Entry struct {
	Kind   string
	Areas  []string // codes from the county down to where it happened, which decide who is told; empty outside every area: who may see everything
	Data   any      // becomes the JSON that clients get; never personal data
	Change any      // becomes the JSON that servers count by and clients never get; nil where there is nothing to count
}

// Row is an entry that is ready to be written.
type Row struct {
	kind, county, data string
	areas              []string
	change             *string
	id                 uuid.UUID
	at                 time.Time
}

// NewRow makes the row of an entry. Events are told in the order in which their rows were made, as far as they are committed in that order.
func NewRow(e Entry) (r Row, err error) {
	if audienceOf(e.Kind) < 0 {
		return r, fmt.Errorf("event %s: nobody is told of this kind; add it to the audiences of package live", e.Kind)
	}
	if r.id, err = uuid.NewV7(); err != nil {
		return r, fmt.Errorf("event %s: %w", e.Kind, err)
	}
	data, err := json.Marshal(e.Data)
	if err != nil {
		return r, fmt.Errorf("event %s: %w", e.Kind, err)
	}
	if e.Change != nil {
		change, err := json.Marshal(e.Change)
		if err != nil {
			return r, fmt.Errorf("event %s: %w", e.Kind, err)
		}
		r.change = new(string(change))
	}
	if len(e.Areas) > 0 {
		r.county = e.Areas[0]
	}
	r.kind, r.areas, r.data, r.at = e.Kind, append([]string{}, e.Areas...), string(data), time.Unix(r.id.Time().UnixTime())
	return r, nil
}

// Append writes events in the transaction of the change that they tell of, so that there is no change without its event and no
// event without its change. Live clients who may see them get them after the commit, in the order of the entries.
func Append(ctx context.Context, tx pgx.Tx, entries ...Entry) error {
	if len(entries) == 0 {
		return nil
	}
	rows := make([]Row, len(entries))
	for n, e := range entries {
		var err error
		if rows[n], err = NewRow(e); err != nil {
			return err
		}
	}
	batch := &pgx.Batch{}
	Queue(batch, tx, rows)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("event %s: %w", entries[0].Kind, err)
	}
	return nil
}

// Queue puts the writing of events, and the telling, into a batch of the transaction of the changes that they tell of.
func Queue(batch *pgx.Batch, tx pgx.Tx, rows []Row) {
	if len(rows) == 0 {
		return
	}
	n := len(rows)
	counties, ids, ats := make([]string, n), make([]uuid.UUID, n), make([]time.Time, n)
	kinds, areas, data, changes := make([]string, n), make([]string, n), make([]string, n), make([]*string, n)
	for i, r := range rows {
		counties[i], ids[i], ats[i], kinds[i], areas[i], data[i], changes[i] = r.county, r.id, r.at, r.kind, db.TextArray(r.areas), r.data, r.change
	}
	db.QueueMonths(batch, tx, "event", ats...)
	batch.Queue(`
		INSERT INTO event (county, id, at, kind, areas, data, change)
		SELECT county, id, at, kind, areas::text[], data::jsonb, change::jsonb
		FROM unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[]) AS r (county, id, at, kind, areas, data, change)`,
		counties, ids, ats, kinds, areas, data, changes)
	batch.Queue(tellServers)
}

// tellServers lets every server look for new events after the commit.
const tellServers = `SELECT pg_notify('` + channel + `', '')`

// Copy is Queue for thousands of events, which it writes at once.
func Copy(ctx context.Context, tx pgx.Tx, rows []Row) error {
	if len(rows) == 0 {
		return nil
	}
	ats := make([]time.Time, len(rows))
	for i := range rows {
		ats[i] = rows[i].at
	}
	batch := &pgx.Batch{}
	db.QueueMonths(batch, tx, "event", ats...)
	batch.Queue(tellServers)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("events: %w", err)
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"event"}, []string{"county", "id", "at", "kind", "areas", "data", "change"},
		pgx.CopyFromSlice(len(rows), func(n int) ([]any, error) {
			r := &rows[n]
			return []any{r.county, r.id, r.at, r.kind, r.areas, r.data, r.change}, nil
		}))
	if err != nil {
		return fmt.Errorf("copy events: %w", err)
	}
	return nil
}
