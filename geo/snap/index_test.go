package snap_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/geo/internal/testcounty"
	"jingwei/geo/snap"
)

// twin answers by the border rule as package geo words it, from all areas and nothing else.
type twin struct {
	areas    []coverage.Area
	children [][]coverage.ID
}

func newTwin(c *coverage.Coverage) *twin {
	t := &twin{}
	for id := range coverage.ID(c.Len()) {
		t.areas = append(t.areas, c.Area(id))
		t.children = append(t.children, c.Children(id))
	}
	return t
}

func (t *twin) locate(p geo.Point) coverage.ID {
	for id, area := range t.areas {
		if area.Side(p) == geo.Outside {
			continue
		}
		inChild := slices.ContainsFunc(t.children[id], func(child coverage.ID) bool { return t.areas[child].Side(p) != geo.Outside })
		if !inChild {
			return coverage.ID(id)
		}
	}
	return coverage.None
}

type fatal interface {
	Helper()
	Fatalf(format string, args ...any)
}

func build(t fatal, areas []coverage.Area) (*coverage.Coverage, *snap.Index) {
	t.Helper()
	c, err := coverage.Build(areas)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return c, snap.Build(c)
}

// around lists p and the lattice points one step beside it.
func around(p geo.Point) []geo.Point {
	var all []geo.Point
	for dLon := int32(-1); dLon <= 1; dLon++ {
		for dLat := int32(-1); dLat <= 1; dLat++ {
			all = append(all, geo.Point{Lon: p.Lon + dLon, Lat: p.Lat + dLat})
		}
	}
	return all
}

func mustAgree(t fatal, c *coverage.Coverage, x *snap.Index, points []geo.Point) {
	t.Helper()
	slow := newTwin(c)
	code := func(id coverage.ID) string {
		if id == coverage.None {
			return "outside"
		}
		return c.Code(id)
	}
	owners := make([]coverage.ID, len(points))
	x.LocateAll(points, owners)
	for i, p := range points {
		got, want := x.Locate(p), slow.locate(p)
		if got != want {
			t.Fatalf("Locate(%v) = %s, want %s", p, code(got), code(want))
		}
		if owners[i] != got {
			t.Fatalf("LocateAll gives %s at %v, Locate %s", code(owners[i]), p, code(got))
		}
	}
}

func TestLocateAgreesOnACounty(t *testing.T) {
	t.Parallel()
	c, x := build(t, testcounty.Small.Areas())
	low, high, _ := c.Bounds()
	random := rand.New(rand.NewPCG(1, 2))
	var points []geo.Point
	for range 20000 {
		points = append(points, geo.Point{
			Lon: low.Lon - 10000 + random.Int32N(high.Lon-low.Lon+20000),
			Lat: low.Lat - 10000 + random.Int32N(high.Lat-low.Lat+20000),
		})
	}
	vertices := c.Vertices()
	for i, p := range vertices {
		points = append(points, p)
		if i > 0 && i%8 == 0 {
			q := vertices[i-1]
			points = append(points, around(p)...)
			points = append(points, around(geo.Point{Lon: (p.Lon + q.Lon) / 2, Lat: (p.Lat + q.Lat) / 2})...)
		}
	}
	mustAgree(t, c, x, points)
}

// TestOneOwnerOnBorders asks for 20,000 vertices and midpoints of edges of a county: each belongs to one area, the one of the
// lowest code of those that meet there.
func TestOneOwnerOnBorders(t *testing.T) {
	t.Parallel()
	c, x := build(t, testcounty.County.Areas())
	var micros []coverage.ID
	var boxes [][2]geo.Point
	areas := map[coverage.ID]coverage.Area{}
	for id := range coverage.ID(c.Len()) {
		if c.Level(id) == coverage.Micro {
			low, high := c.BoundsOf(id)
			micros, boxes, areas[id] = append(micros, id), append(boxes, [2]geo.Point{low, high}), c.Area(id)
		}
	}
	vertices, random, shared := c.Vertices(), rand.New(rand.NewPCG(9, 10)), 0
	for i := range 20_000 {
		k := 1 + random.IntN(len(vertices)-1)
		p, q := vertices[k], vertices[k-1]
		if i%2 == 1 { // the lattice point nearest to the middle, on the edge or a step beside it
			p = geo.Point{Lon: (p.Lon + q.Lon) / 2, Lat: (p.Lat + q.Lat) / 2}
		}
		var meet []coverage.ID
		for j, id := range micros { // their children are none, and they cover all above them
			low, high := boxes[j][0], boxes[j][1]
			if p.Lon >= low.Lon && p.Lon <= high.Lon && p.Lat >= low.Lat && p.Lat <= high.Lat && areas[id].Side(p) != geo.Outside {
				meet = append(meet, id)
			}
		}
		if len(meet) > 1 {
			shared++
		}
		want := coverage.None
		if len(meet) > 0 {
			want = meet[0] // IDs are in order of code
		}
		if got := x.Locate(p); got != want {
			t.Fatalf("%v belongs to %d, want %d, the first of %v", p, got, want, meet)
		}
	}
	if shared < 8_000 {
		t.Errorf("only %d of the points lie in several areas", shared)
	}
}

