package coverage_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/geo/internal/noding"
	"jingwei/geo/internal/testcounty"

	"pgregory.net/rapid"
)

func clean(t testing.TB, areas []coverage.Area, toleranceM float64) *coverage.Cleaned {
	t.Helper()
	c, err := coverage.Clean(areas, toleranceM)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCleanLeavesACountyAsItIs cleans what is drawn to the vertex.
func TestCleanLeavesACountyAsItIs(t *testing.T) {
	t.Parallel()
	areas := testcounty.County.Areas()
	c := clean(t, areas, coverage.DefaultToleranceM)
	if len(c.Changed)+len(c.Repairs)+len(c.Findings) > 0 {
		t.Fatalf("%d areas changed, repairs %v, findings %v", len(c.Changed), c.Repairs, c.Findings)
	}
	for i := range areas {
		if &c.Areas[i].Shape[0][0][0] != &areas[i].Shape[0][0][0] {
			t.Fatalf("area %s was drawn anew", areas[i].Code)
		}
	}
}

// jitter draws the areas of some levels by an unsteady hand: every vertex up to so many steps off, each area its own way,
// and some vertices left out.
func jitter(areas []coverage.Area, random *rand.Rand, steps int32, leaveOut float64, levels ...coverage.Level) []coverage.Area {
	out := slices.Clone(areas)
	for i := range out {
		if !slices.Contains(levels, out[i].Level) {
			continue
		}
		var ring coverage.Ring
		for _, p := range out[i].Shape[0][0] {
			if random.Float64() < leaveOut {
				continue
			}
			ring = append(ring, geo.Point{Lon: p.Lon + random.Int32N(2*steps+1) - steps, Lat: p.Lat + random.Int32N(2*steps+1) - steps})
		}
		out[i].Shape = []coverage.Polygon{{ring}}
	}
	return out
}

// exact fails unless the areas are drawn to the vertex, valid, and fill their parents.
func exact(t testing.TB, areas []coverage.Area) {
	t.Helper()
	c, err := coverage.Build(areas)
	if err != nil {
		t.Fatal(err)
	}
	for id := range coverage.ID(c.Len()) {
		if len(c.Children(id)) > 0 && !c.Covered(id) {
			t.Fatalf("the children of %s do not cover it", c.Code(id))
		}
	}
	again := clean(t, areas, 0)
	if len(again.Changed)+len(again.Findings) > 0 {
		t.Fatalf("cleaning again changes %d areas and finds %v", len(again.Changed), again.Findings)
	}
}

// TestCleanCountyDrawnByAnUnsteadyHand has every micro-grid, and then every level, drawn with its own errors of up to 0.2 m.
func TestCleanCountyDrawnByAnUnsteadyHand(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		random := rand.New(rand.NewPCG(seed, 1))
		areas := testcounty.Small.Areas()
		levels := []coverage.Level{coverage.Micro}
		if seed > 0 {
			levels = coverage.Levels[:]
		}
		dirty := jitter(areas, random, 12, 0, levels...)
		c := clean(t, dirty, coverage.DefaultToleranceM)
		if len(c.Findings) > 0 {
			t.Fatalf("seed %d: %d findings, such as %+v", seed, len(c.Findings), c.Findings[0])
		}
		if len(c.Changed) < 100 || len(c.Repairs) < 1000 {
			t.Fatalf("seed %d: only %d areas changed by %d repairs", seed, len(c.Changed), len(c.Repairs))
		}
		exact(t, c.Areas)
		for i, area := range c.Areas {
			before, after := coverage.AreaM2(dirty[i].Shape), coverage.AreaM2(area.Shape)
			if len(area.Shape) != 1 || after < 0.99*before || after > 1.01*before {
				t.Fatalf("area %s has %d polygons, %.0f m² became %.0f m²", area.Code, len(area.Shape), before, after)
			}
		}
	}
}

