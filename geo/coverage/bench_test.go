package coverage_test

import (
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
