package geo_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"jingwei/geo"
)

func TestDatumVector(t *testing.T) {
	t.Parallel()
	lonDeg, latDeg := geo.GCJ02.FromWGS84(119.8233, 31.3406)
	if math.Abs(lonDeg-119.8281288) > 5e-8 || math.Abs(latDeg-31.3385158) > 5e-8 {
		t.Errorf("GCJ-02 of (119.8233, 31.3406) is (%.7f, %.7f), want (119.8281288, 31.3385158)", lonDeg, latDeg)
	}
	from, _ := geo.PointOf(119.8233, 31.3406)
	to, _ := geo.PointOf(lonDeg, latDeg)
	if d := geo.DistanceM(from, to); math.Abs(d-514) > 1 {
		t.Errorf("the shift is %.1f m, want 514 m", d)
	}
}

func TestDatumRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SampledFrom([]geo.Datum{geo.WGS84, geo.GCJ02, geo.BD09}).Draw(t, "datum")
		lonDeg := rapid.Float64Range(98, 121).Draw(t, "lon")
		latDeg := rapid.Float64Range(26, 41).Draw(t, "lat")
		x, y := d.ToWGS84(d.FromWGS84(lonDeg, latDeg))
		if math.Abs(x-lonDeg) > 1e-9 || math.Abs(y-latDeg) > 1e-9 {
			t.Fatalf("%v: (%v, %v) came back as (%v, %v)", d, lonDeg, latDeg, x, y)
		}
	})
}

func TestDatumOutsideMainlandChina(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		lonDeg, latDeg float64
	}{
		{"Paris", 2.35, 48.86}, {"Taipei", 121.56, 25.03}, {"Hong Kong", 114.17, 22.30}, {"Macao", 113.55, 22.19},
		{"Tokyo", 139.7, 35.7}, {"Ha Noi", 105.85, 21.03}, {"not a number", math.NaN(), 31},
	} {
		for _, d := range []geo.Datum{geo.WGS84, geo.GCJ02, geo.BD09} {
			x, y := d.FromWGS84(c.lonDeg, c.latDeg)
			u, v := d.ToWGS84(c.lonDeg, c.latDeg)
			same := func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }
			if !same(x, c.lonDeg) || !same(y, c.latDeg) || !same(u, c.lonDeg) || !same(v, c.latDeg) {
				t.Errorf("%v moves %s", d, c.name)
			}
		}
	}
	for _, c := range [][2]float64{{116.39, 39.91}, {114.06, 22.54}, {126.6, 45.8}, {87.6, 43.8}, {91.1, 29.65}, {110.3, 20.0}} {
		if x, _ := geo.GCJ02.FromWGS84(c[0], c[1]); x == c[0] {
			t.Errorf("%v in mainland China is not moved", c)
		}
	}
}

func TestParseDatum(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]geo.Datum{"": geo.WGS84, "wgs84": geo.WGS84, "cgcs2000": geo.WGS84, "gcj02": geo.GCJ02, "bd09": geo.BD09} {
		if got, err := geo.ParseDatum(word); err != nil || got != want {
			t.Errorf("ParseDatum(%q) = %v, %v", word, got, err)
		}
	}
	if _, err := geo.ParseDatum("epsg:3857"); err == nil {
		t.Error("an unknown frame is accepted")
	}
}

func TestDistanceM(t *testing.T) {
	t.Parallel()
	a, b := geo.Point{}, geo.Point{Lat: geo.UnitsPerDegree}
	if d := geo.DistanceM(a, b); math.Abs(d-111195) > 1 {
		t.Errorf("one degree of latitude is %.1f m", d)
	}
	if d := geo.DistanceM(geo.Point{Lon: -geo.MaxLon}, geo.Point{Lon: geo.MaxLon}); d > 0.001 {
		t.Errorf("the two names of the antimeridian are %v m apart", d)
	}
	if d := geo.DistanceM(geo.Point{Lat: geo.MaxLat}, geo.Point{Lat: -geo.MaxLat}); math.Abs(d-math.Pi*geo.EarthRadiusM) > 1 {
		t.Errorf("pole to pole is %v m", d)
	}
}

func TestCell(t *testing.T) {
	t.Parallel()
	p, _ := geo.PointOf(119.8233, 31.3406)
	for resolution := 0; resolution <= geo.MaxResolution; resolution++ {
		c := geo.CellAt(p, resolution)
		if !c.Valid() || c.Resolution() != resolution {
			t.Fatalf("CellAt(%v, %d) = %v", p, resolution, c)
		}
		if again, err := geo.ParseCell(c.String()); err != nil || again != c {
			t.Errorf("%v came back as %v, %v", c, again, err)
		}
		if resolution < geo.MaxResolution && geo.CellAt(c.Center(), resolution) != c {
			t.Errorf("the centre of %v is in another cell", c)
		}
		// A cell's outline is a spherical polygon; from resolution 5 on the flat one holds its centre and point.
		if resolution >= 5 && (geo.TwiceArea(c.Boundary()).Sign() <= 0 || geo.SideOf(c.Center(), c.Boundary()) != geo.Inside) {
			t.Errorf("the boundary of %v is not a counter-clockwise ring around its centre", c)
		}
	}
	if c := geo.CellAt(p, geo.IncidentResolution); geo.DistanceM(p, c.Center()) > 12 {
		t.Errorf("the centre of %v is far from its point: lon and lat swapped?", c)
	}
	for _, bad := range []int{-1, 16} {
		if geo.CellAt(p, bad) != 0 {
			t.Errorf("resolution %d gives a cell", bad)
		}
	}
	if _, err := geo.ParseCell("not a cell"); err == nil {
		t.Error("nonsense is a cell")
	}
	for _, c := range []geo.Cell{0, 12345} {
		if c.Valid() || c.Boundary() != nil || c.Resolution() != -1 || c.Center() != (geo.Point{}) {
			t.Errorf("cell %d should be no cell", uint64(c))
		}
	}
	for _, pole := range []geo.Point{{Lat: geo.MaxLat}, {Lat: -geo.MaxLat}, {Lon: geo.MaxLon}, {Lon: -geo.MaxLon, Lat: 5}} {
		if !geo.CellAt(pole, 12).Valid() {
			t.Errorf("no cell at %v", pole)
		}
	}
}
