package coverage

import (
	"container/heap"
	"math"

	"jingwei/geo"
)

// metresPerStep is the length of a lattice step along a meridian of the mean sphere.
const metresPerStep = geo.EarthRadiusM * math.Pi / 180 / geo.UnitsPerDegree

// maxTries bounds the edges looked at for one width: about half a second.
const maxTries = 50_000_000

// widthOf is the diameter of the largest circle inside a polygon, to a twentieth, and its centre. Below limitM it need not be
// exact: the width of a polygon that is nowhere wider than limitM is about its area by half its outline, and its place a vertex.
//
// The search is that of the label (mapbox/polylabel), but it goes on until nothing wider can be left. A polygon too tangled for
// that counts as wider than limitM.
func widthOf(polygon Polygon, limitM float64) (widthM float64, place geo.Point) {
	f := newPlane(polygon)
	limit := limitM / metresPerStep
	narrow := func() (float64, geo.Point) { return min(f.meanWidth()*metresPerStep, limitM), polygon[0][0] }
	if f.area() <= math.Pi/4*limit*limit {
		return narrow()
	}
	best, most := square{distance: limit / 2}, math.Inf(1)
	if len(polygon) == 1 {
		var middles [][2]float64
		if most, middles = f.leash(); most <= limit {
			return narrow()
		}
		for _, m := range middles[:min(len(middles), maxTries/20/len(f.segments))] {
			if s := f.square(m[0], m[1], 0); s.distance > best.distance {
				best = s
			}
		}
	}
	width, height := f.high[0]-f.low[0], f.high[1]-f.low[1]
	half := max(min(width, height), max(width, height)/64) / 2
	queue := f.tiles(half)
	for tries := 0; len(queue) > 0 && min(queue[0].best, most/2) > best.distance*1.05; tries += 4 * len(f.segments) {
		if tries > maxTries {
			return max(2*best.distance*metresPerStep, math.Nextafter(limitM, math.Inf(1))), f.point(queue[0].x, queue[0].y)
		}
		top := heap.Pop(&queue).(square)
		if top.distance > best.distance {
			best = top
		}
		for _, s := range f.quarters(top) {
			if s.best > best.distance*1.05 {
				heap.Push(&queue, s)
			} else if s.distance > best.distance {
				best = s
			}
		}
	}
	if best.distance <= limit/2 {
		return narrow()
	}
	return 2 * best.distance * metresPerStep, f.point(best.x, best.y)
}

// meanWidth is the area by half the outline.
func (f *plane) meanWidth() float64 {
	outline := 0.0
	for _, s := range f.segments {
		outline += math.Hypot(s.bx-s.ax, s.by-s.ay)
	}
	return 2 * f.area() / outline
}

// leash is at least the diameter of the largest circle inside a polygon without holes, and near it where the polygon is thin;
// among the middles of the leash on its way are good first guesses of the centre.
//
// The outline is taken as two lines between about its farthest vertices, and walked from one to the other on both lines at
// once. The straight leash between the two walkers sweeps over all that is inside, and so over the centre of the circle; then
// it is as long as the diameter. So no circle is wider than the longest leash of any such walk (an upper bound of the Fréchet
// distance of the lines). Here the walker who is to go on is always the one for whom the leash stays shorter.
func (f *plane) leash() (longest float64, middles [][2]float64) {
	n := len(f.segments)
	at := func(i int) [2]float64 { return [2]float64{f.segments[(i+n)%n].ax, f.segments[(i+n)%n].ay} }
	farthest := func(from [2]float64) (best int) {
		most := -1.0
		for i := range n {
			if d := apart(from, at(i)); d > most {
				most, best = d, i
			}
		}
		return best
	}
	begin := farthest(at(0))
	end := farthest(at(begin))
	left, right := (end-begin+n)%n, (begin-end+n)%n // vertices to go on each line
	i, j := 0, 0                                    // vertices passed
	p, q := at(begin), at(begin)
	for i < left || j < right {
		fromP, fromQ := p, q
		ahead, other := at(begin+i+1), at(begin-j-1)
		onRight, onLeft := onSegment(ahead, q, other), onSegment(other, p, ahead)
		switch {
		case j == right, i < left && apart(ahead, onRight) <= apart(other, onLeft):
			if j == right {
				onRight = q
			}
			p, q = ahead, onRight
			i++
		default:
			if i == left {
				onLeft = p
			}
			p, q = onLeft, other
			j++
		}
		longest = max(longest, apart(p, q))
		middles = append(middles, [2]float64{(fromP[0] + p[0] + fromQ[0] + q[0]) / 4, (fromP[1] + p[1] + fromQ[1] + q[1]) / 4})
	}
	return longest, middles
}

func apart(p, q [2]float64) float64 { return math.Hypot(p[0]-q[0], p[1]-q[1]) }

// onSegment is the point of the segment a–b nearest to p.
func onSegment(p, a, b [2]float64) [2]float64 {
	dx, dy := b[0]-a[0], b[1]-a[1]
	length2 := dx*dx + dy*dy
	if length2 == 0 {
		return a
	}
	along := min(max(((p[0]-a[0])*dx+(p[1]-a[1])*dy)/length2, 0), 1)
	return [2]float64{a[0] + along*dx, a[1] + along*dy}
}

// area is in square steps of latitude.
func (f *plane) area() float64 {
	twice := 0.0
	for _, s := range f.segments {
		twice += s.ax*s.by - s.bx*s.ay
	}
	return math.Abs(twice) / 2
}

// AreaM2 is the area of a shape in square metres on the mean sphere, its edges taken as straight in the cylindrical equal-area
// projection (off by less than 1e-6 of the area for edges up to 10 km). It does not lose digits on slivers.
func AreaM2(shape []Polygon) float64 {
	sum := 0.0
	for _, polygon := range shape {
		for _, ring := range polygon {
			sum += ringAreaM2(ring)
		}
	}
	return math.Abs(sum)
}

func ringAreaM2(ring Ring) float64 {
	if len(ring) < 3 {
		return 0
	}
	const radiansPerUnit = math.Pi / 180 / geo.UnitsPerDegree
	origin := ring[0]
	// sin a − sin b as a product keeps its digits where a and b are close.
	project := func(p geo.Point) (x, y float64) {
		half := (float64(p.Lat) - float64(origin.Lat)) * radiansPerUnit / 2
		middle := (float64(p.Lat) + float64(origin.Lat)) * radiansPerUnit / 2
		return (float64(p.Lon) - float64(origin.Lon)) * radiansPerUnit, 2 * math.Cos(middle) * math.Sin(half)
	}
	twice := 0.0
	ax, ay := project(ring[1])
	for _, p := range ring[2:] {
		bx, by := project(p)
		twice += ax*by - ay*bx
		ax, ay = bx, by
	}
	return twice / 2 * geo.EarthRadiusM * geo.EarthRadiusM
}
