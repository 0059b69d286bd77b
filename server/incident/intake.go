package incident

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"jingwei/server/access"
	"jingwei/server/audit"
	"jingwei/server/live"
	"jingwei/server/photo"
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
	if r.Number != strings.TrimSpace(r.Number) || strings.ContainsFunc(r.Number, unicode.IsControl) {
		return web.NewProblem(web.Invalid, "source_number must be one line without blanks around it").At("body.source_number", r.Number)
	}
	return r.Private.check("body.reporter")
}

// ask is nil where the actor of ctx may report through a channel at a place: everybody as a resident or courier, through the channels of
// workers, hotline and platforms, and with the number of a source, who takes reports in there.
func ask(ctx context.Context, channel Channel, number string, codes []string) error {
	if channel == Resident || channel == Courier {
		if number != "" {
			return at("body.source_number", number, access.Ask(ctx, access.IncidentIntake, codes))
		}
		return at("body.channel", channel, access.Ask(ctx, access.IncidentReport, codes))
	}
	return at("body.channel", channel, access.Ask(ctx, access.IncidentIntake, codes))
}

// at adds a place to an error that is a problem.
func at(location string, value any, err error) error {
	if p, ok := web.AsProblem(err); ok {
		return p.At(location, value)
	}
	return err
}

// prepared is a report that lacks nothing but its place in the database: checked, allowed, snapped, masked and sealed.
type prepared struct {
	incident Incident
	photos   []uuid.UUID
	actor    *access.Actor
	key      key
	number   *numbered     // nil: the source gave none
	sealed   []byte        // nil: nothing is private
	receipt  storedReceipt // without its number, until it is stored
	secret   Receipt       // likewise
	event    live.Row
	entry    audit.Row

	// What became of it: err, or the incident that was stored before, or else it is stored.
	err    error
	first  uuid.UUID
	near   *near // what its sender is told of others; nil where nothing is
	queued time.Time
	done   chan struct{} // closed then
}

// Create stores a report: snapped, with its event. When it returns without an error the incident is on disk. A zero
// ReportedAt is now. key is the writer's own name for this report, or "": a repeat with the same key and the same body
// returns the first incident, the same receipt and created false, to the public for a day; an account's with another body is a problem. So does
// a repeat of the source's number. Reports that come at the same time are stored together; that of one who does not wait for the answer too.
func (s *Service) Create(ctx context.Context, r Report, key string, body []byte) (i Incident, receipt Receipt, created bool, err error) {
	i, receipt, p, err := s.create(ctx, r, key, body, false)
	return i, receipt, err == nil && p.first == uuid.Nil, err
}

// create is Create, and gives the report with the incidents near it that Duplicates chooses from, where looks says so and the actor may see some.
func (s *Service) create(ctx context.Context, r Report, key string, body []byte, looks bool) (i Incident, receipt Receipt, p *prepared, err error) {
	if err := s.line.full(); err != nil {
		return Incident{}, Receipt{}, nil, err
	}
	if p, err = s.prepare(ctx, r, key, body); err != nil {
		return Incident{}, Receipt{}, nil, err
	}
	if err := ctx.Err(); err != nil { // who has left before is not let in
		return Incident{}, Receipt{}, nil, err
	}
	if looks && !access.Within(p.actor, access.IncidentRead).Empty() {
		p.near = &near{}
	}
	if err := s.line.put(p); err != nil {
		return Incident{}, Receipt{}, nil, err
	}
	select {
	case <-p.done:
	case <-ctx.Done():
		return Incident{}, Receipt{}, nil, ctx.Err()
	}
	switch {
	case p.err != nil:
		return Incident{}, Receipt{}, nil, p.err
	case p.first != uuid.Nil:
		i, receipt, err = s.again(ctx, p)
		return i, receipt, p, err
	}
	i = p.incident
	i.Private = Private{}
	p.secret.Number = spoken(p.receipt.number)
	return i, p.secret, p, nil
}

// present is the instant as the database keeps it.
func (s *Service) present() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// checked is a report in the form in which it is stored; or the problem that it has.
func (s *Service) checked(r Report, now time.Time) (Report, error) {
	if r.ReportedAt.IsZero() {
		r.ReportedAt = now
	}
	r.ReportedAt = r.ReportedAt.UTC().Truncate(time.Microsecond)
	r.Private = r.Private.normal()
	return r, s.check(r)
}

// tooOld is the problem of a report that was made longer than OldestReport ago.
func tooOld(r Report, now time.Time) error {
	if r.ReportedAt.Before(now.Add(-OldestReport)) {
		return web.NewProblem(web.Invalid, "reported_at is more than two years ago; import older reports from a file").At("body.reported_at", r.ReportedAt)
	}
	return nil
}