func ring(numbers ...int32) coverage.Ring {
	var r coverage.Ring
	for i := 0; i < len(numbers); i += 2 {
		r = append(r, geo.Point{Lon: numbers[i], Lat: numbers[i+1]})
	}
	return r
}

func box(west, south, east, north int32) coverage.Ring {
	return ring(west, south, east, south, east, north, west, north)
}

func area(code, parent string, level coverage.Level, rings ...coverage.Ring) coverage.Area {
	return coverage.Area{Code: code, Parent: parent, Level: level, Shape: []coverage.Polygon{rings}}
}

// TestBorderRule walks through what the rule means, each case by a few points with the expected owner.
func TestBorderRule(t *testing.T) {
	t.Parallel()
	type want struct {
		lon, lat int32
		code     string
	}
	for _, c := range []struct {
		name  string
		areas []coverage.Area
		want  []want
	}{
		{"neighbours", []coverage.Area{
			area("2", "", coverage.Town, box(0, 0, 10, 10)), area("1", "", coverage.Town, box(10, 0, 20, 10)),
		}, []want{{5, 5, "2"}, {10, 5, "1"}, {9, 5, "2"}, {11, 5, "1"}, {10, 0, "1"}, {0, 0, "2"}, {20, 10, "1"}, {21, 10, ""}, {5, 11, ""}}},
		{"T-junction", []coverage.Area{
			area("1", "", coverage.Town, box(0, 0, 20, 10)), area("2", "", coverage.Town, box(0, 10, 10, 20)), area("3", "", coverage.Town, box(10, 10, 20, 20)),
		}, []want{{10, 10, "1"}, {5, 10, "1"}, {10, 11, "2"}, {11, 11, "3"}, {9, 9, "1"}}},
		{"partly divided parent", []coverage.Area{
			area("1", "", coverage.County, box(0, 0, 20, 20)), area("11", "1", coverage.Town, box(0, 0, 10, 20)),
		}, []want{{5, 5, "11"}, {15, 5, "1"}, {10, 5, "11"}, {11, 5, "1"}, {10, 20, "11"}, {20, 20, "1"}}},
		{"finest owns although its code is higher", []coverage.Area{
			area("1", "", coverage.County, box(0, 0, 20, 20)),
			area("11", "1", coverage.Town, box(0, 0, 10, 20)), area("12", "1", coverage.Town, box(10, 0, 20, 20)),
			area("121", "12", coverage.Community, box(10, 0, 20, 20)),
		}, []want{{5, 5, "11"}, {15, 5, "121"}, {10, 5, "11"}, {20, 0, "121"}}},
		{"hole that nobody owns", []coverage.Area{
			area("1", "", coverage.Town, box(0, 0, 20, 20), box(5, 5, 15, 15)),
		}, []want{{5, 5, "1"}, {10, 5, "1"}, {6, 6, ""}, {10, 10, ""}, {15, 10, "1"}, {16, 10, "1"}}},
		{"enclave", []coverage.Area{
			area("1", "", coverage.Town, box(0, 0, 20, 20), box(5, 5, 15, 15)), area("2", "", coverage.Town, box(5, 5, 15, 15)),
		}, []want{{5, 5, "1"}, {6, 6, "2"}, {15, 10, "1"}, {14, 10, "2"}, {1, 1, "1"}}},
		{"enclave of the lower code", []coverage.Area{
			area("2", "", coverage.Town, box(0, 0, 20, 20), box(5, 5, 15, 15)), area("1", "", coverage.Town, box(5, 5, 15, 15)),
		}, []want{{5, 5, "1"}, {6, 6, "1"}, {15, 10, "1"}, {16, 10, "2"}}},
		{"island", []coverage.Area{
			{Code: "1", Level: coverage.Town, Shape: []coverage.Polygon{{box(0, 0, 5, 5)}, {box(50, 50, 55, 55)}}}, area("2", "", coverage.Town, box(5, 0, 40, 5)),
		}, []want{{52, 52, "1"}, {50, 50, "1"}, {49, 50, ""}, {5, 3, "1"}, {6, 3, "2"}}},
		{"T-junction: a vertex on the edge of an area that has none there", []coverage.Area{
			area("2", "", coverage.Town, box(0, 0, 1000, 500)), area("1", "", coverage.Town, box(0, 500, 300, 1000)), area("3", "", coverage.Town, box(300, 500, 1000, 1000)),
		}, []want{{300, 500, "1"}, {301, 500, "2"}, {299, 500, "1"}, {300, 501, "1"}, {301, 501, "3"}, {300, 499, "2"}, {1000, 500, "2"}, {0, 500, "1"}}},
		{"T-junction on a slanting edge", []coverage.Area{
			area("2", "", coverage.Town, ring(0, 0, 3000, 1500, 0, 1500)), area("1", "", coverage.Town, ring(1000, 500, 1000, 0, 0, 0)),
			area("3", "", coverage.Town, ring(1000, 500, 3000, 1500, 3000, 0, 1000, 0)),
		}, []want{{1000, 500, "1"}, {1000, 501, "2"}, {1001, 500, "3"}, {1002, 501, "2"}, {998, 499, "1"}, {3000, 1500, "2"}, {1000, 0, "1"}, {1, 1, "2"}}},
		{"both sides of the antimeridian", []coverage.Area{
			area("1", "", coverage.County, box(geo.MaxLon-3000, -1000, geo.MaxLon, 1000), box(-geo.MaxLon, -1000, -geo.MaxLon+2000, 1000)),
			area("2", "", coverage.County, box(-geo.MaxLon+2000, -1000, -geo.MaxLon+9000, 1000)),
		}, []want{
			{geo.MaxLon, 0, "1"}, {-geo.MaxLon, 0, "1"}, {geo.MaxLon, 1000, "1"}, {geo.MaxLon, 1001, ""}, {-geo.MaxLon, -1001, ""}, {geo.MaxLon - 3000, 5, "1"},
			{geo.MaxLon - 3001, 5, ""}, {-geo.MaxLon + 2000, 0, "1"}, {-geo.MaxLon + 2001, 0, "2"}, {-geo.MaxLon + 9001, 0, ""}, {0, 0, ""},
		}},
		{"overlap", []coverage.Area{
			area("1", "", coverage.Town, box(0, 0, 10, 10)), area("2", "", coverage.Town, box(5, 0, 15, 10)),
		}, []want{{4, 5, "1"}, {7, 5, "1"}, {10, 5, "1"}, {11, 5, "2"}}},
		{"child sticks out of its parent", []coverage.Area{
			area("1", "", coverage.County, box(0, 0, 10, 10)), area("11", "1", coverage.Town, box(5, 0, 15, 10)),
		}, []want{{4, 5, "1"}, {5, 5, "11"}, {15, 5, "11"}}},
		{"whole world with the poles and the antimeridian", []coverage.Area{
			area("1", "", coverage.County, box(-geo.MaxLon, -geo.MaxLat, 0, geo.MaxLat)), area("2", "", coverage.County, box(0, -geo.MaxLat, geo.MaxLon, geo.MaxLat)),
		}, []want{
			{-geo.MaxLon, 0, "1"}, {geo.MaxLon, 0, "2"}, {0, geo.MaxLat, "1"}, {1, geo.MaxLat, "2"}, {geo.MaxLon, geo.MaxLat, "2"},
			{-geo.MaxLon, -geo.MaxLat, "1"}, {0, 0, "1"}, {1, 0, "2"},
		}},
	} {
		cover, x := build(t, c.areas)
		for _, w := range c.want {
			p, got := geo.Point{Lon: w.lon, Lat: w.lat}, ""
			if id := x.Locate(p); id != coverage.None {
				got = cover.Code(id)
			}
			if got != w.code {
				t.Errorf("%s: %v is owned by %q, want %q", c.name, p, got, w.code)
			}
		}
		var points []geo.Point
		for _, v := range cover.Vertices() {
			if v.Lon > -geo.MaxLon && v.Lon < geo.MaxLon {
				points = append(points, around(v)...)
			}
		}
		mustAgree(t, cover, x, points)
	}
}

