// Package noding makes edges on the integer lattice meet in their ends only, by cutting them where they cross, touch or
// run over each other. What the edges bound, and to whom they belong, must never enter here.
package noding

import (
	"math"
	"math/big"
	"math/bits"
	"slices"

	"jingwei/geo"
)

// Edge is the straight line between two different points of the lattice.
type Edge struct{ A, B geo.Point }

// Node cuts edges until any two of their pieces have no point in common but common ends, or are the same. It gives for
// each edge that has to be cut the points between its ends, from A to B; edges that fit already do not appear.
//
// A crossing is rounded to the nearest lattice point, so the pieces may leave the straight line by a step, and where
// crossings are dense by a few. Where the edges already meet in their ends only, nothing is cut and nothing moves.
//
// It ends, because both pieces of an edge have smaller boxes than the edge. This is snap rounding by iteration, as in
// JTS's IteratedNoder; Hobby, "Practical segment intersection with finite precision output" (1999), has the one-pass form.
//
// Cost: about 0.3 µs an edge where little has to be cut.
func Node(edges []Edge) map[int32][]geo.Point {
	if len(edges) == 0 {
		return nil
	}
	n := &noder{edges: slices.Clone(edges), dead: make([]bool, len(edges)), parts: map[int32][]int32{}}
	n.grid = newGrid(edges)
	for i, e := range edges {
		n.grid.insert(int32(i), e)
	}
	n.cuts = map[int32][]geo.Point{}
	for list := range n.grid.heads {
		for e := n.grid.heads[list]; e >= 0; e = n.grid.entries[e].next {
			for f := n.grid.entries[e].next; f >= 0; f = n.grid.entries[f].next {
				n.meet(n.grid.entries[e].edge, n.grid.entries[f].edge)
			}
		}
	}
	for len(n.cuts) > 0 {
		n.round()
	}
	out := make(map[int32][]geo.Point)
	for e := range n.parts {
		if int(e) < len(edges) {
			points := n.flatten(nil, e)
			out[e] = points[:len(points)-1]
		}
	}
	return out
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
	edges []Edge // the given ones, then pieces
	grid  *grid
	dead  []bool                // of each edge: whether pieces have taken its place
	parts map[int32][]int32     // of each of those: its pieces in order
	cuts  map[int32][]geo.Point // of this round: where edges have to be cut
}

// round makes the cuts found and looks for those that the new pieces need.
func (n *noder) round() {
	cut := make([]int32, 0, len(n.cuts))
	for e := range n.cuts {
		cut = append(cut, e)
	}
	slices.Sort(cut)
	first := len(n.edges)
	for _, e := range cut {
		n.split(e, n.cuts[e])
	}
	clear(n.cuts)
	for e := first; e < len(n.edges); e++ {
		n.grid.eachCell(n.edges[e], func(list int) {
			for entry := n.grid.heads[list]; entry >= 0; entry = n.grid.entries[entry].next {
				if other := n.grid.entries[entry].edge; other != int32(e) && !n.dead[other] {
					n.meet(int32(e), other)
				}
			}
		})
	}
}

func (g *grid) insert(number int32, e Edge) {
	g.eachCell(e, func(list int) {
		g.entries = append(g.entries, entry{number, g.heads[list]})
		g.heads[list] = int32(len(g.entries) - 1)
	})
}

// split replaces an edge by pieces.
func (n *noder) split(e int32, points []geo.Point) {
	edge := n.edges[e]
	dx, dy := float64(edge.B.Lon)-float64(edge.A.Lon), float64(edge.B.Lat)-float64(edge.A.Lat)
	along := func(p geo.Point) float64 {
		return (float64(p.Lon)-float64(edge.A.Lon))*dx + (float64(p.Lat)-float64(edge.A.Lat))*dy
	}
	slices.SortFunc(points, func(p, q geo.Point) int {
		switch a, b := along(p), along(q); {
		case a < b:
			return -1
		case a > b:
			return +1
		}
		return p.Compare(q)
	})
	from := edge.A
	n.dead[e] = true
	for _, p := range append(slices.Compact(points), edge.B) {
		n.parts[e] = append(n.parts[e], int32(len(n.edges)))
		n.edges, n.dead = append(n.edges, Edge{from, p}), append(n.dead, false)
		n.grid.insert(int32(len(n.edges)-1), Edge{from, p})
		from = p
	}
}

// flatten appends the points of the pieces of an edge, without its start, with its end.
func (n *noder) flatten(points []geo.Point, e int32) []geo.Point {
	if !n.dead[e] {
		return append(points, n.edges[e].B)
	}
	for _, part := range n.parts[e] {
		points = n.flatten(points, part)
	}
	return points
}

// meet notes where two edges have to be cut because of each other.
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
		p := crossing(a, b, c, d)
		n.cut(e, p)
		n.cut(f, p)
		return
	}
	for _, p := range [...]geo.Point{c, d} {
		if geo.OnSegment(p, a, b) {
			n.cut(e, p)
		}
	}
	for _, p := range [...]geo.Point{a, b} {
		if geo.OnSegment(p, c, d) {
			n.cut(f, p)
		}
	}
}

func (n *noder) cut(e int32, p geo.Point) {
	if p != n.edges[e].A && p != n.edges[e].B && !slices.Contains(n.cuts[e], p) {
		n.cuts[e] = append(n.cuts[e], p)
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
	size := max(min(math.Sqrt(width*height/count), 8*length/count), length/count/2, 1)
	g := &grid{low: low, size: size, columns: int(width/size) + 1, rows: int(height/size) + 1}
	lists := g.columns * g.rows
	if most := 16*len(edges) + 1024; lists > most {
		log := bits.Len(uint(len(edges)))
		lists, g.shift = 1<<log, uint(64-log)
	}
	g.heads = make([]int32, lists)
	for i := range g.heads {
		g.heads[i] = -1
	}
	g.entries = make([]entry, 0, 2*len(edges))
	return g
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
