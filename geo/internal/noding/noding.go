// Package noding makes edges on the integer lattice meet in their ends only, by cutting them where they cross, touch or run over
// each other. What the edges bound, and to whom they belong, must never enter here.
package noding

import (
	"cmp"
	"math"
	"math/big"
	"math/bits"
	"slices"

	"jingwei/geo"
)

// Edge is the straight line between two different points of the lattice.
type Edge struct{ A, B geo.Point }

// Node cuts edges so that any two of their pieces have no point in common but common ends, or are the same. It gives for each
// edge that has to be cut the points between its ends, from A to B; edges that fit already do not appear.
//
// This is snap rounding (Hobby, "Practical segment intersection with finite precision output", 1999): the ends of edges and the
// lattice points nearest to their crossings are hot, and an edge that passes through the pixel of a hot point, the square of
// one step around it, goes through that point instead. So no piece is farther than 0.71 steps from its edge, and no point
// comes to lie on the other side of an edge (Guibas and Marimont, "Rounding arrangements dynamically", 1995).
//
// But only what has to move does: edges that cross, touch or run over others, those that pass through the pixel of a crossing,
// and those that pass through a pixel to which another edge moves. Where edges already meet in their ends only, nothing is cut.
//
// Cost: about 0.3 µs an edge where little has to be cut.
func Node(edges []Edge) map[int32][]geo.Point {
	if len(edges) == 0 {
		return nil
	}
	n := &noder{edges: edges, grid: newGrid(edges), moving: make([]bool, len(edges))}
	for i, e := range edges {
		n.grid.insert(int32(i), e)
	}
	for list := range n.grid.heads {
		for e := n.grid.heads[list]; e >= 0; e = n.grid.entries[e].next {
			for f := n.grid.entries[e].next; f >= 0; f = n.grid.entries[f].next {
				n.meet(n.grid.entries[e].edge, n.grid.entries[f].edge)
			}
		}
	}
	if len(n.queue) == 0 {
		return nil
	}
	n.heat()
	cuts := make(map[int32][]geo.Point, len(n.queue))
	for len(n.queue) > 0 {
		e := n.queue[len(n.queue)-1]
		n.queue = n.queue[:len(n.queue)-1]
		if through := n.through(e); len(through) > 0 {
			cuts[e] = through
		}
	}
	return cuts
}

// Near calls visit for each point and each edge whose box comes within reach of it in both axes.
func Near(edges []Edge, points []geo.Point, reach int32, visit func(point, edge int)) {
	if len(edges) == 0 {
		return
	}
	g := newGrid(edges)
	for i, e := range edges {
		g.insert(int32(i), e)
	}
	for i, p := range points {
		seen := map[int32]bool{}
		box := func(at, low int32, count int) (first, last int) {
			away := float64(at) - float64(low)
			return g.clamp(away-float64(reach)-1, count), g.clamp(away+float64(reach)+1, count)
		}
		west, east := box(p.Lon, g.low.Lon, g.columns)
		south, north := box(p.Lat, g.low.Lat, g.rows)
		for row := south; row <= north; row++ {
			for column := west; column <= east; column++ {
				for entry := g.heads[g.list(row, column)]; entry >= 0; entry = g.entries[entry].next {
					e := g.entries[entry].edge
					a, b := edges[e].A, edges[e].B
					if !seen[e] && min(a.Lon, b.Lon)-reach <= p.Lon && p.Lon <= max(a.Lon, b.Lon)+reach &&
						min(a.Lat, b.Lat)-reach <= p.Lat && p.Lat <= max(a.Lat, b.Lat)+reach {
						seen[e] = true
						visit(i, int(e))
					}
				}
			}
		}
	}
}

type noder struct {
	edges     []Edge
	grid      *grid
	crossings []geo.Point
	moving    []bool  // of each edge
	queue     []int32 // of moving edges whose way has not been found yet

	hot    []geo.Point
	drawn  []bool // of each hot point: whether an edge moves to it
	points *grid  // of the hot points
}

// heat collects the hot points, and lets the edges move that pass through the pixel of a crossing.
func (n *noder) heat() {
	known := make(map[geo.Point]bool, len(n.edges))
	n.points = n.grid.empty()
	heat := func(p geo.Point) {
		if !known[p] {
			known[p] = true
			n.points.insert(int32(len(n.hot)), Edge{p, p})
			n.hot = append(n.hot, p)
		}
	}
	for _, p := range n.crossings {
		heat(p)
	}
	crossings := len(n.hot)
	for _, e := range n.edges {
		heat(e.A)
		heat(e.B)
	}
	n.drawn = make([]bool, len(n.hot))
	for h := range crossings {
		n.draw(int32(h))
	}
}

