package mvt

import "jingwei/geo"

// Feature takes the properties of a feature while it is written. Keys are indices into the keys of its layer; a key may be left out, and
// must not be given twice.
type Feature struct {
	w     *layerWriter
	first int // of the keys handed over, among those of the layer
}

// Text gives a property; an empty value is left out.
func (f Feature) Text(key int, value string) { f.w.tag(uint64(f.first+key), value) }

// Number gives a property that is a whole number.
func (f Feature) Number(key int, value int64) { f.w.tagNumber(uint64(f.first+key), value) }

// Bounds is the part of the world that a tile shows with its buffer, rounded outwards: what lies outside is not in the tile. ok is false where
// there is no such tile.
func Bounds(z, x, y int) (low, high geo.Point, ok bool) {
	if !exists(z, x, y) {
		return low, high, false
	}
	b := frameOfTile(point{int32(x) * Extent, int32(y) * Extent}).box(z)
	return b.low, b.high, true
}

func exists(z, x, y int) bool {
	return z >= 0 && z <= MaxZoom && x >= 0 && y >= 0 && x < 1<<z && y < 1<<z
}

// Points is a tile with one layer of points, not compressed; empty when it holds none or does not exist. A point in the buffer belongs to
// the tile too, so that a mark is drawn whole on both sides of the seam: to count points, count those from 0 to before Extent. describe is
// called for the points in the tile, by their index and in order, to give their properties by the keys.
func Points(z, x, y int, layer string, keys []string, points []geo.Point, describe func(i int, f Feature)) []byte {
	if !exists(z, x, y) {
		return nil
	}
	origin := point{int32(x) * Extent, int32(y) * Extent}
	within := frameOfTile(origin)
	w := &layerWriter{}
	w.reset(origin, keys...)
	for i, p := range points {
		at := project(p).coarsen(fineShift(z))
		if !within.holds(at) {
			continue
		}
		w.point(at)
		describe(i, Feature{w, 0})
		w.close(0, pointType)
	}
	return w.appendTo(nil, layer)
}
