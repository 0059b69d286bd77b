package mvt_test

import (
	"fmt"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/maptile"
	"pgregory.net/rapid"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/geo/internal/noding"
	"jingwei/geo/internal/testcounty"
	"jingwei/geo/mvt"
)

// failer is what checks of tiles need of testing.TB and of rapid.T.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

type edge struct{ from, to geo.Point }

func (e edge) reversed() edge { return edge{e.to, e.from} }

func onFrame(e edge) bool {
	sides := func(p geo.Point) (left, right, top, bottom bool) {
		return p.Lon == -64, p.Lon == mvt.Extent+64, p.Lat == -64, p.Lat == mvt.Extent+64
	}
	l1, r1, t1, b1 := sides(e.from)
	l2, r2, t2, b2 := sides(e.to)
	return l1 && l2 || r1 && r2 || t1 && t2 || b1 && b2
}

func inTile(p orb.Point) geo.Point { return geo.Point{Lon: int32(p[0]), Lat: int32(p[1])} }

// checkRings wants polygons that are valid in the strict sense: rings closed, wound as MVT 2.1 says, without a point twice, with edges
// that meet in their ends only, also those of different rings of a feature; holes inside their exterior, exteriors outside each
// other. It gives the edges of the feature.
func checkRings(t failer, name string, polygons orb.MultiPolygon) (edges []edge, twiceArea int64) {
	t.Helper()
	var all []noding.Edge
	for _, polygon := range polygons {
		for i, ring := range polygon {
			if len(ring) < 4 || !ring.Closed() {
				t.Fatalf("%s: ring %v is not closed", name, ring)
			}
			points := make([]geo.Point, 0, len(ring))
			seen := map[geo.Point]bool{}
			for _, p := range ring[1:] {
				v := inTile(p)
				if seen[v] {
					t.Fatalf("%s: ring %v comes by %v twice", name, ring, v)
				}
				if seen[v] = true; v.Lon < -64 || v.Lat < -64 || v.Lon > mvt.Extent+64 || v.Lat > mvt.Extent+64 {
					t.Fatalf("%s: %v reaches over the buffer", name, v)
				}
				points = append(points, v)
			}
			area := int64(geo.TwiceArea(points).Lo)
			if area == 0 || area > 0 != (i == 0) {
				t.Fatalf("%s: ring %d of %v has twice the area %d", name, i, polygon, area)
			}
			twiceArea += area
			for k, a := range points {
				b := points[(k+1)%len(points)]
				edges = append(edges, edge{a, b})
				all = append(all, noding.Edge{A: a, B: b})
			}
		}
	}
	if cuts := noding.Node(all); len(cuts) > 0 {
		t.Fatalf("%s: edges of %v cross or touch: %v", name, polygons, cuts)
	}
	seen := map[edge]bool{}
	for _, e := range edges {
		if seen[e] || seen[e.reversed()] {
			t.Fatalf("%s: the edge %v of %v is there twice", name, e, polygons)
		}
		seen[e] = true
	}
	checkNesting(t, name, polygons)
	return edges, twiceArea
}

// checkNesting compares each ring with each other, by the middle of one of its edges.
func checkNesting(t failer, name string, polygons orb.MultiPolygon) {
	t.Helper()
	doubled := func(ring orb.Ring) (out []geo.Point) {
		for _, p := range ring[1:] {
			out = append(out, geo.Point{Lon: 2 * int32(p[0]), Lat: 2 * int32(p[1])})
		}
		return out
	}
	inside := func(ring, other orb.Ring) bool {
		a, b := inTile(ring[0]), inTile(ring[1])
		return geo.SideOf(geo.Point{Lon: a.Lon + b.Lon, Lat: a.Lat + b.Lat}, doubled(other)) == geo.Inside
	}
	for p, polygon := range polygons {
		for i, hole := range polygon[1:] {
			if !inside(hole, polygon[0]) {
				t.Fatalf("%s: hole %v is not inside %v", name, hole, polygon[0])
			}
			for j, other := range polygon[1:] {
				if i != j && inside(hole, other) {
					t.Fatalf("%s: hole %v is inside %v", name, hole, other)
				}
			}
		}
		for q, other := range polygons {
			if p == q || !inside(polygon[0], other[0]) {
				continue
			}
			inHole := false
			for _, hole := range other[1:] {
				inHole = inHole || inside(polygon[0], hole)
			}
			if !inHole {
				t.Fatalf("%s: %v lies on %v", name, polygon, other)
			}
		}
	}
}

