package mvt

// frame is a closed box on the square of a zoom.
type frame struct{ low, high point }

func (f frame) holds(p point) bool {
	return p.X >= f.low.X && p.X <= f.high.X && p.Y >= f.low.Y && p.Y <= f.high.Y
}

// meets reports whether two boxes have a point in common.
func (f frame) meets(g frame) bool {
	return f.low.X <= g.high.X && g.low.X <= f.high.X && f.low.Y <= g.high.Y && g.low.Y <= f.high.Y
}

func (f frame) contains(g frame) bool { return f.holds(g.low) && f.holds(g.high) }

func frameOf(points []point) frame {
	f := frame{points[0], points[0]}
	for _, p := range points[1:] {
		f.low = point{min(f.low.X, p.X), min(f.low.Y, p.Y)}
		f.high = point{max(f.high.X, p.X), max(f.high.Y, p.Y)}
	}
	return f
}

// The four sides of a frame, in the order in which everything is clipped.
const (
	left = iota
	right
	top
	bottom
	sides
)

func (f frame) within(side int, p point) bool {
	switch side {
	case left:
		return p.X >= f.low.X
	case right:
		return p.X <= f.high.X
	case top:
		return p.Y >= f.low.Y
	default:
		return p.Y <= f.high.Y
	}
}

// cut is where a–b, with one end on each side, meets a side of the frame. It is the same point for b–a, so that
// neighbours are cut alike.
func (f frame) cut(side int, a, b point) point {
	if b.X < a.X || b.X == a.X && b.Y < a.Y {
		a, b = b, a
	}
	dx, dy := float64(b.X-a.X), float64(b.Y-a.Y)
	switch side {
	case left:
		return point{f.low.X, a.Y + nearest(float64(f.low.X-a.X)*dy/dx)}
	case right:
		return point{f.high.X, a.Y + nearest(float64(f.high.X-a.X)*dy/dx)}
	case top:
		return point{a.X + nearest(float64(f.low.Y-a.Y)*dx/dy), f.low.Y}
	default:
		return point{a.X + nearest(float64(f.high.Y-a.Y)*dx/dy), f.high.Y}
	}
}

func nearest(v float64) int32 {
	if v < 0 {
		return int32(v - 0.5)
	}
	return int32(v + 0.5)
}

// clipRing cuts a ring to the frame (Sutherland and Hodgman, 1974). Parts that a frame side tears apart stay joined by
// lines along that side, outside the visible tile. It may use the memory of ring and of spare for its result.
func (f frame) clipRing(ring, spare []point) (clipped, other []point) {
	for side := range sides {
		spare = spare[:0]
		if len(ring) == 0 {
			break
		}
		a := ring[len(ring)-1]
		aIn := f.within(side, a)
		for _, b := range ring {
			bIn := f.within(side, b)
			if aIn != bIn {
				spare = append(spare, f.cut(side, a, b))
			}
			if bIn {
				spare = append(spare, b)
			}
			a, aIn = b, bIn
		}
		ring, spare = spare, ring
	}
	return ring, spare
}

// clipLine calls piece for each part of a line inside the frame. The slice is valid during the call only.
func (f frame) clipLine(line, spare []point, piece func([]point)) []point {
	spare = spare[:0]
	flush := func() {
		if len(spare) > 1 {
			piece(spare)
		}
		spare = spare[:0]
	}
	for i := 1; i < len(line); i++ {
		a, b, ok := f.clipSegment(line[i-1], line[i])
		if !ok {
			flush()
			continue
		}
		if len(spare) == 0 || spare[len(spare)-1] != a {
			flush()
			spare = append(spare, a)
		}
		if b != a {
			spare = append(spare, b)
		}
		if b != line[i] {
			flush()
		}
	}
	flush()
	return spare
}

// clipSegment is the part of a–b in the frame; ok is false when there is none.
func (f frame) clipSegment(a, b point) (from, to point, ok bool) {
	for side := range sides {
		aIn, bIn := f.within(side, a), f.within(side, b)
		switch {
		case aIn && bIn:
		case aIn:
			b = f.cut(side, a, b)
		case bIn:
			a = f.cut(side, a, b)
		default:
			return a, b, false
		}
	}
	return a, b, true
}
