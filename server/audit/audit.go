// Package audit is the log of who did what: append-only, chained by hashes so that a row that is changed or removed is found. An entry is
// written in the transaction of what it tells of. It must hold no personal data.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/server/access"
	"jingwei/server/db"
	"jingwei/server/web"
)

// Outcome tells whether something was done.
type Outcome string

// The outcomes.
const (
	Done    Outcome = "done"
	Refused Outcome = "refused" // the rights, the password or a limit stood against it
)

// Entry is what one row says besides who, when and from where, which come from the context.
type Entry struct {
	Action  string   // noun.verb, such as account.create
	Object  string   // noun/id, such as account/0190…; "" where there is none
	Areas   []string // codes from the county to the area that it concerns; empty where none
	Outcome Outcome  // "" is Done
	Reason  string   // what the person gave as the reason, or why it was refused
	Before  any      // becomes JSON; nil where there was nothing
	After   any
}

// Append writes an entry in the transaction of the change that it tells of.
func Append(ctx context.Context, tx pgx.Tx, e Entry) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("audit %s: %w", e.Action, err)
	}
	before, err := document(e.Before)
	if err != nil {
		return fmt.Errorf("audit %s: before: %w", e.Action, err)
	}
	after, err := document(e.After)
	if err != nil {
		return fmt.Errorf("audit %s: after: %w", e.Action, err)
	}
	if e.Outcome == "" {
		e.Outcome = Done
	}
	if e.Outcome == Refused {
		noteRefusal(ctx)
	}
	county := ""
	if len(e.Areas) > 0 {
		county = e.Areas[0]
	}
	actor, at := access.From(ctx), time.Unix(id.Time().UnixTime())
	var account *uuid.UUID
	if actor.Account != uuid.Nil {
		account = &actor.Account
	}
	batch := &pgx.Batch{}
	db.QueueMonths(batch, tx, "audit", at, at)
	batch.Queue(`
		INSERT INTO audit (county, id, at, account, login, via, address, request, action, object, areas, outcome, reason, before, after)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		county, id, at, account, actor.Login, actor.Via, web.ClientAddress(ctx), web.RequestID(ctx), e.Action, e.Object,
		append([]string{}, e.Areas...), e.Outcome, e.Reason, before, after)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("audit %s: %w", e.Action, err)
	}
	return nil
}

// document is a value as JSON, or nil.
func document(v any) ([]byte, error) {
	if v == nil {
		return nil, nil
	}
	return json.Marshal(v)
}
