package snap_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/geo/internal/testcounty"
)

// walkM is the distance from p to the border of an area found by walking along it in small steps.
func walkM(p geo.Point, a coverage.Area) float64 {
	nearest := math.Inf(1)
	for _, polygon := range a.Shape {
		for _, r := range polygon {
			from := r[len(r)-1]
			for _, to := range r {
				for i := range 33 {
					part := float64(i) / 32
					nearest = min(nearest, geo.DistanceM(p, geo.Point{
						Lon: from.Lon + int32(math.Round(part*float64(to.Lon-from.Lon))),
						Lat: from.Lat + int32(math.Round(part*float64(to.Lat-from.Lat))),
					}))
				}
				from = to
			}
		}
	}
	return nearest
}

func TestNearestAgreesWithWalking(t *testing.T) {
	t.Parallel()
	size := testcounty.Small
	size.Towns = [2]int{1, 1}
	c, x := build(t, size.Areas())
	slow := newTwin(c)
	low, high, _ := c.Bounds()
	random := rand.New(rand.NewPCG(5, 6))
	outside := 0
	for range 200 {
		p := geo.Point{
			Lon: low.Lon - 200000 + random.Int32N(high.Lon-low.Lon+400000),
			Lat: low.Lat - 200000 + random.Int32N(high.Lat-low.Lat+400000),
		}
		owner, distanceM := x.Nearest(p, 1e6)
		if inside := slow.locate(p); inside != coverage.None {
			if owner != inside || distanceM != 0 {
				t.Fatalf("Nearest(%v) = %d, %v inside of %d", p, owner, distanceM, inside)
			}
			continue
		}
		outside++
		wantM := math.Inf(1)
		for id := range slow.areas {
			if len(slow.children[id]) == 0 {
				wantM = min(wantM, walkM(p, slow.areas[id]))
			}
		}
		// Walking in steps of some 7 m sees at most 3.5 m more than there is near by, and far less farther away.
		if distanceM > wantM+0.02 || distanceM < wantM-3.5 {
			t.Fatalf("Nearest(%v) is %v m away, walking says %v m", p, distanceM, wantM)
		}
		if own := walkM(p, slow.areas[owner]); own < distanceM-0.02 || own > distanceM+3.5 {
			t.Fatalf("Nearest(%v) names %s at %v m, which is %v m away", p, c.Code(owner), distanceM, own)
		}
		if none, _ := x.Nearest(p, distanceM-0.01); none != coverage.None {
			t.Fatalf("Nearest(%v) within %v m finds something, although it is %v m away", p, distanceM-0.01, distanceM)
		}
		if same, sameM := x.Nearest(p, distanceM); same != owner || sameM != distanceM {
			t.Fatalf("Nearest(%v) within exactly %v m gives %d, %v", p, distanceM, same, sameM)
		}
	}
	if outside < 50 {
		t.Errorf("only %d of the points were outside", outside)
	}
}

func TestNearestTies(t *testing.T) {
	t.Parallel()
	c, x := build(t, []coverage.Area{
		area("3", "", coverage.County, box(0, 0, 2000, 1000)),
		area("32", "3", coverage.Town, box(0, 0, 1000, 1000)),
		area("31", "3", coverage.Town, box(1000, 0, 2000, 1000)),
		area("4", "", coverage.County, box(0, -3000, 2000, -2000)),
	})
	for _, w := range []struct {
		lon, lat int32
		code     string
	}{{1000, 1200, "31"}, {900, 1200, "32"}, {-100, -100, "32"}, {1000, -1000, "31"}, {1000, -1001, "4"}, {5000, 1500, "31"}} {
		p := geo.Point{Lon: w.lon, Lat: w.lat}
		if id, d := x.Nearest(p, 1000); id == coverage.None || c.Code(id) != w.code || d <= 0 {
			t.Errorf("Nearest(%v) = %d at %v m, want %s", p, id, d, w.code)
		}
	}
	for _, withinM := range []float64{0, -1, math.NaN(), 0.5} {
		if id, d := x.Nearest(geo.Point{Lon: 5000, Lat: 1500}, withinM); id != coverage.None || d != 0 {
			t.Errorf("Nearest within %v m = %d, %v", withinM, id, d)
		}
	}
	for _, p := range []geo.Point{{Lat: geo.MaxLat}, {Lon: -geo.MaxLon, Lat: -geo.MaxLat}, {Lon: geo.MaxLon}} {
		if id, d := x.Nearest(p, math.Inf(1)); id == coverage.None || d < 9e6 {
			t.Errorf("Nearest(%v) = %d, %v", p, id, d)
		}
	}
}
