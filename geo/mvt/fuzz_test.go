package mvt_test

import (
	"testing"

	"github.com/paulmach/orb/maptile"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/geo/mvt"
)

// FuzzTile cuts tiles of whatever rings the bytes give, crossing and touching themselves and each other: the tile must
// decode, and its polygons must be valid.
func FuzzTile(f *testing.F) {
	f.Add([]byte{0, 0, 90, 0, 90, 90, 0, 90, 20, 20, 20, 70, 70, 70, 70, 20}, uint8(4), uint8(8))
	f.Add([]byte{0, 0, 90, 90, 90, 0, 0, 90, 30, 30, 60, 30, 60, 60}, uint8(4), uint8(12))
	f.Add([]byte{128, 128, 127, 128, 127, 127, 128, 127}, uint8(0), uint8(6))
	f.Fuzz(func(t *testing.T, numbers []byte, cut, zoom uint8) {
		var points coverage.Ring
		for i := 0; i+1 < min(len(numbers), 120); i += 2 {
			points = append(points, geo.Point{Lon: 1_200_000_000 + 100_000*int32(int8(numbers[i])), Lat: 310_000_000 + 100_000*int32(int8(numbers[i+1]))})
		}
		at := min(int(cut), len(points))
		areas := []coverage.Area{{Code: "1", Name: "甲", Level: coverage.County, Shape: []coverage.Polygon{{points}}}}
		if at > 0 {
			areas[0].Shape = []coverage.Polygon{{points[:at], points[at:]}}
			areas = append(areas, coverage.Area{Code: "2", Level: coverage.Town, Shape: []coverage.Polygon{{points[at:]}}})
		}
		c, err := coverage.Build(areas)
		if err != nil {
			return
		}
		z := mvt.MinZoom + int(zoom)%(mvt.MaxZoom-mvt.MinZoom+1)
		cutter := mvt.NewCutter(c, nil)
		center := maptile.At(c.Label(0).Orb(), maptile.Zoom(z))
		for dx := -1; dx <= 1; dx++ {
			for dy := -1; dy <= 1; dy++ {
				layers := decode(t, cutter.Tile(z, int(center.X)+dx, int(center.Y)+dy))
				for _, level := range mvt.LevelsAt(z) {
					for _, feature := range layers[level.String()] {
						checkRings(t, feature.Properties.MustString("code"), orbPolygons(t, feature))
					}
				}
			}
		}
	})
}
