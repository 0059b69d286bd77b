package snap

import (
	"cmp"
	"slices"

	"jingwei/geo"
	"jingwei/geo/coverage"
)

// MaxOthers is how many others are told at most.
const MaxOthers = 8

// Other is an owner near a point that another owns.
type Other struct {
	ID        coverage.ID // coverage.None is outside, where nobody owns
	DistanceM float64     // to the nearest point that it owns; 0 on its border
}

// Others are the owners that come within radiusM metres of p, without the one that owns p itself: nearest first, the MaxOthers nearest of
// them. Outside everything counts as an owner like any other: where p is owned and the outside is that near, it is told as coverage.None;
// where p lies outside, the areas near it are told and the outside is not. So p can be said to lie within its owner by more than an
// accuracy exactly if there are no others within that. There are none for a radius below 0 or not a number.
//
// Who owns what beside an edge is asked two lattice steps to each side of its middle, so an area that is narrower than that can be missed.
// Distances are those of Nearest: good to some 0.1 % over 100 km, not across the antimeridian.
//
// Cost: about 0.3 µs for each edge within the radius, and none for those clearly farther than MaxOthers others: in a county some 1 µs
// for 30 m, some 50 µs for any distance.
func (x *Index) Others(p geo.Point, radiusM float64) []Other {
	if !(radiusM >= 0) || !p.Valid() {
		return nil
	}
	o := &others{index: x, p: p, own: x.Locate(p), radiusM: radiusM}
	x.search(p, o)
	return o.found
}

// others gathers what Others gives, in its order.
type others struct {
	index   *Index
	p       geo.Point
	own     coverage.ID
	radiusM float64
	found   []Other
}

func (o *others) reachM() float64 {
	if len(o.found) < MaxOthers {
		return o.radiusM
	}
	return o.found[MaxOthers-1].DistanceM
}

func (o *others) meet(e edge) {
	d := edgeDistanceM(o.p, e.from, e.to)
	if d > o.reachM() {
		return
	}
	for _, beside := range e.besides() {
		if id := o.index.Locate(beside); id != o.own {
			o.add(Other{id, d})
		}
	}
}

func (o *others) add(other Other) {
	if i := slices.IndexFunc(o.found, func(f Other) bool { return f.ID == other.ID }); i >= 0 {
		if o.found[i].DistanceM <= other.DistanceM {
			return
		}
		o.found = slices.Delete(o.found, i, i+1)
	}
	at, _ := slices.BinarySearchFunc(o.found, other, func(a, b Other) int {
		return cmp.Or(cmp.Compare(a.DistanceM, b.DistanceM), cmp.Compare(a.ID, b.ID))
	})
	o.found = slices.Insert(o.found, at, other)
	o.found = o.found[:min(len(o.found), MaxOthers)]
}

// besides are two points on both sides of the middle of an edge, two lattice steps away along the axis that the edge follows less, because the
// middle, rounded, can lie up to one step off the edge.
func (e *edge) besides() [2]geo.Point {
	middle := geo.Point{Lon: int32((int64(e.from.Lon) + int64(e.to.Lon)) >> 1), Lat: int32((int64(e.from.Lat) + int64(e.to.Lat)) >> 1)}
	dLon, dLat := int64(e.to.Lon)-int64(e.from.Lon), int64(e.to.Lat)-int64(e.from.Lat)
	if max(dLon, -dLon) >= max(dLat, -dLat) {
		return [2]geo.Point{{Lon: middle.Lon, Lat: middle.Lat - 2}, {Lon: middle.Lon, Lat: middle.Lat + 2}}
	}
	return [2]geo.Point{{Lon: middle.Lon - 2, Lat: middle.Lat}, {Lon: middle.Lon + 2, Lat: middle.Lat}}
}
