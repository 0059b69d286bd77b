package coverage_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/geo/internal/testcounty"
)

// BenchmarkBuild builds the county of 20,736 micro-grids; the baseline hashes the same vertices into a Go map, which is
// the least that any search for shared vertices does.
func BenchmarkBuild(b *testing.B) {
	areas := testcounty.County.Areas()
	vertices := 0
	for _, area := range areas {
		for _, r := range area.Shape[0] {
			vertices += len(r)
		}
	}
	baseline := time.Now()
	seen := map[geo.Point]int32{}
	for _, area := range areas {
		for _, p := range area.Shape[0][0] {
			seen[p]++
		}
	}
	baselineNs := float64(time.Since(baseline).Nanoseconds())
	b.ResetTimer()
	for b.Loop() {
		if _, err := coverage.Build(areas); err != nil {
			b.Fatal(err)
		}
	}
	perBuild := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
	b.ReportMetric(perBuild/float64(vertices), "ns/vertex")
	b.ReportMetric(perBuild/baselineNs, "×map")
}

func BenchmarkLabel(b *testing.B) {
	areas := testcounty.County.Areas()
	b.ResetTimer()
	for b.Loop() {
		b.StopTimer()
		c, err := coverage.Build(areas)
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		for id := range coverage.ID(c.Len()) {
			c.Label(id)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(areas)), "ns/area")
}

// BenchmarkClean cleans the county drawn to the vertex, and BenchmarkCleanDirty a small one whose every micro-grid is drawn with its
// own errors of up to 0.2 m. The baseline is Build of the same areas, which only looks for shared vertices.
func BenchmarkClean(b *testing.B) { benchmarkClean(b, testcounty.County.Areas()) }

func BenchmarkCleanDirty(b *testing.B) {
	benchmarkClean(b, jitter(testcounty.Small.Areas(), rand.New(rand.NewPCG(3, 4)), 12, 0, coverage.Micro))
}

func benchmarkClean(b *testing.B, areas []coverage.Area) {
	b.Helper()
	vertices := 0
	for _, area := range areas {
		vertices += len(area.Shape[0][0])
	}
	began := time.Now()
	build(b, areas...)
	baselineNs := float64(time.Since(began).Nanoseconds())
	for b.Loop() {
		clean(b, areas, coverage.DefaultToleranceM)
	}
	perClean := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
	b.ReportMetric(perClean/float64(vertices), "ns/vertex")
	b.ReportMetric(baselineNs/float64(vertices), "Build-ns/vertex")
	b.ReportMetric(perClean/baselineNs, "×Build")
}
