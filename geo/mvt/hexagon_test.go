package mvt_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"

	"jingwei/geo"
	"jingwei/geo/internal/noding"
	"jingwei/geo/mvt"
)

// cellsAround are all cells of a resolution within about so many cells of a place, in order.
func cellsAround(center geo.Point, resolution, rings int) []geo.Cell {
	spacingDeg := geo.SpacingRad(resolution) * 180 / math.Pi
	lonDeg, latDeg := center.Degrees()
	var cells []geo.Cell
	for x := -2 * rings; x <= 2*rings; x++ {
		for y := -2 * rings; y <= 2*rings; y++ {
			lon := lonDeg + float64(x)*spacingDeg*0.3/math.Cos(latDeg*math.Pi/180)
			p, err := geo.PointOf(math.Mod(lon+540, 360)-180, latDeg+float64(y)*spacingDeg*0.3)
			if err == nil {
				cells = append(cells, geo.CellAt(p, resolution))
			}
		}
	}
	slices.Sort(cells)
	return slices.Compact(cells)
}

// tileAt is the tile of a zoom that holds a place.
func tileAt(p geo.Point, z int) (x, y int) {
	lonDeg, latDeg := p.Degrees()
	sin := math.Sin(latDeg * math.Pi / 180)
	size := float64(int(1) << z)
	return int((lonDeg + 180) / 360 * size), int((0.5 - math.Log((1+sin)/(1-sin))/(4*math.Pi)) * size)
}

// onTile projects a place to the units of a tile, in floating point.
func onTile(p geo.Point, z, x, y int) orb.Point {
	lonDeg, latDeg := p.Degrees()
	sin := math.Sin(latDeg * math.Pi / 180)
	size := float64(int(1)<<z) * mvt.Extent
	return orb.Point{
		(lonDeg+180)/360*size - float64(x)*mvt.Extent,
		(0.5-math.Log((1+sin)/(1-sin))/(4*math.Pi))*size - float64(y)*mvt.Extent,
	}
}

