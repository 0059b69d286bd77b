package hexbin

import (
	"cmp"
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
func (c *cells) bins(counts []uint32, resolution int) []Bin {
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
	held := 0
	for _, n := range counts {
		held += int(bit(n > 0))
	}
	bins := make([]Bin, 0, held)
	for i, n := range counts {
		if n > 0 {
			bins = append(bins, Bin{parents[i], n})
		}
	}
	return merge(bins, c.lateBins(late, resolution))
}

// lateBins are the bins of late cells, in order.
func (c *cells) lateBins(counts []uint32, resolution int) (bins []Bin) {
	for i, n := range counts {
		if n > 0 {
			bins = append(bins, Bin{c.late[i].Parent(resolution), n})
		}
	}
	slices.SortFunc(bins, func(a, b Bin) int { return cmp.Compare(a.Cell, b.Cell) })
	kept := bins[:0]
	for _, b := range bins {
		if len(kept) > 0 && kept[len(kept)-1].Cell == b.Cell {
			kept[len(kept)-1].Count += b.Count
		} else {
			kept = append(kept, b)
		}
	}
	return kept
}

// merge joins two lists of bins in order; cells that are in both add up.
func merge(a, b []Bin) []Bin {
	if len(b) == 0 {
		return a
	}
	merged := make([]Bin, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch next := min(a[0].Cell, b[0].Cell); {
		case b[0].Cell > next:
			merged, a = append(merged, a[0]), a[1:]
		case a[0].Cell > next:
			merged, b = append(merged, b[0]), b[1:]
		default:
			merged = append(merged, Bin{next, a[0].Count + b[0].Count})
			a, b = a[1:], b[1:]
		}
	}
	return append(append(merged, a...), b...)
}
