package incident

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/server/area"
	"jingwei/server/snap"
	"jingwei/server/web"
)

// PastResource is something that was done to an incident.
type PastResource struct {
	At       time.Time `json:"at"`
	Kind     string    `json:"kind" enum:"moved,confirmed,moved_back,unconfirmed,status"`
	By       string    `json:"by" doc:"Login; empty for the server"`
	Reason   string    `json:"reason" doc:"Masked; may be empty for all but a move"`
	From     *Place    `json:"from" doc:"Null where it lies outside the areas in which you see incidents"`
	To       *Place    `json:"to" doc:"Null as from"`
	Undoable bool      `json:"undoable" doc:"You may take it back with undo-incident; of all rows at most one is so"`
}

// WaitingResource is an incident whose place somebody should look at.
type WaitingResource struct {
	Resource
	Version    string              `json:"version" doc:"For If-Match"`
	Candidates []NeighbourResource `json:"candidates" doc:"Other areas that are nearer than the place is certain, the nearest first; of an incident outside, those within 5 km"`
}

// NeighbourResource is an area near an incident.
type NeighbourResource struct {
	Code      string  `json:"code"`
	Name      string  `json:"name"`
	DistanceM float64 `json:"distance_m"`
}

// ReviewSummary is how much waits.
type ReviewSummary struct {
	Outside int `json:"outside" doc:"Incidents outside every area"`
	Border  int `json:"border" doc:"Incidents nearer to another area than their place is certain"`
	Tickets int `json:"tickets" doc:"Tickets of the hotline that wait to be placed"`
}

