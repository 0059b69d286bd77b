package importing

import (
	"cmp"
	"math"
	"slices"

	"jingwei/geo"
	"jingwei/geo/coverage"
)

// line is an edge without direction: its lower end first.
type line struct{ lo, hi geo.Point }

func lineOf(a, b geo.Point) line {
	if comparePoints(a, b) < 0 {
		return line{a, b}
	}
	return line{b, a}
}

// splits are edges of the file that a repair has cut, with the vertices put on them: where the border of an area crosses or touches
// itself, the neighbour on the other side of the edge has to get the vertex too, or they would no longer share the border.
type splits map[line][]geo.Point

// add notes the edges of drawn that mended lacks, with the vertices of mended that lie on them.
func (s splits) add(drawn, mended []coverage.Polygon) {
	kept := map[line]bool{}
	var points []geo.Point
	eachEdge(mended, func(a, b geo.Point) {
		kept[lineOf(a, b)] = true
		points = append(points, a)
	})
	eachEdge(drawn, func(a, b geo.Point) {
		if kept[lineOf(a, b)] {
			return
		}
		for _, p := range points {
			if beside(p, a, b) && !slices.Contains(s[lineOf(a, b)], p) {
				s[lineOf(a, b)] = append(s[lineOf(a, b)], p)
			}
		}
	})
}

// eachEdge visits the edges of all rings.
func eachEdge(shape []coverage.Polygon, visit func(a, b geo.Point)) {
	for _, polygon := range shape {
		for _, ring := range polygon {
			a := ring[len(ring)-1]
			for _, b := range ring {
				visit(a, b)
				a = b
			}
		}
	}
}

// beside tells whether p is a point of the edge from a to b rounded to the lattice.
func beside(p, a, b geo.Point) bool {
	dx, dy := float64(b.Lon)-float64(a.Lon), float64(b.Lat)-float64(a.Lat)
	px, py := float64(p.Lon)-float64(a.Lon), float64(p.Lat)-float64(a.Lat)
	along, length2 := px*dx+py*dy, dx*dx+dy*dy
	// Rounding moves a point by half a step in each direction at most.
	return along > 0 && along < length2 && math.Abs(px*dy-py*dx) <= 0.71*math.Sqrt(length2)
}

// insert is the shape with the vertices of its cut edges; ok is false when it has none of them.
func (s splits) insert(shape []coverage.Polygon) (out []coverage.Polygon, ok bool) {
	eachEdge(shape, func(a, b geo.Point) { ok = ok || len(s[lineOf(a, b)]) > 0 })
	if !ok {
		return nil, false
	}
	return s.insertAll(shape), true
}

func (s splits) insertAll(shape []coverage.Polygon) []coverage.Polygon {
	out := make([]coverage.Polygon, len(shape))
	for i, polygon := range shape {
		out[i] = make(coverage.Polygon, len(polygon))
		for j, ring := range polygon {
			grown := make(coverage.Ring, 0, len(ring)+4)
			for k, a := range ring {
				grown = append(grown, a)
				points := slices.Clone(s[lineOf(a, ring[(k+1)%len(ring)])])
				slices.SortFunc(points, func(p, q geo.Point) int { return cmp.Compare(away(p, a), away(q, a)) })
				grown = append(grown, points...)
			}
			out[i][j] = grown
		}
	}
	return out
}

func away(p, a geo.Point) float64 {
	return math.Hypot(float64(p.Lon)-float64(a.Lon), float64(p.Lat)-float64(a.Lat))
}
