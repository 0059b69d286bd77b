package cover

import (
	"slices"

	"jingwei/geo"
	"jingwei/geo/coverage"
)

// taskResolution is that of the cells which walkers take one by one; about 36 km².
const taskResolution = 6

// frame is a cell on the way down. A walker has one for each resolution and fills it again and again.
type frame struct {
	cell    geo.Cell
	center  geo.Point // where it matters: where the parent has edges
	region  region
	edges   []uint32      // those that may touch the region
	holds   []coverage.ID // the areas that hold the centre, ascending
	beside  []coverage.ID // the areas whose border the edges are, ascending
	meeting []coverage.ID // all areas that may have a point in the region, ascending: those of holds and beside
	open    []coverage.ID // those of meeting that are to be covered further down
	places  []Box         // those of plan.places that meet the region
}

type walker struct {
	*plan
	frames [Finest + 1]frame
	cells  []Cell        // the result
	tasks  chan<- *frame // where the cells of taskResolution go; nil for those who take them
}

// start walks down from the base cells.
func (w *walker) start() {
	for _, base := range geo.BaseCells() {
		f := &w.frames[0]
		f.cell, f.center = base, base.Center()
		f.region = newRegion(f.center, 0, metric{})
		if !f.region.meets(w.bounds) {
			continue
		}
		f.edges, f.holds = f.edges[:0], f.holds[:0]
		for _, e := range w.edges {
			if f.region.touches(w.vertices[e], w.vertices[e+1]) {
				f.edges = append(f.edges, e)
			}
			if passesEast(spotOf(f.center), spotOf(w.vertices[e]), spotOf(w.vertices[e+1])) {
				f.holds = toggle(f.holds, w.toggles[w.arcOf[e]])
			}
		}
		f.places = w.places
		w.findMeeting(f)
		f.open = append(f.open[:0], f.meeting...)
		w.walk(0)
	}
}

// walk covers what is open in the cell of a resolution.
func (w *walker) walk(resolution int) {
	f := &w.frames[resolution]
	if resolution == taskResolution && w.tasks != nil {
		w.tasks <- f.clone()
		return
	}
	if resolution >= Coarsest {
		w.decide(f, resolution)
	}
	if !w.goesOn(f) {
		return
	}
	first := len(w.cells)
	var buffer [7]geo.Cell
	for _, child := range f.cell.AppendChildren(buffer[:0]) {
		if w.enter(f, &w.frames[resolution+1], child, resolution+1) {
			w.walk(resolution + 1)
		}
	}
	if resolution >= taskResolution {
		w.merge(f, resolution, first)
	}
}

// goesOn reports whether the cell's children have to be looked at.
func (w *walker) goesOn(f *frame) bool {
	if w.whole == nil || len(f.places) > 0 {
		return len(f.open) > 0
	}
	return slices.ContainsFunc(f.open, func(id coverage.ID) bool { return w.whole[id] })
}

// enter fills the frame of a child. It reports whether an open area meets it.
func (w *walker) enter(parent, f *frame, cell geo.Cell, resolution int) bool {
	f.cell = cell
	f.holds = append(f.holds[:0], parent.holds...)
	f.edges = f.edges[:0]
	f.places = parent.places
	if len(parent.edges) > 0 || len(parent.places) > 0 {
		f.center = cell.Center()
		m := parent.region.metric
		if resolution == circleResolution {
			m = newMetric(f.center)
		}
		f.region = newRegion(f.center, resolution, m)
		w.moveTo(parent, f)
		if len(parent.places) > 0 {
			f.places = slices.DeleteFunc(slices.Clone(parent.places), func(b Box) bool { return !f.region.meets(b) })
		}
	}
	w.findMeeting(f)
	f.open = f.open[:0]
	for _, id := range parent.open {
		if contains(f.meeting, id) {
			f.open = append(f.open, id)
		}
	}
	return len(f.open) > 0
}

// moveTo finds the child's edges and what holds its centre.
func (w *walker) moveTo(parent, f *frame) {
	if f.region.holds(w.bounds) {
		f.edges = append(f.edges, parent.edges...)
	} else {
		for _, e := range parent.edges {
			if f.region.touches(w.vertices[e], w.vertices[e+1]) {
				f.edges = append(f.edges, e)
			}
		}
	}
	from, to := spotOf(parent.center), spotOf(f.center)
	turn := parent.region.turn
	if turn != 0 && max(to.lon-from.lon, from.lon-to.lon) > halfTurn {
		to.lon += turn
	}
	for _, e := range parent.edges {
		a, b := spotOf(w.vertices[e]), spotOf(w.vertices[e+1])
		if crosses(from, to, a, b) {
			f.holds = toggle(f.holds, w.toggles[w.arcOf[e]])
		}
		if turn != 0 {
			a.lon, b.lon = a.lon+turn, b.lon+turn
			if crosses(from, to, a, b) {
				f.holds = toggle(f.holds, w.toggles[w.arcOf[e]])
			}
		}
	}
}

