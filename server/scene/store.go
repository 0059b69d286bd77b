package scene

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/server/db"
)

const columns = `id, name, name_en, seconds, in_rotation, position, config, updated_at, updated_by, version`

// oneAtATime makes a change of scenes wait for the one before until the transaction ends: the order has no gaps.
func oneAtATime(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('scenes'))`)
	return err
}

func list(ctx context.Context, q db.Querier) ([]Scene, error) {
	rows, err := q.Query(ctx, `SELECT `+columns+` FROM scene ORDER BY position`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Scene])
}

// find is the scene with an id; nil where there is none.
func find(ctx context.Context, q db.Querier, id uuid.UUID) (*Scene, error) {
	rows, err := q.Query(ctx, `SELECT `+columns+` FROM scene WHERE id = $1`, id)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByPos[Scene])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return found, err
}

func number(ctx context.Context, tx pgx.Tx) (n int, err error) {
	err = tx.QueryRow(ctx, `SELECT count(*) FROM scene`).Scan(&n)
	return n, err
}

// insert adds a scene; those from its position on move back.
func insert(ctx context.Context, tx pgx.Tx, v *Scene) error {
	if _, err := tx.Exec(ctx, `UPDATE scene SET position = position + 1 WHERE position >= $1`, v.Position); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO scene (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		v.ID, v.Name, v.NameEN, v.Seconds, v.InRotation, v.Position, v.Config, v.UpdatedAt, v.UpdatedBy, v.Version)
	return err
}

func update(ctx context.Context, tx pgx.Tx, v *Scene) error {
	_, err := tx.Exec(ctx, `
		UPDATE scene SET name = $2, name_en = $3, seconds = $4, in_rotation = $5, config = $6, updated_at = $7, updated_by = $8, version = $9 WHERE id = $1`,
		v.ID, v.Name, v.NameEN, v.Seconds, v.InRotation, v.Config, v.UpdatedAt, v.UpdatedBy, v.Version)
	return err
}

func remove(ctx context.Context, tx pgx.Tx, v *Scene) error {
	if _, err := tx.Exec(ctx, `DELETE FROM scene WHERE id = $1`, v.ID); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE scene SET position = position - 1 WHERE position > $1`, v.Position)
	return err
}

func arrange(ctx context.Context, tx pgx.Tx, order []uuid.UUID) error {
	_, err := tx.Exec(ctx, `
		UPDATE scene SET position = o.n - 1 FROM unnest($1::uuid[]) WITH ORDINALITY AS o (id, n) WHERE scene.id = o.id`, order)
	return err
}
