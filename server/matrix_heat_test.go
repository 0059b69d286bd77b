package main

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/paulmach/orb/maptile"

	"jingwei/geo"
)

// heatRows are counts of incidents, in figures and on the map.
func (m *matrix) heatRows() []row {
	const (
		counted    = "401 403 403 403 | has has has has has | has has has has has | 403 403 403 | 403 has"
		notCounted = "401 403 403 403 | not not not not not | has has has has has | 403 403 403 | 403 not"
		beside     = "401 403 403 403 | 403 403 403 403 403 | has has has has has | 403 403 403 | 403 403"
		found      = "401 403 403 403 | 200 200 200 200 200 | 200 200 200 200 200 | 403 403 403 | 403 200"
		empty      = "401 403 403 403 | 204 204 204 204 204 | 200 200 200 200 200 | 403 403 403 | 403 204"
	)
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(string(m.get("/api/v1/counts?by=town").body), outsideTown); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			m.t.Fatal("the incidents of the matrix are not counted")
		}
	}
	get := func(path, text string) func(*caller) string { return shows(http.MethodGet, path, "", text) }
	tile := func(layer string, p spot) func(*caller) string {
		at := maptile.At([2]float64{p.lon, p.lat}, 16)
		return status(http.MethodGet, fmt.Sprintf("/tiles/%s/16/%d/%d.mvt", layer, at.X, at.Y), "")
	}
	key := func(code string) string { return `"key":"` + code + `"` }
	const heatTile, pointTile = "GET /tiles/heat/{z}/{x}/{y}.mvt", "GET /tiles/incidents/{z}/{x}/{y}.mvt"
	since := "from=" + time.Now().UTC().Add(-time.Hour).Format(time.RFC3339)
	cell := func(p spot) string {
		at, err := geo.PointOf(p.lon, p.lat)
		if err != nil {
			m.t.Fatal(err)
		}
		return geo.CellAt(at, geo.IncidentResolution).Parent(11).String()
	}
	return []row{
		{"GET /api/v1/counts", "inside", get("/api/v1/counts?by=town", key(insideTown)), counted},
		{"GET /api/v1/counts", "outside", get("/api/v1/counts?by=town", key(outsideTown)), notCounted},
		{"GET /api/v1/counts", "outside alone", get("/api/v1/counts?area="+outsideTown, `"total"`), beside},
		{"GET /api/v1/counts", "above", get("/api/v1/counts?by=micro&area=320282", key(outsideArea)), notCounted},
		{"GET /api/v1/counts/series", "inside", get("/api/v1/counts/series?area="+insideTown, `"counts"`), counted},
		{"GET /api/v1/counts/series", "outside", get("/api/v1/counts/series?area="+outsideTown, `"counts"`), beside},
		{"GET /api/v1/counts/unusual", "inside", get("/api/v1/counts/unusual?area="+insideTown, `"items"`), counted},
		{"GET /api/v1/counts/unusual", "outside", get("/api/v1/counts/unusual?area="+outsideTown, `"items"`), beside},
		{"GET /api/v1/heat", "inside", get("/api/v1/heat?format=csv&resolution=11&"+since, cell(m.inside)), counted},
		{"GET /api/v1/heat", "outside", get("/api/v1/heat?format=csv&resolution=11&"+since, cell(m.outside)), notCounted},
		{"GET /api/v1/heat", "nowhere", get("/api/v1/heat?format=csv&resolution=11&"+since, cell(m.nowhere)), notCounted},
		{"GET /tiles/heat.json", "", get("/tiles/heat.json", `"classes"`), counted},
		{"GET /tiles/heat.json", "outside", get("/tiles/heat.json?area="+outsideTown, `"classes"`), beside},
		{heatTile, "inside", tile("heat", m.inside), found},
		{heatTile, "outside", tile("heat", m.outside), empty},
		{heatTile, "nowhere", tile("heat", m.nowhere), empty},
		{pointTile, "inside", tile("incidents", m.inside), found},
		{pointTile, "outside", tile("incidents", m.outside), empty},
		{pointTile, "nowhere", tile("incidents", m.nowhere), empty},
	}
}
