package importing

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"jingwei/geo"
)

// defect is why a shape or a property cannot be used; it becomes a Problem when the feature is known.
type defect struct {
	reason, message, remedy string
	at                      *[2]float64
}

func (d *defect) Error() string { return d.message }

// door is where coordinates come in: the file's frame is left behind, and every vertex is put on the lattice.
type door struct{ datum geo.Datum }

// point converts one position. The caller adds where in the feature it stands.
func (d door) point(x, y float64) (geo.Point, *defect) {
	if math.IsNaN(x) || math.IsNaN(y) || math.IsInf(x, 0) || math.IsInf(y, 0) {
		return geo.Point{}, &defect{reason: CoordinateRange, message: fmt.Sprintf("the coordinate (%v, %v) is not a finite number", x, y),
			remedy: "export the file again; a number must lie within ±180 and ±90"}
	}
	lon, lat := x, y
	if math.Abs(x) <= 180 && math.Abs(y) <= 90 {
		lon, lat = d.datum.ToWGS84(x, y)
	}
	p, err := geo.PointOf(lon, lat)
	switch {
	case err == nil:
		return p, nil
	case math.Abs(x) <= 90 && math.Abs(y) <= 180:
		return p, &defect{reason: SwappedAxes, message: fmt.Sprintf("latitude %v is beyond ±90: latitude seems to stand before longitude in (%v, %v)", y, x, y),
			remedy: "swap the axes (ogr2ogr: -swapxy on the source, or axis order \"traditional GIS\")"}
	case math.Abs(x) > 1000 || math.Abs(y) > 1000:
		return p, &defect{reason: CoordinateRange, message: fmt.Sprintf("(%v, %v) are no degrees; they look like metres of a map projection", x, y),
			remedy: "convert to EPSG:4326 (ogr2ogr -t_srs EPSG:4326)"}
	}
	return p, &defect{reason: CoordinateRange, message: fmt.Sprintf("(%v, %v) is outside ±180, ±90 degrees", x, y),
		remedy: "convert to EPSG:4326, longitude before latitude"}
}

// scanner reads the nested arrays of numbers of a GeoJSON geometry, or of a TopoJSON arc, from text that is valid JSON already.
type scanner struct {
	data []byte
	at   int
}

var errNotNested = errors.New("not the arrays of numbers that the type asks for")

func (s *scanner) blank() {
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

// array calls element for each element of the array that begins here.
func (s *scanner) array(element func(i int) error) error {
	s.blank()
	if s.at >= len(s.data) || s.data[s.at] != '[' {
		return errNotNested
	}
	s.at++
	s.blank()
	if s.at < len(s.data) && s.data[s.at] == ']' {
		s.at++
		return nil
	}
	for i := 0; ; i++ {
		if err := element(i); err != nil {
			return err
		}
		s.blank()
		if s.at >= len(s.data) {
			return errNotNested
		}
		s.at++
		switch s.data[s.at-1] {
		case ',':
		case ']':
			return nil
		default:
			return errNotNested
		}
	}
}

// number reads one number; what is too large for a double comes as an infinity, which the door refuses by its value.
func (s *scanner) number() (float64, error) {
	s.blank()
	begin := s.at
	for s.at < len(s.data) && (s.data[s.at] >= '0' && s.data[s.at] <= '9' || s.data[s.at] == '-' || s.data[s.at] == '+' ||
		s.data[s.at] == '.' || s.data[s.at] == 'e' || s.data[s.at] == 'E') {
		s.at++
	}
	v, err := strconv.ParseFloat(string(s.data[begin:s.at]), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, errNotNested
	}
	return v, nil
}

// position reads one position; a third number (height) and further ones are dropped.
func (s *scanner) position() (x, y float64, err error) {
	n := 0
	err = s.array(func(i int) error {
		v, err := s.number()
		switch i {
		case 0:
			x = v
		case 1:
			y = v
		}
		n++
		return err
	})
	if err == nil && n < 2 {
		err = fmt.Errorf("a position of %d numbers", n)
	}
	return x, y, err
}

// points reads an array of positions onto the lattice.
func (s *scanner) points(d door) ([]geo.Point, error) {
	var points []geo.Point
	err := s.array(func(i int) error {
		x, y, err := s.position()
		if err != nil {
			return fmt.Errorf("vertex %d: %w", i+1, err)
		}
		p, bad := d.point(x, y)
		if bad != nil {
			return fmt.Errorf("vertex %d: %w", i+1, bad)
		}
		points = append(points, p)
		return nil
	})
	return points, err
}

// polygon reads the rings of a GeoJSON Polygon.
func (s *scanner) polygon(d door) ([][]geo.Point, error) {
	var rings [][]geo.Point
	err := s.array(func(i int) error {
		ring, err := s.points(d)
		if err != nil {
			return fmt.Errorf("ring %d: %w", i+1, err)
		}
		rings = append(rings, ring)
		return nil
	})
	return rings, err
}

// multiPolygon reads the polygons of a GeoJSON MultiPolygon.
func (s *scanner) multiPolygon(d door) ([][][]geo.Point, error) {
	var polygons [][][]geo.Point
	err := s.array(func(i int) error {
		polygon, err := s.polygon(d)
		if err != nil {
			return fmt.Errorf("polygon %d: %w", i+1, err)
		}
		polygons = append(polygons, polygon)
		return nil
	})
	return polygons, err
}

// coordinateDefect turns an error of the scanner into a defect that still says where in the feature it is.
func coordinateDefect(err error) *defect {
	if bad, ok := errors.AsType[*defect](err); ok {
		located := *bad
		located.message = err.Error()
		return &located
	}
	return &defect{reason: BadCoordinates, message: "coordinates: " + err.Error(), remedy: "export the file again as GeoJSON polygons"}
}
