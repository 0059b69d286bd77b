package coverage

import "jingwei/geo"

// Ring is a closed line on the lattice; the first point is not repeated at the end.
type Ring []geo.Point

// Polygon is a shell and its holes.
type Polygon []Ring

// Area is one area as it goes into a Coverage and comes out of it.
type Area struct {
	Code   string
	Parent string // code of the area one level up; empty at the top
	Name   string
	Level  Level
	Shape  []Polygon // a multipolygon
}

// Side tells exactly whether p is inside the area, on its border or outside: even-odd over all rings. It is the slow,
// obvious test that package snap is held against; cost: one pass over the vertices.
func (a Area) Side(p geo.Point) geo.Side {
	inside := false
	for _, polygon := range a.Shape {
		switch geo.SideOf(p, polygon...) {
		case geo.Border:
			return geo.Border
		case geo.Inside:
			inside = !inside
		case geo.Outside:
		}
	}
	if inside {
		return geo.Inside
	}
	return geo.Outside
}
