package incident

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/db"
	"jingwei/server/item"
	"jingwei/server/live"
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
	pool  *pgxpool.Pool
	snap  *snap.Service
	items *item.Service
	now   func() time.Time
}

// NewService makes a service.
func NewService(pool *pgxpool.Pool, snap *snap.Service, items *item.Service, now func() time.Time) *Service {
	return &Service{pool: pool, snap: snap, items: items, now: now}
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
	return nil
}

// Create stores a report: snapped, with its event, in one transaction. When it returns without an error the incident is on disk. A zero
// ReportedAt is now. key is the writer's own name for this report, or "": a repeat with the same key and the same body
// returns the first incident and created false; with another body it is a problem.
func (s *Service) Create(ctx context.Context, r Report, key string, body []byte) (i Incident, created bool, err error) {
	now := s.now().UTC().Truncate(time.Microsecond) // as the database keeps it
	if r.ReportedAt.IsZero() {
		r.ReportedAt = now
	}
	r.ReportedAt = r.ReportedAt.UTC().Truncate(time.Microsecond)
	if err := s.check(r); err != nil {
		return i, false, err
	}
	var nonce [16]byte
	_, _ = rand.Read(nonce[:])
	i = New(NewID(r.ReportedAt, nonce[:]), r, s.snap.Locate(r.Place), now)
	if i.ReportedAt.Before(now.Add(-OldestReport)) {
		return Incident{}, false, web.NewProblem(web.Invalid, "reported_at is more than two years ago; import older reports from a file").At("body.reported_at", r.ReportedAt)
	}
	if err := EnsureMonths(ctx, s.pool, i.ReportedAt, i.ReportedAt); err != nil {
		return Incident{}, false, err
	}
	digest := sha256.Sum256(body)
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if key != "" {
			first, ok, err := claimKey(ctx, tx, key, digest[:], i, now)
			if err != nil || !ok {
				i, created = first, false
				return err
			}
		}
		if err := insert(ctx, tx, i); err != nil {
			return err
		}
		created = true
		return live.Append(ctx, tx, i.Codes, live.IncidentCreated, s.created(i))
	})
	if err != nil {
		return Incident{}, false, err
	}
	return i, created, nil
}

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
		ID: i.ID, County: i.County, Lon: lon, Lat: lat, Item: i.Item, Title: mask(i.Title), Channel: i.Channel, Status: i.Status,
		Areas: append([]string{}, i.Codes...), Branch: i.Branch, ReportedAt: i.ReportedAt,
	}
	if item, ok := s.items.Find(i.Item); ok {
		e.ItemName, e.ItemNameEN = item.Name, item.NameEN
	}
	return e
}

// Find an incident; not_found for an unknown id.
func (s *Service) Find(ctx context.Context, id uuid.UUID) (Incident, error) {
	i, ok, err := find(ctx, s.pool, id)
	if err == nil && !ok {
		err = web.NewProblem(web.NotFound, "no incident has the id "+id.String()).At("path.id", id)
	}
	return i, err
}

// List is at most limit incidents that pass the filter, the newest first; more tells whether older ones follow.
func (s *Service) List(ctx context.Context, f Filter, limit int) (incidents []Incident, more bool, err error) {
	incidents, err = list(ctx, s.pool, f, limit+1)
	if len(incidents) > limit {
		return incidents[:limit], true, err
	}
	return incidents, false, err
}
