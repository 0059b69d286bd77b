package heat

import (
	"context"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/geo/hexbin"
	"jingwei/geo/mvt"
	"jingwei/server/access"
	"jingwei/server/area"
	"jingwei/server/incident"
	"jingwei/server/item"
	"jingwei/server/live"
)

// keptOutlines is how many outlines of cells are kept, of some 150 bytes each: about those of a county at the resolutions of all zooms.
const keptOutlines = 200_000

// Service answers how many incidents there are.
type Service struct {
	pool      *pgxpool.Pool
	hub       *live.Hub
	incidents *incident.Service
	areas     *area.Service
	items     *item.Service
	now       func() time.Time

	state    atomic.Pointer[state]
	version  atomic.Uint64 // of all that is counted; another after each change
	asOf     atomic.Int64  // Unix milliseconds: what has committed until then is counted
	lastSeen atomic.Int64  // Unix milliseconds of the last event
	failed   atomic.Bool   // the last fill

	kept     *kept
	counting chan struct{} // one entry for each count that runs
	outlines *mvt.Outlines
}

// state is the ledger that answers.
type state struct {
	ledger  *ledger
	partial bool      // it is not filled yet
	filling *progress // of it or of the one that comes after it; nil when none is under way
}

// NewService makes a service that counts nothing; Run makes it count.
func NewService(pool *pgxpool.Pool, hub *live.Hub, incidents *incident.Service, areas *area.Service, items *item.Service, now func() time.Time) *Service {
	s := &Service{
		pool: pool, hub: hub, incidents: incidents, areas: areas, items: items, now: now,
		kept: newKept(now), counting: make(chan struct{}, max(2, runtime.GOMAXPROCS(0))), outlines: mvt.NewOutlines(keptOutlines),
	}
	s.state.Store(&state{ledger: newLedger(), partial: true, filling: &progress{}})
	return s
}

// Told is what every answer says of itself beside its counts.
type Told struct {
	Filling *Filling  `json:"filling" doc:"How far counting has come where the answer cannot be complete: after a start, an import, or the archiving of old months. Null when it is complete"`
	AsOf    time.Time `json:"as_of" doc:"What was stored until then is counted"`
}

// told is what a question's answer says of itself. How many incidents the installation has only those are told who may see them all; others how
// many of a hundred are counted.
func (q *question) told() Told {
	t := q.service.told()
	if t.Filling != nil && !q.scope.All {
		t.Filling = &Filling{Done: t.Filling.Percent(), Total: 100}
	}
	return t
}

func (s *Service) told() Told {
	t := Told{AsOf: time.UnixMilli(s.asOf.Load()).UTC()}
	if p := s.state.Load().filling; p != nil {
		t.Filling = p.filling()
	}
	return t
}

// Filling is nil when all incidents are counted.
func (s *Service) Filling() *Filling { return s.told().Filling }

// question is a filter within the rights of who asks.
type question struct {
	service *Service
	filter  incident.Filter
	scope   access.Scope
	key     string // the same for all who may see the same, and ask the same
}

// ask asks for the rights of the actor of ctx.
func (s *Service) ask(ctx context.Context, f incident.Filter) (*question, error) {
	scope, err := s.incidents.Scope(ctx, f)
	if err != nil {
		return nil, err
	}
	return &question{s, f, scope, keyOf(&f, scope)}, nil
}

// during is the same question of another range of time.
func (q *question) during(from, to time.Time) *question {
	f := q.filter
	f.From, f.To = from, to
	return &question{q.service, f, q.scope, keyOf(&f, q.scope)}
}

// on is the filter for the table of a ledger.
func (q *question) on(l *ledger) hexbin.Filter { return l.filter(&q.filter, q.scope) }

// keyOf tells apart what is counted differently, rights included.
func keyOf(f *incident.Filter, scope access.Scope) string {
	var key strings.Builder
	list := func(words []string) {
		slices.Sort(words)
		for _, w := range slices.Compact(words) {
			key.WriteString(strconv.Quote(w))
		}
		key.WriteByte('|')
	}
	var granted, asked []string
	for _, a := range scope.Areas {
		granted = append(granted, a.Level+"/"+a.Code)
	}
	for _, chain := range f.Areas {
		asked = append(asked, strconv.Itoa(len(chain))+"/"+chain[len(chain)-1])
	}
	key.WriteString(strconv.FormatBool(scope.All))
	list(granted)
	list(asked)
	from, to := minutesOf(f)
	key.WriteString(strconv.FormatUint(uint64(from), 10) + "|" + strconv.FormatUint(uint64(to), 10) + "|")
	list(slices.Clone(f.Items))
	list(texts(f.Channels))
	list(texts(f.Statuses))
	for _, numbers := range [...][]int{f.Hours, f.Weekdays} {
		bits := 0
		for _, n := range numbers {
			bits |= 1 << n
		}
		key.WriteString(strconv.Itoa(bits))
		key.WriteByte('|')
	}
	return key.String()
}

func texts[T ~string](list []T) []string {
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = string(w)
	}
	return words
}

// count works out what a question is answered with, or gives what was worked out for it a moment ago. what tells apart the answers to one
// question; size is about how many bytes one takes. It waits for its turn for as long as ctx goes on.
func count[T any](ctx context.Context, q *question, what string, size func(T) int, work func(l *ledger) (T, error)) (T, error) {
	s := q.service
	value, err := s.kept.find(ctx, what+"|"+q.key, s.version.Load(), func() (any, int, error) {
		select {
		case s.counting <- struct{}{}:
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		}
		defer func() { <-s.counting }()
		value, err := work(s.state.Load().ledger)
		return value, size(value), err
	})
	if err != nil {
		var none T
		return none, err
	}
	return value.(T), nil
}
