package importing

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/access/accesstest"
	"jingwei/server/db/dbtest"
)

// near is a point some metres off at(x, y).
func near(x, y, eastM, northM float64) [2]float64 {
	p := at(x, y)
	return [2]float64{p[0] + eastM/95_000, p[1] + northM/111_195}
}

func TestRepairs(t *testing.T) {
	t.Parallel()
	a, b, c, d := at(0, 0), at(1, 0), at(1, 1), at(0, 1)
	part := func(rings ...string) string { return "[" + strings.Join(rings, ",") + "]" }
	multi := func(parts ...string) string {
		return `{"type":"MultiPolygon","coordinates":[` + strings.Join(parts, ",") + `]}`
	}
	wholeM2 := geo.DistanceM(point(a), point(b)) * geo.DistanceM(point(a), point(d))
	for _, s := range []struct {
		name, geometry string
		what           string  // of the repair; "" when none
		reason         string  // of the problem; "" when none
		areaM2         float64 // afterwards, to a thousandth
	}{
		{"nothing to do", polygonText(ringText(a, b, c, d)), "", "", wholeM2},
		{"bow-tie", polygonText(ringText(a, b, d, c)), "", SelfCrossing, 0},
		{"lopsided bow-tie", polygonText(ringText(a, b, c, at(0.1, -0.2))), "", SelfCrossing, 0},
		{"bow-tie of centimetres", polygonText(ringText(a, b, near(1, 1, 0, 0.2), near(1, 1, 0.2, 0), c, d)), "self_crossing", "", wholeM2},
		{"spike", polygonText(ringText(a, b, c, at(2, 2), c, d)), "self_touch", "", wholeM2},
		{"shell that touches itself", polygonText(ringText(a, b, c, at(0.5, 0.5), at(0.6, 0.9), at(0.4, 0.9), at(0.5, 0.5), d)), "self_touch", "", 0},
		{"hole that touches the shell in a point", multi(part(ringText(a, b, c, d), ringText(a, at(0.2, 0.5), at(0.5, 0.5)))), "", "", wholeM2 * (1 - 0.075)},
		{"hole that touches the shell along an edge", polygonText(ringText(a, b, c, d), ringText(at(0, 0.2), at(0.5, 0.5), at(0, 0.8))), "self_touch", "", wholeM2 * (1 - 0.15)},
		{"hole outside the shell", polygonText(ringText(a, b, c, d), ringText(at(2, 0), at(3, 0), at(3, 1))), "", SelfCrossing, 0},
		{"hole in a hole", polygonText(ringText(a, b, c, d), ringText(at(0.1, 0.1), at(0.9, 0.1), at(0.9, 0.9)), ringText(at(0.5, 0.2), at(0.8, 0.2), at(0.8, 0.5))), "", SelfCrossing, 0},
		{"parts beside each other", multi(part(ringText(a, at(0.5, 0), at(0.5, 1), d)), part(ringText(at(0.5, 0), b, c, at(0.5, 1)))), "self_touch", "", wholeM2},
		{"parts over each other", multi(part(ringText(a, b, c, d)), part(ringText(at(0.5, 0.5), at(2, 0), at(2, 1)))), "", SelfCrossing, 0},
		{"a line there and back", polygonText(ringText(a, b, c, b)), "", NoArea, 0},
		{"the ring twice", polygonText(ringText(a, b, c, d, a, b, c, d)), "", SelfCrossing, 0},
		{"clockwise", polygonText(ringText(d, c, b, a)), "orientation", "", wholeM2},
	} {
		t.Run(s.name, func(t *testing.T) {
			pool := dbtest.Open(t)
			r, err := load(t, pool, coverage.County, collection(featureText("A", s.geometry)), func(o *Options) { o.Codes = Free })
			if s.reason != "" {
				wantProblems(t, r, err, s.reason)
				if p := r.Problems[0].Place; p == nil || math.Abs(p[0]-a[0]) > 0.03 || math.Abs(p[1]-a[1]) > 0.03 {
					t.Errorf("the place is %v", p)
				}
				return
			}
			if err != nil {
				logReport(t, r)
				t.Fatal(err)
			}
			found := s.what == ""
			for _, repair := range r.Repairs {
				found = found || repair.What == s.what && repair.Code == "A"
			}
			if !found || s.what == "" && r.RepairCount > 0 {
				t.Errorf("repairs %+v, want %q", r.Repairs, s.what)
			}
			var areaM2 float64
			var valid bool
			err = pool.QueryRow(t.Context(), `SELECT ST_Area(geom::geography, false), ST_IsValid(geom) FROM area_shape`).Scan(&areaM2, &valid)
			if err != nil || !valid {
				t.Errorf("valid %v, %v", valid, err)
			}
			if s.areaM2 > 0 && math.Abs(areaM2-s.areaM2) > s.areaM2/1000 {
				t.Errorf("%.0f m², want %.0f", areaM2, s.areaM2)
			}
		})
	}
}

