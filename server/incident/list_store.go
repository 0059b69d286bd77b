package incident

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/access"
	"jingwei/server/db"
	"jingwei/server/web"
)

// listTimeout is how long the database may look for one page. What takes longer is refused: a question must not cost others their map.
const listTimeout = "10s"

// sortedHere is how many incidents are sorted in memory; of more, an order is read value by value.
const sortedHere = 5000

// list gives at most limit incidents in the order that was asked for; here is sortedHere but in tests. Which index serves depends on the values, so each query is planned
// with them (QueryExecModeCacheDescribe): the generic plan of a prepared statement takes seconds over 5 million incidents where this one
// takes milliseconds.
func (s *Service) list(ctx context.Context, q Question, scope access.Scope, limit, here int) (incidents []Incident, err error) {
	err = Look(ctx, s.pool, func(tx pgx.Tx) error {
		o, ok := s.orderOf(q.Sort)
		if !ok {
			only := oldestFirst(q.After.ID)
			if _, falling := q.Sort.by(); falling {
				only = newestFirst(q.After.ID)
			}
			incidents, err = walk(ctx, tx, q, scope, []step{only}, limit)
			return err
		}
		few, err := fewOf(ctx, tx, q, scope, o.sql(), here)
		if err != nil {
			return err
		}
		if few == nil {
			incidents, err = walk(ctx, tx, q, scope, o.steps(q.After), limit)
			return err
		}
		slices.SortFunc(few, o.compare)
		if q.After.ID != uuid.Nil {
			at, found := slices.BinarySearchFunc(few, q.After, o.compare)
			if found {
				at++
			}
			few = few[at:]
		}
		incidents, err = read(ctx, tx, q, scope, few[:min(limit, len(few))])
		return err
	})
	return incidents, err
}

// Look runs questions about incidents in a transaction, each of which the database gives up after listTimeout; that is a problem which says what
// to do.
func Look(ctx context.Context, pool *pgxpool.Pool, ask func(tx pgx.Tx) error) error {
	err := db.InTx(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = '`+listTimeout+`'`); err != nil {
			return err
		}
		return ask(tx)
	})
	if db.Is(err, db.QueryCanceled) && ctx.Err() == nil {
		return web.NewProblem(web.Timeout, "the search took longer than "+listTimeout+"; narrow it: name a range of time, an area or an item").At("query", nil)
	}
	return err
}

// walk reads one step after the other until there are enough.
func walk(ctx context.Context, q db.Querier, question Question, scope access.Scope, steps []step, limit int) (incidents []Incident, err error) {
	for _, s := range steps {
		where, err := question.where(scope)
		if err != nil {
			return nil, err
		}
		for n, condition := range s.conditions {
			where.And(condition, s.values[n]...)
		}
		page, err := selected(ctx, q, where, ` ORDER BY `+s.order+` LIMIT `+where.Arg(limit-len(incidents)))
		if err != nil {
			return nil, err
		}
		if incidents = append(incidents, page...); len(incidents) == limit {
			break
		}
	}
	return incidents, nil
}

// fewOf is the place of everything that passes, in no order; nil where that is more than most.
func fewOf(ctx context.Context, q db.Querier, question Question, scope access.Scope, value string, most int) ([]web.Place, error) {
	where, err := question.where(scope)
	if err != nil {
		return nil, err
	}
	sql := `SELECT ` + value + `, id FROM incident WHERE ` + where.String() + ` LIMIT ` + where.Arg(most+1)
	rows, err := q.Query(ctx, sql, append([]any{pgx.QueryExecModeCacheDescribe}, where.Args()...)...)
	if err != nil {
		return nil, err
	}
	few, err := pgx.AppendRows([]web.Place{}, rows, pgx.RowToStructByPos[web.Place])
	if err != nil || len(few) > most {
		return nil, err
	}
	return few, nil
}

// read is the incidents at places, in their order. What has gone since is left out.
func read(ctx context.Context, q db.Querier, question Question, scope access.Scope, at []web.Place) ([]Incident, error) {
	ids := make([]uuid.UUID, len(at))
	for n := range at {
		ids[n] = at[n].ID
	}
	where, err := question.where(scope)
	if err != nil {
		return nil, err
	}
	where.And("id = ANY (?)", ids)
	incidents, err := selected(ctx, q, where, "")
	if err != nil {
		return nil, err
	}
	place := make(map[uuid.UUID]int, len(ids))
	for n, id := range ids {
		place[id] = n
	}
	slices.SortFunc(incidents, func(a, b Incident) int { return place[a.ID] - place[b.ID] })
	return incidents, nil
}

// receiptNumber is the number of a receipt as people write it.
var receiptNumber = regexp.MustCompile(`^([0-9]{6})[- ]?([0-9]{6})$`)

// named are the incidents that a text names: by the id, the number of the receipt, or the source's own number.
func named(ctx context.Context, q db.Querier, text string) ([]uuid.UUID, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	if id, err := uuid.Parse(text); err == nil {
		return []uuid.UUID{id}, nil
	}
	receipt := ""
	if parts := receiptNumber.FindStringSubmatch(text); parts != nil {
		receipt = parts[1] + parts[2]
	}
	sources := []string{TicketSource}
	for _, c := range channelOrder {
		sources = append(sources, string(c))
	}
	rows, err := q.Query(ctx, `
		SELECT incident FROM report_receipt WHERE number = $1
		UNION SELECT incident FROM incident_source WHERE channel = ANY ($2) AND number = $3`, receipt, sources, text)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

func selected(ctx context.Context, q db.Querier, where *db.Where, rest string) ([]Incident, error) {
	rows, err := q.Query(ctx, `SELECT `+stored+` FROM incident WHERE `+where.String()+rest, append([]any{pgx.QueryExecModeCacheDescribe}, where.Args()...)...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}
