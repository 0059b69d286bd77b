package snap

import (
	"cmp"
	"slices"

	"jingwei/geo"
	"jingwei/geo/coverage"
)

// MaxOthers is how many others are told at most.
const MaxOthers = 8

// fromEnds is how far from the ends of an edge it is asked who owns what beside it, in lattice steps: at an end others begin.
const fromEnds = 8

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
// Who owns what is asked two lattice steps to each side of an edge, beside its point nearest to p but fromEnds steps from its ends, so that what is told is
// that near, also where an edge passes several owners because they do not share their corners with it; and beside its middle, for areas that are narrower than
// that where they are nearest. One that is narrower everywhere can be missed, and one whose border others hide in part can be told farther away than it lies.
// Distances are those of Nearest: good to some 0.1 % over 100 km, not across the antimeridian.
//
// Cost: about 0.5 µs for each edge within the radius, and none for those clearly farther than MaxOthers others: in a county some 1 µs
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
	along := nearestAlong(o.p, e.from, e.to)
	d := geo.DistanceM(o.p, pointAlong(e.from, e.to, along))
	if d > o.reachM() {
		return
	}
	dLon, dLat := int64(e.to.Lon)-int64(e.from.Lon), int64(e.to.Lat)-int64(e.from.Lat)
	steps := max(dLon, -dLon, dLat, -dLat)
	if steps <= 2*fromEnds {
		o.ask(e, 0.5, d)
		return
	}
	least := fromEnds / float64(steps)
	o.ask(e, min(max(along, least), 1-least), d)
	if along > least && along < 1-least {
		return
	}
	if middleM := geo.DistanceM(o.p, pointAlong(e.from, e.to, 0.5)); middleM <= o.reachM() {
		o.ask(e, 0.5, middleM)
	}
}

// ask adds who owns what beside a point of an edge: two lattice steps away along the axis that the edge follows less, because the point, rounded, can lie up
// to one step off the edge.
func (o *others) ask(e edge, along, distanceM float64) {
	a := pointAlong(e.from, e.to, along)
	b := a
	dLon, dLat := int64(e.to.Lon)-int64(e.from.Lon), int64(e.to.Lat)-int64(e.from.Lat)
	if max(dLon, -dLon) >= max(dLat, -dLat) {
		a.Lat, b.Lat = a.Lat-2, b.Lat+2
	} else {
		a.Lon, b.Lon = a.Lon-2, b.Lon+2
	}
	for _, beside := range [...]geo.Point{a, b} {
		if id := o.index.Locate(beside); id != o.own {
			o.add(Other{id, distanceM})
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
