package mvt

import (
	"cmp"
	"slices"
)

// polygonClipper cuts polygons to a frame: the parts of the rings inside it are chains from where they enter to where they leave, and
// along the frame each exit is joined with the next entry, with the inside on the left all the way (Weiler and Atherton, 1977, for a
// frame). No edge may cross the frame, so nothing is rounded, and valid polygons stay valid. It can be used again.
//
// Rings are seen in the plane of the tile: exteriors have a positive twiceArea, holes a negative one, and the inside is on
// the left of each edge when y is taken to point up.
type polygonClipper struct {
	frame  frame
	chains []chain
	points []point // of all chains, end to end
	whole  [][]point
	ends   []chainEnd
	exitOf []int // of each chain: its exit in ends; -1 when it is in a ring already
	joined []point
	edges  []directed
}

type chain struct{ first, end int }

// chainEnd is where a chain meets the frame: pos is the way along the frame from its low corner.
type chainEnd struct {
	pos   int64
	chain int
	exit  bool
}

// clip calls emit for each exterior ring of what is left of a polygon, followed by its holes. The rings handed over are
// valid during the call only. touching tells that points occur more than once in the rings.
func (c *polygonClipper) clip(rings [][]point, within frame, touching bool, emit func(ring []point)) {
	c.frame = within
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
		if inside {
			corners := within.ring()
			emit(corners[:])
		}
		for _, ring := range c.whole {
			emit(ring)
		}
		return
	}
	if c.sortEnds() && !touching {
		c.join(emit)
	} else {
		c.weave(emit)
	}
}

// cutIntoChains collects the parts of a ring, which has a point on the frame or outside, that run through the inside.
func (c *polygonClipper) cutIntoChains(ring []point) {
	begin := slices.IndexFunc(ring, func(p point) bool { return !c.frame.within(p) })
	first, a := len(c.points), ring[begin]
	for i := 1; i <= len(ring); i++ {
		b := ring[(begin+i)%len(ring)]
		if c.frame.passes(a, b) {
			if len(c.points) == first {
				c.points = append(c.points, a)
			}
			c.points = append(c.points, b)
			if !c.frame.within(b) {
				c.chains = append(c.chains, chain{first, len(c.points)})
				first = len(c.points)
			}
		}
		a = b
	}
}

// sortEnds orders the ends of the chains along the frame. It is false where two of them are in one place.
func (c *polygonClipper) sortEnds() bool {
	for i, chain := range c.chains {
		c.ends = append(c.ends,
			chainEnd{c.frame.position(c.points[chain.first]), i, false},
			chainEnd{c.frame.position(c.points[chain.end-1]), i, true})
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
			c.joined = c.frame.corners(c.joined, c.ends[exit].pos, next.pos)
			at = next.chain
		}
		if len(c.joined) == 0 {
			continue
		}
		emit(c.joined)
		for _, hole := range c.whole {
			if encloses(c.joined, hole[0]) {
				emit(hole)
			}
		}
	}
}

// weave puts the polygon together edge by edge, for rings that touch the frame or each other.
func (c *polygonClipper) weave(emit func(ring []point)) {
	c.edges = c.edges[:0]
	for _, chain := range c.chains {
		for i := chain.first + 1; i < chain.end; i++ {
			c.edges = append(c.edges, directed{c.points[i-1], c.points[i]})
		}
	}
	for _, ring := range c.whole {
		c.edges = appendRing(c.edges, ring)
	}
	for first := 0; first < len(c.ends); {
		here, next := c.ends[first].pos, first
		// Of the chains that meet here, the rightmost, which is nearest to the way ahead, tells what the frame runs along.
		nearest := first
		for ; next < len(c.ends) && c.ends[next].pos == here; next++ {
			if cross(point{}, c.leaving(nearest), c.leaving(next)) < 0 {
				nearest = next
			}
		}
		if c.ends[nearest].exit {
			there := c.ends[next%len(c.ends)]
			from := c.at(c.ends[first])
			c.joined = append(c.frame.corners(c.joined[:0], here, there.pos), c.at(there))
			for _, to := range c.joined {
				c.edges = append(c.edges, directed{from, to})
				from = to
			}
		}
		first = next
	}
	for _, polygon := range polygonsOf(c.edges) {
		for _, ring := range polygon {
			emit(ring)
		}
	}
}

// at is the point on the frame where a chain ends.
func (c *polygonClipper) at(end chainEnd) point {
	if end.exit {
		return c.points[c.chains[end.chain].end-1]
	}
	return c.points[c.chains[end.chain].first]
}

// leaving is the direction of a chain from its end on the frame inwards.
func (c *polygonClipper) leaving(end int) point {
	at, inward := c.at(c.ends[end]), c.points[c.chains[c.ends[end].chain].first:c.chains[c.ends[end].chain].end]
	to := inward[1]
	if c.ends[end].exit {
		to = inward[len(inward)-2]
	}
	return point{to.X - at.X, to.Y - at.Y}
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
