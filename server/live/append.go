package live

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// channel is where PostgreSQL tells every server that events have committed.
const channel = "jingwei_event"

// Append writes an event in the transaction of the change that it tells of, so that there is no change without its event and no
// event without its change. Live clients who may see it get it after the commit. areas are the codes from the county down to where it
// happened, and decide who may; they are empty outside every area, which only those see who may see everything. data becomes its JSON. It
// must hold no personal data.
func Append(ctx context.Context, tx pgx.Tx, areas []string, kind string, data any) error {
	if audienceOf(kind) < 0 {
		return fmt.Errorf("event %s: nobody is told of this kind; add it to the audiences of package live", kind)
	}
	payload, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("event %s: %w", kind, err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("event %s: %w", kind, err)
	}
	county := ""
	if len(areas) > 0 {
		county = areas[0]
	}
	at := time.Unix(id.Time().UnixTime())
	batch := &pgx.Batch{}
	batch.Queue(`SELECT ensure_months('event', $1, $1)`, at)
	batch.Queue(`INSERT INTO event (county, id, at, kind, areas, data) VALUES ($1, $2, $3, $4, $5, $6)`,
		county, id, at, kind, append([]string{}, areas...), payload)
	batch.Queue(`SELECT pg_notify('` + channel + `', '')`)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("event %s: %w", kind, err)
	}
	return nil
}
