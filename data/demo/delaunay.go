package demo

import (
	"errors"
	"sort"

	"jingwei/geo"
)

// triangulation is a Delaunay triangulation. Triangle t has the corners v[3t…] counterclockwise; n[3t+k] is the triangle
// across the side from corner k to corner k+1, -1 at the rim. The last three points are a frame far outside.
//
// Every triangle is proper and counterclockwise in exact lattice arithmetic; only the choice of a diagonal (the circle test)
// is made in floating point, and no guarantee rests on it.
type triangulation struct {
	p    []geo.Point
	xy   []vec
	v, n []int32
}

// triangulate inserts the points one after the other and flips sides until the circle test holds (Lawson 1977). The points
// must be different. Cost: about n log n.
func triangulate(f frame, points []geo.Point) (*triangulation, error) {
	mid := f.point(vec{})
	const far = 80_000_000 // 8°: outside everything, and still exact
	t := &triangulation{p: append(append([]geo.Point{}, points...),
		geo.Point{Lon: mid.Lon - far, Lat: mid.Lat - far}, geo.Point{Lon: mid.Lon + far, Lat: mid.Lat - far},
		geo.Point{Lon: mid.Lon, Lat: mid.Lat + far})}
	for _, p := range t.p {
		t.xy = append(t.xy, f.of(p))
	}
	n := int32(len(points))
	t.v, t.n = []int32{n, n + 1, n + 2}, []int32{-1, -1, -1}

	// Neighbours in the order of insertion are neighbours in space: rows of squares, to and fro.
	order := make([]int32, n)
	key := make([]int64, n)
	for i, p := range points {
		order[i] = int32(i)
		row, column := int64(p.Lat)/60_000, int64(p.Lon)
		if row%2 != 0 {
			column = -column
		}
		key[i] = row<<34 + column
	}
	sort.Slice(order, func(i, j int) bool { return key[order[i]] < key[order[j]] })
	last := int32(0)
	for _, i := range order {
		var err error
		if last, err = t.insert(i, last); err != nil {
			return nil, err
		}
	}
	return t, nil
}

var errTwice = errors.New("two points of the demo county fall on the same place of the lattice: take another seed")

// insert puts point i in, searching from a triangle near it, and returns a triangle that has it as a corner.
func (t *triangulation) insert(i, from int32) (int32, error) {
	p := t.p[i]
	at := from
walk:
	for {
		for k := range int32(3) {
			a, b := t.v[3*at+k], t.v[3*at+(k+1)%3]
			if t.p[a] == p {
				return 0, errTwice
			}
			if orient(t.p[a], t.p[b], p) < 0 {
				at = t.n[3*at+k]
				continue walk
			}
		}
		break
	}
	// at = (a, b, c) becomes (a, b, i), (b, c, i), (c, a, i).
	a, b, c := t.v[3*at], t.v[3*at+1], t.v[3*at+2]
	nab, nbc, nca := t.n[3*at], t.n[3*at+1], t.n[3*at+2]
	t1, t2 := int32(len(t.v)/3), int32(len(t.v)/3)+1
	t.v = append(t.v, b, c, i, c, a, i)
	t.n = append(t.n, nbc, t2, at, nca, at, t1)
	t.v[3*at+2], t.n[3*at], t.n[3*at+1], t.n[3*at+2] = i, nab, t1, t2
	t.relink(nbc, at, t1)
	t.relink(nca, at, t2)
	t.settle(at)
	t.settle(t1)
	t.settle(t2)
	return at, nil
}

func (t *triangulation) relink(at, from, to int32) {
	if at < 0 {
		return
	}
	for k := range int32(3) {
		if t.n[3*at+k] == from {
			t.n[3*at+k] = to
			return
		}
	}
}

// settle flips the side of triangle at that lies across from its newest corner (corner 2), if the triangle beyond has its far
// corner in the circle, and goes on behind. A new point on the side itself makes a flat triangle: that side always flips.
func (t *triangulation) settle(at int32) {
	a, b, i := t.v[3*at], t.v[3*at+1], t.v[3*at+2]
	beyond := t.n[3*at]
	if beyond < 0 {
		return
	}
	k := int32(0)
	for t.n[3*beyond+k] != at {
		k++
	}
	d := t.v[3*beyond+(k+2)%3]
	flat := orient(t.p[a], t.p[b], t.p[i]) == 0
	if !flat && (orient(t.p[a], t.p[d], t.p[i]) <= 0 || orient(t.p[d], t.p[b], t.p[i]) <= 0 || !inCircle(t.xy[a], t.xy[b], t.xy[i], t.xy[d])) {
		return
	}
	// (a, b, i) + (b, a, d) become (a, d, i) + (d, b, i).
	nad, ndb := t.n[3*beyond+(k+1)%3], t.n[3*beyond+(k+2)%3]
	nbi, nia := t.n[3*at+1], t.n[3*at+2]
	copy(t.v[3*at:], []int32{a, d, i})
	copy(t.n[3*at:], []int32{nad, beyond, nia})
	copy(t.v[3*beyond:], []int32{d, b, i})
	copy(t.n[3*beyond:], []int32{ndb, nbi, at})
	t.relink(nad, beyond, at)
	t.relink(nbi, at, beyond)
	t.settle(at)
	t.settle(beyond)
}

// inCircle tells whether d lies clearly inside the circle through the counterclockwise triangle a, b, c.
func inCircle(a, b, c, d vec) bool {
	a, b, c = a.sub(d), b.sub(d), c.sub(d)
	return a.len2()*b.cross(c)+b.len2()*c.cross(a)+c.len2()*a.cross(b) > 1e-6
}
