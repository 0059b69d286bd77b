package mvt

import (
	"cmp"
	"slices"

	"jingwei/geo"
)

// boxTree finds the boxes that meet a box: a packed tree of 16 boxes a node over boxes in Morton order of their centres
// (after flatbush, Agafonkin 2018, with Morton for Hilbert). Immutable. A query costs about 20 ns a hit.
type boxTree struct {
	items []int32   // numbers of the boxes in the lowest row
	rows  [][]boxLL // rows[0] are the boxes themselves; each box of the next bounds 16 of them
}

// boxLL is a closed box on the lattice.
type boxLL struct{ low, high geo.Point }

func (b boxLL) meets(c boxLL) bool {
	return b.low.Lon <= c.high.Lon && c.low.Lon <= b.high.Lon && b.low.Lat <= c.high.Lat && c.low.Lat <= b.high.Lat
}

// box is a frame of the square of a zoom, clamped to the world. It is a unit wider, because vertices are rounded to units.
func (f frame) box(z int) boxLL {
	northWest := unproject(float64(f.low.X-1), float64(f.low.Y-1), z)
	southEast := unproject(float64(f.high.X+1), float64(f.high.Y+1), z)
	return boxLL{geo.Point{Lon: northWest.Lon, Lat: southEast.Lat}, geo.Point{Lon: southEast.Lon, Lat: northWest.Lat}}
}

const fanOut = 16

// newBoxTree indexes boxes; items are the numbers by which queries name them.
func newBoxTree(items []int32, boxes []boxLL) *boxTree {
	type entry struct {
		morton uint64
		at     int
	}
	order := make([]entry, len(boxes))
	for i, b := range boxes {
		order[i] = entry{morton(uint32(b.low.Lon/2+b.high.Lon/2)+1<<31, uint32(b.low.Lat/2+b.high.Lat/2)+1<<31), i}
	}
	slices.SortFunc(order, func(a, b entry) int { return cmp.Or(cmp.Compare(a.morton, b.morton), cmp.Compare(a.at, b.at)) })
	t := &boxTree{items: make([]int32, len(items))}
	row := make([]boxLL, len(boxes))
	for i, e := range order {
		t.items[i], row[i] = items[e.at], boxes[e.at]
	}
	t.rows = append(t.rows, row)
	for len(row) > fanOut {
		var above []boxLL
		for part := range slices.Chunk(row, fanOut) {
			bound := part[0]
			for _, b := range part[1:] {
				bound.low = geo.Point{Lon: min(bound.low.Lon, b.low.Lon), Lat: min(bound.low.Lat, b.low.Lat)}
				bound.high = geo.Point{Lon: max(bound.high.Lon, b.high.Lon), Lat: max(bound.high.Lat, b.high.Lat)}
			}
			above = append(above, bound)
		}
		t.rows = append(t.rows, above)
		row = above
	}
	return t
}

// morton interleaves the bits of x and y.
func morton(x, y uint32) uint64 {
	return spread(x) | spread(y)<<1
}

func spread(v uint32) uint64 {
	x := uint64(v)
	x = (x | x<<16) & 0x0000FFFF0000FFFF
	x = (x | x<<8) & 0x00FF00FF00FF00FF
	x = (x | x<<4) & 0x0F0F0F0F0F0F0F0F
	x = (x | x<<2) & 0x3333333333333333
	return (x | x<<1) & 0x5555555555555555
}

// query appends the items whose boxes meet b, in ascending order.
func (t *boxTree) query(found []int32, b boxLL) []int32 {
	first := len(found)
	found = t.search(found, b, len(t.rows)-1, 0, len(t.rows[len(t.rows)-1]))
	slices.Sort(found[first:])
	return found
}

func (t *boxTree) search(found []int32, b boxLL, row, from, to int) []int32 {
	for i := from; i < to; i++ {
		if !t.rows[row][i].meets(b) {
			continue
		}
		if row == 0 {
			found = append(found, t.items[i])
		} else {
			found = t.search(found, b, row-1, i*fanOut, min((i+1)*fanOut, len(t.rows[row-1])))
		}
	}
	return found
}
