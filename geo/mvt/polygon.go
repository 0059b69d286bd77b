package mvt

import (
	"cmp"
	"slices"
)

// polygonClipper cuts polygons to a frame so that valid ones stay valid: the parts of the rings inside the frame are
// chains from where they enter to where they leave, and along the frame each exit is joined with the next entry, with
// the inside on the left all the way (Weiler and Atherton, 1977, for a frame). It can be used again.
//
// Rings are seen in the plane of the tile: exteriors have a positive twiceArea, holes a negative one, and the inside is on
// the left of each edge when y is taken to point up.
type polygonClipper struct {
	within frame
	chains []chain
	points []point // of all chains, end to end
	whole  [][]point
	ends   []chainEnd
	exitOf []int // of each chain: its exit in ends; -1 when it is in a ring already
	joined []point
	spare  []point
}

type chain struct{ first, end int }

// chainEnd is where a chain meets the frame: pos is the way along the frame from its low corner.
type chainEnd struct {
	pos   int64
	chain int
	exit  bool
}

// clip calls emit for each exterior ring of what is left of a polygon, followed by its holes. The rings handed over are
// valid during the call only.
func (c *polygonClipper) clip(rings [][]point, within frame, emit func(ring []point)) {
	c.within = within
	c.chains, c.points, c.whole, c.ends = c.chains[:0], c.points[:0], c.whole[:0], c.ends[:0]
	middle := point{within.low.X + (within.high.X-within.low.X)/2, within.low.Y + (within.high.Y-within.low.Y)/2}
	inside := false // whether the middle of the frame is
	for _, ring := range rings {
		if within.contains(frameOf(ring)) {
			c.whole = append(c.whole, ring)
			continue
		}
		c.cutIntoChains(ring)
		inside = inside != encloses(ring, middle)
	}
	if len(c.chains) == 0 {
		switch {
		case len(c.whole) == len(rings):
			emitValid(c.whole[0], c.whole[1:], emit)
		case inside:
			c.joined = within.ring(c.joined[:0])
			emitValid(c.joined, c.whole, emit)
		}
		return
	}
	if !c.sortEnds() {
		// Rings that touch each other on the frame, or cross: clip each for itself, which cannot go wrong.
		clipped := make([][]point, len(rings))
		for i, ring := range rings {
			c.joined = append(c.joined[:0], ring...)
			c.joined, c.spare = within.clipRing(c.joined, c.spare)
			clipped[i] = slices.Clone(tidyRing(c.joined))
		}
		emitValid(clipped[0], clipped[1:], emit)
		return
	}
	c.join(emit)
}

// cutIntoChains collects the parts of a ring, which has a vertex outside the frame, inside it.
func (c *polygonClipper) cutIntoChains(ring []point) {
	begin := slices.IndexFunc(ring, func(p point) bool { return !c.within.holds(p) })
	first := len(c.points)
	flush := func() {
		if len(c.points)-first > 1 {
			c.chains = append(c.chains, chain{first, len(c.points)})
		} else {
			c.points = c.points[:first] // the ring only touches the frame
		}
		first = len(c.points)
	}
	a := ring[begin]
	for i := 1; i <= len(ring); i++ {
		b := ring[(begin+i)%len(ring)]
		from, to, ok := c.within.clipSegment(a, b)
		if ok {
			if from != a || len(c.points) == first {
				flush()
				c.points = append(c.points, from)
			}
			if to != from {
				c.points = append(c.points, to)
			}
			if to != b {
				flush()
			}
		}
		a = b
	}
	flush()
}

// ring is the frame as an exterior ring.
func (f frame) ring(out []point) []point {
	return append(out, f.low, point{f.high.X, f.low.Y}, f.high, point{f.low.X, f.high.Y})
}