func TestLocateOfNothing(t *testing.T) {
	t.Parallel()
	_, x := build(t, nil)
	for _, p := range []geo.Point{{}, {Lon: 1}, {Lon: geo.MaxLon, Lat: geo.MaxLat}} {
		if x.Locate(p) != coverage.None {
			t.Errorf("nobody owns %v", p)
		}
		if id, d := x.Nearest(p, math.Inf(1)); id != coverage.None || d != 0 {
			t.Errorf("nothing is near %v", p)
		}
	}
	x.LocateAll(nil, nil)
}

// TestManyAreasInAPoint lets areas meet in one point and overlap in one square: few, more than a near record takes, and more
// than any record can count by bits.
func TestManyAreasInAPoint(t *testing.T) {
	t.Parallel()
	for _, n := range []int32{4, 11, 40} {
		var areas []coverage.Area
		for i := range n {
			angle := func(i int32) (int32, int32) {
				sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(n))
				return int32(100000 * cos), int32(100000 * sin)
			}
			ax, ay := angle(i)
			bx, by := angle((i + 1) % n)
			areas = append(areas, area(fmt.Sprintf("%03d", 100-i), "", coverage.Town, ring(0, 0, ax, ay, bx, by)))
			areas = append(areas, area(fmt.Sprintf("9%02d", i), "", coverage.Grid, box(200000-i, 0, 200100+i, 100)))
		}
		c, x := build(t, areas)
		random := rand.New(rand.NewPCG(3, 4))
		points := around(geo.Point{})
		for range 4000 {
			points = append(points,
				geo.Point{Lon: random.Int32N(20) - 10, Lat: random.Int32N(20) - 10},
				geo.Point{Lon: random.Int32N(200000) - 100000, Lat: random.Int32N(200000) - 100000},
				geo.Point{Lon: 199950 + random.Int32N(200), Lat: random.Int32N(110) - 5})
		}
		mustAgree(t, c, x, points)
	}
}

