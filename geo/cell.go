package geo

import (
	"fmt"

	"github.com/uber/h3-go/v4"
)

// Resolutions of H3 run from 0 to MaxResolution. Incidents carry their cell at IncidentResolution (edges of
// about 11 m).
const (
	MaxResolution      = 15
	IncidentResolution = 12
)

// Cell is an H3 cell id. This file is the only place where (lon, lat) meets H3's (lat, lng).
type Cell uint64

// CellAt is the H3 cell that holds p at a resolution of 0 to MaxResolution; 0, which is no cell, for any other
// resolution. Costs about 2 µs, through cgo.
func CellAt(p Point, resolution int) Cell {
	if resolution < 0 || resolution > MaxResolution {
		return 0
	}
	lonDeg, latDeg := p.Degrees()
	return Cell(h3.LatLngToCell(h3.NewLatLng(latDeg, lonDeg), resolution))
}

// ParseCell reads the hexadecimal form of a cell id.
func ParseCell(s string) (Cell, error) {
	c := h3.Cell(h3.IndexFromString(s))
	if !c.IsValid() {
		return 0, fmt.Errorf("%q is no H3 cell: use its 15 hexadecimal digits, such as 8c309946b8d35ff", s)
	}
	return Cell(c), nil
}

// String is the usual hexadecimal form, 15 digits.
func (c Cell) String() string { return h3.Cell(c).String() }

// Valid reports whether c is a cell.
func (c Cell) Valid() bool { return h3.Cell(c).IsValid() }

// Resolution is the cell's resolution, 0 to MaxResolution; -1 when c is no cell.
func (c Cell) Resolution() int {
	if !c.Valid() {
		return -1
	}
	return h3.Cell(c).Resolution()
}

// Center is the cell's centre, rounded to the lattice; the zero Point when c is no cell.
func (c Cell) Center() Point {
	if !c.Valid() {
		return Point{}
	}
	return pointOfLatLng(h3.Cell(c).LatLng())
}

// Boundary is the cell's outline, counter-clockwise, rounded to the lattice, 5 to 10 vertices; nil when c is no
// cell. Cells that straddle the antimeridian have vertices on both of its sides.
func (c Cell) Boundary() []Point {
	if !c.Valid() {
		return nil
	}
	outline := h3.Cell(c).Boundary()
	points := make([]Point, len(outline))
	for i, vertex := range outline {
		points[i] = pointOfLatLng(vertex)
	}
	return points
}

// pointOfLatLng clamps, because H3 may leave the world by a rounding error.
func pointOfLatLng(v h3.LatLng) Point {
	p, err := PointOf(min(max(v.Lng, -180), 180), min(max(v.Lat, -90), 90))
	if err != nil {
		return Point{}
	}
	return p
}
