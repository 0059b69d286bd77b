package live

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"jingwei/server/db"
)

// What a client that comes back may cost; one that missed more reloads instead. The stream is open to all, and has no other limit of time.
const (
	replaySpan  = 50_000          // events that are looked through for those that it may see
	replayLimit = 10_000          // events that it gets
	replayWait  = 5 * time.Second // for its turn
	replayTime  = "2s"            // of a statement; looking through replaySpan events takes some 10 ms
	replaysOnce = 4               // of the connections to the database that all share
)

// replay reads the events after since up to until that a filter lets through. reason says why they cannot be had; "" where they are whole.
func (h *Hub) replay(ctx context.Context, since, until int64, f Filter) (events []Event, reason string) {
	const tooMany, notNow = "too many events were missed", "the missed events cannot be read at the moment"
	if until-since > replaySpan {
		return nil, tooMany
	}
	turn := time.NewTimer(replayWait)
	defer turn.Stop()
	select {
	case h.replays <- struct{}{}:
		defer func() { <-h.replays }()
	case <-turn.C:
		return nil, notNow
	case <-ctx.Done():
		return nil, notNow
	}
	var first int64
	err := db.InTx(ctx, h.pool, func(tx pgx.Tx) (err error) {
		if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = '`+replayTime+`'`); err != nil {
			return err
		}
		if first, err = oldest(ctx, tx); err != nil {
			return err
		}
		events, err = missed(ctx, tx, since, until, f, replayLimit)
		return err
	})
	switch {
	case err != nil:
		if ctx.Err() == nil {
			slog.WarnContext(ctx, "missed events could not be replayed", "error", err)
		}
		return nil, notNow
	case since+1 < first || len(events) == replayLimit:
		return nil, tooMany
	}
	return events, ""
}
