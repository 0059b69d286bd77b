package coverage

import (
	"slices"

	"jingwei/geo"
)

// assemble makes the polygons of a set of faces: valid ones by OGC 06-103r4, whose rings touch in points only and whose
// inside hangs together. Rings begin and run in an order that depends on the arrangement alone.
func (a *arrangement) assemble(faces []int32, in func(face int32) bool) []Polygon {
	walked := map[int32]bool{}
	var shells, holes []Ring
	for _, f := range faces {
		for _, start := range a.faces[f].starts {
			a.around(start, func(h int32) {
				if in(a.face[h^1]) || walked[h] {
					return
				}
				for _, loop := range loops(a.walk(h, in, walked)) {
					if geo.TwiceArea(loop).Sign() > 0 {
						shells = append(shells, loop)
					} else {
						holes = append(holes, loop)
					}
				}
			})
		}
	}
	polygons := make([]Polygon, len(shells))
	for i, shell := range shells {
		polygons[i] = Polygon{shell}
	}
	for _, hole := range holes {
		i := shellAround(shells, hole)
		polygons[i] = append(polygons[i], hole)
	}
	return polygons
}

// walk follows the border of the faces, which lie on its left, from a half-edge back to it. Where borders touch it keeps to
// the same stretch of inside.
func (a *arrangement) walk(start int32, in func(face int32) bool, walked map[int32]bool) Ring {
	var ring Ring
	for h := start; ; {
		walked[h] = true
		ring = append(ring, a.points[a.start(h)])
		h = a.next[h]
		for in(a.face[h^1]) {
			h = a.next[h^1]
		}
		if h == start {
			return ring
		}
	}
}

// loops takes a ring apart where it comes to a point again.
func loops(ring Ring) []Ring {
	var out []Ring
	var open Ring
	at := make(map[geo.Point]int, len(ring))
	for _, p := range ring {
		if i, again := at[p]; again {
			out = append(out, slices.Clone(open[i:]))
			for _, q := range open[i:] {
				delete(at, q)
			}
			open = open[:i]
		}
		at[p] = len(open)
		open = append(open, p)
	}
	return append(out, open)
}

// shellAround is the smallest shell that goes around a hole.
func shellAround(shells []Ring, hole Ring) int {
	best, size := 0, 0.0
	for i, shell := range shells {
		area := geo.TwiceArea(shell).Float64()
		if (size == 0 || area < size) && goesAround(shell, hole) {
			best, size = i, area
		}
	}
	return best
}

// goesAround tells by the first vertex of the hole that is not on the shell.
func goesAround(shell, hole Ring) bool {
	for _, p := range hole {
		if side := geo.SideOf(p, shell); side != geo.Border {
			return side == geo.Inside
		}
	}
	return true
}

// SameShape reports whether two shapes are written with the same vertices: where a ring begins, and in which order holes
// and polygons stand, does not matter.
func SameShape(a, b []Polygon) bool {
	vertices := func(shape []Polygon) (n int) {
		for _, polygon := range shape {
			for _, ring := range polygon {
				n += len(ring)
			}
		}
		return n
	}
	if len(a) != len(b) || vertices(a) != vertices(b) {
		return false
	}
	return slices.EqualFunc(canonical(a), canonical(b), func(p, q Polygon) bool {
		return slices.EqualFunc(p, q, slices.Equal[Ring])
	})
}

// canonical is a copy in which each ring begins at its lowest vertex, and holes and polygons are sorted.
func canonical(shape []Polygon) []Polygon {
	compare := func(r, s Ring) int { return slices.CompareFunc(r, s, geo.Point.Compare) }
	out := make([]Polygon, len(shape))
	for i, polygon := range shape {
		out[i] = make(Polygon, len(polygon))
		for j, ring := range polygon {
			start := 0
			for k := range ring {
				if ring[k].Compare(ring[start]) < 0 {
					start = k
				}
			}
			out[i][j] = slices.Concat(ring[start:], ring[:start])
		}
		slices.SortFunc(out[i][min(1, len(polygon)):], compare)
	}
	slices.SortFunc(out, func(p, q Polygon) int { return slices.CompareFunc(p, q, compare) })
	return out
}
