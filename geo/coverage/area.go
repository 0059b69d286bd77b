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
