package geo

import (
	"fmt"
	"math"
)

// Datum is a frame in which people in China hand over longitude and latitude.
type Datum uint8

// The frames the program reads and writes.
const (
	WGS84 Datum = iota // GPS, phones; CGCS2000 (Tianditu, surveys) is taken as the same
	GCJ02              // AMap, Tencent: WGS-84 with a secret-by-law shift of some 500 m
	BD09               // Baidu: GCJ-02 shifted once more
)

// ParseDatum reads a frame's word. The empty word means WGS-84.
func ParseDatum(s string) (Datum, error) {
	switch s {
	case "", "wgs84", "cgcs2000":
		return WGS84, nil
	case "gcj02":
		return GCJ02, nil
	case "bd09":
		return BD09, nil
	}
	return WGS84, fmt.Errorf("no coordinate system %q: use wgs84, cgcs2000, gcj02 or bd09", s)
}

// String is the frame's word in the API.
func (d Datum) String() string {
	switch d {
	case WGS84:
		return "wgs84"
	case GCJ02:
		return "gcj02"
	case BD09:
		return "bd09"
	}
	return fmt.Sprintf("datum(%d)", uint8(d))
}

// inverseSteps: GCJ-02 has no closed inverse. One step of the fixed point iteration leaves 2.8 m over east China,
// each further one about 1/200 of that; five leave a nanometre, far below the lattice.
const inverseSteps = 5

// FromWGS84 converts WGS-84 degrees into the frame. Outside mainland China it is the identity.
func (d Datum) FromWGS84(lonDeg, latDeg float64) (float64, float64) {
	if d == WGS84 || !inMainlandChina(lonDeg, latDeg) {
		return lonDeg, latDeg
	}
	lonDeg, latDeg = gcj02FromWGS84(lonDeg, latDeg)
	if d == BD09 {
		lonDeg, latDeg = bd09FromGCJ02(lonDeg, latDeg)
	}
	return lonDeg, latDeg
}

// ToWGS84 converts degrees in the frame into WGS-84. Outside mainland China it is the identity. It inverts FromWGS84
// to better than the lattice, except within the shift (some 700 m) of the frontier, where the frame is not invertible.
func (d Datum) ToWGS84(lonDeg, latDeg float64) (float64, float64) {
	if d == WGS84 || !inMainlandChina(lonDeg, latDeg) {
		return lonDeg, latDeg
	}
	if d == BD09 {
		lonDeg, latDeg = invert(bd09FromGCJ02, lonDeg, latDeg)
	}
	return invert(gcj02FromWGS84, lonDeg, latDeg)
}

// invert solves forward(x) = (lonDeg, latDeg) by x ← x + (target − forward(x)); the shift changes so slowly with
// place that this contracts strongly.
func invert(forward func(lonDeg, latDeg float64) (float64, float64), lonDeg, latDeg float64) (float64, float64) {
	x, y := lonDeg, latDeg
	for range inverseSteps {
		fx, fy := forward(x, y)
		x, y = x+(lonDeg-fx), y+(latDeg-fy)
	}
	return x, y
}

// gcj02FromWGS84 is the shift as known from public re-implementations (first published as "eviltransform"):
// a polynomial plus sines around (105° E, 35° N) in metres-like units, brought to degrees on the Krasovsky 1940 ellipsoid.
func gcj02FromWGS84(lonDeg, latDeg float64) (float64, float64) {
	const (
		semiMajorM    = 6378245.0
		eccentricity2 = 0.00669342162296594323
	)
	x, y := lonDeg-105, latDeg-35
	root := math.Sqrt(math.Abs(x))
	common := 2.0 / 3 * (20*math.Sin(6*x*math.Pi) + 20*math.Sin(2*x*math.Pi))
	east := 300 + x + 2*y + 0.1*x*x + 0.1*x*y + 0.1*root + common +
		2.0/3*(20*math.Sin(x*math.Pi)+40*math.Sin(x/3*math.Pi)+150*math.Sin(x/12*math.Pi)+300*math.Sin(x/30*math.Pi))
	north := -100 + 2*x + 3*y + 0.2*y*y + 0.1*x*y + 0.2*root + common +
		2.0/3*(20*math.Sin(y*math.Pi)+40*math.Sin(y/3*math.Pi)+160*math.Sin(y/12*math.Pi)+320*math.Sin(y*math.Pi/30))
	sin, cos := math.Sincos(latDeg * math.Pi / 180)
	magic := 1 - eccentricity2*sin*sin
	meridianM := semiMajorM * (1 - eccentricity2) / (magic * math.Sqrt(magic))
	parallelM := semiMajorM / math.Sqrt(magic) * cos
	return lonDeg + east*180/(parallelM*math.Pi), latDeg + north*180/(meridianM*math.Pi)
}

// bd09FromGCJ02 is Baidu's further shift: a small wobble in polar coordinates and a constant offset.
func bd09FromGCJ02(lonDeg, latDeg float64) (float64, float64) {
	const wobble = math.Pi * 3000 / 180
	radius := math.Hypot(lonDeg, latDeg) + 0.00002*math.Sin(latDeg*wobble)
	sin, cos := math.Sincos(math.Atan2(latDeg, lonDeg) + 0.000003*math.Cos(lonDeg*wobble))
	return radius*cos + 0.0065, radius*sin + 0.006
}

// box is west, south, east, north in degrees, closed.
type box [4]float64

func (b box) holds(lonDeg, latDeg float64) bool {
	return b[0] <= lonDeg && lonDeg <= b[2] && b[1] <= latDeg && latDeg <= b[3]
}

// Mainland China as boxes, the coarse test that map services' own clients use, to about 0.01°. It errs towards "in"
// along the land frontier, where nobody hands over shifted coordinates of the other side.
var (
	mainland = [...]box{
		{79.45, 42.89, 96.33, 49.22},
		{109.69, 39.37, 135.00, 54.14},
		{73.12, 29.53, 124.14, 42.89},
		{82.97, 26.72, 97.04, 29.53},
		{97.03, 20.41, 124.37, 29.53},
		{107.98, 17.87, 111.74, 20.41},
	}
	notMainland = [...]box{
		{119.92, 21.79, 122.50, 25.40}, // Taiwan
		{113.84, 22.15, 114.41, 22.44}, // Hong Kong: islands and the south of Kowloon
		{113.96, 22.44, 114.41, 22.50}, // Hong Kong: New Territories
		{113.54, 22.11, 113.60, 22.21}, // Macao
		{101.87, 20.10, 106.67, 22.28}, // Laos and Viet Nam
		{106.45, 20.49, 108.05, 21.54}, // Viet Nam
		{109.03, 50.33, 119.13, 55.82}, // Russia
		{127.46, 49.56, 137.02, 55.82}, // Russia
		{131.27, 42.57, 137.02, 44.89}, // Russia
	}
)

func inMainlandChina(lonDeg, latDeg float64) bool {
	for _, b := range notMainland {
		if b.holds(lonDeg, latDeg) {
			return false
		}
	}
	for _, b := range mainland {
		if b.holds(lonDeg, latDeg) {
			return true
		}
	}
	return false
}
