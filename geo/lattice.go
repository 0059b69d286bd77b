package geo

import (
	"errors"
	"fmt"
	"math"

	"github.com/paulmach/orb"
)

// UnitsPerDegree is the number of lattice steps in one degree: the lattice is 1e-7°, about 1 cm.
const UnitsPerDegree = 10_000_000

// ErrCoordinate tells that a pair of numbers is no longitude and latitude in degrees.
var ErrCoordinate = errors.New("not a longitude and latitude in degrees")

// Point is a place on the lattice: longitude and latitude in units of 1e-7°.
type Point struct{ Lon, Lat int32 }

// PointOf rounds degrees to the nearest lattice point. It fails with ErrCoordinate on NaN, infinities and
// values outside [-180, 180] × [-90, 90].
func PointOf(lonDeg, latDeg float64) (Point, error) {
	if !(lonDeg >= -180 && lonDeg <= 180) || !(latDeg >= -90 && latDeg <= 90) {
		return Point{}, fmt.Errorf("%w: lon %v, lat %v (lon is -180 to 180, lat is -90 to 90)", ErrCoordinate, lonDeg, latDeg)
	}
	return Point{int32(math.Round(lonDeg * UnitsPerDegree)), int32(math.Round(latDeg * UnitsPerDegree))}, nil
}

// Degrees is the point as longitude and latitude in degrees.
func (p Point) Degrees() (lonDeg, latDeg float64) {
	return float64(p.Lon) / UnitsPerDegree, float64(p.Lat) / UnitsPerDegree
}

// Orb is the point as an orb.Point (lon, lat) in degrees.
func (p Point) Orb() orb.Point {
	lon, lat := p.Degrees()
	return orb.Point{lon, lat}
}
