package mvt

import (
	"cmp"
	"slices"
	"sync/atomic"

	"jingwei/geo/coverage"
)

// zoom holds the arcs of a plan on the square of one zoom, where edges meet in their ends only or are the same, and no edge crosses
// the frame of a tile.
type zoom struct {
	*plan
	z      int
	points []point
	starts []int32          // of each arc in points, and the end
	frames []frame          // around each arc
	parts  map[int32][]part // of the arcs that share edges with others: what of them is border
	shapes []atomic.Pointer[shape]
}

// part is a piece of an arc and the widest level that it separates.
type part struct {
	level  coverage.Level
	points []point
}

// shape is an area at a zoom.
type shape struct {
	polygons [][][]point // of exteriors and holes; where plain, the rings of its arcs are that
	plain    bool
}

// toleranceUnits is how far a simplified line may lie from the true one: a third of a screen pixel, where a tile is
// shown 256 pixels wide; nearly nothing at the last zoom, which the client magnifies further.
func toleranceUnits(zoom int) float64 {
	if zoom == MaxZoom {
		return 1
	}
	return Extent / 256.0 / 3
}

func newZoom(p *plan, z int) *zoom {
	l := &zoom{plan: p, z: z, shapes: make([]atomic.Pointer[shape], p.coverage.Len())}
	keep := p.lines.simplify(toleranceUnits(z) * float64(int(1)<<fineShift(z)))
	l.points, l.starts = p.lines.round(keep, z)
	l.frames = make([]frame, p.lines.arcs())
	for i := range l.frames {
		l.frames[i] = frameOf(l.arc(i))
	}
	l.partShared()
	return l
}

func (l *zoom) arc(i int) []point { return l.points[l.starts[i]:l.starts[i+1]] }

// sharedEdge is an edge of an arc, low before high.
type sharedEdge struct {
	low, high point
	arc       int32
	at        int32 // index of its first point in the arc
	reversed  bool  // the arc runs from high to low
}

// partShared finds the edges that more than one arc runs along, or one twice, because what was between them is narrower than a unit.
// Such an edge is a border of the areas that are left beside it, or none.
func (l *zoom) partShared() {
	seen := newTally(l.points)
	var edges []sharedEdge
	for i := range l.frames {
		arc := l.arc(i)
		// An arc of one edge may have a twin, a ring of two is its own; one of more meets others only in a point between its ends.
		candidate := len(arc) == 2 || len(arc) == 3 && arc[0] == arc[2]
		for k := 1; k < len(arc)-1 && !candidate; k++ {
			candidate = seen.count(arc[k]) > 1
		}
		if !candidate {
			continue
		}
		for k := 1; k < len(arc); k++ {
			low, high := directed{arc[k-1], arc[k]}.ordered()
			edges = append(edges, sharedEdge{low, high, int32(i), int32(k - 1), low != arc[k-1]})
		}
	}
	slices.SortFunc(edges, func(a, b sharedEdge) int {
		return cmp.Or(a.low.compare(b.low), a.high.compare(b.high), cmp.Compare(a.arc, b.arc), cmp.Compare(a.at, b.at))
	})
	type step struct{ arc, at int32 }
	replaced := map[step]*coverage.Level{} // nil where it is no border, or another arc's
	l.parts = map[int32][]part{}
	for i := 0; i < len(edges); {
		n := 1
		for i+n < len(edges) && edges[i+n].low == edges[i].low && edges[i+n].high == edges[i].high {
			n++
		}
		if n > 1 {
			level, separates := l.levelOf(edges[i : i+n])
			for _, e := range edges[i : i+n] {
				replaced[step{e.arc, e.at}] = nil
				l.parts[e.arc] = nil
				if _, drawn := l.coverage.Arcs()[e.arc].Level(); drawn && separates {
					replaced[step{e.arc, e.at}] = &level
					separates = false
				}
			}
		}
		i += n
	}
	for i := range l.parts {
		level, separates := l.coverage.Arcs()[i].Level()
		if !separates {
			continue
		}
		arc, first := l.arc(int(i)), 0
		for k := 1; k < len(arc); k++ {
			instead, is := replaced[step{i, int32(k - 1)}]
			if !is {
				continue
			}
			l.addPart(i, level, arc[first:k])
			if instead != nil {
				l.addPart(i, *instead, arc[k-1:k+1])
			}
			first = k
		}
		l.addPart(i, level, arc[first:])
	}
}

func (l *zoom) addPart(arc int32, level coverage.Level, points []point) {
	if len(points) > 1 {
		l.parts[arc] = append(l.parts[arc], part{level, points})
	}
}

// levelOf is the widest level at which there are different areas beside edges that lie on each other.
func (l *zoom) levelOf(edges []sharedEdge) (coverage.Level, bool) {
	arcs := l.coverage.Arcs()
	for _, level := range coverage.Levels {
		net := map[coverage.ID]int{}
		for _, e := range edges {
			turn := 1
			if e.reversed {
				turn = -1
			}
			net[arcs[e.arc].Left[level]] += turn
			net[arcs[e.arc].Right[level]] -= turn
		}
		for id, times := range net {
			if id != coverage.None && times != 0 {
				return level, true
			}
		}
	}
	return 0, false
}

// shape tells how to draw an area. Areas whose rings touch themselves or each other are worked out once.
func (l *zoom) shape(id coverage.ID) *shape {
	if s := l.shapes[id].Load(); s != nil {
		return s
	}
	s := l.newShape(id)
	l.shapes[id].Store(s)
	return s
}

func (l *zoom) newShape(id coverage.ID) *shape {
	outline := l.coverage.Outline(id)
	var rings [][]point
	var all []point
	for _, polygon := range outline {
		for _, refs := range polygon {
			ring := l.ring(nil, refs, nil)
			rings, all = append(rings, ring), append(all, ring...)
		}
	}
	slices.SortFunc(all, point.compare)
	touches := len(slices.Compact(slices.Clone(all))) < len(all)
	if !touches && !slices.ContainsFunc(rings, func(ring []point) bool { return len(ring) < 3 }) {
		if len(rings) == 1 && twiceArea(rings[0]) > 0 {
			return &shape{plain: true}
		}
		if polygons, ok := nest(rings); ok && len(polygons) == len(outline) {
			return &shape{plain: true}
		}
	}
	var edges []directed
	for _, ring := range rings {
		if len(ring) > 0 {
			edges = appendRing(edges, ring)
		}
	}
	return &shape{polygons: polygonsOf(edges)}
}

// ring appends a ring put together from its arcs, as tiles wind it, the other way round than areas. With a frame, an arc that lies
// wholly beyond one side of it is replaced by its ends, which changes nothing inside.
func (l *zoom) ring(ring []point, refs []coverage.ArcRef, within *frame) []point {
	for _, ref := range slices.Backward(refs) {
		i := ref.Arc()
		points := l.arc(i)
		first, last := points[0], points[len(points)-1]
		// The first point of an arc is the last of the one before; an arc that shrank to one point adds none.
		switch {
		case within != nil && !l.frames[i].meets(*within) && first != last:
			if !ref.Reversed() {
				last = first
			}
			ring = append(ring, last)
		case !ref.Reversed():
			for k := len(points) - 2; k >= 0; k-- {
				ring = append(ring, points[k])
			}
		default:
			ring = append(ring, points[1:]...)
		}
	}
	return ring
}
