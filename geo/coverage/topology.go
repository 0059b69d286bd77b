package coverage

import (
	"errors"
	"math/bits"

	"jingwei/geo"
)

// topology finds the shared arcs. It works on the undirected edges between vertices: each edge learns which areas lie
// on its left and right, and a vertex is a junction where the line cannot run on unchanged: where other than two edges
// meet, or where the areas beside the two differ. Arcs run from junction to junction.
//
// This is the shared-vertex method of TopoJSON (Bostock, "How to infer topology", 2013), with junctions taken from the
// areas beside an edge instead of from the neighbours of a vertex.
type topology struct {
	points []geo.Point // of each vertex
	slots  []int32     // open-addressing hash table of vertex+1; 0 is free
	shift  uint        // 64 - log2(len(slots))

	vertexEdges []vertexEdges
	edges       []edge

	steps []step // all rings, end to end
	rings []ringSteps
}

// vertexEdges is what a vertex knows of its edges.
type vertexEdges struct {
	firstLow int32    // head of the list of the edges whose low end is this vertex; -1 ends it
	some     [2]int32 // two of the edges; all of them where degree is 2
	degree   int32
	cut      bool // a junction whatever its degree
}

// edge joins two vertices, low < high; left and right are seen from low to high. Edges with the same ends exist where
// areas of one level overlap.
type edge struct {
	low, high   int32
	nextLow     int32
	arc         int32 // ArcRef of the arc and the direction low→high, once known
	left, right Sides
}

// step is one edge of a ring and its direction: edge·2, plus 1 when the ring runs from high to low.
type step int32

func (s step) edge() int32 { return int32(s >> 1) }

type ringSteps struct {
	area       ID
	first, end int // in steps
}

// newTopology makes room for rings of so many vertices; more may come. Neighbours and levels share most of them: two fifths
// is a good guess of how many different vertices and edges there are.
func newTopology(vertices int) *topology {
	t := &topology{
		steps:       make([]step, 0, vertices),
		points:      make([]geo.Point, 0, vertices*2/5),
		vertexEdges: make([]vertexEdges, 0, vertices*2/5),
		edges:       make([]edge, 0, vertices*2/5),
	}
	t.resize(max(16, vertices*3/5))
	return t
}

// resize makes room for at least size slots and fills in the vertices there are.
func (t *topology) resize(size int) {
	log := uint(bits.Len(uint(size - 1)))
	t.slots, t.shift = make([]int32, 1<<log), 64-log
	for i, p := range t.points {
		*t.slot(p) = int32(i + 1)
	}
}

// slot is the place of p in the table: taken by p, or free.
func (t *topology) slot(p geo.Point) *int32 {
	key := (uint64(uint32(p.Lon))<<32 | uint64(uint32(p.Lat))) * 0x9E3779B97F4A7C15
	key = (key ^ key>>32) * 0xD6E8FEB86659FD93
	for i := key >> t.shift; ; i++ {
		s := &t.slots[i&uint64(len(t.slots)-1)]
		if *s == 0 || t.points[*s-1] == p {
			return s
		}
	}
}

func (t *topology) vertex(p geo.Point) int32 {
	s := t.slot(p)
	if *s == 0 {
		if len(t.points)*3 > len(t.slots)*2 {
			t.resize(len(t.slots) * 2)
			s = t.slot(p)
		}
		t.points = append(t.points, p)
		t.vertexEdges = append(t.vertexEdges, vertexEdges{firstLow: -1})
		*s = int32(len(t.points))
	}
	return *s - 1
}

// add enters the rings of an area, and leaves in n its bounds and as many empty rings as it has.
func (t *topology) add(id ID, area Area, n *node) error {
	n.min, n.max = emptyBox()
	for _, polygon := range area.Shape {
		if len(polygon) == 0 {
			return errors.New("it has a polygon without a ring: remove the polygon, or give it its shell")
		}
		for j, ring := range polygon {
			ring, err := cleanRing(ring, j > 0)
			if err != nil {
				return err
			}
			for _, p := range ring {
				n.min, n.max = grow(n.min, n.max, p)
			}
			t.addRing(id, area.Level, ring)
		}
		n.outline = append(n.outline, make([][]ArcRef, len(polygon)))
	}
	if len(area.Shape) == 0 {
		return errors.New("it has no shape: give it a polygon")
	}
	return nil
}

func (t *topology) addRing(id ID, level Level, ring Ring) {
	first := len(t.steps)
	from := t.vertex(ring[len(ring)-1])
	for _, p := range ring {
		to := t.vertex(p)
		t.steps = append(t.steps, t.pass(id, level, from, to))
		from = to
	}
	t.rings = append(t.rings, ringSteps{id, first, len(t.steps)})
	// Where the ring turns on the spot, arcs must end.
	last := t.steps[len(t.steps)-1]
	for _, s := range t.steps[first:] {
		if s == last^1 {
			t.vertexEdges[t.start(s)].cut = true
		}
		last = s
	}
}

// start is the vertex at which a ring enters a step.
func (t *topology) start(s step) int32 {
	if s&1 == 1 {
		return t.edges[s.edge()].high
	}
	return t.edges[s.edge()].low
}

