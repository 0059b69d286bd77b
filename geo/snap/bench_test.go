package snap_test

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"
	"github.com/tidwall/rtree"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/geo/internal/testcounty"
	"jingwei/geo/snap"
)

// orbIndex is what one would write with libraries alone: an R-tree of boxes, and orb/planar on the polygons it finds.
type orbIndex struct {
	tree     rtree.RTreeG[int]
	polygons []orb.Polygon
}

func newOrbIndex(polygons []orb.Polygon) *orbIndex {
	x := &orbIndex{polygons: polygons}
	for i, polygon := range polygons {
		bound := polygon.Bound()
		x.tree.Insert(bound.Min, bound.Max, i)
	}
	return x
}

func (x *orbIndex) locate(p orb.Point) int {
	found := -1
	x.tree.Search(p, p, func(_, _ [2]float64, i int) bool {
		if planar.PolygonContains(x.polygons[i], p) {
			found = i
		}
		return found < 0
	})
	return found
}

// micros are the shapes of the micro-grids.
func micros(c *coverage.Coverage) []orb.Polygon {
	var polygons []orb.Polygon
	for id := range coverage.ID(c.Len()) {
		if c.Level(id) != coverage.Micro {
			continue
		}
		var ring orb.Ring
		for _, p := range c.Area(id).Shape[0][0] {
			ring = append(ring, p.Orb())
		}
		polygons = append(polygons, orb.Polygon{append(ring, ring[0])})
	}
	return polygons
}

func randomPoints(c *coverage.Coverage, n int) []geo.Point {
	low, high, _ := c.Bounds()
	random := rand.New(rand.NewPCG(7, 8))
	points := make([]geo.Point, n)
	for i := range points {
		points[i] = geo.Point{Lon: low.Lon + random.Int32N(high.Lon-low.Lon), Lat: low.Lat + random.Int32N(high.Lat-low.Lat)}
	}
	return points
}

func county(b *testing.B) *coverage.Coverage {
	b.Helper()
	c, err := coverage.Build(testcounty.County.Areas())
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// sample is how many different points benchmarks look up.
const sample = 1 << 20

// stretch times a function over the i-th stretch of n of the sample: ns a point.
func stretch(points []geo.Point, i, n int, f func([]geo.Point)) float64 {
	from := i * n % sample
	begin := time.Now()
	f(points[from : from+n])
	return float64(time.Since(begin).Nanoseconds()) / float64(n)
}

// median makes figures of the two sides comparable that were measured by turns on a machine that others use too.
func median(numbers []float64) float64 {
	slices.Sort(numbers)
	return numbers[len(numbers)/2]
}

// benchmarkAgainst measures by turns and reports ns/point and the ratio to the baseline.
func benchmarkAgainst(b *testing.B, name string, points, others []geo.Point, slower int, f, baseline func([]geo.Point)) {
	b.Helper()
	var ours, theirs []float64
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		ours = append(ours, stretch(points, i, 1<<16, f))
		theirs = append(theirs, stretch(others, i, 1<<16/slower, baseline))
	}
	b.ReportMetric(median(ours), "ns/point")
	b.ReportMetric(median(theirs), name+"-ns/point")
	if slower > 1 {
		b.ReportMetric(median(theirs)/median(ours), "×"+name)
	} else {
		b.ReportMetric(median(ours)/median(theirs), "×"+name)
	}
}

func oneByOne(x *snap.Index) func([]geo.Point) {
	return func(points []geo.Point) {
		found := 0
		for _, p := range points {
			found += int(x.Locate(p))
		}
		runtime.KeepAlive(found)
	}
}

func together(x *snap.Index) func([]geo.Point) {
	owners := make([]coverage.ID, sample)
	return func(points []geo.Point) { x.LocateAll(points, owners) }
}

