package mvt

import (
	"cmp"
	"slices"
)

// directed is an edge of a ring, with the inside on its left.
type directed struct{ from, to point }

// appendRing appends the edges of a ring; points that repeat the one before give none.
func appendRing(edges []directed, ring []point) []directed {
	a := ring[len(ring)-1]
	for _, b := range ring {
		if a != b {
			edges = append(edges, directed{a, b})
		}
		a = b
	}
	return edges
}

// polygonsOf puts noded edges together to valid polygons: rings that meet themselves nowhere, exteriors with their holes behind them.
// Edges that occur in both directions cancel out. Where the edges go around a place more than once it counts once, and where they go
// around it the wrong way it does not count. The edges are put into another order.
func polygonsOf(edges []directed) [][][]point {
	edges, once := cancel(edges)
	if once {
		if polygons, ok := nest(loopsOf(edges)); ok {
			return polygons
		}
	}
	polygons, _ := nest(loopsOf(outlineOf(edges)))
	return polygons
}

// cancel drops pairs of edges that undo each other; once is false if one remains more than once.
func cancel(edges []directed) (rest []directed, once bool) {
	slices.SortFunc(edges, func(a, b directed) int {
		lowA, highA := a.ordered()
		lowB, highB := b.ordered()
		return cmp.Or(lowA.compare(lowB), highA.compare(highB))
	})
	once = true
	for i := 0; i < len(edges); {
		low, high := edges[i].ordered()
		net := 0
		for ; i < len(edges); i++ {
			if a, b := edges[i].ordered(); a != low || b != high {
				break
			}
			if edges[i].from == low {
				net++
			} else {
				net--
			}
		}
		once = once && net >= -1 && net <= 1
		for ; net > 0; net-- {
			rest = append(rest, directed{low, high})
		}
		for ; net < 0; net++ {
			rest = append(rest, directed{high, low})
		}
	}
	return rest, once
}

func (e directed) ordered() (low, high point) {
	if e.from.compare(e.to) <= 0 {
		return e.from, e.to
	}
	return e.to, e.from
}

// compare orders points somehow, but always the same way.
func (p point) compare(q point) int { return cmp.Compare(p.key(), q.key()) }

func (p point) key() uint64 { return uint64(uint32(p.X))<<32 | uint64(uint32(p.Y)) }

// loopsOf walks along the edges, at each point into the leftmost edge, and so around one piece of the inside after the other. What a
// walk encloses when it comes by a point again is a loop of its own. Where the edges bound an area that is inside nowhere twice, the
// loops do not cross.
func loopsOf(edges []directed) (loops [][]point) {
	slices.SortFunc(edges, func(a, b directed) int { return cmp.Or(a.from.compare(b.from), a.to.compare(b.to)) })
	walked := make([]bool, len(edges))
	place := map[point]int{} // of the points on the path
	var path []point
	for begin := range edges {
		if walked[begin] {
			continue
		}
		path = append(path[:0], edges[begin].from)
		clear(place)
		place[path[0]] = 0
		for at := begin; at >= 0 && !walked[at]; {
			walked[at] = true
			e := edges[at]
			if first, again := place[e.to]; again {
				loops = append(loops, slices.Clone(path[first:]))
				for _, p := range path[first+1:] {
					delete(place, p)
				}
				path = path[:first+1]
			} else {
				place[e.to] = len(path)
				path = append(path, e.to)
			}
			at = leftmost(edges, e)
		}
	}
	return loops
}

// leftmost is the edge into which one turns who comes along e and keeps to the left; -1 where none goes on.
func leftmost(edges []directed, e directed) int {
	first, _ := slices.BinarySearchFunc(edges, e.to, func(e directed, p point) int { return e.from.compare(p) })
	best := -1
	for i := first; i < len(edges) && edges[i].from == e.to; i++ {
		if best < 0 || moreLeft(e, edges[i].to, edges[best].to) {
			best = i
		}
	}
	return best
}

// moreLeft reports whether the turn from e to p goes further to the left than that to q.
func moreLeft(e directed, p, q point) bool {
	// In which part of the turn, clockwise from the way back: left of e, straight on, right of e.
	part := func(p point) int { return -sign(cross(e.from, e.to, p)) }
	if a, b := part(p), part(q); a != b {
		return a < b
	}
	return cross(e.to, p, q) < 0
}

