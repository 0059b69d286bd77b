package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/maptile"

	"jingwei/server/area/areatest"
	"jingwei/server/heat"
)

// heatSite is a server with some incidents in areatest's county.
func heatSite(t *testing.T, n int) *site {
	t.Helper()
	s := setupCounty(t)
	random := rand.New(rand.NewPCG(3, 3))
	for i := range n {
		lon, lat := areatest.WestDeg+areatest.WidthDeg*random.Float64(), areatest.SouthDeg+areatest.WidthDeg*random.Float64()
		if i%3 == 0 { // in one cell
			lon, lat = insideLon+1e-5*random.Float64(), insideLat
		}
		s.do(http.MethodPost, "/api/v1/incidents", fmt.Sprintf(`{"lon":%v,"lat":%v,"item":%q,"title":"热","channel":%q,"reported_at":%q}`,
			lon, lat, anyItem, []string{"resident", "worker"}[i%2], time.Now().Add(-time.Duration(i)*time.Hour).UTC().Format(time.RFC3339))).
			into(t, http.StatusCreated, &struct{}{})
	}
	s.awaitCount("", n)
	return s
}

// awaitCount asks until so many incidents are counted, which must not take a second.
func (s *site) awaitCount(query string, n int) {
	s.t.Helper()
	var c heat.Counts
	for deadline := time.Now().Add(30 * time.Second); c.Total != int64(n) || c.Filling != nil; time.Sleep(20 * time.Millisecond) {
		s.get("/api/v1/counts?"+query).into(s.t, http.StatusOK, &c)
		if time.Now().After(deadline) {
			s.t.Fatalf("%+v are counted, not %d", c, n)
		}
	}
}

// tilesAround are the tiles of a zoom that show areatest's county.
func tilesAround(z maptile.Zoom) (tiles []maptile.Tile) {
	low := maptile.At(orb.Point{areatest.WestDeg - 0.01, areatest.SouthDeg + areatest.WidthDeg + 0.01}, z)
	high := maptile.At(orb.Point{areatest.WestDeg + areatest.WidthDeg + 0.01, areatest.SouthDeg - 0.01}, z)
	for x := low.X; x <= high.X; x++ {
		for y := low.Y; y <= high.Y; y++ {
			tiles = append(tiles, maptile.New(x, y, z))
		}
	}
	return tiles
}

// features are those of all tiles of a path, of the one layer that there is.
func (s *site) features(path, layer string, z maptile.Zoom) (features []*geojson.Feature) {
	s.t.Helper()
	for _, at := range tilesAround(z) {
		a := s.get(strings.NewReplacer("{z}", fmt.Sprint(at.Z), "{x}", fmt.Sprint(at.X), "{y}", fmt.Sprint(at.Y)).Replace(path))
		if a.status == http.StatusNoContent {
			continue
		}
		layers, err := mvt.Unmarshal(a.body)
		if a.status != http.StatusOK || err != nil || len(layers) != 1 || layers[0].Name != layer {
			s.t.Fatalf("%s %v: %d %v, %d layers", path, at, a.status, err, len(layers))
		}
		features = append(features, layers[0].Features...)
	}
	return features
}

// The tiles of a view together show each incident once, in the classes that TileJSON tells.
func TestHeatTiles(t *testing.T) {
	t.Parallel()
	const n = 60
	s := heatSite(t, n)
	for _, query := range []string{"", "?resolution=9", "?channel=worker&hour=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23"} {
		var j heat.TileJSON
		s.get("/tiles/heat.json"+query).into(t, http.StatusOK, &j)
		if len(j.Tiles) != 1 || j.Tiles[0] != s.url+"/tiles/heat/{z}/{x}/{y}.mvt"+query || j.Filling != nil || query == "" && j.Total != n || j.Total == 0 {
			t.Fatalf("%+v", j)
		}
		for _, z := range []maptile.Zoom{8, 11, 13, 16} {
			if query == "?resolution=9" && z < 11 {
				continue
			}
			cells := map[any]float64{}
			for _, f := range s.features(strings.TrimPrefix(j.Tiles[0], s.url), "heat", z) {
				cell, count := f.Properties.MustString("cell"), f.Properties["count"].(float64)
				if before, ok := cells[cell]; ok && before != count {
					t.Errorf("%s is %v and %v", cell, before, count)
				}
				cells[cell] = count
				resolution := fmt.Sprint(strings.Index("0123456789ab", cell[1:2]))
				class := j.Classes[resolution][int(f.Properties["class"].(float64))]
				if count < float64(class.From) || count > float64(class.To) {
					t.Errorf("%s: %v in class %+v", cell, count, class)
				}
			}
			total := 0.0
			for _, count := range cells {
				total += count
			}
			if total != float64(j.Total) {
				t.Errorf("%s, zoom %d: %v in the tiles, %d in all", query, z, total, j.Total)
			}
		}
	}
	for _, f := range s.features("/tiles/heat/{z}/{x}/{y}.mvt?from=2020-01-01T00:00:00Z&compare_from=2020-01-01T00:00:00Z&compare_to=2090-01-01T00:00:00Z", "heat", 12) {
		if p := f.Properties; p["count"] != p["before"] || p["diff"] != 0.0 || p["class"] != 0.0 {
			t.Errorf("compared with itself: %v", p)
		}
	}
}

