// Package cover covers areas with H3 cells of several resolutions, each inside the area or beside its border, so that a database can
// tell by cell alone where most points lie. It knows a coverage.Coverage and package geo, and nothing of snapping, tiles or databases.
//
// A cell of a cover stands for its region: all points whose cell at geo.IncidentResolution descends from it. That is not the cell's
// hexagon, since H3's children stick out of their parents. What is said of a cell is proven for a circle around its centre that holds
// the region (geo.ReachRad), so a cover is conservative: every point of an area, border included, lies in exactly one cell of its
// cover; and all points of a cell that is inside lie in the area and not on its border.
//
// All areas are covered at once, from H3's base cells down. A cell hands its children the edges that may touch its circle and the
// areas that hold its centre; on the way from one centre to the next, each edge crossed changes what holds it. An area that has no
// edge in a circle holds all of it or nothing. Which edges count is decided in floating point with a margin, what holds a centre in
// integers, exactly; the areas may overlap or cross themselves.
package cover

import (
	"cmp"
	"math"
	"runtime"
	"slices"
	"sync"

	"jingwei/geo"
	"jingwei/geo/coverage"
)

// The resolutions of covers: cells of Coarsest have about 250 km², cells of Finest about 2,000 m².
const (
	Coarsest = 5
	Finest   = 11
)

// Cell is one cell of the cover of one area.
type Cell struct {
	Cell   geo.Cell
	Area   coverage.ID
	Inside bool // else it is beside the border: it may hold points of the area and points of others
	// Owns tells that the area owns every point of the cell, by the border rule of package geo; then it is inside. No two areas own
	// cells that have points in common.
	Owns bool
}

// Box is a box on the lattice, edges included.
type Box struct{ Low, High geo.Point }

// All covers all areas; the cells are in ascending order, those of one cell in order of area. It uses all cores.
//
// Cost: 0.7 µs for each cell that an edge of its parent may touch, which is the price of its centre, plus 30 ns for each edge there.
func All(c *coverage.Coverage) []Cell { return run(newPlan(c)) }

// Changed gives what may differ from the cover of an earlier Coverage of which only some areas were others: the whole cover of certain
// areas, and of all others the inside cells that meet a place, because another area may own them now. What it leaves out, the border
// cells of these others and cells elsewhere, is what it was.
//
// whole must hold each area that is new, or whose shape or parent has changed, and the parents, before and after, of all areas that
// have changed or gone. places must be boxes around the shapes, before and after, of the areas that have changed or gone.
func Changed(c *coverage.Coverage, whole []coverage.ID, places []Box) []Cell {
	p := newPlan(c)
	p.places = places
	p.whole = make([]bool, c.Len())
	for _, id := range whole {
		p.whole[id] = true
	}
	return run(p)
}

// How much of an area may lie in border cells before a finer resolution is taken for them: at most maxBorderShare; and the more
// vertices the area has, the less, since what is in no inside cell has to be held against all of them: at most testedVertices for a point
// of the area, on average.
const (
	maxBorderShare = 0.4
	testedVertices = 80
)

// finestOf is the resolution of the border cells of an area: the coarsest with which no more than the share that is let pass lies so
// near the border that the cell there touches it.
func finestOf(c *coverage.Coverage, id coverage.ID) int {
	low, high := c.BoundsOf(id)
	middle := geo.Point{Lon: int32((int64(low.Lon) + int64(high.Lon)) / 2), Lat: int32((int64(low.Lat) + int64(high.Lat)) / 2)}
	_, latDeg := middle.Degrees()
	perLon := math.Cos(latDeg * math.Pi / 180)
	vertices := 0
	length, twiceArea := 0.0, 0.0 // lattice units of latitude, and these squared
	for _, rings := range c.Outline(id) {
		for _, refs := range rings {
			for _, ref := range refs {
				points := c.Arcs()[ref.Arc()].Points
				vertices += len(points) - 1
				sum := 0.0
				for i, b := range points[1:] {
					a := points[i]
					dLon, dLat := float64(int64(b.Lon)-int64(a.Lon)), float64(int64(b.Lat)-int64(a.Lat))
					length += math.Hypot(dLon*perLon, dLat)
					sum += float64(int64(a.Lon)-int64(low.Lon))*dLat - float64(int64(a.Lat)-int64(low.Lat))*dLon
				}
				if ref.Reversed() {
					sum = -sum
				}
				twiceArea += sum * perLon
			}
		}
	}
	share := min(maxBorderShare, testedVertices/float64(vertices))
	stretch := geo.StretchAt(middle, 0)
	for r := Coarsest; r < Finest; r++ {
		if length*geo.ReachRad(r)*stretch*unitsPerRad <= share*math.Abs(twiceArea)/2 {
			return r
		}
	}
	return Finest
}

// plan is what all walkers share.
type plan struct {
	coverage *coverage.Coverage
	vertices []geo.Point
	bounds   Box
	edges    []uint32        // the vertices at which edges begin
	arcOf    []int32         // of each vertex
	beside   [][]coverage.ID // of each arc: the areas whose border it is, ascending
	toggles  [][]coverage.ID // of each arc: the areas that one enters or leaves by crossing it
	finest   []int           // resolution of each area's border cells
	whole    []bool          // by ID: whether its whole cover is wanted; nil for all
	places   []Box           // where inside cells of the others are wanted
}

func newPlan(c *coverage.Coverage) *plan {
	p := &plan{
		coverage: c, vertices: c.Vertices(), arcOf: make([]int32, len(c.Vertices())), finest: make([]int, c.Len()),
		beside: make([][]coverage.ID, len(c.Arcs())), toggles: make([][]coverage.ID, len(c.Arcs())),
	}
	p.bounds.Low, p.bounds.High, _ = c.Bounds()
	for i, arc := range c.Arcs() {
		for level := range coverage.Levels {
			left, right := arc.Left[level], arc.Right[level]
			for _, id := range [...]coverage.ID{left, right} {
				if id == coverage.None {
					continue
				}
				if !slices.Contains(p.beside[i], id) {
					p.beside[i] = append(p.beside[i], id)
				}
				if left != right {
					p.toggles[i] = append(p.toggles[i], id)
				}
			}
		}
		slices.Sort(p.beside[i])
		for j := range arc.Points {
			p.arcOf[arc.First+j] = int32(i)
			if j > 0 {
				p.edges = append(p.edges, uint32(arc.First+j-1))
			}
		}
	}
	for id := range p.finest {
		p.finest[id] = finestOf(c, coverage.ID(id))
	}
	return p
}

// run walks the coarse cells, hands the cells of taskResolution to walkers on all cores, and puts the rows in order.
func run(p *plan) []Cell {
	if p.coverage.Len() == 0 {
		return nil
	}
	tasks := make(chan *frame, 64)
	walkers := make([]*walker, runtime.GOMAXPROCS(0))
	var all sync.WaitGroup
	for i := range walkers {
		walkers[i] = &walker{plan: p}
		all.Go(func() {
			for task := range tasks {
				walkers[i].frames[taskResolution] = *task
				walkers[i].walk(taskResolution)
			}
		})
	}
	first := &walker{plan: p, tasks: tasks}
	first.start()
	close(tasks)
	all.Wait()
	cells := first.cells
	for _, w := range walkers {
		cells = append(cells, w.cells...)
	}
	slices.SortFunc(cells, func(a, b Cell) int { return cmp.Or(cmp.Compare(a.Cell, b.Cell), cmp.Compare(a.Area, b.Area)) })
	return cells
}
