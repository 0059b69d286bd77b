package importing

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"jingwei/geo/coverage"
)

// lockEditions makes publications wait for each other until the end of their transactions.
func lockEditions(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('jingwei.edition'))`)
	return err
}

// identity is what the database knows of a code for ever.
type identity struct {
	level   coverage.Level
	county  string
	current bool // an area of the last edition has it
}

// listIdentities finds those of the codes that were ever given.
func listIdentities(ctx context.Context, tx pgx.Tx, codes []string) (map[string]identity, error) {
	rows, err := tx.Query(ctx, `
		SELECT a.code, a.level, a.county, EXISTS (
			SELECT FROM area_shape s WHERE s.county = a.county AND s.code = a.code AND upper_inf(s.editions))
		FROM area a WHERE a.code = ANY($1)`, codes)
	if err != nil {
		return nil, err
	}
	identities := map[string]identity{}
	var code, level string
	var id identity
	_, err = pgx.ForEachRow(rows, []any{&code, &level, &id.county, &id.current}, func() (err error) {
		id.level, err = coverage.ParseLevel(level)
		identities[code] = id
		return err
	})
	return identities, err
}

// Row is an area with all that the database keeps of it.
type Row struct {
	coverage.Area
	Kind                   string // base or dedicated; "" is base
	Households, Population *int   // nil where it is not known
}

// Which areas of the last edition listCurrent reads; $1 is a list of codes.
const (
	withCode   = `s.code = ANY($1)`
	withParent = `s.parent = ANY($1)`
	atTheTop   = `s.parent IS NULL AND $1::text[] IS NOT NULL`
)

// listCurrent reads areas of the last edition.
func listCurrent(ctx context.Context, tx pgx.Tx, which string, codes []string) ([]Row, error) {
	if codes == nil {
		codes = []string{}
	}
	rows, err := tx.Query(ctx, `
		SELECT s.code, coalesce(s.parent, ''), s.name, a.level, s.kind, s.households, s.population, ST_AsBinary(s.geom)
		FROM area_shape s JOIN area a ON a.code = s.code
		WHERE upper_inf(s.editions) AND `+which+` ORDER BY s.code`, codes)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanRow)
}

func scanRow(row pgx.CollectableRow) (r Row, err error) {
	var level string
	var shape []byte
	if err = row.Scan(&r.Code, &r.Parent, &r.Name, &level, &r.Kind, &r.Households, &r.Population, &shape); err != nil {
		return r, err
	}
	if r.Level, err = coverage.ParseLevel(level); err != nil {
		return r, fmt.Errorf("area %s: %w", r.Code, err)
	}
	if r.Shape, err = decodeShape(shape); err != nil {
		return r, fmt.Errorf("area %s: %w", r.Code, err)
	}
	return r, nil
}

// listParents finds, for each staged shape, the areas of a level that hold a point inside it; most often exactly one.
func listParents(ctx context.Context, tx pgx.Tx, level coverage.Level) (map[int][]string, error) {
	if _, err := tx.Exec(ctx, `
		CREATE TEMP TABLE staged_point ON COMMIT DROP AS SELECT n, ST_PointOnSurface(geom) AS p FROM staged;
		CREATE INDEX ON staged_point USING gist (p);
		ANALYZE staged_point`); err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `
		SELECT q.n, s.code FROM area_shape s JOIN area a ON a.code = s.code JOIN staged_point q ON q.p && s.geom AND ST_Intersects(s.geom, q.p)
		WHERE upper_inf(s.editions) AND a.level = $1 ORDER BY 1, 2`, level.String())
	if err != nil {
		return nil, err
	}
	parents := map[int][]string{}
	var n int
	var code string
	_, err = pgx.ForEachRow(rows, []any{&n, &code}, func() error {
		parents[n] = append(parents[n], code)
		return nil
	})
	return parents, err
}