// TestLocateAgreesOnAnything compares on small lattices full of touching, overlapping and self-crossing areas, where
// nearly every raster cell has edges through every lattice point, and on the same areas blown up.
func TestLocateAgreesOnAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		scale := rapid.SampledFrom([]int32{1, 3, 1000, 20_000_000}).Draw(t, "scale")
		checkAnything(t, drawAreas(t, scale), scale)
	})
}

func drawAreas(t *rapid.T, scale int32) []coverage.Area {
	point := rapid.Custom(func(t *rapid.T) geo.Point {
		return geo.Point{Lon: scale * rapid.Int32Range(0, 7).Draw(t, "lon"), Lat: scale * rapid.Int32Range(-3, 4).Draw(t, "lat")}
	})
	aRing := rapid.SliceOfN(point, 3, 9).Filter(func(r []geo.Point) bool { return geo.TwiceArea(r).Sign() != 0 })
	var areas []coverage.Area
	for i := range rapid.IntRange(1, 7).Draw(t, "areas") {
		a := coverage.Area{Code: string(rune('a' + i))}
		for range rapid.IntRange(1, 3).Draw(t, "rings") {
			a.Shape = append(a.Shape, coverage.Polygon{aRing.Draw(t, "ring")})
		}
		if i > 0 && rapid.Bool().Draw(t, "child") {
			parent := areas[rapid.IntRange(0, i-1).Draw(t, "parent")]
			if parent.Level < coverage.Micro {
				a.Parent, a.Level = parent.Code, parent.Level+1
				if rapid.Bool().Draw(t, "fills its parent") {
					a.Shape = parent.Shape
				}
			}
		}
		areas = append(areas, a)
	}
	return areas
}

func checkAnything(t fatal, areas []coverage.Area, scale int32) {
	c, x := build(t, areas)
	var points []geo.Point
	for lon := int32(-1); lon <= 8; lon++ {
		for lat := int32(-4); lat <= 5; lat++ {
			p := geo.Point{Lon: lon * scale, Lat: lat * scale}
			points = append(points, p, geo.Point{Lon: p.Lon + scale/2, Lat: p.Lat + scale/3})
			if scale > 1 {
				points = append(points, around(p)...)
			}
		}
	}
	mustAgree(t, c, x, points)
}

func FuzzLocate(f *testing.F) {
	f.Add([]byte{0, 0, 9, 0, 9, 9, 0, 9}, uint8(4), int8(5), int8(5))
	f.Add([]byte{0, 0, 9, 9, 9, 0, 0, 9, 3, 3, 6, 3, 6, 6}, uint8(4), int8(3), int8(3))
	f.Fuzz(func(t *testing.T, numbers []byte, cut uint8, lon, lat int8) {
		// Two towns and their county, of whatever the bytes give.
		var points coverage.Ring
		for i := 0; i+1 < min(len(numbers), 200); i += 2 {
			points = append(points, geo.Point{Lon: int32(int8(numbers[i])), Lat: int32(int8(numbers[i+1]))})
		}
		at := min(int(cut), len(points))
		areas := []coverage.Area{area("1", "", coverage.County, points), area("2", "1", coverage.Town, points[:at]), area("3", "1", coverage.Town, points[at:])}
		c, err := coverage.Build(areas)
		if err != nil {
			return
		}
		x := snap.Build(c)
		mustAgree(t, c, x, append(around(geo.Point{Lon: int32(lon), Lat: int32(lat)}), points...))
		for id := range coverage.ID(c.Len()) {
			mustAgree(t, c, x, []geo.Point{c.Label(id)})
		}
	})
}