// findMeeting lists the areas beside the edges, and all areas that may have a point in the region.
func (w *walker) findMeeting(f *frame) {
	f.beside = f.beside[:0]
	last := int32(-1)
	for _, e := range f.edges {
		if arc := w.arcOf[e]; arc != last {
			last = arc
			f.beside = append(f.beside, w.beside[arc]...)
		}
	}
	slices.Sort(f.beside)
	f.beside = slices.Compact(f.beside)
	f.meeting = append(append(f.meeting[:0], f.holds...), f.beside...)
	slices.Sort(f.meeting)
	f.meeting = slices.Compact(f.meeting)
}

// decide puts the cell into the covers of those open areas for which that can be said, and leaves the others open.
func (w *walker) decide(f *frame, resolution int) {
	owner, owns := w.owner(f)
	open := f.open[:0]
	for _, id := range f.open {
		inside := !contains(f.beside, id)
		wait := !inside || w.ownsInPart(f, id) // then it may own finer cells
		switch {
		case wait && resolution < w.finest[id]:
			open = append(open, id)
		case w.whole == nil || w.whole[id] || inside && len(f.places) > 0:
			w.cells = append(w.cells, Cell{Cell: f.cell, Area: id, Inside: inside, Owns: owns && id == owner})
		}
	}
	f.open = open
}

// ownsInPart reports whether an area that holds the region leaves some of it, but not all, to its children. That it depends on nothing
// else is what Changed is built on.
func (w *walker) ownsInPart(f *frame, id coverage.ID) bool {
	c := w.coverage
	if c.Covered(id) || len(c.Children(id)) == 0 {
		return false
	}
	met := false
	for _, child := range f.meeting {
		if c.Parent(child) == id {
			if !contains(f.beside, child) {
				return false
			}
			met = true
		}
	}
	return met
}

// owner is the area of lowest code among those that meet the region, without those that a child keeps from owning any of it. It owns
// all of the region if it holds all of it and no child meets it: no area of lower code has a point there to own.
func (w *walker) owner(f *frame) (owner coverage.ID, owns bool) {
	c := w.coverage
	for _, id := range f.meeting {
		if c.Covered(id) {
			continue
		}
		owns, blocked := !contains(f.beside, id), false
		for _, child := range f.meeting {
			if c.Parent(child) == id {
				owns = false
				blocked = blocked || !contains(f.beside, child)
			}
		}
		if !blocked {
			return id, owns
		}
	}
	return coverage.None, false
}

// merge puts one border cell in the place of an area's border cells within it if none of the area's cells there is inside: they would
// only tell where the area is not, and the inside cells of its neighbours tell that. from is the first cell within.
func (w *walker) merge(f *frame, resolution, from int) {
	for _, id := range f.open {
		if resolution+1 != w.finest[id] {
			continue
		}
		first, others := -1, 0
		for i := from; i < len(w.cells) && others >= 0; i++ {
			switch cell := &w.cells[i]; {
			case cell.Area != id:
			case cell.Inside:
				others = -1
			case first < 0:
				first = i
			default:
				others++
			}
		}
		if others <= 0 {
			continue
		}
		w.cells[first].Cell = f.cell
		rest := slices.DeleteFunc(w.cells[first+1:], func(cell Cell) bool { return cell.Area == id })
		w.cells = w.cells[:first+1+len(rest)]
	}
}

func (f *frame) clone() *frame {
	copied := *f
	copied.edges, copied.holds, copied.beside = slices.Clone(f.edges), slices.Clone(f.holds), slices.Clone(f.beside)
	copied.meeting, copied.open = slices.Clone(f.meeting), slices.Clone(f.open)
	return &copied
}

func contains(ids []coverage.ID, id coverage.ID) bool {
	_, found := slices.BinarySearch(ids, id)
	return found
}

// toggle takes those of changes from the ascending ids that are among them, and puts in the others.
func toggle(ids, changes []coverage.ID) []coverage.ID {
	for _, id := range changes {
		i, found := slices.BinarySearch(ids, id)
		if found {
			ids = slices.Delete(ids, i, i+1)
		} else {
			ids = slices.Insert(ids, i, id)
		}
	}
	return ids
}