// TestCleanFindsWhatIsTooWide leaves vertices out of wiggly borders, which makes gaps and overlaps of many metres.
func TestCleanFindsWhatIsTooWide(t *testing.T) {
	t.Parallel()
	areas := testcounty.Small.Areas()
	dirty := jitter(areas, rand.New(rand.NewPCG(5, 1)), 0, 0.1, coverage.Micro)
	c := clean(t, dirty, coverage.DefaultToleranceM)
	reasons := map[coverage.Reason]int{}
	for _, f := range c.Findings {
		reasons[f.Reason]++
		if f.WidthM <= coverage.DefaultToleranceM || f.AreaM2 <= 0 {
			t.Errorf("%+v is not too wide", f)
		}
		holds := map[coverage.Reason]func(area coverage.Area) bool{
			coverage.Gap:           func(area coverage.Area) bool { return area.Parent == f.Area },
			coverage.Overlap:       func(area coverage.Area) bool { return area.Code == f.Area || area.Code == f.Other },
			coverage.CrossesParent: func(area coverage.Area) bool { return area.Code == f.Area },
		}[f.Reason]
		if holds == nil {
			t.Fatalf("%+v is not what was drawn", f)
		}
		count := 0
		for _, area := range dirty {
			if holds(area) && area.Side(f.Place) == geo.Inside {
				count++
			}
		}
		if want := map[coverage.Reason]int{coverage.Gap: 0, coverage.Overlap: 2, coverage.CrossesParent: 1}[f.Reason]; count != want {
			t.Errorf("%+v: %d micro-grids hold the place", f, count)
		}
	}
	if reasons[coverage.Gap] < 50 || reasons[coverage.Overlap] < 50 || reasons[coverage.CrossesParent] < 50 {
		t.Errorf("findings %v", reasons)
	}
}

// anyAreas draws a few areas of two levels on a coarse grid, so that they cross, touch and overlie each other and
// themselves, in every way.
func anyAreas(t *rapid.T, step int32) []coverage.Area {
	ring := rapid.Custom(func(t *rapid.T) coverage.Ring {
		return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) geo.Point {
			return geo.Point{Lon: step * rapid.Int32Range(0, 8).Draw(t, "lon"), Lat: step * rapid.Int32Range(0, 8).Draw(t, "lat")}
		}), 3, 7).Draw(t, "ring")
	})
	shape := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) coverage.Polygon {
		return rapid.SliceOfN(ring, 1, 2).Draw(t, "polygon")
	}), 1, 2)
	var areas []coverage.Area
	for i := range rapid.IntRange(1, 2).Draw(t, "tops") {
		areas = append(areas, coverage.Area{Code: string(rune('1' + i)), Level: coverage.County, Shape: shape.Draw(t, "top")})
	}
	tops := len(areas)
	for i := range rapid.IntRange(0, 3).Draw(t, "children") {
		parent := areas[rapid.IntRange(0, tops-1).Draw(t, "parent")].Code
		areas = append(areas, coverage.Area{Code: parent + string(rune('a'+i)), Parent: parent, Level: coverage.Town, Shape: shape.Draw(t, "child")})
	}
	return areas
}

// cleanAnything checks all that Clean promises on whatever is drawn.
func cleanAnything(t *rapid.T) {
	step := rapid.SampledFrom([]int32{1, 3, 1000}).Draw(t, "step")
	areas := anyAreas(t, step)
	toleranceM := rapid.SampledFrom([]float64{0, 0.02, 10, 40, 1000}).Draw(t, "tolerance")
	c, err := coverage.Clean(areas, toleranceM)
	if err != nil {
		t.Fatal(err)
	}
	var left []coverage.Area // all but those that vanished
	vanished := map[string]bool{}
	for _, f := range c.Findings {
		if f.Reason == coverage.Vanished {
			vanished[f.Area] = true
		}
	}
	for _, area := range c.Areas {
		if !vanished[area.Code] && !vanished[area.Parent] {
			left = append(left, area)
		}
	}
	// Their edges meet in their ends only.
	var edges []noding.Edge
	for _, area := range left {
		for _, polygon := range area.Shape {
			for j, ring := range polygon {
				if turn := geo.TwiceArea(ring).Sign(); slices.Contains(c.Changed, slices.IndexFunc(areas, func(a coverage.Area) bool { return a.Code == area.Code })) &&
					turn > 0 != (j == 0) {
					t.Fatalf("ring %d of %s runs the wrong way: %v", j, area.Code, polygon)
				}
				a := ring[len(ring)-1]
				for _, b := range ring {
					if a != b {
						edges = append(edges, noding.Edge{A: a, B: b})
					}
					a = b
				}
			}
		}
	}
	if cuts := noding.Node(edges); len(cuts) > 0 {
		t.Fatalf("edges have to be cut: %v", cuts)
	}
	// No lattice point is inside two areas of a level, or inside a child and outside its parent.
	byCode := map[string]coverage.Area{}
	for _, area := range left {
		byCode[area.Code] = area
	}
	for range 200 {
		p := geo.Point{Lon: rapid.Int32Range(0, 8*step).Draw(t, "lon"), Lat: rapid.Int32Range(0, 8*step).Draw(t, "lat")}
		inside := map[coverage.Level]string{}
		for _, area := range left {
			if area.Side(p) != geo.Inside {
				continue
			}
			if other, twice := inside[area.Level]; twice {
				t.Fatalf("%v is inside %s and %s", p, other, area.Code)
			}
			inside[area.Level] = area.Code
			if area.Parent != "" && byCode[area.Parent].Side(p) == geo.Outside {
				t.Fatalf("%v is inside %s and outside its parent", p, area.Code)
			}
		}
	}
	// Cleaning again changes nothing, and finds only what no child or no area covers.
	again, err := coverage.Clean(left, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(again.Changed) > 0 {
		t.Fatalf("cleaning again changes %v: %v was %v", again.Changed, again.Areas[again.Changed[0]], left[again.Changed[0]])
	}
	for _, f := range again.Findings {
		if f.Reason != coverage.Gap && f.Reason != coverage.Hole {
			t.Fatalf("cleaning again finds %+v", f)
		}
	}
}

func TestCleanAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, cleanAnything)
}

