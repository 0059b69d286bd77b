package importing

import (
	"cmp"
	"slices"

	"jingwei/geo"
	"jingwei/geo/coverage"
)

// How to know that areas fill their parent without gap and overlap, without one overlay:
//
// Let each shape be valid and its rings run with the inside on the left. Take every edge of the children as +1 in its direction and every
// edge of the parent as −1, and add up the edges that join the same two points: an edge and its reverse cancel. What is left, the
// residual, bounds the function "number of children that cover a point, less one where the parent covers it". So if nothing is left,
// that function is constant, and 0 as it is 0 far away: the children cover the parent once, and nothing else. No crossing of edges
// has to be looked for; two borders that cross do not cancel.
//
// If something is left, the trouble lies where it is: each region that is covered twice, or lies outside the parent, or is not covered
// at all, is bounded by residual edges. The suspects are the children that own such an edge, that share an edge with another child in
// the same direction, or that a residual edge of the parent runs through (by boxes). Only they go to PostGIS, each against all its
// siblings; and every sibling that meets a region found in this way becomes a suspect too, until no more are found (overlay.go). A
// region that is not covered cannot touch the edge of a child that is no suspect, so the union of the suspects shows it whole.
//
// At the top there is no parent: the residual is then the outline of all areas together, and of what they enclose.

// cell is an area as the checks see it.
type cell struct {
	code    string
	feature int // 1 for the first of the file; 0 for an area that is in the database already
	line    int
	shape   []coverage.Polygon
}

// group is a parent and all its children at one level, as they would be after the import.
type group struct {
	parent   *cell // nil at the top
	children []*cell
	moved    bool // the parent is what the import changes, not the children
}

// residue is what does not cancel in a group.
type residue struct {
	suspects []int          // children, by index, in order
	outline  [][2]geo.Point // edges of the parent
	suspect  map[int]bool   // the same as suspects
}

func (r *residue) clean() bool { return len(r.suspects) == 0 && len(r.outline) == 0 }

// edge is one edge of one shape, written from its lower to its higher end.
type edge struct {
	lo, hi geo.Point
	owner  int32 // index of the child; −1 for the parent
	dir    int8  // +1 or −1: the side of lo → hi that is covered
}

func appendEdges(edges []edge, shape []coverage.Polygon, owner int32, sign int8) []edge {
	for _, polygon := range shape {
		for _, ring := range polygon {
			a := ring[len(ring)-1]
			for _, b := range ring {
				if comparePoints(a, b) < 0 {
					edges = append(edges, edge{a, b, owner, sign})
				} else {
					edges = append(edges, edge{b, a, owner, -sign})
				}
				a = b
			}
		}
	}
	return edges
}

// residueOf cancels the edges of a group. buffer is scratch room that may be used again.
// Cost: sorting the edges.
func residueOf(g *group, buffer []edge) (residue, []edge) {
	edges := buffer[:0]
	if g.parent != nil {
		edges = appendEdges(edges, g.parent.shape, -1, -1)
	}
	for i, child := range g.children {
		edges = appendEdges(edges, child.shape, int32(i), +1)
	}
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Or(comparePoints(a.lo, b.lo), comparePoints(a.hi, b.hi)) })

	r := residue{suspect: map[int]bool{}}
	for begin := 0; begin < len(edges); {
		end := begin + 1
		for end < len(edges) && edges[end].lo == edges[begin].lo && edges[end].hi == edges[begin].hi {
			end++
		}
		run := edges[begin:end]
		begin = end
		net, up, down := 0, 0, 0
		for _, e := range run {
			net += int(e.dir)
			switch {
			case e.owner < 0:
			case e.dir > 0:
				up++
			default:
				down++
			}
		}
		if net == 0 && up < 2 && down < 2 {
			continue
		}
		for _, e := range run {
			if e.owner < 0 {
				r.outline = append(r.outline, [2]geo.Point{e.lo, e.hi})
			} else if !r.suspect[int(e.owner)] {
				r.suspect[int(e.owner)] = true
				r.suspects = append(r.suspects, int(e.owner))
			}
		}
	}
	slices.Sort(r.suspects)
	return r, edges
}
