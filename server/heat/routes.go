package heat

import (
	"bytes"
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"

	"jingwei/geo/coverage"
	"jingwei/server/incident"
	"jingwei/server/web"
)

// CompareInput is a range of time to compare with.
type CompareInput struct {
	CompareFrom web.Instant `query:"compare_from" doc:"With compare_to: the range of time to compare with, under the same filter"`
	CompareTo   web.Instant `query:"compare_to"`
}

type heatInput struct {
	incident.FilterInput
	CompareInput
	Resolution int    `query:"resolution" minimum:"3" maximum:"11" default:"8" doc:"Of the H3 cells"`
	Format     string `query:"format" enum:"geojson,csv" default:"geojson"`
}

type heatOutput struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}

type countsInput struct {
	incident.FilterInput
	By By `query:"by" enum:"total,item,channel,status,hour,weekday,town,community,grid,micro" default:"total"`
}

type seriesInput struct {
	incident.FilterInput
	Step string `query:"step" enum:"5m,15m,1h,1d,1w" default:"1h" doc:"Steps begin on the full step in Asia/Shanghai, weeks on Mondays"`
}

// unusualInput has the fields of a filter that make sense here.
type unusualInput struct {
	Level     string      `query:"level" enum:"town,community,grid,micro" default:"grid"`
	At        web.Instant `query:"at" doc:"The end of the window, to the minute; now where it is missing"`
	WindowMin int         `query:"window_min" minimum:"1" maximum:"10080" default:"60" doc:"Minutes; at most a week, for the windows of the weeks before must not meet it"`
	Item      []string    `query:"item" maxItems:"100" doc:"Codes in the catalogue"`
	Channel   []string    `query:"channel" enum:"resident,worker,courier,hotline_12345,platform_1_4,enterprise_line,import"`
	Area      []string    `query:"area" maxItems:"100" doc:"Codes of areas; what lies below them counts"`
	Limit     int         `query:"limit" minimum:"1" maximum:"1000" default:"50"`
}

// mostCells bounds an answer with all cells: some 30 MB of GeoJSON.
const mostCells = 100_000

const exact = "Counted within your rights and exactly, to the whole minute: from is taken down to its minute and to up to the end of its minute. A new incident counts within a second."

// Routes registers the counts and the tiles of heat.
func Routes(server *web.Server, s *Service) {
	tags := []string{"counts"}
	huma.Register(server.API, huma.Operation{
		OperationID: "find-heat", Method: http.MethodGet, Path: "/api/v1/heat", Tags: tags, Summary: "Count incidents by H3 cell",
		Description: exact + " GeoJSON has a feature for each cell with its count, and with compare_from and compare_to also before and diff; CSV has a line for each, with the centre of the cell.",
		Responses: map[string]*huma.Response{"200": {Description: "The cells that are not empty", Content: map[string]*huma.MediaType{
			"application/geo+json": {Schema: &huma.Schema{Type: huma.TypeObject}}, "text/csv": {Schema: &huma.Schema{Type: huma.TypeString}},
		}}},
	}, func(ctx context.Context, in *heatInput) (*heatOutput, error) {
		v, told, err := s.viewFor(ctx, &in.FilterInput, in.CompareInput, in.Resolution)
		if err != nil {
			return nil, err
		}
		if len(v.cells) > mostCells {
			return nil, web.NewProblem(web.Invalid, strconv.Itoa(len(v.cells))+" cells are too many; ask for a coarser resolution or for less").At("query.resolution", in.Resolution)
		}
		var out bytes.Buffer
		if in.Format == "csv" {
			v.writeCSV(&out)
			return &heatOutput{"text/csv; charset=utf-8", `attachment; filename="heat.csv"`, out.Bytes()}, nil
		}
		if err := v.writeGeoJSON(&out, told); err != nil {
			return nil, err
		}
		return &heatOutput{"application/geo+json", "", out.Bytes()}, nil
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "count-incidents", Method: http.MethodGet, Path: "/api/v1/counts", Tags: tags, Summary: "Count incidents, in all and by group", Description: exact,
	}, func(ctx context.Context, in *countsInput) (*web.Output[Counts], error) {
		f, err := in.Filter(s.areas.Current())
		if err != nil {
			return nil, err
		}
		c, err := s.Counts(ctx, f, in.By)
		return &web.Output[Counts]{Body: c}, err
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "count-incidents-by-time", Method: http.MethodGet, Path: "/api/v1/counts/series", Tags: tags, Summary: "Count incidents by steps of time",
		Description: exact + " Without to the series ends now, and without from it begins a day before its end; it has at most 9,000 steps.",
	}, func(ctx context.Context, in *seriesInput) (*web.Output[Series], error) {
		f, err := in.Filter(s.areas.Current())
		if err != nil {
			return nil, err
		}
		series, err := s.Series(ctx, f, in.Step)
		return &web.Output[Series]{Body: series}, err
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "list-unusual-areas", Method: http.MethodGet, Path: "/api/v1/counts/unusual", Tags: tags, Summary: "List areas where more is reported than usual",
		Description: statistic,
	}, func(ctx context.Context, in *unusualInput) (*web.Output[Unusual], error) {
		level, err := coverage.ParseLevel(in.Level)
		if err != nil {
			return nil, err
		}
		f, err := (&incident.FilterInput{Item: in.Item, Channel: in.Channel, Area: in.Area}).Filter(s.areas.Current())
		if err != nil {
			return nil, err
		}
		u, err := s.Unusual(ctx, f, level, in.At.Time, in.WindowMin, in.Limit)
		return &web.Output[Unusual]{Body: u}, err
	})
	tileRoutes(server, s)
	s.measure(server.Metrics)
}

// viewFor is the view that a query asks for, and what was counted before.
func (s *Service) viewFor(ctx context.Context, in *incident.FilterInput, compare CompareInput, resolution int) (v *view, told Told, err error) {
	f, err := in.Filter(s.areas.Current())
	if err != nil {
		return nil, told, err
	}
	q, err := s.ask(ctx, f)
	if err != nil {
		return nil, told, err
	}
	before, err := q.compared(compare.CompareFrom.Time, compare.CompareTo.Time)
	if err != nil {
		return nil, told, err
	}
	told = q.told()
	v, err = q.view(ctx, before, resolution)
	return v, told, err
}

// measure exposes how much is counted, and how far counting has come.
func (s *Service) measure(metrics *prometheus.Registry) {
	for name, gauge := range map[string]struct {
		help  string
		value func() float64
	}{
		"jingwei_heat_incidents": {"Incidents that are counted.", func() float64 { return float64(s.state.Load().ledger.table.Len()) }},
		"jingwei_heat_filled_ratio": {"Part of the incidents that is counted while they are read; 1 when complete.", func() float64 {
			if f := s.Filling(); f != nil {
				return float64(f.Done) / float64(max(f.Total, 1))
			}
			return 1
		}},
		"jingwei_heat_fill_failed": {"1 while the last attempt to read the incidents has failed.", func() float64 {
			if s.failed.Load() {
				return 1
			}
			return 0
		}},
		"jingwei_heat_event_age_seconds": {"Time since the last event that was counted by; 0 before the first.", func() float64 {
			if at := s.lastSeen.Load(); at > 0 {
				return float64(s.now().UnixMilli()-at) / 1000
			}
			return 0
		}},
		"jingwei_heat_as_of_age_seconds": {"Time since everything that was stored had been counted.", func() float64 {
			return float64(s.now().UnixMilli()-s.asOf.Load()) / 1000
		}},
	} {
		metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: gauge.help}, gauge.value))
	}
}
