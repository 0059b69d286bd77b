// Package hexbin counts incidents by H3 cell, area, time and kind, whatever the filter, in milliseconds for millions of them.
//
// A Table holds what counts of an incident in columns of 16 bytes: no identity and nothing of a person. Rows with the same values are
// interchangeable, so a change of status needs no identity either. Rows lie in blocks in the order in which they came; each block
// knows its first and last minute, so a range of time reads only the blocks it touches, the less the nearer the rows came in order of time.
// Within a block they stand by parts of the country, so that a core counts the cells of one part at a time.
//
// Minutes count from 1970-01-01 00:00 UTC. Hours of the week count from Monday 00:00 in the table's own offset from UTC: 0 to 167.
package hexbin

import (
	"fmt"
	"slices"
	"sync"

	"jingwei/geo"
)

// Finest is the resolution of the cells that are kept; counts can be had at any coarser one.
const Finest = 11

// Channels and Statuses bound what a row can hold: both are below 16.
const (
	Channels = 16
	Statuses = 16
)

// HoursOfWeek is the number of hours that a filter can choose among.
const HoursOfWeek = 7 * 24

// Row is what counts of an incident. Owner, Item, Channel and Status are numbers that the caller gives out, from 0 on without large gaps.
type Row struct {
	Cell    geo.Cell // of a resolution from Finest on; it is taken to Finest
	Minute  uint32
	Owner   uint32
	Item    uint16
	Channel uint8
	Status  uint8
}

// Table holds rows. It is safe for concurrent use: counts run beside each other, and changes wait for them.
type Table struct {
	offsetMin int // of local time from UTC

	mu      sync.RWMutex
	cells   cells
	blocks  []*block
	open    [2]*block // to which rows are added: those of the last day, and others, which would blur what times a block spans
	newest  uint32    // minute
	rows    int
	owners  int // one more than the highest number of an owner
	items   int
	present [parts]set // the owners of rows in each part; some of them may have none left
	pool    sync.Pool  // of *tally
}

const dayMin = 24 * 60

// Build makes a table of rows. offsetMin is how many minutes local time is ahead of UTC.
func Build(rows []Row, offsetMin int) (*Table, error) {
	t := &Table{offsetMin: offsetMin}
	return t, t.Add(rows)
}

func (r Row) check() error {
	switch {
	case r.Cell.Parent(Finest) == 0:
		return fmt.Errorf("cell %s is coarser than resolution %d", r.Cell, Finest)
	case r.Channel >= Channels || r.Status >= Statuses:
		return fmt.Errorf("channel %d or status %d is not below %d", r.Channel, r.Status, min(Channels, Statuses))
	}
	return nil
}

// Len is the number of rows.
func (t *Table) Len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.rows
}

// Add appends rows: all of them, or none and an error. Counts wait meanwhile, so hand over some ten thousand at a time where they must not wait
// long; those of one time together, so that a range of time touches few blocks. Cost: about 0.3 µs a row; with every mostLate new cells 2 ns for
// each row in the table; and 20 ns for each whenever there are half as many cells again.
func (t *Table) Add(rows []Row) error {
	for i, r := range rows {
		if err := r.check(); err != nil {
			return fmt.Errorf("row %d: %w", i, err)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.makeRoom(rows)
	for _, r := range rows {
		which := int(bit(r.Minute < t.newest-min(t.newest, dayMin)))
		b := t.open[which]
		if b == nil || b.len() == blockRows {
			b = &block{first: r.Minute, last: r.Minute}
			t.open[which], t.blocks = b, append(t.blocks, b)
		}
		t.put(b, r)
		t.newest = max(t.newest, r.Minute)
	}
	t.rows += len(rows)
	return nil
}

// makeRoom takes in late cells and those of rows to come, if they get too many, and divides all anew, if they have outgrown their parts. Rows
// may move.
func (t *Table) makeRoom(rows []Row) {
	var unknown []geo.Cell
	for _, r := range rows {
		if cell := r.Cell.Parent(Finest); len(unknown) == 0 || unknown[len(unknown)-1] != cell {
			if _, ok := t.cells.find(cell); !ok {
				unknown = append(unknown, cell)
			}
		}
	}
	slices.Sort(unknown)
	unknown = slices.Compact(unknown)
	if len(t.cells.late)+len(unknown) <= min(mostLate, len(t.cells.sorted)) {
		return
	}
	renumbered := t.cells.takeIn(unknown)
	for _, b := range t.blocks {
		for i, number := range b.cells[:b.len()] {
			b.cells[i] = renumbered[number]
		}
	}
	if t.cells.outgrown() {
		partOf := t.cells.divide()
		t.present = [parts]set{}
		for _, b := range t.blocks {
			b.arrange(partOf)
			for part := range parts {
				for _, owner := range b.owners[b.starts[part]:b.starts[part+1]] {
					t.present[part].add(owner)
				}
			}
		}
	}
}

// put adds a row to a block that is not full.
func (t *Table) put(b *block, r Row) {
	cell := r.Cell.Parent(Finest)
	part := t.cells.part(cell)
	i := b.insert(part)
	t.present[part].add(r.Owner)
	b.cells[i], b.minutes[i], b.owners[i], b.items[i], b.kinds[i] = t.cells.number(cell), r.Minute, r.Owner, r.Item, t.kindOf(r)
	b.first, b.last = min(b.first, r.Minute), max(b.last, r.Minute)
	t.owners, t.items = max(t.owners, int(r.Owner)+1), max(t.items, int(r.Item)+1)
}

func (t *Table) kindOf(r Row) uint16 { return kind(r.Channel, r.Status, t.hourOfWeek(r.Minute)) }

// Change replaces one row that equals from by to, and tells whether there was one.
func (t *Table) Change(from, to Row) (bool, error) {
	if err := to.check(); err != nil {
		return false, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.makeRoom([]Row{to})
	b, i := t.find(from)
	if b == nil {
		return false, nil
	}
	b.remove(i)
	t.put(b, to)
	return true, nil
}

// Remove takes out one row that equals r, and tells whether there was one.
func (t *Table) Remove(r Row) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	b, i := t.find(r)
	if b == nil {
		return false
	}
	b.remove(i)
	if b.len() == 0 {
		t.blocks = slices.DeleteFunc(t.blocks, func(other *block) bool { return other == b })
		for which := range t.open {
			if t.open[which] == b {
				t.open[which] = nil
			}
		}
	}
	t.rows--
	return true
}

// find is the place of a row, the latest first, for what changes is mostly young; nil where there is none. Cost: some 30 µs for each block that
// spans the minute.
func (t *Table) find(r Row) (*block, int) {
	cell, ok := t.cells.find(r.Cell.Parent(Finest))
	if !ok || r.check() != nil {
		return nil, 0
	}
	kind := t.kindOf(r)
	for _, b := range slices.Backward(t.blocks) {
		if r.Minute < b.first || r.Minute > b.last {
			continue
		}
		for i, minute := range b.minutes[:b.len()] {
			if minute == r.Minute && b.cells[i] == cell && b.owners[i] == r.Owner && b.items[i] == r.Item && b.kinds[i] == kind {
				return b, i
			}
		}
	}
	return nil, 0
}

// hourOfWeek is the local hour of the week of a minute. 1970-01-01 was a Thursday.
func (t *Table) hourOfWeek(minute uint32) uint8 {
	const thursday, week = 3 * dayMin, HoursOfWeek * 60
	m := (int64(minute) + int64(t.offsetMin) + thursday) % week
	return uint8((m + week) % week / 60)
}
