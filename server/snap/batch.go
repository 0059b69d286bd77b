package snap

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"reflect"
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
	At          time.Time `query:"at" doc:"Ask the edition that was in effect at this instant; earlier ones answer where you have a role"`
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

func registerBatch(s *web.Server, service *Service) {
	answers := s.API.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[BatchAnswer](), true, "")
	array := &huma.Schema{Type: huma.TypeArray, MaxItems: new(maxBatchPoints), Items: &huma.Schema{
		Description: `A point: {"lon": number, "lat": number} or [lon, lat]`,
	}}
	huma.Register(s.API, huma.Operation{
		OperationID: "snap-batch", Method: http.MethodPost, Path: "/api/v1/snap", Tags: []string{"snap"},
		Summary: "Snap many points",
		Description: fmt.Sprintf("A JSON array of points, or NDJSON with a point a line (Content-Type application/x-ndjson). The answers come in the same form and order, "+
			"all by one edition. At most %d points and %d MiB.", maxBatchPoints, maxBatchBytes>>20),
		MaxBodyBytes: maxBatchBytes, BodyReadTimeout: time.Minute,
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/json": {Schema: array}, "application/x-ndjson": {Schema: &huma.Schema{Type: huma.TypeString}},
		}},
		SkipValidateBody: true,
		// Who may not is told before the body is read.
		Middlewares: huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
			if p, refused := web.AsProblem(service.AskBatch(ctx.Context())); refused {
				_ = huma.WriteErr(s.API, ctx, p.Status, p.Detail)
				return
			}
			next(ctx)
		}},
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
		all := points{datum: datum}
		read := all.readArray
		if lines {
			read = all.readLines
		}
		if err := read(in.RawBody); err != nil {
			return nil, err
		}
		results, refused, err := service.LocateAllAt(ctx, all.list, in.At)
		if err != nil {
			return nil, err
		}
		if all.errs == nil {
			all.errs = refused
		} else {
			maps.Copy(all.errs, refused)
		}
		out := &batchOutput{ContentType: "application/json"}
		if lines {
			out.ContentType = "application/x-ndjson"
		}
		out.Body = writeAnswers(results, all.errs, lines)
		return out, nil
	})
}
