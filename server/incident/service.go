package incident

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/access"
	"jingwei/server/area"
	"jingwei/server/audit"
	"jingwei/server/branch"
	"jingwei/server/db"
	"jingwei/server/item"
	"jingwei/server/live"
	"jingwei/server/photo"
	"jingwei/server/seal"
	"jingwei/server/snap"
	"jingwei/server/web"
)

// OldestReport is how long ago a single report may have been made; a file may go back to EarliestReport. It bounds the months that
// anybody can make by posting.
const OldestReport = 2 * 365 * 24 * time.Hour

// EarliestReport is the oldest instant that a report may name; anything older is taken for a mistake.
var EarliestReport = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// clockSkew is how far ahead of ours a reporter's clock may be.
const clockSkew = 5 * time.Minute

// Service takes reports in and gives incidents out.
type Service struct {
	pool     *pgxpool.Pool
	areas    *area.Service
	branches *branch.Service
	snap     *snap.Service
	items    *item.Service
	keys     *seal.Ring
	now      func() time.Time
}

// NewService makes a service. keys seal what only few may read of a report.
func NewService(pool *pgxpool.Pool, areas *area.Service, branches *branch.Service, snap *snap.Service, items *item.Service, keys *seal.Ring, now func() time.Time) *Service {
	return &Service{pool: pool, areas: areas, branches: branches, snap: snap, items: items, keys: keys, now: now}
}

// check says what is wrong with a report, as a problem that names the place.
func (s *Service) check(r Report) error {
	if _, ok := s.items.Find(r.Item); !ok {
		return web.NewProblem(web.UnknownItem, fmt.Sprintf("no item %q in the catalogue; /api/v1/items lists them", r.Item)).At("body.item", r.Item)
	}
	if r.ReportedAt.After(s.now().Add(clockSkew)) {
		return web.NewProblem(web.Invalid, "reported_at is in the future").At("body.reported_at", r.ReportedAt)
	}
	if r.ReportedAt.Before(EarliestReport) {
		return web.NewProblem(web.Invalid, "reported_at is before "+EarliestReport.Format(time.DateOnly)).At("body.reported_at", r.ReportedAt)
	}
	return r.Private.check("body.reporter")
}

// ask is nil where the actor of ctx may report through a channel at a place: everybody as a resident or courier, through the channels of
// workers, hotline and platforms who takes reports in there.
func ask(ctx context.Context, channel Channel, codes []string) error {
	action := access.IncidentIntake
	if channel == Resident || channel == Courier {
		action = access.IncidentReport
	}
	err := access.Ask(ctx, action, codes)
	if p, ok := web.AsProblem(err); ok {
		return p.At("body.channel", channel)
	}
	return err
}

// What the public's Idempotency-Keys must be, for with its key and body anybody gets the receipt of a report again: too long to be chosen by two
// reporters or guessed, and of this day.
const (
	minPublicKey = 16 // characters
	publicKeyFor = 24 * time.Hour
)

// senderOf is whose Idempotency-Keys those of ctx are, and since when they count: an account's are its own, for ever. The public is nobody in
// particular; so there the body is part of the key, and a key without the very same report meets nothing.
func senderOf(ctx context.Context, key string, digest []byte, now time.Time) (sender string, since time.Time, err error) {
	switch actor := access.From(ctx); {
	case actor.Account != uuid.Nil:
		return "account/" + actor.Account.String(), since, nil
	case actor.Via != access.ViaNothing:
		return string(actor.Via) + "/" + actor.Login, since, nil
	case key != "" && utf8.RuneCountInString(key) < minPublicKey:
		return "", since, web.NewProblem(web.Invalid, fmt.Sprintf("an Idempotency-Key must have at least %d characters that nobody else chooses; send a random UUID", minPublicKey)).
			At("header.Idempotency-Key", key)
	}
	return "public/" + hex.EncodeToString(digest), now.Add(-publicKeyFor), nil
}

// Create stores a report: snapped, with its event, in one transaction. When it returns without an error the incident is on disk. A zero
// ReportedAt is now. key is the writer's own name for this report, or "": a repeat with the same key and the same body
// returns the first incident, the same receipt and created false, to the public for a day; an account's with another body is a problem.
func (s *Service) Create(ctx context.Context, r Report, key string, body []byte) (i Incident, receipt Receipt, created bool, err error) {
	now := s.now().UTC().Truncate(time.Microsecond) // as the database keeps it
	if r.ReportedAt.IsZero() {
		r.ReportedAt = now
	}
	r.ReportedAt = r.ReportedAt.UTC().Truncate(time.Microsecond)
	r.Private = r.Private.normal()
	if err := s.check(r); err != nil {
		return i, receipt, false, err
	}
	digest := sha256.Sum256(body)
	sender, since, err := senderOf(ctx, key, digest[:], now)
	if err != nil {
		return i, receipt, false, err
	}
	var nonce [16]byte
	_, _ = rand.Read(nonce[:])
	i = New(NewID(r.ReportedAt, nonce[:]), r, s.snap.Locate(r.Place), now)
	if err := ask(ctx, i.Channel, i.Codes); err != nil {
		return Incident{}, receipt, false, err
	}
	if i.ReportedAt.Before(now.Add(-OldestReport)) {
		return Incident{}, receipt, false, web.NewProblem(web.Invalid, "reported_at is more than two years ago; import older reports from a file").At("body.reported_at", r.ReportedAt)
	}
	if err := EnsureMonths(ctx, s.pool, i.ReportedAt, i.ReportedAt); err != nil {
		return Incident{}, receipt, false, err
	}
	if len(r.Photos) > 0 {
		if err := photo.EnsureMonths(ctx, s.pool, i.ReportedAt, i.ReportedAt); err != nil {
			return Incident{}, receipt, false, err
		}
	}
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if key != "" {
			first, ok, err := claimKey(ctx, tx, sender, key, digest[:], i, now, since)
			if err != nil {
				return err
			}
			if !ok {
				i = first
				receipt, err = s.receiptAgain(ctx, tx, first)
				return err
			}
		}
		if r.Number != "" {
			if err := claimNumber(ctx, tx, r, i, now); err != nil {
				return err
			}
		}
		created = true
		if receipt, err = s.store(ctx, tx, i); err != nil {
			return err
		}
		return photo.Attach(ctx, tx, i.County, i.ID, r.Photos, now)
	})
	if err != nil {
		return Incident{}, Receipt{}, false, err
	}
	i.Private = Private{}
	return i, receipt, created, nil
}

