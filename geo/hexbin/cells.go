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
	return merge(held(parents, counts[:len(parents)]), c.lateBins(late, resolution))
}

// held are the cells whose counts are not zero.
func held(cells []geo.Cell, counts []uint32) Bins {
	const part = 1 << 16
	ends := make([]int, (len(counts)+part-1)/part) // of the bins of each part
	parts := func(each func(p int, cells []geo.Cell, counts []uint32)) {
		inParallel(len(ends), func(p int) {
			each(p, cells[p*part:min((p+1)*part, len(cells))], counts[p*part:min((p+1)*part, len(counts))])
		})
	}
	parts(func(p int, _ []geo.Cell, counts []uint32) {
		for _, n := range counts {
			ends[p] += int(bit(n > 0))
		}
	})
	all := 0
	for p, n := range ends {
		all += n
		ends[p] = all
	}
	b := Bins{make([]geo.Cell, all), make([]uint32, all)}
	parts(func(p int, cells []geo.Cell, counts []uint32) {
		at := 0
		if p > 0 {
			at = ends[p-1]
		}
		for i, n := range counts {
			if n > 0 {
				b.Cells[at], b.Counts[at] = cells[i], n
				at++
			}
		}
	})
	return b
}

// lateBins are the bins of late cells.
func (c *cells) lateBins(counts []uint32, resolution int) (b Bins) {
	sums := map[geo.Cell]uint32{}
	for i, n := range counts {
		if n > 0 {
			sums[c.late[i].Parent(resolution)] += n
		}
	}
	b.Cells = slices.Sorted(maps.Keys(sums))
	for _, cell := range b.Cells {
		b.Counts = append(b.Counts, sums[cell])
	}
	return b
}

// merge joins bins; cells that are in both add up.
func merge(a, b Bins) Bins {
	if len(b.Cells) == 0 {
		return a
	}
	merged := Bins{make([]geo.Cell, 0, len(a.Cells)+len(b.Cells)), make([]uint32, 0, len(a.Cells)+len(b.Cells))}
	for i, cell := range b.Cells {
		before, both := slices.BinarySearch(a.Cells, cell)
		merged.Cells, merged.Counts = append(merged.Cells, a.Cells[:before]...), append(merged.Counts, a.Counts[:before]...)
		a = Bins{a.Cells[before:], a.Counts[before:]}
		n := b.Counts[i]
		if both {
			n += a.Counts[0]
			a = Bins{a.Cells[1:], a.Counts[1:]}
		}
		merged.Cells, merged.Counts = append(merged.Cells, cell), append(merged.Counts, n)
	}
	return Bins{append(merged.Cells, a.Cells...), append(merged.Counts, a.Counts...)}
}
