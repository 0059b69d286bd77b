package geo

import "math"

// EarthRadiusM is the mean radius of the WGS-84 ellipsoid, in metres.
const EarthRadiusM = 6371008.8

// DistanceM is the great-circle distance in metres on the mean sphere (haversine). Against the ellipsoid it is wrong by
// at most 0.56 %.
func DistanceM(a, b Point) float64 {
	lonA, latA := radians(a)
	lonB, latB := radians(b)
	sinLat, sinLon := math.Sin((latB-latA)/2), math.Sin((lonB-lonA)/2)
	h := sinLat*sinLat + math.Cos(latA)*math.Cos(latB)*sinLon*sinLon
	return 2 * EarthRadiusM * math.Asin(math.Sqrt(min(h, 1)))
}

func radians(p Point) (lon, lat float64) {
	lonDeg, latDeg := p.Degrees()
	return lonDeg * math.Pi / 180, latDeg * math.Pi / 180
}