// store keeps one new incident with all that belongs to it.
func (s *Service) store(ctx context.Context, tx pgx.Tx, i Incident) (Receipt, error) {
	if err := insert(ctx, tx, i); err != nil {
		return Receipt{}, err
	}
	if err := savePrivate(ctx, tx, s.keys, []Incident{i}, i.ReceivedAt); err != nil {
		return Receipt{}, err
	}
	sequence, err := nextReportNumber(ctx, tx)
	if err != nil {
		return Receipt{}, err
	}
	receipt, stored, err := newReceipt(s.keys, i, sequence, i.ReceivedAt)
	if err != nil {
		return Receipt{}, err
	}
	if err := saveReceipt(ctx, tx, stored); err != nil {
		return Receipt{}, err
	}
	if err := live.Append(ctx, tx, live.Entry{Kind: live.IncidentCreated, Areas: i.Codes, Data: s.created(i), Change: Change{To: i.counted()}}); err != nil {
		return Receipt{}, err
	}
	return receipt, audit.Append(ctx, tx, audit.Entry{
		Action: "incident.create", Object: object(i.ID), Areas: i.Codes, After: auditedReport{Item: i.Item, Channel: i.Channel},
	})
}

// auditedReport is what the audit log says of a new incident: nothing that people wrote.
type auditedReport struct {
	Item    string  `json:"item"`
	Channel Channel `json:"channel"`
}

// object names an incident in the audit log.
func object(id uuid.UUID) string { return "incident/" + id.String() }

// createdEvent is what every map is told of a new incident: nothing of the reporter, and no description, which may name people.
type createdEvent struct {
	ID         uuid.UUID `json:"id"`
	County     string    `json:"county"`
	Lon        float64   `json:"lon"`
	Lat        float64   `json:"lat"`
	Item       string    `json:"item"`
	ItemName   string    `json:"item_name"`
	ItemNameEN string    `json:"item_name_en"`
	Title      string    `json:"title"`
	Channel    Channel   `json:"channel"`
	Status     Status    `json:"status"`
	Areas      []string  `json:"areas"`
	Branch     string    `json:"branch,omitempty"`
	ReportedAt time.Time `json:"reported_at"`
}

func (s *Service) created(i Incident) createdEvent {
	lon, lat := i.Place.Degrees()
	e := createdEvent{
		ID: i.ID, County: i.County, Lon: lon, Lat: lat, Item: i.Item, Title: i.Title, Channel: i.Channel, Status: i.Status,
		Areas: append([]string{}, i.Codes...), Branch: i.Branch, ReportedAt: i.ReportedAt,
	}
	if item, ok := s.items.Find(i.Item); ok {
		e.ItemName, e.ItemNameEN = item.Name, item.NameEN
	}
	return e
}

// Find an incident. An id that is unknown and one that lies outside the actor's areas are answered alike: not_found.
func (s *Service) Find(ctx context.Context, id uuid.UUID) (Incident, error) {
	scope, err := access.AskScope(ctx, access.IncidentRead)
	if err != nil {
		return Incident{}, err
	}
	i, ok, err := find(ctx, s.pool, id)
	if err != nil {
		return Incident{}, err
	}
	if !ok || !scope.Holds(i.Codes) {
		return Incident{}, web.NewProblem(web.NotFound, "no incident has the id "+id.String()).At("path.id", id)
	}
	return i, nil
}

// Photos are the ids of the photos of an incident that the actor may see.
func (s *Service) Photos(ctx context.Context, i Incident) ([]uuid.UUID, error) {
	if err := access.Ask(ctx, access.IncidentRead, i.Codes); err != nil {
		return nil, err
	}
	return photo.Of(ctx, s.pool, i.County, i.ID)
}

// Photo is one photo of an incident that the actor may see. An incident that Find does not find and an id that is none of its photos are
// not_found.
func (s *Service) Photo(ctx context.Context, incident, id uuid.UUID) (photo.Photo, error) {
	i, err := s.Find(ctx, incident)
	if err != nil {
		return photo.Photo{}, err
	}
	return photo.Find(ctx, s.pool, i.County, i.ID, id)
}
