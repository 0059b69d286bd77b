package importing

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/db"
	"jingwei/server/db/dbtest"
)

// quilt is a clean coverage of side × side cells of some 200 m with wiggly shared borders, and its outline.
type quilt struct {
	side   int
	rng    *rand.Rand
	corner [][]geo.Point
	across map[[2]int][]geo.Point // the points between corner (column, row) and the next column
	down   map[[2]int][]geo.Point // and the next row
}

const step = 20_000 // of the quilt, in lattice units

func newQuilt(rng *rand.Rand, side int) *quilt {
	q := &quilt{side: side, rng: rng, across: map[[2]int][]geo.Point{}, down: map[[2]int][]geo.Point{}}
	jitter := func(n int) int32 { return int32(rng.IntN(2*n+1) - n) }
	for row := 0; row <= side; row++ {
		var line []geo.Point
		for column := 0; column <= side; column++ {
			line = append(line, geo.Point{Lon: 1_198_000_000 + int32(column)*step + jitter(step/6), Lat: 313_000_000 + int32(row)*step + jitter(step/6)})
		}
		q.corner = append(q.corner, line)
	}
	between := func(a, b geo.Point) (points []geo.Point) {
		n := rng.IntN(4)
		for i := 1; i <= n; i++ {
			points = append(points, geo.Point{
				Lon: a.Lon + int32(int64(b.Lon-a.Lon)*int64(i)/int64(n+1)) + jitter(step/20),
				Lat: a.Lat + int32(int64(b.Lat-a.Lat)*int64(i)/int64(n+1)) + jitter(step/20)})
		}
		return points
	}
	for row := 0; row <= side; row++ {
		for column := 0; column <= side; column++ {
			if column < side {
				q.across[[2]int{column, row}] = between(q.corner[row][column], q.corner[row][column+1])
			}
			if row < side {
				q.down[[2]int{column, row}] = between(q.corner[row][column], q.corner[row+1][column])
			}
		}
	}
	return q
}

// block is the outline of the cells from (column, row), width × height of them.
func (q *quilt) block(column, row, width, height int) coverage.Ring {
	var ring coverage.Ring
	reversed := func(points []geo.Point) []geo.Point {
		points = slices.Clone(points)
		slices.Reverse(points)
		return points
	}
	for i := range width {
		ring = append(append(ring, q.corner[row][column+i]), q.across[[2]int{column + i, row}]...)
	}
	for i := range height {
		ring = append(append(ring, q.corner[row+i][column+width]), q.down[[2]int{column + width, row + i}]...)
	}
	for i := width - 1; i >= 0; i-- {
		ring = append(append(ring, q.corner[row+height][column+i+1]), reversed(q.across[[2]int{column + i, row + height}])...)
	}
	for i := height - 1; i >= 0; i-- {
		ring = append(append(ring, q.corner[row+i+1][column]), reversed(q.down[[2]int{column, row + i}])...)
	}
	return ring
}

func polygonOf(rings ...coverage.Ring) []coverage.Polygon { return []coverage.Polygon{rings} }

// family is a parent, if there is one, and its children.
type family struct {
	parent   *coverage.Area
	children []coverage.Area
}

func (q *quilt) family(withParent bool) *family {
	f := &family{}
	level := coverage.County
	parent := ""
	if withParent {
		level, parent = coverage.Town, "parent"
		f.parent = &coverage.Area{Code: parent, Level: coverage.County, Shape: polygonOf(q.block(0, 0, q.side, q.side))}
	}
	for row := range q.side {
		for column := range q.side {
			f.children = append(f.children, coverage.Area{Code: fmt.Sprintf("%d.%d", column, row), Parent: parent, Level: level, Shape: polygonOf(q.block(column, row, 1, 1))})
		}
	}
	return f
}

// shake draws each area by itself with an unsteady hand: every vertex up to 10 cm off.
func (q *quilt) shake(g *family) string {
	for _, child := range g.children {
		for i, p := range child.Shape[0][0] {
			child.Shape[0][0][i] = geo.Point{Lon: p.Lon + int32(q.rng.IntN(21)-10), Lat: p.Lat + int32(q.rng.IntN(19)-9)}
		}
	}
	return "every vertex shaken"
}

