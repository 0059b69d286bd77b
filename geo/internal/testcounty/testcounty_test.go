package testcounty_test

import (
	"testing"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/geo/internal/testcounty"
)

// TestCounty checks what the package promises: how many areas of each level, of how many vertices, nested and sharing
// every border to the vertex.
func TestCounty(t *testing.T) {
	t.Parallel()
	areas := testcounty.County.Areas()
	c, err := coverage.Build(areas)
	if err != nil {
		t.Fatal(err)
	}
	var count [len(coverage.Levels)]int
	for id := range coverage.ID(c.Len()) {
		level := c.Level(id)
		count[level]++
		switch {
		case level == coverage.Micro:
			if n := len(c.Area(id).Shape[0][0]); n != 54 {
				t.Fatalf("%s has %d vertices", c.Code(id), n)
			}
		case !c.Covered(id):
			t.Fatalf("%s is not covered by its children", c.Code(id))
		}
	}
	if want := [...]int{1, 18, 288, 3456, 20736}; count != want {
		t.Errorf("areas by level: %v, want %v", count, want)
	}
	low, high, _ := c.Bounds()
	southEast := geo.Point{Lon: high.Lon, Lat: low.Lat}
	if width, height := geo.DistanceM(low, southEast), geo.DistanceM(southEast, high); width < 55_000 || width > 65_000 || height < 55_000 || height > 65_000 {
		t.Errorf("the county is %.0f × %.0f m", width, height)
	}
}
