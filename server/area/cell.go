package area

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"jingwei/geo"
	"jingwei/geo/cover"
	"jingwei/geo/coverage"
	"jingwei/server/access"
	"jingwei/server/db"
)

// SaveCells brings the table area_cell up to the last edition, whose shapes must be in: it belongs into the transaction that publishes
// the edition. Where the edition before has its cells, only what may have changed is computed, and only rows that differ are closed
// and inserted.
//
// Cost: reading the shapes, 25 µs an area; then some 75 rows and 0.2 ms for an area that has changed.
func SaveCells(ctx context.Context, tx pgx.Tx) error {
	edition, found, err := lastEdition(ctx, tx)
	if err != nil || !found {
		return err
	}
	if err := saveCells(ctx, tx, edition.Number); err != nil {
		return fmt.Errorf("cells of edition %d: %w", edition.Number, err)
	}
	return nil
}

// EnsureCells gives the last edition its cells where it has none: in a database that had areas before it had the table.
func (s *Service) EnsureCells(ctx context.Context) error {
	if err := access.Ask(ctx, access.DataImport, nil); err != nil {
		return err
	}
	var missing bool
	err := s.pool.QueryRow(ctx, `SELECT coalesce((SELECT NOT cells FROM edition ORDER BY number DESC LIMIT 1), false)`).Scan(&missing)
	if err != nil || !missing {
		return err
	}
	return db.InLongTx(ctx, s.pool, func(tx pgx.Tx) error { return SaveCells(ctx, tx) })
}

func saveCells(ctx context.Context, tx pgx.Tx, edition int) error {
	areas, _, err := listShapes(ctx, tx, edition)
	if err != nil {
		return err
	}
	c, err := coverage.Build(areas)
	if err != nil {
		return err
	}
	var follows bool // the edition before has its cells
	if err := tx.QueryRow(ctx, `SELECT coalesce((SELECT cells FROM edition WHERE number = $1 - 1), false)`, edition).Scan(&follows); err != nil {
		return err
	}
	if follows {
		return replaceCells(ctx, tx, edition, c)
	}
	return fillCells(ctx, tx, edition, c)
}

// fillCells stores the cells of all areas of an edition; those of others, if there are any, go. What is copied into a table truncated
// in the same transaction needs no log on a server with wal_level minimal, as the private one has, which halves the cost; but it keeps
// readers waiting, so a table that somebody may be reading is emptied row by row.
func fillCells(ctx context.Context, tx pgx.Tx, edition int, c *coverage.Coverage) error {
	var used bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM area_cell)`).Scan(&used); err != nil {
		return err
	}
	empty := `TRUNCATE area_cell`
	if used {
		empty = `DELETE FROM area_cell`
	}
	if _, err := tx.Exec(ctx, empty); err != nil {
		return err
	}
	if err := copyCells(ctx, tx, "area_cell", edition, c, cover.All(c)); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `SELECT analyze_tables('area_cell'); UPDATE edition SET cells = false WHERE cells`)
	if err != nil {
		return err
	}
	return markCells(ctx, tx, edition)
}

// replaceCells closes the rows that the edition does not have any more and inserts those that it has instead.
func replaceCells(ctx context.Context, tx pgx.Tx, edition int, c *coverage.Coverage) error {
	codes, places, err := listChanges(ctx, tx, edition)
	if err != nil {
		return err
	}
	var whole []coverage.ID
	for _, code := range codes {
		if id, found := c.Find(code); found {
			whole = append(whole, id)
		}
	}
	if _, err := tx.Exec(ctx, `CREATE TEMP TABLE staged_cell (LIKE area_cell) ON COMMIT DROP`); err != nil {
		return err
	}
	if err := copyCells(ctx, tx, "staged_cell", edition, c, cover.Changed(c, whole, places)); err != nil {
		return err
	}
	batch := &pgx.Batch{}
	batch.Queue(`CREATE INDEX ON staged_cell (cell, area)`)
	batch.Queue(`ANALYZE staged_cell`)
	batch.Queue(`
		UPDATE area_cell t SET until = $1 WHERE t.area = ANY ($2) AND t.until IS NULL
		AND NOT EXISTS (SELECT FROM staged_cell n WHERE (n.cell, n.area, n.inside, n.owns) = (t.cell, t.area, t.inside, t.owns))`, edition, codes)
	batch.Queue(`
		UPDATE area_cell t SET until = $1 FROM staged_cell n
		WHERE t.cell = n.cell AND t.area = n.area AND t.until IS NULL AND t.owns <> n.owns`, edition)
	batch.Queue(`
		INSERT INTO area_cell SELECT * FROM staged_cell n
		WHERE NOT EXISTS (SELECT FROM area_cell t WHERE t.cell = n.cell AND t.area = n.area AND t.until IS NULL)`)
	batch.Queue(`DROP TABLE staged_cell`)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	return markCells(ctx, tx, edition)
}

func markCells(ctx context.Context, tx pgx.Tx, edition int) error {
	_, err := tx.Exec(ctx, `UPDATE edition SET cells = true WHERE number = $1`, edition)
	return err
}

// listChanges names the areas that an edition brings, replaces or ends, and their parents before and after; and the boxes around the
// old and new shapes, without those of the parents.
func listChanges(ctx context.Context, tx pgx.Tx, edition int) (codes []string, places []cover.Box, err error) {
	rows, err := tx.Query(ctx, `
		SELECT code, coalesce(parent, ''), ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom) FROM area_shape
		WHERE lower(editions) = $1 OR upper(editions) = $1`, edition)
	if err != nil {
		return nil, nil, err
	}
	var code, parent string
	var west, south, east, north float64
	_, err = pgx.ForEachRow(rows, []any{&code, &parent, &west, &south, &east, &north}, func() error {
		codes = append(codes, code)
		if parent != "" {
			codes = append(codes, parent)
		}
		low, errLow := geo.PointOf(west, south)
		high, errHigh := geo.PointOf(east, north)
		if errLow != nil {
			return errLow
		}
		places = append(places, cover.Box{Low: low, High: high})
		return errHigh
	})
	slices.Sort(codes)
	return slices.Compact(codes), places, err
}

func copyCells(ctx context.Context, tx pgx.Tx, table string, edition int, c *coverage.Coverage, cells []cover.Cell) error {
	counties := make([]string, c.Len())
	for id := range coverage.ID(c.Len()) {
		counties[id] = c.Code(c.Chain(id)[0])
	}
	i := 0
	_, err := tx.CopyFrom(ctx, pgx.Identifier{table}, []string{"cell", "since", "inside", "owns", "county", "area"}, pgx.CopyFromFunc(func() ([]any, error) {
		if i == len(cells) {
			return nil, nil
		}
		cell := &cells[i]
		i++
		return []any{int64(cell.Cell), edition, cell.Inside, cell.Owns, counties[cell.Area], c.Code(cell.Area)}, nil
	}))
	return err
}
