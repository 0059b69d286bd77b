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

// Row is an entry with who did it, when and from where: ready to be written.
type Row struct {
	entry         Entry
	id            uuid.UUID
	at            time.Time
	account       *uuid.UUID
	login         string
	via           access.Via
	address       string
	request       string
	before, after *string // JSON
}

// NewRow takes from ctx what an entry does not say itself. Where somebody else writes the row, later, it still tells of the actor of ctx.
func NewRow(ctx context.Context, e Entry) (Row, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Row{}, fmt.Errorf("audit %s: %w", e.Action, err)
	}
	if e.Outcome == "" {
		e.Outcome = Done
	}
	actor := access.From(ctx)
	r := Row{entry: e, id: id, at: time.Unix(id.Time().UnixTime()), login: actor.Login, via: actor.Via, address: web.ClientAddress(ctx), request: web.RequestID(ctx)}
	if actor.Account != uuid.Nil {
		r.account = &actor.Account
	}
	if r.before, err = document(e.Before); err != nil {
		return Row{}, fmt.Errorf("audit %s: before: %w", e.Action, err)
	}
	if r.after, err = document(e.After); err != nil {
		return Row{}, fmt.Errorf("audit %s: after: %w", e.Action, err)
	}
	if e.Outcome == Refused {
		noteRefusal(ctx)
	}
	return r, nil
}

// Append writes an entry in the transaction of the change that it tells of.
func Append(ctx context.Context, tx pgx.Tx, e Entry) error {
	row, err := NewRow(ctx, e)
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	Queue(batch, tx, []Row{row})
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("audit %s: %w", e.Action, err)
	}
	return nil
}

// Queue puts the writing of rows into a batch of the transaction of the changes that they tell of: one statement, or two where a new month has
// begun.
func Queue(batch *pgx.Batch, tx pgx.Tx, rows []Row) {
	if len(rows) == 0 {
		return
	}
	n := len(rows)
	counties, ids, ats, accounts := make([]string, n), make([]uuid.UUID, n), make([]time.Time, n), make([]*uuid.UUID, n)
	logins, vias, addresses, requests := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	actions, objects, areas, outcomes, reasons := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	befores, afters := make([]*string, n), make([]*string, n)
	for i := range rows {
		r := &rows[i]
		e := &r.entry
		if len(e.Areas) > 0 {
			counties[i] = e.Areas[0]
		}
		ids[i], ats[i], accounts[i], logins[i], vias[i], addresses[i], requests[i] = r.id, r.at, r.account, r.login, string(r.via), r.address, r.request
		actions[i], objects[i], areas[i], outcomes[i], reasons[i] = e.Action, e.Object, db.TextArray(e.Areas), string(e.Outcome), e.Reason
		befores[i], afters[i] = r.before, r.after
	}
	db.QueueMonths(batch, tx, "audit", ats...)
	batch.Queue(`
		INSERT INTO audit (county, id, at, account, login, via, address, request, action, object, areas, outcome, reason, before, after)
		SELECT county, id, at, account, login, via, address, request, action, object, areas::text[], outcome, reason, before::jsonb, after::jsonb
		FROM unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[],
			$12::text[], $13::text[], $14::text[], $15::text[])
			AS r (county, id, at, account, login, via, address, request, action, object, areas, outcome, reason, before, after)`,
		counties, ids, ats, accounts, logins, vias, addresses, requests, actions, objects, areas, outcomes, reasons, befores, afters)
}

// document is a value as JSON, or nil.
func document(v any) (*string, error) {
	if v == nil {
		return nil, nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return new(string(text)), nil
}
