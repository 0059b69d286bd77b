package hexbin

import "slices"

const blockRows = 1 << 16

// block is a piece of the table: columns, of which the first n rows are in use.
type block struct {
	n           int
	first, last uint32 // minutes

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

// sortByCell puts the rows in order of their cells, so that counting runs through the counts once from end to end and not to and fro: counts of a
// million cells are larger than the nearer caches. Cost: some 8 ms.
func (b *block) sortByCell() {
	const rowBits = 16
	order := make([]uint64, b.n)
	for i, cell := range b.cells[:b.n] {
		order[i] = uint64(cell)<<rowBits | uint64(i)
	}
	slices.Sort(order)
	rearrange(b.cells[:b.n], order)
	rearrange(b.minutes[:b.n], order)
	rearrange(b.owners[:b.n], order)
	rearrange(b.items[:b.n], order)
	rearrange(b.kinds[:b.n], order)
}

// rearrange puts in each place the value that stands where the low 16 bits of the order say.
func rearrange[T uint16 | uint32](column []T, order []uint64) {
	before := slices.Clone(column)
	for i, from := range order {
		column[i] = before[uint16(from)]
	}
}
