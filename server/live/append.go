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

// Append writes events in the transaction of the change that they tell of, so that there is no change without its event and no
// event without its change. Live clients who may see them get them after the commit, in the order of the entries.
func Append(ctx context.Context, tx pgx.Tx, entries ...Entry) error {
	if len(entries) == 0 {
		return nil
	}
	rows := make([][]any, len(entries))
	var at time.Time
	for n, e := range entries {
		if audienceOf(e.Kind) < 0 {
			return fmt.Errorf("event %s: nobody is told of this kind; add it to the audiences of package live", e.Kind)
		}
		id, err := uuid.NewV7()
		if err != nil {
			return fmt.Errorf("event %s: %w", e.Kind, err)
		}
		data, err := json.Marshal(e.Data)
		if err != nil {
			return fmt.Errorf("event %s: %w", e.Kind, err)
		}
		var change []byte
		if e.Change != nil {
			if change, err = json.Marshal(e.Change); err != nil {
				return fmt.Errorf("event %s: %w", e.Kind, err)
			}
		}
		county := ""
		if len(e.Areas) > 0 {
			county = e.Areas[0]
		}
		at = time.Unix(id.Time().UnixTime())
		rows[n] = []any{county, id, at, e.Kind, append([]string{}, e.Areas...), data, change}
	}
	batch := &pgx.Batch{}
	db.QueueMonths(batch, tx, "event", at, at)
	if len(rows) == 1 {
		batch.Queue(`INSERT INTO event (county, id, at, kind, areas, data, change) VALUES ($1, $2, $3, $4, $5, $6, $7)`, rows[0]...)
	}
	batch.Queue(`SELECT pg_notify('` + channel + `', '')`)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("event %s: %w", entries[0].Kind, err)
	}
	if len(rows) == 1 {
		return nil
	}
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"event"}, []string{"county", "id", "at", "kind", "areas", "data", "change"}, pgx.CopyFromRows(rows)); err != nil {
		return fmt.Errorf("event %s: %w", entries[0].Kind, err)
	}
	return nil
}
