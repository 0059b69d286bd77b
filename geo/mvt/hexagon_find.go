package mvt

import (
	"math"
	"sort"

	"jingwei/geo"
)

// near appends, in order, the cells that can meet a frame of the square of a zoom: those below whose every ancestor something can. Cells in
// order of their ids stand together below each ancestor, so the ids themselves are the index.
func (h *Hexes) near(found []int, within frame, z int) []int {
	size := float64(int64(Extent) << z)
	lon := func(x int32) float64 { return (float64(x)/size - 0.5) * 2 * math.Pi }
	lat := func(y int32) float64 { return math.Atan(math.Sinh(math.Pi * (1 - 2*float64(y)/size))) }
	// One unit more, because vertices are rounded to units.
	v := view{lon(within.low.X - 1), lon(within.high.X + 1), lat(within.high.Y + 1), lat(within.low.Y - 1)}
	return h.descend(found, &v, 0, 0, len(h.cells))
}

// descend looks at the ancestors of a resolution of some of the cells.
func (h *Hexes) descend(found []int, v *view, resolution, first, end int) []int {
	for first < end {
		ancestor := h.cells[first].Parent(resolution)
		next := first + sort.Search(end-first, func(i int) bool { return h.cells[first+i].Parent(resolution) != ancestor })
		switch {
		case resolution == h.resolution: // the outline tells sooner than the centre
			found = append(found, first)
		case !v.misses(h.outlines.centers.of(ancestor), geo.ReachRad(resolution)):
			found = h.descend(found, v, resolution+1, first, next)
		}
		first = next
	}
	return found
}

// view is a box on the sphere in radians; it may reach beyond ±π.
type view struct{ west, east, south, north float64 }

// misses reports whether all that is within reachRad of a point is sure to lie outside.
func (v *view) misses(p geo.Point, reachRad float64) bool {
	lonDeg, latDeg := p.Degrees()
	lon, lat := lonDeg*math.Pi/180, latDeg*math.Pi/180
	if lat+reachRad < v.south || lat-reachRad > v.north {
		return true
	}
	// As far as a circle around p reaches east and west; one around a pole reaches everywhere.
	sin, cos := math.Sin(reachRad), math.Cos(lat)
	if sin >= cos {
		return false
	}
	wide := math.Asin(sin / cos)
	for _, turn := range [...]float64{-2 * math.Pi, 0, 2 * math.Pi} {
		if lon+turn+wide >= v.west && lon+turn-wide <= v.east {
			return false
		}
	}
	return true
}
