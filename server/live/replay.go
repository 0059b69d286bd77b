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

// catchUpTime is how long a client waits for this server to come as far as another that it followed before.
const catchUpTime = 5 * time.Second

// catchUp waits until this server has the event with a number, which another server on the database may have sent already. future tells that
// there is none yet; known is false where that cannot be told now, and the client had better come again.
func (h *Hub) catchUp(ctx context.Context, seq int64) (future, known bool) {
	if h.reaches(seq) {
		return false, true
	}
	ctx, cancel := context.WithTimeout(ctx, catchUpTime)
	defer cancel()
	last, err := newest(ctx, h.pool, 1)
	if err != nil {
		return false, false
	}
	if len(last) == 0 || last[0].Seq < seq {
		return true, true
	}
	look := time.NewTicker(pauseLeast)
	defer look.Stop()
	for !h.reaches(seq) {
		select {
		case <-look.C:
		case <-ctx.Done():
			return false, false
		}
	}
	return false, true
}

// reaches reports whether the window has come as far as a number.
func (h *Hub) reaches(seq int64) bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return seq <= h.window.last()
}
