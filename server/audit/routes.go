package audit

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"jingwei/server/access"
	"jingwei/server/web"
)

// defaultSpan is how far back a search goes that does not say so.
const defaultSpan = 30 * 24 * time.Hour

// FilterQuery are the filters of the log as they stand in a request. Exported, as huma passes over embedded types that are not.
type FilterQuery struct {
	From    web.Instant `query:"from" doc:"At this instant or later. Left out: 30 days before to"`
	To      web.Instant `query:"to" doc:"Before this instant. Left out: now"`
	Login   string      `query:"login" maxLength:"64" doc:"Who"`
	Action  string      `query:"action" maxLength:"64" doc:"What, such as account.create; account. is all that is done with accounts"`
	Object  string      `query:"object" maxLength:"200" doc:"On what, such as account/0190…; account/ is all accounts"`
	Area    string      `query:"area" maxLength:"32" doc:"Code of an area: what concerns it or what lies below it"`
	Outcome Outcome     `query:"outcome" enum:"done,refused"`
	Text    string      `query:"q" maxLength:"100" doc:"Text somewhere in the row, in either case"`
}

type searchInput struct {
	FilterQuery
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Cursor string `query:"cursor" maxLength:"64"`
}

// Routes registers /api/v1/audit.
func Routes(server *web.Server, s *Service) {
	tags := []string{"audit"}
	huma.Register(server.API, huma.Operation{
		OperationID: "search-audit", Method: http.MethodGet, Path: "/api/v1/audit", Tags: tags, Summary: "Search the audit log, the newest first",
		Description: "For auditors. Each search is in the log itself.",
	}, func(ctx context.Context, in *searchInput) (*web.Output[web.Page[Record]], error) {
		filter, err := in.filter(s.now())
		if err != nil {
			return nil, err
		}
		if filter.Before, err = web.DecodeCursor(in.Cursor); err != nil {
			return nil, err
		}
		records, more, err := s.Search(ctx, filter, in.Limit)
		if err != nil {
			return nil, err
		}
		out := &web.Output[web.Page[Record]]{Body: web.Page[Record]{Items: append([]Record{}, records...)}}
		if more {
			out.Body.Next = web.EncodeCursor(records[len(records)-1].ID)
		}
		return out, nil
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "export-audit", Method: http.MethodGet, Path: "/api/v1/audit.csv", Tags: tags, Summary: "Export the audit log as CSV",
		Description: "For auditors: all rows that pass the filters, the newest first, in UTF-8 with a byte order mark. No cell is a formula. Each export is in the log itself.",
		Metadata:    map[string]any{web.Endless: true},
		Responses: map[string]*huma.Response{"200": {
			Description: "The rows", Content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: "string"}}},
		}},
	}, func(ctx context.Context, in *FilterQuery) (*huma.StreamResponse, error) {
		filter, err := in.filter(s.now())
		if err != nil {
			return nil, err
		}
		if err := access.Ask(ctx, access.AuditRead, nil); err != nil { // the stream itself begins too late for it
			return nil, err
		}
		return web.Attachment("audit.csv", "text/csv; charset=utf-8", func(w io.Writer) error {
			_, err := s.Export(ctx, filter, w)
			return err
		}), nil
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "audit-chain", Method: http.MethodGet, Path: "/api/v1/audit/chain", Tags: tags, Summary: "How the chain of the audit log stands",
	}, func(ctx context.Context, _ *struct{}) (*web.Output[ChainState], error) {
		state, err := s.Chain(ctx)
		if err != nil {
			return nil, err
		}
		return &web.Output[ChainState]{Body: state}, nil
	})
}

func (in *FilterQuery) filter(now time.Time) (Filter, error) {
	f := Filter{From: in.From.Time, To: in.To.Time, Login: in.Login, Action: in.Action, Object: in.Object, Area: in.Area, Outcome: in.Outcome, Text: in.Text}
	if f.To.IsZero() {
		f.To = now
	}
	if f.From.IsZero() {
		f.From = f.To.Add(-defaultSpan)
	}
	if !f.From.Before(f.To) {
		return f, web.NewProblem(web.Invalid, "from must be before to").At("query.from", f.From)
	}
	if year := f.From.Year(); year < 1970 || f.To.Year() > 9999 {
		return f, web.NewProblem(web.Invalid, "from and to lie between the years 1970 and 9999").At("query.from", f.From)
	}
	return f, nil
}
