package coverage_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/geo/internal/testcounty"
)

// ring reads pairs of lon and lat.
func ring(numbers ...int32) coverage.Ring {
	var r coverage.Ring
	for i := 0; i < len(numbers); i += 2 {
		r = append(r, geo.Point{Lon: numbers[i], Lat: numbers[i+1]})
	}
	return r
}

func box(west, south, east, north int32) coverage.Ring {
	return ring(west, south, east, south, east, north, west, north)
}

func shape(rings ...coverage.Ring) []coverage.Polygon { return []coverage.Polygon{rings} }

func build(t testing.TB, areas ...coverage.Area) *coverage.Coverage {
	t.Helper()
	c, err := coverage.Build(areas)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// canonical turns a ring so that it starts at its lowest point; two rings that are the same line become equal.
func canonical(r coverage.Ring) coverage.Ring {
	lowest := 0
	for i := range r {
		if r[i].Compare(r[lowest]) < 0 {
			lowest = i
		}
	}
	return slices.Concat(r[lowest:], r[:lowest])
}

func mustEqualShapes(t testing.TB, name string, got, want []coverage.Polygon) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d polygons, want %d", name, len(got), len(want))
	}
	for i := range want {
		if len(got[i]) != len(want[i]) {
			t.Fatalf("%s: polygon %d has %d rings, want %d", name, i, len(got[i]), len(want[i]))
		}
		for j := range want[i] {
			expected := slices.Clone(want[i][j])
			if geo.TwiceArea(expected).Sign() > 0 == (j > 0) {
				slices.Reverse(expected)
			}
			if !slices.Equal(canonical(got[i][j]), canonical(expected)) {
				t.Fatalf("%s: ring %d.%d is %v, want %v", name, i, j, got[i][j], expected)
			}
		}
	}
}

func TestRoundTripOfACounty(t *testing.T) {
	t.Parallel()
	areas := testcounty.Small.Areas()
	c := build(t, areas...)
	for _, area := range areas {
		id, found := c.Find(area.Code)
		if !found {
			t.Fatalf("%s is lost", area.Code)
		}
		got := c.Area(id)
		if got.Code != area.Code || got.Parent != area.Parent || got.Name != area.Name || got.Level != area.Level {
			t.Errorf("%s came back as %+v", area.Code, got)
		}
		mustEqualShapes(t, area.Code, got.Shape, area.Shape)
		if area.Level != coverage.Micro && !c.Covered(id) {
			t.Errorf("%s is divided completely, but not marked as covered", area.Code)
		}
		if area.Level == coverage.Micro && c.Covered(id) {
			t.Errorf("%s has no children, but is marked as covered", area.Code)
		}
	}
}

// TestArcsAreShared checks that every edge is stored once and knows the right areas at every level.
func TestArcsAreShared(t *testing.T) {
	t.Parallel()
	areas := testcounty.Small.Areas()
	c := build(t, areas...)
	type edge struct{ from, to geo.Point }
	owner := map[coverage.Level]map[edge]coverage.ID{}
	for _, level := range coverage.Levels {
		owner[level] = map[edge]coverage.ID{}
	}
	for id := range coverage.ID(c.Len()) {
		area := c.Area(id)
		r := area.Shape[0][0]
		for i := range r {
			owner[area.Level][edge{r[i], r[(i+1)%len(r)]}] = id
		}
	}
	of := func(level coverage.Level, from, to geo.Point) coverage.ID {
		if id, ok := owner[level][edge{from, to}]; ok {
			return id
		}
		return coverage.None
	}
	seen := map[edge]bool{}
	for _, arc := range c.Arcs() {
		if !slices.Equal(arc.Points, c.Vertices()[arc.First:arc.First+len(arc.Points)]) {
			t.Fatal("First does not lead to the points")
		}
		for i := 1; i < len(arc.Points); i++ {
			from, to := arc.Points[i-1], arc.Points[i]
			if seen[edge{from, to}] || seen[edge{to, from}] {
				t.Fatalf("the edge %v–%v is stored twice", from, to)
			}
			seen[edge{from, to}] = true
			for _, level := range coverage.Levels {
				if arc.Left[level] != of(level, from, to) || arc.Right[level] != of(level, to, from) {
					t.Fatalf("at level %v the edge %v–%v lies between %d and %d", level, from, to, arc.Left[level], arc.Right[level])
				}
			}
		}
	}
	for _, edges := range owner {
		for e := range edges {
			if !seen[e] && !seen[edge{e.to, e.from}] {
				t.Fatalf("the edge %v is in no arc", e)
			}
		}
	}
}

