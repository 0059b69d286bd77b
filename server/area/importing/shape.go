package importing

import (
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/ewkb"

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
)

// What was mended of single rings, in reports.
const (
	collapsedRing  = "collapsed_ring"
	openRing       = "open_ring"
	repeatedVertex = "repeated_vertex"
	orientation    = "orientation"
)

// mendWords in the order of their weight.
var mendWords = []struct {
	mend mend
	word string
}{
	{mendedCollapsed, collapsedRing}, {mendedOpen, openRing}, {mendedRepeated, repeatedVertex}, {mendedOrientation, orientation},
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

// encodeShape writes a shape as an EWKB multipolygon.
func encodeShape(shape []coverage.Polygon) ([]byte, error) {
	multi := make(orb.MultiPolygon, len(shape))
	for i, polygon := range shape {
		multi[i] = make(orb.Polygon, len(polygon))
		for j, ring := range polygon {
			multi[i][j] = make(orb.Ring, 0, len(ring)+1)
			for _, p := range ring {
				multi[i][j] = append(multi[i][j], p.Orb())
			}
			multi[i][j] = append(multi[i][j], ring[0].Orb())
		}
	}
	return ewkb.Marshal(multi, srid)
}