func point(p [2]float64) geo.Point {
	q, err := geo.PointOf(p[0], p[1])
	if err != nil {
		panic(err)
	}
	return q
}

// The border between two towns crosses itself by centimetres in the middle. Both files carry it in the same way; after the repair both
// towns have the vertex of the crossing, and still fill their county to the vertex.
func TestRepairedNeighboursKeepTheirBorder(t *testing.T) {
	t.Parallel()
	pool := dbtest.Open(t)
	free := func(o *Options) { o.Codes = Free }
	mustLoad(t, pool, coverage.County, collection(featureText("K", polygonText(box(0, 0, 4, 4)))), free)
	loop := [][2]float64{at(2, 0), near(2, 2, 0, 0.3), near(2, 2, 0.3, 0), near(2, 2, 0, 0), near(2, 2, 0.2, 0.4), at(2, 4)}
	west := append([][2]float64{at(0, 0)}, append(append([][2]float64{}, loop...), at(0, 4))...)
	east := [][2]float64{at(4, 0), at(4, 4)}
	for _, p := range slices.Backward(loop) {
		east = append(east, p)
	}
	r := mustLoad(t, pool, coverage.Town, collection(featureText("W", polygonText(ringText(west...))), featureText("E", polygonText(ringText(east...)))), free)
	if r.RepairCount == 0 {
		t.Fatal("nothing was repaired")
	}
	county, towns := currentAreas(t, pool, coverage.County), currentAreas(t, pool, coverage.Town)
	if edges, twice := edgesOf(append(county, towns...)); len(edges) != twice {
		t.Errorf("%d of %d edges are drawn on both sides", twice, len(edges))
	}
}

// edgesOf counts how often each edge is drawn, whatever its direction, and the edges that are drawn more than once.
func edgesOf(areas []coverage.Area) (edges map[[2]geo.Point]int, twice int) {
	edges = map[[2]geo.Point]int{}
	for _, area := range areas {
		for _, polygon := range area.Shape {
			for _, ring := range polygon {
				a := ring[len(ring)-1]
				for _, b := range ring {
					edge := [2]geo.Point{a, b}
					if b.Compare(a) < 0 {
						edge = [2]geo.Point{b, a}
					}
					if edges[edge]++; edges[edge] == 2 {
						twice++
					}
					a = b
				}
			}
		}
	}
	return edges, twice
}

// 10 MB of one ring: a comb of 65,000 teeth 10 cm apart, valid; then 10,000 with an edge through a quarter of them, where all that is in doubt
// is narrower than the tolerance; then with that edge through wider teeth.
func TestOneHugeRing(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("10 MB of coordinates")
	}
	pool := dbtest.Open(t)
	const many, fewer = 65_000, 10_000
	comb := func(teeth int, stepDeg float64, through ...[2]float64) string {
		var points [][2]float64
		for i := range teeth {
			x := 119.8 + float64(2*i)*stepDeg
			points = append(points, [2]float64{x, 31.3496}, [2]float64{x, 31.3501}, [2]float64{x + stepDeg, 31.3501}, [2]float64{x + stepDeg, 31.3496})
		}
		length := float64(2*teeth) * stepDeg
		for _, p := range through {
			points = append(points, [2]float64{119.8 + length*p[0], p[1]})
		}
		return ringText(append(points, [2]float64{119.8 + length, 31.25}, [2]float64{119.80000001, 31.25})...)
	}
	free := func(o *Options) { o.Codes = Free }
	// As some programs write them, with digits that say nothing.
	long := strings.NewReplacer("],[", "000000000000000000],[")
	file := collection(featureText("A", polygonText(long.Replace(comb(many, 1e-6)))))
	if len(file) < 10_000_000 {
		t.Fatalf("%d bytes", len(file))
	}
	r := mustLoad(t, pool, coverage.County, file, free)
	if r.Vertices != 4*many+2 || r.RepairCount == 0 || r.Repairs[0].What != "orientation" {
		t.Errorf("%d vertices, %+v", r.Vertices, r.Repairs)
	}
	through := [][2]float64{{1, 31.35}, {0.77, 31.3499}}
	r = mustLoad(t, pool, coverage.County, collection(featureText("A", polygonText(comb(fewer, 1e-6, through...)))), free)
	if r.RepairCount < fewer/5 || len(r.Repairs) != maxListed || r.RepairKinds[0].What != SelfCrossing || r.RepairKinds[0].WidthM > 0.5 {
		t.Errorf("%d repairs, %+v", r.RepairCount, r.RepairKinds)
	}
	r, err := load(t, pool, coverage.County, collection(featureText("A", polygonText(comb(fewer, 1e-5, through...)))), free)
	wantProblems(t, r, err, SelfCrossing)
}

