package demo

import (
	"fmt"

	"jingwei/geo"
	"jingwei/geo/coverage"
)

// shapes joins cells to the areas that label gives them to: the lines between cells of one area cancel out, the others make
// its rings, with every vertex of every line, so that neighbours of all levels share their border to the vertex. Shells run
// counterclockwise, holes clockwise. An area in several pieces is an error that names its index.
func (m *mesh) shapes(label []int32, areas int) ([][]coverage.Polygon, error) {
	type side struct {
		arc  int32
		back bool
	}
	sides := make([][]side, areas)
	for i, a := range m.arcs {
		l, r := label[a.left], int32(-1)
		if a.right >= 0 {
			r = label[a.right]
		}
		if l == r {
			continue
		}
		sides[l] = append(sides[l], side{int32(i), false})
		if r >= 0 {
			sides[r] = append(sides[r], side{int32(i), true})
		}
	}
	ends := func(s side) (from, to int32) {
		a := &m.arcs[s.arc]
		if s.back {
			return a.to, a.from
		}
		return a.from, a.to
	}
	out := make([][]coverage.Polygon, areas)
	for area, list := range sides {
		// Three lines meet at a corner, so an area's border leaves each corner at most once.
		leaving := make(map[int32]int, len(list))
		for i, s := range list {
			from, _ := ends(s)
			leaving[from] = i
		}
		var polygon coverage.Polygon
		used := make([]bool, len(list))
		for i := range list {
			if used[i] {
				continue
			}
			var ring coverage.Ring
			for at := i; !used[at]; {
				used[at] = true
				ring = m.appendLine(ring, list[at].arc, list[at].back)
				_, to := ends(list[at])
				at = leaving[to]
			}
			switch hole := twiceArea(ring) < 0; {
			case hole && len(polygon) == 0: // its shell comes later
				polygon = coverage.Polygon{nil, ring}
			case hole:
				polygon = append(polygon, ring)
			case len(polygon) == 0:
				polygon = coverage.Polygon{ring}
			case polygon[0] == nil:
				polygon[0] = ring
			default:
				return nil, fmt.Errorf("area %d of %d is in several pieces", area, areas)
			}
		}
		out[area] = []coverage.Polygon{polygon}
	}
	return out, nil
}

// appendLine appends a line without its last point, which is the first of the next.
func (m *mesh) appendLine(ring coverage.Ring, at int32, back bool) coverage.Ring {
	line := m.arcs[at].line
	if !back {
		return append(ring, line[:len(line)-1]...)
	}
	for i := len(line) - 1; i > 0; i-- {
		ring = append(ring, line[i])
	}
	return ring
}

// twiceArea is twice the signed area of a ring in lattice units, exact: positive when it runs counterclockwise.
func twiceArea(ring []geo.Point) (sum int64) {
	for i := 1; i+1 < len(ring); i++ {
		sum += orient(ring[0], ring[i], ring[i+1])
	}
	return sum
}
