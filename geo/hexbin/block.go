package hexbin

import "slices"

const blockRows = 1 << 16

// block is a piece of the table: columns whose rows stand by the parts of their cells, and within a part in no order.
type block struct {
	starts      [parts + 1]int // the first row of each part, and how many rows are in use
	first, last uint32         // minutes

	cells   [blockRows]uint32 // numbers in Table.cells
	minutes [blockRows]uint32
	owners  [blockRows]uint32
	items   [blockRows]uint16
	kinds   [blockRows]uint16
}

func cellsOf(b *block) *[blockRows]uint32  { return &b.cells }
func ownersOf(b *block) *[blockRows]uint32 { return &b.owners }
func itemsOf(b *block) *[blockRows]uint16  { return &b.items }
func kindsOf(b *block) *[blockRows]uint16  { return &b.kinds }

// kinds is how many there are: channel, status and hour of the week in one number.
const kinds = Channels * Statuses * HoursOfWeek

func kind(channel, status, hour uint8) uint16 {
	return (uint16(channel)*Statuses+uint16(status))*HoursOfWeek + uint16(hour)
}

func (b *block) len() int { return b.starts[parts] }

// insert makes room for a row of a part: each part after it gives its first place away for one behind its last. The block must not be full.
func (b *block) insert(part int) (at int) {
	at = b.len()
	b.starts[parts]++
	for p := parts - 1; p > part; p-- {
		b.copyRow(at, b.starts[p])
		at = b.starts[p]
		b.starts[p]++
	}
	return at
}

// remove takes a row out: the last row of its part comes to its place, and each part after it closes up in the same way.
func (b *block) remove(at int) {
	for part := range parts {
		end := b.starts[part+1]
		if end <= at {
			continue
		}
		b.copyRow(at, end-1)
		at = end - 1
		b.starts[part+1]--
	}
}

func (b *block) copyRow(to, from int) {
	b.cells[to], b.minutes[to], b.owners[to], b.items[to], b.kinds[to] = b.cells[from], b.minutes[from], b.owners[from], b.items[from], b.kinds[from]
}

// arrange puts the rows in order of the parts of their cells, which are given by the cells' numbers. Cost: some 1.5 ms.
func (b *block) arrange(partOf []uint8) {
	n := b.len()
	b.starts = [parts + 1]int{}
	for _, cell := range b.cells[:n] {
		b.starts[partOf[cell]+1]++
	}
	for part := range parts {
		b.starts[part+1] += b.starts[part]
	}
	next, order := b.starts, make([]uint16, n)
	for i, cell := range b.cells[:n] {
		part := partOf[cell]
		order[next[part]] = uint16(i)
		next[part]++
	}
	rearrange(b.cells[:n], order)
	rearrange(b.minutes[:n], order)
	rearrange(b.owners[:n], order)
	rearrange(b.items[:n], order)
	rearrange(b.kinds[:n], order)
}

// rearrange puts in each place the value that stands where the order says.
func rearrange[T uint16 | uint32](column []T, order []uint16) {
	before := slices.Clone(column)
	for i, from := range order {
		column[i] = before[from]
	}
}