// draw lets all edges move that pass through the pixel of a hot point.
func (n *noder) draw(h int32) {
	if n.drawn[h] {
		return
	}
	n.drawn[h] = true
	p := n.hot[h]
	n.grid.eachCell(Edge{p, p}, func(list int) {
		for entry := n.grid.heads[list]; entry >= 0; entry = n.grid.entries[entry].next {
			if e := n.grid.entries[entry].edge; !n.moving[e] && n.edges[e].passes(p) {
				n.move(e)
			}
		}
	})
}

func (n *noder) move(e int32) {
	if !n.moving[e] {
		n.moving[e] = true
		n.queue = append(n.queue, e)
	}
}

// through lists the hot points through whose pixels an edge passes on its way.
func (n *noder) through(e int32) []geo.Point {
	edge := n.edges[e]
	var points []geo.Point
	n.grid.eachCell(edge, func(list int) {
		for entry := n.points.heads[list]; entry >= 0; entry = n.points.entries[entry].next {
			if h := n.points.entries[entry].edge; edge.passes(n.hot[h]) {
				points = append(points, n.hot[h])
				n.draw(h)
			}
		}
	})
	// The pixels on the way make a staircase.
	along := func(p geo.Point) int64 {
		x, y := int64(p.Lon)-int64(edge.A.Lon), int64(p.Lat)-int64(edge.A.Lat)
		if edge.B.Lon < edge.A.Lon {
			x = -x
		}
		if edge.B.Lat < edge.A.Lat {
			y = -y
		}
		return x + y
	}
	slices.SortFunc(points, func(p, q geo.Point) int { return cmp.Compare(along(p), along(q)) })
	return slices.Compact(points)
}

// passes reports whether an edge has a point in the pixel of p, which is no end of it: at most half a step west or south of p, and
// less than that east or north. Exact.
func (e Edge) passes(p geo.Point) bool {
	if p == e.A || p == e.B ||
		p.Lon < min(e.A.Lon, e.B.Lon) || p.Lon > max(e.A.Lon, e.B.Lon) || p.Lat < min(e.A.Lat, e.B.Lat) || p.Lat > max(e.A.Lat, e.B.Lat) {
		return false
	}
	dx, dy := int64(e.B.Lon)-int64(e.A.Lon), int64(e.B.Lat)-int64(e.A.Lat)
	left, right := dx*(int64(p.Lat)-int64(e.A.Lat)), dy*(int64(p.Lon)-int64(e.A.Lon))
	if math.Abs(float64(left)-float64(right)) > 1e17 {
		return false // more than 10^7 steps away; and the difference might not fit
	}
	off, reach := 2*(left-right), max(dx, -dx)+max(dy, -dy)
	switch {
	case off < reach && off > -reach:
		return true
	case off > reach || off < -reach, (dx > 0) == (dy > 0):
		return false
	}
	// It touches a corner of the pixel, which belongs to it if it is the south-western one: if p lies north-east of the edge.
	return (off > 0) == (dx > dy)
}

func (g *grid) insert(number int32, e Edge) {
	g.eachCell(e, func(list int) {
		g.entries = append(g.entries, entry{number, g.heads[list]})
		g.heads[list] = int32(len(g.entries) - 1)
	})
}

// meet notes what has to move because two edges cross or touch.
func (n *noder) meet(e, f int32) {
	a, b, c, d := n.edges[e].A, n.edges[e].B, n.edges[f].A, n.edges[f].B
	if max(a.Lon, b.Lon) < min(c.Lon, d.Lon) || max(c.Lon, d.Lon) < min(a.Lon, b.Lon) ||
		max(a.Lat, b.Lat) < min(c.Lat, d.Lat) || max(c.Lat, d.Lat) < min(a.Lat, b.Lat) {
		return
	}
	abc, abd := geo.Orient(a, b, c), geo.Orient(a, b, d)
	if abc*abd > 0 {
		return
	}
	cda, cdb := geo.Orient(c, d, a), geo.Orient(c, d, b)
	if cda*cdb > 0 {
		return
	}
	if abc*abd < 0 && cda*cdb < 0 {
		n.crossings = append(n.crossings, crossing(a, b, c, d))
		n.move(e)
		n.move(f)
		return
	}
	for _, p := range [...]geo.Point{c, d} {
		if p != a && p != b && geo.OnSegment(p, a, b) {
			n.move(e)
		}
	}
	for _, p := range [...]geo.Point{a, b} {
		if p != c && p != d && geo.OnSegment(p, c, d) {
			n.move(f)
		}
	}
}

