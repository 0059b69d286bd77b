package coverage_test

import (
	"testing"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/geo/internal/testcounty"
)

func TestCheckOfACounty(t *testing.T) {
	t.Parallel()
	if findings := build(t, testcounty.Small.Areas()...).Check(coverage.Norms{}); len(findings) > 0 {
		t.Errorf("findings %+v", findings)
	}
}

// TestCheckNamesReasonAndPlace has one fault each, in a county of 20 × 10 km of two towns side by side.
func TestCheckNamesReasonAndPlace(t *testing.T) {
	t.Parallel()
	const n = 1_000_000
	county := coverage.Area{Code: "1", Level: coverage.County, Shape: shape(ring(0, 0, n, 0, 2*n, 0, 2*n, n, n, n, 0, n))}
	town := func(code string, polygons ...coverage.Polygon) coverage.Area {
		return coverage.Area{Code: code, Parent: "1", Level: coverage.Town, Shape: polygons}
	}
	alone := func(rings ...coverage.Ring) []coverage.Area {
		return []coverage.Area{{Code: "1", Level: coverage.County, Shape: shape(rings...)}}
	}
	west, east := town("1a", coverage.Polygon{box(0, 0, n, n)}), town("1b", coverage.Polygon{box(n, 0, 2*n, n)})
	island := box(n+1000, 500, n+2000, 1500)
	for name, test := range map[string]struct {
		areas  []coverage.Area
		norms  coverage.Norms
		reason coverage.Reason
		area   string
		within coverage.Ring // where the place must be
		width  float64       // m
	}{
		"gap": {
			areas:  []coverage.Area{county, west, town("1b", coverage.Polygon{box(n+3, 0, 2*n, n)})},
			reason: coverage.Gap, area: "1", within: box(n, 0, n+3, n), width: 0.033,
		},
		"overlap": {
			areas:  []coverage.Area{county, west, town("1b", coverage.Polygon{box(n-90, 0, 2*n, n)})},
			reason: coverage.Overlap, area: "1a", within: box(n-90, 0, n, n), width: 1,
		},
		"crosses parent": {
			areas:  []coverage.Area{county, town("1a", coverage.Polygon{box(-500, 0, n, n)}), east},
			reason: coverage.CrossesParent, area: "1a", within: box(-500, 0, 0, n), width: 5.56,
		},
		"not contiguous": {
			areas:  []coverage.Area{county, town("1a", coverage.Polygon{box(0, 0, n, n)}, coverage.Polygon{island}), town("1b", coverage.Polygon{box(n, 0, 2*n, n), island})},
			reason: coverage.NotContiguous, area: "1a", within: island,
		},
		"too small": {
			areas: []coverage.Area{county, west, east}, norms: coverage.Norms{MinAreaM2: [5]float64{coverage.County: 1e12}},
			reason: coverage.TooSmall, area: "1", within: county.Shape[0][0],
		},
		"missing vertex": {
			areas:  append(alone(box(0, 0, 2*n, n)), west, east),
			reason: coverage.MissingVertex, area: "1", within: box(n-1, 0, n+1, n),
		},
		"self touch": {
			areas:  alone(ring(0, 0, n, 0, n, n, 500, n, 500, n+400, 500, n, 0, n)),
			reason: coverage.SelfTouch, area: "1", within: box(500, n, 501, n+400),
		},
		"self crossing": {
			areas:  alone(ring(0, 0, n, n, n, 0, 0, n/2)),
			reason: coverage.SelfCrossing, area: "1", within: box(0, 0, n, n),
		},
		"hole": {
			areas:  alone(box(0, 0, n, n), box(900, 900, 1900, 1900)),
			reason: coverage.Hole, area: "1", within: box(900, 900, 1900, 1900), width: 11.1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			findings := build(t, test.areas...).Check(test.norms)
			for _, more := range findings[min(1, len(findings)):] {
				if more.Reason != coverage.MissingVertex { // the county has no vertex where the towns now end
					t.Errorf("found %+v, too", more)
				}
			}
			if len(findings) == 0 {
				t.Fatal("nothing was found")
			}
			f := findings[0]
			if f.Reason != test.reason || f.Area != test.area {
				t.Errorf("%+v, want %s of %s", f, test.reason, test.area)
			}
			if geo.SideOf(f.Place, test.within) == geo.Outside {
				t.Errorf("place %v is not in %v", f.Place, test.within)
			}
			if test.width > 0 && (f.WidthM < 0.9*test.width || f.WidthM > 1.1*test.width) {
				t.Errorf("width %v m, want %v m", f.WidthM, test.width)
			}
		})
	}
}

// TestFace takes the ground of children from a parent: nothing is left of one that they cover, all of one without children.
func TestFace(t *testing.T) {
	t.Parallel()
	c := build(
		t,
		coverage.Area{Code: "1", Level: coverage.County, Shape: shape(box(0, 0, 100, 100))},
		coverage.Area{Code: "1a", Parent: "1", Level: coverage.Town, Shape: shape(box(0, 0, 50, 100))},
		coverage.Area{Code: "1b", Parent: "1", Level: coverage.Town, Shape: shape(box(60, 20, 80, 40))},
	)
	county, _ := c.Find("1")
	face := c.Face(county)
	for p, want := range map[geo.Point]geo.Side{
		{Lon: 20, Lat: 20}: geo.Outside, {Lon: 55, Lat: 50}: geo.Inside, {Lon: 70, Lat: 30}: geo.Outside, {Lon: 60, Lat: 30}: geo.Border,
		{Lon: 50, Lat: 30}: geo.Border, {Lon: 99, Lat: 99}: geo.Inside, {Lon: 101, Lat: 1}: geo.Outside,
	} {
		if got := (coverage.Area{Shape: face}).Side(p); got != want {
			t.Errorf("%v is %v of the rest, want %v", p, got, want)
		}
	}
	town, _ := c.Find("1a")
	if !coverage.SameShape(c.Face(town), shape(box(0, 0, 50, 100))) {
		t.Errorf("the face of a town without children is %v", c.Face(town))
	}
	whole := build(t, testcounty.Small.Areas()...)
	if face := whole.Face(0); face != nil {
		t.Errorf("something is left of the county: %v", face)
	}
}
