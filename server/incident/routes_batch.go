package incident

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"jingwei/server/web"
)

const maxBatchBytes = 16 << 20

type batchInput struct {
	ContentType string `header:"Content-Type"`
	Key         string `header:"Idempotency-Key" maxLength:"150" doc:"The sender's own name for this batch: sent again with it, rows that were stored are repeats"`
	RawBody     []byte `contentType:"application/x-ndjson"`
}

type batchOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func batchRoutes(server *web.Server, s *Service, tags []string) {
	text := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	huma.Register(server.API, huma.Operation{
		OperationID: "create-incidents", Method: http.MethodPost, Path: "/api/v1/incidents:batch", Tags: tags, Summary: "Report many incidents",
		Description: fmt.Sprintf("For systems that take reports in. NDJSON with a report a line, as POST /api/v1/incidents takes it, or CSV with the columns of jingwei import incidents. "+
			"At most %d rows and %d MiB. The answer is NDJSON with a line for each row, in order: "+
			`{"row":1,"status":"created|repeated|refused","id":…,"code":…,"detail":…,"location":…}. `+
			"When it begins, the good rows are on disk; the bad ones say why they are not. A row whose source_number is known is a repeat; "+
			"so is each row of a batch that is sent again with the same Idempotency-Key.", mostRows, maxBatchBytes>>20),
		MaxBodyBytes: maxBatchBytes, BodyReadTimeout: time.Minute, SkipValidateBody: true,
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/x-ndjson": text, "text/csv": text}},
		Responses:   map[string]*huma.Response{"200": {Description: "What became of each row", Content: map[string]*huma.MediaType{"application/x-ndjson": text}}},
		// Who may not is told before the body is read.
		Middlewares: huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
			if p, refused := web.AsProblem(s.AskBatch(ctx.Context())); refused {
				_ = huma.WriteErr(server.API, ctx, p.Status, p.Detail)
				return
			}
			next(ctx)
		}},
	}, func(ctx context.Context, in *batchInput) (*batchOutput, error) {
		var rows []BatchRow
		var err error
		switch media, _, _ := strings.Cut(in.ContentType, ";"); strings.TrimSpace(media) {
		case "application/x-ndjson":
			rows, err = readLines(in.RawBody)
		case "text/csv":
			rows, err = s.readCSV(in.RawBody)
		default:
			err = web.NewProblem(web.UnsupportedMedia, "send application/x-ndjson or text/csv")
		}
		if err != nil {
			return nil, err
		}
		outcomes, err := s.CreateAll(ctx, rows, in.Key)
		if err != nil {
			return nil, err
		}
		var out bytes.Buffer
		encoder := json.NewEncoder(&out)
		encoder.SetEscapeHTML(false)
		for i := range outcomes {
			if err := encoder.Encode(&outcomes[i]); err != nil {
				return nil, err
			}
		}
		return &batchOutput{"application/x-ndjson", out.Bytes()}, nil
	})
}