// pass notes that the area lies on the left of from→to.
func (t *topology) pass(id ID, level Level, from, to int32) step {
	low, high, direction := from, to, step(0)
	if to < from {
		low, high, direction = to, from, 1
	}
	for e := t.vertexEdges[low].firstLow; e >= 0; e = t.edges[e].nextLow {
		if t.edges[e].high != high {
			continue
		}
		side := &t.edges[e].left[level]
		if direction == 1 {
			side = &t.edges[e].right[level]
		}
		if *side == None {
			*side = id
			return step(e)<<1 | direction
		}
	}
	e := int32(len(t.edges))
	added := edge{low: low, high: high, nextLow: t.vertexEdges[low].firstLow, arc: -1, left: noSides, right: noSides}
	if direction == 1 {
		added.right[level] = id
	} else {
		added.left[level] = id
	}
	t.edges = append(t.edges, added)
	t.vertexEdges[low].firstLow = e
	for _, v := range [...]int32{low, high} {
		ends := &t.vertexEdges[v]
		if ends.degree < 2 {
			ends.some[ends.degree] = e
		}
		ends.degree++
	}
	return step(e)<<1 | direction
}

// sides are the areas on the left and right of an edge for one who leaves the vertex v along it.
func (t *topology) sides(e, v int32) (left, right *Sides) {
	if t.edges[e].low == v {
		return &t.edges[e].left, &t.edges[e].right
	}
	return &t.edges[e].right, &t.edges[e].left
}

func (t *topology) isJunction(v int32) bool {
	ends := &t.vertexEdges[v]
	if ends.cut || ends.degree != 2 {
		return true
	}
	left, right := t.sides(ends.some[0], v)
	onRight, onLeft := t.sides(ends.some[1], v)
	return *left != *onLeft || *right != *onRight
}

// finish writes the arcs and the outlines of the areas into c.
func (t *topology) finish(c *Coverage) {
	ends := 0 // of arcs, at junctions
	for v := range t.vertexEdges {
		t.vertexEdges[v].cut = t.isJunction(int32(v))
		if t.vertexEdges[v].cut {
			ends += int(t.vertexEdges[v].degree)
		}
	}
	c.arcs = make([]Arc, 0, ends/2)
	c.vertices = make([]geo.Point, 0, len(t.edges)+ends/2) // only rings without a junction need more
	for e := range t.edges {
		for _, v := range [...]int32{t.edges[e].low, t.edges[e].high} {
			if t.vertexEdges[v].cut && t.edges[e].arc < 0 {
				t.walk(c, int32(e), v)
			}
		}
	}
	for e := range t.edges { // rings without a junction
		if t.edges[e].arc < 0 {
			t.walk(c, int32(e), t.edges[e].low)
		}
	}
	for i := range c.arcs { // only now does the array stay where it is
		end := len(c.vertices)
		if i+1 < len(c.arcs) {
			end = c.arcs[i+1].First
		}
		c.arcs[i].Points = c.vertices[c.arcs[i].First:end:end]
	}
	t.outline(c)
}

// walk makes one arc, from the vertex v along the edge e to the next junction or back to v.
func (t *topology) walk(c *Coverage, e, v int32) {
	left, right := t.sides(e, v)
	arc := ArcRef(len(c.arcs)) << 1
	c.arcs = append(c.arcs, Arc{First: len(c.vertices), Left: *left, Right: *right})
	c.vertices = append(c.vertices, t.points[v])
	for start := v; ; {
		walked := &t.edges[e]
		if walked.low == v {
			walked.arc, v = int32(arc), walked.high
		} else {
			walked.arc, v = int32(arc|1), walked.low
		}
		c.vertices = append(c.vertices, t.points[v])
		if v == start || t.vertexEdges[v].cut {
			return
		}
		ends := &t.vertexEdges[v]
		if ends.some[0] == e {
			e = ends.some[1]
		} else {
			e = ends.some[0]
		}
	}
}

// outline turns the rings of steps into rings of arcs, in the order in which they were added.
func (t *topology) outline(c *Coverage) {
	next, size := 0, len(t.rings)
	for _, s := range t.steps {
		if t.vertexEdges[t.start(s)].cut {
			size++
		}
	}
	refs := make([]ArcRef, 0, size)
	for id := range c.nodes {
		for _, rings := range c.nodes[id].outline {
			for j := range rings {
				first := len(refs)
				refs = t.arcsOf(refs, t.steps[t.rings[next].first:t.rings[next].end])
				rings[j] = refs[first:len(refs):len(refs)]
				next++
			}
		}
	}
}

// arcsOf appends the arcs of a ring, from its first junction on; a ring without junctions is one arc.
func (t *topology) arcsOf(refs []ArcRef, ring []step) []ArcRef {
	begin := 0
	for begin < len(ring) && !t.vertexEdges[t.start(ring[begin])].cut {
		begin++
	}
	if begin == len(ring) {
		return append(refs, t.ref(ring[0]))
	}
	for i := range ring {
		s := ring[(begin+i)%len(ring)]
		if t.vertexEdges[t.start(s)].cut {
			refs = append(refs, t.ref(s))
		}
	}
	return refs
}

func (t *topology) ref(s step) ArcRef {
	return ArcRef(t.edges[s.edge()].arc) ^ ArcRef(s&1)
}
