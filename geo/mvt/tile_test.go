package mvt_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/paulmach/orb"
	orbmvt "github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/maptile"
	"github.com/paulmach/orb/planar"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/geo/internal/testcounty"
	"jingwei/geo/mvt"
)

func build(t testing.TB, areas []coverage.Area) *coverage.Coverage {
	t.Helper()
	c, err := coverage.Build(areas)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// decode reads a tile with orb's decoder; the layers keep tile coordinates.
func decode(t failer, tile []byte) map[string][]*geojson.Feature {
	t.Helper()
	layers, err := orbmvt.Unmarshal(tile)
	if err != nil {
		t.Fatalf("%v", err)
	}
	byName := map[string][]*geojson.Feature{}
	for _, layer := range layers {
		if layer.Version != 2 || layer.Extent != mvt.Extent {
			t.Fatalf("layer %s has version %d and extent %d", layer.Name, layer.Version, layer.Extent)
		}
		if len(layer.Features) == 0 || byName[layer.Name] != nil {
			t.Fatalf("layer %s is empty or there twice", layer.Name)
		}
		byName[layer.Name] = layer.Features
	}
	return byName
}

// tilesOf lists the tiles of a zoom that the coverage reaches.
func tilesOf(c *coverage.Coverage, z int) []maptile.Tile {
	low, high, _ := c.Bounds()
	southWest, northEast := maptile.At(low.Orb(), maptile.Zoom(z)), maptile.At(high.Orb(), maptile.Zoom(z))
	var tiles []maptile.Tile
	for x := southWest.X; x <= northEast.X; x++ {
		for y := northEast.Y; y <= southWest.Y; y++ {
			tiles = append(tiles, maptile.New(x, y, maptile.Zoom(z)))
		}
	}
	return tiles
}

func areaOf(t testing.TB, features []*geojson.Feature) float64 {
	t.Helper()
	sum := 0.0
	for _, f := range features {
		for _, polygon := range orbPolygons(t, f) {
			sum += planar.Area(polygon)
		}
	}
	return sum
}

// TestRings checks what MVT 2.1 asks of polygons: exterior rings of positive area in tile coordinates, then their holes of
// negative area, all closed and within the buffer.
func TestRings(t *testing.T) {
	t.Parallel()
	c := build(t, withHoleAndIsland())
	cutter := mvt.NewCutter(c, nil)
	holes, islands := 0, 0
	for _, z := range []int{6, 9, 10, 11, 12} {
		for _, at := range tilesOf(c, z) {
			for _, f := range decode(t, cutter.Tile(z, int(at.X), int(at.Y)))["county"] {
				polygons := orbPolygons(t, f)
				islands += len(polygons) - 1
				for _, polygon := range polygons {
					holes += len(polygon) - 1
				}
				checkRings(t, f.Properties.MustString("code"), polygons)
			}
		}
	}
	if holes == 0 || islands == 0 {
		t.Errorf("%d holes and %d islands were seen", holes, islands)
	}
}

func square(westDeg, southDeg, sizeDeg float64) coverage.Ring {
	var r coverage.Ring
	for _, corner := range [][2]float64{{0, 0}, {1, 0}, {1, 1}, {0, 1}} {
		p, _ := geo.PointOf(westDeg+corner[0]*sizeDeg, southDeg+corner[1]*sizeDeg)
		r = append(r, p)
	}
	return r
}

func withHoleAndIsland() []coverage.Area {
	return []coverage.Area{
		{Code: "320282", Name: "宜兴", Level: coverage.County, Shape: []coverage.Polygon{
			{square(119.5, 31.1, 0.4), square(119.6, 31.2, 0.1)}, {square(120, 31.2, 0.05)},
		}},
		{Code: "320283", Name: "飞地", Level: coverage.County, Shape: []coverage.Polygon{{square(119.6, 31.2, 0.1)}}},
	}
}

func TestProperties(t *testing.T) {
	t.Parallel()
	c := build(t, testcounty.Small.Areas())
	cutter := mvt.NewCutter(c, func(id coverage.ID) string {
		if c.Level(id) == coverage.Micro {
			return "" // none of its own
		}
		return "支部 " + c.Code(id)
	})
	ids := map[float64]string{}
	for _, z := range []int{6, 11, 12, 14} {
		for _, at := range tilesOf(c, z) {
			layers := decode(t, cutter.Tile(z, int(at.X), int(at.Y)))
			for _, level := range coverage.Levels {
				if !slices.Contains(mvt.LevelsAt(z), level) && layers[level.String()] != nil {
					t.Fatalf("zoom %d has the layer %v", z, level)
				}
				for _, f := range layers[level.String()] {
					code := f.Properties.MustString("code")
					id, found := c.Find(code)
					if !found || f.Properties["name"] != c.Name(id) || c.Level(id) != level {
						t.Fatalf("%v has %v", at, f.Properties)
					}
					parent, _ := f.Properties["parent"].(string)
					if parent != c.Area(id).Parent {
						t.Fatalf("%s: the parent is %q", code, parent)
					}
					branch, has := f.Properties["branch"]
					if has == (level == coverage.Micro) || has && branch != "支部 "+code {
						t.Fatalf("%s: the branch is %v", code, branch)
					}
					number := f.ID.(float64)
					if number != float64(mvt.FeatureID(code)) || number > 1<<53 || ids[number] != "" && ids[number] != code {
						t.Fatalf("%s: the id is %v", code, f.ID)
					}
					ids[number] = code
				}
			}
		}
	}
}

// TestLabels checks that every area is named in exactly one tile of a zoom, at its label point, and that a wider level
// ranks before a finer one.
func TestLabels(t *testing.T) {
	t.Parallel()
	c := build(t, testcounty.Small.Areas())
	cutter := mvt.NewCutter(c, nil)
	for _, z := range []int{6, 10, 12, 14, 16} {
		named := map[string]int{}
		for _, at := range tilesOf(c, z) {
			for _, f := range decode(t, cutter.Tile(z, int(at.X), int(at.Y)))["label"] {
				code := f.Properties.MustString("code")
				named[code]++
				id, _ := c.Find(code)
				level, rank := c.Level(id), f.Properties.MustInt("rank")
				if f.Properties["level"] != level.String() || f.Properties["name"] != c.Name(id) || rank/10 != int(level) {
					t.Fatalf("%s is labelled %v", code, f.Properties)
				}
				p := f.Geometry.(orb.Point)
				size := float64(mvt.Extent) * float64(int(1)<<z)
				lonDeg := (float64(at.X)*mvt.Extent+p[0])/size*360 - 180
				wantDeg, _ := c.Label(id).Degrees()
				if p[0] < 0 || p[1] < 0 || p[0] >= mvt.Extent || p[1] >= mvt.Extent || math.Abs(lonDeg-wantDeg) > 360/size {
					t.Fatalf("%s is labelled at %v of %v, that is %v° instead of %v°", code, p, at, lonDeg, wantDeg)
				}
			}
		}
		for id := range coverage.ID(c.Len()) {
			want := 0
			if slices.Contains(mvt.LevelsAt(z), c.Level(id)) {
				want = 1
			}
			if named[c.Code(id)] != want {
				t.Fatalf("zoom %d names %s %d times", z, c.Code(id), named[c.Code(id)])
			}
		}
	}
}

func TestLevelsAt(t *testing.T) {
	t.Parallel()
	for z, want := range map[int]int{-1: 0, 5: 0, 6: 2, 10: 2, 11: 3, 12: 4, 13: 4, 14: 5, 16: 5, 17: 0} {
		if got := mvt.LevelsAt(z); len(got) != want {
			t.Errorf("LevelsAt(%d) = %v", z, got)
		}
	}
}

func TestNoSuchTile(t *testing.T) {
	t.Parallel()
	c := build(t, testcounty.Small.Areas())
	for _, cutter := range []*mvt.Cutter{mvt.NewCutter(c, nil), mvt.NewCutter(build(t, nil), nil)} {
		for _, at := range [][3]int{
			{-1, 0, 0}, {0, 0, 0}, {5, 26, 13}, {17, 0, 0}, {6, -1, 0}, {6, 0, -1}, {6, 64, 0}, {6, 0, 64}, {6, 0, 0}, {6, 63, 63},
			{16, 65535, 65535}, {16, 0, 65535}, {math.MaxInt, math.MaxInt, math.MaxInt}, {math.MinInt, 1, 1}, {16, math.MinInt, math.MaxInt},
		} {
			if tile := cutter.Tile(at[0], at[1], at[2]); len(tile) != 0 {
				t.Errorf("tile %v has %d bytes", at, len(tile))
			}
		}
	}
}

// TestWholeWorld cuts an area that reaches the poles and the antimeridian.
func TestWholeWorld(t *testing.T) {
	t.Parallel()
	c := build(t, []coverage.Area{{Code: "0", Name: "世界", Level: coverage.County, Shape: []coverage.Polygon{{
		{{Lon: -geo.MaxLon, Lat: -geo.MaxLat}, {Lon: geo.MaxLon, Lat: -geo.MaxLat}, {Lon: geo.MaxLon, Lat: geo.MaxLat}, {Lon: -geo.MaxLon, Lat: geo.MaxLat}},
	}}}})
	cutter := mvt.NewCutter(c, nil)
	for _, at := range [][3]int{{6, 0, 0}, {6, 63, 63}, {6, 30, 30}, {16, 0, 65535}, {16, 40000, 30000}, {16, 65535, 0}} {
		county := decode(t, cutter.Tile(at[0], at[1], at[2]))["county"]
		if len(county) != 1 {
			t.Fatalf("tile %v has %d areas", at, len(county))
		}
		if area := areaOf(t, county); area < mvt.Extent*mvt.Extent {
			t.Errorf("tile %v is covered by %v square units", at, area)
		}
	}
}

func TestConcurrentTilesAreTheSame(t *testing.T) {
	t.Parallel()
	c := build(t, testcounty.Small.Areas())
	alone, shared := mvt.NewCutter(c, nil), mvt.NewCutter(c, nil)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for _, z := range []int{14, 9, 12} {
				for _, at := range tilesOf(c, z) {
					if !bytes.Equal(shared.Tile(z, int(at.X), int(at.Y)), alone.Tile(z, int(at.X), int(at.Y))) {
						t.Errorf("tile %v differs", at)
					}
				}
			}
		})
	}
	all.Wait()
}

