package snap

import (
	"maps"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"jingwei/geo"
	"jingwei/geo/coverage"
)

// cellsPerEdge balances memory against speed: with fewer cells a record keeps more edges, with more there are more records.
const cellsPerEdge = 1.4

// An index is nested in each cell that more than crowdedEdges touch, or more than wideAreas of more than wideAreas areas, and
// that is at least leastNested wide and high; and so on up to a depth of maxDepth. With fewer crowdedEdges a county in a wide
// margin takes more than twice the memory and is hardly faster.
const (
	crowdedEdges = 40
	leastNested  = 16
	maxDepth     = 4
)

// bandCells is about how many cells of the raster one core sorts edges into at a time.
const bandCells = 1 << 19

// Build makes the index. Cost on two cores: about 0.15 µs an edge, and 24 bytes an edge to keep.
func Build(c *coverage.Coverage) *Index {
	x := &Index{coverage: c, slow: map[coverage.ID]coverage.Area{}}
	low, high, ok := c.Bounds()
	if !ok {
		x.grid, x.raster = newGrid(geo.Point{}, geo.Point{}, 2), []int32{noOwner}
		return x
	}
	b := &builder{Index: x, borders: &borders{}}
	b.findOwners()
	x.grid = newGrid(low, high, cellSize(low, high, int(cellsPerEdge*float64(len(b.edges)))))
	for id := range b.sweep() {
		x.slow[id] = c.Area(id)
	}
	return x
}

// cellSize gives about so many cells, in lattice steps; at least 2.
func cellSize(low, high geo.Point, cells int) int64 {
	cells = max(cells, 64)
	width, height := int64(high.Lon)-int64(low.Lon)+1, int64(high.Lat)-int64(low.Lat)+1
	size := int64(math.Sqrt(float64(width) * float64(height) / float64(cells)))
	// A long thin coverage must not get a long thin raster of single lattice steps.
	return max(2, size, max(width, height)/int64(cells)+1)
}

type builder struct {
	*Index
	*borders
	edges []uint32 // the vertices at which an edge begins whose crossing changes an owner, ascending

	depth int     // how many cells this index is nested in
	known *anchor // where the sweep of a nested index begins
}

// borders tells what lies beside edges. Nested indexes share it.
type borders struct {
	arcOf  []int32       // of each vertex
	owners []coverage.ID // beside the arcs, arc by arc
	starts []uint32      // of each arc, and the end: where in owners its own begin
}

// findOwners sorts out which areas can own points, and which arcs bound such areas. An area that its children cover owns
// nothing, and its border matters only where it is also theirs.
func (b *builder) findOwners() {
	c := b.coverage
	b.up = make([]coverage.ID, c.Len())
	for id := range b.up {
		up := c.Parent(coverage.ID(id))
		for up != coverage.None && c.Covered(up) {
			up = c.Parent(up)
		}
		b.up[id] = up
	}
	arcs := c.Arcs()
	b.arcOf = make([]int32, len(c.Vertices()))
	b.edges = make([]uint32, 0, len(c.Vertices()))
	b.starts = make([]uint32, 0, len(arcs)+1)
	for i := range arcs {
		b.starts = append(b.starts, uint32(len(b.owners)))
		b.owners = appendOwners(b.owners, c, &arcs[i])
		owned := len(b.owners) > int(b.starts[i])
		for j := range arcs[i].Points {
			b.arcOf[arcs[i].First+j] = int32(i)
			if j > 0 && owned {
				b.edges = append(b.edges, uint32(arcs[i].First+j-1))
			}
		}
	}
	b.starts = append(b.starts, uint32(len(b.owners)))
}

// appendOwners appends the areas that an arc bounds and that can own points; an area on both of its sides twice.
func appendOwners(owners []coverage.ID, c *coverage.Coverage, arc *coverage.Arc) []coverage.ID {
	for _, sides := range [...]*coverage.Sides{&arc.Left, &arc.Right} {
		for _, id := range sides {
			if id != coverage.None && !c.Covered(id) {
				owners = append(owners, id)
			}
		}
	}
	return owners
}

func (b *builder) ownersOf(arc int32) []coverage.ID { return b.owners[b.starts[arc]:b.starts[arc+1]] }

// sweep goes through the raster on all cores, each core through one band of neighbouring rows after the other, and joins
// the records of the bands. It gives the areas in slow cells, those of nested indexes too.
func (b *builder) sweep() map[coverage.ID]bool {
	b.raster = onLargePages(make([]int32, b.grid.cols*b.grid.rows))
	rows := max(1, min(bandCells/b.grid.cols, b.grid.rows/(4*runtime.GOMAXPROCS(0))))
	bands := make([]*band, (b.grid.rows+rows-1)/rows)
	inBand := b.distribute(len(bands), rows)
	var taken atomic.Int64
	var all sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(bands)) {
		all.Go(func() {
			var work workspace
			for i := int(taken.Add(1)) - 1; i < len(bands); i = int(taken.Add(1)) - 1 {
				bands[i] = &band{builder: b, workspace: &work, first: i * rows, end: min((i+1)*rows, b.grid.rows), slow: map[coverage.ID]bool{}}
				bands[i].sweep(inBand[i])
				inBand[i] = nil
			}
		})
	}
	all.Wait()
	return b.join(bands)
}

// distribute lists for each band of so many rows the edges that touch it.
func (b *builder) distribute(bands, rows int) [][]uint32 {
	inBand := make([][]uint32, bands)
	vertices := b.coverage.Vertices()
	band := func(p geo.Point) int { return b.grid.rowOf(p.Lat) / rows }
	for _, e := range b.edges {
		south, north := band(vertices[e]), band(vertices[e+1])
		if south > north {
			south, north = north, south
		}
		for i := max(south, 0); i <= min(north, bands-1); i++ {
			inBand[i] = append(inBand[i], e)
		}
	}
	return inBand
}

// join puts the records of the bands into one, and shifts what the raster says of them.
func (b *builder) join(bands []*band) (inSlow map[coverage.ID]bool) {
	inSlow = map[coverage.ID]bool{}
	size := 0
	for _, band := range bands {
		size += len(band.records)
	}
	b.records = onLargePages(make([]uint32, 0, size))
	for i, band := range bands {
		shift := int32(len(b.records))
		for _, at := range band.crowded {
			band.records[at] += uint32(len(b.nested))
		}
		b.nested = append(b.nested, band.nested...)
		b.records = append(b.records, band.records...)
		maps.Copy(inSlow, band.slow)
		cells := b.raster[band.first*b.grid.cols : band.end*b.grid.cols]
		for cell, v := range cells {
			if v <= firstCrossed {
				cells[cell] = v - shift
			}
		}
		bands[i] = nil
	}
	return inSlow
}