// crossing is where a–b and c–d, which cross, do so, rounded to the lattice.
func crossing(a, b, c, d geo.Point) geo.Point {
	difference := func(p, q int32) *big.Int { return big.NewInt(int64(p) - int64(q)) }
	cross := func(ux, uy, vx, vy *big.Int) *big.Int {
		return new(big.Int).Sub(new(big.Int).Mul(ux, vy), new(big.Int).Mul(uy, vx))
	}
	abX, abY := difference(b.Lon, a.Lon), difference(b.Lat, a.Lat)
	cdX, cdY := difference(d.Lon, c.Lon), difference(d.Lat, c.Lat)
	denominator := cross(abX, abY, cdX, cdY)
	along := cross(difference(c.Lon, a.Lon), difference(c.Lat, a.Lat), cdX, cdY)
	at := func(from int32, step *big.Int) int32 {
		return int32(int64(from) + roundedQuotient(new(big.Int).Mul(step, along), denominator))
	}
	return geo.Point{Lon: at(a.Lon, abX), Lat: at(a.Lat, abY)}
}

// roundedQuotient is floor(a/b + 1/2), so that it does not depend on the direction of the edges.
func roundedQuotient(a, b *big.Int) int64 {
	if b.Sign() < 0 {
		a, b = new(big.Int).Neg(a), new(big.Int).Neg(b)
	}
	twice := new(big.Int).Add(new(big.Int).Lsh(a, 1), b)
	return twice.Div(twice, new(big.Int).Lsh(b, 1)).Int64() // b > 0: Div rounds down
}

// grid lists the edges that come near each of its equal cells. Where most cells are empty, several share a list.
type grid struct {
	low     geo.Point
	size    float64 // of a cell, in lattice steps
	columns int
	rows    int
	shift   uint    // 64 - log2(len(heads)) where cells share lists, else 0
	heads   []int32 // of each list: its first entry; -1 for none
	entries []entry
}

type entry struct{ edge, next int32 }

func newGrid(edges []Edge) *grid {
	low, high := edges[0].A, edges[0].A
	length := 0.0
	for _, e := range edges {
		for _, p := range [...]geo.Point{e.A, e.B} {
			low = geo.Point{Lon: min(low.Lon, p.Lon), Lat: min(low.Lat, p.Lat)}
			high = geo.Point{Lon: max(high.Lon, p.Lon), Lat: max(high.Lat, p.Lat)}
		}
		length += math.Hypot(float64(e.B.Lon)-float64(e.A.Lon), float64(e.B.Lat)-float64(e.A.Lat))
	}
	width, height := float64(high.Lon)-float64(low.Lon)+1, float64(high.Lat)-float64(low.Lat)+1
	count := float64(len(edges))
	// A cell an edge; but no larger than eight mean edges, for edges may be crowded in a corner, and so large that a mean edge does
	// not pass too many.
	size := max(min(math.Sqrt(width*height/count), 8*length/count), length/count/8, 1)
	g := &grid{low: low, size: size, columns: int(width/size) + 1, rows: int(height/size) + 1}
	lists := g.columns * g.rows
	if most := 16*len(edges) + 1024; lists > most {
		log := bits.Len(uint(len(edges)))
		lists, g.shift = 1<<log, uint(64-log)
	}
	g.heads = make([]int32, lists)
	return g.empty()
}

// empty is a grid of the same cells with nothing in it.
func (g *grid) empty() *grid {
	out := *g
	out.heads, out.entries = make([]int32, len(g.heads)), nil
	for i := range out.heads {
		out.heads[i] = -1
	}
	return &out
}

// eachCell visits the lists of the cells that an edge passes, and of some beside it, a list perhaps twice: one lattice step is added on
// each side, far more than the rounding of the arithmetic.
func (g *grid) eachCell(e Edge, visit func(list int)) {
	south, north := e.A, e.B
	if south.Lat > north.Lat {
		south, north = north, south
	}
	x, y := float64(south.Lon)-float64(g.low.Lon), float64(south.Lat)-float64(g.low.Lat)
	endX, endY := float64(north.Lon)-float64(g.low.Lon), float64(north.Lat)-float64(g.low.Lat)
	slope := 0.0
	if endY > y {
		slope = (endX - x) / (endY - y)
	}
	first, last := g.clamp(y-1, g.rows), g.clamp(endY+1, g.rows)
	for row := first; row <= last; row++ {
		from, to := x, endX
		if row > first {
			from = min(max(x+(float64(row)*g.size-1-y)*slope, min(x, endX)), max(x, endX))
		}
		if row < last {
			to = min(max(x+(float64(row+1)*g.size+1-y)*slope, min(x, endX)), max(x, endX))
		}
		for column := g.clamp(min(from, to)-1, g.columns); column <= g.clamp(max(from, to)+1, g.columns); column++ {
			visit(g.list(row, column))
		}
	}
}

// list is the number of the list of a cell.
func (g *grid) list(row, column int) int {
	cell := row*g.columns + column
	if g.shift == 0 {
		return cell
	}
	return int(uint64(cell) * 0x9E3779B97F4A7C15 >> g.shift)
}

func (g *grid) clamp(at float64, count int) int { return min(max(int(at/g.size), 0), count-1) }
