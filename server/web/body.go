package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"
)

// What a request may take where its operation does not say otherwise. A client that sends or takes slowly holds a connection no longer.
const (
	headerTime  = 10 * time.Second // to send the header
	bodyTime    = 10 * time.Second // to send the body: BodyReadTimeout of the operation
	bodyBytes   = 64 << 10         // MaxBodyBytes of the operation
	workTime    = 30 * time.Second // to work out the answer, after the body is there
	answerTime  = 5 * time.Minute  // to take the answer, from the header of the request on; the live stream moves it on
	idleTime    = 2 * time.Minute  // between two requests
	headerBytes = 64 << 10
)

// Endless marks, in the metadata of an operation, that its answer goes on as long as the client wants.
const Endless = "endless"

// Huma's own defaults, which tell that an operation states nothing.
const (
	humaBodyBytes = 1 << 20
	humaBodyTime  = 5 * time.Second
)

// bound gives an operation the limits that it does not state. Huma calls it before the operation is used.
func bound(_ *huma.OpenAPI, op *huma.Operation) {
	if op.RequestBody == nil {
		return
	}
	if op.MaxBodyBytes <= 0 || op.MaxBodyBytes == humaBodyBytes {
		op.MaxBodyBytes = bodyBytes
	}
	if op.BodyReadTimeout <= 0 || op.BodyReadTimeout == humaBodyTime {
		op.BodyReadTimeout = bodyTime
	}
}

// limitTime ends the context of an operation that takes too long.
func limitTime(ctx huma.Context, next func(huma.Context)) {
	op := ctx.Operation()
	if endless, _ := op.Metadata[Endless].(bool); endless {
		next(ctx)
		return
	}
	within, cancel := context.WithTimeout(ctx.Context(), workTime+max(op.BodyReadTimeout, 0))
	defer cancel()
	next(huma.WithContext(ctx, within))
}

// refuseLargeBody answers before a body is sent that is announced as too large; huma itself would read up to the limit first.
func (s *Server) refuseLargeBody(ctx huma.Context, next func(huma.Context)) {
	if limit := ctx.Operation().MaxBodyBytes; limit > 0 && humaecho.Unwrap(ctx).Request().ContentLength > limit {
		_ = huma.WriteErr(s.API, ctx, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than the limit of %d bytes; send less at once", limit))
		return
	}
	next(ctx)
}

// bodies bounds the time for a body, also one that nobody reads: net/http waits for it before it answers. Compressed ones are refused,
// because what they become has no bound.
func bodies(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if r.ContentLength == 0 || r.Body == nil {
			return next(c)
		}
		if coding := r.Header.Get(echo.HeaderContentEncoding); coding != "" && coding != "identity" {
			return NewProblem(UnsupportedMedia, "the body is compressed; send it as it is")
		}
		control := http.NewResponseController(c.Response())
		if err := control.SetReadDeadline(time.Now().Add(bodyTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		r.Body = &body{r.Body, control}
		return next(c)
	}
}

// body ends the deadline with the body: it would end the work on the answer, too.
type body struct {
	io.ReadCloser
	control *http.ResponseController
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}
