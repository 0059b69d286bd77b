package hexbin

import (
	"cmp"
	"slices"
	"sort"
	"sync/atomic"

	"jingwei/geo"
)

// cells numbers the cells of a table, so that a row needs 4 bytes for its cell and counts are an array. Numbers follow the order of ids, so
// that the cells below one parent stand together at every resolution; but for some that came late, which are taken in when there are
// more than mostLate of them.
type cells struct {
	sorted []geo.Cell
	late   []lateCell                   // in order
	folds  [Finest]atomic.Pointer[fold] // of sorted; made when first asked for

	firsts  [parts]geo.Cell   // of each part; that of the first is 0
	starts  [parts + 1]uint32 // the first number of each part, and the one after all of sorted
	divided int               // how many were sorted when they were divided
}

// parts is into how many stretches the ids of cells are divided, each with about as many cells. A core counts one part at a time through all blocks:
// its counts, 128 KiB where there are a million cells, stay in a near cache, and no other core writes them, so that nothing is to be added up. A late
// cell is in a part, too, whatever its number.
const parts = 32

// lateCell is one with a number after those of sorted; numbers are in the order in which they came.
type lateCell struct {
	cell   geo.Cell
	number uint32
}

// mostLate bounds what late cells cost each count: they are looked up among the others.
const mostLate = 1024

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
	if i, ok := c.findLate(cell); ok {
		return c.late[i].number, true
	}
	return 0, false
}

func (c *cells) findLate(cell geo.Cell) (at int, ok bool) {
	return slices.BinarySearchFunc(c.late, cell, func(l lateCell, cell geo.Cell) int { return cmp.Compare(l.cell, cell) })
}

// number is the number of a cell, which it gets where it has none.
func (c *cells) number(cell geo.Cell) uint32 {
	n, ok := c.find(cell)
	if !ok {
		n = uint32(c.len())
		at, _ := c.findLate(cell)
		c.late = slices.Insert(c.late, at, lateCell{cell, n})
	}
	return n
}

// takeIn numbers all cells anew with some more among them, and gives the new numbers by the old ones.
func (c *cells) takeIn(more []geo.Cell) (renumbered []uint32) {
	all := slices.Clone(more)
	for _, l := range c.late {
		all = append(all, l.cell)
	}
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
	for _, l := range c.late {
		at, _ := slices.BinarySearch(merged, l.cell)
		renumbered[l.number] = uint32(at)
	}
	*c = cells{sorted: slices.Clip(merged), firsts: c.firsts, divided: c.divided}
	c.start()
	return renumbered
}

// start finds where parts start.
func (c *cells) start() {
	for part, first := range c.firsts {
		at, _ := slices.BinarySearch(c.sorted, first)
		c.starts[part] = uint32(at)
	}
	c.starts[parts] = uint32(len(c.sorted))
}

// part is the part of a cell.
func (c *cells) part(cell geo.Cell) int {
	return sort.Search(parts-1, func(i int) bool { return c.firsts[i+1] > cell })
}

// outgrown reports whether so many cells came that parts may be uneven: half as many as there were.
func (c *cells) outgrown() bool { return len(c.sorted) > c.divided*3/2 }

// divide makes parts anew of the cells, none of which may be late, and gives the parts by number.
func (c *cells) divide() (partOf []uint8) {
	for part := 1; part < parts; part++ {
		c.firsts[part] = c.sorted[part*len(c.sorted)/parts]
	}
	c.divided = len(c.sorted)
	c.start()
	partOf = make([]uint8, len(c.sorted))
	for part := range parts {
		for i := c.starts[part]; i < c.starts[part+1]; i++ {
			partOf[i] = uint8(part)
		}
	}
	return partOf
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

// bins adds up counts by number to those of a resolution's cells that are not zero.
func (c *cells) bins(counts []uint32, resolution int) Bins {
	parents, late := c.sorted, counts[len(c.sorted):]
	counts = counts[:len(c.sorted)]
	if resolution < Finest {
		f := c.foldTo(resolution)
		parents, counts = f.parents, f.sums(counts)
	}
	return held(parents, counts, c.unheld(parents, counts, late, resolution))
}

// sums adds up counts by number to those of the parents.
func (f *fold) sums(counts []uint32) []uint32 {
	sums := make([]uint32, len(f.parents))
	inParallel(parts, func(part int) {
		first, end := part*len(sums)/parts, (part+1)*len(sums)/parts
		begin := uint32(0)
		if first > 0 {
			begin = f.ends[first-1]
		}
		for i, end := range f.ends[first:end] {
			sum := uint32(0)
			for _, n := range counts[begin:end] {
				sum += n
			}
			sums[first+i], begin = sum, end
		}
	})
	return sums
}

// unheld adds the counts of late cells to those of their parents, and gives the bins of those that are not among them.
func (c *cells) unheld(parents []geo.Cell, counts, late []uint32, resolution int) (b Bins) {
	for _, l := range c.late {
		n := late[int(l.number)-len(c.sorted)]
		if n == 0 {
			continue
		}
		parent := l.cell.Parent(resolution)
		if last := len(b.Cells) - 1; last >= 0 && b.Cells[last] == parent {
			b.Counts[last] += n
		} else if at, ok := slices.BinarySearch(parents, parent); ok {
			counts[at] += n
		} else {
			b.Cells, b.Counts = append(b.Cells, parent), append(b.Counts, n)
		}
	}
	return b
}

// held are the cells whose counts are not zero, and others, none of which is among them.
func held(cells []geo.Cell, counts []uint32, others Bins) Bins {
	var stretches [parts + 1]struct{ first, others, at int } // the first of the cells, of the others and of the bins; the last is where all end
	for p := range stretches {
		s := &stretches[p]
		if s.first = p * len(cells) / parts; p == parts {
			s.others = len(others.Cells)
		} else if p > 0 && s.first < len(cells) {
			s.others, _ = slices.BinarySearch(others.Cells, cells[s.first])
		}
	}
	inParallel(parts, func(p int) {
		s, next := &stretches[p], &stretches[p+1]
		bins := next.others - s.others
		for _, n := range counts[s.first:next.first] {
			bins += int(bit(n > 0))
		}
		next.at = bins
	})
	for p := range parts {
		stretches[p+1].at += stretches[p].at
	}
	b := Bins{make([]geo.Cell, stretches[parts].at), make([]uint32, stretches[parts].at)}
	inParallel(parts, func(p int) {
		s, end := stretches[p], stretches[p+1]
		for ; s.others < end.others; s.others++ {
			before, _ := slices.BinarySearch(cells[s.first:end.first], others.Cells[s.others])
			s.at = b.put(s.at, end.at, cells[s.first:s.first+before], counts[s.first:])
			s.first += before
			b.Cells[s.at], b.Counts[s.at] = others.Cells[s.others], others.Counts[s.others]
			s.at++
		}
		b.put(s.at, end.at, cells[s.first:end.first], counts[s.first:])
	})
	return b
}

// put writes cells whose counts are not zero from a place on but not beyond an end, and gives the place after them. Each is written, and only the place
// moves on, by 0 or 1, because no processor could foresee a branch.
func (b *Bins) put(at, end int, cells []geo.Cell, counts []uint32) int {
	for i, n := range counts[:len(cells)] {
		if at == end {
			break
		}
		b.Cells[at], b.Counts[at] = cells[i], n
		at += int(bit(n > 0))
	}
	return at
}
