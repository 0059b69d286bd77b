package hexbin

import (
	"cmp"
	"math"
	"slices"
)

// Filter chooses rows. What is left nil lets all pass.
type Filter struct {
	From, To uint32 // minutes, half open; To 0 has no end
	Hours    *[HoursOfWeek]bool
	Items    []bool // by number; those beyond do not pass
	Channels *[Channels]bool
	Statuses *[Statuses]bool
	Owners   []bool // by number; those beyond do not pass
}

// filter is a Filter made ready for some blocks. Their rows are looked at chunkRows at a time: the first column writes down the numbers of the
// rows that pass, each further one keeps some of them. A number is always written and only the end moves on, by 0 or 1, because no
// processor could foresee a branch. Masks of a byte or a bit a row were tried: they cost as much where most rows pass, and half as much
// again where few do.
type filter struct {
	from, last uint32 // minutes, both included
	blocks     []*block
	lists      []list
	left       *list // to whoever counts, who adds its 0 or 1; nil where there is none

	anyOwner *filter        // the same without a list of owners
	parts    [parts]*filter // what to ask in each part: this, or anyOwner where all owners pass who have rows there, or nil where none does
}

// list says of each value of a column whether rows with it pass: 1, or 0.
type list struct {
	narrow func(b *block) *[blockRows]uint16
	wide   func(b *block) *[blockRows]uint32 // where narrow is nil
	passes []uint8
	share  float64 // of the rows, about, that pass
}

// prepare makes a filter ready for the table as it is. A column of which all passes is left out, and the one of which the least passes comes
// first.
func (t *Table) prepare(f *Filter) *filter {
	p := &filter{from: f.From, last: math.MaxUint32}
	if f.To > 0 {
		p.last = f.To - 1
	}
	for _, b := range t.blocks {
		if p.from <= p.last && b.first <= p.last && b.last >= p.from {
			p.blocks = append(p.blocks, b)
		}
	}
	if !allOf(f.Items, t.items) {
		p.lists = append(p.lists, list{narrow: itemsOf, passes: bits(f.Items, t.items)})
	}
	if f.Hours != nil || f.Channels != nil || f.Statuses != nil {
		p.lists = append(p.lists, list{narrow: kindsOf, passes: f.kinds()})
	}
	if !allOf(f.Owners, t.owners) {
		p.lists = append(p.lists, list{wide: ownersOf, passes: bits(f.Owners, t.owners)})
	}
	for i := range p.lists {
		p.lists[i].share = p.lists[i].sample(p.blocks)
	}
	slices.SortStableFunc(p.lists, func(a, b list) int { return cmp.Compare(a.share, b.share) })
	p.divide(f, t)
	return p
}

// divide looks at the owners of each part, which are few where areas are: if all of them pass, their column need not be read, and if none does,
// nothing of the part. Cost: some 30 µs for 20,000 owners.
func (p *filter) divide(f *Filter, t *Table) {
	rest := *p
	p.anyOwner = &rest
	rest.lists = slices.DeleteFunc(slices.Clone(p.lists), func(l list) bool { return l.wide != nil })
	var chosen set
	for i, is := range f.Owners[:min(len(f.Owners), t.owners)] {
		if is {
			chosen.add(uint32(i))
		}
	}
	for part := range parts {
		switch some, others := t.present[part].split(chosen); {
		case f.Owners == nil || some && !others:
			p.parts[part] = p.anyOwner
		case some:
			p.parts[part] = p
		}
	}
}

// leave leaves the last list to whoever counts, if most rows pass it: adding 0 to a count costs less than to write the number down and read
// it again, if there is not much of it.
func (p *filter) leave() {
	const much = 0.3
	for _, p := range []*filter{p, p.anyOwner} {
		if n := len(p.lists); n > 0 && p.lists[n-1].share > much {
			p.left, p.lists = &p.lists[n-1], p.lists[:n-1]
		}
	}
}

// set is numbers, a bit each.
type set []uint64

func (s *set) add(n uint32) {
	for int(n/64) >= len(*s) {
		*s = append(*s, 0)
	}
	(*s)[n/64] |= 1 << (n % 64)
}

// split reports whether some numbers are among others, and whether some are not.
func (s set) split(others set) (in, out bool) {
	for i, word := range s {
		other := uint64(0)
		if i < len(others) {
			other = others[i]
		}
		in, out = in || word&other != 0, out || word&^other != 0
	}
	return in, out
}

