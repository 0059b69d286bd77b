package importing

import (
	"context"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/area"
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

// Which areas of the last edition listCurrent reads, by its arguments. Those that meet several boxes come several times.
const (
	ofLevel  = `WHERE a.level = $1`
	inCounty = `WHERE s.county = ANY($1)`
	meetsBox = `, unnest($1::float8[], $2::float8[], $3::float8[], $4::float8[]) b (west, south, east, north)
		WHERE s.geom && ST_MakeEnvelope(west, south, east, north, 4326)`
	ofLevelIn = meetsBox + ` AND a.level = $5`
)

// listCurrent reads areas of the last edition.
func listCurrent(ctx context.Context, tx pgx.Tx, which string, args ...any) ([]Row, error) {
	rows, err := tx.Query(ctx, `
		SELECT s.code, coalesce(s.parent, ''), s.name, a.level, s.kind, s.households, s.population, ST_AsBinary(s.geom)
		FROM area_shape s JOIN area a ON a.code = s.code `+which+` AND upper_inf(s.editions) ORDER BY s.code`, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanRow)
}

// bounds are a rectangle along the axes.
type bounds struct{ low, high geo.Point }

// boxOf is the smallest box around points.
func boxOf(points ...geo.Point) bounds {
	b := bounds{points[0], points[0]}
	for _, p := range points[1:] {
		b = b.join(bounds{p, p})
	}
	return b
}

func boxAround(shape []coverage.Polygon) bounds {
	b := boxOf(shape[0][0]...)
	for _, polygon := range shape[1:] {
		b = b.join(boxOf(polygon[0]...))
	}
	return b
}

func (b bounds) join(c bounds) bounds {
	return bounds{geo.Point{Lon: min(b.low.Lon, c.low.Lon), Lat: min(b.low.Lat, c.low.Lat)},
		geo.Point{Lon: max(b.high.Lon, c.high.Lon), Lat: max(b.high.Lat, c.high.Lat)}}
}

// boxArgs are boxes as meetsBox takes them, each made wider by a margin.
func boxArgs(marginM float64, boxes ...bounds) []any {
	const degreesPerMetre = 180 / math.Pi / geo.EarthRadiusM
	var west, south, east, north []float64
	for _, b := range boxes {
		lowLon, lowLat := b.low.Degrees()
		highLon, highLat := b.high.Degrees()
		up := marginM * degreesPerMetre
		aside := up / max(0.01, math.Cos(max(-lowLat, highLat)*math.Pi/180))
		west, south, east, north = append(west, lowLon-aside), append(south, lowLat-up), append(east, highLon+aside), append(north, highLat+up)
	}
	return []any{west, south, east, north}
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
	if r.Shape, err = area.DecodeShape(shape); err != nil {
		return r, fmt.Errorf("area %s: %w", r.Code, err)
	}
	return r, nil
}
