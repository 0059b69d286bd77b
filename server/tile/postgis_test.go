package tile

import (
	"math"
	"testing"

	"github.com/paulmach/orb"
	orbmvt "github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/encoding/wkb"
	"github.com/paulmach/orb/planar"

	"jingwei/geo/mvt"
)

// features are the polygons of a layer by code, in tile units.
func features(t testing.TB, tile []byte, z int) map[string]map[string]orb.MultiPolygon {
	t.Helper()
	layers, err := orbmvt.Unmarshal(tile)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]map[string]orb.MultiPolygon{}
	for _, level := range mvt.LevelsAt(z) {
		found[level.String()] = map[string]orb.MultiPolygon{}
	}
	for _, layer := range layers {
		if found[layer.Name] == nil {
			continue
		}
		for _, f := range layer.Features {
			code := f.Properties.MustString("code")
			if f.ID != nil && f.ID.(float64) != float64(mvt.FeatureID(code)) {
				t.Fatalf("%s has the id %v", code, f.ID)
			}
			switch g := f.Geometry.(type) {
			case orb.Polygon:
				found[layer.Name][code] = append(found[layer.Name][code], g)
			case orb.MultiPolygon:
				found[layer.Name][code] = append(found[layer.Name][code], g...)
			}
		}
	}
	return found
}

// farthest is how far the vertices of a get from the outline of b. Those near the frame are left out: where an outline leaves through it
// at a flat angle, a small step aside is a long one along the frame.
func farthest(a, b orb.MultiPolygon) float64 {
	const low, high = -64 + 16, mvt.Extent + 64 - 16
	most := 0.0
	for _, polygon := range a {
		for _, ring := range polygon {
			for _, v := range ring {
				if v[0] < low || v[1] < low || v[0] > high || v[1] > high {
					continue
				}
				nearest := math.Inf(1)
				for _, polygon := range b {
					for _, ring := range polygon {
						nearest = min(nearest, planar.DistanceFrom(orb.LineString(ring), v))
					}
				}
				most = max(most, nearest)
			}
		}
	}
	return most
}

// TestTilesAgreeWithPostGIS compares tiles of z9 to z16 with those of ST_AsMVT, feature by feature: the same codes in the same layers, and
// outlines nowhere farther from each other than we simplify, plus the rounding of both. An area that one of them leaves out must
// be narrower than that in the tile.
func TestTilesAgreeWithPostGIS(t *testing.T) {
	t.Parallel()
	c := loadCounty(t)
	pool, cutter := c.postgis(t), c.cutter
	compared, left := 0, 0
	for z := 9; z <= mvt.MaxZoom; z++ {
		tolerance := 5.0 // units that a line may be simplified by
		if z == mvt.MaxZoom {
			tolerance = 1
		}
		tolerance += 2 // √2/2 that each rounds by, and snapping to a neighbour's point
		all := tilesOf(cutter, z)
		for i := 0; i < len(all); i += 1 + len(all)/7 {
			at := all[i]
			var theirs []byte
			if err := pool.QueryRow(t.Context(), asMVT(z), at.z, at.x, at.y).Scan(&theirs); err != nil {
				t.Fatal(err)
			}
			want, got := features(t, theirs, z), features(t, cutter.Tile(int(at.z), int(at.x), int(at.y)), z)
			var codes []string
			var a, b [][]byte
			for layer := range want {
				for code, polygon := range want[layer] {
					ours, both := got[layer][code]
					if !both {
						left++
						if width := planar.Area(polygon) / planar.Length(polygon); width > tolerance/2 {
							t.Errorf("%v: %s %s is not there, though %v units wide: %v", at, layer, code, 2*width, polygon)
						}
						continue
					}
					compared++
					if d := max(farthest(polygon, ours), farthest(ours, polygon)); d > tolerance {
						t.Errorf("%v: %s lies up to %.1f units from theirs", at, code, d)
					}
					codes = append(codes, code)
					a, b = append(a, wkb.MustMarshal(polygon)), append(b, wkb.MustMarshal(ours))
				}
				for code, polygon := range got[layer] {
					if _, both := want[layer][code]; !both {
						left++
						if width := planar.Area(polygon) / planar.Length(polygon); width > tolerance/2 {
							t.Errorf("%v: %s %s is not in theirs, though %v units wide: %v", at, layer, code, 2*width, polygon)
						}
					}
				}
			}
			rows, err := pool.Query(t.Context(), `
				SELECT c, ST_Area(ST_SymDifference(ST_MakeValid(ST_GeomFromWKB(a)), ST_GeomFromWKB(b))) / ST_Perimeter(ST_GeomFromWKB(a)), ST_IsValid(ST_GeomFromWKB(b))
				FROM unnest($1::text[], $2::bytea[], $3::bytea[]) AS f (c, a, b)`, codes, a, b)
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
				var code string
				var mean float64
				var valid bool
				if err := rows.Scan(&code, &mean, &valid); err != nil {
					t.Fatal(err)
				}
				if mean > tolerance/2 || !valid {
					t.Errorf("%v: %s lies %.1f units from theirs in the mean; valid: %v", at, code, mean, valid)
				}
			}
			if err := rows.Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("%d features compared, %d only in one of two tiles", compared, left)
	if compared < 1000 {
		t.Errorf("only %d features were compared", compared)
	}
}

// TestTilesAreSmall holds the tiles of the demo county to 100 KB compressed, some hundred of each zoom, and the mean of
// 550 tiles of z9 to z16 to 4.5 KB.
func TestTilesAreSmall(t *testing.T) {
	t.Parallel()
	cutter := loadCounty(t).cutter
	size := func(at address) int {
		data, err := Compress(cutter.Tile(int(at.z), int(at.x), int(at.y)))
		if err != nil {
			t.Fatal(err)
		}
		return len(data)
	}
	for z := mvt.MinZoom; z <= mvt.MaxZoom; z++ {
		all, largest, sum, n := tilesOf(cutter, z), 0, 0, 0
		for i := 0; i < len(all); i += 1 + len(all)/250 {
			bytes := size(all[i])
			largest, sum, n = max(largest, bytes), sum+bytes, n+1
		}
		t.Logf("zoom %d: %d of %d tiles, largest %d bytes, mean %d", z, n, len(all), largest, sum/n)
		if largest > 100_000 {
			t.Errorf("zoom %d: the largest tile has %d bytes", z, largest)
		}
	}
	tiles, sum := sample(cutter), 0
	for _, at := range tiles {
		sum += size(at)
	}
	if mean := sum / len(tiles); mean > 4500 {
		t.Errorf("the mean of %d tiles is %d bytes", len(tiles), mean)
	} else {
		t.Logf("the mean of %d tiles is %d bytes", len(tiles), mean)
	}
}
