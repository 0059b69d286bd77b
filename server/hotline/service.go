package hotline

import (
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/access"
	"jingwei/server/area"
	"jingwei/server/audit"
	"jingwei/server/db"
	"jingwei/server/incident"
	"jingwei/server/live"
	"jingwei/server/seal"
	"jingwei/server/snap"
	"jingwei/server/station"
	"jingwei/server/web"
)

// Service takes tickets in, and helps to place those that came without coordinates.
type Service struct {
	pool       *pgxpool.Pool
	areas      *area.Service
	stations   *station.Service
	snap       *snap.Service
	incidents  *incident.Service
	keys       *seal.Ring
	categories *Categories
	now        func() time.Time
}

// NewService makes a service. keys seal who called.
func NewService(pool *pgxpool.Pool, areas *area.Service, stations *station.Service, snap *snap.Service, incidents *incident.Service, keys *seal.Ring,
	categories *Categories, now func() time.Time,
) *Service {
	return &Service{pool: pool, areas: areas, stations: stations, snap: snap, incidents: incidents, keys: keys, categories: categories, now: now}
}

func (s *Service) at() time.Time { return s.now().UTC().Truncate(time.Microsecond) } // as the database keeps it

// Receive takes a call in: with a place it is an incident when this returns, without one it waits. The number tells a repeat: another call about the same
// ticket is kept with it and brings a dismissed one back, and a body that equals the last one is the same request once more and changes nothing. Coordinates
// that come with a repeat place a ticket that waits. Who may take reports in at the place may do it; without a place, who may in the whole county.
//
// The ticket is written first, and the incident is made of what is written, under a number that only tickets claim: whatever stops in between, the ticket
// waits with all its words, the same number never makes a second incident, and sending it again completes the ticket.
func (s *Service) Receive(ctx context.Context, c Call, body []byte) (t Ticket, created bool, err error) {
	now := s.at()
	if c, err = c.checked(now); err != nil {
		return t, false, err
	}
	digest := sha256.Sum256(body)
	t, found, err := find(ctx, s.pool, c.Number)
	if err != nil {
		return t, false, err
	}
	if found {
		t, err = s.again(ctx, c, t, digest[:], now)
		return t, false, err
	}
	var codes []string
	if c.Place != nil {
		codes = s.snap.Locate(*c.Place).Codes
	}
	if err := askNew(ctx, c, codes); err != nil {
		return t, false, err
	}
	if t, err = newTicket(s.keys, c, digest[:], now); err != nil {
		return t, false, err
	}
	var ok bool
	if t.Item, ok = s.categories.Item(c.Category); !ok {
		t.Unmapped = true
	}
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
		if created, err = insert(ctx, tx, t); err != nil || !created {
			return err
		}
		if err := tell(ctx, tx, c.Place == nil); err != nil {
			return err
		}
		return audit.Append(ctx, tx, audit.Entry{Action: "ticket.create", Object: object(t), Areas: codes, After: audited(t)})
	})
	switch {
	case err != nil:
		return t, false, err
	case !created: // somebody else sent the same number at the same moment
		if t, _, err = find(ctx, s.pool, c.Number); err == nil {
			t, err = s.again(ctx, c, t, digest[:], now)
		}
	case c.Place != nil:
		t, err = s.settle(ctx, t, *c.Place, false)
	}
	return t, created, err
}

// askNew is nil where the actor of ctx may take in a call that lies in areas, or that has no place.
func askNew(ctx context.Context, c Call, codes []string) error {
	if c.Place == nil {
		return askWithoutPlace(ctx, access.IncidentIntake)
	}
	return access.Ask(ctx, access.IncidentIntake, codes)
}

// askWithoutPlace is nil where the actor of ctx may do something to a ticket that has no place yet, which can turn out to be anywhere in the county: it
// needs the right on a whole county, or on the whole installation.
func askWithoutPlace(ctx context.Context, action access.Action) error {
	scope, err := access.AskScope(ctx, action)
	if err != nil {
		return err
	}
	if scope.All || slices.ContainsFunc(scope.Areas, func(a access.Area) bool { return a.Level == coverage.County.String() }) {
		return nil
	}
	return web.NewProblem(web.Forbidden, "a ticket without coordinates belongs to no town yet: "+string(action)+" on the county or on the whole installation is needed for it")
}

