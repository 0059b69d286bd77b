package geo

import (
	"math"
	"math/bits"
)

// Int128 is a signed 128-bit integer, two's complement: Hi·2^64 + Lo.
type Int128 struct {
	Hi int64
	Lo uint64
}

// Sign is -1, 0 or +1.
func (v Int128) Sign() int {
	switch {
	case v.Hi < 0:
		return -1
	case v.Hi > 0 || v.Lo > 0:
		return +1
	}
	return 0
}

// Float64 is the nearest double, give or take one rounding.
func (v Int128) Float64() float64 {
	if v.Hi < 0 {
		lo, borrow := bits.Sub64(0, v.Lo, 0)
		hi, _ := bits.Sub64(0, uint64(v.Hi), borrow)
		return -(math.Ldexp(float64(hi), 64) + float64(lo))
	}
	return math.Ldexp(float64(v.Hi), 64) + float64(v.Lo)
}

// add adds a signed 64-bit number.
func (v Int128) add(n int64) Int128 {
	lo, carry := bits.Add64(v.Lo, uint64(n), 0)
	hi, _ := bits.Add64(uint64(v.Hi), uint64(n>>63), carry)
	return Int128{int64(hi), lo}
}

// TwiceArea is twice the signed area of a ring in square lattice steps: positive when the ring runs
// counter-clockwise. Exact for any ring of fewer than 2^60 vertices; one addition a vertex and coordinate.
func TwiceArea(ring []Point) Int128 {
	var sum Int128
	if len(ring) < 3 {
		return sum
	}
	origin := ring[0]
	a := ring[1]
	for _, b := range ring[2:] {
		sum = sum.add((int64(a.Lon) - int64(origin.Lon)) * (int64(b.Lat) - int64(origin.Lat)))
		sum = sum.add(-(int64(a.Lat) - int64(origin.Lat)) * (int64(b.Lon) - int64(origin.Lon)))
		a = b
	}
	return sum
}

// Side is where a point lies seen from a closed line.
type Side int8

// The three places a point can be.
const (
	Outside Side = iota
	Border
	Inside
)

// SideOf tells exactly where p lies relative to the rings taken together by the even-odd rule, which gives shells,
// holes and several polygons of one shape their usual meaning whatever their direction. A point on any edge or
// vertex is Border. Cost: one pass over the vertices.
func SideOf[R ~[]Point](p Point, rings ...R) Side {
	inside := false
	for _, ring := range rings {
		if len(ring) == 0 {
			continue
		}
		a := ring[len(ring)-1]
		for _, b := range ring {
			if a.Lat > p.Lat != (b.Lat > p.Lat) {
				// The edge crosses the parallel of p: does it pass p on the east?
				side := Orient(a, b, p)
				if side == 0 {
					return Border
				}
				if side > 0 == (b.Lat > a.Lat) {
					inside = !inside
				}
			} else if OnSegment(p, a, b) {
				return Border
			}
			a = b
		}
	}
	if inside {
		return Inside
	}
	return Outside
}
