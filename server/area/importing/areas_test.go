package importing

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/access/accesstest"
	"jingwei/server/db"
	"jingwei/server/db/dbtest"
)

// The test county is a square of 4 × 4 hundredths of a degree (some 3.8 × 4.4 km) at 119.80, 31.30; x and y count hundredths.
func at(x, y float64) [2]float64 { return [2]float64{119.80 + x/100, 31.30 + y/100} }

func ringText(points ...[2]float64) string {
	text, _ := json.Marshal(append(points, points[0]))
	return string(text)
}

func box(x0, y0, x1, y1 float64) string {
	return ringText(at(x0, y0), at(x1, y0), at(x1, y1), at(x0, y1))
}

func polygonText(rings ...string) string {
	return `{"type":"Polygon","coordinates":[` + strings.Join(rings, ",") + `]}`
}

func featureText(code, geometry string, more ...string) string {
	return fmt.Sprintf(`{"type":"Feature","properties":{"code":%q,"name":"区 %s"%s},"geometry":%s}`, code, code, strings.Join(more, ""), geometry)
}

func collection(features ...string) string {
	return `{"type":"FeatureCollection","features":[` + strings.Join(features, ",\n") + `]}`
}

var day = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)

// load imports a file at a level; each call is a day later than the one before.
func load(t *testing.T, pool *pgxpool.Pool, level coverage.Level, file string, change ...func(*Options)) (*Report, error) {
	t.Helper()
	var last *time.Time
	if err := pool.QueryRow(t.Context(), `SELECT max(effective_at) FROM edition`).Scan(&last); err != nil {
		t.Fatal(err)
	}
	now := day
	if last != nil {
		now = last.Add(24 * time.Hour)
	}
	opt := Options{Level: level, Code: "code", Name: "name", Now: now}
	for _, c := range change {
		c(&opt)
	}
	return Areas(accesstest.Operator(t), pool, strings.NewReader(file), "folder/areas.geojson", opt, nil)
}

// mustLoad is load of a file without fault.
func mustLoad(t *testing.T, pool *pgxpool.Pool, level coverage.Level, file string, change ...func(*Options)) *Report {
	t.Helper()
	r, err := load(t, pool, level, file, change...)
	if err != nil || r.ProblemCount > 0 {
		logReport(t, r)
		t.Fatalf("import: %v", err)
	}
	return r
}

// county makes a database with the test county and its two towns, west and east.
func county(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool := dbtest.Open(t)
	mustLoad(t, pool, coverage.County, collection(featureText("320282", polygonText(box(0, 0, 4, 4)))))
	mustLoad(t, pool, coverage.Town, towns)
	return pool
}

var towns = collection(
	featureText("320282001", polygonText(ringText(at(0, 0), at(2, 0), at(2, 4), at(0, 4)))),
	featureText("320282100", polygonText(ringText(at(2, 0), at(4, 0), at(4, 4), at(2, 4)))))

