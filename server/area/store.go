package area

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/db"
)

const editionColumns = `number, effective_at, published_at, note, schematic`

// LoadAtlas builds the last edition, as a pool or a transaction sees it; an empty one before the first.
func LoadAtlas(ctx context.Context, q db.Querier) (*Atlas, error) {
	edition, ok, err := lastEdition(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("last edition: %w", err)
	}
	if !ok {
		return newAtlas(Edition{}, nil, nil)
	}
	return loadAtlas(ctx, q, edition)
}

func loadAtlas(ctx context.Context, q db.Querier, edition Edition) (*Atlas, error) {
	areas, facts, err := listShapes(ctx, q, edition.Number)
	if err != nil {
		return nil, fmt.Errorf("shapes of edition %d: %w", edition.Number, err)
	}
	return newAtlas(edition, areas, facts)
}

// findEdition is the edition in effect at an instant; ok is false before the first one.
func findEdition(ctx context.Context, q db.Querier, at time.Time) (e Edition, ok bool, err error) {
	return oneEdition(ctx, q, `SELECT `+editionColumns+` FROM edition WHERE effective_at <= $1 ORDER BY effective_at DESC LIMIT 1`, at)
}

// lastEdition is the one with the highest number. It is in effect: an edition takes effect when it is published, and the clock of the
// machine that published it need not agree with ours.
func lastEdition(ctx context.Context, q db.Querier) (e Edition, ok bool, err error) {
	return oneEdition(ctx, q, `SELECT `+editionColumns+` FROM edition ORDER BY number DESC LIMIT 1`)
}

func oneEdition(ctx context.Context, q db.Querier, sql string, args ...any) (e Edition, ok bool, err error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return e, false, err
	}
	e, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Edition])
	if errors.Is(err, pgx.ErrNoRows) {
		return Edition{}, false, nil
	}
	return e, err == nil, err
}

func listEditions(ctx context.Context, q db.Querier) ([]Edition, error) {
	rows, err := q.Query(ctx, `SELECT `+editionColumns+` FROM edition ORDER BY number DESC`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Edition])
}

// listShapes reads every area of an edition, with its shape on the lattice.
func listShapes(ctx context.Context, q db.Querier, edition int) ([]coverage.Area, map[string]Facts, error) {
	rows, err := q.Query(ctx, `
		SELECT s.code, coalesce(s.parent, ''), s.name, a.level, s.kind, s.households, s.population, ST_AsBinary(s.geom)
		FROM area_shape s JOIN area a ON a.code = s.code
		WHERE s.editions @> $1::int`, edition)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	var areas []coverage.Area
	facts := map[string]Facts{}
	for rows.Next() {
		var a coverage.Area
		var f Facts
		var level string
		var shape []byte
		if err := rows.Scan(&a.Code, &a.Parent, &a.Name, &level, &f.Kind, &f.Households, &f.Population, &shape); err != nil {
			return nil, nil, err
		}
		if a.Level, err = coverage.ParseLevel(level); err != nil {
			return nil, nil, fmt.Errorf("area %s: %w", a.Code, err)
		}
		if a.Shape, err = DecodeShape(shape); err != nil {
			return nil, nil, fmt.Errorf("area %s: %w", a.Code, err)
		}
		areas = append(areas, a)
		facts[a.Code] = f
	}
	return areas, facts, rows.Err()
}

// DecodeShape reads a WKB multipolygon onto the lattice; its rings come without the closing point.
func DecodeShape(data []byte) ([]coverage.Polygon, error) {
	geometry, err := wkb.Unmarshal(data)
	if err != nil {
		return nil, err
	}
	multi, ok := geometry.(orb.MultiPolygon)
	if !ok {
		return nil, fmt.Errorf("a %s where a MultiPolygon should be", geometry.GeoJSONType())
	}
	shape := make([]coverage.Polygon, len(multi))
	for i, polygon := range multi {
		shape[i] = make(coverage.Polygon, len(polygon))
		for j, ring := range polygon {
			points := make(coverage.Ring, 0, len(ring))
			for _, vertex := range ring[:max(0, len(ring)-1)] {
				p, err := geo.PointOf(vertex.Lon(), vertex.Lat())
				if err != nil {
					return nil, err
				}
				points = append(points, p)
			}
			shape[i][j] = points
		}
	}
	return shape, nil
}

// findChain lists the codes from the county down to an area, as they are now or were when it ended; none for a code that was never given.
func findChain(ctx context.Context, q db.Querier, code string) ([]string, error) {
	rows, err := q.Query(ctx, `
		WITH RECURSIVE up AS (
			(SELECT code, parent, coalesce(upper(editions) - 1, (SELECT max(number) FROM edition)) AS edition, 0 AS height
			 FROM area_shape WHERE code = $1 ORDER BY lower(editions) DESC LIMIT 1)
			UNION ALL
			SELECT s.code, s.parent, up.edition, up.height + 1 FROM up JOIN area_shape s ON s.code = up.parent AND s.editions @> up.edition
		)
		SELECT code FROM up ORDER BY height DESC`, code)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Version is what an area was in a range of editions.
type Version struct {
	FromEdition int       `json:"from_edition"`
	ToEdition   *int      `json:"to_edition" doc:"The last edition with this shape; null while it is in effect"`
	EffectiveAt time.Time `json:"effective_at"`
	Name        string    `json:"name"`
	Parent      string    `json:"parent"`
	AreaM2      float64   `json:"area_m2" doc:"Area on the ellipsoid, square metres"`
}

func listVersions(ctx context.Context, q db.Querier, code string) ([]Version, error) {
	rows, err := q.Query(ctx, `
		SELECT lower(s.editions), upper(s.editions) - 1, e.effective_at, s.name, coalesce(s.parent, ''), ST_Area(s.geom::geography)
		FROM area_shape s JOIN edition e ON e.number = lower(s.editions)
		WHERE s.code = $1 ORDER BY 1 DESC`, code)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Version])
}
