package importing

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/ewkb"
	"github.com/paulmach/orb/encoding/wkb"

	"jingwei/geo"
	"jingwei/geo/coverage"
)

// srid is EPSG:4326, the frame of everything in the database.
const srid = 4326

// mend is what tidyRing did to a ring, as a set.
type mend uint8

const (
	mendedOpen mend = 1 << iota
	mendedRepeated
	mendedOrientation
	mendedCollapsed
	mendedCrossing // by PostGIS, in repair.go
	mendedShared   // a vertex of a neighbour's repair was taken over
)

// mendWords in the order of their weight.
var mendWords = []struct {
	mend mend
	word string
}{
	{mendedCrossing, "self_touch"}, {mendedShared, "shared_vertex"}, {mendedCollapsed, "collapsed_ring"},
	{mendedOpen, "open_ring"}, {mendedRepeated, "repeated_vertex"}, {mendedOrientation, "orientation"},
}

// tidyRing makes a file's ring a ring of this program: the closing point dropped, no vertex twice in a row, counter-clockwise for a
// shell and clockwise for a hole. A ring of fewer than three places comes back nil. A ring that crosses itself keeps doing so.
func tidyRing(points []geo.Point, hole bool) (coverage.Ring, mend) {
	var done mend
	if n := len(points); n > 1 && points[0] == points[n-1] {
		points = points[:n-1]
	} else if n > 0 {
		done |= mendedOpen
	}
	ring := make(coverage.Ring, 0, len(points))
	for _, p := range points {
		if len(ring) > 0 && ring[len(ring)-1] == p {
			done |= mendedRepeated
			continue
		}
		ring = append(ring, p)
	}
	for len(ring) > 1 && ring[0] == ring[len(ring)-1] {
		ring = ring[:len(ring)-1]
		done |= mendedRepeated
	}
	if len(ring) < 3 {
		return nil, done | mendedCollapsed
	}
	if turn := geo.TwiceArea(ring).Sign(); turn < 0 && !hole || turn > 0 && hole {
		slices.Reverse(ring)
		done |= mendedOrientation
	}
	return ring, done
}

// tidyShape tidies every ring of a shape. Collapsed rings go, and polygons whose shell collapsed.
func tidyShape(polygons [][][]geo.Point) ([]coverage.Polygon, mend) {
	var done mend
	shape := make([]coverage.Polygon, 0, len(polygons))
	for _, rings := range polygons {
		polygon := make(coverage.Polygon, 0, len(rings))
		for i, points := range rings {
			ring, mended := tidyRing(points, i > 0)
			done |= mended
			if ring == nil {
				if i == 0 {
					break
				}
				continue
			}
			polygon = append(polygon, ring)
		}
		if len(polygon) > 0 {
			shape = append(shape, polygon)
		}
	}
	return shape, done
}

// areaM2 is the area of a shape in square metres on the mean sphere, its edges taken as straight in the cylindrical equal-area
// projection (off by less than 1e-6 of the area for edges up to 10 km). It does not lose digits on slivers.
func areaM2(shape []coverage.Polygon) float64 {
	sum := 0.0
	for _, polygon := range shape {
		for _, ring := range polygon {
			sum += ringAreaM2(ring)
		}
	}
	return math.Abs(sum)
}

func ringAreaM2(ring coverage.Ring) float64 {
	if len(ring) < 3 {
		return 0
	}
	const radiansPerUnit = math.Pi / 180 / geo.UnitsPerDegree
	origin := ring[0]
	// sin a − sin b as a product keeps its digits where a and b are close.
	project := func(p geo.Point) (x, y float64) {
		half := (float64(p.Lat) - float64(origin.Lat)) * radiansPerUnit / 2
		middle := (float64(p.Lat) + float64(origin.Lat)) * radiansPerUnit / 2
		return (float64(p.Lon) - float64(origin.Lon)) * radiansPerUnit, 2 * math.Cos(middle) * math.Sin(half)
	}
	twice := 0.0
	ax, ay := project(ring[1])
	for _, p := range ring[2:] {
		bx, by := project(p)
		twice += ax*by - ay*bx
		ax, ay = bx, by
	}
	return twice / 2 * geo.EarthRadiusM * geo.EarthRadiusM
}

