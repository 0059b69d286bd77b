package geo

import (
	"fmt"
	"math"

	"github.com/uber/h3-go/v4"
)

// Resolutions of H3 run from 0 to MaxResolution. Incidents carry their cell at IncidentResolution (edges of
// about 11 m, 300 m²).
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

// A cell id is bits: the resolution in bits 52 to 55, then the base cell, then a digit of 3 bits for each finer resolution, from 1 in
// bits 42 to 44 down to 15 in the lowest ones; digits beyond the cell's resolution are 7 (H3's "Index representations").
const (
	resolutionShift = 52
	digitBits       = 3
)

// unusedDigits has all digits set that a cell of a resolution does not use.
func unusedDigits(resolution int) Cell { return 1<<(digitBits*(MaxResolution-resolution)) - 1 }

// BaseCells lists the 122 cells of resolution 0; every other cell descends from one of them.
func BaseCells() []Cell {
	var cells []Cell
	for _, c := range h3.Res0Cells() {
		cells = append(cells, Cell(c))
	}
	return cells
}

// Parent is the cell of a resolution up to c's own from which c descends; 0, which is no cell, for another resolution. c must be a
// cell. Bit arithmetic: about 1 ns.
//
// H3's children stick out of their parents by up to a third of a child, so a point near the border of a cell can lie in a cell whose
// parent is the neighbour: CellAt(p, 12).Parent(8) is not always CellAt(p, 8).
func (c Cell) Parent(resolution int) Cell {
	own := int(c>>resolutionShift) & 15
	if resolution < 0 || resolution > own {
		return 0
	}
	return c&^(15<<resolutionShift) | Cell(resolution)<<resolutionShift | unusedDigits(resolution)
}

// AppendChildren appends the cells one resolution finer whose parent is c: seven, or six for a pentagon; none at MaxResolution. c must
// be a cell.
func (c Cell) AppendChildren(cells []Cell) []Cell {
	finer := int(c>>resolutionShift)&15 + 1
	if finer > MaxResolution {
		return cells
	}
	const skipped = 1 // the digit that children of a pentagon lack
	pentagon := h3.Cell(c).IsPentagon()
	first := c&^(15<<resolutionShift) | Cell(finer)<<resolutionShift
	first &^= 7 << (digitBits * (MaxResolution - finer))
	for digit := range Cell(7) {
		if digit != skipped || !pentagon {
			cells = append(cells, first|digit<<(digitBits*(MaxResolution-finer)))
		}
	}
	return cells
}

// SpacingRad is how far apart the centres of neighbouring cells lie in the plane of H3's icosahedron, in radii of the earth: the unit
// of resolution 0 (RES0_U_GNOMONIC in H3's constants.h), smaller by √7 with each resolution. On the sphere, in radians, it is at most
// that times StretchAt, because a face of the icosahedron is seen from the middle of the earth (a gnomonic projection), which
// shortens no distance.
func SpacingRad(resolution int) float64 {
	return 0.38196601125010500003 / math.Pow(7, float64(resolution)/2)
}

// ReachRad bounds how far from the centre of a cell of a resolution up to IncidentResolution a point can lie whose cell at
// IncidentResolution descends from it; in the units of SpacingRad. The way there leads from each centre to that of a child, which is one
// spacing of the child's resolution away or none, and at last from the centre to the corner of a hexagon. Points come as far as 0.99 of it.
func ReachRad(resolution int) float64 { return reachRad[resolution] }

var reachRad = func() (reach [IncidentResolution + 1]float64) {
	reach[IncidentResolution] = SpacingRad(IncidentResolution) / math.Sqrt(3)
	for r := IncidentResolution; r > 0; r-- {
		reach[r-1] = SpacingRad(r) + reach[r]
	}
	return reach
}()

// StretchAt bounds how long a short way on the sphere is, in radians, compared with the same way in the plane of H3's icosahedron,
// all along within withinRad of p: between 0.79 and 1. The gnomonic projection shrinks by the cosine of the distance from the middle
// of the face, and by its square in the direction away from there.
func StretchAt(p Point, withinRad float64) float64 {
	lon, lat := radians(p)
	sinLat, cosLat := math.Sincos(lat)
	nearest := math.Inf(-1)
	for _, face := range faceCenters {
		nearest = max(nearest, sinLat*face.sinLat+cosLat*face.cosLat*math.Cos(lon-face.lon))
	}
	return math.Cos(max(0, math.Acos(min(nearest, 1))-withinRad))
}

// faceCenters are the middles of the icosahedron's faces: faceCenterGeo of H3's faceijk.c, to a millionth of a degree.
var faceCenters = func() (centers [20]struct{ sinLat, cosLat, lon float64 }) {
	for i, c := range [20][2]float64{ // latitude, longitude, radians
		{0.80358265, 1.24839742}, {1.30774788, 2.53694501}, {1.05475125, -1.34751736}, {0.60019160, -0.45060391},
		{0.49171543, 0.40198820}, {0.17274533, 1.67814689}, {0.60592932, 2.95392333}, {0.42737052, -1.88887620},
		{-0.07906612, -0.73342951}, {-0.23096164, 0.50649559}, {0.07906612, 2.40816314}, {0.23096164, -2.63509707},
		{-0.17274533, -1.46344577}, {-0.60592932, -0.18766932}, {-0.42737052, 1.25271645}, {-0.60019160, 2.69098874},
		{-0.49171543, -2.73960445}, {-0.80358265, -1.89319523}, {-1.30774788, -0.60464764}, {-1.05475125, 1.79407529},
	} {
		centers[i].sinLat, centers[i].cosLat = math.Sincos(c[0])
		centers[i].lon = c[1]
	}
	return centers
}()
