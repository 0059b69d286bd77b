package geo_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"jingwei/geo"
)

// points draws lattice points; half of them from a tiny box, so that collinear and coincident ones are common.
func points() *rapid.Generator[geo.Point] {
	wide := rapid.Custom(func(t *rapid.T) geo.Point {
		return geo.Point{
			Lon: rapid.Int32Range(-geo.MaxLon, geo.MaxLon).Draw(t, "lon"),
			Lat: rapid.Int32Range(-geo.MaxLat, geo.MaxLat).Draw(t, "lat"),
		}
	})
	corner := rapid.Custom(func(t *rapid.T) geo.Point {
		return geo.Point{
			Lon: rapid.SampledFrom([]int32{-geo.MaxLon, geo.MaxLon, geo.MaxLon - 1}).Draw(t, "lon"),
			Lat: rapid.SampledFrom([]int32{-geo.MaxLat, geo.MaxLat, geo.MaxLat - 1}).Draw(t, "lat"),
		}
	})
	return rapid.OneOf(wide, corner, nearPoints(), nearPoints())
}

func nearPoints() *rapid.Generator[geo.Point] {
	return rapid.Custom(func(t *rapid.T) geo.Point {
		return geo.Point{Lon: rapid.Int32Range(0, 4).Draw(t, "lon"), Lat: rapid.Int32Range(0, 4).Draw(t, "lat")}
	})
}

func bigOrient(a, b, c geo.Point) int {
	d := func(p, q int32) *big.Int { return new(big.Int).Sub(big.NewInt(int64(p)), big.NewInt(int64(q))) }
	left := new(big.Int).Mul(d(b.Lon, a.Lon), d(c.Lat, a.Lat))
	return left.Cmp(new(big.Int).Mul(d(b.Lat, a.Lat), d(c.Lon, a.Lon)))
}

func TestOrientIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := points().Draw(t, "a"), points().Draw(t, "b"), points().Draw(t, "c")
		if got, want := geo.Orient(a, b, c), bigOrient(a, b, c); got != want {
			t.Fatalf("Orient(%v, %v, %v) = %d, exactly %d", a, b, c, got, want)
		}
	})
}

func TestOnSegmentIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, a, b := points().Draw(t, "p"), points().Draw(t, "a"), points().Draw(t, "b")
		// The twin: p is on a–b when it is collinear and the scalar product (a−p)·(b−p) is not positive.
		dot := new(big.Int)
		for _, d := range [][2]int64{{int64(a.Lon) - int64(p.Lon), int64(b.Lon) - int64(p.Lon)}, {int64(a.Lat) - int64(p.Lat), int64(b.Lat) - int64(p.Lat)}} {
			dot.Add(dot, new(big.Int).Mul(big.NewInt(d[0]), big.NewInt(d[1])))
		}
		want := bigOrient(a, b, p) == 0 && dot.Sign() <= 0
		if got := geo.OnSegment(p, a, b); got != want {
			t.Fatalf("OnSegment(%v, %v, %v) = %v", p, a, b, got)
		}
	})
}

func TestSegmentsMeetIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := points().Draw(t, "a"), points().Draw(t, "b")
		c, d := points().Draw(t, "c"), points().Draw(t, "d")
		got := geo.SegmentsMeet(a, b, c, d)
		if want := meetRational(a, b, c, d); got != want {
			t.Fatalf("SegmentsMeet(%v, %v, %v, %v) = %v, exactly %v", a, b, c, d, got, want)
		}
		if geo.SegmentsMeet(c, d, a, b) != got || geo.SegmentsMeet(b, a, c, d) != got {
			t.Fatal("not symmetric")
		}
	})
}

// meetRational clips a–b to c–d's line in rationals: the slow twin of SegmentsMeet.
func meetRational(a, b, c, d geo.Point) bool {
	if a == b || c == d {
		if a == b {
			return geo.OnSegment(a, c, d)
		}
		return geo.OnSegment(c, a, b)
	}
	cross := func(x1, y1, x2, y2 int64) *big.Int {
		l := new(big.Int).Mul(big.NewInt(x1), big.NewInt(y2))
		return l.Sub(l, new(big.Int).Mul(big.NewInt(y1), big.NewInt(x2)))
	}
	rx, ry := int64(b.Lon)-int64(a.Lon), int64(b.Lat)-int64(a.Lat)
	sx, sy := int64(d.Lon)-int64(c.Lon), int64(d.Lat)-int64(c.Lat)
	qx, qy := int64(c.Lon)-int64(a.Lon), int64(c.Lat)-int64(a.Lat)
	denominator := cross(rx, ry, sx, sy)
	if denominator.Sign() == 0 {
		return geo.OnSegment(a, c, d) || geo.OnSegment(b, c, d) || geo.OnSegment(c, a, b) || geo.OnSegment(d, a, b)
	}
	unit := func(n *big.Int) bool {
		r := new(big.Rat).SetFrac(n, denominator)
		return r.Sign() >= 0 && r.Cmp(big.NewRat(1, 1)) <= 0
	}
	return unit(cross(qx, qy, sx, sy)) && unit(cross(qx, qy, rx, ry))
}

func TestTwiceAreaIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ring := rapid.SliceOfN(points(), 0, 12).Draw(t, "ring")
		want := new(big.Int)
		for i, a := range ring {
			b := ring[(i+1)%len(ring)]
			want.Add(want, new(big.Int).Mul(big.NewInt(int64(a.Lon)), big.NewInt(int64(b.Lat))))
			want.Sub(want, new(big.Int).Mul(big.NewInt(int64(a.Lat)), big.NewInt(int64(b.Lon))))
		}
		got := geo.TwiceArea(ring)
		exact := new(big.Int).Lsh(big.NewInt(got.Hi), 64)
		exact.Add(exact, new(big.Int).SetUint64(got.Lo))
		if exact.Cmp(want) != 0 {
			t.Fatalf("TwiceArea(%v) = %v, exactly %v", ring, exact, want)
		}
		if got.Sign() != want.Sign() {
			t.Fatalf("Sign = %d, want %d", got.Sign(), want.Sign())
		}
		float, _ := new(big.Float).SetInt(want).Float64()
		if math.Abs(got.Float64()-float) > 1e-15*math.Abs(float) {
			t.Fatalf("Float64 = %v, want %v", got.Float64(), float)
		}
	})
}

func TestTwiceAreaOfTheWorld(t *testing.T) {
	t.Parallel()
	world := []geo.Point{{Lon: -geo.MaxLon, Lat: -geo.MaxLat}, {Lon: geo.MaxLon, Lat: -geo.MaxLat}, {Lon: geo.MaxLon, Lat: geo.MaxLat}, {Lon: -geo.MaxLon, Lat: geo.MaxLat}}
	if got := geo.TwiceArea(world).Float64(); got != 2*3.6e9*1.8e9 {
		t.Errorf("twice the area of the world is %v", got)
	}
}

func TestSideOf(t *testing.T) {
	t.Parallel()
	shell := []geo.Point{{Lon: 0, Lat: 0}, {Lon: 10, Lat: 0}, {Lon: 10, Lat: 10}, {Lon: 5, Lat: 5}, {Lon: 0, Lat: 10}}
	hole := []geo.Point{{Lon: 4, Lat: 2}, {Lon: 4, Lat: 4}, {Lon: 6, Lat: 4}, {Lon: 6, Lat: 2}}
	for _, c := range []struct {
		p    geo.Point
		want geo.Side
	}{
		{geo.Point{Lon: 1, Lat: 1}, geo.Inside},
		{geo.Point{Lon: 0, Lat: 0}, geo.Border},
		{geo.Point{Lon: 5, Lat: 5}, geo.Border},
		{geo.Point{Lon: 5, Lat: 6}, geo.Outside},
		{geo.Point{Lon: 7, Lat: 7}, geo.Border},
		{geo.Point{Lon: 8, Lat: 7}, geo.Inside},
		{geo.Point{Lon: 5, Lat: 3}, geo.Outside},
		{geo.Point{Lon: 5, Lat: 2}, geo.Border},
		{geo.Point{Lon: 6, Lat: 4}, geo.Border},
		{geo.Point{Lon: -1, Lat: 5}, geo.Outside},
		{geo.Point{Lon: 11, Lat: 10}, geo.Outside},
		{geo.Point{Lon: 3, Lat: 4}, geo.Inside},
	} {
		if got := geo.SideOf(c.p, shell, hole); got != c.want {
			t.Errorf("SideOf(%v) = %v, want %v", c.p, got, c.want)
		}
	}
	if geo.SideOf(geo.Point{}, []geo.Point{}) != geo.Outside || geo.SideOf(geo.Point{}, []geo.Point(nil)) != geo.Outside {
		t.Error("no ring has an inside")
	}
}

// TestSideOfAgreesWithWinding compares with a twin that counts in rationals where a vertical ray meets the ring.
func TestSideOfAgreesWithWinding(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ring := rapid.SliceOfN(nearPoints(), 3, 9).Draw(t, "ring")
		p := nearPoints().Draw(t, "p")
		inside, border := false, false
		for i, a := range ring {
			b := ring[(i+1)%len(ring)]
			border = border || geo.OnSegment(p, a, b)
			if a.Lon > p.Lon != (b.Lon > p.Lon) {
				// Latitude at which the edge meets the meridian of p, compared with p's.
				at := big.NewRat(int64(b.Lat-a.Lat)*int64(p.Lon-a.Lon), int64(b.Lon-a.Lon))
				at.Add(at, big.NewRat(int64(a.Lat), 1))
				if at.Cmp(big.NewRat(int64(p.Lat), 1)) > 0 {
					inside = !inside
				}
			}
		}
		want := geo.Outside
		if border {
			want = geo.Border
		} else if inside {
			want = geo.Inside
		}
		if got := geo.SideOf(p, ring); got != want {
			t.Fatalf("SideOf(%v, %v) = %v, want %v", p, ring, got, want)
		}
	})
}

func TestPointOf(t *testing.T) {
	t.Parallel()
	p, err := geo.PointOf(119.82330004, 31.34059996)
	if err != nil || p != (geo.Point{Lon: 1198233000, Lat: 313406000}) {
		t.Errorf("PointOf = %v, %v", p, err)
	}
	for _, bad := range [][2]float64{{math.NaN(), 0}, {0, math.NaN()}, {math.Inf(1), 0}, {180.0000001, 0}, {0, -90.0000001}, {31.3, 119.8}} {
		if _, err := geo.PointOf(bad[0], bad[1]); !errors.Is(err, geo.ErrCoordinate) {
			t.Errorf("PointOf(%v) gives %v, want ErrCoordinate", bad, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		p := points().Draw(t, "p")
		lonDeg, latDeg := p.Degrees()
		if q, err := geo.PointOf(lonDeg, latDeg); err != nil || q != p {
			t.Fatalf("%v came back as %v, %v", p, q, err)
		}
	})
}