// net adds up edges, those in opposite directions cancelling out, without those on the frame.
func net(edges map[edge]int, more []edge, sign int) {
	for _, e := range more {
		if onFrame(e) {
			continue
		}
		if e.from.Compare(e.to) > 0 {
			edges[e.reversed()] -= sign
		} else {
			edges[e] += sign
		}
	}
}

// checkTile proves that the areas of each level cover the areas above, exactly and once. All rings are valid, so each area covers a
// place once or not at all. The edges of the children add up to those of the parent, so the number of children over a place minus
// that of the parent is the same all over the tile; and as their areas add up too, to the last half square unit, it is 0.
// It also wants each border once, and nothing else as border. It gives the edges by level.
func checkTile(t failer, c *coverage.Coverage, at maptile.Tile, layers map[string][]*geojson.Feature) map[string][]edge {
	t.Helper()
	type sums struct {
		edges map[edge]int
		area  int64
	}
	byLevel := map[string][]edge{}
	above := map[string]*sums{"": nil} // by code
	borders := map[edge]string{}
	for _, f := range layers["border"] {
		lines, ok := f.Geometry.(orb.MultiLineString)
		if line, one := f.Geometry.(orb.LineString); one {
			lines, ok = orb.MultiLineString{line}, true
		}
		if !ok {
			t.Fatalf("%v: a border is a %s", at, f.Geometry.GeoJSONType())
		}
		for _, line := range lines {
			for i := 1; i < len(line); i++ {
				e := edge{inTile(line[i-1]), inTile(line[i])}
				if e.from.Compare(e.to) > 0 {
					e = e.reversed()
				}
				if borders[e] != "" {
					t.Fatalf("%v: the border %v is drawn twice", at, e)
				}
				borders[e] = f.Properties["level"].(string)
			}
		}
	}
	seen := map[edge]bool{}
	for _, level := range mvt.LevelsAt(int(at.Z)) {
		here := map[string]*sums{}
		children := map[string]*sums{}
		for _, f := range layers[level.String()] {
			code, parent := f.Properties["code"].(string), ""
			if p, has := f.Properties["parent"]; has {
				parent = p.(string)
			}
			name := fmt.Sprintf("%s of %v", code, at)
			edges, area := checkRings(t, name, orbPolygons(t, f))
			byLevel[level.String()] = append(byLevel[level.String()], edges...)
			own := &sums{map[edge]int{}, area}
			net(own.edges, edges, +1)
			here[code] = own
			if children[parent] == nil {
				children[parent] = &sums{edges: map[edge]int{}}
			}
			net(children[parent].edges, edges, +1)
			children[parent].area += area
			for _, e := range edges {
				if e.from.Compare(e.to) > 0 {
					e = e.reversed()
				}
				if borders[e] == "" && !onFrame(e) {
					t.Fatalf("%s: no border is drawn at %v", name, e)
				}
				if !seen[e] && !onFrame(e) && borders[e] != level.String() {
					t.Fatalf("%s: the border %v is of the level %s", name, e, borders[e])
				}
			}
		}
		for parent, sum := range children {
			if parent == "" {
				continue
			}
			whole := above[parent]
			if whole == nil {
				t.Fatalf("%v: %s is not there, but its children are", at, parent)
			}
			if sum.area != whole.area {
				t.Fatalf("%v: the children of %s cover %d half square units of its %d", at, parent, sum.area, whole.area)
			}
			for e, n := range whole.edges {
				sum.edges[e] -= n
			}
			for e, n := range sum.edges {
				if n != 0 {
					t.Fatalf("%v: the edge %v of children of %s has no neighbour", at, e, parent)
				}
			}
		}
		for code, whole := range above {
			if whole == nil || children[code] != nil {
				continue
			}
			if id, found := c.Find(code); !found || len(c.Children(id)) > 0 {
				t.Fatalf("%v: %s is there without children", at, code)
			}
		}
		for _, e := range byLevel[level.String()] {
			if e.from.Compare(e.to) > 0 {
				e = e.reversed()
			}
			seen[e] = true
		}
		above = here
	}
	for e, level := range borders {
		if !seen[e] && !onFrame(e) {
			t.Fatalf("%v: the border %v of the level %s bounds nothing", at, e, level)
		}
	}
	return byLevel
}