func hexes(t testing.TB, cells []geo.Cell) *mvt.Hexes {
	t.Helper()
	h, err := mvt.NewOutlines(1 << 16).Hexes(cells)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func numbered(i int, f mvt.Feature) {
	f.Number(0, int64(i))
	f.Number(1, int64(-i))
	f.Text(2, fmt.Sprintf("n%d", i%3))
}

var numberedKeys = []string{"count", "diff", "name"}

// checkRing wants a ring that is closed, wound as an exterior, and whose edges meet in their ends only; it gives the edges.
func checkRing(t failer, name any, f *geojson.Feature) []edge {
	t.Helper()
	polygon, ok := f.Geometry.(orb.Polygon)
	if !ok || len(polygon) != 1 || len(polygon[0]) < 4 || !polygon[0].Closed() {
		t.Fatalf("%v is %v", name, f.Geometry)
	}
	var points []geo.Point
	for _, p := range polygon[0][1:] {
		points = append(points, inTile(p))
	}
	if geo.TwiceArea(points).Sign() <= 0 {
		t.Fatalf("%v: ring %v is wound the wrong way or encloses nothing", name, points)
	}
	var edges []edge
	var all []noding.Edge
	for i, a := range points {
		b := points[(i+1)%len(points)]
		edges, all = append(edges, edge{a, b}), append(all, noding.Edge{A: a, B: b})
	}
	if cuts := noding.Node(all); len(cuts) > 0 || len(slices.Compact(slices.SortedFunc(slices.Values(points), geo.Point.Compare))) < len(points) {
		t.Fatalf("%v: edges of %v touch: %v", name, points, cuts)
	}
	return edges
}

// interesting are places where cells differ: the demo county, a pentagon, which is also where five faces of H3's icosahedron meet, the
// antimeridian, the far south, and the middle of nowhere.
func interesting() map[string]geo.Point {
	place := func(lonDeg, latDeg float64) geo.Point {
		p, _ := geo.PointOf(lonDeg, latDeg)
		return p
	}
	return map[string]geo.Point{
		"county": place(119.7, 31.3), "pentagon": geo.BaseCells()[24].Center(), "other pentagon": geo.BaseCells()[63].Center(),
		"east of the antimeridian": place(-179.999, 10), "west of it": place(179.999, -33), "south": place(20, -80), "null island": place(0, 0),
	}
}

// Cells in a tile are those that reach into its buffer, drawn where the slow and obvious way puts them, with their properties.
func TestHexesAreWhereTheyAre(t *testing.T) {
	t.Parallel()
	for name, center := range interesting() {
		for _, at := range []struct{ resolution, z, rings int }{{5, 8, 12}, {7, 11, 12}, {9, 14, 12}, {11, 16, 12}, {9, 16, 6}, {2, 4, 4}, {7, 16, 3}, {12, 16, 12}} {
			cells := cellsAround(center, at.resolution, at.rings)
			h, z := hexes(t, cells), at.z
			x, y := tileAt(center, z)
			seen := map[int]bool{}
			for _, f := range decode(t, h.Tile(z, x, y, "heat", numberedKeys, numbered))["heat"] {
				checkRing(t, name, f)
				i := int(f.Properties["count"].(float64))
				if f.Properties.MustString("cell") != cells[i].String() || f.Properties["diff"] != float64(-i) || f.Properties["name"] != fmt.Sprintf("n%d", i%3) || seen[i] {
					t.Fatalf("%s: cell %d of %s has %v", name, i, cells[i], f.Properties)
				}
				seen[i] = true
				want := boundaryOn(cells[i], z, x, y)
				for _, p := range f.Geometry.(orb.Polygon)[0] {
					if !slices.ContainsFunc(want, func(w orb.Point) bool { return math.Hypot(w[0]-p[0], w[1]-p[1]) < 1.5 }) {
						t.Fatalf("%s: %s comes by %v, want only %v", name, cells[i], p, want)
					}
				}
			}
			if len(seen) == 0 {
				t.Fatalf("%s: tile %d/%d/%d is empty", name, z, x, y)
			}
			for i, c := range cells {
				bound := orb.MultiPoint(boundaryOn(c, z, x, y)).Bound()
				within := func(buffer float64) bool {
					return bound.Min[0] < mvt.Extent+buffer && bound.Max[0] > -buffer && bound.Min[1] < mvt.Extent+buffer && bound.Max[1] > -buffer
				}
				if seen[i] && !within(65) || !seen[i] && within(63) {
					t.Fatalf("%s: cell %s with bounds %v is in tile %d/%d/%d: %t", name, c, bound, z, x, y, seen[i])
				}
			}
		}
	}
}

// boundaryOn projects the outline of a cell to the units of a tile, on the side of the antimeridian that is nearer to the tile.
func boundaryOn(c geo.Cell, z, x, y int) []orb.Point {
	world := float64(int(1)<<z) * mvt.Extent
	var points []orb.Point
	for _, v := range c.Boundary() {
		p := onTile(v, z, x, y)
		p[0] -= math.Round((p[0]-mvt.Extent/2)/world) * world
		points = append(points, p)
	}
	return points
}

// Where all cells are there, every edge within a tile is the edge of a neighbour the other way round, to the unit.
func TestHexesDoNotGape(t *testing.T) {
	t.Parallel()
	for name, center := range interesting() {
		for _, at := range []struct{ resolution, z int }{{5, 9}, {6, 10}, {7, 11}, {8, 12}, {8, 13}, {9, 14}, {10, 15}, {11, 16}} {
			cells := cellsAround(center, at.resolution, 40)
			x, y := tileAt(center, at.z)
			edges := map[edge]int{}
			for _, f := range decode(t, hexes(t, cells).Tile(at.z, x, y, "heat", nil, func(int, mvt.Feature) {}))["heat"] {
				for _, e := range checkRing(t, name, f) {
					edges[e]++
				}
			}
			inner := 0
			for e, n := range edges {
				inside := func(p geo.Point) bool { return p.Lon > 0 && p.Lat > 0 && p.Lon < mvt.Extent && p.Lat < mvt.Extent }
				if n != 1 || inside(e.from) && inside(e.to) && edges[e.reversed()] != 1 {
					t.Fatalf("%s, resolution %d: the edge %v is there %d times, and %d times from the other side", name, at.resolution, e, n, edges[e.reversed()])
				}
				inner++
			}
			if inner < 20 {
				t.Fatalf("%s, resolution %d: only %d edges", name, at.resolution, inner)
			}
		}
	}
}

// Neighbouring tiles draw a cell that both show at the same place.
func TestHexesAgreeAcrossTiles(t *testing.T) {
	t.Parallel()
	center := interesting()["county"]
	h := hexes(t, cellsAround(center, 9, 30))
	x, y := tileAt(center, 14)
	here, there := map[string]geo.Point{}, 0
	for _, f := range decode(t, h.Tile(14, x, y, "heat", nil, func(int, mvt.Feature) {}))["heat"] {
		here[f.Properties.MustString("cell")] = inTile(f.Geometry.(orb.Polygon)[0][0])
	}
	for _, f := range decode(t, h.Tile(14, x+1, y, "heat", nil, func(int, mvt.Feature) {}))["heat"] {
		if p, both := here[f.Properties.MustString("cell")]; both {
			there++
			if q := inTile(f.Geometry.(orb.Polygon)[0][0]); q.Lon+mvt.Extent != p.Lon || q.Lat != p.Lat {
				t.Fatalf("%v is at %v in one tile and at %v in the next", f.Properties, p, q)
			}
		}
	}
	if there == 0 {
		t.Error("no cell reaches into both tiles")
	}
}

// However small or near a pole cells are, what is drawn is valid.
func TestHexesAreValidWhereTheyAreTiny(t *testing.T) {
	t.Parallel()
	drawn, left := 0, 0
	for _, latDeg := range []float64{0, 31.3, 60, -84.9, 85.05, 89.99, -90} {
		center, _ := geo.PointOf(119.7, latDeg)
		for resolution := range 13 {
			cells := cellsAround(center, resolution, 4)
			for z := 0; z <= mvt.MaxZoom; z += 2 {
				clamped, _ := geo.PointOf(119.7, min(max(latDeg, -85), 85))
				x, y := tileAt(clamped, z)
				features := decode(t, hexes(t, cells).Tile(z, x, y, "heat", nil, func(int, mvt.Feature) {}))["heat"]
				for _, f := range features {
					checkRing(t, fmt.Sprintf("%v° %d %d", latDeg, resolution, z), f)
				}
				drawn, left = drawn+len(features), left+len(cells)-len(features)
			}
		}
	}
	if drawn < 1000 || left < 1000 {
		t.Errorf("%d cells were drawn, %d left out", drawn, left)
	}
}

func TestHexesThatAreRefused(t *testing.T) {
	t.Parallel()
	cells := cellsAround(interesting()["county"], 9, 3)
	outlines := mvt.NewOutlines(10)
	for name, bad := range map[string][]geo.Cell{
		"disorder": {cells[1], cells[0]}, "twice": {cells[0], cells[0]}, "two resolutions": {cells[0].Parent(8), cells[0]},
		"none": {0}, "too fine": {geo.CellAt(geo.Point{}, 13)},
	} {
		if _, err := outlines.Hexes(bad); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	none, err := outlines.Hexes(nil)
	if err != nil || len(none.Tile(9, 426, 207, "heat", nil, nil)) > 0 {
		t.Errorf("no cells make a tile, %v", err)
	}
	for _, at := range [][3]int{{-1, 0, 0}, {17, 0, 0}, {9, -1, 0}, {9, 0, 512}, {math.MaxInt, math.MaxInt, math.MinInt}} {
		if tile := hexes(t, cells).Tile(at[0], at[1], at[2], "heat", nil, nil); len(tile) > 0 {
			t.Errorf("there is a tile %v", at)
		}
		if tile := mvt.Points(at[0], at[1], at[2], "incident", nil, []geo.Point{{}}, nil); len(tile) > 0 {
			t.Errorf("there is a tile %v", at)
		}
		if _, _, ok := mvt.Bounds(at[0], at[1], at[2]); ok {
			t.Errorf("tile %v has bounds", at)
		}
	}
}

// Few outlines kept, many or none, asked for by one or by many: the tiles are the same, and no more are kept than may be.
func TestOutlinesAreBounded(t *testing.T) {
	t.Parallel()
	center := interesting()["county"]
	cells := cellsAround(center, 9, 20)
	x, y := tileAt(center, 13)
	want := hexes(t, cells).Tile(13, x, y, "heat", numberedKeys, numbered)
	few := mvt.NewOutlines(96)
	h, err := few.Hexes(cells)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 5 {
				if !bytes.Equal(h.Tile(13, x, y, "heat", numberedKeys, numbered), want) {
					t.Error("a tile differs")
				}
			}
		})
	}
	all.Wait()
	if n := few.Len(); n == 0 || n > 96 {
		t.Errorf("%d outlines are kept", n)
	}
}

