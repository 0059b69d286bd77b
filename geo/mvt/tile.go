package mvt

import "jingwei/geo/coverage"

// scratch is the memory that cutting one tile needs.
type scratch struct {
	polygons, borders, labels layerWriter
	found                     []int32
	points                    []point
	rings                     [][]point // in points
	clipper                   polygonClipper
	joiner                    lineJoiner
}

// Tile is the tile of a zoom, column and row, not compressed; empty when it holds nothing or does not exist.
func (t *Cutter) Tile(z, x, y int) []byte {
	levels := LevelsAt(z)
	if levels == nil || x < 0 || y < 0 || x >= 1<<z || y >= 1<<z {
		return nil
	}
	l := t.zooms[z]()
	s := t.scratch.Get().(*scratch)
	defer t.scratch.Put(s)

	origin := point{int32(x) * Extent, int32(y) * Extent}
	within := frameOfTile(origin)
	box := within.box(z)

	var tile []byte
	s.labels.reset(origin, "code", "name", "level", "rank")
	for _, level := range levels {
		s.polygons.reset(origin, "code", "name", "parent", "branch")
		s.found = l.areas[level].query(s.found[:0], box)
		for _, id := range s.found {
			t.addArea(l, s, coverage.ID(id), within)
			t.addLabel(l, s, coverage.ID(id), origin)
		}
		tile = s.polygons.appendTo(tile, level.String())
	}
	tile = l.addBorders(s, tile, levels, box, within)
	return s.labels.appendTo(tile, "label")
}

func (t *Cutter) addArea(l *zoom, s *scratch, id coverage.ID, within frame) {
	c, w := l.coverage, &s.polygons
	if shape := l.shape(id); shape.plain {
		for _, polygon := range c.Outline(id) {
			s.points, s.rings = s.points[:0], s.rings[:0]
			for _, refs := range polygon {
				first := len(s.points)
				s.points = l.ring(s.points, refs, &within)
				s.rings = append(s.rings, s.points[first:])
			}
			s.clipper.clip(s.rings, within, false, w.ring)
		}
	} else {
		for _, polygon := range shape.polygons {
			s.clipper.clip(polygon, within, true, w.ring)
		}
	}
	if len(w.geometry) == 0 {
		return
	}
	w.tag(0, c.Code(id))
	w.tag(1, c.Name(id))
	if parent := c.Parent(id); parent != coverage.None {
		w.tag(2, c.Code(parent))
	}
	w.tag(3, t.branch(l.ids[id]))
	w.close(FeatureID(c.Code(id)), polygonType)
}

func (t *Cutter) addLabel(l *zoom, s *scratch, id coverage.ID, origin point) {
	packed := l.labels[id].Load()
	if packed == 0 {
		packed = project(t.coverage.Label(l.ids[id])).key() + 1
		l.labels[id].Store(packed)
	}
	p := point{int32((packed - 1) >> 32), int32(uint32(packed - 1))}.coarsen(fineShift(l.z))
	if p.X < origin.X || p.X >= origin.X+Extent || p.Y < origin.Y || p.Y >= origin.Y+Extent {
		return
	}
	c, w := l.coverage, &s.labels
	w.point(p)
	w.tag(0, c.Code(id))
	w.tag(1, c.Name(id))
	w.tag(2, c.Level(id).String())
	w.tagNumber(3, int64(t.ranks()[l.ids[id]]))
	w.close(FeatureID(c.Code(id)), pointType)
}

// addBorders writes the border layer: one feature for each level that has a border in the tile.
func (l *zoom) addBorders(s *scratch, tile []byte, levels []coverage.Level, box boxLL, within frame) []byte {
	w := &s.borders
	w.reset(point{within.low.X + buffer, within.low.Y + buffer}, "level")
	s.found = l.borders.query(s.found[:0], box)
	arcs := l.coverage.Arcs()
	for _, level := range levels {
		for _, i := range s.found {
			if parts, shared := l.parts[i]; shared {
				for _, part := range parts {
					if part.level == level {
						within.clipLine(part.points, s.joiner.add)
					}
				}
			} else if separated, _ := arcs[i].Level(); separated == level && l.frames[i].meets(within) {
				within.clipLine(l.arc(int(i)), s.joiner.add)
			}
		}
		s.joiner.join(w.line)
		if len(w.geometry) > 0 {
			w.tag(0, level.String())
			w.close(0, lineStringType)
		}
	}
	return w.appendTo(tile, "border")
}
