package live

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/prometheus/client_golang/prometheus"

	"jingwei/server/access"
	"jingwei/server/web"
)

// heartbeat is also how soon a stream ends after the rights that it was opened with.
const heartbeat = 10 * time.Second

// Still reports whether an actor has the rights that it came with: its session or token is alive and its grants are what they were.
type Still func(ctx context.Context, actor *access.Actor) bool

var subscribers = prometheus.NewGauge(prometheus.GaugeOpts{
	Name: "jingwei_live_subscribers", Help: "Clients that follow the live events.",
})

type eventsInput struct {
	LastEventID string `header:"Last-Event-ID" doc:"Number of the last event that was seen; the later ones are replayed first"`
}

// Routes registers the SSE stream. It is open to all; what it carries depends on the actor.
func Routes(s *web.Server, hub *Hub, still Still) {
	s.Metrics.MustRegister(subscribers)
	huma.Register(s.API, huma.Operation{
		OperationID: "events", Method: http.MethodGet, Path: "/api/v1/events", Tags: []string{"live"},
		Summary: "Follow live events (SSE)", Metadata: map[string]any{web.Endless: true},
		Description: "A stream of server-sent events, of those that you may see. The id of an event is its number; a client that reconnects with Last-Event-ID gets what it missed. " +
			"Kinds: " + strings.Join(kinds(), ", ") +
			"; hello opens every stream; reset says that the missed events cannot be replayed, or that your rights changed, and that the client must reload its data. " +
			"Every 10 seconds comes a comment, or an id without an event: no event up to it is missing.",
		Responses: map[string]*huma.Response{"200": {
			Description: "The stream", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: "string"}}},
		}},
	}, func(ctx context.Context, in *eventsInput) (*huma.StreamResponse, error) {
		if err := access.Ask(ctx, access.EventFollow, nil); err != nil {
			return nil, err
		}
		since := int64(-1)
		if in.LastEventID != "" {
			n, err := strconv.ParseInt(in.LastEventID, 10, 64)
			if err != nil || n < 0 {
				return nil, web.NewProblem(web.Invalid, "Last-Event-ID is the number of an event that this stream sent").At("header.Last-Event-ID", in.LastEventID)
			}
			since = n
		}
		return &huma.StreamResponse{Body: func(ctx huma.Context) {
			c := humaecho.Unwrap(ctx)
			h := c.Response().Header()
			h.Set("Content-Type", "text/event-stream")
			h.Set("Cache-Control", "no-store")
			h.Set("X-Accel-Buffering", "no")
			c.Response().WriteHeader(http.StatusOK)
			stream := &stream{w: c.Response(), control: http.NewResponseController(c.Response().Writer)}
			hub.stream(ctx.Context(), stream, since, still)
		}}, nil
	})
}

// stream sends a client the events after since (-1: from now on) that it may see, until it leaves, falls behind or has no longer the rights that
// it came with, or the hub ends.
func (h *Hub) stream(ctx context.Context, out *stream, since int64, still Still) {
	actor := access.From(ctx)
	filter := FilterOf(actor)
	sub := h.Subscribe(filter)
	defer h.Unsubscribe(sub)

	var replay []Event
	reason := ""
	if since > sub.Since {
		reason = "Last-Event-ID is from the future: this database has not sent it"
	} else if since >= 0 && since < sub.Since {
		replay, reason = h.replay(ctx, since, sub.Since, filter)
	}
	// The client remembers the id of the last event it got, so hello must not claim the events that are still to be replayed.
	at := sub.Since
	if reason == "" && since >= 0 {
		at = since
	}
	out.event(at, "hello", fmt.Appendf(nil, `{"seq":%d}`, sub.Since))
	if reason != "" {
		out.event(at, "reset", fmt.Appendf(nil, `{"reason":%q}`, reason))
	}
	for _, e := range replay {
		out.event(e.Seq, e.Kind, e.Data)
		at = e.Seq
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for out.flush() == nil {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			if !still(ctx, actor) {
				out.event(at, "reset", []byte(`{"reason":"your session ended or your rights changed"}`))
				_ = out.flush()
				return
			}
			if seq, ok := h.reached(sub); ok && seq > at {
				at = seq
				out.reached(at)
			} else {
				out.comment("")
			}
		case e, ok := <-sub.C:
			if !ok {
				if sub.Err() != nil {
					out.event(at, "reset", fmt.Appendf(nil, `{"reason":%q}`, sub.Err().Error()))
					_ = out.flush()
				}
				return
			}
			out.event(e.Seq, e.Kind, e.Data)
			at = e.Seq
		}
	}
}

// stream writes the SSE format; a client that does not read for a while is given up.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	buf     bytes.Buffer
}

func (s *stream) comment(text string) { fmt.Fprintf(&s.buf, ": %s\n\n", text) }

// reached moves a client's Last-Event-ID past events that it may not see, so that it does not ask for them again.
func (s *stream) reached(seq int64) { fmt.Fprintf(&s.buf, "id: %d\n\n", seq) }

func (s *stream) event(seq int64, kind string, data []byte) {
	fmt.Fprintf(&s.buf, "id: %d\nevent: %s\ndata: %s\n\n", seq, kind, data)
}

func (s *stream) flush() error {
	if err := s.control.SetWriteDeadline(time.Now().Add(2 * heartbeat)); err != nil {
		return err
	}
	if _, err := s.w.Write(s.buf.Bytes()); err != nil {
		return err
	}
	s.buf.Reset()
	return s.control.Flush()
}
