package web

import (
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"
)

// takeTime is how long a client may take for what is written at once.
const takeTime = time.Minute

// Attachment is an answer that is a file, written while the client takes it. What fails before the first byte is answered as a problem; after
// it the connection breaks off, as nothing else tells that something is missing. Its operation must be Endless, as it takes as long as it
// takes; a client that takes nothing for a minute is given up.
func Attachment(name, contentType string, write func(io.Writer) error) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humaecho.Unwrap(hc)
		w := &attachment{name: name, contentType: contentType, response: c.Response(), control: http.NewResponseController(c.Response())}
		err := write(w)
		switch {
		case err == nil:
		case !w.begun:
			c.Error(err)
		default:
			slog.WarnContext(hc.Context(), "a file broke off", "file", name, "request_id", RequestID(hc.Context()), "error", err)
			panic(http.ErrAbortHandler)
		}
	}}
}

// attachment sends the header with the first byte.
type attachment struct {
	name, contentType string
	response          *echo.Response
	control           *http.ResponseController
	begun             bool
}

func (a *attachment) Write(p []byte) (int, error) {
	if !a.begun {
		a.begun = true
		h := a.response.Header()
		h.Set("Content-Type", a.contentType)
		h.Set("Content-Disposition", `attachment; filename="`+a.name+`"`)
		h.Set("Cache-Control", "no-store")
		a.response.WriteHeader(http.StatusOK)
	}
	if err := a.control.SetWriteDeadline(time.Now().Add(takeTime)); err != nil {
		return 0, err
	}
	return a.response.Write(p)
}
