package incident

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"jingwei/server/area"
	"jingwei/server/snap"
	"jingwei/server/web"
)

// Resource is an incident in the API.
type Resource struct {
	ID          uuid.UUID  `json:"id" format:"uuid"`
	County      string     `json:"county" doc:"Empty outside every area"`
	ReportedAt  time.Time  `json:"reported_at"`
	ReceivedAt  time.Time  `json:"received_at"`
	Channel     Channel    `json:"channel"`
	Item        string     `json:"item" doc:"Code in the catalogue"`
	ItemName    string     `json:"item_name"`
	ItemNameEN  string     `json:"item_name_en"`
	Status      Status     `json:"status"`
	ClosedAt    *time.Time `json:"closed_at" doc:"Of one that is closed or cancelled"`
	Title       string     `json:"title" doc:"Phone and identity numbers are masked: 138****1234"`
	Description string     `json:"description" doc:"Phone and identity numbers are masked"`
	Lon         float64    `json:"lon" doc:"EPSG:4326"`
	Lat         float64    `json:"lat"`
	AccuracyM   *float64   `json:"accuracy_m"`
	Cell        string     `json:"cell" doc:"H3 cell, resolution 12"`
	Snap        string     `json:"snap" enum:"owned,inferred,outside"`
	Edition     int        `json:"edition" doc:"The edition it was snapped by"`
	Areas       []string   `json:"areas" doc:"Codes from the county to the finest area; empty outside"`
	Branch      *string    `json:"branch" doc:"Code of the branch that answers; null where none does"`
	Review      *string    `json:"review" enum:"outside,border" doc:"Why a dispatcher should look at the place: no area owns it, or another area is nearer than accuracy_m; null where nobody need"`
}

// Detail is an incident with who reported it, and its photos.
type Detail struct {
	Resource
	Photos   []uuid.UUID     `json:"photos" doc:"Ids; GET /api/v1/incidents/{id}/photos/{photo} gives each"`
	Reporter *MaskedReporter `json:"reporter" doc:"Null where nobody gave a name, or it cannot be opened"`
	Sealed   Sealing         `json:"sealed" enum:"nothing,sealed,unavailable" doc:"Whether something is sealed with the incident that reporter.unseal can open; unavailable: the server lacks the key"`
}

// MaskedReporter is who reported, as everybody who sees the incident may see it.
type MaskedReporter struct {
	Name     string `json:"name" example:"张**"`
	Phone    string `json:"phone" example:"138****1234"`
	IDNumber string `json:"id_number" example:"3202**********1234"`
	Home     string `json:"home" example:"宜城街道东风小区**"`
}

// Created is the answer to a report.
type Created struct {
	Resource
	Receipt    ReceiptResource     `json:"receipt" doc:"With it the reporter follows the report, without an account. It is shown here only"`
	Duplicates []PossibleDuplicate `json:"possible_duplicates" doc:"Open incidents of the same item within 250 m and 7 days, the nearest first: those that the sender may see"`
}

// ReceiptResource is with what a reporter follows the own report.
type ReceiptResource struct {
	Number string `json:"number" maxLength:"40" example:"260728-000123"`
	Secret string `json:"secret" maxLength:"60" example:"7K2M-9QXA-04TZ-C1WE" doc:"Empty in the answer to a repeat after the server's keys were exchanged and the old ones removed"`
}

// NewReport is what a writer sends.
type NewReport struct {
	Lon         float64   `json:"lon" doc:"Longitude, degrees" example:"119.8233"`
	Lat         float64   `json:"lat" doc:"Latitude, degrees" example:"31.3406"`
	CRS         string    `json:"crs,omitempty" enum:"wgs84,cgcs2000,gcj02,bd09" default:"wgs84"`
	Item        string    `json:"item" maxLength:"40" doc:"Code in the catalogue"`
	Channel     Channel   `json:"channel,omitempty" enum:"resident,worker,courier,hotline_12345,platform_1_4,enterprise_line" default:"resident"`
	Title       string    `json:"title" minLength:"1" maxLength:"200"`
	Description string    `json:"description,omitempty" maxLength:"4000"`
	AccuracyM   *float64  `json:"accuracy_m,omitempty" minimum:"0" maximum:"100000" doc:"Radius in which the true place lies, metres"`
	ReportedAt  time.Time `json:"reported_at,omitzero" doc:"Left out: now"`
	Number      string    `json:"source_number,omitempty" maxLength:"100" doc:"The source's own number of the report, which is its channel's for good: the same report again is a repeat, another is refused. Only for who takes reports in"`

	Photos []uuid.UUID `json:"photos,omitempty" maxItems:"5" doc:"Ids that POST /api/v1/photos gave"`

	Reporter *NewReporter `json:"reporter,omitempty" doc:"Who reports; sealed at once. Leave out what is not needed"`
}

// NewReporter is what a reporter tells of themselves. Its limits are checked by the service: what huma checks, it repeats in the answer.
type NewReporter struct {
	Name     string `json:"name,omitempty" doc:"At most 60 characters"`
	Phone    string `json:"phone,omitempty" doc:"A mobile number, a landline with its area code, or + and the number with the country's code"`
	IDNumber string `json:"id_number,omitempty" doc:"18 characters (GB 11643)"`
	Home     string `json:"home,omitempty" doc:"At most 200 characters"`
}

type createInput struct {
	Key     string `header:"Idempotency-Key" maxLength:"200" doc:"The writer's own name for this report: a repeat is answered with the first incident. Without an account at least 16 characters, best a random UUID, and for a day"`
	RawBody []byte
	Body    NewReport
}

