package audit

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/db"
)

// list gives at most limit rows that pass a filter, the newest first. Each call is planned with its values, as which index serves it depends on them.
func list(ctx context.Context, q db.Querier, f Filter, limit int) ([]Record, error) {
	var where db.Where
	where.During("at", f.From, f.To)
	if f.Before != uuid.Nil {
		where.And("id < ?", f.Before)
	}
	if f.Login != "" {
		where.And("login = ?", f.Login)
	}
	if strings.HasSuffix(f.Action, ".") {
		where.And("starts_with(action, ?)", f.Action)
	} else if f.Action != "" {
		where.And("action = ?", f.Action)
	}
	if strings.HasSuffix(f.Object, "/") {
		where.And("starts_with(object, ?)", f.Object)
	} else if f.Object != "" {
		where.And("object = ?", f.Object)
	}
	if f.Area != "" {
		where.And("? = ANY (areas)", f.Area)
	}
	if f.Outcome != "" {
		where.And("outcome = ?", f.Outcome)
	}
	if f.Text != "" {
		where.And("strpos(lower(concat_ws(' ', login, address, request, action, object, array_to_string(areas, ' '), reason, before::text, after::text)), lower(?)) > 0", f.Text)
	}
	sql := `SELECT id, at, login, via, address, request, action, object, areas, outcome, reason, before, after FROM audit WHERE ` +
		where.String() + ` ORDER BY id DESC LIMIT ` + where.Arg(limit)
	rows, err := q.Query(ctx, sql, append([]any{pgx.QueryExecModeCacheDescribe}, where.Args()...)...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r Record, err error) {
		var before, after []byte
		err = row.Scan(&r.ID, &r.At, &r.Login, &r.Via, &r.Address, &r.Request, &r.Action, &r.Object, &r.Areas, &r.Outcome, &r.Reason, &before, &after)
		r.At, r.Before, r.After = r.At.UTC(), before, after
		return r, err
	})
}

// linkBatch is the number of rows that get their links in one transaction.
const linkBatch = 5000

// link gives every committed row its link. Others may do the same.
func link(ctx context.Context, pool *pgxpool.Pool) error {
	for linked := linkBatch; linked == linkBatch; {
		if err := pool.QueryRow(ctx, `SELECT audit_chain($1)`, linkBatch).Scan(&linked); err != nil {
			return fmt.Errorf("link the audit log: %w", err)
		}
	}
	return nil
}

// findHead is the last link; ok is false before the first.
func findHead(ctx context.Context, q db.Querier) (h Head, ok bool, err error) {
	rows, err := q.Query(ctx, `
		SELECT l.seq, l.hash, (SELECT a.at FROM audit a WHERE a.id = l.id AND a.county = l.county) FROM audit_link l ORDER BY l.seq DESC LIMIT 1`)
	if err != nil {
		return h, false, err
	}
	var hash []byte
	var at *time.Time
	_, err = pgx.ForEachRow(rows, []any{&h.Seq, &hash, &at}, func() error {
		copy(h.Hash[:], hash)
		if at != nil {
			h.At = at.UTC()
		}
		ok = true
		return nil
	})
	return h, ok, err
}

// EnsureMonths makes the partitions for what is done from since to until.
func EnsureMonths(ctx context.Context, q db.Querier, since, until time.Time) error {
	return db.EnsureMonths(ctx, q, "audit", since, until)
}
