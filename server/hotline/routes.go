package hotline

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/server/incident"
	"jingwei/server/item"
	"jingwei/server/snap"
	"jingwei/server/web"
)

// NewTicket is what the hotline sends. Lengths are checked by the service: what huma checks, it repeats in the answer.
type NewTicket struct {
	Number     string     `json:"number" doc:"The ticket's number: at most 100 letters, digits and ._:()[]-" example:"DH20260731000123"`
	Caller     *NewCaller `json:"caller,omitempty" doc:"Who called; sealed at once. Leave out what is not needed"`
	Address    string     `json:"address" doc:"Where it is, in words, at most 300 characters"`
	Lon        *float64   `json:"lon,omitempty" doc:"Longitude, degrees; left out where the hotline has no coordinates: then the ticket waits until somebody places it"`
	Lat        *float64   `json:"lat,omitempty" doc:"Latitude, degrees"`
	CRS        string     `json:"crs,omitempty" enum:"wgs84,cgcs2000,gcj02,bd09" default:"wgs84"`
	Category   string     `json:"category" doc:"The hotline's own category, its levels with / between them, at most 100 characters" example:"城乡建设/市容环卫"`
	ReportedAt time.Time  `json:"reported_at,omitzero" doc:"When the caller called; left out: now"`
	DemandType Demand     `json:"demand_type,omitempty" enum:"help,consult,complain,report,suggest,praise" doc:"求助, 咨询, 投诉, 举报, 建议, 表扬"`
	RepeatCall bool       `json:"repeat_call,omitempty" doc:"The caller has called about it before"`
	Title      string     `json:"title,omitempty" doc:"At most 200 characters; left out: the beginning of the content"`
	Content    string     `json:"content,omitempty" doc:"At most 3,500 characters"`
}

// NewCaller is what a caller told of themselves.
type NewCaller struct {
	Name  string `json:"name,omitempty" doc:"At most 60 characters"`
	Phone string `json:"phone,omitempty" doc:"A mobile number, a landline with its area code, or + and the number with the country's code"`
	Home  string `json:"home,omitempty" doc:"At most 200 characters"`
}

// Receipt is the answer to the hotline.
type Receipt struct {
	Number   string     `json:"number"`
	State    State      `json:"state" enum:"to_place,incident,dismissed"`
	Incident *uuid.UUID `json:"incident" format:"uuid" doc:"Id of the incident; null until it is one"`
	Item     string     `json:"item" doc:"Code in the catalogue"`
	Unmapped bool       `json:"category_unmapped" doc:"The category is not in the server's mapping: the item is its default"`
	Repeats  int        `json:"repeats" doc:"How often the ticket came again; the same body twice counts once"`
}

// Resource is a ticket in the API.
type Resource struct {
	Receipt
	ItemName   string     `json:"item_name"`
	ItemNameEN string     `json:"item_name_en"`
	Category   string     `json:"category"`
	DemandType Demand     `json:"demand_type" enum:",help,consult,complain,report,suggest,praise"`
	RepeatCall bool       `json:"repeat_call"`
	Address    string     `json:"address" doc:"Phone and identity numbers are masked, here and below"`
	Title      string     `json:"title"`
	Content    string     `json:"content"`
	ReportedAt time.Time  `json:"reported_at"`
	ReceivedAt time.Time  `json:"received_at"`
	LastCallAt time.Time  `json:"last_call_at"`
	SettledAt  *time.Time `json:"settled_at" doc:"When it was placed or dismissed"`
	Reason     string     `json:"reason" doc:"Why it was dismissed"`
}

// Detail is a ticket with its caller.
type Detail struct {
	Resource
	Caller *MaskedCaller    `json:"caller" doc:"Null where nobody gave a name, where it cannot be opened, and once it is the incident's"`
	Sealed incident.Sealing `json:"sealed" enum:"nothing,sealed,unavailable" doc:"Whether something is sealed with the ticket or its later calls that reporter.unseal can open; unavailable: the server lacks the key"`
	Calls  []CallResource   `json:"calls" doc:"The later calls, the oldest first; they stay here when the ticket becomes an incident, which says what the first one said"`
}

