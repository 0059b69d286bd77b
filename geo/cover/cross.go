package cover

import "jingwei/geo"

// spot is a place on the lattice unrolled beyond the antimeridian. Differences between a centre and the ends of an edge near it
// are at most 4.5e9 in longitude and 1.8e9 in latitude, so products stay below 2^63; they are compared, never subtracted.
type spot struct{ lon, lat int64 }

func spotOf(p geo.Point) spot { return spot{int64(p.Lon), int64(p.Lat)} }

// Centres are meant a little to the north-east of where they are: by ε in longitude and ε² in latitude, with ε smaller than any number
// (Edelsbrunner and Mücke, "Simulation of Simplicity", 1990). So no centre lies on an edge, no way passes through a vertex, and each
// edge is crossed or not.

// crosses reports whether the way from one centre to another crosses the edge a–b. Exact.
func crosses(from, to, a, b spot) bool {
	if max(a.lat, b.lat) < min(from.lat, to.lat) || min(a.lat, b.lat) > max(from.lat, to.lat) ||
		max(a.lon, b.lon) < min(from.lon, to.lon) || min(a.lon, b.lon) > max(from.lon, to.lon) || from == to {
		return false
	}
	return leftOfWay(from, to, a) != leftOfWay(from, to, b) && leftOfEdge(a, b, from) != leftOfEdge(a, b, to)
}

// passesEast reports whether the edge a–b crosses the parallel of a centre to the east of it. Exact.
func passesEast(center, a, b spot) bool {
	if a.lat > center.lat == (b.lat > center.lat) {
		return false
	}
	return leftOfEdge(a, b, center) == (b.lat > a.lat)
}

// leftOfEdge reports whether a centre lies to the left of the line a→b.
func leftOfEdge(a, b, center spot) bool {
	dLon, dLat := b.lon-a.lon, b.lat-a.lat
	left, right := dLon*(center.lat-a.lat), dLat*(center.lon-a.lon)
	if left != right {
		return left > right
	}
	return dLat < 0 || dLat == 0 && dLon > 0 // ε to the east, or else ε² to the north
}

// leftOfWay reports whether a vertex lies to the left of the way from one centre to another.
func leftOfWay(from, to, vertex spot) bool {
	dLon, dLat := to.lon-from.lon, to.lat-from.lat
	left, right := dLon*(vertex.lat-from.lat), dLat*(vertex.lon-from.lon)
	if left != right {
		return left > right
	}
	return dLat > 0 || dLat == 0 && dLon < 0
}
