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

// point is a place on the Web Mercator square of one zoom: 0 to 2^zoom · Extent, x eastwards, y southwards. The tile
// (x, y) begins at (x·Extent, y·Extent).
type point struct{ X, Y int32 }

// project rounds a lattice point to the square of a zoom. Latitudes beyond ±85.05° come to lie on its edge.
func project(p geo.Point, zoom int) point {
	lonDeg, latDeg := p.Degrees()
	size := float64(int64(Extent) << zoom)
	sin := math.Sin(latDeg * math.Pi / 180)
	y := 0.5 - math.Log((1+sin)/(1-sin))/(4*math.Pi)
	return point{
		X: int32(math.Round((lonDeg + 180) / 360 * size)),
		Y: int32(math.Round(min(max(y, 0), 1) * size)),
	}
}

// unproject is the inverse, rounded and clamped to the lattice.
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

// toleranceUnits is how far a simplified line may lie from the true one: a third of a screen pixel, where a tile is
// shown 256 pixels wide; nearly nothing at the last zoom, which the client magnifies further.
func toleranceUnits(zoom int) float64 {
	if zoom == MaxZoom {
		return 1
	}
	return 5
}

// simplify appends to out those of points that keep the line within the tolerance, always the first and last (Douglas and
// Peucker, 1973). A closed line is kept open by the point farthest from its start. Points next to each other differ;
// a line that shrinks to one point gives that point.
func simplify(out, points []point, toleranceUnits float64) []point {
	points = dedupe(points)
	if len(points) < 3 {
		return append(out, points...)
	}
	keep := make([]bool, len(points))
	keep[0], keep[len(points)-1] = true, true
	type span struct{ first, last int }
	stack := []span{{0, len(points) - 1}}
	for len(stack) > 0 {
		s := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		farthest, index := toleranceUnits*toleranceUnits, 0
		for i := s.first + 1; i < s.last; i++ {
			if d := distance2(points[i], points[s.first], points[s.last]); d > farthest {
				farthest, index = d, i
			}
		}
		if index > 0 {
			keep[index] = true
			stack = append(stack, span{s.first, index}, span{index, s.last})
		}
	}
	for i, p := range points {
		if keep[i] {
			out = append(out, p)
		}
	}
	return out
}

// dedupe drops repetitions in place.
func dedupe(points []point) []point {
	n := 0
	for _, p := range points {
		if n == 0 || p != points[n-1] {
			points[n] = p
			n++
		}
	}
	return points[:n]
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
