package incident

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/server/access"
	"jingwei/server/db"
)

// lock finds an incident that nobody else changes before the end of the transaction.
func lock(ctx context.Context, tx pgx.Tx, id uuid.UUID) (Incident, bool, error) {
	rows, err := tx.Query(ctx, `SELECT `+stored+` FROM incident WHERE id = $1 FOR UPDATE`, id)
	if err != nil {
		return Incident{}, false, err
	}
	i, err := pgx.CollectOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return i, false, nil
	}
	return i, err == nil, err
}

// saveMoved changes where an incident lies. With its county what belongs to it gets the new one too, by its foreign keys.
func saveMoved(ctx context.Context, tx pgx.Tx, from, to Incident) error {
	lon, lat := to.Place.Degrees()
	lower := lowerCodes(to.Codes)
	_, err := tx.Exec(ctx, `
		UPDATE incident SET county = $3, geom = ST_SetSRID(ST_MakePoint($4, $5), 4326), accuracy_m = $6, cell = $7, snap = $8, edition = $9,
			town = $10, community = $11, grid = $12, micro = $13, branch = $14, review = $15
		WHERE county = $1 AND id = $2`,
		from.County, from.ID, to.County, lon, lat, to.AccuracyM, int64(to.Cell), to.Snap, to.Edition, lower[0], lower[1], lower[2], lower[3], orNull(to.Branch),
		orNull(string(to.Review)))
	return err
}

// savePast adds to the history of an incident what the actor of ctx does to it.
func savePast(ctx context.Context, tx pgx.Tx, past Past, from, to Incident) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("history of incident %s: %w", from.ID, err)
	}
	actor := access.From(ctx)
	var account *uuid.UUID
	if actor.Account != uuid.Nil {
		account = &actor.Account
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO incident_history (county, id, incident, at, account, login, kind, reason, before, after) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		from.County, id, from.ID, past.At, account, actor.Login, past.Deed, past.Reason, from.where(), to.where())
	return err
}

func listPast(ctx context.Context, q db.Querier, incident uuid.UUID) ([]Past, error) {
	rows, err := q.Query(ctx, `SELECT at, kind, login, reason, before, after FROM incident_history WHERE incident = $1 ORDER BY id`, incident)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (p Past, err error) {
		return p, row.Scan(&p.At, &p.Deed, &p.By, &p.Reason, &p.From, &p.To)
	})
}

// listReview is at most limit incidents with an id above one that pass a filter and wait for somebody to look at their place; review is "" for both reasons.
func listReview(ctx context.Context, q db.Querier, where *db.Where, review Review, after uuid.UUID, limit int) ([]Incident, error) {
	where.And("review IS NOT NULL")
	if review != "" {
		where.And("review = ?", review)
	}
	if after != uuid.Nil {
		where.And("id > ?", after)
	}
	sql := `SELECT ` + stored + ` FROM incident WHERE ` + where.String() + ` ORDER BY id LIMIT ` + where.Arg(limit)
	rows, err := q.Query(ctx, sql, where.Args()...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

// countReview counts the incidents that wait for somebody to look at their place, by the reason.
func countReview(ctx context.Context, q db.Querier, where *db.Where) (map[Review]int, error) {
	where.And("review IS NOT NULL")
	rows, err := q.Query(ctx, `SELECT review, count(*) FROM incident WHERE `+where.String()+` GROUP BY 1`, where.Args()...)
	if err != nil {
		return nil, err
	}
	counts := map[Review]int{}
	var review Review
	var n int
	_, err = pgx.ForEachRow(rows, []any{&review, &n}, func() error {
		counts[review] = n
		return nil
	})
	return counts, err
}