func FuzzClean(f *testing.F) { f.Fuzz(rapid.MakeFuzz(cleanAnything)) }

// TestCleanKeepsWhatIsClear compares with the windings of the drawing: a point that one area of a level goes around once, and
// the others not at all, stays with it, however badly the rest fits, unless it lies outside the parent.
func TestCleanKeepsWhatIsClear(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		areas := anyAreas(t, 10_000)
		c, err := coverage.Clean(areas, 0)
		if err != nil {
			t.Fatal(err)
		}
		after := map[string]coverage.Area{}
		for _, area := range c.Areas {
			after[area.Code] = area
		}
		for range 100 {
			p := geo.Point{Lon: rapid.Int32Range(0, 80_000).Draw(t, "lon"), Lat: rapid.Int32Range(0, 80_000).Draw(t, "lat")}
			owners := map[coverage.Level][]coverage.Area{}
			for _, area := range areas {
				times, near := windingAt(area, p)
				if near {
					owners = nil // rounding may have moved the border over it
					break
				}
				if times >= 1 {
					owners[area.Level] = append(owners[area.Level], area)
				}
			}
			for _, level := range []coverage.Level{coverage.County, coverage.Town} {
				if len(owners[level]) != 1 {
					continue
				}
				owner := owners[level][0]
				if level == coverage.Town && (len(owners[coverage.County]) != 1 || owners[coverage.County][0].Code != owner.Parent) {
					continue
				}
				if after[owner.Code].Side(p) != geo.Inside {
					t.Fatalf("%v was in %s alone", p, owner.Code)
				}
			}
		}
	})
}

// windingAt counts how often an area goes around p, shells taken counter-clockwise and holes clockwise; near tells whether p is
// within ten steps of an edge.
func windingAt(area coverage.Area, p geo.Point) (times int, near bool) {
	for _, polygon := range area.Shape {
		for j, ring := range polygon {
			side := 1
			if geo.TwiceArea(ring).Sign() < 0 != (j > 0) {
				side = -1
			}
			a := ring[len(ring)-1]
			for _, b := range ring {
				dx, dy := float64(b.Lon-a.Lon), float64(b.Lat-a.Lat)
				px, py := float64(p.Lon-a.Lon), float64(p.Lat-a.Lat)
				if off := px*dy - py*dx; off*off <= 100*(dx*dx+dy*dy) {
					near = true
				}
				if a.Lat <= p.Lat && p.Lat < b.Lat && geo.Orient(a, b, p) > 0 {
					times += side
				}
				if b.Lat <= p.Lat && p.Lat < a.Lat && geo.Orient(a, b, p) < 0 {
					times -= side
				}
				a = b
			}
		}
	}
	return times, near
}