type createOutput struct {
	Status   int
	Location string `header:"Location"`
	Body     Created
}

type findInput struct {
	ID uuid.UUID `path:"id" format:"uuid"`
}

type foundOutput struct {
	ETag string `header:"ETag"`
	Body Detail
}

// Routes registers /api/v1/incidents.
func Routes(server *web.Server, s *Service, areas *area.Service) {
	tags := []string{"incidents"}
	huma.Register(server.API, huma.Operation{
		OperationID: "create-incident", Method: http.MethodPost, Path: "/api/v1/incidents", Tags: tags, Summary: "Report an incident",
		Description:   "When the answer is 201 the incident is on disk, snapped to its area, and everybody's map has been told. 200 answers a repeat.",
		DefaultStatus: http.StatusCreated, MaxBodyBytes: 64 << 10,
	}, func(ctx context.Context, in *createInput) (*createOutput, error) {
		report, err := in.report()
		if err != nil {
			return nil, err
		}
		i, receipt, p, err := s.create(ctx, report, in.Key, in.RawBody, true)
		if err != nil {
			return nil, err
		}
		out := &createOutput{
			Status: http.StatusOK, Location: "/api/v1/incidents/" + i.ID.String(), Body: Created{Resource: s.resource(i), Receipt: ReceiptResource(receipt)},
		}
		if p.first == uuid.Nil {
			out.Status = http.StatusCreated
		}
		duplicates, err := s.duplicatesOf(ctx, i, p)
		if err != nil { // the report is stored all the same
			slog.WarnContext(ctx, "possible duplicates of a report were not looked for", "request_id", web.RequestID(ctx), "error", err)
		}
		out.Body.Duplicates = possible(duplicates)
		return out, nil
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "find-incident", Method: http.MethodGet, Path: "/api/v1/incidents/{id}", Tags: tags, Summary: "Find an incident by its id",
	}, func(ctx context.Context, in *findInput) (*foundOutput, error) {
		i, err := s.Find(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		reporter, sealing, err := s.Reporter(ctx, i)
		if err != nil {
			return nil, err
		}
		photos, err := s.Photos(ctx, i)
		if err != nil {
			return nil, err
		}
		out := &foundOutput{ETag: etag(i), Body: Detail{Resource: s.resource(i), Photos: photos, Sealed: sealing}}
		if reporter != (Private{}) {
			out.Body.Reporter = &MaskedReporter{Name: reporter.Name, Phone: reporter.Phone, IDNumber: reporter.IDNumber, Home: reporter.Home}
		}
		return out, nil
	})
	server.Metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "jingwei_intake_waiting", Help: "Single reports that wait to be stored."}, func() float64 { return s.line.length() }))
	listRoutes(server, s, areas, tags)
	batchRoutes(server, s, tags)
	duplicateRoutes(server, s, tags)
	reporterRoutes(server, s, tags)
}

func (in *createInput) report() (Report, error) {
	b := in.Body
	place, err := snap.PointOf(b.Lon, b.Lat, b.CRS)
	if err != nil {
		return Report{}, err
	}
	if !utf8.Valid(in.RawBody) {
		return Report{}, web.NewProblem(web.BadRequest, "the body is not UTF-8; JSON has no other encoding").At("body", nil)
	}
	title := strings.TrimSpace(b.Title)
	if !strings.ContainsFunc(title, visible) {
		return Report{}, web.NewProblem(web.Invalid, "title must not be empty").At("body.title", nil)
	}
	if strings.ContainsFunc(title, unicode.IsControl) || strings.ContainsFunc(title, reordering) {
		return Report{}, web.NewProblem(web.Invalid, "title must be one line without control characters").At("body.title", nil)
	}
	if strings.ContainsFunc(b.Description, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\n\r\t", r) || reordering(r) }) {
		return Report{}, web.NewProblem(web.Invalid, "description must not contain control characters other than line ends and tabs").At("body.description", nil)
	}
	r := Report{
		ReportedAt: b.ReportedAt, Channel: b.Channel, Item: b.Item, Title: title, Description: b.Description, Place: place, AccuracyM: b.AccuracyM,
		Photos: b.Photos, Number: b.Number,
	}
	if who := b.Reporter; who != nil {
		r.Private = Private{Name: who.Name, Phone: who.Phone, IDNumber: who.IDNumber, Home: who.Home}
	}
	return r, nil
}

// visible tells a character that leaves a mark.
func visible(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }

// reordering tells a character that makes text be shown in another order than it is written.
func reordering(r rune) bool { return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' }

func (s *Service) resource(i Incident) Resource {
	lon, lat := i.Place.Degrees()
	r := Resource{
		ID: i.ID, County: i.County, ReportedAt: i.ReportedAt, ReceivedAt: i.ReceivedAt, Channel: i.Channel, Item: i.Item, Status: i.Status,
		ClosedAt: i.ClosedAt, Title: mask(i.Title), Description: mask(i.Description), Lon: lon, Lat: lat, AccuracyM: i.AccuracyM, Cell: i.Cell.String(), Snap: string(i.Snap),
		Edition: i.Edition, Areas: append([]string{}, i.Codes...), Branch: orNull(i.Branch), Review: orNull(string(i.Review)),
	}
	if item, ok := s.items.Find(i.Item); ok {
		r.ItemName, r.ItemNameEN = item.Name, item.NameEN
	}
	return r
}