func TestArcLevel(t *testing.T) {
	t.Parallel()
	c := build(t,
		coverage.Area{Code: "1", Level: coverage.County, Shape: shape(box(0, 0, 40, 10))},
		coverage.Area{Code: "11", Parent: "1", Level: coverage.Town, Shape: shape(box(0, 0, 20, 10))},
		coverage.Area{Code: "12", Parent: "1", Level: coverage.Town, Shape: shape(ring(20, 0, 40, 0, 40, 10, 30, 10, 20, 10))},
		coverage.Area{Code: "121", Parent: "12", Level: coverage.Community, Shape: shape(ring(20, 0, 30, 0, 30, 10, 20, 10))},
	)
	lengths := map[coverage.Level]int{}
	for _, arc := range c.Arcs() {
		level, ok := arc.Level()
		if !ok {
			t.Fatalf("the arc %v separates nothing", arc.Points)
		}
		for i := 1; i < len(arc.Points); i++ {
			a, b := arc.Points[i-1], arc.Points[i]
			lengths[level] += int(max(a.Lon-b.Lon, b.Lon-a.Lon) + max(a.Lat-b.Lat, b.Lat-a.Lat))
		}
	}
	// The county's long sides have no vertex where the towns end, so both levels keep their own lines; where vertices
	// agree, the line is one and the widest level counts.
	want := map[coverage.Level]int{coverage.County: 40 + 10 + 40 + 10, coverage.Town: 20 + 10 + 20 + 20 + 20, coverage.Community: 10 + 10}
	if !maps.Equal(lengths, want) {
		t.Errorf("lengths of the borders by level: %v, want %v", lengths, want)
	}
	one, _ := c.Find("1")
	twelve, _ := c.Find("12")
	if c.Covered(one) || c.Covered(twelve) {
		t.Error("lines of other vertices are not shared, so nothing can be known to be covered")
	}
}

func TestTree(t *testing.T) {
	t.Parallel()
	c := build(t, testcounty.Small.Areas()...)
	id, _ := c.Find("32028200200300401")
	var codes []string
	for _, above := range c.Chain(id) {
		codes = append(codes, c.Code(above))
	}
	want := []string{"320282", "320282002", "320282002003", "320282002003004", "32028200200300401"}
	if !slices.Equal(codes, want) {
		t.Errorf("Chain = %v, want %v", codes, want)
	}
	if c.Parent(0) != coverage.None || c.Chain(coverage.None) != nil {
		t.Error("the county has a parent, or nothing a chain")
	}
	children := c.Children(0)
	if len(children) != 2 || c.Code(children[0]) != "320282001" || c.Name(children[1]) != "第2镇" || c.Level(children[0]) != coverage.Town {
		t.Errorf("children of the county: %v", children)
	}
	if _, found := c.Find("32"); found {
		t.Error("a part of a code finds an area")
	}
	low, high, ok := c.Bounds()
	countyLow, countyHigh := c.BoundsOf(0)
	if !ok || low != countyLow || high != countyHigh {
		t.Errorf("Bounds = %v, %v, %v", low, high, ok)
	}
	if _, _, ok := build(t).Bounds(); ok {
		t.Error("nothing has bounds")
	}
}

