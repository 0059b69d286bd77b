package snap

import (
	"maps"
	"slices"

	"jingwei/geo"
	"jingwei/geo/coverage"
)

// band is a part of the index, made by one core: the rows from first to before end.
type band struct {
	*builder
	*workspace
	first, end int
	records    []uint32
	slow       map[coverage.ID]bool
	nested     []*Index
	crowded    []uint32 // where in records the nested indexes stand
	mayNest    bool
}

// workspace is memory that a core uses again for its next band.
type workspace struct {
	starts   []uint32 // of each cell of the band, and the end: where its edges begin in touching
	touching []uint32 // the edges that touch a cell, ascending

	anchor               // the last reference point on the way east
	west   anchor        // in a nested index: that of the westernmost cell, from which the next row goes on
	areas  []coverage.ID // of areasOf
	near   []uint32      // the runs of a near record
}

// anchor is a place on no edge with what is known of it.
type anchor struct {
	ref     geo.Point
	holds   []coverage.ID // the areas that hold it, ascending
	pending []uint32      // all edges that can lie between it and the places asked for next
}

func (a *anchor) set(to *anchor) {
	a.ref = to.ref
	a.holds, a.pending = append(a.holds[:0], to.holds...), append(a.pending[:0], to.pending...)
}

func (b *band) sweep(edges []uint32) {
	b.rasterise(edges)
	b.mayNest = b.canNest(len(edges))
	b.records = make([]uint32, 0, 3*len(b.touching))
	if b.known != nil {
		b.west.set(b.known)
	}
	for row := b.first; row < b.end; row++ {
		b.sweepRow(row)
	}
	b.records = slices.Clip(b.records)
}

// rasterise lists for each cell of the band the edges that touch it, by counting, then filling from behind.
func (b *band) rasterise(edges []uint32) {
	cells := (b.end - b.first) * b.grid.cols
	b.workspace.starts = slices.Grow(b.workspace.starts[:0], cells+1)[:cells+1]
	starts := b.workspace.starts
	clear(starts)
	for _, e := range edges {
		b.eachCell(e, func(cell int) { starts[cell]++ })
	}
	for i := 1; i < len(starts); i++ {
		starts[i] += starts[i-1]
	}
	b.touching = slices.Grow(b.touching[:0], int(starts[cells]))[:starts[cells]]
	for _, e := range slices.Backward(edges) {
		b.eachCell(e, func(cell int) {
			starts[cell]--
			b.touching[starts[cell]] = e
		})
	}
}

// canNest tells whether indexes nested in the cells of the band can be worth their memory: not where the same edges crowd
// in many cells, as edges do that run side by side, since then they would be kept again and again in every depth.
func (b *band) canNest(edges int) bool {
	starts, crowding := b.workspace.starts, 0
	for i, end := range starts[1:] {
		if n := int(end - starts[i]); n > wideAreas {
			crowding += n
		}
	}
	return b.depth < maxDepth && b.grid.size >= leastNested && crowding <= 2*edges
}

// eachCell visits all cells of the band that an edge touches, and sometimes one that it just misses. A cell is half open: it
// ends before the first lattice line of the next. Exact: the products are at most 3.6e9 · 1.8e9.
func (b *band) eachCell(e uint32, visit func(cell int)) {
	south, north := b.vertex(e), b.vertex(e+1)
	if south.Lat > north.Lat {
		south, north = north, south
	}
	g := &b.grid
	row, last := g.rowOf(south.Lat), g.rowOf(north.Lat)
	dLon, dLat := int64(north.Lon)-int64(south.Lon), int64(north.Lat)-int64(south.Lat)
	lonAt := func(row int) int32 { // where the edge leaves a row northwards, rounded down, which stays in the same cell
		steps := int64(g.low.Lat) + int64(row+1)*g.size - int64(south.Lat)
		return int32(int64(south.Lon) + floorDiv(steps*dLon, dLat))
	}
	from := south.Lon
	if row < b.first {
		row = b.first
		from = lonAt(row - 1)
	}
	for ; row <= min(last, b.end-1); row++ {
		to := north.Lon
		if row < last {
			to = lonAt(row)
		}
		west, east := g.colOf(min(from, to)), g.colOf(max(from, to))
		for col := max(west, 0); col <= min(east, g.cols-1); col++ {
			visit((row-b.first)*g.cols + col)
		}
		from = to
	}
}