// CallResource is a later call about a ticket.
type CallResource struct {
	At         time.Time    `json:"at" doc:"When it came in"`
	ReportedAt time.Time    `json:"reported_at"`
	Category   string       `json:"category"`
	DemandType Demand       `json:"demand_type" enum:",help,consult,complain,report,suggest,praise"`
	RepeatCall bool         `json:"repeat_call"`
	Address    string       `json:"address" doc:"Phone and identity numbers are masked, here and below"`
	Title      string       `json:"title"`
	Content    string       `json:"content"`
	Lon        *float64     `json:"lon" doc:"Degrees, EPSG:4326; null where the hotline had no coordinates"`
	Lat        *float64     `json:"lat"`
	Caller     MaskedCaller `json:"caller" doc:"Empty where nobody gave a name, and where it cannot be opened"`
}

// MaskedCaller is who called, as everybody who sees the ticket may see it.
type MaskedCaller struct {
	Name  string `json:"name" example:"张**"`
	Phone string `json:"phone" example:"138****1234"`
	Home  string `json:"home" example:"宜城街道东风小区**"`
}

func maskedCaller(p incident.Private) MaskedCaller {
	return MaskedCaller{Name: p.Name, Phone: p.Phone, Home: p.Home}
}

// UnsealedCaller is who called, in full, and the texts as they were said.
type UnsealedCaller struct {
	Name    string `json:"name"`
	Phone   string `json:"phone"`
	Home    string `json:"home"`
	Address string `json:"address" doc:"Of the first call, here and above; empty once it is the incident's"`
	Title   string `json:"title"`
	Content string `json:"content"`

	Calls []UnsealedCall `json:"calls" doc:"The later calls that have something sealed, the oldest first"`
}

// UnsealedCall is who called later, in full, and the texts as they were said.
type UnsealedCall struct {
	At      time.Time `json:"at"`
	Name    string    `json:"name"`
	Phone   string    `json:"phone"`
	Home    string    `json:"home"`
	Address string    `json:"address"`
	Title   string    `json:"title"`
	Content string    `json:"content"`
}

// CandidateResource is where an address may lead.
type CandidateResource struct {
	Kind  string  `json:"kind" enum:"area,station"`
	Code  string  `json:"code"`
	Name  string  `json:"name"`
	Lon   float64 `json:"lon" doc:"EPSG:4326; well inside an area"`
	Lat   float64 `json:"lat"`
	Score float64 `json:"score" doc:"0 to 1: how much of the address its name and the names of the areas around it explain"`
}

// Placing is where a ticket lies.
type Placing struct {
	Lon float64 `json:"lon" doc:"Longitude, degrees"`
	Lat float64 `json:"lat" doc:"Latitude, degrees"`
	CRS string  `json:"crs,omitempty" enum:"wgs84,cgcs2000,gcj02,bd09" default:"wgs84"`
}

type receiveInput struct {
	RawBody []byte
	Body    NewTicket
}

type receiveOutput struct {
	Status   int
	Location string `header:"Location"`
	Body     Receipt
}

