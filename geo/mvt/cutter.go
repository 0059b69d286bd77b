// Package mvt cuts vector tiles from a coverage.Coverage: Web Mercator, Mapbox Vector Tile 2.1.
//
// Arcs are projected, simplified and rounded once a zoom, and every ring and border of that zoom is put together from the same lines;
// so neighbours share their line to the last unit, within a tile and across tiles. The lines meet in their ends only, and end where
// they meet the frame of a tile, which is its square with the buffer. Hence the rings of every area are valid, its holes inside their
// exterior, and where the areas of a coverage do not overlap, those in a tile neither overlap nor gape, by not one unit. Where areas
// overlap themselves or cross, the rings are valid all the same.
//
// Layers: a polygon layer for each level that LevelsAt names (county, town, community, grid, micro), with the properties
// code, name, and where there are any parent and branch; border with the arcs between areas, each once, gathered into
// one feature a level, whose property level is the widest level that the arcs separate; label with one point for each
// area in the one tile that holds it, with code, name, level and rank, where the lower rank is the more important.
package mvt

import (
	"slices"
	"sync"
	"sync/atomic"

	"jingwei/geo"
	"jingwei/geo/coverage"
)

// Tiles are cut for zooms MinZoom to MaxZoom; clients magnify those of MaxZoom.
const (
	MinZoom = 6
	MaxZoom = 16
)

// Revision is the number of the way in which tiles are cut. It must grow when the tiles of the same coverage come out otherwise, so
// that nobody keeps old ones: whenever the golden tiles change.
const Revision = 2

// firstZoom is where each level begins to show: late enough that no tile of a dense county is larger than 100 KB gzipped.
var firstZoom = [...]int{coverage.County: 6, coverage.Town: 6, coverage.Community: 11, coverage.Grid: 12, coverage.Micro: 14}

// LevelsAt lists the levels whose areas the tiles of a zoom carry; none outside MinZoom to MaxZoom.
func LevelsAt(z int) []coverage.Level {
	if z < MinZoom || z > MaxZoom {
		return nil
	}
	var levels []coverage.Level
	for _, level := range coverage.Levels {
		if z >= firstZoom[level] {
			levels = append(levels, level)
		}
	}
	return levels
}

// Cutter cuts the tiles of one coverage. It is safe for concurrent use. What a zoom needs is worked out when the first
// tile of that zoom is cut, or by Prepare.
type Cutter struct {
	*geometry
	branch func(coverage.ID) string
}

// geometry is what does not depend on the branches.
type geometry struct {
	coverage *coverage.Coverage
	plans    [len(coverage.Levels)]func() *plan
	zooms    [MaxZoom + 1]func() *zoom
	ranks    func() []uint8
	scratch  sync.Pool
}

// NewCutter prepares for cutting, which costs nothing yet. branch gives the branch property of an area's polygons, "" for
// none; it is called for every area in every tile, from several goroutines. A nil branch gives none.
func NewCutter(c *coverage.Coverage, branch func(coverage.ID) string) *Cutter {
	g := &geometry{coverage: c}
	for _, level := range coverage.Levels {
		g.plans[level] = sync.OnceValue(func() *plan { return newPlan(c, level) })
	}
	for z := MinZoom; z <= MaxZoom; z++ {
		levels := LevelsAt(z)
		g.zooms[z] = sync.OnceValue(func() *zoom { return newZoom(g.plans[levels[len(levels)-1]](), z) })
	}
	g.ranks = sync.OnceValue(func() []uint8 { return rank(c) })
	g.scratch.New = func() any { return &scratch{} }
	return (&Cutter{geometry: g}).With(branch)
}

// With is a Cutter of the same coverage with other branches. They share what was worked out.
func (t *Cutter) With(branch func(coverage.ID) string) *Cutter {
	if branch == nil {
		branch = func(coverage.ID) string { return "" }
	}
	return &Cutter{t.geometry, branch}
}

