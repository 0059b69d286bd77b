// Package snap answers which area owns a point. It holds nothing but an index over a coverage.Coverage; the border
// rule it follows is stated in package geo.
//
// The index is a raster of equal cells over the bounds. A cell that no border crosses names its owner. Any other cell
// keeps the edges that touch it and, for one reference point in it, which areas hold that point: on the way from
// there to the point asked for, each edge crossed changes what holds it. So the cost of an answer depends on the edges
// in one cell and not on the size of the areas. Where edges crowd in a cell, as one does that a whole town lies in because
// the bounds span a continent, the cell has an index of its own in place of a record. All decisions are made in integers
// and are exact, for overlapping and self-crossing areas too.
package snap

import (
	"math"
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

	raster  []int32                       // of each cell: an owner, noOwner, or firstCrossed minus where in records its record begins
	records []uint32                      // of the cells that borders touch, row by row
	nested  []*Index                      // of the crowded cells
	slow    map[coverage.ID]coverage.Area // shapes of the areas in slow cells, one map with those of nested indexes
}

const (
	noOwner      = -1
	firstCrossed = -2
)

// A record holds all that an answer in its cell takes, in one piece, so that a random point costs the memory two visits:
// one to the raster, one to the record. It begins with a head, whose two high bits are its kind.
//
//	near  head, areas, blocks, runs: {mask and number of edges, vertices}
//	wide  head, number of areas, areas, blocks, number of runs, runs: {first vertex, mask and number of edges}
//	slow  head, number of areas, areas, number of runs, runs: {first vertex, number of edges}
//	crowded  head, which is also where in nested the index of the cell is
//
// The areas stand in order of their IDs; whatever holds is said in bits by position among them. A run is a piece of an
// arc: edges between consecutive vertices, and the areas that one enters or leaves by crossing them. Blocks exist where
// areas block each other: for each area the bits of those that keep it from owning.
//
// In a near record a vertex is one word, its place seen from the cell's centre, which is the reference point: longitude
// in the low 16 bits, latitude in the high ones. Most cells are near. A cell is wide when its vertices are farther away
// than that, more than nearAreas areas meet in it, or its centre lies on an edge or out of bounds; then vertices are
// indices in Coverage.Vertices. It is slow when there is no reference point either, as every place tried lies on an edge,
// or more than wideAreas areas meet in it; then the areas are tried one by one.
const (
	kindShift = 30
	near      = 0
	wide      = 1
	slow      = 2
	crowded   = 3

	// Head of a near record: inside, then number of areas, whether blocks exist, number of runs.
	nearAreas      = 8
	nearMask       = 1<<nearAreas - 1
	nearCountShift = 8
	nearCountMask  = 1<<4 - 1
	nearBlockShift = 12
	nearRunsShift  = 13
	nearRuns       = 1<<8 - 1
	nearEdgesShift = 8
	nearReach      = 1<<15 - 1
	latitudeShift  = 16

	// Head of a wide record: inside, then the number of the reference point.
	wideAreas      = 24
	wideMask       = 1<<wideAreas - 1
	wideReferences = 1<<(kindShift-wideAreas) - 1
	wideEdgesShift = wideAreas
	wideBlocks     = 1 << 31 // added to the number of areas where blocks exist

	maxRunEdges = 255
)

// grid places the raster on the lattice.
type grid struct {
	low, high  geo.Point
	size       int64 // of a cell, in lattice steps
	cols, rows int

	width, height uint32 // of the bounds
	reciprocal    uint64 // of size, times 2^64 and rounded up
}

func newGrid(low, high geo.Point, size int64) grid {
	g := grid{low: low, high: high, size: size, width: uint32(high.Lon - low.Lon), height: uint32(high.Lat - low.Lat)}
	g.cols, g.rows = int(int64(g.width)/size)+1, int(int64(g.height)/size)+1
	g.reciprocal = math.MaxUint64/uint64(size) + 1
	return g
}

// cellOf divides a distance from the west or south bound by the size of a cell. Exact: the reciprocal is too large by
// less than 2^-64, which times a distance below 2^32 is less than the 1/size that a quotient lacks to the next integer.
func (g *grid) cellOf(distance uint32) uint32 {
	quotient, _ := bits.Mul64(uint64(distance), g.reciprocal)
	return uint32(quotient)
}

