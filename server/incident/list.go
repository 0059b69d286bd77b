package incident

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"jingwei/server/access"
	"jingwei/server/db"
	"jingwei/server/web"
)

// Question is what a list or a file of incidents is asked for.
type Question struct {
	Filter
	Review string // the queue that it waits in; "" any or none
	Text   string // an id, the number of a receipt or of the source, or text in the title
	Sort   Sort   // "" is NewestFirst
	After  web.Place

	ids []uuid.UUID // whose number or id Text is; nil where it is text
}

// Sort is by what a list is sorted; a hyphen in front turns it round. Within the same value the newest comes first.
type Sort string

// The sorts. Items come in the order of the catalogue, channels and steps in that of their lists; what is not closed comes after all that is.
const (
	NewestFirst Sort = "-reported_at"
	OldestFirst Sort = "reported_at"
	ByItem      Sort = "item"
	ByChannel   Sort = "channel"
	ByStatus    Sort = "status"
	ByClosing   Sort = "closed_at"
)

// by is the column, and whether it falls.
func (s Sort) by() (column Sort, falling bool) {
	column, falling = Sort(strings.TrimPrefix(string(s), "-")), strings.HasPrefix(string(s), "-")
	if s == "" {
		return OldestFirst, true
	}
	return column, falling
}

// text tells a question from every other, but for where it goes on.
func (q Question) text() string {
	var b strings.Builder
	say := func(name string, values ...any) { fmt.Fprintf(&b, "%s %q\n", name, fmt.Sprint(values...)) }
	say("sort", q.Sort)
	say("from", q.From.UTC())
	say("to", q.To.UTC())
	say("hours", q.Hours)
	say("weekdays", q.Weekdays)
	say("items", strings.Join(q.Items, ","))
	say("channels", q.Channels)
	say("statuses", q.Statuses)
	say("areas", q.Areas)
	if q.Bounds != nil {
		say("box", *q.Bounds)
	}
	say("review", q.Review)
	say("text", q.Text)
	return b.String()
}

// where is the question as conditions on the table incident. The title has no index for text: what passes the other filters is read.
func (q Question) where(scope access.Scope) (*db.Where, error) {
	where, err := q.Where(scope)
	if err != nil {
		return nil, err
	}
	if q.Review != "" {
		where.And("review = ?", q.Review)
	}
	switch text := strings.TrimSpace(q.Text); {
	case text == "":
	case len(q.ids) > 0:
		where.And("id = ANY (?)", q.ids)
	default:
		where.And(`title ILIKE ?`, "%"+strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)+"%")
	}
	return where, nil
}

// Scope is what of a filter the actor of ctx may see. An area beside the actor's is forbidden; of one above only the actor's part counts.
func (s *Service) Scope(ctx context.Context, f Filter) (access.Scope, error) {
	return s.scope(ctx, access.IncidentRead, f)
}

func (s *Service) scope(ctx context.Context, action access.Action, f Filter) (access.Scope, error) {
	scope, err := access.AskScope(ctx, action)
	if err != nil {
		return scope, err
	}
	for _, chain := range f.Areas {
		if !scope.Holds(chain) && !s.reaches(scope, chain) {
			p, _ := web.AsProblem(access.Refusal(ctx, action))
			return scope, p.At("query.area", chain[len(chain)-1])
		}
	}
	return scope, nil
}

// reaches reports whether part of a scope lies in the area at the end of a chain.
func (s *Service) reaches(scope access.Scope, chain []string) bool {
	atlas := s.areas.Current()
	return slices.ContainsFunc(scope.Areas, func(a access.Area) bool {
		id, ok := atlas.Coverage.Find(a.Code)
		return ok && slices.Contains(atlas.Codes(id), chain[len(chain)-1])
	})
}

// List is at most limit incidents that pass, in their order, of those that the actor may see; next is where the list goes on, nil at its end.
func (s *Service) List(ctx context.Context, q Question, limit int) (incidents []Incident, next *web.Place, err error) {
	scope, err := s.Scope(ctx, q.Filter)
	if err != nil {
		return nil, nil, err
	}
	done, err := s.BeginRead(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	if q.ids, err = named(ctx, s.pool, q.Text); err != nil {
		return nil, nil, err
	}
	incidents, err = s.list(ctx, q, scope, limit+1, sortedHere)
	if err != nil || len(incidents) <= limit {
		return incidents, nil, err
	}
	incidents = incidents[:limit]
	last := incidents[limit-1]
	next = &web.Place{ID: last.ID}
	if o, ok := s.orderOf(q.Sort); ok {
		next.Value = o.valueOf(last)
	}
	return incidents, next, nil
}
