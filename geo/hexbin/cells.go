package hexbin

import (
	"maps"
	"slices"
	"sync/atomic"

	"jingwei/geo"
)

// cells numbers the cells of a table, so that a row needs 4 bytes for its cell and counts are an array. Numbers follow the order of ids, so
// that the cells below one parent stand together at every resolution; but for some that came late, which are taken in when there are
// more than mostLate of them.
type cells struct {
	sorted []geo.Cell
	late   []geo.Cell // with the numbers after those of sorted, in the order in which they came
	isLate map[geo.Cell]uint32
	folds  [Finest]atomic.Pointer[fold] // of sorted; made when first asked for
}

// mostLate bounds what late cells cost each count: they are sorted anew.
const mostLate = 4096

// fold says how cells add up to those of a coarser resolution.
type fold struct {
	parents []geo.Cell
	ends    []uint32 // of each parent: the number after its last cell's
}

func (c *cells) len() int { return len(c.sorted) + len(c.late) }

// find is the number of a cell.
func (c *cells) find(cell geo.Cell) (number uint32, ok bool) {
	if i, ok := slices.BinarySearch(c.sorted, cell); ok {
		return uint32(i), true
	}
	number, ok = c.isLate[cell]
	return number, ok
}

// number is the number of a cell, which it gets where it has none.
func (c *cells) number(cell geo.Cell) uint32 {
	n, ok := c.find(cell)
	if !ok {
		n = uint32(c.len())
		c.late = append(c.late, cell)
		c.isLate[cell] = n
	}
	return n
}

// takeIn numbers all cells anew with some more among them, and gives the new numbers by the old ones.
func (c *cells) takeIn(more []geo.Cell) (renumbered []uint32) {
	all := slices.Concat(c.late, more)
	slices.Sort(all)
	all = slices.Compact(all)
	merged := make([]geo.Cell, 0, len(c.sorted)+len(all))
	renumbered = make([]uint32, c.len())
	for i, cell := range c.sorted {
		for len(all) > 0 && all[0] < cell {
			merged, all = append(merged, all[0]), all[1:]
		}
		renumbered[i] = uint32(len(merged))
		merged = append(merged, cell)
	}
	merged = append(merged, all...)
	for i, cell := range c.late {
		at, _ := slices.BinarySearch(merged, cell)
		renumbered[len(c.sorted)+i] = uint32(at)
	}
	*c = cells{sorted: slices.Clip(merged), isLate: map[geo.Cell]uint32{}}
	return renumbered
}

// foldTo is the fold to a resolution below Finest. Cost of the first: about 2 ns a cell.
func (c *cells) foldTo(resolution int) *fold {
	if f := c.folds[resolution].Load(); f != nil {
		return f
	}
	f := &fold{}
	for i, cell := range c.sorted {
		parent := cell.Parent(resolution)
		if n := len(f.parents); n == 0 || f.parents[n-1] != parent {
			f.parents, f.ends = append(f.parents, parent), append(f.ends, uint32(i))
		}
		f.ends[len(f.ends)-1] = uint32(i + 1)
	}
	f.parents, f.ends = slices.Clip(f.parents), slices.Clip(f.ends)
	c.folds[resolution].Store(f)
	return f
}

// bins adds up counts by number to those of a resolution's cells that are not zero. It overwrites the counts.
func (c *cells) bins(counts []uint32, resolution int) Bins {
	parents, late := c.sorted, counts[len(c.sorted):]
	if resolution < Finest {
		f := c.foldTo(resolution)
		parents = f.parents
		begin := uint32(0)
		for i, end := range f.ends {
			sum := uint32(0)
			for _, n := range counts[begin:end] {
				sum += n
			}
			counts[i] = sum // no number of a parent is higher than that of its first cell
			begin = end
		}
	}
	counts = counts[:len(parents)]
	return held(parents, counts, c.unheld(parents, counts, late, resolution))
}

// unheld adds the counts of late cells to those of their parents, and gives the bins of those that are not among them.
func (c *cells) unheld(parents []geo.Cell, counts, late []uint32, resolution int) (b Bins) {
	others := map[geo.Cell]uint32{}
	for i, n := range late {
		if n == 0 {
			continue
		}
		parent := c.late[i].Parent(resolution)
		if at, ok := slices.BinarySearch(parents, parent); ok {
			counts[at] += n
		} else {
			others[parent] += n
		}
	}
	b.Cells = slices.Sorted(maps.Keys(others))
	for _, cell := range b.Cells {
		b.Counts = append(b.Counts, others[cell])
	}
	return b
}

// held are the cells whose counts are not zero, and others, none of which is among them.
func held(cells []geo.Cell, counts []uint32, others Bins) Bins {
	const size = 1 << 16
	type part struct{ first, end, others, at int } // of cells; the first of the others, and of the bins, that belong to it
	parts := make([]part, (len(cells)+size-1)/size+1)
	for p := range parts {
		parts[p].first, parts[p].end = min(p*size, len(cells)), min((p+1)*size, len(cells))
		if parts[p].others = len(others.Cells); parts[p].first < len(cells) {
			parts[p].others, _ = slices.BinarySearch(others.Cells, cells[parts[p].first])
		}
	}
	parts[0].others = 0
	inParallel(len(parts)-1, func(p int) {
		bins := parts[p+1].others - parts[p].others
		for _, n := range counts[parts[p].first:parts[p].end] {
			bins += int(bit(n > 0))
		}
		parts[p+1].at = bins
	})
	for p := range parts[1:] {
		parts[p+1].at += parts[p].at
	}
	last := parts[len(parts)-1]
	all := last.at + len(others.Cells) - last.others
	b := Bins{make([]geo.Cell, all), make([]uint32, all)}
	inParallel(len(parts), func(p int) {
		first, at := parts[p].first, parts[p].at
		end := len(others.Cells)
		if p+1 < len(parts) {
			end = parts[p+1].others
		}
		for i := parts[p].others; i < end; i++ {
			before, _ := slices.BinarySearch(cells[first:parts[p].end], others.Cells[i])
			at = b.put(at, cells[first:first+before], counts[first:])
			first += before
			b.Cells[at], b.Counts[at] = others.Cells[i], others.Counts[i]
			at++
		}
		b.put(at, cells[first:parts[p].end], counts[first:])
	})
	return b
}

// put writes cells whose counts are not zero from a place on, and gives the place after them.
func (b *Bins) put(at int, cells []geo.Cell, counts []uint32) int {
	for i, n := range counts[:len(cells)] {
		if n > 0 {
			b.Cells[at], b.Counts[at] = cells[i], n
			at++
		}
	}
	return at
}
