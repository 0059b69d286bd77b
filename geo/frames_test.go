package geo_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/uber/h3-go/v4"
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

func TestCellTree(t *testing.T) {
	t.Parallel()
	if n := len(geo.BaseCells()); n != 122 {
		t.Errorf("%d base cells", n)
	}
	pentagons := 0
	for _, base := range geo.BaseCells() {
		c := base
		for r := 1; r <= geo.MaxResolution; r++ {
			children := c.AppendChildren(nil)
			if len(children) == 6 {
				pentagons++
			}
			for _, child := range children {
				if !child.Valid() || child.Resolution() != r || child.Parent(r-1) != c || child.Parent(0) != base || child.Parent(r) != child {
					t.Fatalf("%v is no child of %v", child, c)
				}
			}
			if h3.Cell(c).CenterChild(r) != h3.Cell(children[0]) || len(children) != len(h3.Cell(c).ImmediateChildren()) {
				t.Fatalf("%v has other children: %v", c, children)
			}
			c = children[r%len(children)]
		}
		if len(c.AppendChildren(nil)) > 0 || c.Parent(16) != 0 || c.Parent(-1) != 0 || base.Parent(1) != 0 {
			t.Errorf("%v has children or parents that do not exist", c)
		}
	}
	if pentagons != 12 {
		t.Errorf("%d pentagons", pentagons)
	}
}

// TestReach holds the bound that covers rest on against points as far from the centre as they come: it starts from corners of cells of
// the incident's resolution, at random places and at all pentagons, and looks how far the centres of their ancestors are.
func TestReach(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	var corners []geo.Point
	add := func(c geo.Cell) { corners = append(corners, c.Boundary()...) }
	for range 3_000 {
		p, _ := geo.PointOf(random.Float64()*360-180, math.Asin(random.Float64()*2-1)*180/math.Pi)
		add(geo.CellAt(p, geo.IncidentResolution))
	}
	for _, base := range geo.BaseCells() {
		// The same two children again and again: some ways lead straight away from the centre.
		for digits := range 7 * 7 {
			c := base
			for r := range geo.IncidentResolution {
				children := c.AppendChildren(nil)
				c = children[[]int{digits % 7, digits / 7}[r%2]%len(children)]
			}
			add(c)
		}
	}
	var farthest [geo.IncidentResolution + 1]float64
	for _, p := range corners {
		fine := geo.CellAt(p, geo.IncidentResolution)
		for r := range farthest {
			center := fine.Parent(r).Center()
			reach := geo.ReachRad(r)
			part := geo.DistanceM(center, p) / geo.EarthRadiusM / (reach * geo.StretchAt(center, reach))
			farthest[r] = max(farthest[r], part)
			// A corner is rounded to the lattice, by up to a centimetre.
			if part > 1+0.01/geo.EarthRadiusM/reach {
				t.Fatalf("%v is %.4f of the reach from the centre of %v, resolution %d", p, part, fine.Parent(r), r)
			}
		}
	}
	for r, part := range farthest {
		if part < 0.85 {
			t.Errorf("resolution %d: no point is farther than %.3f of the reach: is it too wide?", r, part)
		}
	}
	t.Logf("the farthest point of each resolution, in parts of the reach: %.4f", farthest)
}
