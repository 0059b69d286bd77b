package importing

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"jingwei/geo"
)

// kind of a finding.
type kind string

const (
	overlapping kind = "overlap" // a region that children a and b both cover
	sticking    kind = "outside" // a region of child a outside the parent
	uncovered   kind = "gap"     // a region of the parent, or enclosed at the top, that no child covers
)

// finding is a region where the children of a group do not fill it exactly, wider than the tolerance somewhere.
type finding struct {
	kind   kind
	group  int   // index
	a, b   int   // children of the group, by index; −1 where there is none
	around []int // uncovered: some of the children that share a border with it

	place  [2]float64 // inside the region, where it is wider than the tolerance
	areaM2 float64
	widthM float64 // about the diameter of the largest circle in it
}

// chunkVertices bounds how much goes to PostGIS at a time.
const chunkVertices = 300_000

// check finds all regions wider than toleranceM where groups are not filled exactly.
func check(ctx context.Context, tx pgx.Tx, groups []*group, toleranceM float64, progress func(done, total int)) ([]finding, error) {
	var findings []finding
	var buffer []edge
	var chunk []int
	residues := map[int]residue{}
	size := 0
	flush := func() error {
		found, err := overlay(ctx, tx, groups, chunk, residues, toleranceM)
		findings = append(findings, found...)
		chunk, size = chunk[:0], 0
		clear(residues)
		return err
	}
	for i, g := range groups {
		var r residue
		if r, buffer = residueOf(g, buffer); !r.clean() {
			chunk = append(chunk, i)
			residues[i] = r
			for _, child := range g.children {
				size += vertices(child.shape)
			}
			if size >= chunkVertices {
				if err := flush(); err != nil {
					return nil, err
				}
			}
		}
		progress(i+1, len(groups))
	}
	if len(chunk) > 0 {
		if err := flush(); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(findings, func(f, g finding) int {
		return cmp.Or(cmp.Compare(f.group, g.group), cmp.Compare(f.kind, g.kind), cmp.Compare(f.a, g.a), cmp.Compare(f.b, g.b))
	})
	return findings, nil
}

// The tables of one overlay. A cell's wave is the round in which it became a suspect; null while it is none. n is −1 for the parent.
const overlayTables = `
	CREATE TEMP TABLE IF NOT EXISTS cover_cell (grp int, n int, wave int, geom geometry(MultiPolygon, 4326)) ON COMMIT DROP;
	CREATE TEMP TABLE IF NOT EXISTS cover_outline (grp int, geom geometry(LineString, 4326)) ON COMMIT DROP;
	CREATE TEMP TABLE IF NOT EXISTS cover_region (kind text, grp int, a int, b int, wave int, geom geometry) ON COMMIT DROP;
	CREATE INDEX IF NOT EXISTS cover_cell_geom ON cover_cell USING gist (geom);
	CREATE INDEX IF NOT EXISTS cover_cell_key ON cover_cell (grp, n);
	CREATE INDEX IF NOT EXISTS cover_cell_wave ON cover_cell (wave);
	TRUNCATE cover_cell, cover_outline, cover_region`

const outlineSuspects = `
	UPDATE cover_cell c SET wave = 0 FROM cover_outline o
	WHERE c.grp = o.grp AND c.n >= 0 AND c.wave IS NULL AND c.geom && o.geom`

// Suspects of an earlier wave have met all their siblings already.
const findOverlaps = `
	INSERT INTO cover_region
	SELECT 'overlap', grp, a, b, $1, x FROM (
		SELECT p.grp, p.n AS a, q.n AS b, ST_CollectionExtract(ST_Intersection(p.geom, q.geom), 3) AS x
		FROM cover_cell p JOIN cover_cell q ON q.grp = p.grp AND q.geom && p.geom
		WHERE p.wave = $1 AND p.n >= 0 AND q.n >= 0 AND q.n <> p.n AND (q.wave IS NULL OR q.wave = $1 AND q.n > p.n)
		OFFSET 0) pair
	WHERE NOT ST_IsEmpty(x)`

const findOutside = `
	INSERT INTO cover_region
	SELECT 'outside', grp, n, NULL, $1, x FROM (
		SELECT c.grp, c.n, ST_CollectionExtract(ST_Difference(c.geom, p.geom), 3) AS x
		FROM cover_cell p JOIN cover_cell c ON c.grp = p.grp
		WHERE p.n = -1 AND c.n >= 0 AND c.wave = $1 AND NOT ST_Covers(p.geom, c.geom)
		OFFSET 0) part
	WHERE NOT ST_IsEmpty(x)`

const nextWave = `
	UPDATE cover_cell c SET wave = $1 + 1 FROM cover_region r
	WHERE r.wave = $1 AND r.grp = c.grp AND c.n >= 0 AND c.wave IS NULL AND c.geom && r.geom`

// What the suspects leave of the parent, or at the top of the outline without its holes, is either a gap or filled by cells that are
// no suspects. The two never share a border, so one point of a part tells which it is.
const findGaps = `
	INSERT INTO cover_region
	WITH suspect AS MATERIALIZED (
		SELECT grp, ST_Union(geom) AS u FROM cover_cell WHERE n >= 0 AND wave IS NOT NULL GROUP BY grp
	), whole AS MATERIALIZED (
		SELECT grp, geom AS g FROM cover_cell WHERE n = -1
		UNION ALL
		SELECT grp, (SELECT ST_Union(ST_MakePolygon(ST_ExteriorRing(d.geom))) FROM ST_Dump(u) d)
		FROM suspect WHERE grp NOT IN (SELECT grp FROM cover_cell WHERE n = -1)
	), rest AS MATERIALIZED (
		SELECT grp, (ST_Dump(ST_CollectionExtract(CASE WHEN u IS NULL THEN g ELSE ST_Difference(g, u) END, 3))).geom AS g
		FROM whole LEFT JOIN suspect USING (grp)
	)
	SELECT 'gap', grp, NULL, NULL, NULL, g FROM rest
	WHERE NOT EXISTS (
		SELECT FROM cover_cell c
		WHERE c.grp = rest.grp AND c.n >= 0 AND c.wave IS NULL AND ST_Intersects(c.geom, ST_PointOnSurface(rest.g)))`

// metresPerDegree on the mean sphere, along a meridian.
const metresPerDegree = 111195.0797343687

// A part is too wide when something of it is left after taking away half the tolerance from every side. What is smaller than the
// circle of that width need not be tried.
const listWide = `
	WITH part AS MATERIALIZED (
		SELECT kind, grp, a, b, g, mx, ST_Scale(g, mx, $2::float8) AS m
		FROM (SELECT kind, grp, a, b, (ST_Dump(geom)).geom AS g FROM cover_region) r,
			LATERAL (SELECT $2::float8 * cos(radians((ST_YMin(g) + ST_YMax(g)) / 2)) AS mx) scale
	), core AS MATERIALIZED (
		SELECT *, ST_Buffer(m, -$1::float8 / 2) AS eroded FROM part WHERE ST_Area(m) > pi() / 4 * $1::float8 * $1::float8
	)
	SELECT kind, grp, coalesce(a, -1), coalesce(b, -1), ST_X(p) / mx, ST_Y(p) / $2::float8, ST_Area(m),
		greatest($1::float8, 2 * (ST_MaximumInscribedCircle(m)).radius),
		CASE kind WHEN 'gap' THEN ARRAY(
			SELECT c.n FROM cover_cell c
			WHERE c.grp = core.grp AND c.n >= 0 AND c.geom && core.g AND ST_Relate(c.geom, core.g, '****1****')
			ORDER BY c.n LIMIT 3)
		ELSE '{}' END
	FROM core, LATERAL (SELECT ST_PointOnSurface(eroded) AS p) middle
	WHERE NOT ST_IsEmpty(eroded)`

// overlay asks PostGIS about the groups of a chunk that have a residue.
func overlay(ctx context.Context, tx pgx.Tx, groups []*group, chunk []int, residues map[int]residue, toleranceM float64) ([]finding, error) {
	if _, err := tx.Exec(ctx, overlayTables); err != nil {
		return nil, fmt.Errorf("tables of the overlay: %w", err)
	}
	if err := copyCells(ctx, tx, groups, chunk, residues); err != nil {
		return nil, fmt.Errorf("cells of the overlay: %w", err)
	}
	if _, err := tx.Exec(ctx, outlineSuspects); err != nil {
		return nil, fmt.Errorf("suspects along the outline: %w", err)
	}
	for wave := 0; ; wave++ {
		for _, statement := range []string{findOverlaps, findOutside} {
			if _, err := tx.Exec(ctx, statement, wave); err != nil {
				return nil, fmt.Errorf("overlay %d: %w", wave, err)
			}
		}
		more, err := tx.Exec(ctx, nextWave, wave)
		if err != nil {
			return nil, fmt.Errorf("suspects %d: %w", wave, err)
		}
		if more.RowsAffected() == 0 {
			break
		}
	}
	if _, err := tx.Exec(ctx, findGaps); err != nil {
		return nil, fmt.Errorf("gaps: %w", err)
	}
	rows, err := tx.Query(ctx, listWide, toleranceM, metresPerDegree)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (f finding, err error) {
		err = row.Scan(&f.kind, &f.group, &f.a, &f.b, &f.place[0], &f.place[1], &f.areaM2, &f.widthM, &f.around)
		return f, err
	})
}