func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	square := shape(box(0, 0, 9, 9))
	for _, c := range []struct {
		name  string
		areas []coverage.Area
		want  string
	}{
		{"no code", []coverage.Area{{Name: "甲", Shape: square}}, "甲"},
		{"code twice", []coverage.Area{{Code: "1", Shape: square}, {Code: "1", Shape: square}}, "area 1: the code occurs twice"},
		{"unknown parent", []coverage.Area{{Code: "11", Parent: "1", Level: coverage.Town, Shape: square}}, "area 11: its parent 1"},
		{"level order", []coverage.Area{{Code: "1", Shape: square}, {Code: "2", Parent: "1", Shape: square}}, "area 2: a county cannot lie under the county 1"},
		{"own parent", []coverage.Area{{Code: "1", Parent: "1", Shape: square}}, "area 1"},
		{"no level", []coverage.Area{{Code: "1", Level: 9, Shape: square}}, "area 1: level(9)"},
		{"no shape", []coverage.Area{{Code: "1"}}, "area 1: it has no shape"},
		{"no shell", []coverage.Area{{Code: "1", Shape: []coverage.Polygon{{}}}}, "area 1: it has a polygon without a ring"},
		{"empty ring", []coverage.Area{{Code: "1", Shape: shape(ring())}}, "area 1: it has a ring of no area"},
		{"flat ring", []coverage.Area{{Code: "1", Shape: shape(ring(0, 0, 5, 5, 9, 9))}}, "area 1: it has a ring of no area"},
		{"one point", []coverage.Area{{Code: "1", Shape: shape(ring(1, 1, 1, 1, 1, 1))}}, "area 1: it has a ring of no area"},
		{"bow-tie of no area", []coverage.Area{{Code: "1", Shape: shape(ring(0, 0, 4, 4, 4, 0, 0, 4))}}, "area 1: it has a ring of no area"},
		{"outside the world", []coverage.Area{{Code: "1", Shape: shape(ring(0, 0, 2_000_000_000, 0, 0, 9))}}, "area 1: vertex 1 is outside the world"},
	} {
		_, err := coverage.Build(c.areas)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v, want %q in it", c.name, err, c.want)
		}
	}
}

func TestBuildTurnsAndClosesRings(t *testing.T) {
	t.Parallel()
	c := build(t, coverage.Area{Code: "1", Shape: shape(
		ring(0, 0, 0, 9, 0, 9, 9, 9, 9, 0, 0, 0), // clockwise, closed, with a repeated point
		ring(3, 3, 6, 3, 6, 6, 3, 6),             // counter-clockwise
	)})
	mustEqualShapes(t, "1", c.Area(0).Shape, shape(box(0, 0, 9, 9), ring(3, 3, 3, 6, 6, 6, 6, 3)))
	if got := c.Area(0).Side(geo.Point{Lon: 4, Lat: 4}); got != geo.Outside {
		t.Errorf("the hole is %v", got)
	}
}

// TestRoundTripOfAnything builds areas from arbitrary small rings, which overlap, cross, touch and run over each
// other, and wants them back.
func TestRoundTripOfAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, roundTripOfAnything)
}

func FuzzBuild(f *testing.F) { f.Fuzz(rapid.MakeFuzz(roundTripOfAnything)) }

func roundTripOfAnything(t *rapid.T) {
	areas := drawAreas(t)
	c, err := coverage.Build(areas)
	if err != nil {
		t.Fatal(err)
	}
	for _, area := range areas {
		id, _ := c.Find(area.Code)
		got := c.Area(id)
		for i, polygon := range area.Shape {
			for j, r := range polygon {
				want := compact(r)
				if geo.TwiceArea(want).Sign() > 0 == (j > 0) {
					slices.Reverse(want)
				}
				if !sameCycle(got.Shape[i][j], want) {
					t.Fatalf("%s: ring %d.%d is %v, want %v", area.Code, i, j, got.Shape[i][j], want)
				}
			}
		}
		if p := c.Label(id); got.Side(p) == geo.Outside {
			t.Fatalf("%s: the label %v is outside", area.Code, p)
		}
		if c.Covered(id) {
			checkCovered(t, c, id)
		}
	}
}

