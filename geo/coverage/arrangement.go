package coverage

import (
	"cmp"
	"maps"
	"slices"

	"jingwei/geo"
	"jingwei/geo/internal/noding"
)

// arrangement is what the borders of areas cut the plane into, however badly they fit: edges that meet in their ends only,
// the faces between them, and for each face how often each area goes around it. A half-edge is an edge and a direction:
// edge·2 runs from its low vertex to its high one, edge·2+1 back; the face of a half-edge lies on its left.
type arrangement struct {
	points []geo.Point // of the vertices
	edges  []ends
	uses   []use   // of the edges, one after the other
	first  []int32 // of each edge: its first use; and the end of the last
	next   []int32 // of each half-edge: the one after it around its face
	face   []int32 // of each half-edge
	faces  []face  // the first is the unbounded one

	// Areas whose rings are perhaps not as the arrangement has them, and one place of each.
	cuts    map[int32]geo.Point // their edges were cut
	touches map[int32]geo.Point // their border comes to a point or an edge more than once
}

// ends are the vertices of an edge, the lower number first.
type ends struct{ low, high int32 }

// use is how an area runs through an edge: how much more often it lies on the left of low→high than on the right.
type use struct{ area, net int32 }

// bridge is the area of the passes of a bridge, which bounds none: it only divides faces.
const bridge = -1

type face struct {
	starts []int32   // a half-edge of each of its boundaries
	covers []winding // in order of area
}

// winding is how often the rings of an area go around a face: 1 inside a simple area.
type winding struct{ area, times int32 }

// arrange lays out the rings of all areas. Where areas without a parent do not meet, but come within reachM of each other, it
// puts bridges between them, so that what lies between is a face of its own and not a bay of the world outside.
func arrange(areas []Area, reachM float64) *arrangement {
	a := &arrangement{cuts: map[int32]geo.Point{}, touches: map[int32]geo.Point{}}
	d := drawing{arrangement: a, vertexOf: map[geo.Point]int32{}, edgeOf: map[ends]int32{}}
	for i, area := range areas {
		for _, polygon := range area.Shape {
			for j, ring := range polygon {
				d.addRing(int32(i), ring, j > 0)
			}
		}
	}
	if reachM > 0 {
		d.build(areas, reachM)
	}
	d.cut()
	d.collectUses()
	a.link()
	a.findFaces()
	a.cover()
	return a
}

// drawing is an arrangement while edges are added.
type drawing struct {
	*arrangement
	vertexOf map[geo.Point]int32
	edgeOf   map[ends]int32
	passes   []pass
}

// pass is one edge of a ring; sign is +1 where the area lies on the left of low→high.
type pass struct{ edge, area, sign int32 }

func (d *drawing) vertex(p geo.Point) int32 {
	v, known := d.vertexOf[p]
	if !known {
		v = int32(len(d.points))
		d.vertexOf[p] = v
		d.points = append(d.points, p)
	}
	return v
}

// edge is the edge between two vertices, and +1 where it runs from the first to the second, else −1.
func (d *drawing) edge(from, to int32) (e, sign int32) {
	key, sign := ends{from, to}, int32(1)
	if to < from {
		key, sign = ends{to, from}, -1
	}
	e, known := d.edgeOf[key]
	if !known {
		e = int32(len(d.edges))
		d.edgeOf[key] = e
		d.edges = append(d.edges, key)
	}
	return e, sign
}

func (d *drawing) addRing(area int32, ring Ring, hole bool) {
	if len(ring) == 0 {
		return
	}
	side := int32(1)
	if turn := geo.TwiceArea(ring).Sign(); turn < 0 != hole {
		side = -1
	}
	from := d.vertex(ring[len(ring)-1])
	for _, p := range ring {
		to := d.vertex(p)
		if from != to {
			e, sign := d.edge(from, to)
			d.passes = append(d.passes, pass{e, area, sign * side})
		}
		from = to
	}
}

// cut makes edges meet in their ends only, and lets the passes follow.
func (d *drawing) cut() {
	lines := make([]noding.Edge, len(d.edges))
	for e, v := range d.edges {
		lines[e] = noding.Edge{A: d.points[v.low], B: d.points[v.high]}
	}
	cuts := noding.Node(lines)
	if len(cuts) == 0 {
		return
	}
	type piece struct{ edge, sign int32 }
	pieces := map[int32][]piece{}
	// A piece can join the ends of an edge that is itself cut, and bent by rounding: it is another edge than that.
	for e := range cuts {
		delete(d.edgeOf, d.edges[e])
	}
	for _, e := range slices.Sorted(maps.Keys(cuts)) {
		from := d.edges[e].low
		for _, p := range append(cuts[e], d.points[d.edges[e].high]) {
			to := d.vertex(p)
			part, sign := d.edge(from, to)
			pieces[e] = append(pieces[e], piece{part, sign})
			from = to
		}
	}
	for _, p := range slices.Clip(d.passes) {
		parts := pieces[p.edge]
		if parts == nil {
			continue
		}
		if p.area != bridge {
			d.cuts[p.area] = cuts[p.edge][0]
		}
		for _, part := range parts {
			d.passes = append(d.passes, pass{part.edge, p.area, p.sign * part.sign})
		}
	}
	d.passes = slices.DeleteFunc(d.passes, func(p pass) bool { return pieces[p.edge] != nil })
}