// orbPolygons are the polygons of a feature as orb reads them.
func orbPolygons(t failer, f *geojson.Feature) orb.MultiPolygon {
	t.Helper()
	switch g := f.Geometry.(type) {
	case orb.Polygon:
		return orb.MultiPolygon{g}
	case orb.MultiPolygon:
		return g
	}
	t.Fatalf("%v is a %s", f.Properties, f.Geometry.GeoJSONType())
	return nil
}

// checkSeam compares what two tiles, the second dx columns and dy rows from the first, show of the strip that their buffers share.
func checkSeam(t failer, at maptile.Tile, here, there map[string][]edge, dx, dy int32) {
	t.Helper()
	const low, high = -64, mvt.Extent + 64
	strip := func(edges []edge, dx, dy int32) map[edge]bool {
		in := map[edge]bool{}
		for _, e := range edges {
			moved := edge{
				geo.Point{Lon: e.from.Lon - dx*mvt.Extent, Lat: e.from.Lat - dy*mvt.Extent},
				geo.Point{Lon: e.to.Lon - dx*mvt.Extent, Lat: e.to.Lat - dy*mvt.Extent},
			}
			holds := func(p geo.Point) bool { return p.Lon >= low && p.Lon <= high && p.Lat >= low && p.Lat <= high }
			if holds(moved.from) && holds(moved.to) && !onFrame(e) && !onFrame(moved) {
				if dx < 0 || dy < 0 {
					in[moved] = true
				} else {
					in[e] = true
				}
			}
		}
		return in
	}
	for level, edges := range here {
		a, b := strip(edges, dx, dy), strip(there[level], -dx, -dy)
		for e := range a {
			if !b[e] {
				t.Fatalf("the edge %v of %s is in %v and not in its neighbour", e, level, at)
			}
		}
		for e := range b {
			if !a[e] {
				t.Fatalf("the edge %v of %s is in the neighbour of %v and not there", e, level, at)
			}
		}
	}
}

// checkCoverage looks at the tiles of a zoom, or at one of every few with the two neighbours that follow it.
func checkCoverage(t testing.TB, c *coverage.Coverage, cutter *mvt.Cutter, z, every int) {
	t.Helper()
	tiles := tilesOf(c, z)
	checked := map[maptile.Tile]map[string][]edge{}
	check := func(at maptile.Tile) map[string][]edge {
		if checked[at] == nil {
			checked[at] = checkTile(t, c, at, decode(t, cutter.Tile(z, int(at.X), int(at.Y))))
		}
		return checked[at]
	}
	for i := 0; i < len(tiles); i += every {
		at := tiles[i]
		checkSeam(t, at, check(at), check(maptile.New(at.X+1, at.Y, at.Z)), 1, 0)
		checkSeam(t, at, check(at), check(maptile.New(at.X, at.Y+1, at.Z)), 0, 1)
		if every > 1 || len(checked) > 1000 {
			clear(checked)
		}
	}
}

// TestTilesAreSeamless checks every tile of a small county and a dozen of each zoom of a large one, with their neighbours.
func TestTilesAreSeamless(t *testing.T) {
	t.Parallel()
	small := build(t, testcounty.Small.Areas())
	smallCutter := mvt.NewCutter(small, nil)
	large, largeCutter := county(t)
	for z := mvt.MinZoom; z <= mvt.MaxZoom; z++ {
		checkCoverage(t, small, smallCutter, z, 1)
		checkCoverage(t, large, largeCutter, z, 1+len(tilesOf(large, z))/12)
	}
}

// TestZoomsAreNoded looks at all edges of a large county at every zoom, exactly: they meet in their ends only, and none crosses the
// frame of a tile. What a tile is made of are these edges and its frame.
func TestZoomsAreNoded(t *testing.T) {
	t.Parallel()
	_, cutter := county(t)
	for z := mvt.MinZoom; z <= mvt.MaxZoom; z++ {
		edges := cutter.Edges(z)
		checkNoded(t, z, edges)
		t.Logf("zoom %d: %d edges", z, len(edges))
	}
}

func checkNoded(t failer, z int, edges []noding.Edge) {
	t.Helper()
	if cuts := noding.Node(edges); len(cuts) > 0 {
		t.Fatalf("zoom %d: %d edges cross or touch others", z, len(cuts))
	}
	for _, e := range edges {
		for _, side := range [...][2]int32{{e.A.Lon, e.B.Lon}, {e.A.Lat, e.B.Lat}} {
			low, high := min(side[0], side[1]), max(side[0], side[1])
			for line := low/mvt.Extent*mvt.Extent - mvt.Extent; line <= high+mvt.Extent; line += mvt.Extent {
				if low < line-64 && line-64 < high || low < line+64 && line+64 < high {
					t.Fatalf("zoom %d: %v crosses the frame of a tile", z, e)
				}
			}
		}
	}
}

