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

// pace is how long a client may take for a file: some time for any, and a second more for so many bytes. It counts only while the client is
// waited for, and over the whole file, so that nobody holds what a file takes for hours by taking a little now and then.
type pace struct {
	patience       time.Duration
	bytesPerSecond int
}

// slowest is the pace of a bad connection: 60 MB, which is a large file, within some half an hour.
var slowest = pace{time.Minute, 32 << 10}

// Attachment is an answer that is a file, written while the client takes it. What fails before the first byte is answered as a problem; after
// it the connection breaks off, as nothing else tells that something is missing. Its operation must be Endless, as it takes as long as it
// takes; a client that is waited for longer than a minute and a second for each 32 kB of the file is given up.
func Attachment(name, contentType string, write func(io.Writer) error) *huma.StreamResponse {
	return attach(name, contentType, slowest, write)
}

func attach(name, contentType string, pace pace, write func(io.Writer) error) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humaecho.Unwrap(hc)
		w := &attachment{name: name, contentType: contentType, response: c.Response(), control: http.NewResponseController(c.Response()), pace: pace}
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

	pace   pace
	sent   int           // bytes
	waited time.Duration // for the client
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
	began := time.Now()
	may := a.pace.patience + time.Duration(a.sent+len(p))*time.Second/time.Duration(a.pace.bytesPerSecond)
	if err := a.control.SetWriteDeadline(began.Add(may - a.waited)); err != nil {
		return 0, err
	}
	n, err := a.response.Write(p)
	a.sent, a.waited = a.sent+n, a.waited+time.Since(began)
	return n, err
}