func copyCells(ctx context.Context, tx pgx.Tx, groups []*group, chunk []int, residues map[int]residue) error {
	var cells, outlines [][]any
	for _, i := range chunk {
		g, r := groups[i], residues[i]
		if g.parent != nil {
			cells = append(cells, []any{i, -1, nil, g.parent})
		}
		for n, child := range g.children {
			var wave any
			if r.suspect[n] {
				wave = 0
			}
			cells = append(cells, []any{i, n, wave, child})
		}
		for _, line := range r.outline {
			outlines = append(outlines, []any{i, line})
		}
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"cover_cell"}, []string{"grp", "n", "wave", "geom"}, pgx.CopyFromSlice(len(cells), func(i int) ([]any, error) {
		c := cells[i]
		geom, err := encodeShape(c[3].(*cell).shape)
		return []any{c[0], c[1], c[2], geom}, err
	}))
	if err != nil {
		return err
	}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"cover_outline"}, []string{"grp", "geom"}, pgx.CopyFromSlice(len(outlines), func(i int) ([]any, error) {
		line := outlines[i][1].([2]geo.Point)
		geom, err := encodeLines(orbLine(line[:]))
		return []any{outlines[i][0], geom}, err
	}))
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `ANALYZE cover_cell, cover_outline`)
	return err
}
