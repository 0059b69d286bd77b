package snap_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/geo/internal/testcounty"
)

// shifted is a county at another place under codes of its own.
func shifted(size testcounty.Size, prefix string, westDeg, southDeg float64) []coverage.Area {
	size.WestDeg, size.SouthDeg = westDeg, southDeg
	areas := size.Areas()
	for i := range areas {
		areas[i].Code = prefix + areas[i].Code
		if areas[i].Parent != "" {
			areas[i].Parent = prefix + areas[i].Parent
		}
	}
	return areas
}

// boxDeg is a county that is a box and nothing in it.
func boxDeg(code string, westDeg, southDeg, eastDeg, northDeg float64) coverage.Area {
	low, _ := geo.PointOf(westDeg, southDeg)
	high, _ := geo.PointOf(eastDeg, northDeg)
	return area(code, "", coverage.County, box(low.Lon, low.Lat, high.Lon, high.Lat))
}

// skewed are coverages most of whose edges lie in a few cells of a raster over the bounds.
func skewed() map[string][]coverage.Area {
	small := testcounty.Small
	tiny := small
	tiny.CellDeg = 1e-5
	squares := []coverage.Area{boxDeg("9", -100, -50, 100, 50)}
	for i := range int32(900) {
		west, south := 10*(i%30), 10*(i/30)
		squares = append(squares, area(fmt.Sprintf("0%03d", i), "", coverage.Town, box(west, south, west+10, south+10)))
	}
	return map[string][]coverage.Area{
		"many small areas of few edges in a big one": squares,
		"tiny county at the other end of the world":  append(small.Areas(), shifted(tiny, "2", -119.5, -50)...),
		"county and a box at the other end":          append(small.Areas(), boxDeg("9", -150, -60, -149, -59)),
		"county in a wide margin":                    append(small.Areas(), boxDeg("9", 117, 29, 122, 33)),
		"counties 20° apart":                         append(small.Areas(), shifted(small, "2", 99.5, 31.1)...),
		"tiny county in a county in the world":       slices.Concat(small.Areas(), shifted(tiny, "2", 119.52, 31.12), []coverage.Area{boxDeg("9", -180, -90, 180, 90)}),
	}
}

// TestLocateAgreesOnSkewedCoverages asks near all vertices and midpoints, on and beside the borders of nested cells and of
// their cells, and at random near by.
func TestLocateAgreesOnSkewedCoverages(t *testing.T) {
	t.Parallel()
	for name, areas := range skewed() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, x := build(t, areas)
			if x.Depth() == 0 {
				t.Fatal("no cell is crowded")
			}
			random := rand.New(rand.NewPCG(11, 12))
			points := x.Corners(random, 400)
			vertices := c.Vertices()
			for range 1200 {
				i := 1 + random.IntN(len(vertices)-1)
				p, q := vertices[i], vertices[i-1]
				points = append(points, p, geo.Point{Lon: int32((int64(p.Lon) + int64(q.Lon)) / 2), Lat: int32((int64(p.Lat) + int64(q.Lat)) / 2)})
				points = append(points, geo.Point{Lon: p.Lon + random.Int32N(2001) - 1000, Lat: p.Lat + random.Int32N(2001) - 1000})
				points = append(points, around(p)[random.IntN(9)])
			}
			mustAgree(t, c, x, points)
		})
	}
}

// TestLocateAgreesOnAnythingNested compares where several coverages of any shape, overlapping and self-crossing, crowd in
// cells of a raster over the world.
func TestLocateAgreesOnAnythingNested(t *testing.T) {
	t.Parallel()
	deepest := 0
	rapid.Check(t, func(t *rapid.T) {
		var areas []coverage.Area
		scale := rapid.SampledFrom([]int32{3, 1000, 100_000}).Draw(t, "scale")
		for i := range rapid.IntRange(1, 4).Draw(t, "heaps") {
			for _, a := range drawAreas(t, scale) {
				a.Code = fmt.Sprint(i, a.Code)
				if a.Parent != "" {
					a.Parent = fmt.Sprint(i, a.Parent)
				}
				areas = append(areas, a)
			}
		}
		lon := rapid.SampledFrom([]int32{-geo.MaxLon, -100_000_007, geo.MaxLon - 1000}).Draw(t, "far")
		areas = append(areas, area("far", "", coverage.County, box(lon, -geo.MaxLat, lon+1000, geo.MaxLat)))
		c, x := build(t, areas)
		deepest = max(deepest, x.Depth())
		random := rand.New(rand.NewPCG(13, 14))
		points := x.Corners(random, 100)
		for lon := int32(-1); lon <= 8; lon++ {
			for lat := int32(-4); lat <= 5; lat++ {
				p := geo.Point{Lon: lon * scale, Lat: lat * scale}
				points = append(points, p, geo.Point{Lon: p.Lon + scale/2, Lat: p.Lat + scale/3}, around(p)[random.IntN(9)])
			}
		}
		mustAgree(t, c, x, points)
	})
	if deepest == 0 {
		t.Error("no cell was ever crowded")
	}
}

// TestNestingStops lets hundreds of long edges run side by side a lattice step apart: however small the cells, all crowd in those
// that one of them touches, and nested indexes must not keep them over and over.
func TestNestingStops(t *testing.T) {
	t.Parallel()
	var areas []coverage.Area
	for i := range int32(400) {
		areas = append(areas, area(fmt.Sprintf("%03d", i), "", coverage.Town, ring(-1_000_000_000, 2*i, 1_000_000_000, 2*i+1, 0, 800_000_000-i)))
	}
	c, x := build(t, areas)
	edges := len(c.Vertices())
	if words := x.Words(); words > 400*edges {
		t.Errorf("%d words are kept for %d edges", words, edges)
	}
	random := rand.New(rand.NewPCG(15, 16))
	points := x.Corners(random, 200)
	for range 200 {
		points = append(points, geo.Point{Lon: random.Int32N(1000) - 500, Lat: random.Int32N(900) - 50})
	}
	mustAgree(t, c, x, points)
}

// TestNearestInSkewedCoverages compares with an index of the county alone, whose raster is uniform.
func TestNearestInSkewedCoverages(t *testing.T) {
	t.Parallel()
	c, alone := build(t, testcounty.Small.Areas())
	low, high, _ := c.Bounds()
	for name, areas := range map[string][]coverage.Area{
		"box at the other end": append(testcounty.Small.Areas(), boxDeg("9", -150, -60, -149, -59)),
		"counties 20° apart":   append(testcounty.Small.Areas(), shifted(testcounty.Small, "9", 99.5, 31.1)...),
	} {
		both, x := build(t, areas)
		random, found := rand.New(rand.NewPCG(17, 18)), 0
		for range 300 {
			p := geo.Point{
				Lon: low.Lon - 3_000_000 + random.Int32N(high.Lon-low.Lon+6_000_000),
				Lat: low.Lat - 3_000_000 + random.Int32N(high.Lat-low.Lat+6_000_000),
			}
			for _, withinM := range []float64{500, math.Inf(1)} {
				want, wantM := alone.Nearest(p, withinM)
				got, gotM := x.Nearest(p, withinM)
				if gotM != wantM || (got == coverage.None) != (want == coverage.None) || got != coverage.None && both.Code(got) != c.Code(want) {
					t.Fatalf("%s: Nearest(%v, %v) = %d at %v m, want %d at %v m", name, p, withinM, got, gotM, want, wantM)
				}
				if wantM > 0 {
					found++
				}
			}
		}
		if found < 100 {
			t.Errorf("%s: only %d points lay outside", name, found)
		}
	}
}