// nest orders loops to polygons. It is false if a loop is neither an exterior outside all others nor a hole in one; such loops are
// left out.
func nest(loops [][]point) (polygons [][][]point, ok bool) {
	type sized struct {
		loop  []point
		frame frame
		twice int64
	}
	all := make([]sized, len(loops))
	for i, loop := range loops {
		all[i] = sized{loop, frameOf(loop), twiceArea(loop)}
	}
	// The widest first, so that the last exterior found around a hole is its own.
	slices.SortFunc(all, func(a, b sized) int { return cmp.Compare(max(b.twice, -b.twice), max(a.twice, -a.twice)) })
	ok = true
	polygonOf := make([]int, len(all))
	for i, l := range all {
		around, exterior := 0, -1
		for j, other := range all {
			if j == i || !other.frame.meets(l.frame) || !enclosesMiddle(other.loop, l.loop[0], l.loop[1]) {
				continue
			}
			if other.twice > 0 {
				around++
				exterior = j
			} else {
				around--
			}
		}
		switch {
		case l.twice > 0 && around == 0:
			polygonOf[i] = len(polygons)
			polygons = append(polygons, [][]point{l.loop})
		case l.twice < 0 && around == 1 && exterior < i && polygonOf[exterior] >= 0:
			p := polygonOf[exterior]
			polygons[p] = append(polygons[p], l.loop)
		default:
			ok = false
			polygonOf[i] = -1
		}
	}
	return polygons, ok
}

// enclosesMiddle tells by the even-odd rule whether a ring goes around the middle of an edge, which is no part of the ring.
func enclosesMiddle(ring []point, from, to point) bool {
	x, y := int64(from.X)+int64(to.X), int64(from.Y)+int64(to.Y)
	inside, a := false, ring[len(ring)-1]
	for _, b := range ring {
		if crosses, right := passing(a, b, x, y); crosses && right {
			inside = !inside
		}
		a = b
	}
	return inside
}

// passing tells whether the edge a–b crosses the horizontal line through a place, just beyond it, and there on the right. The place is
// given in half units.
func passing(a, b point, x, y int64) (crosses, right bool) {
	ay, by := 2*int64(a.Y), 2*int64(b.Y)
	if ay > y == (by > y) {
		return false, false
	}
	ax, bx := 2*int64(a.X), 2*int64(b.X)
	return true, ((bx-ax)*(y-ay)-(by-ay)*(x-ax) > 0) == (by > ay)
}

// outlineOf gives the edges that bound what the given noded edges go around at least once in the right direction. Cost: each edge is
// compared with all that are level with its middle; only areas that overlap themselves need it.
func outlineOf(edges []directed) (outline []directed) {
	rows := rowsOf(edges)
	for i := 0; i < len(edges); {
		e, times := edges[i], 0
		for ; i < len(edges) && edges[i] == e; i++ {
			times++
		}
		x, y := int64(e.from.X)+int64(e.to.X), int64(e.from.Y)+int64(e.to.Y)
		// How often the edges go around the places beside the middle of e: on the right in x, or where e is level, on the larger y.
		around := 0
		for _, k := range rows.at(y) {
			f := edges[k]
			if f == e {
				continue
			}
			if crosses, right := passing(f.from, f.to, x, y); crosses && right {
				if f.to.Y > f.from.Y {
					around++
				} else {
					around--
				}
			}
		}
		left, right := around, around
		if e.to.Y > e.from.Y || e.to.Y == e.from.Y && e.to.X < e.from.X {
			left += times
		} else {
			left, right = around, around-times
		}
		switch {
		case left >= 1 && right < 1:
			outline = append(outline, e)
		case left < 1 && right >= 1:
			outline = append(outline, directed{e.to, e.from})
		}
	}
	return outline
}

// rows sorts edges by the horizontal strips that they touch.
type rows struct {
	low, height int64 // of all strips and of one, in half units
	edges       [][]int32
}

func rowsOf(edges []directed) rows {
	r := rows{height: 1}
	if len(edges) == 0 {
		return r
	}
	low, high := edges[0].from.Y, edges[0].from.Y
	for _, e := range edges {
		low, high = min(low, e.from.Y), max(high, e.from.Y) // each point is where an edge begins
	}
	count := int64(len(edges)/4 + 1)
	r.low, r.height = 2*int64(low), 2*(int64(high)-int64(low))/count+1
	r.edges = make([][]int32, count)
	for i, e := range edges {
		first, last := r.row(2*int64(min(e.from.Y, e.to.Y))), r.row(2*int64(max(e.from.Y, e.to.Y)))
		for row := first; row <= last; row++ {
			r.edges[row] = append(r.edges[row], int32(i))
		}
	}
	return r
}

func (r *rows) row(y int64) int64 { return (y - r.low) / r.height }

func (r *rows) at(y int64) []int32 { return r.edges[r.row(y)] }