// checkCovered tries every lattice point around an area that is marked as covered.
func checkCovered(t *rapid.T, c *coverage.Coverage, id coverage.ID) {
	area := c.Area(id)
	for lon := int32(-1); lon <= 6; lon++ {
		for lat := int32(-1); lat <= 6; lat++ {
			p := geo.Point{Lon: lon, Lat: lat}
			if area.Side(p) == geo.Outside {
				continue
			}
			held := slices.ContainsFunc(c.Children(id), func(child coverage.ID) bool { return c.Area(child).Side(p) != geo.Outside })
			if !held {
				t.Fatalf("%s is marked as covered, but no child holds %v", area.Code, p)
			}
		}
	}
}

// drawAreas draws a few areas of up to three levels on a lattice of 6 × 6, so that everything touches everything.
func drawAreas(t *rapid.T) []coverage.Area {
	point := rapid.Custom(func(t *rapid.T) geo.Point {
		return geo.Point{Lon: rapid.Int32Range(0, 5).Draw(t, "lon"), Lat: rapid.Int32Range(0, 5).Draw(t, "lat")}
	})
	aRing := rapid.OneOf(
		rapid.Custom(func(t *rapid.T) coverage.Ring { return rapid.SliceOfN(point, 3, 8).Draw(t, "ring") }),
		rapid.Custom(func(t *rapid.T) coverage.Ring {
			west, south := rapid.Int32Range(0, 4).Draw(t, "west"), rapid.Int32Range(0, 4).Draw(t, "south")
			return box(west, south, rapid.Int32Range(west+1, 5).Draw(t, "east"), rapid.Int32Range(south+1, 5).Draw(t, "north"))
		}),
	).Filter(func(r coverage.Ring) bool { return geo.TwiceArea(r).Sign() != 0 })
	shapes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) coverage.Polygon {
		return rapid.SliceOfN(aRing, 1, 2).Draw(t, "polygon")
	}), 1, 2)
	var areas []coverage.Area
	for i := range rapid.IntRange(1, 6).Draw(t, "areas") {
		area := coverage.Area{Code: string(rune('a' + i)), Shape: shapes.Draw(t, "shape")}
		if i > 0 && rapid.Bool().Draw(t, "child") {
			parent := areas[rapid.IntRange(0, i-1).Draw(t, "parent")]
			if parent.Level < coverage.Micro {
				area.Parent, area.Level = parent.Code, parent.Level+1
			}
		}
		areas = append(areas, area)
	}
	return areas
}

func compact(r coverage.Ring) coverage.Ring {
	r = slices.Compact(slices.Clone(r))
	for len(r) > 1 && r[0] == r[len(r)-1] {
		r = r[:len(r)-1]
	}
	return r
}

// sameCycle also holds for rings that visit a point more than once, where canonical is ambiguous.
func sameCycle(a, b coverage.Ring) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if slices.Equal(slices.Concat(a[i:], a[:i]), b) {
			return true
		}
	}
	return false
}

func TestUpto(t *testing.T) {
	t.Parallel()
	c := build(t, testcounty.Small.Areas()...)
	for _, level := range coverage.Levels {
		coarse, ids := c.Upto(level)
		if len(ids) != coarse.Len() {
			t.Fatalf("%v: %d IDs for %d areas", level, len(ids), coarse.Len())
		}
		for i, id := range ids {
			got, want := coarse.Area(coverage.ID(i)), c.Area(id)
			if got.Code != want.Code || got.Parent != want.Parent || got.Level > level {
				t.Fatalf("%v: %+v for %+v", level, got, want)
			}
			mustEqualShapes(t, got.Code, got.Shape, want.Shape)
			for _, child := range coarse.Children(coverage.ID(i)) {
				if coarse.Parent(child) != coverage.ID(i) {
					t.Errorf("%v: parent and child of %s disagree", level, got.Code)
				}
			}
			if coarse.Covered(coverage.ID(i)) != (got.Level < level) {
				t.Errorf("%v: Covered(%s) is wrong", level, got.Code)
			}
		}
	}
	towns, _ := c.Upto(coverage.Town)
	if len(towns.Arcs()) != 3 {
		t.Errorf("two towns have %d arcs, want the one between them and the outer one of each", len(towns.Arcs()))
	}
}
