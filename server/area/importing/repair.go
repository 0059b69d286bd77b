package importing

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/paulmach/orb"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/db"
)

const stageTable = `
	CREATE TEMP TABLE staged (n int PRIMARY KEY, geom geometry(MultiPolygon, 4326) NOT NULL) ON COMMIT DROP`

// stage copies the shapes of the features into the table "staged", where n is their index in the slice.
func stage(ctx context.Context, tx pgx.Tx, features []*feature) error {
	if _, err := tx.Exec(ctx, stageTable); err != nil {
		return err
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"staged"}, []string{"n", "geom"}, pgx.CopyFromSlice(len(features), func(i int) ([]any, error) {
		geom, err := encodeShape(features[i].Shape)
		return []any{i, geom}, err
	}))
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `ANALYZE staged`)
	return err
}

// validChunk is how many shapes are checked between two reports of progress.
const validChunk = 2000

// repairAll finds the staged shapes that are not valid and mends them, here and in the table. A shape that cannot be mended is told.
// Valid shapes are not touched, so that neighbours keep the vertices they share; but where a repair has cut an edge, the other shapes with
// that edge get the new vertex too.
func repairAll(ctx context.Context, tx pgx.Tx, features []*feature, toleranceM float64, tell func(*feature, *defect), progress func(done, total int)) error {
	type invalid struct {
		n      int
		reason string
		place  [2]float64
	}
	cut := splits{}
	for from := 0; from < len(features); from += validChunk {
		progress(from, len(features))
		rows, err := tx.Query(ctx, `
			SELECT n, (d).reason, coalesce(ST_X((d).location), 0), coalesce(ST_Y((d).location), 0)
			FROM (SELECT n, ST_IsValidDetail(geom) AS d FROM staged WHERE n >= $1 AND n < $2 AND NOT ST_IsValid(geom) OFFSET 0) broken
			ORDER BY n`, from, from+validChunk)
		if err != nil {
			return err
		}
		found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (v invalid, err error) {
			err = row.Scan(&v.n, &v.reason, &v.place[0], &v.place[1])
			return v, err
		})
		if err != nil {
			return err
		}
		for _, v := range found {
			f := features[v.n]
			mended, bad, err := repairShape(ctx, tx, f.Shape, toleranceM)
			if err != nil {
				return fmt.Errorf("feature %d: %w", f.index, err)
			}
			if bad != nil {
				bad.message = fmt.Sprintf("%s (PostGIS: %s)", bad.message, v.reason)
				if bad.at == nil {
					bad.at = &v.place
				}
				tell(f, bad)
				continue
			}
			cut.add(f.Shape, mended)
			f.mended |= mendedCrossing
			if _, err := replace(ctx, tx, v.n, f, mended); err != nil {
				return err
			}
		}
	}
	progress(len(features), len(features))
	if len(cut) == 0 {
		return nil
	}
	for n, f := range features {
		if shape, ok := cut.insert(f.Shape); ok {
			done, err := replace(ctx, tx, n, f, shape)
			if err != nil {
				return err
			}
			if done {
				f.mended |= mendedShared
			}
		}
	}
	return nil
}

// replace gives a feature another shape, here and in the table, if the shape is valid.
func replace(ctx context.Context, tx pgx.Tx, n int, f *feature, shape []coverage.Polygon) (done bool, err error) {
	geom, err := encodeShape(shape)
	if err != nil {
		return false, err
	}
	tag, err := tx.Exec(ctx, `UPDATE staged SET geom = ST_GeomFromEWKB($2) WHERE n = $1 AND ST_IsValid(ST_GeomFromEWKB($2))`, n, geom)
	if err != nil || tag.RowsAffected() == 0 {
		return false, err
	}
	f.Shape = shape
	return true, nil
}

// A shape's edges cut at every crossing, on the lattice, and the faces between them; each with a point inside.
const listFaces = `
	SELECT ST_AsBinary(g), ST_X(p), ST_Y(p) FROM (
		SELECT g, ST_PointOnSurface(g) AS p
		FROM (SELECT (ST_Dump(ST_Polygonize(ST_UnaryUnion(ST_GeomFromEWKB($1), 1e-7)))).geom AS g) face) inside`

// One shape made of faces; whether it is valid on the lattice; and where the other faces, that more than one reading of the drawing
// claims, hold something wider than the tolerance: longitude, latitude, width in metres.
const joinFaces = `
	WITH joined AS MATERIALIZED (
		SELECT ST_Multi(ST_Union(geom)) AS g FROM unnest($1::bytea[]) w, LATERAL (SELECT ST_SetSRID(ST_GeomFromWKB(w), 4326) AS geom) face
	), doubt AS MATERIALIZED (
		SELECT ST_Union(geom) AS g FROM unnest($2::bytea[]) w, LATERAL (SELECT ST_SetSRID(ST_GeomFromWKB(w), 4326) AS geom) face
	), core AS (
		SELECT mx, m, ST_Buffer(m, -$3::float8 / 2) AS e
		FROM doubt, LATERAL (SELECT $4::float8 * cos(radians((ST_YMin(g) + ST_YMax(g)) / 2)) AS mx) scale, LATERAL (SELECT ST_Scale(g, mx, $4::float8) AS m) metres
		WHERE g IS NOT NULL
	)
	SELECT ST_AsBinary(g), coalesce(ST_IsValid(g), false),
		(SELECT ARRAY[ST_X(p) / mx, ST_Y(p) / $4::float8, greatest($3::float8, 2 * (ST_MaximumInscribedCircle(m)).radius)] FROM core, LATERAL (SELECT ST_PointOnSurface(e) AS p) middle WHERE NOT ST_IsEmpty(e))
	FROM joined`

