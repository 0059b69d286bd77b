package mvt

import "math"

// grid sorts things by the square cells of the fine square that they touch, to find what is near. Adding costs about 20 ns a cell.
type grid struct {
	low           point
	shift         uint // a cell is 2^shift steps wide
	columns, rows int32
	heads         []int32 // of each cell; -1 where it is empty
	entries       []gridEntry
}

type gridEntry struct{ item, next int32 }

// newGrid makes about as many cells as there will be items in the box.
func newGrid(box frame, items int) *grid {
	g := &grid{low: box.low}
	for {
		g.columns, g.rows = (box.high.X-box.low.X)>>g.shift+1, (box.high.Y-box.low.Y)>>g.shift+1
		if int64(g.columns)*int64(g.rows) <= int64(max(items, 16)) {
			break
		}
		g.shift++
	}
	g.heads = make([]int32, int(g.columns)*int(g.rows))
	for i := range g.heads {
		g.heads[i] = -1
	}
	g.entries = make([]gridEntry, 0, items+items/2)
	return g
}

func (g *grid) add(item int32, cell int) {
	g.entries = append(g.entries, gridEntry{item, g.heads[cell]})
	g.heads[cell] = int32(len(g.entries) - 1)
}

func (g *grid) column(x int64) int32 {
	return int32(min(max((x-int64(g.low.X))>>g.shift, 0), int64(g.columns)-1))
}

func (g *grid) row(y int64) int32 {
	return int32(min(max((y-int64(g.low.Y))>>g.shift, 0), int64(g.rows)-1))
}

func (g *grid) cellOf(p point) int {
	return int(g.row(int64(p.Y)))*int(g.columns) + int(g.column(int64(p.X)))
}

// cells calls visit for every cell that comes within margin steps of the segment a–b, and for some more.
func (g *grid) cells(a, b point, margin int32, visit func(cell int)) {
	m := int64(margin)
	first, last := g.row(int64(min(a.Y, b.Y))-m), g.row(int64(max(a.Y, b.Y))+m)
	west, east := int64(min(a.X, b.X)), int64(max(a.X, b.X))
	if first == last || a.X == b.X || g.column(west-m) == g.column(east+m) {
		for row := first; row <= last; row++ {
			for column, end := g.column(west-m), g.column(east+m); column <= end; column++ {
				visit(int(row)*int(g.columns) + int(column))
			}
		}
		return
	}
	slope := float64(b.X-a.X) / float64(b.Y-a.Y) // in a.Y == b.Y it is not used: that is one row, or a few within the margin
	for row := first; row <= last; row++ {
		from, to := west, east
		if a.Y != b.Y {
			// Where the segment is between the two sides of the row, a margin further each; a step for rounding.
			north := float64(int64(g.low.Y)+int64(row)<<g.shift-m) - float64(a.Y)
			south := north + float64(int64(1)<<g.shift+2*m)
			x, y := float64(a.X)+north*slope, float64(a.X)+south*slope
			from = max(west, int64(math.Floor(min(x, y)))-1)
			to = min(east, int64(math.Ceil(max(x, y)))+1)
		}
		for column, end := g.column(from-m), g.column(to+m); column <= end; column++ {
			visit(int(row)*int(g.columns) + int(column))
		}
	}
}