// collectUses adds up the passes, and drops the edges that bound nothing and are no bridge.
func (d *drawing) collectUses() {
	slices.SortFunc(d.passes, func(p, q pass) int { return cmp.Or(cmp.Compare(p.edge, q.edge), cmp.Compare(p.area, q.area)) })
	kept := d.edges[:0]
	for i := 0; i < len(d.passes); {
		e := d.passes[i].edge
		begin, bridged := len(d.uses), d.passes[i].area == bridge // which sorts first
		for i < len(d.passes) && d.passes[i].edge == e {
			area, net, times := d.passes[i].area, int32(0), 0
			for i < len(d.passes) && d.passes[i].edge == e && d.passes[i].area == area {
				net += d.passes[i].sign
				times++
				i++
			}
			if area == bridge {
				continue
			}
			if times > 1 {
				d.touches[area] = d.points[d.edges[e].low]
			}
			if net != 0 {
				d.uses = append(d.uses, use{area, net})
			}
		}
		if len(d.uses) > begin || bridged {
			d.first = append(d.first, int32(begin))
			kept = append(kept, d.edges[e]) // edges come in ascending order, so the place is free
		}
	}
	d.edges = kept
	d.first = append(d.first, int32(len(d.uses)))
}

// usesOf is empty for a bridge.
func (a *arrangement) usesOf(edge int32) []use { return a.uses[a.first[edge]:a.first[edge+1]] }

// start and end are the vertices of a half-edge.
func (a *arrangement) start(h int32) int32 {
	if h&1 == 1 {
		return a.edges[h>>1].high
	}
	return a.edges[h>>1].low
}

func (a *arrangement) end(h int32) int32 { return a.start(h ^ 1) }

// link finds the next half-edge around each face: the first one clockwise from the way back.
func (a *arrangement) link() {
	firstOut := make([]int32, len(a.points)+1)
	for _, e := range a.edges {
		firstOut[e.low+1]++
		firstOut[e.high+1]++
	}
	for v := range a.points {
		firstOut[v+1] += firstOut[v]
	}
	out := make([]int32, 2*len(a.edges))
	free := slices.Clone(firstOut)
	for h := range int32(2 * len(a.edges)) {
		v := a.start(h)
		out[free[v]] = h
		free[v]++
	}
	a.next = make([]int32, 2*len(a.edges))
	for v := range a.points {
		around := out[firstOut[v]:firstOut[v+1]]
		if len(around) > 2 {
			a.sortAround(int32(v), around)
			a.findSelfTouches(int32(v), around)
		}
		for i, h := range around {
			a.next[h^1] = around[(i+len(around)-1)%len(around)]
		}
	}
}

// sortAround sorts the half-edges that leave a vertex counter-clockwise.
func (a *arrangement) sortAround(v int32, around []int32) {
	center := a.points[v]
	north := func(p geo.Point) bool { return p.Lat > center.Lat || p.Lat == center.Lat && p.Lon > center.Lon }
	slices.SortFunc(around, func(g, h int32) int {
		p, q := a.points[a.end(g)], a.points[a.end(h)]
		if north(p) != north(q) {
			if north(p) {
				return -1
			}
			return +1
		}
		return -geo.Orient(center, p, q)
	})
}

// findSelfTouches marks the areas whose border comes to a vertex more than once.
func (a *arrangement) findSelfTouches(v int32, around []int32) {
	if len(around) < 4 {
		return
	}
	var areas []int32
	for _, h := range around {
		for _, u := range a.usesOf(h >> 1) {
			areas = append(areas, u.area)
		}
	}
	slices.Sort(areas)
	for i := 0; i+3 < len(areas); i++ {
		if areas[i] == areas[i+3] {
			a.touches[areas[i]] = a.points[v]
		}
	}
}

// around calls visit for each half-edge of a boundary.
func (a *arrangement) around(start int32, visit func(h int32)) {
	for h := start; ; {
		visit(h)
		if h = a.next[h]; h == start {
			return
		}
	}
}

