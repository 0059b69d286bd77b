package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/labstack/echo/v4"
)

// huma keeps its error constructor in package variables; ours is set once, before any API exists.
func init() { //nolint:gochecknoinits // huma offers no other place
	huma.DefaultArrayNullable = false // a list without entries is [], never null
	huma.ValidateStrictCasing = true  // encoding/json takes "Title" for "title" and would go round the limits of title
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return problemFrom(context.Background(), status, message, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		p := problemFrom(ctx.Context(), status, message, errs)
		if p.Code == DatabaseUnavailable || p.Code == Overloaded {
			ctx.SetHeader("Retry-After", retryAfter)
		}
		return p
	}
}

// retryAfter is when to try again while the database is away or the server is overloaded, in seconds.
const retryAfter = "5"

// problemFrom turns what huma reports into a Problem. An error that nobody foresaw is logged here, once, and its text
// stays in the log.
func problemFrom(ctx context.Context, status int, message string, errs []error) *Problem {
	if message == "cannot read request body" { // huma's words for a body that breaks off
		status = http.StatusBadRequest
	}
	if status >= http.StatusInternalServerError {
		return unforeseen(ctx, errors.Join(errs...))
	}
	p := &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: message, Code: codeOf(status)}
	var places []string
	for _, err := range errs {
		if err == nil {
			continue
		}
		detail := &huma.ErrorDetail{Message: err.Error()}
		if d, ok := err.(huma.ErrorDetailer); ok {
			detail = d.ErrorDetail()
		}
		if strings.HasPrefix(detail.Location, "body") {
			detail.Value = nil // what people write into a body may be personal, and answers with problems are kept in logs
		}
		p.Errors = append(p.Errors, detail)
		places = append(places, strings.TrimPrefix(detail.Location+": "+detail.Message, ": "))
	}
	if len(places) > 0 {
		p.Detail += ": " + strings.Join(places, "; ")
	}
	return p
}

func unforeseen(ctx context.Context, err error) *Problem {
	switch {
	case errors.Is(err, context.Canceled):
		return NewProblem(Timeout, "the client went away before the answer was ready")
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		slog.WarnContext(ctx, "request took too long", "request_id", RequestID(ctx), "error", err)
		return NewProblem(Overloaded, "the server was not done in time and gave up; try again, and ask for less at once. It is not certain whether a report was stored: send it again with the same Idempotency-Key")
	case isRefusedText(err):
		return NewProblem(Invalid, "a text of the request is not valid UTF-8, or contains the character U+0000")
	case IsDatabaseAway(err):
		slog.WarnContext(ctx, "database unavailable", "request_id", RequestID(ctx), "error", err)
		return NewProblem(DatabaseUnavailable, "the database cannot be reached at the moment; try again in a few seconds. It is not certain whether a report was stored: send it again with the same Idempotency-Key")
	}
	slog.ErrorContext(ctx, "request failed", "request_id", RequestID(ctx), "error", err)
	return NewProblem(Internal, "the server failed; the log has the details under request id "+RequestID(ctx))
}

// isRefusedText tells whether PostgreSQL refused bytes that are no text (character_not_in_repertoire).
func isRefusedText(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "22021"
}

// IsDatabaseAway tells whether an error means that PostgreSQL could not be reached or is going down, and so that trying
// again later can help.
func IsDatabaseAway(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &connect), errors.As(err, &network):
		return true
	case errors.As(err, &pg):
		return strings.HasPrefix(pg.Code, "08") || strings.HasPrefix(pg.Code, "57P") || strings.HasPrefix(pg.Code, "53")
	}
	return pgconn.SafeToRetry(err) || errors.Is(err, io.ErrUnexpectedEOF)
}

// writeProblem answers what fails outside huma: unknown paths, wrong methods, panics, tiles.
func writeProblem(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	p, ok := AsProblem(err)
	if !ok {
		var he *echo.HTTPError
		switch {
		case errors.As(err, &he) && he.Code == http.StatusNotFound:
			p = NewProblem(NotFound, "there is nothing at "+c.Request().URL.Path+"; the API is described at /docs")
		case errors.As(err, &he) && he.Code == http.StatusMethodNotAllowed:
			p = NewProblem(MethodNotAllowed, c.Request().Method+" is not possible at "+c.Request().URL.Path+"; the API is described at /docs")
		case errors.As(err, &he) && he.Code < http.StatusInternalServerError:
			p = problemFrom(c.Request().Context(), he.Code, http.StatusText(he.Code), nil)
		default:
			p = unforeseen(c.Request().Context(), err)
		}
	}
	c.Response().Header().Set(echo.HeaderContentType, "application/problem+json")
	if c.Request().Method == http.MethodHead {
		c.Response().WriteHeader(p.Status)
		return
	}
	c.Response().WriteHeader(p.Status)
	if err := c.Echo().JSONSerializer.Serialize(c, p, ""); err != nil {
		slog.Warn("cannot write a problem", "error", err)
	}
}
