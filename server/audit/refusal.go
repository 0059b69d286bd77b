package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"jingwei/server/access"
	"jingwei/server/db"
	"jingwei/server/web"
)

// How often the same actor's refusals at the same operation get a row of their own; those in between are counted in the next one. The public
// is one actor.
const (
	refusalEvery       = time.Second
	publicRefusalEvery = time.Minute
	maxHeldRefusals    = 10_000 // actors and operations that are remembered; further ones are counted under one key
)

// administration are the paths below /api/v1/ of which reading is the right of administrators, and refused reading is worth a row.
var administration = []string{"accounts", "audit", "metrics"}

// RefusalRow is the action of rows that Refusals writes.
const RefusalRow = "request.refuse"

type refusalKey struct{ login, via, operation string }

// refusal is what has been refused since the last row.
type refusal struct {
	ctx   context.Context // of the last request, without its end
	entry Entry
	next  time.Time // no row before
	times int       // 0: all are in the log
}

type refusedRow struct {
	Method string   `json:"method"`
	Status int      `json:"status"`
	Code   web.Code `json:"code"`
	Times  int      `json:"times"`
}

type refusedKey struct{}

// noteRefusal remembers that a request has a row that says it was refused, so that it gets no second one.
func noteRefusal(ctx context.Context) {
	if noted, ok := ctx.Value(refusedKey{}).(*atomic.Bool); ok {
		noted.Store(true)
	}
}

// Refusals is the middleware that writes a row where an actor was refused a change, or anybody a look at what administrators read, unless
// the service has written one itself. It belongs outside of what finds the actor.
func (s *Service) Refusals(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !mattersRefused(c.Request()) {
			return next(c)
		}
		noted := &atomic.Bool{}
		c.SetRequest(c.Request().WithContext(context.WithValue(c.Request().Context(), refusedKey{}, noted)))
		watch := &watch{ResponseWriter: c.Response().Writer}
		c.Response().Writer = watch
		err := next(c)
		c.Response().Writer = watch.ResponseWriter
		var p *web.Problem
		if err != nil {
			p, _ = web.AsProblem(err)
		} else if watch.refused() {
			p = &web.Problem{Status: watch.status}
			_ = json.Unmarshal(watch.body.Bytes(), p) // the status says enough
		}
		if p != nil && (p.Status == http.StatusUnauthorized || p.Status == http.StatusForbidden) && !noted.Load() {
			s.refused(c, p)
		}
		return err
	}
}

// mattersRefused tells whether a request is worth a row when it is refused: a change, or a look at what administrators read.
func mattersRefused(r *http.Request) bool {
	noun, _, _ := strings.Cut(pathOf(r), "/")
	noun, _, _ = strings.Cut(noun, ".")
	return !isRead(r) || slices.Contains(administration, noun)
}

func isRead(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
}

// pathOf is what stands behind /api/v1/: a noun and an id, as objects have it.
func pathOf(r *http.Request) string {
	return strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/api/v1"), "/")
}

// refused writes a row, or counts.
func (s *Service) refused(c echo.Context, p *web.Problem) {
	r := c.Request()
	ctx := context.WithoutCancel(r.Context())
	actor := access.From(ctx)
	every := refusalEvery
	if actor.Via == access.ViaNothing {
		if !isRead(r) && p.Code != web.InvalidToken {
			return // log-ins and reports of the public: their services know what is worth a row
		}
		every = publicRefusalEvery
	}
	key := refusalKey{actor.Login, string(actor.Via), r.Method + " " + c.Path()}
	entry := Entry{
		Action: RefusalRow, Object: cut(strings.ToValidUTF8(pathOf(r), "\ufffd"), 200), Outcome: Refused, Reason: p.Detail,
		After: refusedRow{r.Method, p.Status, p.Code, 1},
	}
	now := time.Now()
	s.mu.Lock()
	held, known := s.held[key]
	if !known && len(s.held) >= maxHeldRefusals {
		key = refusalKey{operation: "others"}
		held = s.held[key]
	}
	held.ctx, held.entry = ctx, entry
	held.times++
	write := !now.Before(held.next)
	due := held
	if write {
		held.next, held.times = now.Add(every), 0
	}
	s.held[key] = held
	s.mu.Unlock()
	if write {
		s.writeRefusal(ctx, due)
	}
}

// flushRefusals writes what has been counted and whose time has come, or all of it, and forgets what is in the log.
func (s *Service) flushRefusals(ctx context.Context, all bool) {
	var due []refusal
	now := time.Now()
	s.mu.Lock()
	for key, held := range s.held {
		if all || !now.Before(held.next) {
			if held.times > 0 {
				due = append(due, held)
			}
			delete(s.held, key)
		}
	}
	s.mu.Unlock()
	for _, r := range due {
		s.writeRefusal(ctx, r)
	}
}

// writeTimeout bounds how long a refusal waits for its row.
const writeTimeout = 5 * time.Second

// writeRefusal writes a row as the actor of the request; ctx bounds it.
func (s *Service) writeRefusal(ctx context.Context, r refusal) {
	as, cancel := context.WithTimeout(r.ctx, writeTimeout)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	if row, ok := r.entry.After.(refusedRow); ok {
		row.Times = r.times
		r.entry.After = row
	}
	if err := db.InTx(as, s.pool, func(tx pgx.Tx) error { return Append(as, tx, r.entry) }); err != nil {
		slog.WarnContext(as, "a refusal is not in the audit log", "request_id", web.RequestID(as), "object", r.entry.Object, "times", r.times, "error", err)
	}
}

// watch keeps what a refusal says.
type watch struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// maxProblem is how much of a refusal is kept, in bytes.
const maxProblem = 4 << 10

func (w *watch) refused() bool {
	return w.status == http.StatusUnauthorized || w.status == http.StatusForbidden
}

func (w *watch) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *watch) Write(p []byte) (int, error) {
	if w.refused() && w.body.Len()+len(p) <= maxProblem {
		w.body.Write(p)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach what a stream needs.
func (w *watch) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// cut shortens a text to at most so many bytes, at a character.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