// again takes in a call about a ticket that is there.
func (s *Service) again(ctx context.Context, c Call, t Ticket, digest []byte, now time.Time) (_ Ticket, err error) {
	codes, err := s.askAgain(ctx, c, t)
	if err != nil {
		return t, err
	}
	if t, err = s.record(ctx, c, t.Number, digest, now, codes); err != nil || t.State != ToPlace || c.Place == nil {
		return t, err
	}
	return s.settle(ctx, t, *c.Place, true)
}

// askAgain asks at the place of a ticket's incident, and gives the areas there. One that is no incident has no place, or gets the call's.
func (s *Service) askAgain(ctx context.Context, c Call, t Ticket) (codes []string, err error) {
	switch {
	case t.State == IsIncident:
		if codes, err = s.incidents.CodesOf(ctx, *t.Incident); err != nil {
			return nil, err
		}
		return codes, access.Ask(ctx, access.IncidentIntake, codes)
	case c.Place != nil:
		codes = s.snap.Locate(*c.Place).Codes
	}
	return codes, askNew(ctx, c, codes)
}

// settle makes a stored ticket that waits an incident at a place. told is whether those who place tickets know that it waits.
func (s *Service) settle(ctx context.Context, t Ticket, place geo.Point, told bool) (Ticket, error) {
	said, err := t.said(s.keys)
	if err != nil {
		return t, err
	}
	i, err := s.intake(ctx, t, said, place)
	if err != nil {
		return t, err
	}
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
		if t, _, err = lock(ctx, tx, t.Number); err != nil || t.State == IsIncident {
			return err
		}
		before := t.State
		t.become(i, s.at())
		if err := save(ctx, tx, t); err != nil {
			return err
		}
		if err := tell(ctx, tx, told && before == ToPlace); err != nil {
			return err
		}
		return audit.Append(ctx, tx, audit.Entry{Action: "ticket.place", Object: object(t), Areas: i.Codes, After: audited(t)})
	})
	return t, err
}

// intake makes the incident of a ticket, or finds the one that was made before, maybe at another place: the first one counts.
func (s *Service) intake(ctx context.Context, t Ticket, said Words, place geo.Point) (incident.Incident, error) {
	if err := access.Ask(ctx, access.IncidentIntake, s.snap.Locate(place).Codes); err != nil {
		return incident.Incident{}, err
	}
	i, made, err := s.incidents.Sourced(ctx, incident.TicketSource, t.Number)
	if err != nil || made {
		return i, err
	}
	i, _, _, err = s.incidents.Create(ctx, t.report(said, place), "", nil)
	if p, ok := web.AsProblem(err); ok && p.Code == web.NumberReused { // somebody placed it elsewhere at the same moment
		if first, made, err := s.incidents.Sourced(ctx, incident.TicketSource, t.Number); err != nil || made {
			return first, err
		}
	}
	return i, err
}

// become makes the ticket an incident, which has from now on what was sealed with the ticket: only a stored ticket's own words are reported under its number.
// What a later caller filled in between is still sealed with that call.
func (t *Ticket) become(i incident.Incident, now time.Time) {
	t.State, t.Incident, t.SettledAt, t.Reason, t.sealed = IsIncident, &i.ID, &now, "", nil
}

// tell lets everybody who places tickets know that the queue has changed, where it has.
func tell(ctx context.Context, tx pgx.Tx, changed bool) error {
	if !changed {
		return nil
	}
	return live.Append(ctx, tx, live.Entry{Kind: live.TicketWaiting, Data: struct{}{}})
}

// object names a ticket in the audit log.
func object(t Ticket) string { return "ticket/" + t.Number }

// auditedTicket is what the audit log says of a ticket: nothing that people said.
type auditedTicket struct {
	State    State      `json:"state"`
	Item     string     `json:"item"`
	Repeats  int        `json:"repeats"`
	Incident *uuid.UUID `json:"incident,omitempty"`
}

func audited(t Ticket) auditedTicket {
	return auditedTicket{State: t.State, Item: t.Item, Repeats: t.Repeats, Incident: t.Incident}
}

// List is at most limit tickets of a state behind the one with an id, in the order in which they came; more tells whether others follow. Nobody knows where they
// belong, so everybody who places tickets somewhere sees all of them.
func (s *Service) List(ctx context.Context, state State, after uuid.UUID, limit int) (tickets []Ticket, more bool, err error) {
	if _, err := access.AskScope(ctx, access.IncidentTriage); err != nil {
		return nil, false, err
	}
	tickets, err = list(ctx, s.pool, state, after, limit+1)
	if len(tickets) > limit {
		return tickets[:limit], true, err
	}
	return tickets, false, err
}

