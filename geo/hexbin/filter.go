package hexbin

import "math"

// Filter chooses rows. What is left nil lets all pass.
type Filter struct {
	From, To uint32 // minutes, half open; To 0 has no end
	Hours    *[HoursOfWeek]bool
	Items    []bool // by number; those beyond do not pass
	Channels *[Channels]bool
	Statuses *[Statuses]bool
	Owners   []bool // by number; those beyond do not pass
}

// filter is a Filter made ready: a table of 0 and 1 for each column. Whether a row passes is computed without branches, which no processor
// could foresee.
type filter struct {
	from, last uint32 // minutes, both included
	hours      *[256]uint8
	kinds      *[256]uint8
	items      *[math.MaxUint16 + 1]uint8
	owners     []uint8
}

// mask says of each row of a block whether it passes: 1, or 0.
type mask [blockRows]uint8

func (f *Filter) prepare() *filter {
	p := &filter{from: f.From, last: math.MaxUint32}
	if f.To > 0 {
		p.last = f.To - 1
	}
	if f.Hours != nil {
		p.hours = new([256]uint8)
		for hour, passes := range f.Hours {
			p.hours[hour] = bit(passes)
		}
	}
	if f.Channels != nil || f.Statuses != nil {
		p.kinds = new([256]uint8)
		for channel := range Channels {
			for status := range Statuses {
				p.kinds[kind(uint8(channel), uint8(status))] = bit((f.Channels == nil || f.Channels[channel]) && (f.Statuses == nil || f.Statuses[status]))
			}
		}
	}
	if f.Items != nil {
		p.items = new([math.MaxUint16 + 1]uint8)
		for item, passes := range f.Items[:min(len(f.Items), len(p.items))] {
			p.items[item] = bit(passes)
		}
	}
	if f.Owners != nil {
		p.owners = make([]uint8, len(f.Owners))
		for owner, passes := range f.Owners {
			p.owners[owner] = bit(passes)
		}
	}
	return p
}

func bit(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

// touched are the blocks with minutes in the range.
func (f *filter) touched(blocks []*block) []*block {
	var some []*block
	for _, b := range blocks {
		if f.from <= f.last && b.first <= f.last && b.last >= f.from {
			some = append(some, b)
		}
	}
	return some
}

// choose fills in the mask of a block; false says that all rows pass, and leaves the mask alone.
func (f *filter) choose(b *block, m *mask) bool {
	timed := b.first < f.from || b.last > f.last
	if !timed && f.hours == nil && f.kinds == nil && f.items == nil && f.owners == nil {
		return false
	}
	passes := m[:b.n]
	if timed {
		from, span := f.from, f.last-f.from // what lies before from wraps around
		for i, minute := range b.minutes[:len(passes)] {
			passes[i] = bit(minute-from <= span)
		}
	} else {
		for i := range passes {
			passes[i] = 1
		}
	}
	if table := f.items; table != nil {
		for i, item := range b.items[:len(passes)] {
			passes[i] &= table[item]
		}
	}
	if table := f.kinds; table != nil {
		for i, k := range b.kinds[:len(passes)] {
			passes[i] &= table[k]
		}
	}
	if table := f.hours; table != nil {
		for i, hour := range b.hours[:len(passes)] {
			passes[i] &= table[hour]
		}
	}
	if table := f.owners; table != nil {
		for i, owner := range b.owners[:len(passes)] {
			if int(owner) < len(table) {
				passes[i] &= table[owner]
			} else {
				passes[i] = 0
			}
		}
	}
	return true
}