func TestExportComesBack(t *testing.T) {
	t.Parallel()
	pool := county(t)
	hole := polygonText(box(0, 0, 2, 4), box(0.5, 0.5, 1, 1))
	mustLoad(t, pool, coverage.Community, collection(
		featureText("320282001001", hole, `,"h":120,"p":null,"k":"dedicated"`),
		featureText("320282001002", `{"type":"MultiPolygon","coordinates":[[`+box(0.5, 0.5, 1, 1)+`]]}`)),
		func(o *Options) { o.Households, o.Population, o.Kind = "h", "p", "k" })
	community := coverage.Community
	for _, format := range []Format{GeoJSON, GeoJSONL} {
		var out strings.Builder
		n, err := Export(accesstest.Operator(t), pool, &out, ExportOptions{Level: &community, Format: format})
		if err != nil || n != 2 {
			t.Fatalf("%d areas, %v", n, err)
		}
		if format == GeoJSON && !json.Valid([]byte(out.String())) {
			t.Errorf("not JSON: %s", out.String())
		}
		r := mustLoad(t, pool, coverage.Community, out.String(), func(o *Options) {
			o.Parent, o.Households, o.Population, o.Kind = "parent", "households", "population", "kind"
		})
		if r.Unchanged != 2 || r.Edition != 0 {
			t.Errorf("%+v of %s", r, out.String())
		}
	}
	for _, c := range []struct {
		opt  ExportOptions
		want int
		says string
	}{
		{ExportOptions{}, 5, ""},
		{ExportOptions{Parent: "320282"}, 4, ""},
		{ExportOptions{Parent: "320282001"}, 2, ""},
		{ExportOptions{Parent: "320282", Level: &community}, 2, ""},
		{ExportOptions{Edition: 2}, 3, ""},
		{ExportOptions{Edition: 1}, 1, ""},
		{ExportOptions{Parent: "320282001001"}, 0, ""},
		{ExportOptions{Edition: 9}, 0, "no edition 9"},
		{ExportOptions{Parent: "7"}, 0, "no area 7"},
	} {
		var out strings.Builder
		n, err := Export(accesstest.Operator(t), pool, &out, c.opt)
		if n != c.want || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %d, %v", c.opt, n, err)
		}
	}
	t.Run("in another frame", func(t *testing.T) {
		var out strings.Builder
		if _, err := Export(accesstest.Operator(t), pool, &out, ExportOptions{Level: &community, Datum: geo.BD09}); err != nil {
			t.Fatal(err)
		}
		r := mustLoad(t, pool, coverage.Community, out.String(), func(o *Options) { o.Datum = geo.BD09 })
		if r.Unchanged != 2 {
			t.Errorf("%+v", r)
		}
	})
	t.Run("before the first edition", func(t *testing.T) {
		var out strings.Builder
		if _, err := Export(accesstest.Operator(t), dbtest.Open(t), &out, ExportOptions{}); err == nil || !strings.Contains(err.Error(), "no areas yet") {
			t.Error(err)
		}
	})
}

func ExampleProblem_String() {
	fmt.Println(Problem{Feature: 12, Line: 40, Code: "320282001", Place: &[2]float64{119.82, 31.3}, Reason: Overlap, Message: "overlaps 320282002: 12 m²", Remedy: "draw the border once"})
	// Output: feature 12 (320282001), line 40, at 119.8200000,31.3000000: overlaps 320282002: 12 m² [overlap] → draw the border once
}