// TestCleanClosesOpenGaps has two counties side by side whose common border each has drawn for itself: the gap between them is
// open at both ends, and in the north it grows wide.
func TestCleanClosesOpenGaps(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 3))
	west, east := ring(0, 10_000, -50_000, 10_000, -50_000, 0, 0, 0), ring(500, 10_000, 50_000, 10_000, 50_000, 0, 15, 0)
	for lat := int32(200); lat < 9000; lat += 200 {
		west = append(west, geo.Point{Lon: random.Int32N(20) - 10, Lat: lat + random.Int32N(20)})
	}
	for lat := int32(200); lat < 9000; lat += 300 {
		east = append(east, geo.Point{Lon: 5 + random.Int32N(20), Lat: lat + random.Int32N(20)})
	}
	slices.Reverse(west)
	areas := []coverage.Area{{Code: "1", Level: coverage.County, Shape: shape(west)}, {Code: "2", Level: coverage.County, Shape: shape(east)}}
	c := clean(t, areas, coverage.DefaultToleranceM)
	if len(c.Findings) > 0 || len(c.Changed) != 2 || !slices.ContainsFunc(c.Repairs, func(r coverage.Repair) bool { return r.Reason == coverage.Gap }) {
		t.Fatalf("changed %v, repairs %+v, findings %+v", c.Changed, c.Repairs, c.Findings)
	}
	for lat := int32(200); lat < 8800; lat += 7 {
		for lon := int32(-20); lon < 30; lon++ {
			p := geo.Point{Lon: lon, Lat: lat}
			a, b := c.Areas[0].Side(p), c.Areas[1].Side(p)
			if a == geo.Outside && b == geo.Outside || a == geo.Inside && b != geo.Outside || b == geo.Inside && a != geo.Outside {
				t.Fatalf("%v is %v of the western and %v of the eastern county", p, a, b)
			}
		}
	}
	if far := (geo.Point{Lon: 200, Lat: 9900}); c.Areas[0].Side(far) != geo.Outside || c.Areas[1].Side(far) != geo.Outside {
		t.Errorf("the wide end of the gap was closed, too")
	}
	for i, area := range c.Areas {
		if before, after := coverage.AreaM2(areas[i].Shape), coverage.AreaM2(area.Shape); after < 0.999*before || after > 1.001*before {
			t.Errorf("county %s: %.0f m² became %.0f m²", area.Code, before, after)
		}
	}
}

// TestCleanEdgeBentByRounding is a case in which a piece of one edge joins the ends of another that was cut and bent: it got
// lost, and with it the side on which areas lie, so that areas were found to overlap where they do not.
func TestCleanEdgeBentByRounding(t *testing.T) {
	t.Parallel()
	areas := []coverage.Area{
		{Code: "1", Parent: "", Level: coverage.Community, Shape: []coverage.Polygon{{{{Lon: -7871, Lat: 95872}, {Lon: 39400, Lat: 5796}, {Lon: 39963, Lat: 7932}}}}},
		{Code: "14", Parent: "1", Level: coverage.Grid, Shape: []coverage.Polygon{{{{Lon: 18084, Lat: 43095}, {Lon: 19839, Lat: 43508}, {Lon: 20129, Lat: 43899}}}}},
		{Code: "16", Parent: "1", Level: coverage.Grid, Shape: []coverage.Polygon{{{{Lon: 21557, Lat: 42929}, {Lon: 11782, Lat: 43416}, {Lon: 11029, Lat: 44203}}}}},
		{Code: "17", Parent: "1", Level: coverage.Grid, Shape: []coverage.Polygon{{{{Lon: 20142, Lat: 43900}, {Lon: 19830, Lat: 43498}, {Lon: 40704, Lat: 38046}}}}},
		{Code: "176", Parent: "17", Level: coverage.Micro, Shape: []coverage.Polygon{{{{Lon: 20129, Lat: 43899}, {Lon: 19866, Lat: 43544}, {Lon: 19831, Lat: 43497}, {Lon: 28951, Lat: 40961}, {Lon: 20136, Lat: 45103}}}}},
	}
	for _, f := range clean(t, areas, coverage.DefaultToleranceM).Findings {
		if f.Reason != coverage.Overlap {
			continue
		}
		for _, area := range areas {
			if (area.Code == f.Area || area.Code == f.Other) && area.Side(f.Place) == geo.Outside {
				t.Errorf("%s does not reach %+v", area.Code, f)
			}
		}
	}
}

// TestCleanOfNothing has areas whose drawing encloses no ground.
func TestCleanOfNothing(t *testing.T) {
	t.Parallel()
	if c := clean(t, nil, 1); len(c.Areas)+len(c.Findings) > 0 {
		t.Errorf("of no areas: %+v", c)
	}
	for name, drawn := range map[string][]coverage.Polygon{
		"no polygon": nil, "no ring": {{}}, "a point": shape(ring(5, 5)), "there and back": shape(ring(0, 0, 10, 0)), "a line": shape(ring(0, 0, 10, 0, 20, 0)),
	} {
		c := clean(t, []coverage.Area{{Code: "1", Level: coverage.County, Shape: drawn}}, 1)
		if len(c.Findings) != 1 || c.Findings[0].Reason != coverage.Vanished || c.Findings[0].Area != "1" {
			t.Errorf("%s: %+v", name, c.Findings)
		}
	}
	if _, err := coverage.Clean([]coverage.Area{{Code: "1", Level: 5}}, 1); err == nil {
		t.Error("a level beyond the last was taken")
	}
}
