package coverage

import (
	"container/heap"
	"math"
	"slices"

	"jingwei/geo"
)

// Label is a point well inside the area, where a name can stand: near the centre of the largest circle that fits into
// the largest polygon, with degrees of longitude shortened by the cosine of the latitude. It is inside, not on the
// border, except for an area so thin that no lattice point is inside; then it is a vertex.
//
// It is found when first asked for (about 20 µs for 50 vertices) and remembered. Safe for concurrent use.
func (c *Coverage) Label(id ID) geo.Point {
	// The point (0°, 0°) is packed as 0 and so found again each time, which does no harm.
	if packed := c.labels[id].Load(); packed != 0 {
		return geo.Point{Lon: int32(packed >> 32), Lat: int32(packed)}
	}
	p := labelOf(c.Area(id))
	c.labels[id].Store(uint64(uint32(p.Lon))<<32 | uint64(uint32(p.Lat)))
	return p
}

func labelOf(area Area) geo.Point {
	largest := slices.MaxFunc(area.Shape, func(a, b Polygon) int {
		twiceA, twiceB := geo.TwiceArea(a[0]).Float64(), geo.TwiceArea(b[0]).Float64()
		switch {
		case twiceA < twiceB:
			return -1
		case twiceA > twiceB:
			return +1
		}
		return 0
	})
	if p := newPlane(largest).pole(); area.Side(p) == geo.Inside {
		return p
	}
	return chordPoint(area, largest[0])
}

// plane is a polygon in flat local coordinates: x is longitude from the first vertex in steps of latitude, y latitude.
type plane struct {
	origin    geo.Point
	cos       float64
	segments  []segment
	low, high [2]float64
}

type segment struct{ ax, ay, bx, by float64 }

func newPlane(polygon Polygon) *plane {
	origin := polygon[0][0]
	_, latDeg := origin.Degrees()
	f := &plane{
		origin: origin,
		cos:    max(math.Cos(latDeg*math.Pi/180), 1e-6),
		low:    [2]float64{math.Inf(1), math.Inf(1)},
		high:   [2]float64{math.Inf(-1), math.Inf(-1)},
	}
	local := func(p geo.Point) (x, y float64) {
		return (float64(p.Lon) - float64(origin.Lon)) * f.cos, float64(p.Lat) - float64(origin.Lat)
	}
	for _, ring := range polygon {
		ax, ay := local(ring[len(ring)-1])
		for _, p := range ring {
			bx, by := local(p)
			f.segments = append(f.segments, segment{ax, ay, bx, by})
			f.low = [2]float64{min(f.low[0], bx), min(f.low[1], by)}
			f.high = [2]float64{max(f.high[0], bx), max(f.high[1], by)}
			ax, ay = bx, by
		}
	}
	return f
}

// distance is how far (x, y) is from the outline: positive inside, negative outside.
func (f *plane) distance(x, y float64) float64 {
	inside, nearest := false, math.Inf(1)
	for i := range f.segments {
		s := &f.segments[i]
		if s.ay > y != (s.by > y) && x < (s.bx-s.ax)*(y-s.ay)/(s.by-s.ay)+s.ax {
			inside = !inside
		}
		dx, dy := s.bx-s.ax, s.by-s.ay
		along := min(max(((x-s.ax)*dx+(y-s.ay)*dy)/(dx*dx+dy*dy), 0), 1)
		ex, ey := s.ax+along*dx-x, s.ay+along*dy-y
		nearest = min(nearest, ex*ex+ey*ey)
	}
	if inside {
		return math.Sqrt(nearest)
	}
	return -math.Sqrt(nearest)
}

// square is a square of half-width half around (x, y); nowhere in it is farther inside than best.
type square struct{ x, y, half, distance, best float64 }

func (f *plane) square(x, y, half float64) square {
	d := f.distance(x, y)
	return square{x, y, half, d, d + half*math.Sqrt2}
}

// tiles are squares that cover the polygon, as a heap.
func (f *plane) tiles(half float64) squares {
	queue := squares{}
	for x := f.low[0] + half; x-half < f.high[0]; x += 2 * half {
		for y := f.low[1] + half; y-half < f.high[1]; y += 2 * half {
			queue = append(queue, f.square(x, y, half))
		}
	}
	heap.Init(&queue)
	return queue
}

func (f *plane) quarters(s square) [4]square {
	h := s.half / 2
	return [4]square{f.square(s.x-h, s.y-h, h), f.square(s.x+h, s.y-h, h), f.square(s.x-h, s.y+h, h), f.square(s.x+h, s.y+h, h)}
}

// squares is a heap with the most promising square on top.
type squares []square

func (q squares) Len() int           { return len(q) }
func (q squares) Less(i, j int) bool { return q[i].best > q[j].best }
func (q squares) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *squares) Push(s any)        { *q = append(*q, s.(square)) }
func (q *squares) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// pole is about the point farthest inside: the search of mapbox/polylabel (Agafonkin, 2016), to 1/20 of the width of the
// polygon, given up after 400 squares.
func (f *plane) pole() geo.Point {
	width, height := f.high[0]-f.low[0], f.high[1]-f.low[1]
	half := max(min(width, height), max(width, height)/16) / 2
	precision := min(width, height) / 20
	best := f.square((f.low[0]+f.high[0])/2, (f.low[1]+f.high[1])/2, 0)
	queue := f.tiles(half)
	for range 400 {
		if len(queue) == 0 || queue[0].best-best.distance <= precision {
			break
		}
		top := heap.Pop(&queue).(square)
		if top.distance > best.distance {
			best = top
		}
		for _, s := range f.quarters(top) {
			if s.distance > best.distance {
				best = s
			}
			if s.best-best.distance > precision {
				heap.Push(&queue, s)
			}
		}
	}
	return f.point(best.x, best.y)
}

// point is the lattice point nearest to a place in the plane.
func (f *plane) point(x, y float64) geo.Point {
	return geo.Point{Lon: f.origin.Lon + int32(math.Round(x/f.cos)), Lat: f.origin.Lat + int32(math.Round(y))}
}

// chordPoint looks for a lattice point inside a thin area: the middles of the chords along a few parallels.
func chordPoint(area Area, shell Ring) geo.Point {
	low, high := emptyBox()
	for _, p := range shell {
		low, high = grow(low, high, p)
	}
	const parallels = 64
	span := int64(high.Lat) - int64(low.Lat)
	for i := range int64(parallels) {
		lat := int32(int64(low.Lat) + span*(2*i+1)/(2*parallels))
		var cuts []float64
		a := shell[len(shell)-1]
		for _, b := range shell {
			if a.Lat > lat != (b.Lat > lat) {
				part := (float64(lat) - float64(a.Lat)) / (float64(b.Lat) - float64(a.Lat))
				cuts = append(cuts, float64(a.Lon)+part*(float64(b.Lon)-float64(a.Lon)))
			}
			a = b
		}
		slices.Sort(cuts)
		for j := 1; j < len(cuts); j++ {
			p := geo.Point{Lon: int32(math.Round((cuts[j-1] + cuts[j]) / 2)), Lat: lat}
			if area.Side(p) == geo.Inside {
				return p
			}
		}
	}
	return shell[0]
}
