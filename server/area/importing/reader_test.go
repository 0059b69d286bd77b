package importing

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"jingwei/geo"
	"jingwei/geo/coverage"
)

const square = `{"type":"Polygon","coordinates":[[[119,31],[120,31],[120,32],[119,32],[119,31]]]}`

// readAll reads a file as an import does, without a database.
func readAll(t testing.TB, file string, change ...func(*Options)) *importer {
	t.Helper()
	im := &importer{opt: Options{Code: "code", Name: "name", Codes: Free}, byCode: map[string]*feature{}}
	for _, c := range change {
		c(&im.opt)
	}
	if err := im.defaults("file"); err != nil {
		t.Fatal(err)
	}
	fatal, err := im.read(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if fatal != nil {
		im.problem(*fatal)
	}
	return im
}

func feature1(geometry string) string {
	return `{"type":"FeatureCollection","features":[` + featureText("A", geometry) + `]}`
}

func TestBadFiles(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000)
	for _, c := range []struct {
		name, file, reason string
		feature, line      int
		says               string
	}{
		{"empty", "", EmptyFile, 0, 0, "empty"},
		{"blank", " \n\t\n", EmptyFile, 0, 0, "empty"},
		{"BOM only", "\xef\xbb\xbf", EmptyFile, 0, 0, "empty"},
		{"UTF-16", "\xff\xfe{\x00", NotUTF8, 0, 0, "UTF-16"},
		{"zip", "PK\x03\x04whatever", UnknownFormat, 0, 0, "shapefile"},
		{"KML", "<?xml version='1.0'?><kml/>", UnknownFormat, 0, 0, "KML"},
		{"CSV", "lon,lat\n1,2\n", NotJSON, 0, 1, "lon,lat"},
		{"array", "[1,2]", NotJSON, 0, 1, "[1,2]"},
		{"object of no kind", `{"a":1}`, UnknownFormat, 0, 0, "neither"},
		{"bare geometry", square, UnknownFormat, 0, 0, "Polygon"},
		{"cut off", feature1(square)[:150], NotJSON, 1, 1, "ends in the middle"},
		{"cut off between features", `{"type":"FeatureCollection","features":[`, NotJSON, 0, 1, "ends in the middle"},
		{"trailing comma", "{\"type\":\"FeatureCollection\",\n\"features\":[\n" + featureText("A", square) + ",\n]}", NotJSON, 2, 3, "invalid character ']'"},
		{"something after the end", feature1(square) + `{"type":"Feature"}`, NotJSON, 0, 1, "follows"},
		{"no features", `{"type":"FeatureCollection","features":[]}`, NoFeatures, 0, 0, "no features"},
		{"features missing", `{"type":"FeatureCollection"}`, NoFeatures, 0, 0, "no features"},
		{"features null", `{"type":"FeatureCollection","features":null}`, NoFeatures, 0, 1, "not an array"},
		{"deep nesting", feature1(`{"type":"Polygon","coordinates":` + deep + `}`), NotJSON, 1, 1, "max depth"},
		{"another reference system", `{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::4549"}},"features":[]}`, WrongCRS, 0, 0, "EPSG::4549"},
		{"NaN", feature1(`{"type":"Polygon","coordinates":[[[NaN,31],[120,31],[120,32],[NaN,31]]]}`), NotJSON, 1, 1, "invalid character 'N'"},

		{"a number for a feature", `{"type":"FeatureCollection","features":[7]}`, NotAFeature, 1, 1, "not a GeoJSON feature"},
		{"a geometry for a feature", `{"type":"FeatureCollection","features":[` + square + `]}`, NotAFeature, 1, 1, "Polygon"},
		{"GBK", feature1(strings.Replace(square, "Polygon", "\xb9\xe3\xb3\xa1", 1)), NotUTF8, 1, 1, "UTF-8"},
		{"no geometry", feature1(`null`), NoGeometry, 1, 1, "no geometry"},
		{"line", feature1(`{"type":"LineString","coordinates":[[119,31],[120,32]]}`), NotAPolygon, 1, 1, "LineString"},
		{"collection of geometries", feature1(`{"type":"GeometryCollection","geometries":[` + square + `]}`), NotAPolygon, 1, 1, "GeometryCollection"},
		{"1e999", feature1(strings.Replace(square, "120,31", "1e999,31", 1)), CoordinateRange, 1, 1, "ring 1: vertex 2: the coordinate (+Inf, 31)"},
		{"metres", feature1(strings.Replace(square, "120,31", "13358338.9,3675012.1", 1)), CoordinateRange, 1, 1, "metres of a map projection"},
		{"beyond the world", feature1(strings.Replace(square, "120,31", "181,31", 1)), CoordinateRange, 1, 1, "outside ±180"},
		{"latitude first", feature1(strings.NewReplacer("119,31", "31,119", "120,31", "31,120", "120,32", "32,120", "119,32", "32,119").Replace(square)), SwappedAxes, 1, 1, "latitude seems to stand before longitude"},
		{"across the antimeridian", feature1(`{"type":"Polygon","coordinates":[[[179,0],[-179,0],[-179,1],[179,1],[179,0]]]}`), Antimeridian, 1, 1, "antimeridian"},
		{"text for numbers", feature1(`{"type":"Polygon","coordinates":[[["119","31"],[120,31]]]}`), BadCoordinates, 1, 1, "ring 1: vertex 1"},
		{"one number a position", feature1(`{"type":"Polygon","coordinates":[[[119],[120]]]}`), BadCoordinates, 1, 1, "a position of 1 numbers"},
		{"not deep enough", feature1(`{"type":"Polygon","coordinates":[[119,31],[120,31],[120,32]]}`), BadCoordinates, 1, 1, "ring 1"},
		{"too deep", feature1(strings.Replace(square, "Polygon", "MultiPolygon", 1)), BadCoordinates, 1, 1, "polygon 1: ring 1"},
		{"coordinates null", feature1(`{"type":"Polygon","coordinates":null}`), BadCoordinates, 1, 1, "coordinates"},
		{"no rings", feature1(`{"type":"Polygon","coordinates":[]}`), NoArea, 1, 1, "fewer than three"},
		{"two places", feature1(`{"type":"Polygon","coordinates":[[[119,31],[120,31],[119,31]]]}`), NoArea, 1, 1, "fewer than three"},
		{"one place on the lattice", feature1(`{"type":"Polygon","coordinates":[[[119,31],[119.00000001,31],[119,31.00000001],[119,31]]]}`), NoArea, 1, 1, "fewer than three"},

		{"no code", feature1(square)[:0] + `{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"x","Code":1},"geometry":` + square + `}]}`, NoCode, 1, 1, "the feature has Code, name"},
		{"no properties", `{"type":"Feature","properties":null,"geometry":` + square + `}`, NoCode, 1, 1, "no properties"},
		{"code with a blank", strings.Replace(feature1(square), `"code":"A"`, `"code":"A B"`, 1), BadCode, 1, 1, "A B"},
		{"code too long", strings.Replace(feature1(square), `"code":"A"`, `"code":"`+strings.Repeat("字", 33)+`"`, 1), BadCode, 1, 1, "33 characters"},
		{"code is an object", strings.Replace(feature1(square), `"code":"A"`, `"code":{}`, 1), NoCode, 1, 1, "neither text nor a whole number"},
		{"name null", strings.Replace(feature1(square), `"name":"区 A"`, `"name":null`, 1), NoName, 1, 1, "missing or empty"},
		{"name with a control character", strings.Replace(feature1(square), `区 A`, `区\u0000`, 1), BadName, 1, 1, "control"},
		{"name lost in a conversion", strings.Replace(feature1(square), `区 A`, "\ufffd\ufffd", 1), NotUTF8, 1, 1, "lost"},
		{"households are no number", strings.Replace(feature1(square), `"name"`, `"h":"viele","name"`, 1), BadNumber, 1, 1, "viele"},
		{"households negative", strings.Replace(feature1(square), `"name"`, `"h":-3,"name"`, 1), BadNumber, 1, 1, "-3"},
		{"households too many", strings.Replace(feature1(square), `"name"`, `"h":1e300,"name"`, 1), BadNumber, 1, 1, "1e300"},
		{"kind unknown", strings.Replace(feature1(square), `"name"`, `"kind":"x","name"`, 1), BadKind, 1, 1, "x"},

		{"topology cut off", `{"type":"Topology","objects":{`, NotJSON, 0, 1, "not JSON"},
		{"topology of wrong types", `{"type":"Topology","arcs":7}`, BadTopology, 0, 0, "not a TopoJSON"},
		{"topology without objects", `{"type":"Topology","objects":{},"arcs":[]}`, NoFeatures, 0, 0, "no objects"},
		{"topology with two layers", `{"type":"Topology","objects":{"b":{},"a":{}},"arcs":[]}`, UnknownLayer, 0, 0, "the file has a, b"},
		{"arc out of range", topo(`[[0,5]]`), BadTopology, 1, 0, "no arc 5; the file has 2"},
		{"arcs that do not meet", topo(`[[0,0]]`), BadTopology, 1, 0, "does not begin where"},
		{"arcs of wrong depth", topo(`[0,1]`), BadTopology, 1, 0, "not lists of numbers"},
		{"transform too short", strings.Replace(topo(`[[0,1]]`), `"scale":[1,1]`, `"scale":[1]`, 1), BadTopology, 0, 0, "transform"},
	} {
		t.Run(c.name, func(t *testing.T) {
			im := readAll(t, c.file, func(o *Options) { o.Households, o.Kind = "h", "kind" })
			if im.ProblemCount == 0 {
				t.Fatal("no problem found")
			}
			p := im.Problems[0]
			if p.Reason != c.reason || p.Feature != c.feature || p.Line != c.line || !strings.Contains(p.Message, c.says) || p.Remedy == "" {
				t.Errorf("%+v", p)
			}
		})
	}
	t.Run("layer that is not there", func(t *testing.T) {
		im := readAll(t, topo(`[[0,1]]`), func(o *Options) { o.Layer = "x" })
		if im.ProblemCount != 1 || im.Problems[0].Reason != UnknownLayer {
			t.Errorf("%+v", im.Problems)
		}
	})
}

