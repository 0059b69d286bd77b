package mvt

import "slices"

// rounder brings lines from the fine square to the square of a zoom. The kept points, and the points where lines meet the frame of any
// tile, make the pixels that they lie in hot; and a line that passes through a hot pixel gets its centre as a point (snap rounding:
// Hobby, "Practical segment intersection with finite precision output", 1999). Hence
//
//   - edges meet in their ends only, or are the same: no ring crosses itself or another;
//   - nothing comes to lie on the other side of a line (Guibas and Marimont, "Rounding arrangements dynamically", 1995): areas narrower
//     than a unit may vanish, but neighbours never overlap or gape;
//   - no edge crosses the frame of a tile, so that cutting a tile rounds nothing.
type rounder struct {
	*lines
	shift uint
	hot   []point // centres of pixels on the square of the zoom
	grid  *grid
}

// round gives the arcs on the square of a zoom.
func (l *lines) round(keep []bool, zoom int) (points []point, starts []int32) {
	r := &rounder{lines: l, shift: fineShift(zoom)}
	starts = make([]int32, 1, len(l.starts))
	box, ok := l.frame()
	if !ok {
		return nil, append(starts, make([]int32, l.arcs())...)
	}
	for i := range l.arcs() {
		r.eachEdge(i, keep, func(a, b point) {
			r.hot = append(r.hot, a.coarsen(r.shift))
			r.heatFrames(a, b)
		})
		r.hot = append(r.hot, l.points[l.starts[i+1]-1].coarsen(r.shift))
	}
	r.grid = newGrid(box, len(r.hot))
	for i, h := range r.hot {
		r.grid.add(int32(i), r.grid.cellOf(point{h.X << r.shift, h.Y << r.shift}))
	}
	points = make([]point, 0, len(r.hot))
	var passed []point
	for i := range l.arcs() {
		points = append(points, l.points[l.starts[i]].coarsen(r.shift))
		r.eachEdge(i, keep, func(a, b point) {
			passed = r.passed(passed[:0], a, b)
			for _, p := range passed {
				if p != points[len(points)-1] {
					points = append(points, p)
				}
			}
		})
		starts = append(starts, int32(len(points)))
	}
	return slices.Clip(points), starts
}

// eachEdge visits the edges between the kept points of an arc.
func (l *lines) eachEdge(arc int, keep []bool, visit func(a, b point)) {
	from := l.points[l.starts[arc]]
	for k := l.starts[arc] + 1; k < l.starts[arc+1]; k++ {
		if keep[k] {
			visit(from, l.points[k])
			from = l.points[k]
		}
	}
}

// heatFrames heats the pixels in which a–b crosses the frame of a tile.
func (r *rounder) heatFrames(a, b point) {
	half := int64(1) << (r.shift - 1)
	each := func(fromX, fromY, toX, toY int64, heat func(line, across int32)) {
		if fromX > toX {
			fromX, fromY, toX, toY = toX, toY, fromX, fromY
		}
		span := toX - fromX
		tile := int64(Extent) << r.shift
		for at := (fromX/tile - 1) * tile; at <= toX+tile && span > 0; at += tile {
			for _, line := range [...]int64{at - buffer<<r.shift, at + buffer<<r.shift} {
				if line < fromX || line > toX {
					continue
				}
				across := floorDiv((toY-fromY)*(line-fromX)+(fromY+half)*span, span<<r.shift)
				heat(int32(line>>r.shift), int32(across))
			}
		}
	}
	each(int64(a.X), int64(a.Y), int64(b.X), int64(b.Y), func(line, across int32) { r.hot = append(r.hot, point{line, across}) })
	each(int64(a.Y), int64(a.X), int64(b.Y), int64(b.X), func(line, across int32) { r.hot = append(r.hot, point{across, line}) })
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// passed appends the centres of the hot pixels that a–b passes through after that of a, in order; the last is that of b.
func (r *rounder) passed(out []point, a, b point) []point {
	half := int32(1) << (r.shift - 1)
	first, last := a.coarsen(r.shift), b.coarsen(r.shift)
	if first == last {
		return out
	}
	r.grid.cells(a, b, half, func(cell int) {
		for e := r.grid.heads[cell]; e >= 0; e = r.grid.entries[e].next {
			if h := r.hot[r.grid.entries[e].item]; h != first && h != last && passes(a, b, point{h.X << r.shift, h.Y << r.shift}, half) {
				out = append(out, h)
			}
		}
	})
	if len(out) > 1 {
		// The pixels on the way make a staircase.
		signX, signY := int64(sign(int64(b.X)-int64(a.X))), int64(sign(int64(b.Y)-int64(a.Y)))
		along := func(p point) int64 { return signX*int64(p.X) + signY*int64(p.Y) }
		slices.SortFunc(out, func(p, q point) int { return sign(along(p) - along(q)) })
	}
	return append(out, last)
}

// passes reports whether a–b has a point in the pixel around a centre: at most half a unit west or north of it, and less than that
// east or south. Exact.
func passes(a, b, center point, half int32) bool {
	if min(a.X, b.X) >= center.X+half || max(a.X, b.X) < center.X-half ||
		min(a.Y, b.Y) >= center.Y+half || max(a.Y, b.Y) < center.Y-half {
		return false
	}
	dx, dy := int64(b.X)-int64(a.X), int64(b.Y)-int64(a.Y)
	off := cross(a, b, center)
	reach := (max(dx, -dx) + max(dy, -dy)) * int64(half)
	switch {
	case off < reach && off > -reach:
		return true
	case off > reach || off < -reach:
		return false
	}
	// The line touches the pixel: in a side where it runs along one, else in a corner.
	switch {
	case dy == 0:
		return center.Y > a.Y
	case dx == 0:
		return center.X > a.X
	case (dx > 0) == (dy > 0):
		return false
	}
	// The corner is the north-western one, which belongs to the pixel, if the centre lies south-east of the line.
	return (off > 0) == (cross(a, b, point{a.X + 1, a.Y + 1}) > 0)
}
