package snap_test

import (
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/geo/internal/testcounty"
	"jingwei/geo/snap"
)

// planarIndex is what one would write with orb alone: a coarse raster of candidates and orb/planar on them.
type planarIndex struct {
	low, step  orb.Point
	side       int
	candidates [][]int
	polygons   []orb.Polygon
	bounds     []orb.Bound
}

func newPlanarIndex(c *coverage.Coverage) *planarIndex {
	low, high, _ := c.Bounds()
	x := &planarIndex{low: low.Orb(), side: 300}
	x.step = orb.Point{(high.Orb()[0] - x.low[0]) / float64(x.side), (high.Orb()[1] - x.low[1]) / float64(x.side)}
	x.candidates = make([][]int, x.side*x.side)
	for id := range coverage.ID(c.Len()) {
		if c.Level(id) != coverage.Micro {
			continue
		}
		var r orb.Ring
		for _, p := range c.Area(id).Shape[0][0] {
			r = append(r, p.Orb())
		}
		polygon := orb.Polygon{append(r, r[0])}
		bound := polygon.Bound()
		for row := int((bound.Min[1] - x.low[1]) / x.step[1]); row <= min(x.side-1, int((bound.Max[1]-x.low[1])/x.step[1])); row++ {
			for col := int((bound.Min[0] - x.low[0]) / x.step[0]); col <= min(x.side-1, int((bound.Max[0]-x.low[0])/x.step[0])); col++ {
				x.candidates[row*x.side+col] = append(x.candidates[row*x.side+col], len(x.polygons))
			}
		}
		x.polygons = append(x.polygons, polygon)
		x.bounds = append(x.bounds, bound)
	}
	return x
}

func (x *planarIndex) locate(p orb.Point) int {
	col, row := int((p[0]-x.low[0])/x.step[0]), int((p[1]-x.low[1])/x.step[1])
	if col < 0 || row < 0 || col >= x.side || row >= x.side {
		return -1
	}
	for _, i := range x.candidates[row*x.side+col] {
		if x.bounds[i].Contains(p) && planar.PolygonContains(x.polygons[i], p) {
			return i
		}
	}
	return -1
}

func bigCounty(b *testing.B) (*coverage.Coverage, []geo.Point) {
	b.Helper()
	c, err := coverage.Build(testcounty.County.Areas())
	if err != nil {
		b.Fatal(err)
	}
	low, high, _ := c.Bounds()
	random := rand.New(rand.NewPCG(7, 8))
	points := make([]geo.Point, 1<<20)
	for i := range points {
		points[i] = geo.Point{Lon: low.Lon + random.Int32N(high.Lon-low.Lon), Lat: low.Lat + random.Int32N(high.Lat-low.Lat)}
	}
	return c, points
}

// BenchmarkLocate looks up a million random points one by one.
func BenchmarkLocate(b *testing.B) {
	c, points := bigCounty(b)
	slow := newPlanarIndex(c)
	begin, found := time.Now(), 0
	const sample = 200_000
	for _, p := range points[:sample] {
		found += slow.locate(p.Orb())
	}
	planarNs := float64(time.Since(begin).Nanoseconds()) / sample
	x := snap.Build(c)
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		found += int(x.Locate(points[i&(1<<20-1)]))
	}
	ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
	b.ReportMetric(planarNs, "planar-ns/point")
	b.ReportMetric(planarNs/ns, "×planar")
	runtime.KeepAlive(found)
}

func BenchmarkLocateAll(b *testing.B) {
	c, points := bigCounty(b)
	x, owners := snap.Build(c), make([]coverage.ID, len(points))
	b.ResetTimer()
	for b.Loop() {
		x.LocateAll(points, owners)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(points)), "ns/point")
}

// BenchmarkBuild also reports what the index keeps in memory besides the coverage.
func BenchmarkBuild(b *testing.B) {
	c, _ := bigCounty(b)
	begin := time.Now()
	newPlanarIndex(c)
	planarNs := float64(time.Since(begin).Nanoseconds())
	memory := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := memory()
	x := snap.Build(c)
	kept := memory() - before
	b.ResetTimer()
	for b.Loop() {
		x = snap.Build(c)
	}
	b.ReportMetric(float64(kept)/1e6, "MB-kept")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/planarNs, "×planar")
	runtime.KeepAlive(x)
}