// Of is the ticket that became an incident that the actor sees and has incident.triage for; none where it was not made of one.
func (s *Service) Of(ctx context.Context, id uuid.UUID) ([]Ticket, error) {
	if _, err := access.AskScope(ctx, access.IncidentTriage); err != nil {
		return nil, err
	}
	i, err := s.incidents.Find(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := access.Ask(ctx, access.IncidentTriage, i.Codes); err != nil {
		return nil, err
	}
	return listOf(ctx, s.pool, id)
}

// Waiting is how many tickets wait to be placed, for a service that asks for an action of its own.
func (s *Service) Waiting(ctx context.Context) (int, error) { return countWaiting(ctx, s.pool) }

// Find a ticket by its number, with its caller masked. One whose incident lies outside the areas where the actor places tickets is answered like an unknown one.
func (s *Service) Find(ctx context.Context, number string) (t Ticket, caller incident.Private, err error) {
	scope, err := access.AskScope(ctx, access.IncidentTriage)
	if err != nil {
		return t, caller, err
	}
	t, ok, err := find(ctx, s.pool, number)
	if err != nil {
		return t, caller, err
	}
	if ok && t.State == IsIncident {
		codes, err := s.incidents.CodesOf(ctx, *t.Incident)
		if err != nil {
			return t, caller, err
		}
		ok = scope.Holds(codes)
	}
	if !ok {
		return Ticket{}, caller, web.NewProblem(web.NotFound, "no ticket has the number "+number).At("path.number", number)
	}
	said, err := t.said(s.keys)
	if _, unopenable := web.AsProblem(err); unopenable {
		return t, caller, nil
	}
	return t, said.Caller.Masked(), err
}

// Place makes the incident of a ticket that waits, at a place where the actor has incident.triage. One that is an incident already stays where it is.
func (s *Service) Place(ctx context.Context, number string, place geo.Point) (t Ticket, err error) {
	if t, _, err = s.Find(ctx, number); err != nil {
		return t, err
	}
	if err := access.Ask(ctx, access.IncidentTriage, s.snap.Locate(place).Codes); err != nil {
		return t, err
	}
	switch t.State {
	case IsIncident:
		return t, nil
	case IsDismissed:
		return t, web.NewProblem(web.Conflict, "the ticket was dismissed; it waits again when the caller calls again")
	case ToPlace:
	}
	return s.settle(ctx, t, place, true)
}

// Dismiss takes a ticket out of the queue, for a reason that is kept with it and in the audit log, masked as the ticket is. It has no place, so it needs
// incident.triage on the county.
func (s *Service) Dismiss(ctx context.Context, number, reason string) (t Ticket, err error) {
	if t, _, err = s.Find(ctx, number); err != nil {
		return t, err
	}
	if err := askWithoutPlace(ctx, access.IncidentTriage); err != nil {
		return t, err
	}
	reason, ok := checkedReason(reason)
	if !ok {
		return t, web.NewProblem(web.Invalid, "reason must say in 5 to 500 characters why the ticket has no place").At("body.reason", nil)
	}
	said, err := t.said(s.keys)
	if err != nil {
		return t, err
	}
	reason = said.Caller.Mask(reason)
	_, made, err := s.incidents.Sourced(ctx, incident.TicketSource, number)
	switch {
	case err != nil:
		return t, err
	case made:
		return t, web.NewProblem(web.Conflict, "the ticket is an incident already, though it was not marked as one; place it again to finish that")
	}
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
		if t, _, err = lock(ctx, tx, number); err != nil {
			return err
		}
		if t.State != ToPlace {
			return web.NewProblem(web.Conflict, "the ticket does not wait any more: somebody placed or dismissed it; load it again")
		}
		now := s.at()
		t.State, t.SettledAt, t.Reason = IsDismissed, &now, reason
		if err := save(ctx, tx, t); err != nil {
			return err
		}
		if err := tell(ctx, tx, true); err != nil {
			return err
		}
		return audit.Append(ctx, tx, audit.Entry{Action: "ticket.dismiss", Object: object(t), Reason: reason, After: audited(t)})
	})
	return t, err
}