// Prepare works out what the tiles of a zoom need, so that none has to wait for it. Cost: about 1 µs a vertex of the levels of
// the zoom, and for the first zoom of a level another 2 µs.
func (t *Cutter) Prepare(z int) {
	if z >= MinZoom && z <= MaxZoom {
		t.zooms[z]()
		t.ranks()
	}
}

// Range is the columns and rows of the tiles of a zoom that the coverage reaches; ok is false where there are none.
func (t *Cutter) Range(z int) (minX, minY, maxX, maxY int, ok bool) {
	low, high, ok := t.coverage.Bounds()
	if !ok || z < MinZoom || z > MaxZoom {
		return 0, 0, 0, 0, false
	}
	southWest, northEast := project(low), project(high)
	tile := func(steps int32) int { return min(int(steps)>>(fineBits-z), 1<<z-1) }
	return tile(southWest.X), tile(northEast.Y), tile(northEast.X), tile(southWest.Y), true
}

// plan is what the zooms share that show the same levels.
type plan struct {
	coverage *coverage.Coverage // of these levels only
	ids      []coverage.ID      // what its areas are called in the whole coverage
	areas    [len(coverage.Levels)]*boxTree
	borders  *boxTree // of the arcs that separate areas
	lines    *lines
	labels   []atomic.Uint64 // of each area, its label on the fine square: one more than the key of the point; 0 until asked for
}

func newPlan(c *coverage.Coverage, finest coverage.Level) *plan {
	p := &plan{}
	p.coverage, p.ids = c.Upto(finest)
	var items [len(coverage.Levels)][]int32
	var boxes [len(coverage.Levels)][]boxLL
	for id := range coverage.ID(p.coverage.Len()) {
		level := p.coverage.Level(id)
		low, high := p.coverage.BoundsOf(id)
		items[level] = append(items[level], int32(id))
		boxes[level] = append(boxes[level], boxLL{low, high})
	}
	for level := range p.areas {
		p.areas[level] = newBoxTree(items[level], boxes[level])
	}
	var arcs []int32
	var arcBoxes []boxLL
	for i := range p.coverage.Arcs() {
		arc := &p.coverage.Arcs()[i]
		if _, separates := arc.Level(); !separates {
			continue
		}
		box := boxLL{arc.Points[0], arc.Points[0]}
		for _, v := range arc.Points[1:] {
			box.low = geo.Point{Lon: min(box.low.Lon, v.Lon), Lat: min(box.low.Lat, v.Lat)}
			box.high = geo.Point{Lon: max(box.high.Lon, v.Lon), Lat: max(box.high.Lat, v.Lat)}
		}
		arcs, arcBoxes = append(arcs, int32(i)), append(arcBoxes, box)
	}
	p.borders = newBoxTree(arcs, arcBoxes)
	p.lines = newLines(p.coverage.Arcs())
	p.labels = make([]atomic.Uint64, len(p.ids))
	return p
}

// rank orders the areas for labelling: ten ranks a level, the largest tenth of a level first, wider levels before finer.
func rank(c *coverage.Coverage) []uint8 {
	type sized struct {
		id   coverage.ID
		area float64
	}
	var levels [len(coverage.Levels)][]sized
	for id := range coverage.ID(c.Len()) {
		area := 0.0
		for _, polygon := range c.Area(id).Shape {
			for _, ring := range polygon {
				area += geo.TwiceArea(ring).Float64() // holes are negative
			}
		}
		levels[c.Level(id)] = append(levels[c.Level(id)], sized{id, area})
	}
	ranks := make([]uint8, c.Len())
	for level, areas := range levels {
		slices.SortStableFunc(areas, func(a, b sized) int {
			switch {
			case a.area > b.area:
				return -1
			case a.area < b.area:
				return +1
			}
			return 0
		})
		for i, a := range areas {
			ranks[a.id] = uint8(level*10 + i*10/len(areas))
		}
	}
	return ranks
}
