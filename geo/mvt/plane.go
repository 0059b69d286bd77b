package mvt

import (
	"math"

	"jingwei/geo"
)

// Extent is the width of a tile in its own units; buffer is how far geometry reaches over its sides.
const (
	Extent = 4096
	buffer = 64
)

// point is a place on a Web Mercator square, x eastwards, y southwards: either of the fine square, or of the square of one zoom,
// which is 2^zoom · Extent wide and whose tile (x, y) begins at (x·Extent, y·Extent).
type point struct{ X, Y int32 }

// The fine square is 2^30 steps wide for all zooms, so that what is worked out on it holds for all of them: a step is 4 cm at the
// equator, a quarter of the unit of the last zoom. Products of two differences fit 60 bits.
const fineBits = 30

// fineShift is how many bits the fine square has more than the square of a zoom.
func fineShift(zoom int) uint { return uint(fineBits - 12 - zoom) }

// project rounds a lattice point to the fine square. Latitudes beyond ±85.05° come to lie on its edge.
func project(p geo.Point) point {
	lonDeg, latDeg := p.Degrees()
	const size = 1 << fineBits
	sin := math.Sin(latDeg * math.Pi / 180)
	y := 0.5 - math.Log((1+sin)/(1-sin))/(4*math.Pi)
	return point{X: int32(math.Round((lonDeg + 180) / 360 * size)), Y: int32(math.Round(min(max(y, 0), 1) * size))}
}

// coarsen is the pixel of a zoom in which a point of the fine square lies: it holds what is half a unit west and north of its
// centre, not what is half a unit east or south.
func (p point) coarsen(shift uint) point {
	half := int32(1) << (shift - 1)
	return point{(p.X + half) >> shift, (p.Y + half) >> shift}
}

// unproject is the inverse of project for the square of a zoom, rounded and clamped to the lattice.
func unproject(x, y float64, zoom int) geo.Point {
	size := float64(int64(Extent) << zoom)
	lonDeg := x/size*360 - 180
	latDeg := math.Atan(math.Sinh(math.Pi*(1-2*y/size))) * 180 / math.Pi
	p, err := geo.PointOf(min(max(lonDeg, -180), 180), min(max(latDeg, -90), 90))
	if err != nil {
		return geo.Point{}
	}
	return p
}

// cross is the cross product of a→b and a→c: positive where c lies on the left of a→b when y is taken to point up. Exact.
func cross(a, b, c point) int64 {
	return (int64(b.X)-int64(a.X))*(int64(c.Y)-int64(a.Y)) - (int64(b.Y)-int64(a.Y))*(int64(c.X)-int64(a.X))
}

// distance2 is the square of the distance from p to the segment a–b.
func distance2(p, a, b point) float64 {
	dx, dy := float64(b.X-a.X), float64(b.Y-a.Y)
	px, py := float64(p.X-a.X), float64(p.Y-a.Y)
	if length2 := dx*dx + dy*dy; length2 > 0 {
		along := min(max((px*dx+py*dy)/length2, 0), 1)
		px, py = px-along*dx, py-along*dy
	}
	return px*px + py*py
}

// twiceArea is twice the area that a ring encloses, positive when it is an exterior ring of MVT 2.1: clockwise on the
// screen, where y points down.
func twiceArea(ring []point) int64 {
	if len(ring) < 3 {
		return 0
	}
	sum, origin := int64(0), ring[0]
	for i := 2; i < len(ring); i++ {
		a, b := ring[i-1], ring[i]
		sum += int64(a.X-origin.X)*int64(b.Y-origin.Y) - int64(b.X-origin.X)*int64(a.Y-origin.Y)
	}
	return sum
}
