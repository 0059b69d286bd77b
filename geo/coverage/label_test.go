package coverage_test

import (
	"math"
	"testing"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/geo/internal/testcounty"
)

// TestLabelsAreWellInside wants every label inside and at least a third as far from the border as a circle would reach
// that has the area's area: what a blob of some shape allows, and a centroid near a border does not.
func TestLabelsAreWellInside(t *testing.T) {
	t.Parallel()
	c := build(t, testcounty.Small.Areas()...)
	for id := range coverage.ID(c.Len()) {
		area, p := c.Area(id), c.Label(id)
		if area.Side(p) != geo.Inside {
			t.Fatalf("%s: the label %v is not inside", area.Code, p)
		}
		nearest := math.Inf(1)
		for _, v := range area.Shape[0][0] {
			nearest = min(nearest, math.Hypot(float64(v.Lon-p.Lon), float64(v.Lat-p.Lat)))
		}
		if radius := math.Sqrt(geo.TwiceArea(area.Shape[0][0]).Float64() / 2 / math.Pi); nearest < radius/3 {
			t.Errorf("%s: the label is %.0f from the border of an area of radius %.0f", area.Code, nearest, radius)
		}
		if c.Label(id) != p {
			t.Errorf("%s: the label moves", area.Code)
		}
	}
}

func TestLabelsOfOddShapes(t *testing.T) {
	t.Parallel()
	for name, area := range map[string]coverage.Area{
		"U":               {Shape: shape(ring(0, 0, 90, 0, 90, 90, 60, 90, 60, 30, 30, 30, 30, 90, 0, 90))},
		"ring":            {Shape: shape(box(0, 0, 90, 90), box(10, 10, 80, 80))},
		"sliver":          {Shape: shape(ring(0, 0, 1000000, 3, 1000000, 5))},
		"needle":          {Shape: shape(ring(0, 0, 5, 1000000, 7, 1000000))},
		"islands":         {Shape: []coverage.Polygon{{box(0, 0, 3, 3)}, {box(100, 100, 200, 200)}}},
		"at a pole":       {Shape: shape(box(-geo.MaxLon, geo.MaxLat-90, geo.MaxLon, geo.MaxLat))},
		"the whole world": {Shape: shape(box(-geo.MaxLon, -geo.MaxLat, geo.MaxLon, geo.MaxLat))},
		"small square":    {Shape: shape(box(0, 0, 2, 2))},
	} {
		area.Code = name
		c := build(t, area)
		if p := c.Label(0); c.Area(0).Side(p) != geo.Inside {
			t.Errorf("%s: the label %v is not inside", name, p)
		}
	}
	c := build(t, coverage.Area{Code: "islands", Shape: []coverage.Polygon{{box(0, 0, 3, 3)}, {box(100, 100, 200, 200)}}})
	if p := c.Label(0); p.Lon < 140 || p.Lon > 160 {
		t.Errorf("the label %v is not in the middle of the larger island", p)
	}
	// No lattice point is inside this one.
	tiny := build(t, coverage.Area{Code: "tiny", Shape: shape(ring(0, 0, 1, 0, 0, 1))})
	if p := tiny.Label(0); tiny.Area(0).Side(p) != geo.Border {
		t.Errorf("the label %v should be a vertex", p)
	}
}
