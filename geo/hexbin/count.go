package hexbin

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"jingwei/geo"
)

// Bin is a cell and the number of rows in it.
type Bin struct {
	Cell  geo.Cell
	Count uint32
}

// Count gives the cells of a resolution from 0 to Finest that hold rows which pass the filter, in order of their ids.
func (t *Table) Count(f Filter, resolution int) ([]Bin, error) {
	if resolution < 0 || resolution > Finest {
		return nil, fmt.Errorf("resolution %d is not from 0 to %d", resolution, Finest)
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	counts := t.scan(f, len(t.sorted)+len(t.late), byCell)
	defer t.pool.Put(counts)
	return t.fold(counts.of, resolution), nil
}

// ByOwner gives the number of rows that pass the filter by owner: as many as there are numbers of owners in the table.
func (t *Table) ByOwner(f Filter) []uint32 {
	return t.group(f, func() int { return t.owners }, byOwner)
}

// ByItem gives the number of rows that pass the filter by item: as many as there are numbers of items in the table.
func (t *Table) ByItem(f Filter) []uint32 { return t.group(f, func() int { return t.items }, byItem) }

// ByChannel gives the number of rows that pass the filter by channel.
func (t *Table) ByChannel(f Filter) (counts [Channels]uint32) {
	for k, n := range t.group(f, kinds, byKind) {
		counts[k/Statuses] += n
	}
	return counts
}

// ByStatus gives the number of rows that pass the filter by status.
func (t *Table) ByStatus(f Filter) (counts [Statuses]uint32) {
	for k, n := range t.group(f, kinds, byKind) {
		counts[k%Statuses] += n
	}
	return counts
}

// Series gives the number of rows that pass the filter in each step of so many minutes from f.From on; the last step ends at or after f.To.
func (t *Table) Series(f Filter, stepMin uint32) ([]uint32, error) {
	if stepMin == 0 || f.To <= f.From || (f.To-f.From-1)/stepMin >= maxSteps {
		return nil, fmt.Errorf("a series needs a range of time and at most %d steps", maxSteps)
	}
	steps := int((f.To-f.From-1)/stepMin) + 1
	return t.group(f, func() int { return steps }, func(b *block, m *mask, counts []uint32) {
		for i, minute := range b.minutes[:b.n] {
			if m == nil || m[i] != 0 {
				counts[(minute-f.From)/stepMin]++
			}
		}
	}), nil
}

const maxSteps = 100_000

func kinds() int { return Channels * Statuses }

// group counts by what a kernel tells apart; groups gives the number of them while nobody changes the table.
func (t *Table) group(f Filter, groups func() int, by kernel) []uint32 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	counts := t.scan(f, groups(), by)
	defer t.pool.Put(counts)
	return slices.Clone(counts.of)
}

// kernel adds the rows of a block that pass to counts; without a mask all pass.
type kernel func(b *block, m *mask, counts []uint32)

func byCell(b *block, m *mask, counts []uint32)  { add(b.cells[:b.n], m, counts) }
func byOwner(b *block, m *mask, counts []uint32) { add(b.owners[:b.n], m, counts) }
func byItem(b *block, m *mask, counts []uint32)  { add(b.items[:b.n], m, counts) }
func byKind(b *block, m *mask, counts []uint32)  { add(b.kinds[:b.n], m, counts) }

func add[T uint8 | uint16 | uint32](column []T, m *mask, counts []uint32) {
	if m == nil {
		for _, at := range column {
			counts[at]++
		}
		return
	}
	for i, at := range column {
		counts[at] += uint32(m[i])
	}
}

// tally is counts that are used again: zeroing is cheaper than having them collected.
type tally struct{ of []uint32 }

func (t *Table) tally(n int) *tally {
	counts, ok := t.pool.Get().(*tally)
	if !ok {
		counts = &tally{}
	}
	if cap(counts.of) < n {
		counts.of = make([]uint32, n)
	}
	counts.of = counts.of[:n]
	clear(counts.of)
	return counts
}

// scan counts on all cores, each with counts of its own, and adds them up.
func (t *Table) scan(f Filter, groups int, by kernel) *tally {
	prepared := f.prepare()
	blocks := prepared.touched(t.blocks)
	workers := max(1, min(runtime.GOMAXPROCS(0), len(blocks)/4))
	counts := make([]*tally, workers)
	var taken atomic.Int64
	var all sync.WaitGroup
	work := func(w int) {
		counts[w] = t.tally(groups)
		var m mask
		for i := int(taken.Add(1)) - 1; i < len(blocks); i = int(taken.Add(1)) - 1 {
			if prepared.choose(blocks[i], &m) {
				by(blocks[i], &m, counts[w].of)
			} else {
				by(blocks[i], nil, counts[w].of)
			}
		}
	}
	for w := 1; w < workers; w++ {
		all.Go(func() { work(w) })
	}
	work(0)
	all.Wait()
	for _, more := range counts[1:] {
		for i, n := range more.of {
			counts[0].of[i] += n
		}
		t.pool.Put(more)
	}
	return counts[0]
}

// fold adds up the cells below each cell of a resolution. Cells of one parent stand together in order of their ids.
func (t *Table) fold(counts []uint32, resolution int) []Bin {
	var bins []Bin
	add := func(c geo.Cell, n uint32) {
		switch parent := c.Parent(resolution); {
		case n == 0:
		case len(bins) > 0 && bins[len(bins)-1].Cell == parent:
			bins[len(bins)-1].Count += n
		default:
			bins = append(bins, Bin{parent, n})
		}
	}
	for i, c := range t.sorted {
		add(c, counts[i])
	}
	inOrder := len(bins)
	for i, c := range t.late {
		add(c, counts[len(t.sorted)+i])
	}
	if len(bins) == inOrder {
		return bins
	}
	slices.SortFunc(bins, func(a, b Bin) int { return cmp.Compare(a.Cell, b.Cell) })
	kept := bins[:1]
	for _, b := range bins[1:] {
		if last := &kept[len(kept)-1]; last.Cell == b.Cell {
			last.Count += b.Count
		} else {
			kept = append(kept, b)
		}
	}
	return kept
}