// spoil does one random harm to a family, and says which.
func (q *quilt) spoil(g *family) string {
	rng := q.rng
	n := rng.IntN(len(g.children))
	shell := g.children[n].Shape[0][0]
	far := []int32{3, 30, 200, 2000}[rng.IntN(4)] // from 3 cm to 20 m
	moved := func(p geo.Point) geo.Point {
		return geo.Point{Lon: p.Lon + far*int32(rng.IntN(3)-1), Lat: p.Lat + far*int32(rng.IntN(3)-1)}
	}
	extra := func(ring coverage.Ring) {
		extra := g.children[0]
		extra.Code, extra.Shape = fmt.Sprintf("extra %d", len(g.children)), polygonOf(ring)
		g.children = append(g.children, extra)
	}
	switch rng.IntN(12) {
	case 0:
		i := rng.IntN(len(shell))
		shell[i] = moved(shell[i])
		return "one vertex of one area moved"
	case 1:
		g.children = slices.Delete(g.children, n, n+1)
		return "an area missing"
	case 2:
		extra(slices.Clone(shell))
		return "an area twice"
	case 3:
		var middle geo.Point
		for _, p := range shell {
			middle.Lon += (p.Lon - 1_198_000_000) / int32(len(shell))
			middle.Lat += (p.Lat - 313_000_000) / int32(len(shell))
		}
		middle.Lon += 1_198_000_000
		middle.Lat += 313_000_000
		extra(coverage.Ring{{Lon: middle.Lon - far, Lat: middle.Lat - far}, {Lon: middle.Lon + far, Lat: middle.Lat - far}, {Lon: middle.Lon, Lat: middle.Lat + far}})
		return "an area inside another"
	case 4:
		extra(q.block(0, 0, 2, 2))
		return "an area over four others"
	case 5:
		if len(shell) > 4 {
			i := rng.IntN(len(shell))
			g.children[n].Shape[0][0] = slices.Delete(shell, i, i+1)
		}
		return "a vertex missing on one side"
	case 6:
		shift := moved(geo.Point{})
		for i, p := range shell {
			shell[i] = geo.Point{Lon: p.Lon + shift.Lon, Lat: p.Lat + shift.Lat}
		}
		return "an area shifted"
	case 7:
		other := newQuilt(rng, 3)
		for row := range 3 {
			for column := range 3 {
				extra(other.block(column, row, 1, 1))
			}
		}
		return "a second coverage on top"
	case 8:
		for i := range shell {
			shell[i].Lon += int32(q.side) * step * 2
		}
		return "an area far away"
	case 9:
		if g.parent != nil {
			i := rng.IntN(len(g.parent.Shape[0][0]))
			g.parent.Shape[0][0][i] = moved(g.parent.Shape[0][0][i])
		}
		return "a vertex of the parent moved"
	case 10:
		m := rng.IntN(len(g.children))
		if m != n {
			g.children[n].Shape = append(g.children[n].Shape, polygonOf(slices.Clone(g.children[m].Shape[0][0]))...)
		}
		return "an area that has another in it as a part"
	}
	if q.side >= 3 && n < q.side*q.side {
		ring := q.block(1, 1, 1, 1)
		slices.Reverse(ring)
		extra(q.block(0, 0, 3, 3))
		g.children[len(g.children)-1].Shape[0] = append(g.children[len(g.children)-1].Shape[0], ring)
	}
	return "a frame around an area, over others"
}

// overlaid is how much PostGIS finds wrong with a family by overlaying everything with everything: the number of parts wider than a
// tolerance, and the area of all parts.
func overlaid(ctx context.Context, tx pgx.Tx, g *family, toleranceM float64) (wide int, areaM2 float64, err error) {
	var shapes [][]byte
	for _, child := range g.children {
		geom, err := encodeShape(child.Shape)
		if err != nil {
			return 0, 0, err
		}
		shapes = append(shapes, geom)
	}
	var parent []byte
	if g.parent != nil {
		if parent, err = encodeShape(g.parent.Shape); err != nil {
			return 0, 0, err
		}
	}
	const metresPerDegree = geo.EarthRadiusM * math.Pi / 180
	err = tx.QueryRow(ctx, `
		WITH child AS MATERIALIZED (SELECT n - 1 AS n, ST_GeomFromEWKB(w) AS g FROM unnest($1::bytea[]) WITH ORDINALITY u (w, n)),
		whole AS MATERIALIZED (
			SELECT CASE WHEN $2::bytea IS NULL
				THEN (SELECT ST_Union(ST_MakePolygon(ST_ExteriorRing(d.geom))) FROM (SELECT (ST_Dump(ST_Union(g))).geom FROM child) d)
				ELSE ST_GeomFromEWKB($2) END AS g),
		region AS MATERIALIZED (
			SELECT ST_Intersection(a.g, b.g) AS g FROM child a JOIN child b ON a.n < b.n
			UNION ALL SELECT ST_Difference(c.g, w.g) FROM child c, whole w WHERE $2::bytea IS NOT NULL
			UNION ALL SELECT ST_Difference(w.g, (SELECT ST_Union(g) FROM child)) FROM whole w),
		part AS (
			SELECT ST_Scale(g, $4::float8 * cos(radians((ST_YMin(g) + ST_YMax(g)) / 2)), $4::float8) AS m
			FROM (SELECT (ST_Dump(ST_CollectionExtract(g, 3))).geom AS g FROM region) d)
		SELECT count(*) FILTER (WHERE NOT ST_IsEmpty(ST_Buffer(m, -$3::float8 / 2))), coalesce(sum(ST_Area(m)), 0) FROM part`,
		shapes, parent, toleranceM, metresPerDegree).Scan(&wide, &areaM2)
	return wide, areaM2, err
}