// vertices counts them.
func vertices(shape []coverage.Polygon) int {
	n := 0
	for _, polygon := range shape {
		for _, ring := range polygon {
			n += len(ring)
		}
	}
	return n
}

// place is a point in degrees, as reports give it.
func place(p geo.Point) *[2]float64 {
	lon, lat := p.Degrees()
	return &[2]float64{lon, lat}
}

// anyPlace is the first vertex of a shape, to name it by; nil for an empty shape.
func anyPlace(shape []coverage.Polygon) *[2]float64 {
	if len(shape) == 0 {
		return nil
	}
	return place(shape[0][0][0])
}

// sameShape tells whether two shapes are the same set of points written with the same vertices: where a ring begins and in which
// order rings and polygons stand does not matter.
func sameShape(a, b []coverage.Polygon) bool {
	if len(a) != len(b) || vertices(a) != vertices(b) {
		return false
	}
	return slices.EqualFunc(canonical(a), canonical(b), func(p, q coverage.Polygon) bool {
		return slices.EqualFunc(p, q, slices.Equal[coverage.Ring])
	})
}

// canonical is a copy in which each ring begins at its lowest vertex, and holes and polygons are sorted.
func canonical(shape []coverage.Polygon) []coverage.Polygon {
	out := make([]coverage.Polygon, len(shape))
	for i, polygon := range shape {
		out[i] = make(coverage.Polygon, len(polygon))
		for j, ring := range polygon {
			start := 0
			for k := range ring {
				if comparePoints(ring[k], ring[start]) < 0 {
					start = k
				}
			}
			out[i][j] = slices.Concat(ring[start:], ring[:start])
		}
		slices.SortFunc(out[i][1:], compareRings)
	}
	slices.SortFunc(out, func(p, q coverage.Polygon) int { return slices.CompareFunc(p, q, compareRings) })
	return out
}

func compareRings(r, s coverage.Ring) int { return slices.CompareFunc(r, s, comparePoints) }

func comparePoints(a, b geo.Point) int {
	return cmp.Or(cmp.Compare(a.Lon, b.Lon), cmp.Compare(a.Lat, b.Lat))
}

// encodeShape writes a shape as an EWKB multipolygon.
func encodeShape(shape []coverage.Polygon) ([]byte, error) {
	multi := make(orb.MultiPolygon, len(shape))
	for i, polygon := range shape {
		multi[i] = make(orb.Polygon, len(polygon))
		for j, ring := range polygon {
			multi[i][j] = append(orb.Ring(orbLine(ring)), ring[0].Orb())
		}
	}
	return ewkb.Marshal(multi, srid)
}

func orbLine(points []geo.Point) orb.LineString {
	line := make(orb.LineString, 0, len(points)+1)
	for _, p := range points {
		line = append(line, p.Orb())
	}
	return line
}

// decodeShape reads a WKB polygon or multipolygon whose vertices lie on the lattice, and turns its rings the right way round.
func decodeShape(data []byte) ([]coverage.Polygon, error) {
	geometry, err := wkb.Unmarshal(data)
	if err != nil {
		return nil, err
	}
	var multi orb.MultiPolygon
	switch g := geometry.(type) {
	case orb.MultiPolygon:
		multi = g
	case orb.Polygon:
		multi = orb.MultiPolygon{g}
	default:
		return nil, fmt.Errorf("a %s where a polygon should be", geometry.GeoJSONType())
	}
	polygons := make([][][]geo.Point, len(multi))
	for i, polygon := range multi {
		polygons[i] = make([][]geo.Point, len(polygon))
		for j, ring := range polygon {
			points := make([]geo.Point, len(ring))
			for k, vertex := range ring {
				if points[k], err = geo.PointOf(vertex.Lon(), vertex.Lat()); err != nil {
					return nil, err
				}
			}
			polygons[i][j] = points
		}
	}
	shape, _ := tidyShape(polygons)
	return shape, nil
}

// encodeLines writes a line or lines as EWKB.
func encodeLines(lines orb.Geometry) ([]byte, error) { return ewkb.Marshal(lines, srid) }