// become is the incident that a report becomes where its place has an owner.
func become(r Report, owner snap.Result, now time.Time) Incident {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:])
	i := New(NewID(r.ReportedAt, nonce[:]), r, owner, now)
	i.LookAt(owner)
	return i
}

// prepare does all that can be done for a report without the database.
func (s *Service) prepare(ctx context.Context, r Report, keyText string, body []byte) (*prepared, error) {
	now := s.present()
	r, err := s.checked(r, now)
	if err != nil {
		return nil, err
	}
	key, err := newKey(ctx, keyText, sha256.Sum256(body))
	if err != nil {
		return nil, err
	}
	i := become(r, s.snap.Locate(r.Place), now)
	if err := ask(ctx, i.Channel, r.Number, i.Codes); err != nil {
		return nil, err
	}
	if err := tooOld(r, now); err != nil {
		return nil, err
	}
	p, err := s.complete(ctx, r, i, key)
	if err != nil {
		return nil, err
	}
	if p.secret, p.receipt, err = newReceipt(s.keys, i, now); err != nil {
		return nil, err
	}
	p.entry, err = audit.NewRow(ctx, audit.Entry{
		Action: "incident.create", Object: object(i.ID), Areas: i.Codes, After: auditedReport{Item: i.Item, Channel: i.Channel},
	})
	if err != nil {
		return nil, err
	}
	return p, s.ensureMonths(ctx, p)
}

// complete seals what is private, and makes the event.
func (s *Service) complete(ctx context.Context, r Report, i Incident, key key) (p *prepared, err error) {
	p = &prepared{incident: i, photos: r.Photos, actor: access.From(ctx), key: key, done: make(chan struct{})}
	if r.Number != "" {
		p.number = &numbered{source: r.source(), number: r.Number, digest: contentOf(&r), county: i.County, incident: i.ID}
	}
	if i.Private != (Private{}) {
		if p.sealed, err = i.Private.sealed(s.keys, i.ID); err != nil {
			return nil, fmt.Errorf("incident %s: %w", i.ID, err)
		}
	}
	p.event, err = live.NewRow(s.createdEntry(i))
	return p, err
}

// ensureMonths makes the partitions that a report needs.
func (s *Service) ensureMonths(ctx context.Context, p *prepared) error {
	at := p.incident.ReportedAt
	if err := EnsureMonths(ctx, s.pool, at, at); err != nil || len(p.photos) == 0 {
		return err
	}
	return photo.EnsureMonths(ctx, s.pool, at, at)
}

// ensureMonthsOf does that for many, asking once for each month. Reports of a month that takes none get that problem.
func (s *Service) ensureMonthsOf(ctx context.Context, reports []*prepared) error {
	type need struct {
		month  string
		photos bool
	}
	asked := map[need]error{}
	for _, p := range reports {
		n := need{p.incident.ReportedAt.Format(monthForm), len(p.photos) > 0}
		err, known := asked[n]
		if !known {
			err = s.ensureMonths(ctx, p)
			asked[n] = err
		}
		if _, refused := web.AsProblem(err); err != nil && !refused {
			return err
		}
		p.err = err
	}
	return nil
}

// again is the incident that was stored before, and its receipt.
func (s *Service) again(ctx context.Context, p *prepared) (Incident, Receipt, error) {
	first, ok, err := find(ctx, s.pool, p.first)
	if err != nil {
		return Incident{}, Receipt{}, err
	}
	if !ok {
		return Incident{}, Receipt{}, web.NewProblem(web.Conflict, "the report was stored before, as incident "+p.first.String()+", which has been archived since")
	}
	if p.number != nil && access.Ask(ctx, access.IncidentIntake, first.Codes) != nil { // its pin was moved to where the actor has no say
		return Incident{}, Receipt{}, numberReused(p.number.number)
	}
	receipt, err := s.receiptAgain(ctx, s.pool, first)
	return first, receipt, err
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

// createdEntry is the event of a new incident.
func (s *Service) createdEntry(i Incident) live.Entry {
	lon, lat := i.Place.Degrees()
	e := createdEvent{
		ID: i.ID, County: i.County, Lon: lon, Lat: lat, Item: i.Item, Title: i.Title, Channel: i.Channel, Status: i.Status,
		Areas: append([]string{}, i.Codes...), Branch: i.Branch, ReportedAt: i.ReportedAt,
	}
	if item, ok := s.items.Find(i.Item); ok {
		e.ItemName, e.ItemNameEN = item.Name, item.NameEN
	}
	return live.Entry{Kind: live.IncidentCreated, Areas: i.Codes, Data: e, Change: Change{To: i.counted()}}
}
