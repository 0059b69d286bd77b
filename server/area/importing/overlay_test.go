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

func (q *quilt) group(withParent bool) *group {
	g := &group{}
	for row := range q.side {
		for column := range q.side {
			g.children = append(g.children, &cell{code: fmt.Sprintf("%d.%d", column, row), shape: polygonOf(q.block(column, row, 1, 1))})
		}
	}
	if withParent {
		g.parent = &cell{code: "parent", shape: polygonOf(q.block(0, 0, q.side, q.side))}
	}
	return g
}

// spoil does one random harm to a group, and says which.
func (q *quilt) spoil(g *group) string {
	rng := q.rng
	n := rng.IntN(len(g.children))
	shell := g.children[n].shape[0][0]
	far := []int32{3, 30, 200, 2000}[rng.IntN(4)] // from 3 cm to 20 m
	moved := func(p geo.Point) geo.Point {
		return geo.Point{Lon: p.Lon + far*int32(rng.IntN(3)-1), Lat: p.Lat + far*int32(rng.IntN(3)-1)}
	}
	extra := func(ring coverage.Ring) {
		g.children = append(g.children, &cell{code: fmt.Sprintf("extra %d", len(g.children)), shape: polygonOf(ring)})
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
			g.children[n].shape[0][0] = slices.Delete(shell, i, i+1)
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
			i := rng.IntN(len(g.parent.shape[0][0]))
			g.parent.shape[0][0][i] = moved(g.parent.shape[0][0][i])
		}
		return "a vertex of the parent moved"
	case 10:
		m := rng.IntN(len(g.children))
		if m != n {
			g.children[n].shape = append(g.children[n].shape, polygonOf(slices.Clone(g.children[m].shape[0][0]))...)
		}
		return "an area that has another in it as a part"
	}
	if q.side >= 3 && n < q.side*q.side {
		ring := q.block(1, 1, 1, 1)
		slices.Reverse(ring)
		extra(q.block(0, 0, 3, 3))
		g.children[len(g.children)-1].shape[0] = append(g.children[len(g.children)-1].shape[0], ring)
	}
	return "a frame around an area, over others"
}

// slowly finds what check should find, by overlaying everything with everything.
func slowly(ctx context.Context, tx pgx.Tx, g *group, toleranceM float64) ([]string, error) {
	var shapes [][]byte
	for _, child := range g.children {
		geom, err := encodeShape(child.shape)
		if err != nil {
			return nil, err
		}
		shapes = append(shapes, geom)
	}
	var parent []byte
	if g.parent != nil {
		var err error
		if parent, err = encodeShape(g.parent.shape); err != nil {
			return nil, err
		}
	}
	rows, err := tx.Query(ctx, `
		WITH child AS MATERIALIZED (SELECT n - 1 AS n, ST_GeomFromEWKB(w) AS g FROM unnest($1::bytea[]) WITH ORDINALITY u (w, n)),
		whole AS MATERIALIZED (
			SELECT CASE WHEN $2::bytea IS NULL
				THEN (SELECT ST_Union(ST_MakePolygon(ST_ExteriorRing(d.geom))) FROM (SELECT (ST_Dump(ST_Union(g))).geom FROM child) d)
				ELSE ST_GeomFromEWKB($2) END AS g),
		region AS MATERIALIZED (
			SELECT 'overlap' AS kind, a.n AS a, b.n AS b, ST_Intersection(a.g, b.g) AS g FROM child a JOIN child b ON a.n < b.n
			UNION ALL SELECT 'outside', c.n, -1, ST_Difference(c.g, w.g) FROM child c, whole w WHERE $2::bytea IS NOT NULL
			UNION ALL SELECT 'gap', -1, -1, ST_Difference(w.g, (SELECT ST_Union(g) FROM child)) FROM whole w),
		part AS (
			SELECT kind, a, b, ST_Scale(g, $4::float8 * cos(radians((ST_YMin(g) + ST_YMax(g)) / 2)), $4::float8) AS m
			FROM (SELECT kind, a, b, (ST_Dump(ST_CollectionExtract(g, 3))).geom AS g FROM region) d)
		SELECT kind, a, b, ST_Area(m) FROM part WHERE NOT ST_IsEmpty(ST_Buffer(m, -$3::float8 / 2))`, shapes, parent, toleranceM, metresPerDegree)
	if err != nil {
		return nil, err
	}
	var lines []string
	var kind string
	var a, b int
	var areaM2 float64
	_, err = pgx.ForEachRow(rows, []any{&kind, &a, &b, &areaM2}, func() error {
		lines = append(lines, findingLine(kind, a, b, areaM2))
		return nil
	})
	slices.Sort(lines)
	return lines, err
}

// findingLine leaves out the digits in which two ways of cutting the same part differ.
func findingLine(kind string, a, b int, areaM2 float64) string {
	return fmt.Sprintf("%s %d %d %.3g m²", kind, a, b, math.Round(areaM2*10)/10)
}

func TestCheckAgreesWithOverlayOfEverything(t *testing.T) {
	pool := dbtest.Open(t)
	cases := 120
	if testing.Short() {
		cases = 20
	}
	clean, found, skipped := 0, 0, 0
	err := db.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		for seed := range uint64(cases) {
			rng := rand.New(rand.NewPCG(seed, 2))
			q := newQuilt(rng, 3+rng.IntN(3))
			g := q.group(rng.IntN(3) > 0)
			var harm []string
			for range rng.IntN(4) {
				harm = append(harm, q.spoil(g))
			}
			if ok, err := allValid(t.Context(), tx, g); err != nil {
				return err
			} else if !ok {
				skipped++ // the check is promised valid shapes
				continue
			}
			findings, err := check(t.Context(), tx, []*group{g}, DefaultToleranceM, func(int, int) {})
			if err != nil {
				return err
			}
			var got []string
			for _, f := range findings {
				if f.kind == overlapping && f.a > f.b {
					f.a, f.b = f.b, f.a
				}
				got = append(got, findingLine(string(f.kind), f.a, f.b, f.areaM2))
			}
			slices.Sort(got)
			want, err := slowly(t.Context(), tx, g, DefaultToleranceM)
			if err != nil {
				return err
			}
			if !slices.Equal(got, want) {
				t.Errorf("seed %d, %q:\n got %q\nwant %q", seed, harm, got, want)
			}
			if len(want) == 0 {
				clean++
			} else {
				found++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d with findings, %d without, %d skipped for invalid shapes", found, clean, skipped)
	if found < cases/3 || clean < cases/10 {
		t.Error("the cases are too much alike")
	}
}

func allValid(ctx context.Context, tx pgx.Tx, g *group) (bool, error) {
	for _, c := range append(slices.Clone(g.children), g.parent) {
		if c == nil {
			continue
		}
		geom, err := encodeShape(c.shape)
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
