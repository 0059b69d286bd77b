package mvt

import (
	"fmt"
	"slices"
	"sync"

	"jingwei/geo"
)

// Outlines keeps the projected outlines of H3 cells, because one costs some 3 µs and the same cells come again whatever was asked for. It is
// safe for concurrent use.
type Outlines struct {
	outlines *recent[[]point]   // rings of the fine square
	centers  *recent[geo.Point] // of the cells above
	pool     sync.Pool          // of *hexScratch
}

// NewOutlines keeps at most so many outlines, of about 150 bytes each.
func NewOutlines(most int) *Outlines {
	o := &Outlines{outlines: newRecent(most, outline), centers: newRecent(most, geo.Cell.Center)}
	o.pool.New = func() any { return &hexScratch{} }
	return o
}

// outline is a cell as a ring of the fine square, wound as tiles wind exteriors; nil for a cell that reaches beyond the latitudes of the square.
// The ring of a cell across the antimeridian goes on beyond the square. H3 computes a vertex from its whole-numbered place on a face of the
// icosahedron, so the cells that share it get the same digits, and round it alike.
func outline(c geo.Cell) []point {
	const size, squareLat = 1 << fineBits, 850_511_287 // where Web Mercator ends
	ring := make([]point, 0, 6)
	for _, v := range slices.Backward(c.Boundary()) {
		if v.Lat > squareLat || v.Lat < -squareLat {
			return nil
		}
		p := project(v)
		if len(ring) > 0 {
			switch apart := p.X - ring[0].X; {
			case apart > size/2:
				p.X -= size
			case apart < -size/2:
				p.X += size
			}
		}
		ring = append(ring, p)
	}
	return ring
}

// Hexes are H3 cells of one resolution of which tiles are cut. It is immutable and safe for concurrent use.
type Hexes struct {
	outlines   *Outlines
	cells      []geo.Cell
	resolution int
}

// Hexes makes ready to cut tiles of cells, which must be of one resolution up to geo.IncidentResolution and in ascending order; the slice is
// kept and must not be changed. Cost: a look at each cell; their outlines are worked out for the tiles that need them.
func (o *Outlines) Hexes(cells []geo.Cell) (*Hexes, error) {
	h := &Hexes{outlines: o, cells: cells}
	if len(cells) == 0 {
		return h, nil
	}
	first, last := cells[0], cells[len(cells)-1]
	if h.resolution = first.Resolution(); h.resolution < 0 || h.resolution > geo.IncidentResolution {
		return nil, fmt.Errorf("%s is no cell of a resolution from 0 to %d", first, geo.IncidentResolution)
	}
	if last.Resolution() != h.resolution { // which ids begin with, so that those between are in order only if they have it
		return nil, fmt.Errorf("not all cells are of resolution %d as the first is", h.resolution)
	}
	before := first
	for i, c := range cells[1:] {
		if c <= before {
			return nil, fmt.Errorf("cell %d, %s, does not follow %s", i+1, c, before)
		}
		before = c
	}
	return h, nil
}

// hexScratch is the memory that cutting one tile takes.
type hexScratch struct {
	writer layerWriter
	found  []int
	ring   []point
}

// Tile is a tile with one layer of the cells that reach into it or its buffer, not compressed; empty when there are none or the tile does not
// exist. Zooms are 0 to MaxZoom. Each feature is a polygon, the whole cell however far it reaches over the tile, and has the property "cell",
// the hexadecimal id. describe is called for the cells in the tile, by their index and in order, to give the other properties by the keys.
//
// Neighbours share their vertices to the unit, so nothing gapes between them, in a tile and across tiles. All rings are valid: a cell of
// which rounding leaves no valid ring, because it is hardly wider than a unit, is left out, and so is one that reaches beyond the latitudes of
// the map.
//
// Cost: about 0.5 µs a cell in the tile whose outline is kept, 3 µs another, and some 20 µs to find them among any number.
func (h *Hexes) Tile(z, x, y int, layer string, keys []string, describe func(i int, f Feature)) []byte {
	if !exists(z, x, y) {
		return nil
	}
	s := h.outlines.pool.Get().(*hexScratch)
	defer h.outlines.pool.Put(s)
	origin := point{int32(x) * Extent, int32(y) * Extent}
	w := &s.writer
	w.reset(origin, append([]string{"cell"}, keys...)...)
	within := frameOfTile(origin)
	s.found = h.near(s.found[:0], within, z)
	shift, world := fineShift(z), int32(1)<<z*Extent
	for _, i := range s.found {
		s.ring = s.ring[:0]
		for _, p := range h.outlines.outlines.of(h.cells[i]) {
			if p = p.coarsen(shift); len(s.ring) == 0 || p != s.ring[len(s.ring)-1] {
				s.ring = append(s.ring, p)
			}
		}
		if len(s.ring) > 1 && s.ring[0] == s.ring[len(s.ring)-1] {
			s.ring = s.ring[:len(s.ring)-1]
		}
		if !simple(s.ring) || !intoView(s.ring, within, world) {
			continue
		}
		w.ring(s.ring)
		w.tag(0, h.cells[i].String())
		describe(i, Feature{w, 1})
		w.close(0, polygonType)
	}
	return w.appendTo(nil, layer)
}

// intoView moves a ring that goes on beyond the square of a zoom to the side where the frame is, and reports whether it meets the frame.
func intoView(ring []point, within frame, world int32) bool {
	box := frameOf(ring)
	for _, by := range [...]int32{0, world, -world} {
		if moved := (frame{point{box.low.X + by, box.low.Y}, point{box.high.X + by, box.high.Y}}); !moved.meets(within) {
			continue
		}
		for i := range ring {
			ring[i].X += by
		}
		return true
	}
	return false
}

// simple reports whether a ring is a valid exterior: it encloses something, and its edges meet in their ends only.
func simple(ring []point) bool {
	n := len(ring)
	if n < 3 || twiceArea(ring) <= 0 {
		return false
	}
	convex := true
	for i, a := range ring {
		convex = convex && cross(a, ring[(i+1)%n], ring[(i+2)%n]) > 0
	}
	if convex { // and goes around once, as an outline does that was rounded by half a unit
		return true
	}
	for i, a := range ring {
		for j := i + 1; j < n; j++ {
			b, c, d := ring[(i+1)%n], ring[j], ring[(j+1)%n]
			switch {
			case b == c: // the next edge must go on from there, not back
				if onLine(d, a, b) || onLine(a, c, d) {
					return false
				}
			case d == a:
				if onLine(c, a, b) || onLine(b, c, d) {
					return false
				}
			default:
				if geo.SegmentsMeet(geo.Point{Lon: a.X, Lat: a.Y}, geo.Point{Lon: b.X, Lat: b.Y}, geo.Point{Lon: c.X, Lat: c.Y}, geo.Point{Lon: d.X, Lat: d.Y}) {
					return false
				}
			}
		}
	}
	return true
}

func onLine(p, a, b point) bool {
	return geo.OnSegment(geo.Point{Lon: p.X, Lat: p.Y}, geo.Point{Lon: a.X, Lat: a.Y}, geo.Point{Lon: b.X, Lat: b.Y})
}
