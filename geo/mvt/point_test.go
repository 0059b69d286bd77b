package mvt_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/paulmach/orb"

	"jingwei/geo"
	"jingwei/geo/mvt"
)

// Points in a tile are those in it and its buffer, with their properties; Bounds holds them all.
func TestPointsAreWhereTheyAre(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for name, center := range interesting() {
		for _, z := range []int{0, 4, 9, 15, 16} {
			points := make([]geo.Point, 300)
			spread := 400e7 / float64(int(1)<<z)
			for i := range points {
				lon := float64(center.Lon) + (random.Float64()-0.5)*spread
				lat := float64(center.Lat) + (random.Float64()-0.5)*spread
				points[i] = geo.Point{Lon: int32(min(max(lon, -geo.MaxLon), geo.MaxLon)), Lat: int32(min(max(lat, -84e7), 84e7))}
			}
			x, y := tileAt(center, z)
			low, high, ok := mvt.Bounds(z, x, y)
			if !ok {
				t.Fatalf("no bounds of %d/%d/%d", z, x, y)
			}
			seen := map[int]orb.Point{}
			for _, f := range decode(t, mvt.Points(z, x, y, "incident", []string{"at", "id"}, points, func(i int, f mvt.Feature) {
				f.Number(0, int64(i))
				f.Text(1, fmt.Sprint("#", i))
			}))["incident"] {
				i := int(f.Properties["at"].(float64))
				if f.Properties["id"] != fmt.Sprint("#", i) {
					t.Fatalf("%s: point %d has %v", name, i, f.Properties)
				}
				seen[i] = f.Geometry.(orb.Point)
			}
			for i, p := range points {
				want := onTile(p, z, x, y)
				beyond := max(-want[0], want[0]-mvt.Extent, -want[1], want[1]-mvt.Extent)
				got, in := seen[i]
				if in && beyond > 65 || !in && beyond < 63 {
					t.Fatalf("%s: %v at %v is in tile %d/%d/%d: %t", name, p, want, z, x, y, in)
				}
				if in && (math.Abs(got[0]-want[0]) > 1 || math.Abs(got[1]-want[1]) > 1) {
					t.Fatalf("%s: %v is drawn at %v, not at %v", name, p, got, want)
				}
				if within := p.Lon >= low.Lon && p.Lon <= high.Lon && p.Lat >= low.Lat && p.Lat <= high.Lat; in && !within {
					t.Fatalf("%s: %v is in the tile but not within %v to %v", name, p, low, high)
				}
			}
			if len(seen) == 0 {
				t.Fatalf("%s: tile %d/%d/%d is empty", name, z, x, y)
			}
		}
	}
}
