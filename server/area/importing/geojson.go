package importing

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"jingwei/geo"
)

// rawFeature is a feature as the file gives it, its vertices on the lattice. Exactly one of polygons and bad is set.
type rawFeature struct {
	index, line int // 1 for the first; line 0 where it is not known
	id          json.RawMessage
	properties  map[string]json.RawMessage
	polygons    [][][]geo.Point // polygons, rings, points; rings may be open or closed
	bad         *defect
}

// maxFeatureBytes bounds one feature, and the members of a file between its features.
const maxFeatureBytes = 256 << 20

// wireFeature is a GeoJSON feature.
type wireFeature struct {
	Type       string                     `json:"type"`
	ID         json.RawMessage            `json:"id"`
	Properties map[string]json.RawMessage `json:"properties"`
	Geometry   *struct {
		Type        string          `json:"type"`
		Coordinates json.RawMessage `json:"coordinates"`
	} `json:"geometry"`
}

// geoJSON streams features: only one of them is in memory as text.
type geoJSON struct {
	door  door
	lines *lineCounter
	dec   *json.Decoder
	count int
	emit  func(rawFeature)
}

// collection reads a FeatureCollection.
func (g *geoJSON) collection() *Problem {
	if _, err := g.dec.Token(); err != nil {
		return g.syntax(err)
	}
	seen := false
	for g.dec.More() {
		key, err := g.dec.Token()
		if err != nil {
			return g.syntax(err)
		}
		if key == "features" {
			seen = true
			if p := g.features(); p != nil {
				return p
			}
			continue
		}
		var member json.RawMessage
		if err := g.decode(&member); err != nil {
			return g.syntax(err)
		}
		if key == "crs" {
			if p := checkCRS(member); p != nil {
				return p
			}
		}
	}
	if _, err := g.dec.Token(); err != nil {
		return g.syntax(err)
	}
	if _, err := g.dec.Token(); !errors.Is(err, io.EOF) {
		return &Problem{Line: g.lines.at(g.dec.InputOffset()), Reason: NotJSON, Message: "something follows the end of the FeatureCollection",
			Remedy: "one FeatureCollection a file, or one feature a line"}
	}
	if !seen || g.count == 0 {
		return &Problem{Reason: NoFeatures, Message: "the FeatureCollection has no features", Remedy: "check the export: it should hold one polygon an area"}
	}
	return nil
}

func (g *geoJSON) features() *Problem {
	open, err := g.dec.Token()
	if err != nil {
		return g.syntax(err)
	}
	if open != json.Delim('[') {
		return &Problem{Line: g.lines.at(g.dec.InputOffset()), Reason: NoFeatures, Message: `"features" is not an array`, Remedy: "export the file again as GeoJSON"}
	}
	for g.dec.More() {
		if p := g.feature(); p != nil {
			return p
		}
	}
	if _, err := g.dec.Token(); err != nil {
		return g.syntax(err)
	}
	return nil
}

// sequence reads one feature after the other: newline-delimited GeoJSON, or RFC 8142 with its record separators.
func (g *geoJSON) sequence() *Problem {
	for g.dec.More() {
		if p := g.feature(); p != nil {
			return p
		}
	}
	if _, err := g.dec.Token(); !errors.Is(err, io.EOF) {
		return g.syntax(err)
	}
	return nil
}

// decode reads the next value, within the limit on its size.
func (g *geoJSON) decode(into *json.RawMessage) error {
	g.lines.next()
	return g.dec.Decode(into)
}

// feature reads one feature. Only what ends the reading of the file comes back as a problem.
func (g *geoJSON) feature() *Problem {
	g.count++
	var text json.RawMessage
	if err := g.decode(&text); err != nil {
		return g.syntax(err)
	}
	f := rawFeature{index: g.count, line: g.lines.at(g.dec.InputOffset() - int64(len(text)))}
	f.fill(text, g.door)
	g.emit(f)
	return nil
}

// fill reads a feature's text.
func (f *rawFeature) fill(text []byte, d door) {
	if !utf8.Valid(text) {
		f.bad = &defect{reason: NotUTF8, message: "the feature's text is not UTF-8", remedy: "convert the file first (iconv -f GBK -t UTF-8)"}
		return
	}
	var w wireFeature
	err := json.Unmarshal(text, &w)
	f.id, f.properties = w.ID, w.Properties
	switch {
	case err != nil:
		f.bad = &defect{reason: NotAFeature, message: "not a GeoJSON feature: " + plain(err), remedy: "each feature is an object with geometry and properties"}
	case w.Type != "Feature":
		f.bad = &defect{reason: NotAFeature, message: fmt.Sprintf("the type is %.40q where \"Feature\" is expected", w.Type),
			remedy: "wrap each geometry into a feature with its properties"}
	case w.Geometry == nil:
		f.bad = &defect{reason: NoGeometry, message: "the feature has no geometry", remedy: "draw its polygon, or take the feature out"}
	case w.Geometry.Type == "Polygon":
		s := scanner{data: w.Geometry.Coordinates}
		rings, err := s.polygon(d)
		f.polygons = [][][]geo.Point{rings}
		if err != nil {
			f.bad = coordinateDefect(err)
		}
	case w.Geometry.Type == "MultiPolygon":
		s := scanner{data: w.Geometry.Coordinates}
		if f.polygons, err = s.multiPolygon(d); err != nil {
			f.bad = coordinateDefect(err)
		}
	default:
		f.bad = notAPolygon(w.Geometry.Type)
	}
	if f.bad != nil {
		f.polygons = nil
	}
}

func notAPolygon(kind string) *defect {
	return &defect{reason: NotAPolygon, message: fmt.Sprintf("the geometry is a %.40q, not a Polygon or MultiPolygon", kind),
		remedy: "turn it into one polygon or multipolygon, or take the feature out"}
}

// syntax is the problem that ends the reading of a file whose text is broken.
func (g *geoJSON) syntax(err error) *Problem {
	p := &Problem{Feature: g.count, Line: g.lines.at(g.dec.InputOffset()), Reason: NotJSON, Remedy: "export the file again; JSON knows no NaN, no comments and no trailing commas"}
	var tooBig *tooBigError
	switch {
	case errors.As(err, &tooBig):
		p.Reason, p.Message, p.Remedy = TooBig, tooBig.Error(), "split the feature, or check the export"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		p.Message, p.Remedy = "the file ends in the middle of a value", "fetch or export the whole file again"
	default:
		p.Message = "not JSON from here on: " + plain(err)
	}
	return p
}

// plain is an error of encoding/json without its prefix.
func plain(err error) string { return strings.TrimPrefix(err.Error(), "json: ") }

// checkCRS reads the "crs" member of GeoJSON before RFC 7946. CGCS2000 (EPSG:4490) is taken as WGS-84.
func checkCRS(member json.RawMessage) *Problem {
	var crs struct {
		Properties struct {
			Name string `json:"name"`
		} `json:"properties"`
	}
	if bytes.Equal(member, []byte("null")) || json.Unmarshal(member, &crs) != nil || crs.Properties.Name == "" {
		return nil
	}
	name := strings.ToUpper(crs.Properties.Name)
	for _, known := range []string{"CRS84", "4326", "4490"} {
		if strings.HasSuffix(name, ":"+known) || strings.HasSuffix(name, "/"+known) {
			return nil
		}
	}
	return &Problem{Reason: WrongCRS, Message: fmt.Sprintf("the file says that its coordinates are in %.80q", crs.Properties.Name),
		Remedy: "convert to EPSG:4326 (ogr2ogr -t_srs EPSG:4326)"}
}
