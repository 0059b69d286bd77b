package snap

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"jingwei/geo"
	"jingwei/server/web"
)

const (
	maxBatchBytes  = 32 << 20
	maxBatchPoints = 200_000
)

type batchInput struct {
	ContentType string    `header:"Content-Type"`
	CRS         string    `query:"crs" enum:"wgs84,cgcs2000,gcj02,bd09" default:"wgs84" doc:"What the coordinates are in"`
	At          time.Time `query:"at" doc:"Ask the edition that was in effect at this instant"`
	RawBody     []byte    `contentType:"application/json"`
}

type batchOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// BatchAnswer is one answer of a batch.
type BatchAnswer struct {
	Status Status   `json:"status,omitempty" enum:"owned,inferred,outside"`
	Area   string   `json:"area,omitempty" doc:"Code of the finest area"`
	Areas  []string `json:"areas,omitempty" doc:"Codes from the county to the finest area"`
	Branch string   `json:"branch,omitempty"`
	Error  string   `json:"error,omitempty" doc:"Why this point could not be snapped; the others are not touched by it"`
}

// place is a point of a batch: {"lon":…,"lat":…} or [lon, lat].
type place struct{ lon, lat float64 }

func (p *place) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '[' {
		var pair []float64
		if err := json.Unmarshal(data, &pair); err != nil || len(pair) < 2 {
			return errors.New("expected [lon, lat] with two numbers")
		}
		p.lon, p.lat = pair[0], pair[1]
		return nil
	}
	var object struct {
		Lon *float64 `json:"lon"`
		Lat *float64 `json:"lat"`
	}
	if err := json.Unmarshal(data, &object); err != nil || object.Lon == nil || object.Lat == nil {
		return errors.New(`expected {"lon": number, "lat": number}`)
	}
	p.lon, p.lat = *object.Lon, *object.Lat
	return nil
}

func registerBatch(s *web.Server, service *Service) {
	answers := s.API.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[BatchAnswer](), true, "")
	points := &huma.Schema{Type: huma.TypeArray, MaxItems: new(maxBatchPoints), Items: &huma.Schema{
		Description: `A point: {"lon": number, "lat": number} or [lon, lat]`,
	}}
	huma.Register(s.API, huma.Operation{
		OperationID: "snap-batch", Method: http.MethodPost, Path: "/api/v1/snap", Tags: []string{"snap"},
		Summary: "Snap many points",
		Description: fmt.Sprintf("A JSON array of points, or NDJSON with a point a line (Content-Type application/x-ndjson). The answers come in the same form and order, "+
			"all by one edition. At most %d points and %d MiB.", maxBatchPoints, maxBatchBytes>>20),
		MaxBodyBytes: maxBatchBytes, BodyReadTimeout: time.Minute,
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/json": {Schema: points}, "application/x-ndjson": {Schema: &huma.Schema{Type: huma.TypeString}},
		}},
		SkipValidateBody: true,
		Responses: map[string]*huma.Response{"200": {Description: "An answer for each point, in order", Content: map[string]*huma.MediaType{
			"application/json":     {Schema: &huma.Schema{Type: huma.TypeArray, Items: answers}},
			"application/x-ndjson": {Schema: &huma.Schema{Type: huma.TypeString}},
		}}},
	}, func(ctx context.Context, in *batchInput) (*batchOutput, error) {
		datum, err := geo.ParseDatum(in.CRS)
		if err != nil {
			return nil, web.NewProblem(web.Invalid, err.Error()).At("query.crs", in.CRS)
		}
		lines := strings.HasPrefix(in.ContentType, "application/x-ndjson")
		read := readArray
		if lines {
			read = readLines
		}
		points, errs, err := read(in.RawBody, datum)
		if err != nil {
			return nil, err
		}
		results, err := service.LocateAllAt(ctx, points, in.At)
		if err != nil {
			return nil, err
		}
		out := &batchOutput{ContentType: "application/json"}
		if lines {
			out.ContentType = "application/x-ndjson"
		}
		out.Body, err = writeAnswers(results, errs, lines)
		return out, err
	})
}

// readArray reads a JSON array of points. errs holds the reason for each point that is none.
func readArray(body []byte, datum geo.Datum) (points []geo.Point, errs map[int]string, err error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if token, err := decoder.Token(); err != nil || token != json.Delim('[') {
		return nil, nil, web.NewProblem(web.BadRequest, "the body must be a JSON array of points; send NDJSON with Content-Type application/x-ndjson").At("body", nil)
	}
	errs = map[int]string{}
	for decoder.More() {
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return nil, nil, badJSON(len(points), err)
		}
		if points, err = appendPoint(points, errs, raw, datum); err != nil {
			return nil, nil, err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return nil, nil, badJSON(len(points), err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, nil, web.NewProblem(web.BadRequest, "there is more after the end of the JSON array").At("body", nil)
	}
	return points, errs, nil
}

func badJSON(i int, err error) error {
	place := "body[" + strconv.Itoa(i) + "]"
	return web.NewProblem(web.BadRequest, place+": not valid JSON: "+err.Error()).At(place, nil)
}

// readLines reads a point a line; empty lines are passed over.
func readLines(body []byte, datum geo.Datum) (points []geo.Point, errs map[int]string, err error) {
	errs = map[int]string{}
	for line := range bytes.Lines(body) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if points, err = appendPoint(points, errs, line, datum); err != nil {
				return nil, nil, err
			}
		}
	}
	return points, errs, nil
}

func appendPoint(points []geo.Point, errs map[int]string, data []byte, datum geo.Datum) ([]geo.Point, error) {
	if len(points) == maxBatchPoints {
		return nil, web.NewProblem(web.TooLarge, fmt.Sprintf("more than %d points; send them in several requests", maxBatchPoints))
	}
	var at place
	err := at.UnmarshalJSON(data)
	var p geo.Point
	if err == nil {
		if p, err = geo.PointOf(at.lon, at.lat); err == nil && datum != geo.WGS84 {
			p, err = geo.PointOf(datum.ToWGS84(at.lon, at.lat))
		}
	}
	if err != nil {
		errs[len(points)] = err.Error()
	}
	return append(points, p), nil
}

func writeAnswers(results []Result, errs map[int]string, lines bool) ([]byte, error) {
	out := make([]byte, 0, 128*len(results)+2)
	if !lines {
		out = append(out, '[')
	}
	for i, r := range results {
		a := BatchAnswer{Status: r.Status, Areas: r.Codes}
		if len(r.Codes) > 0 {
			a.Area = r.Codes[len(r.Codes)-1]
		}
		if r.Branch != nil {
			a.Branch = r.Branch.Code
		}
		if reason, ok := errs[i]; ok {
			a = BatchAnswer{Error: reason}
		}
		answer, err := json.Marshal(a)
		if err != nil {
			return nil, err
		}
		if !lines && i > 0 {
			out = append(out, ',')
		}
		out = append(out, answer...)
		if lines {
			out = append(out, '\n')
		}
	}
	if !lines {
		out = append(out, ']')
	}
	return out, nil
}