type listInput struct {
	State    State     `query:"state" enum:"to_place,dismissed" default:"to_place" doc:"Tickets that became incidents are listed as incidents, with the channel hotline_12345"`
	Incident uuid.UUID `query:"incident" format:"uuid" doc:"The ticket alone that became this incident, whatever its state; none where the incident was not made of one"`
	Limit    int       `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Cursor   string    `query:"cursor" maxLength:"64"`
}

type numberInput struct {
	Number string `path:"number" maxLength:"400"`
}

type placeInput struct {
	Number string `path:"number" maxLength:"400"`
	Body   Placing
}

type dismissInput struct {
	Number string `path:"number" maxLength:"400"`
	Body   struct {
		Reason string `json:"reason" doc:"Why it has no place here, in 5 to 500 characters"`
	}
}

type unsealInput struct {
	Number string `path:"number" maxLength:"400"`
	Body   struct {
		Reason string `json:"reason" doc:"What the data are needed for, in 5 to 500 characters; it stands in the audit log"`
	}
}

// unsealOutput is an answer that nobody on the way keeps.
type unsealOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         UnsealedCaller
}

const path = "/api/v1/hotline/tickets"

// Routes registers /api/v1/hotline/tickets.
func Routes(server *web.Server, s *Service, items *item.Service) {
	tags := []string{"hotline"}
	resource := func(t Ticket) Resource {
		r := Resource{
			Receipt: receipt(t), Category: t.Category, DemandType: t.Demand, RepeatCall: t.RepeatCall, Address: t.Address, Title: t.Title, Content: t.Content,
			ReportedAt: t.ReportedAt, ReceivedAt: t.ReceivedAt, LastCallAt: t.LastCallAt, SettledAt: t.SettledAt, Reason: t.Reason,
		}
		if item, ok := items.Find(t.Item); ok {
			r.ItemName, r.ItemNameEN = item.Name, item.NameEN
		}
		return r
	}
	huma.Register(server.API, huma.Operation{
		OperationID: "receive-ticket", Method: http.MethodPost, Path: path, Tags: tags, Summary: "Hand over a ticket of the 12345 hotline",
		Description: "201 answers a new ticket, which is on disk. 200 answers one whose number was there: another body is another call, which is kept with it; the same body changes nothing. " +
			"Other words under a number whose last call was more than a day ago are refused as number_reused. " +
			"With coordinates it is an incident at once.",
		DefaultStatus: http.StatusCreated, MaxBodyBytes: 64 << 10,
	}, func(ctx context.Context, in *receiveInput) (*receiveOutput, error) {
		call, err := in.Body.call()
		if err != nil {
			return nil, err
		}
		t, created, err := s.Receive(ctx, call, in.RawBody)
		if err != nil {
			return nil, err
		}
		out := &receiveOutput{Status: http.StatusOK, Location: path + "/" + t.Number, Body: receipt(t)}
		if created {
			out.Status = http.StatusCreated
		}
		return out, nil
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "list-tickets", Method: http.MethodGet, Path: path, Tags: tags, Summary: "List the tickets that wait to be placed, or were dismissed, the oldest first",
	}, func(ctx context.Context, in *listInput) (*web.Output[web.Page[Resource]], error) {
		var tickets []Ticket
		var more bool
		after, err := web.DecodeCursor(in.Cursor)
		switch {
		case err != nil:
		case in.Incident != uuid.Nil:
			tickets, err = s.Of(ctx, in.Incident)
		default:
			tickets, more, err = s.List(ctx, in.State, after, in.Limit)
		}
		if err != nil {
			return nil, err
		}
		out := &web.Output[web.Page[Resource]]{Body: web.Page[Resource]{Items: make([]Resource, len(tickets))}}
		for n, t := range tickets {
			out.Body.Items[n] = resource(t)
		}
		if more {
			out.Body.Next = web.EncodeCursor(tickets[len(tickets)-1].ID)
		}
		return out, nil
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "find-ticket", Method: http.MethodGet, Path: path + "/{number}", Tags: tags, Summary: "Find a ticket by its number",
	}, func(ctx context.Context, in *numberInput) (*web.Output[Detail], error) {
		t, caller, err := s.Find(ctx, in.Number)
		if err != nil {
			return nil, err
		}
		calls, callers, err := s.Calls(ctx, t)
		if err != nil {
			return nil, err
		}
		sealing, err := s.Sealing(t, calls)
		if err != nil {
			return nil, err
		}
		out := &web.Output[Detail]{Body: Detail{Resource: resource(t), Sealed: sealing, Calls: make([]CallResource, len(calls))}}
		for n, l := range calls {
			out.Body.Calls[n] = CallResource{
				At: l.At, ReportedAt: l.ReportedAt, Category: l.Category, DemandType: l.Demand, RepeatCall: l.RepeatCall, Address: l.Address, Title: l.Title, Content: l.Content,
				Lon: l.Lon, Lat: l.Lat, Caller: maskedCaller(callers[n]),
			}
		}
		if caller != (incident.Private{}) {
			masked := maskedCaller(caller)
			out.Body.Caller = &masked
		}
		return out, nil
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "list-ticket-candidates", Method: http.MethodGet, Path: path + "/{number}/candidates", Tags: tags,
		Summary: "List areas and stations that a ticket's address names, the likeliest first",
	}, func(ctx context.Context, in *numberInput) (*web.Output[web.Items[CandidateResource]], error) {
		candidates, err := s.Candidates(ctx, in.Number)
		if err != nil {
			return nil, err
		}
		out := &web.Output[web.Items[CandidateResource]]{Body: web.Items[CandidateResource]{Items: make([]CandidateResource, len(candidates))}}
		for n, c := range candidates {
			lon, lat := c.Place.Degrees()
			out.Body.Items[n] = CandidateResource{Kind: c.Kind, Code: c.Code, Name: c.Name, Lon: lon, Lat: lat, Score: c.Score}
		}
		return out, nil
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "place-ticket", Method: http.MethodPost, Path: path + "/{number}/place", Tags: tags, Summary: "Place a ticket on the map: it becomes an incident",
		Description: "A ticket that is an incident already stays where it is.", MaxBodyBytes: 8 << 10,
	}, func(ctx context.Context, in *placeInput) (*web.Output[Receipt], error) {
		place, err := snap.PointOf(in.Body.Lon, in.Body.Lat, in.Body.CRS)
		if err != nil {
			return nil, err
		}
		t, err := s.Place(ctx, in.Number, place)
		if err != nil {
			return nil, err
		}
		return &web.Output[Receipt]{Body: receipt(t)}, nil
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "dismiss-ticket", Method: http.MethodPost, Path: path + "/{number}/dismiss", Tags: tags,
		Summary: "Take a ticket out of the queue that has no place here, for a stated reason", MaxBodyBytes: 8 << 10,
	}, func(ctx context.Context, in *dismissInput) (*web.Output[Receipt], error) {
		t, err := s.Dismiss(ctx, in.Number, in.Body.Reason)
		if err != nil {
			return nil, err
		}
		return &web.Output[Receipt]{Body: receipt(t)}, nil
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "unseal-caller", Method: http.MethodPost, Path: path + "/{number}/caller/unseal", Tags: tags,
		Summary:      "See who called about a ticket that is no incident yet, and who called later, for a stated reason",
		Description:  "Needs incident.triage and reporter.unseal, where the ticket is an incident at its place. Each time is written to the audit log, with the reason. The first caller of a ticket that is an incident is the incident's reporter.",
		MaxBodyBytes: 8 << 10,
	}, func(ctx context.Context, in *unsealInput) (*unsealOutput, error) {
		w, calls, err := s.Unseal(ctx, in.Number, in.Body.Reason)
		if err != nil {
			return nil, err
		}
		out := &unsealOutput{CacheControl: "no-store", Body: UnsealedCaller{
			Name: w.Caller.Name, Phone: w.Caller.Phone, Home: w.Caller.Home, Address: w.Address, Title: w.Title, Content: w.Content,
			Calls: make([]UnsealedCall, len(calls)),
		}}
		for n, c := range calls {
			out.Body.Calls[n] = UnsealedCall{
				At: c.At, Name: c.Caller.Name, Phone: c.Caller.Phone, Home: c.Caller.Home, Address: c.Address, Title: c.Title, Content: c.Content,
			}
		}
		return out, nil
	})
}

func receipt(t Ticket) Receipt {
	return Receipt{Number: t.Number, State: t.State, Incident: t.Incident, Item: t.Item, Unmapped: t.Unmapped, Repeats: t.Repeats}
}

func (n *NewTicket) call() (Call, error) {
	c := Call{
		Number: n.Number, Address: n.Address, Category: n.Category, ReportedAt: n.ReportedAt, Demand: n.DemandType, Repeat: n.RepeatCall, Title: n.Title, Content: n.Content,
	}
	if n.Caller != nil {
		c.Caller = incident.Private{Name: n.Caller.Name, Phone: n.Caller.Phone, Home: n.Caller.Home}
	}
	switch {
	case n.Lon == nil && n.Lat == nil:
		return c, nil
	case n.Lon == nil:
		return c, web.NewProblem(web.Invalid, "lat came without lon; send both, or neither where the hotline has no coordinates").At("body.lon", nil)
	case n.Lat == nil:
		return c, web.NewProblem(web.Invalid, "lon came without lat; send both, or neither where the hotline has no coordinates").At("body.lat", nil)
	}
	place, err := snap.PointOf(*n.Lon, *n.Lat, n.CRS)
	if p, ok := web.AsProblem(err); ok {
		return c, p.At("body.lon", *n.Lon)
	}
	c.Place = &place
	return c, err
}
