package main

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/db"
	"jingwei/server/seal"
)

// sealedTable is where sealed bytes lie in the database: what has to be sealed again when the key changes. The names are parts of SQL.
type sealedTable struct {
	name   string // of the table
	id     string // its column that tells rows apart, a uuid
	column string // the sealed bytes; may be null
	about  func(id uuid.UUID) string
}

// keyOf is the id of the key that sealed a row, in SQL: the bytes behind version and suite.
func (t sealedTable) keyOf() string { return "encode(substring(" + t.column + " FROM 3 FOR 4), 'hex')" }

// count is how many rows each key has sealed, by its id.
func (t sealedTable) count(ctx context.Context, q db.Querier) (map[string]int, error) {
	rows, err := q.Query(ctx, `SELECT `+t.keyOf()+`, count(*) FROM `+t.name+` WHERE `+t.column+` IS NOT NULL GROUP BY 1`)
	if err != nil {
		return nil, fmt.Errorf("sealed rows of %s: %w", t.name, err)
	}
	counts := map[string]int{}
	var id string
	var count int
	_, err = pgx.ForEachRow(rows, []any{&id, &count}, func() error {
		counts[id] = count
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("sealed rows of %s: %w", t.name, err)
	}
	return counts, nil
}

// reseal seals at most limit rows anew that an older key has sealed, in one transaction, and tells how many. Rows that somebody changes at the
// same time wait for the other's end. When it returns 0, nothing of that key is left.
func (t sealedTable) reseal(ctx context.Context, pool *pgxpool.Pool, ring *seal.Ring, oldKey string, limit int) (done int, err error) {
	type row struct {
		id     uuid.UUID
		sealed []byte
	}
	err = db.InTx(ctx, pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+t.id+`, `+t.column+` FROM `+t.name+` WHERE `+t.keyOf()+` = $1 ORDER BY `+t.id+` LIMIT $2 FOR UPDATE`, oldKey, limit)
		if err != nil {
			return err
		}
		old, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (row row, err error) {
			return row, r.Scan(&row.id, &row.sealed)
		})
		if err != nil {
			return err
		}
		ids, fresh := make([]uuid.UUID, len(old)), make([][]byte, len(old))
		for i, o := range old {
			plain, err := ring.Open(o.sealed, t.about(o.id))
			if err != nil {
				return fmt.Errorf("%s: %w", t.about(o.id), err)
			}
			ids[i] = o.id
			if fresh[i], err = ring.Seal(plain, t.about(o.id)); err != nil {
				return err
			}
		}
		done = len(old)
		_, err = tx.Exec(ctx, `UPDATE `+t.name+` AS t SET `+t.column+` = n.sealed FROM unnest($1::uuid[], $2::bytea[]) AS n(id, sealed) WHERE t.`+t.id+` = n.id`, ids, fresh)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("seal %s again: %w", t.name, err)
	}
	return done, nil
}
