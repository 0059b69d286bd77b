package geo

import (
	"errors"
	"fmt"
	"math"

	"github.com/paulmach/orb"
)

// UnitsPerDegree is the number of lattice steps in one degree: the lattice is 1e-7°, about 1 cm.
const UnitsPerDegree = 10_000_000

// MaxLon and MaxLat bound the lattice: every Point has |Lon| ≤ MaxLon and |Lat| ≤ MaxLat. All predicates rely on
// it: coordinate differences then fit 33 bits, and the product of a longitude and a latitude difference is at most
// 3.6e9 · 1.8e9 = 6.48e18 < 2^63. Products are therefore compared in int64, never subtracted.
const (
	MaxLon = 180 * UnitsPerDegree
	MaxLat = 90 * UnitsPerDegree
)

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

// Valid reports whether p lies on the lattice, that is within [-180°, 180°] × [-90°, 90°].
func (p Point) Valid() bool {
	return p.Lon >= -MaxLon && p.Lon <= MaxLon && p.Lat >= -MaxLat && p.Lat <= MaxLat
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

// Compare orders points by longitude, then latitude: -1, 0 or +1.
func (p Point) Compare(q Point) int {
	switch {
	case p.Lon < q.Lon:
		return -1
	case p.Lon > q.Lon:
		return +1
	case p.Lat < q.Lat:
		return -1
	case p.Lat > q.Lat:
		return +1
	}
	return 0
}

// Orient tells on which side of the directed line a→b the point c lies: +1 left, -1 right, 0 on the line. Exact.
func Orient(a, b, c Point) int {
	left := (int64(b.Lon) - int64(a.Lon)) * (int64(c.Lat) - int64(a.Lat))
	right := (int64(b.Lat) - int64(a.Lat)) * (int64(c.Lon) - int64(a.Lon))
	switch {
	case left > right:
		return +1
	case left < right:
		return -1
	}
	return 0
}

// OnSegment reports whether p lies on the closed segment a–b. Exact.
func OnSegment(p, a, b Point) bool {
	return min(a.Lon, b.Lon) <= p.Lon && p.Lon <= max(a.Lon, b.Lon) &&
		min(a.Lat, b.Lat) <= p.Lat && p.Lat <= max(a.Lat, b.Lat) &&
		Orient(a, b, p) == 0
}

// SegmentsMeet reports whether the closed segments a–b and c–d have a point in common. Exact.
func SegmentsMeet(a, b, c, d Point) bool {
	abc, abd := Orient(a, b, c), Orient(a, b, d)
	cda, cdb := Orient(c, d, a), Orient(c, d, b)
	if abc*abd < 0 && cda*cdb < 0 {
		return true
	}
	return OnSegment(c, a, b) || OnSegment(d, a, b) || OnSegment(a, c, d) || OnSegment(b, c, d)
}
