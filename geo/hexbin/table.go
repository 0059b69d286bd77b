// Package hexbin counts incidents by H3 cell, area, time and kind, whatever the filter, in milliseconds for millions of them.
//
// A Table holds what counts of an incident in columns of 16 bytes: no identity and nothing of a person. Rows with the same values are
// interchangeable, so a change of status needs no identity either. Rows lie in blocks in the order in which they came; each block
// knows its first and last minute, so a range of time reads only the blocks it touches, the less the nearer the rows came in order of time.
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

// Row is what counts of an incident. Owner, Item, Channel and Status are numbers that the caller gives out.
type Row struct {
	Cell    geo.Cell // of a resolution from Finest on; it is taken to Finest
	Minute  uint32
	Owner   uint32
	Item    uint16
	Channel uint8
	Status  uint8
}

const blockRows = 1 << 15

// block is a piece of the table: columns, of which the first n rows are in use.
type block struct {
	n           int
	first, last uint32 // minutes

	cells   [blockRows]uint32 // positions in Table.cells
	minutes [blockRows]uint32
	owners  [blockRows]uint32
	items   [blockRows]uint16
	kinds   [blockRows]uint8 // channel times Statuses plus status
	hours   [blockRows]uint8
}

// Table holds rows. It is safe for concurrent use: counts run beside each other, and changes wait for them.
type Table struct {
	offsetMin int // of local time from UTC

	mu     sync.RWMutex
	blocks []*block
	rows   int
	owners int // one more than the highest number of an owner
	items  int
	sorted []geo.Cell          // cells of the first positions, in order
	late   []geo.Cell          // cells that came later, in the order in which they came
	isLate map[geo.Cell]uint32 // their positions
	pool   sync.Pool           // of *tally
}

// Build makes a table of rows. offsetMin is how many minutes local time is ahead of UTC.
func Build(rows []Row, offsetMin int) (*Table, error) {
	cells := make([]geo.Cell, len(rows))
	for i, r := range rows {
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("row %d: %w", i, err)
		}
		cells[i] = r.Cell.Parent(Finest)
	}
	slices.Sort(cells)
	t := &Table{offsetMin: offsetMin, sorted: slices.Clone(slices.Compact(cells)), isLate: map[geo.Cell]uint32{}}
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

// Add appends rows: all of them, or none and an error.
func (t *Table) Add(rows []Row) error {
	for i, r := range rows {
		if err := r.check(); err != nil {
			return fmt.Errorf("row %d: %w", i, err)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range rows {
		if len(t.blocks) == 0 || t.blocks[len(t.blocks)-1].n == blockRows {
			t.blocks = append(t.blocks, &block{first: r.Minute, last: r.Minute})
		}
		b := t.blocks[len(t.blocks)-1]
		t.set(b, b.n, r)
		b.n++
	}
	t.rows += len(rows)
	return nil
}

func (t *Table) set(b *block, i int, r Row) {
	b.cells[i], b.minutes[i], b.owners[i], b.items[i] = t.position(r.Cell.Parent(Finest)), r.Minute, r.Owner, r.Item
	b.kinds[i], b.hours[i] = kind(r.Channel, r.Status), t.hourOfWeek(r.Minute)
	b.first, b.last = min(b.first, r.Minute), max(b.last, r.Minute)
	t.owners, t.items = max(t.owners, int(r.Owner)+1), max(t.items, int(r.Item)+1)
}

func kind(channel, status uint8) uint8 { return channel*Statuses + status }

// Change replaces one row that equals from by to, and tells whether there was one.
func (t *Table) Change(from, to Row) (bool, error) {
	if err := to.check(); err != nil {
		return false, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	b, i := t.find(from)
	if b == nil {
		return false, nil
	}
	t.set(b, i, to)
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
	end := t.blocks[len(t.blocks)-1]
	j := end.n - 1
	b.cells[i], b.minutes[i], b.owners[i], b.items[i], b.kinds[i], b.hours[i] =
		end.cells[j], end.minutes[j], end.owners[j], end.items[j], end.kinds[j], end.hours[j]
	b.first, b.last = min(b.first, b.minutes[i]), max(b.last, b.minutes[i])
	if end.n--; end.n == 0 {
		t.blocks = t.blocks[:len(t.blocks)-1]
	}
	t.rows--
	return true
}

// find is the place of a row, the latest first, for what changes is mostly young; nil where there is none.
func (t *Table) find(r Row) (*block, int) {
	cell, ok := t.lookup(r.Cell.Parent(Finest))
	if !ok {
		return nil, 0
	}
	for _, b := range slices.Backward(t.blocks) {
		if r.Minute < b.first || r.Minute > b.last {
			continue
		}
		for i, minute := range b.minutes[:b.n] {
			if minute == r.Minute && b.cells[i] == cell && b.owners[i] == r.Owner && b.items[i] == r.Item && b.kinds[i] == kind(r.Channel, r.Status) {
				return b, i
			}
		}
	}
	return nil, 0
}

// position is where a cell stands among those of the table; it is put in where it is missing.
func (t *Table) position(c geo.Cell) uint32 {
	at, ok := t.lookup(c)
	if !ok {
		t.late = append(t.late, c)
		t.isLate[c] = at
	}
	return at
}

// lookup is the position of a cell, or the one that it would get.
func (t *Table) lookup(c geo.Cell) (at uint32, ok bool) {
	if i, ok := slices.BinarySearch(t.sorted, c); ok {
		return uint32(i), true
	}
	if i, ok := t.isLate[c]; ok {
		return i, true
	}
	return uint32(len(t.sorted) + len(t.late)), false
}

// hourOfWeek is the local hour of the week of a minute. 1970-01-01 was a Thursday.
func (t *Table) hourOfWeek(minute uint32) uint8 {
	const thursday, week = 3 * 24 * 60, HoursOfWeek * 60
	m := (int64(minute) + int64(t.offsetMin) + thursday) % week
	return uint8((m + week) % week / 60)
}