// BenchmarkLocate looks up random points in the county, one by one and together.
func BenchmarkLocate(b *testing.B) {
	c := county(b)
	x, points, slow := snap.Build(c), randomPoints(c, sample), newOrbIndex(micros(c))
	withOrb := func(points []geo.Point) {
		found := 0
		for _, p := range points {
			found += slow.locate(p.Orb())
		}
		runtime.KeepAlive(found)
	}
	b.Run("one", func(b *testing.B) { benchmarkAgainst(b, "orb", points, points, 64, oneByOne(x), withOrb) })
	b.Run("batch", func(b *testing.B) { benchmarkAgainst(b, "orb", points, points, 64, together(x), withOrb) })
}

// kept is what stays in memory of what f makes.
func kept[T any](f func() T) (made T, bytes float64) {
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	made = f()
	return made, float64(heap()) - float64(before)
}

// BenchmarkBuild also reports what the index keeps in memory besides the coverage.
func BenchmarkBuild(b *testing.B) {
	c := county(b)
	polygons := micros(c)
	x, bytes := kept(func() *snap.Index { return snap.Build(c) })
	var ours, theirs []float64
	b.ResetTimer()
	for b.Loop() {
		begin := time.Now()
		x = snap.Build(c)
		ours = append(ours, time.Since(begin).Seconds())
		begin = time.Now()
		newOrbIndex(polygons)
		theirs = append(theirs, time.Since(begin).Seconds())
	}
	b.ReportMetric(median(ours), "s/build")
	b.ReportMetric(bytes/1e6, "MB-kept")
	b.ReportMetric(median(ours)/median(theirs), "×orb")
	runtime.KeepAlive(x)
}

// BenchmarkProvince is the county fifty times over: a million micro-grids in one index. It takes 7 GB and a minute; -short leaves
// it out.
func BenchmarkProvince(b *testing.B) {
	if testing.Short() {
		b.Skip("takes 7 GB")
	}
	type built struct {
		c *coverage.Coverage
		x *snap.Index
	}
	var seconds float64
	big, bytes := kept(func() built {
		areas := testcounty.Province.Areas()
		begin := time.Now()
		c, err := coverage.Build(areas)
		if err != nil {
			b.Fatal(err)
		}
		x := snap.Build(c)
		seconds = time.Since(begin).Seconds()
		return built{c, x}
	})
	b.Run("build", func(b *testing.B) {
		for b.Loop() { // once is enough, and is done
		}
		b.ReportMetric(seconds, "s/build")
		b.ReportMetric(bytes/1e6, "MB-kept")
	})
	small := county(b)
	y, points, others := snap.Build(small), randomPoints(big.c, sample), randomPoints(small, sample)
	b.Run("one", func(b *testing.B) { benchmarkAgainst(b, "county", points, others, 1, oneByOne(big.x), oneByOne(y)) })
	b.Run("batch", func(b *testing.B) { benchmarkAgainst(b, "county", points, others, 1, together(big.x), together(y)) })
}

// BenchmarkSkewed looks up points in the county where it is a small part of the bounds, against the county alone.
func BenchmarkSkewed(b *testing.B) {
	alone := county(b)
	y, points := snap.Build(alone), randomPoints(alone, sample)
	for _, s := range []struct {
		name  string
		areas []coverage.Area
	}{
		{"margin", []coverage.Area{boxDeg("9", 117.7, 29.3, 121.7, 33.3)}},
		{"twenty-degrees", shifted(testcounty.County, "9", 99.5, 31.1)},
		{"far", []coverage.Area{boxDeg("9", -150, -60, -149.9, -59.9)}},
	} {
		c, err := coverage.Build(append(testcounty.County.Areas(), s.areas...))
		if err != nil {
			b.Fatal(err)
		}
		begin := time.Now()
		x, bytes := kept(func() *snap.Index { return snap.Build(c) })
		seconds := time.Since(begin).Seconds()
		for name, locate := range map[string]func(*snap.Index) func([]geo.Point){"one": oneByOne, "batch": together} {
			b.Run(s.name+"/"+name, func(b *testing.B) {
				benchmarkAgainst(b, "county", points, points, 1, locate(x), locate(y))
				b.ReportMetric(bytes/1e6, "MB-kept")
				b.ReportMetric(seconds, "s/build")
			})
		}
	}
}
