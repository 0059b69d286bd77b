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
// event without its change. Live clients get it after the commit. county is the code of the county whose people may see
// it; data becomes its JSON. It must hold no personal data: it goes to every map.
func Append(ctx context.Context, tx pgx.Tx, county, kind string, data any) error {
	payload, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("event %s: %w", kind, err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("event %s: %w", kind, err)
	}
	at := time.Unix(id.Time().UnixTime())
	batch := &pgx.Batch{}
	batch.Queue(`SELECT ensure_months('event', $1, $1)`, at)
	batch.Queue(`INSERT INTO event (county, id, at, kind, data) VALUES ($1, $2, $3, $4, $5)`, county, id, at, kind, payload)
	batch.Queue(`SELECT pg_notify('` + channel + `', '')`)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("event %s: %w", kind, err)
	}
	return nil
}
