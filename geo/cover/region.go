package cover

import (
	"math"

	"jingwei/geo"
)

const (
	unitsPerRad = geo.UnitsPerDegree * 180 / math.Pi
	halfTurn    = geo.MaxLon // in lattice units
	fullTurn    = 2 * halfTurn

	// circleResolution is the first resolution with circles; coarser cells, and all beyond polarDeg of latitude, have boxes.
	circleResolution = 5
	polarDeg         = 85
	// slackUnits is added to each reach, for centres rounded to the lattice and for floating point; some 9 cm.
	slackUnits = 8
)

// metric turns the lattice into a plane around a cell of circleResolution: longitudes are multiplied by perLon, and a reach in the
// plane of the icosahedron by stretch. No point of the cell's region comes to lie outside the circle: along the way from the centre
// to it (geo.ReachRad) the sphere's lengths are at most geo.StretchAt times the icosahedron's, and the plane's at most widen times
// the sphere's. Its descendants use the same
// metric: their regions and the ways to their points lie in its own.
type metric struct{ perLon, stretch float64 }

func newMetric(center geo.Point) metric {
	reach := geo.ReachRad(circleResolution)
	_, latDeg := center.Degrees()
	lat := math.Abs(latDeg * math.Pi / 180)
	widen := math.Cos(lat) / math.Cos(lat+reach)
	return metric{perLon: math.Cos(lat), stretch: geo.StretchAt(center, reach) * widen}
}

// region holds all points of a cell: a circle in a metric, or a box. It is convex on the lattice, unrolled around its centre where it
// crosses the antimeridian. Units are those of the lattice.
type region struct {
	lon, lat float64 // centre
	metric
	radius    float64 // of the circle in units of latitude; 0 for a box
	halfWidth float64 // of the box around it
	south     float64
	north     float64
	turn      int64 // where it crosses the antimeridian: how far edges from beyond it are moved; else 0
}

// newRegion makes the region of a cell. Boxes take no heed of m.
func newRegion(center geo.Point, resolution int, m metric) region {
	r := region{lon: float64(center.Lon), lat: float64(center.Lat), metric: m}
	if isBox(center, resolution) {
		reach := geo.ReachRad(resolution)
		_, latDeg := center.Degrees()
		lat := latDeg * math.Pi / 180
		r.south, r.north = r.lat-reach*unitsPerRad-slackUnits, r.lat+reach*unitsPerRad+slackUnits
		if math.Abs(lat)+reach >= math.Pi/2 {
			// It holds a pole: all longitudes. No edge is moved, because it begins and ends where the lattice does.
			r.lon, r.halfWidth = 0, halfTurn
			return r
		}
		r.halfWidth = math.Asin(math.Sin(reach)/math.Cos(lat))*unitsPerRad + slackUnits
	} else {
		r.radius = geo.ReachRad(resolution)*m.stretch*unitsPerRad + slackUnits
		r.halfWidth = r.radius / m.perLon
		r.south, r.north = r.lat-r.radius, r.lat+r.radius
	}
	switch {
	case r.lon+r.halfWidth >= halfTurn:
		r.turn = fullTurn
	case r.lon-r.halfWidth <= -halfTurn:
		r.turn = -fullTurn
	}
	return r
}

func isBox(center geo.Point, resolution int) bool {
	return resolution < circleResolution || center.Lat > polarDeg*geo.UnitsPerDegree || center.Lat < -polarDeg*geo.UnitsPerDegree
}

// touches reports whether the region may have a point in common with the segment a–b.
func (r *region) touches(a, b geo.Point) bool {
	return r.touchesMoved(a, b, 0) || r.turn != 0 && r.touchesMoved(a, b, float64(r.turn))
}

func (r *region) touchesMoved(a, b geo.Point, by float64) bool {
	aLat, bLat := float64(a.Lat), float64(b.Lat)
	if aLat < r.south && bLat < r.south || aLat > r.north && bLat > r.north {
		return false
	}
	aLon, bLon := float64(a.Lon)-r.lon+by, float64(b.Lon)-r.lon+by
	if aLon < -r.halfWidth && bLon < -r.halfWidth || aLon > r.halfWidth && bLon > r.halfWidth {
		return false
	}
	if r.radius == 0 {
		return true
	}
	// The distance of the centre from the segment.
	x, y := aLon*r.perLon, aLat-r.lat
	dx, dy := (bLon-aLon)*r.perLon, bLat-aLat
	squared, radius2 := dx*dx+dy*dy, r.radius*r.radius
	along := -(x*dx + y*dy)
	switch {
	case along <= 0:
		return x*x+y*y <= radius2
	case along >= squared:
		x, y = x+dx, y+dy
		return x*x+y*y <= radius2
	}
	cross := x*dy - y*dx
	return cross*cross <= radius2*squared
}

// meets reports whether the region may have a point in common with a box.
func (r *region) meets(b Box) bool {
	if float64(b.High.Lat) < r.south || float64(b.Low.Lat) > r.north {
		return false
	}
	west, east := float64(b.Low.Lon)-r.lon, float64(b.High.Lon)-r.lon
	return west <= r.halfWidth && east >= -r.halfWidth ||
		r.turn != 0 && west+float64(r.turn) <= r.halfWidth && east+float64(r.turn) >= -r.halfWidth
}

// holds reports whether the region holds all of a box.
func (r *region) holds(b Box) bool {
	return r.radius == 0 && float64(b.Low.Lat) >= r.south && float64(b.High.Lat) <= r.north &&
		float64(b.Low.Lon)-r.lon >= -r.halfWidth && float64(b.High.Lon)-r.lon <= r.halfWidth
}