// sweepRow goes east, in a nested index from the anchor in the west and else from outside everything. Between reference
// points only edges of the cells passed can be crossed.
func (b *band) sweepRow(row int) {
	g := &b.grid
	raster, starts := b.raster[row*g.cols:][:g.cols], b.workspace.starts[(row-b.first)*g.cols:][:g.cols+1]
	if b.known != nil {
		b.anchorWest(row, b.touching[starts[0]:starts[1]])
	} else {
		b.ref = geo.Point{Lon: g.low.Lon - 1, Lat: g.reference(0, row, 0).Lat}
		b.holds, b.pending = b.holds[:0], b.pending[:0]
	}
	owner := b.owner(b.holds)
	for col := range raster {
		edges := b.touching[starts[col]:starts[col+1]]
		if len(edges) > 0 {
			raster[col] = firstCrossed - int32(len(b.records))
			b.addCell(col, row, edges)
			continue
		}
		if len(b.pending) > 0 {
			b.moveTo(g.reference(col, row, 0))
			b.pending = b.pending[:0]
			owner = b.owner(b.holds)
		}
		raster[col] = int32(owner)
	}
}

// anchorWest goes from the westernmost cell of one row to that of the next, or there from what is known of the nested
// index where one of the two has no reference point.
func (b *band) anchorWest(row int, edges []uint32) {
	_, ref, found := b.findReference(0, row, edges)
	if !found {
		b.west.set(b.known)
		b.set(b.known)
		return
	}
	b.set(&b.west)
	b.pending = append(b.pending, edges...)
	b.moveTo(ref)
	b.pending = append(b.pending[:0], edges...)
	b.west.set(&b.anchor)
}

// findReference is the first reference point of a cell that lies on no edge.
func (b *band) findReference(col, row int, edges []uint32) (i int, ref geo.Point, found bool) {
	for i = range wideReferences + 1 {
		ref = b.grid.reference(col, row, i)
		if !slices.ContainsFunc(edges, func(e uint32) bool { return geo.OnSegment(ref, b.vertex(e), b.vertex(e+1)) }) {
			return i, ref, true
		}
	}
	return i, ref, false
}

func (b *band) addCell(col, row int, edges []uint32) {
	i, ref, found := b.findReference(col, row, edges)
	b.pending = append(b.pending, edges...)
	if found {
		b.moveTo(ref)
		b.pending = append(b.pending[:0], edges...)
	}
	if b.mayNest && (len(edges) > crowdedEdges || len(edges) > wideAreas && len(b.areasOf(edges)) > wideAreas) {
		b.addCrowded(col, row, edges)
		return
	}
	if !found {
		// Whatever holds a point here either held the last reference point or has an edge on the way.
		b.addSlow(b.areasOf(b.pending), edges)
		return
	}
	areas := b.areasOf(edges)
	if len(areas) > wideAreas {
		b.addSlow(areas, edges)
		return
	}
	inside := uint32(0)
	for _, id := range b.holds {
		inside |= bit(areas, id)
	}
	if ref != b.grid.centre(col, row) || !b.addNear(ref, areas, inside, edges) {
		b.records = append(b.records, wide<<kindShift|uint32(i)<<wideAreas|inside, uint32(len(areas)))
		head := len(b.records) - 1
		if b.addAreas(areas) {
			b.records[head] |= wideBlocks
		}
		b.addRuns(edges, areas)
	}
}

// addNear adds a near record, if the cell can have one.
func (b *band) addNear(centre geo.Point, areas []coverage.ID, inside uint32, edges []uint32) bool {
	if len(areas) > nearAreas {
		return false
	}
	runs := uint32(0)
	b.near = b.near[:0]
	for mask, run := range b.runsOf(edges, areas) {
		runs++
		b.near = append(b.near, mask|uint32(len(run))<<nearEdgesShift)
		for e := run[0]; e <= run[len(run)-1]+1; e++ {
			p := b.vertex(e)
			x, y := int64(p.Lon)-int64(centre.Lon), int64(p.Lat)-int64(centre.Lat)
			if max(x, -x, y, -y) > nearReach {
				return false
			}
			b.near = append(b.near, uint32(uint16(x))|uint32(y)<<latitudeShift)
		}
	}
	if runs > nearRuns {
		return false
	}
	head := len(b.records)
	b.records = append(b.records, near<<kindShift|runs<<nearRunsShift|uint32(len(areas))<<nearCountShift|inside)
	if b.addAreas(areas) {
		b.records[head] |= 1 << nearBlockShift
	}
	b.records = append(b.records, b.near...)
	return true
}