// topo is a topology with one polygon of two arcs.
func topo(arcs string) string {
	return `{"type":"Topology","transform":{"scale":[1,1],"translate":[118,30]},"objects":{"areas":{"type":"GeometryCollection","geometries":[
		{"type":"Polygon","id":"A","properties":{"code":"A","name":"a"},"arcs":` + arcs + `}]}},
		"arcs":[[[1,1],[1,0],[0,1]],[[2,2],[-1,0],[0,-1]]]}`
}

func TestGoodFiles(t *testing.T) {
	t.Parallel()
	one := featureText("A", square)
	want := readAll(t, feature1(square)).features[0].Shape
	for name, file := range map[string]string{
		"BOM":                  "\xef\xbb\xbf" + feature1(square),
		"BOM and blank lines":  "\xef\xbb\xbf\r\n\r\n" + feature1(square) + "\r\n",
		"members in any order": `{"features":[` + one + `],"name":"x","bbox":[1,2,3,4],"type":"FeatureCollection"}`,
		"known crs":            `{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}},"features":[` + one + `]}`,
		"CGCS2000":             `{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::4490"}},"features":[` + one + `]}`,
		"one feature":          one,
		"a feature a line":     one + "\n" + featureText("B", square) + "\n",
		"record separators":    "\x1e" + one + "\n\x1e" + featureText("B", square) + "\n",
		"heights":              feature1(strings.NewReplacer("119,31]", "119,31,5.5]", "120,32]", "120,32,7,8]").Replace(square)),
		"multipolygon":         feature1(strings.NewReplacer("Polygon", "MultiPolygon", "[[[", "[[[[", "]]]", "]]]]").Replace(square)),
		"open ring":            feature1(strings.Replace(square, ",[119,31]]]", "]]", 1)),
		"clockwise":            feature1(`{"type":"Polygon","coordinates":[[[119,31],[119,32],[120,32],[120,31],[119,31]]]}`),
		"repeated vertices":    feature1(strings.Replace(square, "[120,31],", "[120,31],[120,31],[120.00000001,31],", 1)),
		"collapsed hole":       feature1(strings.Replace(square, "]]]", "]],[[119.5,31.5],[119.5,31.5],[119.5,31.5]]]", 1)),
		"topology":             topo(`[[0,1]]`),
		"topology backwards":   topo(`[[-2,-1]]`),
		"topology as it is":    `{"arcs":[[[119,31],[120,31],[120,32],[119,32],[119,31]]],"objects":{"x":{"type":"MultiPolygon","properties":{"code":"A","name":"a"},"arcs":[[[0]]]}},"type":"Topology"}`,
	} {
		t.Run(name, func(t *testing.T) {
			im := readAll(t, file)
			if im.ProblemCount > 0 || len(im.features) == 0 {
				t.Fatalf("%d features, %v", len(im.features), im.Problems)
			}
			if f := im.features[0]; f.Code != "A" || !coverage.SameShape(f.Shape, want) {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestCodesFromNumbersAndIDs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`"properties":{"code":320282,"name":"x"}`:            "320282",
		`"properties":{"code":320282.0,"name":"x"}`:          "320282",
		`"properties":{"code":" 320282 ","name":"x"}`:        "320282",
		`"id":"7","properties":{"code":"8","name":"x"}`:      "8",
		`"properties":{"code":"08","name":"x"}`:              "08",
		`"id":9,"properties":{"name":"x","id":null}`:         "",
		`"properties":{"code":320282001001001,"name":"x"}`:   "320282001001001",
		`"properties":{"code":32028200100100101,"name":"x"}`: "32028200100100101",
	} {
		im := readAll(t, `{"type":"Feature",`+text+`,"geometry":`+square+`}`)
		if (want == "") != (len(im.features) == 0) || want != "" && im.features[0].Code != want {
			t.Errorf("%s: %v %v", text, im.features, im.Problems)
		}
	}
	im := readAll(t, `{"type":"Feature","id":9,"properties":{"name":"x"},"geometry":`+square+`}`, func(o *Options) { o.Code = "id" })
	if len(im.features) != 1 || im.features[0].Code != "9" {
		t.Errorf("the feature's id is not taken: %v", im.Problems)
	}
}

func TestLinesOfFeatures(t *testing.T) {
	t.Parallel()
	file := "{\n\"type\": \"FeatureCollection\",\n\"features\": [\n"
	for i := range 5000 {
		if i > 0 {
			file += ",\n\n"
		}
		file += fmt.Sprintf("{\n\"type\":\"Feature\",\n\"properties\":{\"code\":\"%d\",\"name\":\"x\"},\"geometry\":%s}", i, square)
	}
	im := readAll(t, file+"]}")
	for i, f := range im.features {
		if f.line != 4+4*i || f.index != i+1 {
			t.Fatalf("feature %d stands on line %d, not %d", f.index, f.line, 4+4*i)
		}
	}
}

func TestManyProblemsAreCountedAndListedUpToABound(t *testing.T) {
	t.Parallel()
	im := readAll(t, strings.Repeat(featureText("A", `null`)+"\n", 300))
	if im.Read != 300 || im.ProblemCount != 300+299 || len(im.Problems) != maxListed {
		t.Errorf("read %d, %d problems, %d listed", im.Read, im.ProblemCount, len(im.Problems))
	}
}

func TestDatumIsLeftAtTheDoor(t *testing.T) {
	t.Parallel()
	// The vector of domain.md, section 5.
	im := readAll(t, feature1(`{"type":"Polygon","coordinates":[[[119.8281288,31.3385158],[119.9,31.3],[119.9,31.4],[119.8281288,31.3385158]]]}`), func(o *Options) { o.Datum = geo.GCJ02 })
	got := im.features[0].Shape[0][0][0]
	want, _ := geo.PointOf(119.8233, 31.3406)
	if geo.DistanceM(got, want) > 0.05 {
		t.Errorf("%v, want %v", got, want)
	}
}

type brokenReader struct{ io.Reader }

var errDisk = errors.New("the disk is gone")

func (b brokenReader) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = errDisk
	}
	return n, err
}

func TestErrorsOfTheFileAreErrors(t *testing.T) {
	t.Parallel()
	for _, file := range []string{`{"type":"FeatureCollection","features":[` + strings.Repeat(featureText("A", square)+",", 1000), `{"type":"Topology"` + strings.Repeat(" ", 100_000), ""} {
		_, err := readFeatures(brokenReader{strings.NewReader(file)}, &Options{}, func(rawFeature) {})
		if !errors.Is(err, errDisk) {
			t.Errorf("%.40s: %v", file, err)
		}
	}
}

// A feature without an end must not fill the memory.
func TestFeatureOverTheLimit(t *testing.T) {
	t.Parallel()
	endless := io.MultiReader(strings.NewReader(`{"type":"FeatureCollection","features":[{"type":"Feature","x":"`), io.LimitReader(zeros{}, 1<<40))
	problem, err := readGeoJSON(endless, 1<<20, formatCollection, door{}, func(rawFeature) {})
	if err != nil || problem == nil || problem.Reason != TooBig {
		t.Errorf("%v, %v", problem, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

func FuzzReadFeatures(f *testing.F) {
	for _, seed := range []string{feature1(square), topo(`[[0,1]]`), featureText("A", square) + "\n\x1e" + featureText("B", `null`), "\xef\xbb\xbf{}",
		feature1(strings.Replace(square, "120,31", "1e999,-0.0", 1)), `{"type":"FeatureCollection","features":[[[`, "{\"a\":\n1,\"features\":{}}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		emitted := 0
		problem, err := readFeatures(bytes.NewReader(file), &Options{Datum: geo.GCJ02}, func(raw rawFeature) {
			emitted++
			if (raw.bad == nil) == (raw.polygons == nil) {
				t.Fatalf("a feature is either good or bad: %+v", raw)
			}
			shape, _ := tidyShape(raw.polygons)
			for _, polygon := range shape {
				for _, ring := range polygon {
					for i, p := range ring {
						if p == ring[(i+1)%len(ring)] || len(ring) < 3 {
							t.Fatalf("ring %v is not tidy", ring)
						}
					}
				}
			}
			if len(shape) > 0 {
				geom, err := encodeShape(shape)
				if err != nil || len(geom) == 0 {
					t.Fatal(err)
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if problem == nil && emitted == 0 {
			t.Fatal("a file without features is a problem")
		}
		if problem != nil && (problem.Reason == "" || problem.Message == "" || problem.Remedy == "") {
			t.Fatalf("%+v", problem)
		}
		if json.Valid(file) && problem != nil && problem.Reason == NotJSON && bytes.HasPrefix(bytes.TrimSpace(file), []byte(`{"type":"FeatureCollection"`)) {
			t.Fatalf("valid JSON is called broken: %+v", problem)
		}
	})
}
