package incident

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/text/language"

	"jingwei/server/access"
	"jingwei/server/area"
	"jingwei/server/web"
)

// SearchInput is what lists and files of incidents are asked for, beside the filter that heat and counts have too.
type SearchInput struct {
	FilterInput
	BBox   []float64 `query:"bbox" minItems:"4" maxItems:"4" doc:"West, south, east, north"`
	Review string    `query:"review" enum:"outside,border" doc:"Those that wait to be confirmed or moved: outside every area, or closer to a border than their accuracy"`
	Text   string    `query:"q" maxLength:"100" doc:"An incident's id, the number of a receipt or of the source, or else text in the title, in either case. The text has no index: together with a range of time, an area or an item it is found faster"`
}

func (in *SearchInput) question(atlas *area.Atlas) (q Question, err error) {
	q.Review, q.Text = in.Review, in.Text
	if q.Filter, err = in.Filter(atlas); err != nil {
		return q, err
	}
	if in.BBox != nil {
		bounds, err := area.ParseBounds(in.BBox)
		if err != nil {
			return q, err
		}
		q.Bounds = &bounds
	}
	return q, nil
}

type listInput struct {
	SearchInput
	Sort   string `query:"sort" enum:"-reported_at,reported_at,item,-item,channel,-channel,status,-status,closed_at,-closed_at" default:"-reported_at" doc:"Items come in the order of the catalogue, channels and steps in that of their lists, what is not closed after what is; - turns it round. Within the same value the newest comes first"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Cursor string `query:"cursor" maxLength:"128" doc:"The next of the answer before, to the same question"`
}

type pointsInput struct {
	FilterInput
	IDs bool `query:"ids" doc:"Whether each has its id; they are most of the answer's size"`
}

type exportInput struct {
	SearchInput
	Format         string   `query:"format" enum:"xlsx,csv" default:"xlsx" doc:"An Excel workbook, or CSV in UTF-8 with a byte order mark"`
	Columns        []string `query:"columns" enum:"reported_at,item,channel,status,title,description,town,community,grid,micro,area,branch,received_at,closed_at,lon,lat,id" doc:"Left out: all. Their order is the file's own"`
	Language       string   `query:"lang" enum:"zh,en" doc:"Of headers and words. Left out: what Accept-Language asks for"`
	AcceptLanguage string   `header:"Accept-Language"`
}

// The files that are written at the same time: each takes some 20 MB, and reads as fast as its reader takes it.
const (
	maxExports        = 4
	maxExportsAccount = 1
)

// languages are those of the files; the first is for whoever asks for neither.
var languages = language.NewMatcher([]language.Tag{language.Chinese, language.English})

func (in *exportInput) options() ExportOptions {
	asked := in.Language
	if asked == "" {
		asked = in.AcceptLanguage
	}
	_, index := language.MatchStrings(languages, asked)
	return ExportOptions{XLSX: in.Format == "xlsx", English: index == 1, Columns: in.Columns}
}

// listRoutes are the addresses that give many incidents at once.
func listRoutes(server *web.Server, s *Service, areas *area.Service, tags []string) {
	huma.Register(server.API, huma.Operation{
		OperationID: "list-incidents", Method: http.MethodGet, Path: "/api/v1/incidents", Tags: tags, Summary: "List incidents, the newest first",
		Description: "A cursor goes on with the question that it was given for, and with no other. What takes the database longer than 10 s is refused with 408: narrow it.",
	}, func(ctx context.Context, in *listInput) (*web.Output[web.Page[Resource]], error) {
		q, err := in.question(areas.Current())
		if err != nil {
			return nil, err
		}
		q.Sort = Sort(in.Sort)
		if q.After, err = web.DecodePlace(in.Cursor, q.text()); err != nil {
			return nil, err
		}
		incidents, next, err := s.List(ctx, q, in.Limit)
		if err != nil {
			return nil, err
		}
		out := &web.Output[web.Page[Resource]]{}
		out.Body.Items = make([]Resource, len(incidents))
		for n, i := range incidents {
			out.Body.Items[n] = s.resource(i)
		}
		if next != nil {
			out.Body.Next = next.Encode(q.text())
		}
		return out, nil
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "list-incident-points", Method: http.MethodGet, Path: "/api/v1/incidents/points", Tags: tags, Summary: "Incidents of a range of time in columns, the oldest first",
		Description: "For playing a day again: of each where, when, what, from which channel and in which town; 60,000 at most.",
	}, func(ctx context.Context, in *pointsInput) (*web.Output[*Points], error) {
		filter, err := in.Filter(areas.Current())
		if err != nil {
			return nil, err
		}
		points, err := s.Points(ctx, filter, in.IDs)
		if err != nil {
			return nil, err
		}
		return &web.Output[*Points]{Body: points}, nil
	})
	binary := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	huma.Register(server.API, huma.Operation{
		OperationID: "export-incidents", Method: http.MethodGet, Path: "/api/v1/incidents/export", Tags: tags, Summary: "Take incidents away as an Excel workbook or as CSV",
		Description: fmt.Sprintf("The newest first, %d at most, masked as everywhere; times are of Beijing. No cell is a formula. Each export is in the audit log. "+
			"A file that breaks off has rows missing: an answer that is whole ends in order.", MaxExport),
		Metadata:    map[string]any{web.Endless: true},
		Middlewares: huma.Middlewares{server.Hold(web.NewSlots(maxExports, maxExportsAccount), reader, "too many files are being written, or one for your account already")},
		Responses: map[string]*huma.Response{"200": {
			Description: "The file", Content: map[string]*huma.MediaType{xlsxType: binary, "text/csv": binary},
		}},
	}, func(ctx context.Context, in *exportInput) (*huma.StreamResponse, error) {
		q, err := in.question(areas.Current())
		if err != nil {
			return nil, err
		}
		if _, err := s.scope(ctx, access.IncidentExport, q.Filter); err != nil { // the stream itself begins too late for it
			return nil, err
		}
		name, contentType := "incidents-"+s.now().In(beijing).Format("20060102-1504"), "text/csv; charset=utf-8"
		if in.Format == "xlsx" {
			contentType = xlsxType
		}
		return web.Attachment(name+"."+in.Format, contentType, func(w io.Writer) error {
			_, err := s.Export(ctx, q, in.options(), w)
			return err
		}), nil
	})
}

const xlsxType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