// What is beyond these was not drawn by anybody, and is refused: the pieces that a shape falls into, and the time to find them.
const (
	maxFaces   = 1000
	maxMending = 10 * time.Second
)

// repairShape mends a shape whose rings touch or cross themselves or each other.
//
// The rings are taken as they run, shells counter-clockwise and holes clockwise, and divide the plane into faces, each with a winding
// number. Where it is 1 the shape is, where it is 0 it is not, whatever rule one reads the drawing by. Other numbers are in doubt: the
// second loop of a bow-tie, a hole outside its shell, polygons of one shape over each other. Where they are wider than the tolerance the
// shape is refused, at that place; where not, faces of 1 and more are taken and the others left out. By that rule two neighbours whose
// common border makes a loop still fill the ground once: their numbers add up to 1, so one of them gets the loop.
func repairShape(ctx context.Context, tx pgx.Tx, shape []coverage.Polygon, toleranceM float64) ([]coverage.Polygon, *defect, error) {
	var lines orb.MultiLineString
	for _, polygon := range shape {
		for _, ring := range polygon {
			lines = append(lines, append(orbLine(ring), ring[0].Orb()))
		}
	}
	geom, err := encodeLines(lines)
	if err != nil {
		return nil, nil, err
	}
	faces, err := facesOf(ctx, tx, geom)
	if (db.Is(err, db.QueryCanceled) || db.Is(err, db.InternalError)) && ctx.Err() == nil {
		return nil, &defect{reason: SelfCrossing, message: "the border crosses itself so often that mending it takes too long", remedy: "draw the border anew"}, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("faces: %w", err)
	}
	if len(faces) > maxFaces {
		return nil, &defect{reason: SelfCrossing, message: fmt.Sprintf("the border crosses itself again and again, and divides the area into %d pieces", len(faces)),
			remedy: "draw the border anew"}, nil
	}
	in, doubt := [][]byte{}, [][]byte{}
	for _, f := range faces {
		w := winding(shape, f.lon, f.lat)
		if w >= 1 {
			in = append(in, f.geom)
		}
		if w < 0 || w > 1 {
			doubt = append(doubt, f.geom)
		}
	}
	var joined []byte
	var valid bool
	var at []float64
	if err := tx.QueryRow(ctx, joinFaces, in, doubt, toleranceM, metresPerDegree).Scan(&joined, &valid, &at); err != nil {
		return nil, nil, fmt.Errorf("joining faces: %w", err)
	}
	if at != nil {
		return nil, &defect{reason: SelfCrossing, message: fmt.Sprintf("the border crosses itself, and %.1f m wide it is in doubt what lies inside", at[2]), at: &[2]float64{at[0], at[1]},
			remedy: "draw the border without a crossing (in QGIS: Check Validity, then Fix Geometries, and look at the result)"}, nil
	}
	if len(in) == 0 {
		return nil, &defect{reason: NoArea, message: "the border encloses nothing", remedy: "draw the area again, or take the feature out"}, nil
	}
	if !valid {
		return nil, &defect{reason: SelfCrossing, message: "the border touches itself in a way that cannot be mended on the lattice of 1 cm", remedy: "draw the border anew there"}, nil
	}
	mended, err := decodeShape(joined)
	return mended, nil, err
}

// face is a piece that the edges of a shape cut out of the plane, as WKB, with a point inside in degrees.
type face struct {
	geom     []byte
	lon, lat float64
}

// facesOf asks for the faces, for as long as maxMending.
func facesOf(ctx context.Context, tx pgx.Tx, lines []byte) (faces []face, err error) {
	err = pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, fmt.Sprintf("SET LOCAL statement_timeout = %d", maxMending.Milliseconds())); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, listFaces, lines)
		if err != nil {
			return err
		}
		faces, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (f face, err error) {
			err = row.Scan(&f.geom, &f.lon, &f.lat)
			return f, err
		})
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "SET LOCAL statement_timeout = 0")
		return err
	})
	return faces, err
}

// winding is how often the rings of a shape run around a point in degrees that lies on none of them.
func winding(shape []coverage.Polygon, lon, lat float64) int {
	x, y := lon*geo.UnitsPerDegree, lat*geo.UnitsPerDegree
	sum := 0
	for _, polygon := range shape {
		for _, ring := range polygon {
			a := ring[len(ring)-1]
			for _, b := range ring {
				ax, ay, bx, by := float64(a.Lon), float64(a.Lat), float64(b.Lon), float64(b.Lat)
				left := (bx-ax)*(y-ay) - (x-ax)*(by-ay)
				if ay <= y && by > y && left > 0 {
					sum++
				} else if ay > y && by <= y && left < 0 {
					sum--
				}
				a = b
			}
		}
	}
	return sum
}