// position is the way along the frame from its low corner to a point on it, in the direction of an exterior ring.
func (f frame) position(p point) int64 {
	width, height := int64(f.high.X-f.low.X), int64(f.high.Y-f.low.Y)
	switch {
	case p.Y == f.low.Y:
		return int64(p.X - f.low.X)
	case p.X == f.high.X:
		return width + int64(p.Y-f.low.Y)
	case p.Y == f.high.Y:
		return width + height + int64(f.high.X-p.X)
	default:
		return 2*width + height + int64(f.high.Y-p.Y)
	}
}

// sortEnds orders the ends of the chains along the frame. It is false unless exits and entries take turns, as they do
// around every valid polygon.
func (c *polygonClipper) sortEnds() bool {
	for i, chain := range c.chains {
		c.ends = append(c.ends,
			chainEnd{c.within.position(c.points[chain.first]), i, false},
			chainEnd{c.within.position(c.points[chain.end-1]), i, true})
	}
	slices.SortFunc(c.ends, func(a, b chainEnd) int { return cmp.Compare(a.pos, b.pos) })
	last := c.ends[len(c.ends)-1]
	for _, end := range c.ends {
		if end.exit == last.exit || end.pos == last.pos {
			return false
		}
		last = end
	}
	return true
}

// join walks along chains and the frame until every chain is in a ring.
func (c *polygonClipper) join(emit func(ring []point)) {
	c.exitOf = append(c.exitOf[:0], make([]int, len(c.chains))...)
	for i, end := range c.ends {
		if end.exit {
			c.exitOf[end.chain] = i
		}
	}
	for begin := range c.chains {
		c.joined = c.joined[:0]
		for at := begin; c.exitOf[at] >= 0; {
			exit := c.exitOf[at]
			c.exitOf[at] = -1 // walked
			c.joined = append(c.joined, c.points[c.chains[at].first:c.chains[at].end]...)
			next := c.ends[(exit+1)%len(c.ends)]
			c.joined = c.within.corners(c.joined, c.ends[exit].pos, next.pos)
			at = next.chain
		}
		if c.joined = tidyRing(c.joined); len(c.joined) > 0 {
			holes := c.whole
			if len(holes) > 0 {
				holes = slices.DeleteFunc(slices.Clone(holes), func(hole []point) bool { return !goesAround(c.joined, hole) })
			}
			emitValid(c.joined, holes, emit)
		}
	}
}

// corners appends the corners of the frame that one passes on the way from one position to another.
func (f frame) corners(out []point, from, to int64) []point {
	var all [4]point
	f.ring(all[:0])
	lap := f.position(point{f.low.X, f.low.Y + 1}) + 1
	if to <= from {
		to += lap
	}
	for _, passed := range [...]int64{0, lap} {
		for _, corner := range all {
			if at := f.position(corner) + passed; from < at && at < to {
				out = append(out, corner)
			}
		}
	}
	return out
}

// emitValid leaves out an exterior ring that is too small or runs the wrong way, with its holes, and holes like that.
func emitValid(exterior []point, holes [][]point, emit func(ring []point)) {
	if twiceArea(exterior) <= 0 {
		return
	}
	emit(exterior)
	for _, hole := range holes {
		if twiceArea(hole) < 0 {
			emit(hole)
		}
	}
}

// goesAround reports whether most vertices of a hole are within a ring; the others may touch it.
func goesAround(ring, hole []point) bool {
	within := 0
	for _, p := range hole {
		if encloses(ring, p) {
			within++
		}
	}
	return 2*within > len(hole)
}

// encloses tells by the even-odd rule whether a ring goes around p.
func encloses(ring []point, p point) bool {
	inside, a := false, ring[len(ring)-1]
	for _, b := range ring {
		if a.Y > p.Y != (b.Y > p.Y) {
			side := int64(b.X-a.X)*int64(p.Y-a.Y) - int64(b.Y-a.Y)*int64(p.X-a.X)
			if side > 0 == (b.Y > a.Y) {
				inside = !inside
			}
		}
		a = b
	}
	return inside
}