// fitted lets an importer without a file fit a family: the parent is in the last edition, the children are the file's.
func fitted(ctx context.Context, tx pgx.Tx, g *family) (*importer, *family, error) {
	im := &importer{opt: Options{Code: "code", Name: "name", Codes: Free}, tx: tx, byCode: map[string]*feature{}, last: map[string]Row{}, redrawn: map[string]bool{}}
	if err := im.defaults("file"); err != nil {
		return nil, nil, err
	}
	im.opt.Level = g.children[0].Level
	if g.parent != nil {
		im.last[g.parent.Code] = Row{Area: *g.parent}
	}
	for i, child := range g.children {
		f := &feature{index: i + 1, Area: child}
		im.features = append(im.features, f)
		im.byCode[f.Code], im.redrawn[f.Code] = f, true
	}
	rows, err := im.fit(ctx)
	out := &family{parent: g.parent}
	for _, row := range rows {
		if g.parent != nil && row.Code == g.parent.Code {
			out.parent = &row.Area
		} else {
			out.children = append(out.children, row.Area)
		}
	}
	return im, out, err
}

// TestFitAgreesWithOverlayOfEverything lets PostGIS judge: what it finds too wide is refused, nothing else is, and what is accepted
// has no gap and no overlap any more, and is valid.
func TestFitAgreesWithOverlayOfEverything(t *testing.T) {
	pool := dbtest.Open(t)
	cases := 150
	if testing.Short() {
		cases = 20
	}
	accepted, mended, refused, skipped := 0, 0, 0, 0
	err := db.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		for seed := range uint64(cases) {
			rng := rand.New(rand.NewPCG(seed, 2))
			q := newQuilt(rng, 3+rng.IntN(3))
			g := q.family(rng.IntN(3) > 0)
			var harm []string
			if rng.IntN(2) > 0 {
				harm = append(harm, q.shake(g))
			}
			for range rng.IntN(3) {
				harm = append(harm, q.spoil(g))
			}
			if ok, err := allValid(t.Context(), tx, g); err != nil {
				return err
			} else if !ok {
				skipped++ // PostGIS overlays valid shapes only
				continue
			}
			wide, before, err := overlaid(t.Context(), tx, g, coverage.DefaultToleranceM)
			if err != nil {
				return err
			}
			im, out, err := fitted(t.Context(), tx, g)
			if err != nil {
				return err
			}
			// What PostGIS does not see: areas of which nothing is left, and at the top gaps with a narrow mouth.
			more := slices.ContainsFunc(im.Problems, func(p Problem) bool { return p.Reason == Vanished || g.parent == nil && p.Reason == Gap })
			if refuses := im.ProblemCount > 0; refuses != (wide > 0) && !more {
				t.Errorf("seed %d, %q: PostGIS finds %d parts too wide, the import %v", seed, harm, wide, im.Problems)
			}
			if im.ProblemCount > 0 {
				refused++
				continue
			}
			wide, after, err := overlaid(t.Context(), tx, out, 0)
			if err != nil {
				return err
			}
			valid, err := allValid(t.Context(), tx, out)
			// PostGIS overlays in doubles: a part of a square millimetre is its rounding.
			if err != nil || !valid || after > 1e-6 {
				t.Errorf("seed %d, %q: valid %v, %d parts of %g m² are left of %g m²: %v", seed, harm, valid, wide, after, before, err)
			}
			accepted++
			if len(im.mended) > 0 {
				mended++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d accepted, %d of them mended, %d refused, %d skipped for invalid shapes", accepted, mended, refused, skipped)
	if refused < cases/3 || mended < cases/20 || accepted-mended < cases/20 {
		t.Error("the cases are too much alike")
	}
}

func allValid(ctx context.Context, tx pgx.Tx, g *family) (bool, error) {
	areas := slices.Clone(g.children)
	if g.parent != nil {
		areas = append(areas, *g.parent)
	}
	for _, area := range areas {
		geom, err := encodeShape(area.Shape)
		if err != nil {
			return false, err
		}
		var valid bool
		if err := tx.QueryRow(ctx, `SELECT ST_IsValid(ST_GeomFromEWKB($1))`, geom).Scan(&valid); err != nil || !valid {
			return false, err
		}
	}
	return true, nil
}
