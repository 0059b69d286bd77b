package item

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const columns = `code, field, field_en, name, name_en, tier, lead, assist, urgency, difficulty, legal_basis`

func list(ctx context.Context, pool *pgxpool.Pool) ([]Item, error) {
	rows, err := pool.Query(ctx, `SELECT `+columns+` FROM item ORDER BY field, code`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Item])
}

// save inserts the items and renews those that are there; an item that incidents refer to is never removed.
func save(ctx context.Context, tx pgx.Tx, items []Item) error {
	batch := &pgx.Batch{}
	for _, i := range items {
		batch.Queue(`
			INSERT INTO item (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
			ON CONFLICT (code) DO UPDATE SET field = excluded.field, field_en = excluded.field_en, name = excluded.name, name_en = excluded.name_en, tier = excluded.tier,
				lead = excluded.lead, assist = excluded.assist, urgency = excluded.urgency, difficulty = excluded.difficulty,
				legal_basis = excluded.legal_basis`,
			i.Code, i.Field, i.FieldEN, i.Name, i.NameEN, i.Tier, i.Lead, i.Assist, i.Urgency, i.Difficulty, i.LegalBasis)
	}
	return tx.SendBatch(ctx, batch).Close()
}
