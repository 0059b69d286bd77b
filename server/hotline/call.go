package hotline

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/server/access"
	"jingwei/server/audit"
	"jingwei/server/db"
	"jingwei/server/incident"
	"jingwei/server/live"
	"jingwei/server/seal"
	"jingwei/server/web"
)

// LaterCall is a call about a ticket that was there, with masked texts. It stays at the ticket whatever becomes of that: the incident says what the first
// call said.
type LaterCall struct {
	ID         uuid.UUID // UUIDv7 of At
	Ticket     uuid.UUID
	Nth        int // 1 is the first after the ticket's own
	At         time.Time
	ReportedAt time.Time
	Category   string
	Demand     Demand
	RepeatCall bool
	Address    string
	Title      string
	Content    string
	Lon, Lat   *float64 // degrees, EPSG:4326; nil where the hotline had no coordinates

	sealed []byte
}

// SaidCall is what only few may read of a later call, and when it came.
type SaidCall struct {
	Words
	At time.Time
}

// AboutCall is the name that the private data of a later call are sealed under.
func AboutCall(id uuid.UUID) string { return "call/" + id.String() }

// words is what a call says, and masked how everybody who sees the ticket may read it.
func (c Call) words() (said, masked Words) {
	said = Words{Caller: c.Caller, Address: c.Address, Title: c.Title, Content: c.Content}
	return said, said.masked()
}

// masked is what everybody who sees a ticket may read of words.
func (w Words) masked() Words {
	mask := w.Caller.Mask
	return Words{Address: mask(w.Address), Title: mask(w.Title), Content: mask(w.Content)}
}

// sealed are words as the database keeps them beside the masked ones; nil where nothing is in them that those do not say.
func (w Words) sealed(keys *seal.Ring, masked Words, about string) ([]byte, error) {
	if w == masked {
		return nil, nil
	}
	plain, err := json.Marshal(w)
	if err != nil {
		return nil, err
	}
	return keys.Seal(plain, about)
}

// opened is the opposite of sealed.
func opened(keys *seal.Ring, sealed []byte, masked Words, about string) (w Words, err error) {
	if sealed == nil {
		return masked, nil
	}
	plain, err := keys.Open(sealed, about)
	if err == nil {
		err = json.Unmarshal(plain, &w)
	}
	if err != nil {
		return w, web.NewProblem(web.Conflict, "what the caller said cannot be opened: "+err.Error())
	}
	return w, nil
}

func (l LaterCall) said(keys *seal.Ring) (Words, error) {
	return opened(keys, l.sealed, Words{Address: l.Address, Title: l.Title, Content: l.Content}, AboutCall(l.ID))
}

// record keeps a call about a ticket that is there, unless it is the last request once more. A dismissed ticket waits again. A number that comes back with
// other words more than incident.RenumberedAfter after the ticket's last call is another ticket's, unless the hotline marks it as a repeat. codes are the
// areas of the ticket's incident, where it is one.
func (s *Service) record(ctx context.Context, c Call, number string, digest []byte, now time.Time, codes []string) (t Ticket, err error) {
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
		if t, _, err = lock(ctx, tx, number); err != nil || bytes.Equal(t.digest, digest) {
			return err
		}
		said, masked := c.words()
		if !c.Repeat && now.Sub(t.LastCallAt) > incident.RenumberedAfter && masked != t.masked() {
			return web.NewProblem(web.NumberReused, "this number stands for another ticket, whose last call was more than a day ago; give each ticket a number of its own").
				At("body.number", number)
		}
		before := t.State
		t.Repeats, t.LastCallAt, t.digest, t.RepeatCall = t.Repeats+1, now, digest, true
		l := LaterCall{
			ID: incident.NewID(now, []byte(number+" "+strconv.Itoa(t.Repeats))), Ticket: t.ID, Nth: t.Repeats, At: now, ReportedAt: c.ReportedAt,
			Category: c.Caller.Mask(c.Category), Demand: c.Demand, RepeatCall: c.Repeat, Address: masked.Address, Title: masked.Title, Content: masked.Content,
		}
		if c.Place != nil {
			lon, lat := c.Place.Degrees()
			l.Lon, l.Lat = &lon, &lat
		}
		if l.sealed, err = said.sealed(s.keys, masked, AboutCall(l.ID)); err != nil {
			return err
		}
		if err := insertCall(ctx, tx, l); err != nil {
			return err
		}
		if t.State == IsIncident {
			if err := live.Append(ctx, tx, live.Entry{Kind: live.IncidentCalled, Areas: codes, Data: calledEvent{*t.Incident}}); err != nil {
				return err
			}
		} else {
			t.State, t.SettledAt, t.Reason = ToPlace, nil, ""
			if err := t.fill(s.keys, c.Caller); err != nil {
				return err
			}
		}
		if err := save(ctx, tx, t); err != nil {
			return err
		}
		if err := tell(ctx, tx, before == IsDismissed || before == ToPlace && c.Place == nil); err != nil { // with a place settle tells it
			return err
		}
		return audit.Append(ctx, tx, audit.Entry{Action: "ticket.repeat", Object: object(t), After: audited(t)})
	})
	return t, err
}

// calledEvent is what is told of a later call about a ticket that is an incident: nothing that was said.
type calledEvent struct {
	ID uuid.UUID `json:"id"`
}

// fill takes from a later caller what the ticket's own left out, and masks the ticket's texts for it. What cannot be opened stays as it is.
func (t *Ticket) fill(keys *seal.Ring, caller incident.Private) error {
	said, err := t.said(keys)
	if _, unopenable := web.AsProblem(err); unopenable {
		return nil
	}
	if err != nil {
		return err
	}
	own := said.Caller
	own.Name, own.Phone, own.Home = cmp.Or(own.Name, caller.Name), cmp.Or(own.Phone, caller.Phone), cmp.Or(own.Home, caller.Home)
	if own == said.Caller {
		return nil
	}
	said.Caller = own
	masked := said.masked()
	t.Category, t.Address, t.Title, t.Content = own.Mask(t.Category), masked.Address, masked.Title, masked.Content
	t.sealed, err = said.sealed(keys, masked, About(t.ID))
	return err
}

// Calls are the later calls about a ticket that Find gave, the oldest first, each with its caller masked.
func (s *Service) Calls(ctx context.Context, t Ticket) (calls []LaterCall, callers []incident.Private, err error) {
	if _, err := access.AskScope(ctx, access.IncidentTriage); err != nil {
		return nil, nil, err
	}
	if calls, err = listCalls(ctx, s.pool, t.ID); err != nil {
		return nil, nil, err
	}
	callers = make([]incident.Private, len(calls))
	for n, l := range calls {
		said, err := l.said(s.keys)
		if _, unopenable := web.AsProblem(err); err != nil && !unopenable {
			return nil, nil, err
		}
		callers[n] = said.Caller.Masked()
	}
	return calls, callers, nil
}

// saidCalls opens the later calls about a ticket that have something sealed.
func (s *Service) saidCalls(ctx context.Context, tx pgx.Tx, ticket uuid.UUID) (said []SaidCall, err error) {
	calls, err := listCalls(ctx, tx, ticket)
	for _, l := range calls {
		if l.sealed == nil {
			continue
		}
		w, errCall := l.said(s.keys)
		err = errors.Join(err, errCall)
		said = append(said, SaidCall{Words: w, At: l.At})
	}
	return said, err
}
