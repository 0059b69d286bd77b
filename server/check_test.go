package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/area/areatest"
	"jingwei/server/db"
	"jingwei/server/db/dbtest"
)

// TestCheck finds what was stored in spite of all, in words and as points, and its exit code tells whether it matters.
func TestCheck(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	code, _, errOut := jingwei(t, nil, "check", "--database-url", url)
	if code != 1 || !strings.Contains(errOut, "no areas to check yet") {
		t.Errorf("an empty database: exit %d, %s", code, errOut)
	}
	pool, err := db.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	cleaned, err := coverage.Clean(areatest.Areas(), coverage.DefaultToleranceM)
	if err != nil {
		t.Fatal(err)
	}
	areatest.Publish(t, pool, cleaned.Areas, areatest.Effective)
	// The last community is not divided, which is no gap: nobody has drawn a grid in it.
	code, out, errOut := jingwei(t, nil, "check", "--database-url", url)
	if code != 0 || out != "" || !strings.Contains(errOut, " 0 findings") {
		t.Fatalf("what fits: exit %d, %s%s", code, out, errOut)
	}
	// A micro-grid grows over the two at its east side and leaves a strip in the west.
	areas := cleaned.Areas
	for i := range areas {
		if areas[i].Code == firstMicro {
			ring := append(coverage.Ring{}, areas[i].Shape[0][0]...)
			for j := range ring {
				ring[j].Lon += 1000
			}
			areas[i].Shape = []coverage.Polygon{{ring}}
		}
	}
	areatest.Publish(t, pool, areas, areatest.Effective.Add(time.Hour))
	code, out, errOut = jingwei(t, nil, "check", "--database-url", url)
	if code != 1 || !strings.Contains(out, firstMicro+" and "+firstGrid+"02 overlap") || !strings.Contains(out, "a part of "+firstGrid+" is left to itself beside "+firstMicro) ||
		!strings.Contains(errOut, "do not fit") {
		t.Errorf("what does not fit: exit %d, %s%s", code, out, errOut)
	}
	_, out, _ = jingwei(t, nil, "check", "--database-url", url, "--format", "geojson")
	var points geojson.FeatureCollection
	if err := json.Unmarshal([]byte(out), &points); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, f := range points.Features {
		if f.Properties["reason"] != "overlap" {
			continue
		}
		found = true
		p, ok := f.Geometry.(orb.Point)
		if !ok {
			t.Fatalf("%v is no point", f.Geometry)
		}
		place, err := geo.PointOf(p.Lon(), p.Lat())
		if err != nil {
			t.Fatal(err)
		}
		for _, area := range areas {
			if (area.Code == f.Properties["area"] || area.Code == f.Properties["other"]) && area.Side(place) != geo.Inside {
				t.Errorf("the overlap at %v is not inside %s", p, area.Code)
			}
		}
	}
	if !found {
		t.Errorf("no overlap among %s", out)
	}
	// The strip answers to the grid itself.
	s := serve(t, url)
	var grid struct {
		Geometry *struct{ Coordinates [][][][2]float64 }
	}
	s.get("/api/v1/areas/"+firstGrid+"?own=true").into(t, http.StatusOK, &grid)
	if grid.Geometry == nil || len(grid.Geometry.Coordinates) != 1 || grid.Geometry.Coordinates[0][0][0][0] > areatest.WestDeg+0.00011 {
		t.Errorf("the ground that %s owns itself is %+v", firstGrid, grid.Geometry)
	}
	s.get("/api/v1/areas/"+areatest.County+"?own=true").into(t, http.StatusOK, &grid)
	if grid.Geometry != nil {
		t.Errorf("the county owns %+v itself", grid.Geometry)
	}
}
