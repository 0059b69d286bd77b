package mvt

// frame is a closed box on a square.
type frame struct{ low, high point }

// frameOfTile is the part of the square of a zoom that a tile shows, with its buffer.
func frameOfTile(origin point) frame {
	return frame{point{origin.X - buffer, origin.Y - buffer}, point{origin.X + Extent + buffer, origin.Y + Extent + buffer}}
}

func (f frame) holds(p point) bool {
	return p.X >= f.low.X && p.X <= f.high.X && p.Y >= f.low.Y && p.Y <= f.high.Y
}

// within reports whether p lies in the frame and not on its sides.
func (f frame) within(p point) bool {
	return p.X > f.low.X && p.X < f.high.X && p.Y > f.low.Y && p.Y < f.high.Y
}

// meets reports whether two boxes have a point in common.
func (f frame) meets(g frame) bool {
	return f.low.X <= g.high.X && g.low.X <= f.high.X && f.low.Y <= g.high.Y && g.low.Y <= f.high.Y
}

func (f frame) contains(g frame) bool { return f.within(g.low) && f.within(g.high) }

// passes reports whether an edge, which crosses no side, runs through the inside of the frame.
func (f frame) passes(a, b point) bool {
	if f.within(a) || f.within(b) {
		return true
	}
	if !f.holds(a) || !f.holds(b) {
		return false
	}
	sameSide := a.X == b.X && (a.X == f.low.X || a.X == f.high.X) || a.Y == b.Y && (a.Y == f.low.Y || a.Y == f.high.Y)
	return !sameSide
}

func frameOf(points []point) frame {
	f := frame{points[0], points[0]}
	for _, p := range points[1:] {
		f.low = point{min(f.low.X, p.X), min(f.low.Y, p.Y)}
		f.high = point{max(f.high.X, p.X), max(f.high.Y, p.Y)}
	}
	return f
}

// clipLine calls piece for each part of a line inside the frame, whose sides its edges do not cross.
func (f frame) clipLine(line []point, piece func([]point)) {
	first := 0 // of the part
	flush := func(end int) {
		if end-first > 1 {
			piece(line[first:end])
		}
	}
	for i, p := range line {
		if !f.holds(p) {
			flush(i)
			first = i + 1
		}
	}
	flush(len(line))
}

// ring is the frame as an exterior ring.
func (f frame) ring() [4]point {
	return [4]point{f.low, {f.high.X, f.low.Y}, f.high, {f.low.X, f.high.Y}}
}

// position is the way along the frame from its low corner to a point on it, in the direction of an exterior ring.
func (f frame) position(p point) int64 {
	width, height := int64(f.high.X-f.low.X), int64(f.high.Y-f.low.Y)
	switch {
	case p.Y == f.low.Y:
		return int64(p.X - f.low.X)
	case p.X == f.high.X:
		return width + int64(p.Y-f.low.Y)
	case p.Y == f.high.Y:
		return width + height + int64(f.high.X-p.X)
	default:
		return 2*width + height + int64(f.high.Y-p.Y)
	}
}

// corners appends the corners of the frame that one passes on the way from one position to another; all where they are the same.
func (f frame) corners(out []point, from, to int64) []point {
	lap := f.position(point{f.low.X, f.low.Y + 1}) + 1
	if to <= from {
		to += lap
	}
	for _, passed := range [...]int64{0, lap} {
		for _, corner := range f.ring() {
			if at := f.position(corner) + passed; from < at && at < to {
				out = append(out, corner)
			}
		}
	}
	return out
}