// addCrowded adds the record of a cell with an index of its own.
func (b *band) addCrowded(col, row int, edges []uint32) {
	low, high := b.grid.box(col, row)
	x := &Index{coverage: b.coverage, up: b.up, slow: b.Index.slow}
	x.grid = newGrid(low, high, cellSize(low, high, int(cellsPerEdge*float64(len(edges)))))
	inside := &builder{Index: x, borders: b.borders, edges: edges, depth: b.depth + 1, known: &b.anchor}
	maps.Copy(b.slow, inside.sweep())
	b.crowded = append(b.crowded, uint32(len(b.records)))
	b.records = append(b.records, crowded<<kindShift|uint32(len(b.nested)))
	b.nested = append(b.nested, x)
}

func (b *band) addSlow(areas []coverage.ID, edges []uint32) {
	b.records = append(b.records, slow<<kindShift, uint32(len(areas)))
	for _, id := range areas {
		b.slow[id] = true
		b.records = append(b.records, uint32(id))
	}
	b.addRuns(edges, nil)
}

// addAreas adds areas and, if they block each other, their blocks.
func (b *band) addAreas(areas []coverage.ID) (blocked bool) {
	for _, id := range areas {
		b.records = append(b.records, uint32(id))
	}
	var blocks [wideAreas]uint32
	for i, id := range areas {
		if above, found := slices.BinarySearch(areas, b.up[id]); found {
			blocks[above] |= 1 << i
			blocked = true
		}
	}
	if blocked {
		b.records = append(b.records, blocks[:len(areas)]...)
	}
	return blocked
}

// addRuns adds the runs of a wide or slow record.
func (b *band) addRuns(edges []uint32, areas []coverage.ID) {
	count := len(b.records)
	b.records = append(b.records, 0)
	for mask, run := range b.runsOf(edges, areas) {
		b.records = append(b.records, run[0], mask|uint32(len(run))<<wideEdgesShift)
		b.records[count]++
	}
}

// runsOf joins edges that follow each other on one arc, and gives the bits of the areas beside them. An area that lies on
// both sides of an arc is left and entered at once: the arc gets a second run that undoes the first for it, and the area's
// border still is one.
func (b *band) runsOf(edges []uint32, areas []coverage.ID) func(yield func(mask uint32, run []uint32) bool) {
	return func(yield func(mask uint32, run []uint32) bool) {
		for len(edges) > 0 {
			arc, n := b.arcOf[edges[0]], 1
			for n < len(edges) && n < maxRunEdges && edges[n] == edges[0]+uint32(n) && b.arcOf[edges[n]] == arc {
				n++
			}
			mask, twice := uint32(0), uint32(0)
			for _, id := range b.ownersOf(arc) {
				bit := bit(areas, id)
				twice |= mask & bit
				mask |= bit
			}
			if !yield(mask, edges[:n]) || twice != 0 && !yield(twice, edges[:n]) {
				return
			}
			edges = edges[n:]
		}
	}
}

func (b *band) vertex(i uint32) geo.Point { return b.coverage.Vertices()[i] }

// areasOf lists the owners beside edges and the areas that hold the last reference point, in order of ID. The slice is
// valid until the next call.
func (b *band) areasOf(edges []uint32) []coverage.ID {
	b.areas = append(b.areas[:0], b.holds...)
	last := int32(-1)
	for _, e := range edges {
		if b.arcOf[e] != last {
			last = b.arcOf[e]
			b.areas = append(b.areas, b.ownersOf(last)...)
		}
	}
	slices.Sort(b.areas)
	b.areas = slices.Compact(b.areas)
	return b.areas
}

// moveTo goes on to the next reference point and updates what holds it. An edge is crossed when its ends lie on different
// sides of the way and the ends of the way on different sides of the edge; a vertex on the way counts as on its left, so
// that a line which just touches the way is crossed twice or not at all. Neither end of the way lies on an edge.
func (b *band) moveTo(ref geo.Point) {
	slices.Sort(b.pending)
	for _, e := range slices.Compact(b.pending) {
		from, to := b.vertex(e), b.vertex(e+1)
		if geo.Orient(b.ref, ref, from) >= 0 == (geo.Orient(b.ref, ref, to) >= 0) ||
			geo.Orient(from, to, b.ref) > 0 == (geo.Orient(from, to, ref) > 0) {
			continue
		}
		for _, id := range b.ownersOf(b.arcOf[e]) {
			i, held := slices.BinarySearch(b.holds, id)
			if held {
				b.holds = slices.Delete(b.holds, i, i+1)
			} else {
				b.holds = slices.Insert(b.holds, i, id)
			}
		}
	}
	b.ref = ref
}

// bit is that of an area among others; 0 when it is none of them.
func bit(areas []coverage.ID, id coverage.ID) uint32 {
	i, found := slices.BinarySearch(areas, id)
	if !found {
		return 0
	}
	return 1 << i
}
