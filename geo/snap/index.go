// Package snap answers which area owns a point. It holds nothing but an index over a coverage.Coverage; the border
// rule it follows is stated in package geo.
//
// The index is a raster of equal cells over the bounds. A cell that no border crosses names its owner. Any other cell
// keeps the edges that touch it and, for one reference point in it, which areas hold that point: on the way from
// there to the point asked for, each edge crossed changes what holds it. So the cost of an answer depends on the edges
// in one cell and not on the size of the areas. All decisions are made in integers and are exact, for overlapping and
// self-crossing areas too.
package snap

import (
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"

	"jingwei/geo"
	"jingwei/geo/coverage"
)

// Index finds owners. It is immutable and safe for concurrent use.
type Index struct {
	coverage *coverage.Coverage
	grid     grid
	up       []coverage.ID // of each area: the nearest area above that may own points itself

	raster []int32 // of each cell: an owner, noOwner, or firstCrossed minus the index of a crossed cell
	cells  []crossed
	runs   []run
	sets   []uint32
	slow   map[coverage.ID]coverage.Area // shapes of the areas in slow cells
}

const (
	noOwner      = -1
	firstCrossed = -2
)

// crossed is a raster cell that borders touch.
type crossed struct {
	set    uint32 // where in sets its areas stand
	run    uint32 // its first run; they end where those of the next cell begin
	inside uint32 // the areas that hold the reference point, as bits by position in the set; and the number of the point
}

// A set in Index.sets is its size with setBlocks added where areas block each other, the areas in order of their IDs, and
// then, if they do, for each area the bits of those areas in the set that keep it from owning.
const setBlocks = 1 << 31

// The low bits of crossed.inside and run.mask belong to areas; the high 8 to the reference point or the count of edges.
const (
	maskBits  = 24
	maskAreas = 1<<maskBits - 1
	// slowCell stands for the reference point of a cell that has none: every place tried lies on an edge, or more than
	// maskBits areas meet in it. Its set is just the areas to try one by one.
	slowCell = 255
)

// run is a piece of an arc in a cell: up to 255 edges between consecutive vertices, and the areas that one enters or
// leaves by crossing them.
type run struct {
	first uint32 // index in Coverage.Vertices
	mask  uint32 // bits of areas, and the number of edges in the high 8 bits
}

func (r run) edges() uint32 { return r.mask >> maskBits }

// grid places the raster on the lattice.
type grid struct {
	low, high  geo.Point
	size       int64 // of a cell, in lattice steps
	cols, rows int
}

func (g *grid) holds(p geo.Point) bool {
	return p.Lon >= g.low.Lon && p.Lon <= g.high.Lon && p.Lat >= g.low.Lat && p.Lat <= g.high.Lat
}

// at is the column and row of a point of the lattice; outside the bounds they lie outside the raster.
func (g *grid) at(p geo.Point) (col, row int) {
	return int(floorDiv(int64(p.Lon)-int64(g.low.Lon), g.size)), int(floorDiv(int64(p.Lat)-int64(g.low.Lat), g.size))
}

// reference is the i-th place tried as a reference point of a cell: first the centre. It stays within the bounds.
func (g *grid) reference(col, row, i int) geo.Point {
	east, north := g.size/2, g.size/2
	if i > 0 {
		east, north = (east+int64(i)*7)%g.size, (north+int64(i)*11)%g.size
	}
	return geo.Point{
		Lon: int32(min(int64(g.low.Lon)+int64(col)*g.size+east, int64(g.high.Lon))),
		Lat: int32(min(int64(g.low.Lat)+int64(row)*g.size+north, int64(g.high.Lat))),
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && a < 0 != (b < 0) {
		q--
	}
	return q
}

// Locate is the area that owns p by the border rule; None outside everything. Exact.
func (x *Index) Locate(p geo.Point) coverage.ID {
	if !x.grid.holds(p) {
		return coverage.None
	}
	// Within the bounds differences fit 32 bits without sign, and dividing those is faster than grid.at.
	col := int(uint32(p.Lon-x.grid.low.Lon) / uint32(x.grid.size))
	row := int(uint32(p.Lat-x.grid.low.Lat) / uint32(x.grid.size))
	v := x.raster[row*x.grid.cols+col]
	if v >= noOwner {
		return coverage.ID(v)
	}
	i := firstCrossed - v
	cell := &x.cells[i]
	if cell.inside>>maskBits == slowCell {
		return x.locateSlowly(p, x.sets[cell.set:])
	}
	ref := x.grid.reference(col, row, int(cell.inside>>maskBits))
	holds, border := cell.inside&maskAreas, uint32(0)
	vertices := x.coverage.Vertices()
	for _, r := range x.runs[cell.run:x.cells[i+1].run] {
		points := vertices[r.first : r.first+r.edges()+1]
		a := points[0]
		aLeft := geo.Orient(ref, p, a) >= 0
		for _, b := range points[1:] {
			bLeft := geo.Orient(ref, p, b) >= 0
			if aLeft != bLeft {
				switch side := geo.Orient(a, b, p); {
				case side == 0:
					border |= r.mask
				case side > 0 != (geo.Orient(a, b, ref) > 0):
					holds ^= r.mask
				}
			} else if geo.OnSegment(p, a, b) {
				border |= r.mask
			}
			a, aLeft = b, bLeft
		}
	}
	return x.choose(x.sets[cell.set:], (holds|border)&maskAreas)
}

// choose is the area of lowest code that holds the point and that no other keeps from owning it.
func (x *Index) choose(set []uint32, holds uint32) coverage.ID {
	n := set[0] &^ setBlocks
	blocked := set[0]&setBlocks != 0
	for rest := holds; rest != 0; rest &= rest - 1 {
		i := uint32(bits.TrailingZeros32(rest))
		if !blocked || set[1+n+i]&holds == 0 {
			return coverage.ID(set[1+i])
		}
	}
	return coverage.None
}

func (x *Index) locateSlowly(p geo.Point, set []uint32) coverage.ID {
	var holds []coverage.ID
	for _, id := range set[1 : 1+set[0]] {
		if x.slow[coverage.ID(id)].Side(p) != geo.Outside {
			holds = append(holds, coverage.ID(id))
		}
	}
	return x.owner(holds)
}

// owner applies the border rule to the areas, in order of ID, that hold a point.
func (x *Index) owner(holds []coverage.ID) coverage.ID {
	for _, id := range holds {
		blocked := false
		for _, other := range holds {
			blocked = blocked || x.up[other] == id
		}
		if !blocked {
			return id
		}
	}
	return coverage.None
}

// batch is how many points a goroutine of LocateAll takes at a time.
const batch = 2048

// LocateAll puts the owner of points[i] into owners[i], on all cores. It stops at the end of the shorter slice.
func (x *Index) LocateAll(points []geo.Point, owners []coverage.ID) {
	n := min(len(points), len(owners))
	points, owners = points[:n], owners[:n]
	var taken atomic.Int64
	work := func() {
		for {
			end := int(taken.Add(batch))
			begin := end - batch
			if begin >= n {
				return
			}
			for i := begin; i < min(end, n); i++ {
				owners[i] = x.Locate(points[i])
			}
		}
	}
	var others sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (n+batch-1)/batch) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
}
