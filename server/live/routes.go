package live

import (
	"context"
	"errors"
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

const (
	stillEvery = 10 * time.Second // how soon a stream ends after the rights that it was opened with
	patience   = 20 * time.Second // with a client that does not read
	takeLimit  = 500              // events written to a client at once
)

// Still reports whether an actor has the rights that it came with: its session or token is alive and its grants are what they were. With wall
// it is said of a wall, which nobody touches, and where it may, its session is kept alive; endsAt is when the session ends by itself all the
// same, zero where that is not soon or there is none.
type Still func(ctx context.Context, actor *access.Actor, wall bool) (endsAt time.Time, still bool)

var subscribers = prometheus.NewGauge(prometheus.GaugeOpts{
	Name: "jingwei_live_subscribers", Help: "Clients that follow the live events.",
})

type eventsInput struct {
	LastEventID string `header:"Last-Event-ID" doc:"Number of the last event that was seen; the later ones are replayed first"`
	Wall        bool   `query:"wall" doc:"The page is a wall that nobody touches: the session of an account that may look and nothing else stays alive as long as the stream is open"`
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
			"Every 3 seconds comes beat, which has no id of its own: flowing says whether this server hears of new events, since when it does not; ends_at, on a wall, when its " +
			"session ends by itself within a day. An id without an event says that no event up to it is missing.",
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
			hub.stream(ctx.Context(), stream, since, in.Wall, still)
		}}, nil
	})
}

// stream sends a client the events after since (-1: from now on) that it may see, until it leaves, falls behind or has no longer the rights that
// it came with, or the hub ends.
func (h *Hub) stream(ctx context.Context, out *stream, since int64, wall bool, still Still) {
	actor := access.From(ctx)
	filter := FilterOf(actor)
	future, known := h.catchUp(ctx, since)
	if !known {
		return
	}
	sub := h.subscribe(filter, since)
	defer h.Unsubscribe(sub)

	var replay []Event
	reason := ""
	if future {
		reason = "Last-Event-ID is from the future: this database has not sent it"
	} else if since >= 0 && since < sub.Since {
		replay, reason = h.replay(ctx, since, sub.Since, filter)
	}
	// The client remembers the id of the last event it got, so hello must not claim the events that are still to be replayed.
	out.at = sub.Since
	if reason == "" && since >= 0 {
		out.at = since
	}
	out.event("hello", fmt.Appendf(nil, `{"seq":%d}`, sub.Since))
	if reason != "" {
		out.reset(reason)
	}
	for _, e := range replay {
		out.at = e.Seq
		out.event(e.Kind, e.Data)
	}
	var endsAt time.Time // also of a wall that has just been opened
	stays := true
	if wall {
		endsAt, stays = still(ctx, actor, wall)
	}
	out.write(h.beatNow(endsAt))
	beats, stills := time.NewTicker(beatEvery), time.NewTicker(stillEvery)
	defer beats.Stop()
	defer stills.Stop()
	for {
		if !stays {
			out.reset("your session ended or your rights changed")
			_ = out.flush()
			return
		}
		seen, more, err := sub.take(takeLimit, out.entry)
		if err != nil {
			if errors.Is(err, ErrBehind) {
				out.reset(err.Error())
				_ = out.flush()
			}
			return
		}
		if out.flush() != nil {
			return
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-sub.Wake():
		case <-beats.C:
			out.reached(seen)
			out.write(h.beatNow(endsAt))
		case <-stills.C:
			endsAt, stays = still(ctx, actor, wall)
		}
	}
}

// stream writes the SSE format; a client that does not read for a while is given up.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	buf     []byte
	at      int64 // the client's Last-Event-ID
}

func (s *stream) write(frame []byte) { s.buf = append(s.buf, frame...) }

// reached moves a client's Last-Event-ID past events that it may not see, so that it does not ask for them again.
func (s *stream) reached(seq int64) {
	if seq > s.at {
		s.at = seq
		s.buf = fmt.Appendf(s.buf, "id: %d\n\n", seq)
	}
}

func (s *stream) entry(e *entry) {
	s.at = e.Seq
	s.write(e.frame)
}

func (s *stream) event(kind string, data []byte) { s.write(frame(s.at, kind, data)) }

func (s *stream) reset(reason string) { s.event("reset", fmt.Appendf(nil, `{"reason":%q}`, reason)) }

// keptBytes is how large a buffer a stream keeps between two flushes.
const keptBytes = 16 << 10

func (s *stream) flush() error {
	if len(s.buf) == 0 {
		return nil
	}
	if err := s.control.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := s.w.Write(s.buf); err != nil {
		return err
	}
	if s.buf = s.buf[:0]; cap(s.buf) > keptBytes {
		s.buf = nil
	}
	return s.control.Flush()
}