func count(t *testing.T, pool *pgxpool.Pool, query string, args ...any) (n int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestImportMakesEditions(t *testing.T) {
	t.Parallel()
	pool := county(t)
	if n := count(t, pool, `SELECT count(*) FROM area_shape WHERE upper_inf(editions)`); n != 3 {
		t.Errorf("%d areas", n)
	}
	if n := count(t, pool, `SELECT count(*) FROM area WHERE county = '320282'`); n != 3 {
		t.Errorf("%d areas know their county", n)
	}
	if n := count(t, pool, `SELECT count(*) FROM event WHERE kind = 'edition.published' AND county = '320282' AND (data->>'number')::int IN (1, 2)`); n != 2 {
		t.Errorf("%d events", n)
	}

	t.Run("the same again", func(t *testing.T) {
		r := mustLoad(t, pool, coverage.Town, towns)
		if r.Unchanged != 2 || r.Edition != 0 || count(t, pool, `SELECT max(number) FROM edition`) != 2 {
			t.Errorf("%+v", r)
		}
	})
	t.Run("dry run", func(t *testing.T) {
		r := mustLoad(t, pool, coverage.Town, strings.ReplaceAll(towns, "区 320282001", "街道"), func(o *Options) { o.DryRun = true })
		if r.Changed != 1 || r.Edition != 3 || count(t, pool, `SELECT max(number) FROM edition`) != 2 {
			t.Errorf("%+v", r)
		}
	})
	t.Run("a border between two towns moves", func(t *testing.T) {
		moved := strings.ReplaceAll(towns, fmt.Sprint(at(2, 4)[0]), fmt.Sprint(at(2.5, 4)[0]))
		r := mustLoad(t, pool, coverage.Town, moved, func(o *Options) { o.Note = "调整" })
		if r.Changed != 2 || r.Edition != 3 {
			t.Errorf("%+v", r)
		}
		if n := count(t, pool, `SELECT count(*) FROM area_shape WHERE editions @> 2 AND code LIKE '320282___'`); n != 2 {
			t.Errorf("%d towns in edition 2", n)
		}
		// The county gets the vertices where the towns meet its border, now as in edition 2.
		if n := count(t, pool, `SELECT count(*) FROM area_shape WHERE code = '320282'`); n != 3 || r.Outside != 1 {
			t.Errorf("the county has %d versions, %+v", n, r)
		}
	})
	t.Run("households stay when a file does not say", func(t *testing.T) {
		with := collection(featureText("320282001", polygonText(box(0, 0, 2, 4)), `,"h":12,"p":"34"`), featureText("320282100", polygonText(box(2, 0, 4, 4))))
		mustLoad(t, pool, coverage.Town, with, func(o *Options) { o.Households, o.Population = "h", "p" })
		mustLoad(t, pool, coverage.Town, strings.ReplaceAll(with, "区 320282001", "街道"))
		if n := count(t, pool, `SELECT households + population FROM area_shape WHERE code = '320282001' AND name = '街道' AND upper_inf(editions)`); n != 46 {
			t.Errorf("households and population %d", n)
		}
	})
	t.Run("an edition cannot take effect before the last one", func(t *testing.T) {
		r, err := load(t, pool, coverage.Town, towns, func(o *Options) { o.Now = day })
		wantProblems(t, r, err, EffectiveBefore)
	})
}

// wantProblems asks for exactly these reasons, in any order.
func wantProblems(t *testing.T, r *Report, err error, reasons ...string) {
	t.Helper()
	var got []string
	for _, p := range r.Problems {
		got = append(got, p.Reason)
		if p.Message == "" || p.Remedy == "" {
			t.Errorf("%+v lacks a message or a remedy", p)
		}
	}
	slices.Sort(got)
	slices.Sort(reasons)
	if !errors.Is(err, ErrRefused) || !slices.Equal(got, reasons) {
		logReport(t, r)
		t.Errorf("%v: problems %q, want %q", err, got, reasons)
	}
}

func TestRefusedShapesOfAFamily(t *testing.T) {
	t.Parallel()
	pool := county(t)
	west, east := polygonText(box(0, 0, 2, 4)), polygonText(box(2, 0, 4, 4))
	north, south := polygonText(box(0, 2, 2, 4)), polygonText(box(0, 0, 2, 2))
	free := func(o *Options) { o.Codes = Free }
	parent := func(o *Options) { o.Parent = "parent" }
	gaps := func(o *Options) { o.AllowGaps = true }
	mustLoad(t, pool, coverage.Community, collection(featureText("320282001001", south), featureText("320282001002", north)))
	retire(t, pool, "320282001999")

	for _, c := range []struct {
		name    string
		level   coverage.Level
		file    string
		change  []func(*Options)
		reasons []string
		feature int
		says    string
	}{
		{"overlap", coverage.Town, collection(featureText("320282001", west), featureText("320282100", polygonText(box(1.9, 0, 4, 4)))), nil, []string{Overlap}, 1, "overlaps 320282100: 422503 m², up to 95.0 m wide"},
		{"overlap with an area that is there", coverage.Town, collection(featureText("320282100", polygonText(box(1.9, 0, 4, 4)))), nil, []string{Overlap}, 1, "overlaps 320282001"},
		{"growing beyond the children", coverage.Town, collection(featureText("320282001", polygonText(box(0, 0, 2.1, 4))), featureText("320282100", polygonText(box(2.1, 0, 4, 4)))), nil,
			[]string{Gap}, 1, "a part of 320282001 is left without an area beside 320282001001, 320282001002"},
		{"the same area twice", coverage.Community, collection(featureText("320282100001", east), featureText("320282100002", east)), nil, []string{Overlap}, 1, "overlaps 320282100002"},
		{"gap", coverage.Town, collection(featureText("320282001", polygonText(box(0, 0, 1.9, 4))), featureText("320282100", east)), nil, []string{ChildrenOutside, ChildrenOutside, Gap}, 1, ""},
		{"gap by a missing area", coverage.Community, collection(featureText("320282100001", polygonText(box(2, 0, 4, 1)))), nil, []string{Gap}, 1, "a part of 320282100 is left"},
		{"gap enclosed", coverage.Community, collection(featureText("320282100001", polygonText(box(2, 0, 4, 4), box(3, 1, 3.2, 1.2)))), nil, []string{Gap}, 1, ""},
		{"sticks out", coverage.Community, collection(featureText("320282100001", polygonText(box(2, 0, 4.1, 4)))), nil, []string{CrossesParent}, 1, "sticks out of its parent 320282100"},
		{"sticks out of the named parent", coverage.Community, collection(featureText("x", west, `,"parent":"320282100"`)), []func(*Options){free, parent, gaps}, []string{OutsideParent}, 1, "lies mostly outside"},
		{"children would stick out", coverage.Town, collection(featureText("320282001", polygonText(box(0, 0, 1, 4))), featureText("320282100", polygonText(box(1, 0, 4, 4)))), nil,
			[]string{ChildrenOutside, ChildrenOutside}, 1, "320282001001 would lie outside"},
		{"unknown parent", coverage.Community, collection(featureText("320282777001", north, `,"parent":"320282777"`)), []func(*Options){parent}, []string{UnknownParent}, 1, "no town 320282777"},
		{"parent of another level", coverage.Community, collection(featureText("320282777001", north, `,"parent":"320282"`)), []func(*Options){parent}, []string{UnknownParent}, 1, ""},
		{"no parent there", coverage.Community, collection(featureText("320282001001", polygonText(box(10, 10, 11, 11)))), nil, []string{NoParent}, 1, ""},
		{"no level above", coverage.Micro, collection(featureText("32028200100100101", north)), nil, []string{NoParent}, 1, "no grid"},
		{"code of another parent", coverage.Community, collection(featureText("320282100001", south)), nil, []string{ForeignCode}, 1, "lies in 320282001"},
		{"code twice", coverage.Town, collection(featureText("320282001", west), featureText("320282001", east)), nil, []string{DuplicateCode}, 2, "feature 1"},
		{"code of another level", coverage.Community, collection(featureText("320282001", south)), []func(*Options){free}, []string{OtherLevel}, 1, "town"},
		{"retired code", coverage.Community, collection(featureText("320282001999", south), featureText("320282001002", north)), nil, []string{RetiredCode}, 1, ""},
		{"code too short", coverage.Community, collection(featureText("320282", south)), nil, []string{CodeOutOfRange}, 1, "12 digits"},
		{"code with letters", coverage.Town, collection(featureText("32028200A", west)), nil, []string{CodeOutOfRange}, 1, ""},
		{"latitude first", coverage.Town, collection(featureText("320282001", swap(west))), nil, []string{SwappedAxes}, 1, "latitude"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := load(t, pool, c.level, c.file, c.change...)
			wantProblems(t, r, err, c.reasons...)
			if len(r.Problems) > 0 && (r.Problems[0].Feature != c.feature || !strings.Contains(r.Problems[0].Message, c.says)) {
				t.Errorf("the first problem is %v", r.Problems[0])
			}
			if n := count(t, pool, `SELECT max(number) FROM edition`); n != 3 {
				t.Errorf("edition %d was made", n)
			}
		})
	}

	t.Run("gaps allowed", func(t *testing.T) {
		r, err := load(t, pool, coverage.Community, collection(featureText("320282100001", polygonText(box(2, 0, 4, 1)))), gaps, func(o *Options) { o.DryRun = true })
		if err != nil || r.WarningCount != 1 || r.Warnings[0].Reason != Gap {
			logReport(t, r)
			t.Error(err)
		}
	})
	t.Run("noise below the tolerance", func(t *testing.T) {
		// 0.4 m at the east side of the western town.
		r, err := load(t, pool, coverage.Community, collection(featureText("320282100001", polygonText(box(2.0004, 0, 4, 4)))), func(o *Options) { o.DryRun = true })
		if err != nil {
			logReport(t, r)
			t.Error(err)
		}
		r, err = load(t, pool, coverage.Community, collection(featureText("320282100001", polygonText(box(2.0004, 0, 4, 4)))), func(o *Options) { o.ToleranceM = 0.3 })
		wantProblems(t, r, err, Gap)
	})
}

