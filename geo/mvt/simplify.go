package mvt

import "math"

// simplifier leaves out points of lines, and keeps as many as are needed that the lines bound the same areas as before: no two come
// to cross or to touch, and no kept point comes to lie on the other side of a line. It begins with the points heavier than the
// tolerance; while a chord, which stands for several edges, is in conflict, the heaviest point that it skips is kept too. The given
// edges are noded, so this ends.
//
// That the kept points stay on their side is the condition of Saalfeld, "Topologically consistent line simplification with the
// Douglas–Peucker algorithm" (1999).
type simplifier struct {
	*lines
	keep   []bool
	chords []chord
	grid   *grid
	work   []int32 // chords that are new
	split  []int32 // chords in conflict
}

// chord is a straight line from one kept point of an arc to the next.
type chord struct {
	from, to int32 // in points; to is from+1 where the chord is an edge
	reach    int32 // how far the points that it skips lie from it, at most, in steps
	state    chordState
}

type chordState uint8

const (
	present chordState = iota
	doomed             // in conflict, to be split
	gone
)

func (c *chord) skips() bool { return c.to > c.from+1 }

// simplify tells for each point whether it is kept.
func (l *lines) simplify(toleranceSteps float64) []bool {
	s := &simplifier{lines: l, keep: make([]bool, len(l.points))}
	kept := 0
	for k, w := range l.weight {
		if float64(w) > toleranceSteps {
			s.keep[k] = true
			kept++
		}
	}
	box, ok := l.frame()
	if !ok {
		return s.keep
	}
	s.grid = newGrid(box, kept)
	s.chords = make([]chord, 0, kept+kept/8)
	for i := range l.arcs() {
		from := l.starts[i]
		for k := from + 1; k < l.starts[i+1]; k++ {
			if s.keep[k] {
				s.add(from, k, int32(math.Ceil(toleranceSteps)))
				from = k
			}
		}
	}
	// An edge alone is in no conflict.
	edges := 0
	for _, c := range s.work {
		if s.chords[c].skips() {
			s.work[edges] = c
			edges++
		}
	}
	s.work = s.work[:edges]
	for len(s.work) > 0 {
		for _, c := range s.work {
			s.check(c)
		}
		s.work = s.work[:0]
		for _, c := range s.split {
			s.splitChord(c)
		}
		s.split = s.split[:0]
	}
	return s.keep
}

func (s *simplifier) add(from, to, reach int32) {
	c := int32(len(s.chords))
	if to == from+1 {
		reach = 0
	}
	s.chords = append(s.chords, chord{from: from, to: to, reach: reach})
	s.grid.cells(s.points[from], s.points[to], reach, func(cell int) { s.grid.add(c, cell) })
	s.work = append(s.work, c)
}

func (s *simplifier) doom(c int32) {
	if s.chords[c].skips() && s.chords[c].state == present {
		s.chords[c].state = doomed
		s.split = append(s.split, c)
	}
}

// splitChord keeps the heaviest point that a chord skips.
func (s *simplifier) splitChord(c int32) {
	from, to := s.chords[c].from, s.chords[c].to
	s.chords[c].state = gone
	heaviest := from + 1
	for k := from + 2; k < to; k++ {
		if s.weight[k] > s.weight[heaviest] {
			heaviest = k
		}
	}
	s.keep[heaviest] = true
	s.add(from, heaviest, s.reach(from, heaviest))
	s.add(heaviest, to, s.reach(heaviest, to))
}

func (s *simplifier) reach(from, to int32) int32 {
	farthest := 0.0
	for k := from + 1; k < to; k++ {
		farthest = max(farthest, distance2(s.points[k], s.points[from], s.points[to]))
	}
	return int32(math.Ceil(math.Sqrt(farthest)))
}

// check dooms the chord c, or chords near it, if they are in conflict.
func (s *simplifier) check(c int32) {
	this := &s.chords[c]
	if this.state != present {
		return
	}
	a, b := s.points[this.from], s.points[this.to]
	if a == b { // a ring that all but its start was taken from
		s.doom(c)
		return
	}
	s.grid.cells(a, b, this.reach, func(cell int) {
		if this.state != present {
			return
		}
		for e := s.grid.heads[cell]; e >= 0; e = s.grid.entries[e].next {
			other := s.grid.entries[e].item
			if that := &s.chords[other]; other != c && that.state != gone && (this.skips() || that.skips()) && s.conflict(this, that) {
				s.doom(c)
				s.doom(other)
				return
			}
		}
	})
}

func (s *simplifier) conflict(c, d *chord) bool {
	return meetBadly(s.points[c.from], s.points[c.to], s.points[d.from], s.points[d.to]) ||
		s.swallows(c, s.points[d.from]) || s.swallows(c, s.points[d.to]) ||
		s.swallows(d, s.points[c.from]) || s.swallows(d, s.points[c.to])
}

// swallows reports whether p lies between a chord and the edges that it stands for.
func (s *simplifier) swallows(c *chord, p point) bool {
	if !c.skips() {
		return false
	}
	a, b := s.points[c.from], s.points[c.to]
	if p == a || p == b || p.X < min(a.X, b.X)-c.reach || p.X > max(a.X, b.X)+c.reach ||
		p.Y < min(a.Y, b.Y)-c.reach || p.Y > max(a.Y, b.Y)+c.reach ||
		distance2(p, a, b) > float64(c.reach+1)*float64(c.reach+1) {
		return false
	}
	return encloses(s.points[c.from:c.to+1], p)
}

// meetBadly reports whether the segments a–b and c–d have more in common than an end.
func meetBadly(a, b, c, d point) bool {
	if max(a.X, b.X) < min(c.X, d.X) || max(c.X, d.X) < min(a.X, b.X) ||
		max(a.Y, b.Y) < min(c.Y, d.Y) || max(c.Y, d.Y) < min(a.Y, b.Y) {
		return false
	}
	switch {
	case a == c:
		return b == d || onRay(a, b, d)
	case a == d:
		return b == c || onRay(a, b, c)
	case b == c:
		return onRay(b, a, d)
	case b == d:
		return onRay(b, a, c)
	}
	abc, abd := sign(cross(a, b, c)), sign(cross(a, b, d))
	cda, cdb := sign(cross(c, d, a)), sign(cross(c, d, b))
	if abc == 0 && abd == 0 { // all on one line, and the boxes meet
		return true
	}
	return abc*abd <= 0 && cda*cdb <= 0
}

// onRay reports whether b and c lie in the same direction from a.
func onRay(a, b, c point) bool {
	return cross(a, b, c) == 0 &&
		(int64(b.X)-int64(a.X))*(int64(c.X)-int64(a.X))+(int64(b.Y)-int64(a.Y))*(int64(c.Y)-int64(a.Y)) > 0
}

func sign(v int64) int {
	switch {
	case v < 0:
		return -1
	case v > 0:
		return +1
	}
	return 0
}