// BenchmarkHexes cuts the tiles of a screen from the cells of a whole county, first without and then with outlines kept.
func BenchmarkHexes(b *testing.B) {
	for _, at := range []struct{ resolution, z int }{{6, 10}, {7, 11}, {8, 12}, {8, 13}, {9, 14}, {11, 16}} {
		center := interesting()["county"]
		random := rand.New(rand.NewPCG(1, 2))
		var cells []geo.Cell
		for range 200_000 {
			p, _ := geo.PointOf(119.7+random.NormFloat64()*0.15, 31.3+random.NormFloat64()*0.15)
			cells = append(cells, geo.CellAt(p, at.resolution))
		}
		slices.Sort(cells)
		cells = slices.Compact(cells)
		x, y := tileAt(center, at.z)
		describe := func(i int, f mvt.Feature) {
			f.Number(0, int64(i%1000))
			f.Number(1, int64(i%7))
		}
		screen := func(h *mvt.Hexes) (size int) {
			for dx := -3; dx <= 3; dx++ {
				for dy := -2; dy <= 2; dy++ {
					size += len(h.Tile(at.z, x+dx, y+dy, "heat", []string{"count", "class"}, describe))
				}
			}
			return size
		}
		b.Run(fmt.Sprintf("cold/z%d", at.z), func(b *testing.B) {
			for b.Loop() {
				screen(hexes(b, cells))
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1e3, "ms/screen")
		})
		b.Run(fmt.Sprintf("warm/z%d", at.z), func(b *testing.B) {
			h := hexes(b, cells)
			size := screen(h)
			b.ResetTimer()
			for b.Loop() {
				screen(h)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1e3, "ms/screen")
			b.ReportMetric(float64(size)/35, "B/tile")
			b.ReportMetric(float64(len(cells)), "cells")
		})
	}
}
