package mvt

import (
	"math"
	"slices"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/geo/internal/noding"
)

// lines are the arcs of a coverage on the fine square. They are noded: any two of their edges have at most common ends in common,
// or are the same edge.
type lines struct {
	points []point
	starts []int32   // of each arc in points, and the end
	weight []float32 // of each point: up to which tolerance, in steps, simplification keeps it
}

func (l *lines) arcs() int { return len(l.starts) - 1 }

// always is the weight of the ends of an arc and of points through which another line runs too.
var always = float32(math.Inf(1))

// newLines projects the arcs. Edges that cross or touch, because the coverage has overlaps or the projection rounds, are cut there.
// Cost: about 1 µs a vertex.
func newLines(arcs []coverage.Arc) *lines {
	l := &lines{starts: make([]int32, 1, len(arcs)+1)}
	for i := range arcs {
		first := len(l.points)
		for _, v := range arcs[i].Points {
			if p := project(v); len(l.points) == first || l.points[len(l.points)-1] != p {
				l.points = append(l.points, p)
			}
		}
		l.starts = append(l.starts, int32(len(l.points)))
	}
	l.node()
	l.weigh()
	return l
}

func (l *lines) node() {
	edges := make([]noding.Edge, 0, len(l.points))
	ends := make([]int32, 0, len(l.points)) // of each edge: the index of its end in points
	for i := range l.arcs() {
		for k := l.starts[i] + 1; k < l.starts[i+1]; k++ {
			a, b := l.points[k-1], l.points[k]
			edges = append(edges, noding.Edge{A: geo.Point{Lon: a.X, Lat: a.Y}, B: geo.Point{Lon: b.X, Lat: b.Y}})
			ends = append(ends, k)
		}
	}
	cuts := noding.Node(edges)
	if len(cuts) == 0 {
		return
	}
	before := make(map[int32][]geo.Point, len(cuts))
	for edge, points := range cuts {
		before[ends[edge]] = points
	}
	points, starts := make([]point, 0, len(l.points)+len(cuts)), make([]int32, 1, len(l.starts))
	for i := range l.arcs() {
		for k := l.starts[i]; k < l.starts[i+1]; k++ {
			for _, p := range before[k] {
				points = append(points, point{p.Lon, p.Lat})
			}
			points = append(points, l.points[k])
		}
		starts = append(starts, int32(len(points)))
	}
	l.points, l.starts = points, starts
}

// weigh gives each point its weight: the largest tolerance at which the algorithm of Douglas and Peucker (1973) keeps it.
func (l *lines) weigh() {
	seen := newTally(l.points)
	l.weight = make([]float32, len(l.points))
	for i := range l.arcs() {
		first, end := l.starts[i], l.starts[i+1]
		fixed := first
		for k := first; k < end; k++ {
			if k == first || k == end-1 || seen.count(l.points[k]) > 1 {
				l.weight[k] = always
				l.weighSpan(fixed, k, always)
				fixed = k
			}
		}
	}
}

// weighSpan weighs the points between two that are kept. No point weighs more than the one that split its span.
func (l *lines) weighSpan(first, last int32, most float32) {
	for last-first > 1 {
		farthest, at := -1.0, first+1
		for k := first + 1; k < last; k++ {
			if d := distance2(l.points[k], l.points[first], l.points[last]); d > farthest {
				farthest, at = d, k
			}
		}
		most = min(most, float32(math.Sqrt(farthest)))
		l.weight[at] = most
		// The longer part in the loop keeps the stack low.
		if at-first < last-at {
			l.weighSpan(first, at, most)
			first = at
		} else {
			l.weighSpan(at, last, most)
			last = at
		}
	}
}

// tally counts how often each point occurs: a hash table with open addressing.
type tally struct {
	slots []tallied
	shift uint
}

type tallied struct {
	p point
	n int32 // 0 is a free slot
}

func newTally(points []point) *tally {
	log := uint(4)
	for 1<<log < 2*len(points) {
		log++
	}
	t := &tally{slots: make([]tallied, 1<<log), shift: 64 - log}
	for _, p := range points {
		s := t.slot(p)
		s.p = p
		s.n++
	}
	return t
}

func (t *tally) count(p point) int32 { return t.slot(p).n }

func (t *tally) slot(p point) *tallied {
	key := p.key() * 0x9E3779B97F4A7C15
	key = (key ^ key>>32) * 0xD6E8FEB86659FD93
	for i := key >> t.shift; ; i++ {
		s := &t.slots[i&uint64(len(t.slots)-1)]
		if s.n == 0 || s.p == p {
			return s
		}
	}
}

// frame is the smallest box around all lines; ok is false when there are none.
func (l *lines) frame() (f frame, ok bool) {
	if len(l.points) == 0 {
		return frame{}, false
	}
	return frameOf(slices.Clip(l.points)), true
}