// swap puts latitude before longitude.
func swap(geometry string) string {
	var g struct {
		Type        string         `json:"type"`
		Coordinates [][][2]float64 `json:"coordinates"`
	}
	if err := json.Unmarshal([]byte(geometry), &g); err != nil {
		panic(err)
	}
	for _, ring := range g.Coordinates {
		for i, p := range ring {
			ring[i] = [2]float64{p[1], p[0]}
		}
	}
	text, _ := json.Marshal(g)
	return string(text)
}

// retire leaves a code behind that no area has.
func retire(t *testing.T, pool *pgxpool.Pool, code string) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), `INSERT INTO area (code, level, county) VALUES ($1, 'community', '320282')`, code); err != nil {
		t.Fatal(err)
	}
}

// Two counties that overlap, as an import would not let in, and a town in both.
func TestAmbiguousParent(t *testing.T) {
	t.Parallel()
	pool := dbtest.Open(t)
	store(t, pool, Row{Area: areaOf("a", "", coverage.County, 0, 0, 2, 2)}, Row{Area: areaOf("b", "", coverage.County, 1, 0, 3, 2)})
	free := func(o *Options) { o.Codes = Free }
	r, err := load(t, pool, coverage.Town, collection(featureText("t", polygonText(box(1.2, 0, 1.8, 2)))), free)
	wantProblems(t, r, err, AmbiguousParent)
}