type reviewInput struct {
	FilterInput
	Kind   Review `query:"kind" enum:"outside,border" doc:"Left out: both"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Cursor string `query:"cursor" maxLength:"64"`
}

type moveInput struct {
	ID      uuid.UUID `path:"id" format:"uuid"`
	IfMatch string    `header:"If-Match" maxLength:"100" doc:"The ETag of the incident that was looked at; left out, the pin is moved whatever happened since"`
	Body    struct {
		Lon    float64 `json:"lon" doc:"Longitude, degrees"`
		Lat    float64 `json:"lat" doc:"Latitude, degrees"`
		CRS    string  `json:"crs,omitempty" enum:"wgs84,cgcs2000,gcj02,bd09" default:"wgs84"`
		Reason string  `json:"reason" doc:"Why, in 5 to 500 characters"`
	}
}

type confirmInput struct {
	ID      uuid.UUID `path:"id" format:"uuid"`
	IfMatch string    `header:"If-Match" maxLength:"100" doc:"As in move-incident"`
	Body    struct {
		Reason string `json:"reason,omitempty" doc:"At most 500 characters"`
	}
}

type undoInput struct {
	ID      uuid.UUID `path:"id" format:"uuid"`
	IfMatch string    `header:"If-Match" required:"true" maxLength:"100" doc:"The ETag of what was moved or confirmed, or of its history; * takes back whatever was done last"`
	Body    struct {
		Reason string `json:"reason,omitempty" doc:"At most 500 characters"`
	}
}

type historyOutput struct {
	ETag string `header:"ETag"`
	Body web.Items[PastResource]
}

type movedOutput struct {
	ETag string `header:"ETag"`
	Body Resource
}

// ReviewRoutes registers what dispatchers do: the queue of places to look at, moving, confirming, and what was done. tickets counts those of the hotline that
// wait to be placed.
func ReviewRoutes(server *web.Server, s *Service, areas *area.Service, tickets func(context.Context) (int, error)) {
	tags := []string{"incidents"}
	huma.Register(server.API, huma.Operation{
		OperationID: "move-incident", Method: http.MethodPost, Path: "/api/v1/incidents/{id}/move", Tags: tags, Summary: "Move the pin of an incident",
		Description: "It is snapped anew, its history says so, and everybody who sees either place is told once. Where nothing changes it is confirmed.", MaxBodyBytes: 8 << 10,
	}, func(ctx context.Context, in *moveInput) (*movedOutput, error) {
		place, err := snap.PointOf(in.Body.Lon, in.Body.Lat, in.Body.CRS)
		if err != nil {
			return nil, err
		}
		i, err := s.Move(ctx, in.ID, place, in.Body.Reason, versionOf(in.IfMatch))
		if err != nil {
			return nil, err
		}
		return &movedOutput{ETag: etag(i), Body: s.resource(i)}, nil
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "confirm-incident", Method: http.MethodPost, Path: "/api/v1/incidents/{id}/confirm", Tags: tags, Summary: "Say that an incident is right where it is",
		MaxBodyBytes: 8 << 10,
	}, func(ctx context.Context, in *confirmInput) (*movedOutput, error) {
		i, err := s.Confirm(ctx, in.ID, in.Body.Reason, versionOf(in.IfMatch))
		if err != nil {
			return nil, err
		}
		return &movedOutput{ETag: etag(i), Body: s.resource(i)}, nil
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "undo-incident", Method: http.MethodPost, Path: "/api/v1/incidents/{id}/undo", Tags: tags, Summary: "Take back what was last done about the place of an incident",
		Description: "A move or a confirmation: it lies where it lay, with what followed from that, and waits for a dispatcher again if it did, for the same reason. The history keeps both. " +
			"Once more takes back what was done before that. 409 where nothing is left to take back, and for the confirmation of an incident that is over; 412 where somebody did something since.",
		MaxBodyBytes: 8 << 10,
	}, func(ctx context.Context, in *undoInput) (*movedOutput, error) {
		i, err := s.Undo(ctx, in.ID, in.Body.Reason, versionOf(in.IfMatch))
		if err != nil {
			return nil, err
		}
		return &movedOutput{ETag: etag(i), Body: s.resource(i)}, nil
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "list-incident-history", Method: http.MethodGet, Path: "/api/v1/incidents/{id}/history", Tags: tags, Summary: "List what was done to an incident, the oldest first",
		Description: "Its ETag is that of the incident, for If-Match.",
	}, func(ctx context.Context, in *findInput) (*historyOutput, error) {
		history, i, err := s.History(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		out := &historyOutput{ETag: etag(i), Body: web.Items[PastResource]{Items: make([]PastResource, len(history))}}
		for n, p := range history {
			out.Body.Items[n] = PastResource{At: p.At, Kind: string(p.Deed), By: p.By, Reason: p.Reason, From: p.From, To: p.To, Undoable: p.Undoable}
		}
		return out, nil
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "list-review", Method: http.MethodGet, Path: "/api/v1/review", Tags: tags, Summary: "List the incidents whose place somebody should look at, the oldest first",
	}, func(ctx context.Context, in *reviewInput) (*web.Output[web.Page[WaitingResource]], error) {
		filter, err := in.Filter(areas.Current())
		if err != nil {
			return nil, err
		}
		after, err := web.DecodeCursor(in.Cursor)
		if err != nil {
			return nil, err
		}
		waiting, more, err := s.Review(ctx, filter, in.Kind, after, in.Limit)
		if err != nil {
			return nil, err
		}
		out := &web.Output[web.Page[WaitingResource]]{Body: web.Page[WaitingResource]{Items: make([]WaitingResource, len(waiting))}}
		for n, w := range waiting {
			out.Body.Items[n] = WaitingResource{Resource: s.resource(w.Incident), Version: w.Version(), Candidates: make([]NeighbourResource, len(w.Candidates))}
			for m, c := range w.Candidates {
				out.Body.Items[n].Candidates[m] = NeighbourResource(c)
			}
		}
		if more {
			out.Body.Next = web.EncodeCursor(waiting[len(waiting)-1].ID)
		}
		return out, nil
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "count-review", Method: http.MethodGet, Path: "/api/v1/review/summary", Tags: tags, Summary: "Count what waits for a dispatcher",
	}, func(ctx context.Context, _ *struct{}) (*web.Output[ReviewSummary], error) {
		counts, err := s.CountReview(ctx)
		if err != nil {
			return nil, err
		}
		n, err := tickets(ctx)
		return &web.Output[ReviewSummary]{Body: ReviewSummary{Outside: counts[OutsideReview], Border: counts[BorderReview], Tickets: n}}, err
	})
}

func etag(i Incident) string { return strconv.Quote(i.Version()) }

// versionOf is the version in an If-Match; * and nothing at all mean any.
func versionOf(match string) string {
	if match == "*" {
		return ""
	}
	return strings.Trim(strings.TrimPrefix(match, "W/"), `"`)
}