// patchwork draws an irregular grid whose cells, from a centimetre to a kilometre wide, belong to one area or another: necks, slivers,
// islands, enclaves, areas that touch themselves and each other in points. It lies where the corners of tiles of all zooms meet.
func patchwork(t *rapid.T) []coverage.Area {
	const columns, rows = 7, 6
	axis := func(n int, name string) []int32 {
		at := []int32{0}
		for i := range n {
			width := rapid.Int32Range(1, 9).Draw(t, name) * []int32{1, 7, 40, 300, 2000, 15000}[rapid.IntRange(0, 5).Draw(t, name+" scale")]
			at = append(at, at[i]+width)
		}
		middle := at[rapid.IntRange(0, n).Draw(t, name+" middle")]
		for i := range at {
			at[i] -= middle
		}
		return at
	}
	xs, ys := axis(columns, "column"), axis(rows, "row")
	var corners [columns + 1][rows + 1]geo.Point
	shift := func(at []int32, i int, name string) int32 {
		room := int32(1 << 30)
		if i > 0 {
			room = min(room, at[i]-at[i-1])
		}
		if i < len(at)-1 {
			room = min(room, at[i+1]-at[i])
		}
		return rapid.Int32Range(-((room-1)/3), (room-1)/3).Draw(t, name)
	}
	for i := range xs {
		for j := range ys {
			corners[i][j] = geo.Point{Lon: 1_181_250_000 + xs[i] + shift(xs, i, "x"), Lat: ys[j] + shift(ys, j, "y")}
		}
	}
	owned := map[int][]noding.Edge{}
	towns := rapid.IntRange(2, 5).Draw(t, "towns")
	for i := range columns {
		for j := range rows {
			ring := [...]geo.Point{corners[i][j], corners[i+1][j], corners[i+1][j+1], corners[i][j+1]}
			town := rapid.IntRange(1, towns).Draw(t, "town")
			for k, a := range ring {
				e := noding.Edge{A: a, B: ring[(k+1)%4]}
				owned[town] = append(owned[town], e)
				owned[0] = append(owned[0], e)
			}
		}
	}
	var areas []coverage.Area
	for n := range towns + 1 {
		if len(owned[n]) == 0 {
			continue
		}
		area := coverage.Area{Code: "1", Name: "甲", Level: coverage.County}
		if n > 0 {
			area = coverage.Area{Code: fmt.Sprintf("1%d", n), Name: "乙", Parent: "1", Level: coverage.Town}
		}
		for _, polygon := range mvt.Join(owned[n]) {
			var shape coverage.Polygon
			for _, ring := range polygon {
				shape = append(shape, ring)
			}
			area.Shape = append(area.Shape, shape)
		}
		areas = append(areas, area)
	}
	return areas
}

// TestNastyCoverages proves seamlessness, and that nothing crosses, for patchworks.
func TestNastyCoverages(t *testing.T) {
	t.Parallel()
	touching := 0
	rapid.Check(t, func(t *rapid.T) {
		c, err := coverage.Build(patchwork(t))
		if err != nil {
			t.Fatalf("%v", err)
		}
		cutter := mvt.NewCutter(c, nil)
		z := rapid.IntRange(mvt.MinZoom, mvt.MaxZoom).Draw(t, "zoom")
		checkNoded(t, z, cutter.Edges(z))
		center := maptile.At(orb.Point{118.125, 0}, maptile.Zoom(z))
		checked := map[maptile.Tile]map[string][]edge{}
		for x := center.X - 2; x <= center.X+1; x++ {
			for y := center.Y - 2; y <= center.Y+1; y++ {
				at := maptile.New(x, y, maptile.Zoom(z))
				checked[at] = checkTile(t, c, at, decode(t, cutter.Tile(z, int(x), int(y))))
			}
		}
		for at, edges := range checked {
			if there, known := checked[maptile.New(at.X+1, at.Y, at.Z)]; known {
				checkSeam(t, at, edges, there, 1, 0)
			}
			if there, known := checked[maptile.New(at.X, at.Y+1, at.Z)]; known {
				checkSeam(t, at, edges, there, 0, 1)
			}
		}
		touching += cutter.Touching(z)
	})
	if touching == 0 {
		t.Error("no area touched itself")
	}
}