// find is the column and row of a point; ok is false out of bounds.
func (g *grid) find(p geo.Point) (col, row uint32, ok bool) {
	east, north := uint32(p.Lon-g.low.Lon), uint32(p.Lat-g.low.Lat)
	return g.cellOf(east), g.cellOf(north), east <= g.width && north <= g.height // what lies west or south wraps around
}

// at is the column and row of a point of the lattice; outside the bounds they lie outside the raster.
func (g *grid) at(p geo.Point) (col, row int) {
	return int(floorDiv(int64(p.Lon)-int64(g.low.Lon), g.size)), int(floorDiv(int64(p.Lat)-int64(g.low.Lat), g.size))
}

// colOf and rowOf are the column and row of a longitude and latitude; out of bounds they lie outside the raster.
func (g *grid) colOf(lon int32) int {
	if lon < g.low.Lon {
		return -1
	}
	return int(g.cellOf(uint32(lon - g.low.Lon)))
}

func (g *grid) rowOf(lat int32) int {
	if lat < g.low.Lat {
		return -1
	}
	return int(g.cellOf(uint32(lat - g.low.Lat)))
}

// box is the corners of a cell, as far as it lies within the bounds.
func (g *grid) box(col, row int) (low, high geo.Point) {
	west, south := int64(g.low.Lon)+int64(col)*g.size, int64(g.low.Lat)+int64(row)*g.size
	return geo.Point{Lon: int32(west), Lat: int32(south)}, geo.Point{
		Lon: int32(min(west+g.size-1, int64(g.high.Lon))),
		Lat: int32(min(south+g.size-1, int64(g.high.Lat))),
	}
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

// centre is the reference point of near records. Within reach of it int32 does not overflow.
func (g *grid) centre(col, row int) geo.Point {
	return geo.Point{Lon: g.low.Lon + int32(int64(col)*g.size+g.size/2), Lat: g.low.Lat + int32(int64(row)*g.size+g.size/2)}
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
	col, row, ok := x.grid.find(p)
	if !ok {
		return coverage.None
	}
	v := x.raster[int(row)*x.grid.cols+int(col)]
	if v >= noOwner {
		return coverage.ID(v)
	}
	return x.locateIn(col, row, p, x.records[firstCrossed-v:])
}

// locateIn answers in a cell that has a record.
func (x *Index) locateIn(col, row uint32, p geo.Point, record []uint32) coverage.ID {
	g := &x.grid
	switch record[0] >> kindShift {
	case wide:
		return x.locateWidely(p, g.reference(int(col), int(row), int(record[0]<<2>>(2+wideAreas))), record)
	case slow:
		return x.locateSlowly(p, record)
	case crowded:
		return x.nestedIn(record).Locate(p)
	}
	size := uint32(g.size)
	east, north := uint32(p.Lon-g.low.Lon)-col*size, uint32(p.Lat-g.low.Lat)-row*size
	return locateNear(int64(int32(east-size/2)), int64(int32(north-size/2)), record)
}

// nestedIn is the index of a crowded cell.
func (x *Index) nestedIn(record []uint32) *Index { return x.nested[record[0]&(1<<kindShift-1)] }

// locateNear answers for the point (x, y) seen from the centre of a near cell. The centre being the origin, t = x·by − y·bx
// tells on which side of the way from it to the point a vertex b lies, a × b on which side of the edge a–b the centre lies,
// and a × b + ta − tb on which side the point lies. All stay below 2^34.
func locateNear(x, y int64, record []uint32) coverage.ID {
	head := record[0]
	areas := head >> nearCountShift & nearCountMask
	blocked := head >> nearBlockShift & 1
	rest := record[1+areas+areas*blocked:]
	holds := head
	border := uint32(0)
	for runs := head >> nearRunsShift & nearRuns; runs > 0; runs-- {
		mask := rest[0]
		vertices := rest[1 : 2+mask>>nearEdgesShift]
		rest = rest[len(vertices)+1:]
		ax, ay := int64(int16(vertices[0])), int64(int32(vertices[0])>>latitudeShift)
		ta := x*ay - y*ax
		for _, b := range vertices[1:] {
			bx, by := int64(int16(b)), int64(int32(b)>>latitudeShift)
			tb := x*by - y*bx
			centre := ax*by - ay*bx
			point := centre + ta - tb
			if point == 0 {
				if min(ax, bx) <= x && x <= max(ax, bx) && min(ay, by) <= y && y <= max(ay, by) {
					border |= mask
				}
			} else {
				// Crossed when the signs differ on both counts; a vertex on the way counts as on its left.
				holds ^= mask & uint32(((ta^tb)&(point^(centre-1)))>>63)
			}
			ax, ay, ta = bx, by, tb
		}
	}
	return choose(record[1:], areas, blocked != 0, (holds|border)&nearMask)
}

// locateWidely does the same from any reference point with vertices anywhere in the world.
func (x *Index) locateWidely(p, ref geo.Point, record []uint32) coverage.ID {
	holds, border := record[0], uint32(0)
	areas, blocked := record[1]&^wideBlocks, record[1]&wideBlocks != 0
	for runs := wideRuns(record); len(runs) > 0; runs = runs[2:] {
		mask := runs[1]
		points := x.coverage.Vertices()[runs[0]:][:mask>>wideEdgesShift+1]
		a := points[0]
		aLeft := geo.Orient(ref, p, a) >= 0
		for _, b := range points[1:] {
			bLeft := geo.Orient(ref, p, b) >= 0
			if aLeft != bLeft {
				switch side := geo.Orient(a, b, p); {
				case side == 0:
					border |= mask
				case side > 0 != (geo.Orient(a, b, ref) > 0):
					holds ^= mask
				}
			} else if geo.OnSegment(p, a, b) {
				border |= mask
			}
			a, aLeft = b, bLeft
		}
	}
	return choose(record[2:], areas, blocked, (holds|border)&wideMask)
}

// wideRuns are the runs of a wide or slow record, two words each.
func wideRuns(record []uint32) []uint32 {
	at := 2 + record[1]&^wideBlocks
	if record[1]&wideBlocks != 0 {
		at += record[1] &^ wideBlocks
	}
	return record[at+1:][:2*record[at]]
}

// choose is the area of lowest code that holds the point and that no other keeps from owning it. The blocks follow the areas.
func choose(areas []uint32, n uint32, blocked bool, holds uint32) coverage.ID {
	for rest := holds; rest != 0; rest &= rest - 1 {
		i := uint32(bits.TrailingZeros32(rest))
		if !blocked || areas[n+i]&holds == 0 {
			return coverage.ID(areas[i])
		}
	}
	return coverage.None
}

func (x *Index) locateSlowly(p geo.Point, record []uint32) coverage.ID {
	var holds []coverage.ID
	for _, id := range record[2 : 2+record[1]] {
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
			end = min(end, n)
			for ; begin < end; begin += inFlight {
				x.locateSome(points[begin:min(begin+inFlight, end)], owners[begin:])
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

// inFlight is how many points locateSome answers together.
const inFlight = 256

// locateSome answers in three passes, each without a branch that waits for memory, so that the visits of the raster overlap,
// and then those of the records: in a large index a point waits for memory far longer than it computes.
func (x *Index) locateSome(points []geo.Point, owners []coverage.ID) {
	var found [inFlight]struct{ col, row uint32 }
	var touched [inFlight]uint32
	for i, p := range points {
		col, row, ok := x.grid.find(p)
		v := int32(noOwner)
		if ok {
			v = x.raster[int(row)*x.grid.cols+int(col)]
		}
		found[i].col, found[i].row, owners[i] = col, row, coverage.ID(v)
	}
	if len(x.records) == 0 {
		return
	}
	for i := range points {
		at := max(0, firstCrossed-int(owners[i]))
		touched[i] = x.records[at] ^ x.records[min(at+12, len(x.records)-1)] // a record often spans two cache lines
	}
	for i, p := range points {
		if v := int(owners[i]); v < noOwner {
			owners[i] = x.locateIn(found[i].col, found[i].row, p, x.records[firstCrossed-v:])
		}
	}
	runtime.KeepAlive(touched)
}