// TestGolden guards the bytes of some tiles, which the front end's tests read too. After a wanted change:
// JINGWEI_UPDATE_GOLDEN=1 go test ./geo/mvt -run Golden
func TestGolden(t *testing.T) {
	t.Parallel()
	nested := build(t, testcounty.Small.Areas())
	for _, golden := range []struct {
		coverage *coverage.Coverage
		at       maptile.Tile
		features map[string]int
	}{
		{build(t, withHoleAndIsland()), maptile.At(orb.Point{119.65, 31.25}, 9), map[string]int{"county": 2, "border": 1, "label": 1}},
		{nested, maptile.At(orb.Point{119.55, 31.15}, 11), map[string]int{"county": 1, "town": 2, "community": 8}},
		{nested, maptile.At(orb.Point{119.53, 31.14}, 14), map[string]int{"county": 1, "town": 1, "community": 2, "border": 3}},
	} {
		z, x, y := int(golden.at.Z), int(golden.at.X), int(golden.at.Y)
		tile := mvt.NewCutter(golden.coverage, func(id coverage.ID) string { return "B" + golden.coverage.Code(id) }).Tile(z, x, y)
		file := filepath.Join("testdata", fmt.Sprintf("%d-%d-%d.mvt", z, x, y))
		if os.Getenv("JINGWEI_UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(file, tile, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(tile, want) {
			t.Errorf("%s: %d bytes were cut, %d wanted", file, len(tile), len(want))
		}
		layers := decode(t, want)
		for layer, features := range golden.features {
			if len(layers[layer]) != features {
				t.Errorf("%s holds %d features in %s, not %d", file, len(layers[layer]), layer, features)
			}
		}
		if county := layers["county"][0]; county.Properties["branch"] != "B320282" {
			t.Errorf("%s holds %v", file, county.Properties)
		}
	}
}