// Single incidents are those of the list, clusters are as many.
func TestIncidentTiles(t *testing.T) {
	t.Parallel()
	const n = 60
	s := heatSite(t, n)
	var list struct {
		Items []struct{ ID, Item, Channel, Status string }
	}
	s.get("/api/v1/incidents?limit=1000&channel=worker").into(t, http.StatusOK, &list)
	want := map[any]string{}
	for _, i := range list.Items {
		want[i.ID] = i.Item + i.Channel + i.Status
	}
	const path = "/tiles/incidents/{z}/{x}/{y}.mvt?channel=worker"
	got := map[any]string{}
	for _, f := range s.features(path, "incident", 16) {
		p := f.Properties
		got[p["id"]] = p.MustString("item") + p.MustString("channel") + p.MustString("status")
	}
	if len(got) != n/2 || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%d incidents in the tiles, %d in the list", len(got), len(want))
	}
	total := 0.0
	for _, f := range s.features(path, "incident", 12) {
		if at := f.Geometry.(orb.Point); at[0] >= 0 && at[0] < 4096 && at[1] >= 0 && at[1] < 4096 { // not in the buffer
			total += f.Properties["count"].(float64)
		}
	}
	if total != n/2 {
		t.Errorf("%v in clusters", total)
	}
	// More than a tile shows one by one.
	at := maptile.At(orb.Point{insideLon, insideLat}, 16)
	s.exec(`INSERT INTO incident (county, id, reported_at, received_at, channel, item, status, title, geom, cell, snap, edition, town)
		SELECT county, overlay(id::text PLACING lpad(to_hex(n), 8, '0') FROM 29)::uuid, reported_at, received_at, channel, item, status, title, geom, cell, snap, edition, town
		FROM (SELECT * FROM incident WHERE town IS NOT NULL AND ST_X(geom) < 119.8011 LIMIT 1) i, generate_series(1, 1000) n`)
	layers, err := mvt.Unmarshal(s.get(fmt.Sprintf("/tiles/incidents/16/%d/%d.mvt", at.X, at.Y)).body)
	if err != nil || len(layers) != 1 || len(layers[0].Features) > 30 || layers[0].Features[0].Properties["count"] == nil {
		t.Errorf("a thousand incidents more: %v, %+v", err, layers)
	}
}

