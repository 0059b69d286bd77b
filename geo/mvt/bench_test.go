package mvt_test

import (
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/clip"
	orbmvt "github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/maptile"
	"github.com/paulmach/orb/simplify"

	"jingwei/geo/coverage"
	"jingwei/geo/internal/testcounty"
	"jingwei/geo/mvt"
)

// orbTile cuts a tile with orb alone: bounds, clip, project, simplify and encode, area by area.
func orbTile(b *testing.B, polygons [][]orb.Polygon, codes [][]string, at maptile.Tile) []byte {
	b.Helper()
	bound := at.Bound(64.0 / mvt.Extent)
	var layers orbmvt.Layers
	for _, level := range mvt.LevelsAt(int(at.Z)) {
		features := geojson.NewFeatureCollection()
		for i, polygon := range polygons[level] {
			if !polygon.Bound().Intersects(bound) {
				continue
			}
			if clipped := clip.Polygon(bound, polygon.Clone()); clipped != nil {
				f := geojson.NewFeature(clipped)
				f.Properties["code"] = codes[level][i]
				features.Append(f)
			}
		}
		layers = append(layers, orbmvt.NewLayer(level.String(), features))
	}
	layers.ProjectToTile(at)
	layers.Simplify(simplify.DouglasPeucker(5))
	tile, err := orbmvt.Marshal(layers)
	if err != nil {
		b.Fatal(err)
	}
	return tile
}

// BenchmarkTile cuts tiles of z9 to z16 in turn, warm: the zooms have been simplified before.
func BenchmarkTile(b *testing.B) {
	c := build(b, testcounty.County.Areas())
	polygons, codes := make([][]orb.Polygon, len(coverage.Levels)), make([][]string, len(coverage.Levels))
	for id := range coverage.ID(c.Len()) {
		area := c.Area(id)
		var r orb.Ring
		for _, p := range area.Shape[0][0] {
			r = append(r, p.Orb())
		}
		polygons[area.Level] = append(polygons[area.Level], orb.Polygon{append(r, r[0])})
		codes[area.Level] = append(codes[area.Level], area.Code)
	}
	var tiles []maptile.Tile
	for z := 9; z <= mvt.MaxZoom; z++ {
		all := tilesOf(c, z)
		for i := 0; i < len(all); i += 1 + len(all)/70 {
			tiles = append(tiles, all[i])
		}
	}
	begin, sample := time.Now(), 0
	for i := 0; i < len(tiles); i += 10 {
		orbTile(b, polygons, codes, tiles[i])
		sample++
	}
	orbNs := float64(time.Since(begin).Nanoseconds()) / float64(sample)

	cutter := mvt.NewCutter(c, nil)
	size := 0
	for _, at := range tiles {
		size += gzipped(b, cutter.Tile(int(at.Z), int(at.X), int(at.Y)))
	}
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		at := tiles[i%len(tiles)]
		cutter.Tile(int(at.Z), int(at.X), int(at.Y))
	}
	ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
	b.ReportMetric(1e9/ns, "tiles/s")
	b.ReportMetric(orbNs/ns, "×orb")
	b.ReportMetric(float64(size)/float64(len(tiles)), "gzip-B/tile")
}

// BenchmarkFirstTile is the first tile of the last zoom on a new cutter, which works out that zoom.
func BenchmarkFirstTile(b *testing.B) {
	c := build(b, testcounty.County.Areas())
	at := tilesOf(c, mvt.MaxZoom)[5000]
	b.ResetTimer()
	for b.Loop() {
		mvt.NewCutter(c, nil).Tile(int(at.Z), int(at.X), int(at.Y))
	}
}