// allOf reports whether all of n numbers pass.
func allOf(chosen []bool, n int) bool {
	return chosen == nil || len(chosen) >= n && !slices.Contains(chosen[:n], false)
}

// bits is which of n numbers pass.
func bits(chosen []bool, n int) []uint8 {
	passes := make([]uint8, n)
	for i, is := range chosen[:min(len(chosen), n)] {
		passes[i] = bit(is)
	}
	return passes
}

func bit(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

// kinds is which channels, statuses and hours of the week pass together.
func (f *Filter) kinds() []uint8 {
	var hours [HoursOfWeek]uint8
	for hour := range hours {
		hours[hour] = bit(f.Hours == nil || f.Hours[hour])
	}
	passes := make([]uint8, kinds)
	for channel := range uint8(Channels) {
		for status := range uint8(Statuses) {
			if (f.Channels == nil || f.Channels[channel]) && (f.Statuses == nil || f.Statuses[status]) {
				copy(passes[kind(channel, status, 0):], hours[:])
			}
		}
	}
	return passes
}

// sample is the share of some rows that pass.
func (l *list) sample(blocks []*block) float64 {
	const most = 1024
	passed, seen := 0, 0
	for _, b := range blocks {
		for i := 0; i < b.len(); i += 1 + b.len()*len(blocks)/most {
			if seen++; l.narrow != nil {
				passed += int(l.passes[l.narrow(b)[i]])
			} else {
				passed += int(l.passes[l.wide(b)[i]])
			}
		}
	}
	return float64(passed) / float64(max(seen, 1))
}

// chunkRows is how many rows are looked at together: their numbers stay in the nearest cache.
const chunkRows = 1 << 12

// chunk is a stretch of a block: all its rows, or those with some numbers; of them those that pass the list that is left, if there is one.
type chunk struct {
	*block
	first, end int
	all        bool
	rows       []uint16
	left       *list
}

// numbers is memory for those of a chunk.
type numbers [chunkRows]uint16

// choose goes through the rows of a part that pass, chunk by chunk.
func (p *filter) choose(part int, in *numbers, visit func(c *chunk)) {
	if p = p.parts[part]; p == nil {
		return
	}
	var c chunk
	for _, b := range p.blocks {
		timed := b.first < p.from || b.last > p.last
		for first, end := b.starts[part], b.starts[part+1]; first < end; first += chunkRows {
			c = chunk{block: b, first: first, end: min(first+chunkRows, end), all: !timed && len(p.lists) == 0, left: p.left}
			if !c.all {
				c.rows = p.pass(&c, timed, in)
			}
			visit(&c)
		}
	}
}

// pass writes down the numbers of the rows of a chunk that pass.
func (p *filter) pass(c *chunk, timed bool, in *numbers) []uint16 {
	var rows []uint16
	lists := p.lists
	switch {
	case timed:
		rows = in[:within(c.minutes[c.first:c.end], p.from, p.last, c.first, in)]
	case lists[0].narrow != nil:
		rows, lists = in[:begin(lists[0].narrow(c.block)[c.first:c.end], lists[0].passes, c.first, in)], lists[1:]
	default:
		rows, lists = in[:begin(lists[0].wide(c.block)[c.first:c.end], lists[0].passes, c.first, in)], lists[1:]
	}
	for i := range lists {
		if l := &lists[i]; l.narrow != nil {
			rows = rows[:keep(l.narrow(c.block), l.passes, rows)]
		} else {
			rows = rows[:keep(l.wide(c.block), l.passes, rows)]
		}
	}
	return rows
}

func within(minutes []uint32, from, last uint32, first int, in *numbers) (n int) {
	span := last - from
	for i, minute := range minutes {
		in[n&(chunkRows-1)] = uint16(first + i)
		n += int(bit(minute-from <= span)) // what lies before from wraps around
	}
	return n
}

func begin[T uint16 | uint32](column []T, passes []uint8, first int, in *numbers) (n int) {
	for i, v := range column {
		in[n&(chunkRows-1)] = uint16(first + i)
		n += int(passes[v])
	}
	return n
}

func keep[T uint16 | uint32](column *[blockRows]T, passes []uint8, rows []uint16) (n int) {
	for _, i := range rows {
		rows[n] = i
		n += int(passes[column[i]])
	}
	return n
}