func TestHeatOverHTTP(t *testing.T) {
	t.Parallel()
	const n = 30
	s := heatSite(t, n)
	at := maptile.At(orb.Point{insideLon, insideLat}, 13)
	path := fmt.Sprintf("/tiles/heat/13/%d/%d.mvt", at.X, at.Y)
	tile := s.get(path)
	if h := tile.header; tile.status != http.StatusOK || h.Get("Content-Type") != "application/vnd.mapbox-vector-tile" || h.Get("Cache-Control") != "private, no-cache" {
		t.Fatalf("%d %v", tile.status, h)
	}
	if raw := s.do(http.MethodGet, path, "", "Accept-Encoding", "identity"); !bytes.Equal(raw.body, tile.body) || raw.header.Get("Content-Encoding") != "" {
		t.Error("a client that does not take gzip gets something else")
	}
	if again := s.do(http.MethodGet, path, "", "If-None-Match", tile.header.Get("ETag")); again.status != http.StatusNotModified || len(again.body) > 0 {
		t.Errorf("the same tile again: %d", again.status)
	}
	// A new incident counts, and makes another tile.
	s.do(http.MethodPost, "/api/v1/incidents", fmt.Sprintf(`{"lon":%v,"lat":%v,"item":%q,"title":"新"}`, insideLon, insideLat, anyItem)).into(t, http.StatusCreated, &struct{}{})
	s.awaitCount("", n+1)
	time.Sleep(time.Second) // as long as a view may be kept
	if again := s.do(http.MethodGet, path, "", "If-None-Match", tile.header.Get("ETag")); again.status != http.StatusOK {
		t.Errorf("another incident, but the same tile: %d", again.status)
	}
	var collection struct {
		Total    int64
		Features []struct {
			Geometry   struct{ Coordinates [][][2]float64 }
			Properties struct{ Count, Before, Diff int64 }
		}
	}
	a := s.get("/api/v1/heat?resolution=9&compare_from=2020-01-01T00:00:00Z&compare_to=2021-01-01T00:00:00Z")
	if a.into(t, http.StatusOK, &collection); a.header.Get("Content-Type") != "application/geo+json" {
		t.Fatalf("%v", a.header)
	}
	sum := int64(0)
	for _, f := range collection.Features {
		ring := f.Geometry.Coordinates[0]
		if sum += f.Properties.Count; f.Properties.Diff != f.Properties.Count || f.Properties.Before != 0 || len(ring) < 6 || ring[0] != ring[len(ring)-1] {
			t.Errorf("%+v", f)
		}
	}
	if sum != n+1 || collection.Total != n+1 {
		t.Errorf("%d in the cells, %d in all", sum, collection.Total)
	}
	csv := string(s.get("/api/v1/heat?resolution=9&format=csv").body)
	if lines := strings.Split(strings.TrimSpace(csv), "\n"); lines[0] != "cell,lon,lat,count,class" || len(lines) != len(collection.Features)+1 {
		t.Errorf("%s", csv)
	}
	if empty := s.get("/tiles/heat/13/0/0.mvt"); empty.status != http.StatusNoContent {
		t.Errorf("an empty tile: %d", empty.status)
	}
	var none struct{ Total int64 }
	if s.get("/api/v1/counts?to=0001-01-01T00:00:00Z").into(t, http.StatusOK, &none); none.Total != 0 {
		t.Errorf("%d before the first instant", none.Total)
	}
	var compared struct {
		Features []struct{ Properties struct{ Count, Before int64 } }
	}
	s.get("/api/v1/heat?resolution=9&compare_from=0001-01-01T00:00:00Z&compare_to=2090-01-01T00:00:00Z").into(t, http.StatusOK, &compared)
	if at := compared.Features; len(at) == 0 || at[0].Properties.Before != at[0].Properties.Count {
		t.Errorf("compared with all time: %+v", at)
	}
	for _, bad := range []string{"/tiles/heat/13/99999/0.mvt", "/tiles/heat/99/0/0.mvt", "/tiles/heat/5/0/0.mvt", "/tiles/incidents/a/b/c.mvt", "/tiles/heat/13/0/0.png", "/tiles/heat/13/-1/0.mvt"} {
		s.get(bad).problem(t, http.StatusNotFound, "not_found")
	}
	for _, bad := range []string{
		path + "?area=nowhere", path + "?resolution=12", path + "?resolution=11", path + "?channel=x", path + "?compare_from=2020-01-01T00:00:00Z",
		"/api/v1/counts?by=x", "/api/v1/counts?from=2020-01-02T00:00:00Z&to=2020-01-01T00:00:00Z", "/api/v1/counts/series?step=1m",
		"/api/v1/counts/unusual?level=county", "/api/v1/counts/unusual?window_min=20000", "/api/v1/counts/unusual?at=1999-01-01T00:00:00Z",
		"/api/v1/counts/unusual?at=0001-01-01T00:00:00Z", "/api/v1/counts/series?from=0001-01-01T00:00:00Z",
	} {
		s.get(bad).problem(t, http.StatusUnprocessableEntity, "invalid")
	}
	if ready := string(s.get("/readyz").body); !strings.Contains(ready, `"counts":"ok"`) {
		t.Error(ready)
	}
	s.awaitMetric("jingwei_heat_incidents", n+1)
	s.awaitMetric("jingwei_heat_filled_ratio", 1)
}