// findFaces collects the boundaries. One that runs counter-clockwise goes around a face; one that runs clockwise is the
// outside of a connected piece, and lies in the face that is next to it in the west.
func (a *arrangement) findFaces() {
	a.faces = []face{{}}
	a.face = make([]int32, 2*len(a.edges))
	for h := range a.face {
		a.face[h] = -1
	}
	var outsides []int32
	var ring []geo.Point
	for h := range int32(len(a.face)) {
		if a.face[h] >= 0 {
			continue
		}
		ring = ring[:0]
		a.around(h, func(h int32) {
			a.face[h] = int32(len(a.faces))
			ring = append(ring, a.points[a.start(h)])
		})
		if geo.TwiceArea(ring).Sign() > 0 {
			a.faces = append(a.faces, face{starts: []int32{h}})
			continue
		}
		a.around(h, func(h int32) { a.face[h] = 0 })
		outsides = append(outsides, h)
	}
	if len(outsides) == 0 {
		return
	}
	// From west to east, so that what lies west of a piece has its face already.
	type piece struct {
		start int32
		west  geo.Point
	}
	pieces := make([]piece, len(outsides))
	for i, start := range outsides {
		pieces[i] = piece{start, a.points[a.start(start)]}
		a.around(start, func(h int32) {
			if p := a.points[a.start(h)]; p.Compare(pieces[i].west) < 0 {
				pieces[i].west = p
			}
		})
	}
	slices.SortFunc(pieces, func(p, q piece) int { return p.west.Compare(q.west) })
	index := newWestIndex(a, len(pieces))
	for _, p := range pieces {
		f := int32(0)
		if h := index.westOf(p.west); h >= 0 {
			f = a.face[h]
		}
		a.around(p.start, func(h int32) { a.face[h] = f })
		a.faces[f].starts = append(a.faces[f].starts, p.start)
	}
}

// westIndex finds the edge next to a point in the west: edges by the bands of latitude that they pass.
type westIndex struct {
	*arrangement
	low, height int64
	bands       [][]int32
}

func newWestIndex(a *arrangement, pieces int) *westIndex {
	x := &westIndex{arrangement: a, height: 1}
	if pieces < 2 {
		return x // nothing lies west of the only piece
	}
	low, high := emptyBox()
	for _, p := range a.points {
		low, high = grow(low, high, p)
	}
	count := min(int64(len(a.edges)/8+1), 1<<14)
	x.low = int64(low.Lat)
	x.height = (int64(high.Lat)-x.low)/count + 1
	x.bands = make([][]int32, count)
	for e, v := range a.edges {
		p, q := a.points[v.low].Lat, a.points[v.high].Lat
		for band := (int64(min(p, q)) - x.low) / x.height; band <= (int64(max(p, q))-x.low)/x.height; band++ {
			x.bands[band] = append(x.bands[band], int32(e))
		}
	}
	return x
}

// westOf is the half-edge that looks at p from the west, with nothing in between; -1 when there is none. A line of sight
// that passes a vertex is taken a little farther north.
func (x *westIndex) westOf(p geo.Point) int32 {
	if x.bands == nil {
		return -1
	}
	best := int32(-1)
	for _, e := range x.bands[(int64(p.Lat)-x.low)/x.height] {
		south, north := x.upwards(e)
		if south.Lat <= p.Lat && p.Lat < north.Lat && geo.Orient(south, north, p) < 0 && (best < 0 || x.eastOf(e, best)) {
			best = e
		}
	}
	if best < 0 {
		return -1
	}
	// East of an edge is the right of its way up.
	if south, _ := x.upwards(best); south == x.points[x.edges[best].low] {
		return best<<1 | 1
	}
	return best << 1
}

func (x *westIndex) upwards(e int32) (south, north geo.Point) {
	south, north = x.points[x.edges[e].low], x.points[x.edges[e].high]
	if south.Lat > north.Lat {
		south, north = north, south
	}
	return south, north
}

// eastOf compares two edges that pass the same latitude and do not cross.
func (x *westIndex) eastOf(e, f int32) bool {
	eSouth, eNorth := x.upwards(e)
	fSouth, fNorth := x.upwards(f)
	if eSouth.Lat >= fSouth.Lat {
		if side := geo.Orient(fSouth, fNorth, eSouth); side != 0 {
			return side < 0
		}
		return geo.Orient(fSouth, fNorth, eNorth) < 0
	}
	if side := geo.Orient(eSouth, eNorth, fSouth); side != 0 {
		return side > 0
	}
	return geo.Orient(eSouth, eNorth, fNorth) > 0
}

// cover counts the windings, from the unbounded face inwards.
func (a *arrangement) cover() {
	seen := make([]bool, len(a.faces))
	seen[0] = true
	for queue := []int32{0}; len(queue) > 0; {
		f := queue[0]
		queue = queue[1:]
		for _, start := range a.faces[f].starts {
			a.around(start, func(h int32) {
				g := a.face[h^1]
				if seen[g] {
					return
				}
				seen[g] = true
				a.faces[g].covers = across(a.faces[f].covers, a.usesOf(h>>1), h&1 == 0)
				queue = append(queue, g)
			})
		}
	}
}

// across is the windings on the other side of an edge, seen from its left or its right.
func across(covers []winding, uses []use, fromLeft bool) []winding {
	out := make([]winding, 0, len(covers)+1)
	for len(covers) > 0 || len(uses) > 0 {
		var w winding
		if len(uses) == 0 || len(covers) > 0 && covers[0].area < uses[0].area {
			w, covers = covers[0], covers[1:]
		} else {
			w.area = uses[0].area
			if len(covers) > 0 && covers[0].area == w.area {
				w, covers = covers[0], covers[1:]
			}
			if fromLeft {
				w.times -= uses[0].net
			} else {
				w.times += uses[0].net
			}
			uses = uses[1:]
		}
		if w.times != 0 {
			out = append(out, w)
		}
	}
	return out
}