// areaOf is a box of the test county.
func areaOf(code, parent string, level coverage.Level, x0, y0, x1, y1 float64) coverage.Area {
	return coverage.Area{Code: code, Parent: parent, Name: code, Level: level,
		Shape: polygonOf(coverage.Ring{point(at(x0, y0)), point(at(x1, y0)), point(at(x1, y1)), point(at(x0, y1))})}
}

// store makes an edition of areas as they are, however they fit.
func store(t *testing.T, pool *pgxpool.Pool, rows ...Row) {
	t.Helper()
	err := db.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		_, err := Publish(accesstest.Operator(t), tx, slices.Values(rows), Edition{EffectiveAt: day, PublishedAt: day})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Files in the frames of AMap and Baidu, imported without saying so, are told apart by how they miss their parents.
func TestFileInAnotherFrame(t *testing.T) {
	t.Parallel()
	pool := county(t)
	communities := []string{
		featureText("320282001001", polygonText(box(0, 0, 1, 4))), featureText("320282001002", polygonText(box(1, 0, 2, 4))),
		featureText("320282100001", polygonText(box(2, 0, 3, 4))), featureText("320282100002", polygonText(box(3, 0, 4, 4)))}
	for _, datum := range []geo.Datum{geo.GCJ02, geo.BD09} {
		t.Run(datum.String(), func(t *testing.T) {
			var shifted []string
			for _, text := range communities {
				shifted = append(shifted, inFrame(t, text, datum))
			}
			r, err := load(t, pool, coverage.Community, collection(shifted...))
			if !errors.Is(err, ErrRefused) || r.Problems[0].Reason != LooksLikeDatum || !strings.Contains(r.Problems[0].Remedy, "--crs "+datum.String()) {
				logReport(t, r)
				t.Fatalf("the frame is not told first: %v", err)
			}
			// The corners come back to the very lattice points, so that the borders cancel.
			mustLoad(t, pool, coverage.Community, collection(shifted...), func(o *Options) { o.Datum, o.DryRun = datum, true })
		})
	}
}

func inFrame(t *testing.T, text string, datum geo.Datum) string {
	t.Helper()
	var f struct {
		Type       string          `json:"type"`
		Properties json.RawMessage `json:"properties"`
		Geometry   struct {
			Type        string         `json:"type"`
			Coordinates [][][2]float64 `json:"coordinates"`
		} `json:"geometry"`
	}
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		t.Fatal(err)
	}
	for _, ring := range f.Geometry.Coordinates {
		for i, p := range ring {
			ring[i][0], ring[i][1] = datum.FromWGS84(p[0], p[1])
		}
	}
	out, _ := json.Marshal(f)
	return string(out)
}

func TestHouseholdsOutsideTheNormAreAWarning(t *testing.T) {
	t.Parallel()
	pool := dbtest.Open(t)
	r := mustLoad(t, pool, coverage.County, collection(featureText("320282", polygonText(box(0, 0, 4, 4)), `,"h":7`)), func(o *Options) {
		o.Households, o.Norms = "h", map[coverage.Level]Norm{coverage.County: {Min: 10, Max: 20}}
	})
	if r.WarningCount != 1 || r.Warnings[0].Reason != OutsideNorm || !strings.Contains(r.Warnings[0].Message, "10 to 20") {
		logReport(t, r)
		t.Error("no warning")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for _, opt := range []Options{{}, {Code: "c"}, {Code: "c", Name: "n", Parent: "p"}, {Code: "c", Name: "n", ToleranceM: -1}} {
		if _, err := Areas(accesstest.Operator(t), nil, strings.NewReader("{}"), "x", opt, nil); err == nil || errors.Is(err, ErrRefused) {
			t.Errorf("%+v: %v", opt, err)
		}
	}
}
