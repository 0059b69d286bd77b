package demo

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"jingwei/geo"
)

// mesh is the finest partition: a cell around each site inside the county, and the lines that part them.
//
// Why no two lines can cross. A line between the cells of two neighbouring sites a and b runs from the corner c of one Delaunay
// triangle (a, b, ·) over a point m on the side ab to the corner of the other. A corner lies inside its triangle, so the
// triangles (a, c, b) of the three sides of one Delaunay triangle have no inner point in common, and neither have those of
// different Delaunay triangles. Each half of a line stays inside its own (a, c, b), and advances along c → m in every
// step, so it cannot cross itself either. Points keep away from the sides of their triangle by a share of the room there, which
// is metres, while rounding to the lattice moves them by half a centimetre. Exactly three lines meet at a corner,
// therefore the border of any union of cells never touches itself.
type mesh struct {
	frame  frame
	site   []geo.Point // of the cells
	xy     []vec       // the same in metres
	areaM2 []float64
	ring   [][]int32 // the neighbours of each cell counterclockwise; -1 for outside
	arcs   []arc

	territory territory // scratch of mark
}

// arc is a line between two cells, directed so that left is a cell; right is -1 outside the county.
type arc struct {
	left, right int32
	from, to    int32       // corners
	line        []geo.Point // both ends included
}

// piecesOfHalf is the number of steps from a corner to the middle of a line. Two halves of four make eight points a line and, with
// six neighbours, 48 points a cell.
const piecesOfHalf = 4

// newMesh makes cells around the first inside points of the triangulation.
func newMesh(f frame, t *triangulation, inside int, rng *rand.Rand) (*mesh, error) {
	m := &mesh{frame: f, site: t.p[:inside], xy: t.xy[:inside], areaM2: make([]float64, inside), ring: make([][]int32, inside)}
	corner := make([]geo.Point, len(t.v)/3)
	for i := range corner {
		a, b, c := t.xy[t.v[3*i]], t.xy[t.v[3*i+1]], t.xy[t.v[3*i+2]]
		u, v := .24+.18*rng.Float64(), .24+.18*rng.Float64()
		corner[i] = f.point(a.mul(u).add(b.mul(v)).add(c.mul(1 - u - v)))
	}
	far := int32(len(t.p) - 3)
	for tri := range int32(len(corner)) {
		for k := range int32(3) {
			a, b := t.v[3*tri+k], t.v[3*tri+(k+1)%3]
			beyond := t.n[3*tri+k]
			// The line with its cell on the left goes from the triangle on the right of a → b to that on its left.
			if int(a) >= inside || (int(b) < inside && b < a) {
				continue
			}
			if b >= far {
				return nil, fmt.Errorf("demo: cell %d at %v is open to the outside: the belt of outer points has a hole, take another seed", a, t.p[a])
			}
			right := b
			if int(b) >= inside {
				right = -1
			}
			m.arcs = append(m.arcs, arc{left: a, right: right, from: beyond, to: tri,
				line: f.wiggle(rng, t.p[a], t.p[b], corner[beyond], corner[tri])})
		}
	}
	m.findRings(t, inside)
	for _, a := range m.arcs {
		twice := 0.0
		for i := 1; i < len(a.line); i++ {
			twice += f.of(a.line[i-1]).cross(f.of(a.line[i]))
		}
		m.areaM2[a.left] += twice / 2
		if a.right >= 0 {
			m.areaM2[a.right] -= twice / 2
		}
	}
	return m, nil
}

// findRings lists the neighbours of each cell by turning around its site.
func (m *mesh) findRings(t *triangulation, inside int) {
	start := make([]int32, inside)
	for i, v := range t.v {
		if int(v) < inside {
			start[v] = int32(i / 3)
		}
	}
	for s := range int32(inside) {
		for at := start[s]; ; {
			k := int32(0)
			for t.v[3*at+k] != s {
				k++
			}
			b := t.v[3*at+(k+1)%3] // across the side s → b lies the triangle before; go on over the side from corner k+2 to s
			if int(b) >= inside {
				b = -1
			}
			m.ring[s] = append(m.ring[s], b)
			if at = t.n[3*at+(k+2)%3]; at == start[s] {
				break
			}
		}
	}
}

// wiggle draws the line between the sites a (on the left) and b, from corner c to corner d.
func (f frame) wiggle(rng *rand.Rand, a, b, c, d geo.Point) []geo.Point {
	av, bv := f.of(a), f.of(b)
	middle := f.point(lerp(av, bv, .4+.2*rng.Float64()))
	line := make([]geo.Point, 0, 2*piecesOfHalf+1)
	line = append(line, c)
	line = f.halfLine(rng, line, av, bv, f.of(c), f.of(middle))
	line = append(line, middle)
	back := f.halfLine(rng, nil, bv, av, f.of(d), f.of(middle))
	for _, p := range slices.Backward(back) {
		line = append(line, p)
	}
	return append(line, d)
}

// halfLine appends the inner points from corner c to the middle m on the side ab, a on the left of the way. They lie inside the
// triangle (a, c, b) and advance by the same share of the way in each step.
func (f frame) halfLine(rng *rand.Rand, line []geo.Point, a, b, c, m vec) []geo.Point {
	way := m.sub(c)
	length := way.len()
	across := way.left().mul(1 / length)
	swing := func(share float64) float64 { return (2*rng.Float64() - 1) * share * length }
	half := swing(.26)
	offset := [piecesOfHalf - 1]float64{half/2 + swing(.13), half, half/2 + swing(.13)}
	for k, d := range offset {
		t := float64(k+1) / piecesOfHalf
		q := lerp(c, m, t)
		if d > 0 {
			d = min(d, .6*min(room(q, across, c, a), room(q, across, a, m)))
		} else {
			d = -min(-d, .6*min(room(q, across.mul(-1), c, b), room(q, across.mul(-1), b, m)))
		}
		line = append(line, f.point(q.add(across.mul(d))))
	}
	return line
}

// room is the distance from q in the direction u (of length 1) to the line through a and b; the side is known to lie ahead
// or the answer is large.
func room(q, u, a, b vec) float64 {
	side := b.sub(a)
	turn := u.cross(side)
	if turn == 0 {
		return 1e9
	}
	if d := a.sub(q).cross(side) / turn; d >= 0 {
		return d
	}
	return 1e9
}
