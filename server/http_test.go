package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/maptile"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/access"
	"jingwei/server/area/areatest"
)

const anyItem = "illegal_parking"

func TestSnap(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	var a struct {
		Status string
		Cell   string
		Areas  []struct{ Code, Level, Name string }
		Branch *struct{ Code, Area, Secretary string }
	}
	path := fmt.Sprintf("/api/v1/snap?lon=%v&lat=%v", insideLon, insideLat)
	s.get(path).into(t, http.StatusOK, &a)
	if a.Status != "owned" || len(a.Areas) != 5 || a.Areas[4].Code != firstMicro || a.Areas[0].Level != "county" || len(a.Cell) != 15 {
		t.Errorf("snap: %+v", a)
	}
	if a.Branch == nil || a.Branch.Code != "B2" || a.Branch.Area != firstGrid {
		t.Errorf("the branch of the grid must answer, not %+v", a.Branch)
	}

	t.Run("crs", func(t *testing.T) {
		lon, lat := geo.GCJ02.FromWGS84(insideLon, insideLat)
		s.get(fmt.Sprintf("/api/v1/snap?crs=gcj02&lon=%v&lat=%v", lon, lat)).into(t, http.StatusOK, &a)
		if a.Areas[4].Code != firstMicro {
			t.Errorf("gcj02 snaps to %s", a.Areas[4].Code)
		}
	})
	t.Run("border belongs to the lowest code", func(t *testing.T) {
		// The middle of the county is a corner of four towns.
		s.get("/api/v1/snap?lon=119.82&lat=31.32").into(t, http.StatusOK, &a)
		if a.Areas[1].Code != "320282001" {
			t.Errorf("the corner of four towns belongs to %s", a.Areas[1].Code)
		}
	})
	t.Run("undivided community", func(t *testing.T) {
		s.get("/api/v1/snap?lon=119.839&lat=31.321").into(t, http.StatusOK, &a)
		if len(a.Areas) != 3 || a.Areas[2].Code != "320282002004" || a.Branch == nil || a.Branch.Code != "B1" {
			t.Errorf("snap: %+v, branch %+v", a.Areas, a.Branch)
		}
	})
	for _, place := range []string{"lon=0&lat=90", "lon=180&lat=0", "lon=-180&lat=0", "lon=119.7&lat=31.32", "lon=0&lat=-90"} {
		s.get("/api/v1/snap?"+place).into(t, http.StatusOK, &a)
		if a.Status != "outside" || len(a.Areas) != 0 {
			t.Errorf("%s: %+v", place, a)
		}
	}
	for place, code := range map[string]string{
		"lon=NaN&lat=31": "invalid_coordinate", "lon=1e999&lat=31": "invalid", "lon=31.3&lat=119.8": "invalid_coordinate", "lon=x&lat=31": "invalid",
		"lat=31": "invalid", "lon=119.8&lat=31.3&crs=utm": "invalid", "lon=119.8&lat=31.3&at=yesterday": "invalid",
	} {
		s.get("/api/v1/snap?"+place).problem(t, http.StatusUnprocessableEntity, code)
	}
}

func TestSnapBatch(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	var answers []struct{ Status, Area, Branch, Error string }
	body := fmt.Sprintf(`[{"lon":%v,"lat":%v},[119.82,31.32],{"lon":200,"lat":0},"x",[0,0],{"lat":1}]`, insideLon, insideLat)
	s.do(http.MethodPost, "/api/v1/snap", body).into(t, http.StatusOK, &answers)
	if len(answers) != 6 || answers[0].Area != firstMicro || answers[0].Branch != "B2" || answers[1].Area != "32028200100400404" {
		t.Fatalf("answers: %+v", answers)
	}
	if answers[2].Error == "" || answers[3].Error == "" || answers[4].Status != "outside" || answers[5].Error == "" {
		t.Errorf("answers to bad points: %+v", answers[2:])
	}

	lines := s.do(http.MethodPost, "/api/v1/snap", "[119.801,31.339]\n\n{\"lon\":1,\"lat\":2}\n{", "Content-Type", "application/x-ndjson")
	if got := bytes.Count(lines.body, []byte("\n")); lines.status != http.StatusOK || got != 3 {
		t.Errorf("NDJSON: %d, %d lines: %s", lines.status, got, lines.body)
	}
	if !strings.Contains(string(bytes.Split(lines.body, []byte("\n"))[2]), "error") {
		t.Errorf("the broken line has no error: %s", lines.body)
	}

	s.do(http.MethodPost, "/api/v1/snap", `{"lon":1}`).problem(t, http.StatusBadRequest, "bad_request")
	detail := s.do(http.MethodPost, "/api/v1/snap", `[[1,2],[3,`).problem(t, http.StatusBadRequest, "bad_request")
	if !strings.Contains(detail, "body[1]") {
		t.Errorf("the problem does not name the place: %s", detail)
	}
	s.do(http.MethodPost, "/api/v1/snap", `[[1,2]]x`).problem(t, http.StatusBadRequest, "bad_request")
}

func TestBodyOverTheLimit(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	for _, path := range []string{"/api/v1/incidents", "/api/v1/snap"} {
		// Announced as 1 GB and never sent: the server must answer without waiting for it.
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+path, io.LimitReader(endless('['), 1<<30))
		if err != nil {
			t.Fatal(err)
		}
		request.ContentLength = 1 << 30
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Expect", "100-continue")
		request.Header.Set(s.header[0], s.header[1])
		response, err := (&http.Transport{ExpectContinueTimeout: time.Second}).RoundTrip(request)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		answer{response.StatusCode, response.Header, body}.problem(t, http.StatusRequestEntityTooLarge, "too_large")
	}
}

type endless byte

func (b endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(b)
	}
	return len(p), nil
}

func TestAreas(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	type collection struct {
		Edition  int
		Next     *string
		Features []struct {
			ID       string
			BBox     [4]float64
			Geometry *struct {
				Type        string
				Coordinates [][][][2]float64
			}
			Properties struct {
				Code, Name, Level, Parent string
				Label                     [2]float64
				Branch                    *struct{ Code string }
			}
		}
	}
	var all []string
	cursor := ""
	for pages := 0; ; pages++ {
		var page collection
		s.get("/api/v1/areas?level=community&geometry=false&limit=7"+cursor).into(t, http.StatusOK, &page)
		for _, f := range page.Features {
			all = append(all, f.ID)
			if f.Geometry != nil {
				t.Error("geometry=false gives a geometry")
			}
		}
		if page.Next == nil {
			if pages != 2 {
				t.Errorf("%d pages", pages+1)
			}
			break
		}
		cursor = "&cursor=" + *page.Next
	}
	if len(all) != 16 || all[0] != "320282001001" || all[15] != "320282004004" {
		t.Errorf("communities: %v", all)
	}

	var c collection
	s.get("/api/v1/areas?parent=320282&q="+"320282003").into(t, http.StatusOK, &c)
	if len(c.Features) != 1 || c.Features[0].Geometry.Type != "MultiPolygon" || len(c.Features[0].Geometry.Coordinates[0][0]) != 5 {
		t.Errorf("search: %+v", c)
	}
	s.get("/api/v1/areas?bbox=119.801,31.338,119.802,31.339").into(t, http.StatusOK, &c)
	if len(c.Features) != 5 {
		t.Errorf("%d areas in a box inside one micro-grid", len(c.Features))
	}

	f := c.Features[4]
	s.get("/api/v1/areas/"+firstMicro).into(t, http.StatusOK, &f)
	if f.Properties.Parent != firstGrid || f.Properties.Branch == nil || f.Properties.Branch.Code != "B2" || f.Properties.Label[0] < f.BBox[0] {
		t.Errorf("area: %+v", f)
	}
	s.get("/api/v1/areas/nowhere").problem(t, http.StatusNotFound, "not_found")
	s.get("/api/v1/areas/nowhere/history").problem(t, http.StatusNotFound, "not_found")
	s.get("/api/v1/areas?level=planet").problem(t, http.StatusUnprocessableEntity, "invalid")
	s.get("/api/v1/areas?bbox=NaN,NaN,NaN,NaN").problem(t, http.StatusUnprocessableEntity, "invalid_coordinate")
	s.get("/api/v1/areas?bbox=1,2,0,3").problem(t, http.StatusUnprocessableEntity, "invalid_coordinate")
	s.get("/api/v1/areas?cursor=%25").problem(t, http.StatusUnprocessableEntity, "invalid_cursor")
}

func TestEditions(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	events := s.follow("")
	next(t, events, "hello")

	// The second edition moves the border of the two northern micro-grids of the first grid a little to the east.
	const shift = 1000
	var moved []coverage.Area
	for _, a := range areatest.Areas() {
		ring := a.Shape[0][0] // south-west, south-east, north-east, north-west
		switch a.Code {
		case firstGrid + "01":
			ring[1].Lon += shift
			ring[2].Lon += shift
			moved = append(moved, a)
		case firstGrid + "02":
			ring[0].Lon += shift
			ring[3].Lon += shift
			moved = append(moved, a)
		}
	}
	second := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	areatest.Publish(t, s.db.Pool, moved, second)

	if e := next(t, events, "edition.published"); !strings.Contains(e.data, `"number":2`) && !strings.Contains(e.data, `"number": 2`) {
		t.Errorf("event: %s", e.data)
	}
	// The server has the edition before clients hear of it.
	const between = "/api/v1/snap?lon=119.80255&lat=31.339"
	var a struct {
		Edition int
		Areas   []struct{ Code string }
	}
	s.get(between).into(t, http.StatusOK, &a)
	if a.Edition != 2 || a.Areas[4].Code != firstGrid+"01" {
		t.Errorf("after the second edition: %+v", a)
	}
	s.get(between+"&at=2026-03-01T00:00:00Z").into(t, http.StatusOK, &a)
	if a.Edition != 1 || a.Areas[4].Code != firstGrid+"02" {
		t.Errorf("in March: %+v", a)
	}
	var batch []struct{ Area string }
	s.do(http.MethodPost, "/api/v1/snap?at=2026-03-01T00:00:00Z", `[[119.80255,31.339]]`).into(t, http.StatusOK, &batch)
	if len(batch) != 1 || batch[0].Area != firstGrid+"02" {
		t.Errorf("a batch in March: %+v", batch)
	}
	var c struct{ Edition int }
	s.get("/api/v1/areas?at=2026-03-01T00:00:00%2B08:00&level=town").into(t, http.StatusOK, &c)
	if c.Edition != 1 {
		t.Errorf("areas in March come from edition %d", c.Edition)
	}
	s.get("/api/v1/areas?at=2025-01-01T00:00:00Z").problem(t, http.StatusNotFound, "not_found")

	var h struct {
		Items []struct {
			FromEdition int  `json:"from_edition"`
			ToEdition   *int `json:"to_edition"`
		}
	}
	s.get("/api/v1/areas/"+firstMicro+"/history").into(t, http.StatusOK, &h)
	if len(h.Items) != 2 || h.Items[0].FromEdition != 2 || h.Items[0].ToEdition != nil || h.Items[1].ToEdition == nil || *h.Items[1].ToEdition != 1 {
		t.Errorf("history: %+v", h)
	}
	var e struct{ Items []struct{ Number int } }
	s.get("/api/v1/editions").into(t, http.StatusOK, &e)
	if len(e.Items) != 2 || e.Items[0].Number != 2 {
		t.Errorf("editions: %+v", e)
	}
}

func TestTiles(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	var j struct {
		Tiles   []string
		Bounds  [4]float64
		MinZoom int
		MaxZoom int
	}
	s.get("/tiles/areas.json").into(t, http.StatusOK, &j)
	if len(j.Tiles) != 1 || j.Bounds != [4]float64{119.80, 31.30, 119.84, 31.34} || !strings.HasPrefix(j.Tiles[0], s.url) {
		t.Errorf("TileJSON: %+v", j)
	}
	at := maptile.At([2]float64{insideLon, insideLat}, 15)
	path := fmt.Sprintf("/tiles/areas/15/%d/%d.mvt", at.X, at.Y)
	tile := s.get(path)
	if tile.status != http.StatusOK || tile.header.Get("Content-Type") != "application/vnd.mapbox-vector-tile" {
		t.Fatalf("tile: %d %v", tile.status, tile.header)
	}
	layers, err := mvt.Unmarshal(tile.body) // the client has decompressed it
	if err != nil {
		t.Fatal(err)
	}
	codes := map[any]bool{}
	for _, l := range layers {
		for _, f := range l.Features {
			codes[f.Properties["code"]] = true
		}
	}
	if !codes[firstMicro] || !codes["320282"] {
		t.Errorf("the tile lacks its areas: %v", codes)
	}
	if raw := s.do(http.MethodGet, path, "", "Accept-Encoding", "identity"); !bytes.Equal(raw.body, tile.body) || raw.header.Get("Content-Encoding") != "" {
		t.Error("a client that does not take gzip gets something else")
	}
	if again := s.do(http.MethodGet, path, "", "If-None-Match", tile.header.Get("ETag")); again.status != http.StatusNotModified {
		t.Errorf("the same tile again: %d", again.status)
	}
	// Only a URL that names what is served may be kept for ever, as that of TileJSON does.
	named := strings.NewReplacer(s.url, "", "{z}", "15", "{x}", fmt.Sprint(at.X), "{y}", fmt.Sprint(at.Y)).Replace(j.Tiles[0])
	_, revision, _ := strings.Cut(named, "revision=")
	for query, immutable := range map[string]bool{
		named: true, path + "?revision=" + revision + "&edition=1&x=y": true, path: false, path + "?edition=2&revision=" + revision: false,
		path + "?edition=1": false, path + "?edition=1&revision=0": false, path + "?revision=" + revision: false,
	} {
		for _, headers := range [][]string{nil, {"If-None-Match", "W/" + tile.header.Get("ETag")}} {
			answer := s.do(http.MethodGet, query, "", headers...)
			if got := answer.header.Get("Cache-Control"); strings.Contains(got, "immutable") != immutable || !immutable && got != "no-cache" {
				t.Errorf("%s is answered with Cache-Control: %s", query, got)
			}
			if answer.header.Get("ETag") != tile.header.Get("ETag") || (answer.status == http.StatusNotModified) != (headers != nil) {
				t.Errorf("%s with %v: %d, ETag %s", query, headers, answer.status, answer.header.Get("ETag"))
			}
		}
	}
	if empty := s.get("/tiles/areas/15/0/0.mvt"); empty.status != http.StatusNoContent {
		t.Errorf("an empty tile: %d", empty.status)
	}
	s.awaitMetric("jingwei_tile_ahead_ratio", 1)
	for _, bad := range []string{"/tiles/areas/15/99999/0.mvt", "/tiles/areas/99/0/0.mvt", "/tiles/areas/a/b/c.mvt", "/tiles/areas/15/0/0.png", "/tiles/areas/15/-1/0.mvt"} {
		s.get(bad).problem(t, http.StatusNotFound, "not_found")
	}
}

// awaitMetric asks until a gauge has a value.
func (s *site) awaitMetric(name string, value float64) {
	s.t.Helper()
	want := fmt.Sprintf("\n%s %v\n", name, value)
	admin := s.as(s.token(access.SystemAdmin, "")...)
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(string(admin.get("/metrics").body), want); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("%s does not become %v", name, value)
		}
	}
}

func TestIncidents(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	var created struct {
		ID, Item, ItemName, Snap, Cell, Status string
		Areas                                  []string
		Branch                                 *string
		Edition                                int
	}
	answer := s.do(http.MethodPost, "/api/v1/incidents", report("占用绿地"))
	answer.into(t, http.StatusCreated, &created)
	if created.Snap != "owned" || len(created.Areas) != 5 || created.Areas[4] != firstMicro || created.Branch == nil || *created.Branch != "B2" || created.Status != "collected" {
		t.Errorf("created: %+v", created)
	}
	var found struct {
		ID, Title string
		Lon, Lat  float64
	}
	s.get(answer.header.Get("Location")).into(t, http.StatusOK, &found)
	if found.ID != created.ID || found.Title != "占用绿地" || found.Lon != insideLon || found.Lat != insideLat {
		t.Errorf("found: %+v", found)
	}

	t.Run("outside is stored", func(t *testing.T) {
		s.do(http.MethodPost, "/api/v1/incidents", `{"lon":0,"lat":0,"item":"`+anyItem+`","title":"远方"}`).into(t, http.StatusCreated, &created)
		if created.Snap != "outside" || len(created.Areas) != 0 {
			t.Errorf("created: %+v", created)
		}
	})
	t.Run("a repeat with its key", func(t *testing.T) {
		var first, second struct{ ID string }
		s.do(http.MethodPost, "/api/v1/incidents", report("重复"), "Idempotency-Key", "k1").into(t, http.StatusCreated, &first)
		s.do(http.MethodPost, "/api/v1/incidents", report("重复"), "Idempotency-Key", "k1").into(t, http.StatusOK, &second)
		if first.ID != second.ID {
			t.Errorf("a repeat made %s beside %s", second.ID, first.ID)
		}
		s.do(http.MethodPost, "/api/v1/incidents", report("另一个"), "Idempotency-Key", "k1").problem(t, http.StatusUnprocessableEntity, "idempotency_key_reuse")
	})
	for body, code := range map[string]string{
		``:                      "bad_request",
		`{`:                     "bad_request",
		`[]`:                    "invalid",
		`{"lon":1}`:             "invalid",
		`{"lon":"a","lat":"b"}`: "invalid",
		`{"lon":500,"lat":0,"item":"` + anyItem + `","title":"x"}`:                                    "invalid_coordinate",
		`{"lon":1,"lat":2,"item":"nothing","title":"x"}`:                                              "unknown_item",
		`{"lon":1,"lat":2,"item":"` + anyItem + `","title":"  "}`:                                     "invalid",
		`{"lon":1,"lat":2,"item":"` + anyItem + `","title":"a\u0000b"}`:                               "invalid",
		`{"lon":1,"lat":2,"item":"` + anyItem + `","title":"x","reported_at":"2999-01-01T00:00:00Z"}`: "invalid",
		`{"lon":1,"lat":2,"item":"` + anyItem + `","title":"x","reported_at":"2020-01-01T00:00:00Z"}`: "invalid",
		`{"lon":1,"lat":2,"item":"` + anyItem + `","title":"x","Title":"y"}`:                          "invalid",
		`{"lon":1,"lat":2,"item":"` + anyItem + `","title":"\u200b"}`:                                 "invalid",
		`{"lon":1,"lat":2,"item":"` + anyItem + `","title":"a\u001b[31m"}`:                            "invalid",
		"{\"lon\":1,\"lat\":2,\"item\":\"" + anyItem + "\",\"title\":\"\xb1\xea\"}":                   "bad_request",
		`{"lon":1,"lat":2,"item":"` + anyItem + `","title":"x","channel":"pigeon"}`:                   "invalid",
		`{"lon":1,"lat":2,"item":"` + anyItem + `","title":"x","accuracy_m":-1}`:                      "invalid",
		`{"lon":1e999,"lat":2,"item":"` + anyItem + `","title":"x"}`:                                  "bad_request",
	} {
		answer := s.do(http.MethodPost, "/api/v1/incidents", body)
		status := http.StatusUnprocessableEntity
		if code == "bad_request" {
			status = http.StatusBadRequest
		}
		t.Run(body, func(t *testing.T) { answer.problem(t, status, code) })
	}

	type page struct {
		Items []struct{ ID, Title string }
		Next  *string
	}
	t.Run("list", func(t *testing.T) {
		for i := range 5 {
			s.do(http.MethodPost, "/api/v1/incidents", report(fmt.Sprint("n", i)))
		}
		var titles []string
		cursor := ""
		for {
			var p page
			s.get("/api/v1/incidents?limit=3&area="+firstGrid+cursor).into(t, http.StatusOK, &p)
			for _, i := range p.Items {
				titles = append(titles, i.Title)
			}
			if p.Next == nil {
				break
			}
			cursor = "&cursor=" + *p.Next
		}
		if got := len(titles); got != 7 {
			t.Errorf("%d incidents in the grid: %v", got, titles)
		}
		var p page
		s.get("/api/v1/incidents?bbox=-1,-1,1,1").into(t, http.StatusOK, &p)
		if len(p.Items) != 1 || p.Items[0].Title != "远方" {
			t.Errorf("in the box: %+v", p)
		}
		for _, to := range []string{"2026-01-01", "0001-01-01"} { // the latter is the zero time of Go, which stands for none elsewhere
			s.get("/api/v1/incidents?to="+to+"T00:00:00Z").into(t, http.StatusOK, &p)
			if len(p.Items) != 0 {
				t.Errorf("before %s: %+v", to, p)
			}
		}
		s.get("/api/v1/incidents?from=2026-01-01T00:00:00Z&item="+anyItem+"&channel=resident&status=collected").into(t, http.StatusOK, &p)
		if len(p.Items) != 8 {
			t.Errorf("%d with all filters", len(p.Items))
		}
	})
	for _, path := range []string{"/api/v1/incidents?item=%00", "/api/v1/incidents?item=%ff", "/api/v1/areas/%00/history"} {
		s.get(path).problem(t, http.StatusUnprocessableEntity, "invalid")
	}
	s.do(http.MethodPost, "/api/v1/incidents", report("坏键"), "Idempotency-Key", "a\xff").problem(t, http.StatusUnprocessableEntity, "invalid")
	t.Run("personal numbers are masked", func(t *testing.T) {
		answer := s.do(http.MethodPost, "/api/v1/incidents", report("请打13812345678"))
		answer.into(t, http.StatusCreated, &found)
		for _, path := range []string{answer.header.Get("Location"), "/api/v1/incidents"} {
			if body := string(s.get(path).body); strings.Contains(body, "13812345678") || !strings.Contains(body, "138****5678") {
				t.Errorf("%s: %s", path, body)
			}
		}
	})
	t.Run("since ever", func(t *testing.T) {
		var p page
		s.get("/api/v1/incidents?from=1960-01-01T00:00:00Z").into(t, http.StatusOK, &p)
		if len(p.Items) == 0 {
			t.Error("a time before 1970 hides all incidents")
		}
	})
	if a := s.do(http.MethodHead, "/api/v1/incidents", ""); a.status != http.StatusOK || len(a.body) != 0 {
		t.Errorf("HEAD: %d, %d bytes", a.status, len(a.body))
	}
	s.get("/api/v1/incidents/00000000-0000-7000-8000-000000000000").problem(t, http.StatusNotFound, "not_found")
	s.get("/api/v1/incidents/x").problem(t, http.StatusUnprocessableEntity, "invalid")
	s.get("/api/v1/incidents?area=nowhere").problem(t, http.StatusUnprocessableEntity, "invalid")
	s.get("/api/v1/incidents?cursor=AAAA").problem(t, http.StatusUnprocessableEntity, "invalid_cursor")
}

func TestEvents(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	watcher, other := s.follow(""), s.follow("")
	next(t, watcher, "hello")
	next(t, other, "hello")
	var ids []string
	for i := range 3 {
		var created struct{ ID string }
		s.do(http.MethodPost, "/api/v1/incidents", report(fmt.Sprint("e", i))).into(t, http.StatusCreated, &created)
		ids = append(ids, created.ID)
	}
	var seen []sse
	for _, id := range ids {
		e := next(t, watcher, "incident.created")
		seen = append(seen, e)
		var data struct {
			ID    string   `json:"id"`
			Areas []string `json:"areas"`
		}
		if err := json.Unmarshal([]byte(e.data), &data); err != nil || data.ID != id || len(data.Areas) != 5 {
			t.Errorf("event %s, want incident %s", e.data, id)
		}
		if o := next(t, other, "incident.created"); o != e {
			t.Errorf("another client saw %+v, not %+v", o, e)
		}
	}
	replayed := s.follow(seen[0].id)
	for _, want := range seen[1:] {
		if got := next(t, replayed, "incident.created"); got != want {
			t.Errorf("replayed %+v, want %+v", got, want)
		}
	}
	reset := next(t, s.follow("999999999"), "reset")
	if !strings.Contains(reset.data, "future") || reset.id != seen[2].id {
		t.Errorf("a number from the future: %+v", reset)
	}
	s.do(http.MethodGet, "/api/v1/events", "", "Last-Event-ID", "x").problem(t, http.StatusUnprocessableEntity, "invalid")
}

func TestAboutAndDocuments(t *testing.T) {
	t.Parallel()
	empty := setup(t)
	var about struct {
		Edition int
		Areas   map[string]int
		Bounds  *[4]float64
		Notice  *struct{ ZH, EN string }
	}
	empty.get("/api/v1/about").into(t, http.StatusOK, &about)
	if about.Edition != 0 || len(about.Areas) != 0 || about.Bounds != nil || about.Notice != nil {
		t.Errorf("empty: %+v", about)
	}
	var areas struct{ Features []any }
	empty.get("/api/v1/areas").into(t, http.StatusOK, &areas)
	var snapped struct{ Status string }
	empty.get("/api/v1/snap?lon=119.8&lat=31.3").into(t, http.StatusOK, &snapped)
	if len(areas.Features) != 0 || snapped.Status != "outside" {
		t.Errorf("an empty database has %v and %+v", areas, snapped)
	}

	s := setupCounty(t)
	s.get("/api/v1/about").into(t, http.StatusOK, &about)
	if about.Edition != 1 || about.Areas["micro"] != 4*4*4*4-16 || about.Bounds == nil {
		t.Errorf("about: %+v", about)
	}
	var document struct {
		OpenAPI string
		Paths   map[string]map[string]any
	}
	s.get("/api/v1/openapi.json").into(t, http.StatusOK, &document)
	if document.OpenAPI != "3.1.0" {
		t.Errorf("OpenAPI %s", document.OpenAPI)
	}
	for _, path := range []string{
		"/api/v1/snap", "/api/v1/areas", "/api/v1/areas/{code}", "/api/v1/areas/{code}/history", "/api/v1/editions", "/api/v1/incidents", "/api/v1/incidents/{id}",
		"/api/v1/events", "/api/v1/items", "/api/v1/about", "/tiles/areas.json", "/tiles/areas/{z}/{x}/{y}.mvt",
	} {
		if document.Paths[path] == nil {
			t.Errorf("the OpenAPI document lacks %s", path)
		}
	}
	var items struct{ Items []struct{ Code string } }
	s.get("/api/v1/items").into(t, http.StatusOK, &items)
	if len(items.Items) != 28 {
		t.Errorf("%d items", len(items.Items))
	}
	if a := s.get("/healthz"); a.status != http.StatusOK {
		t.Errorf("healthz: %d", a.status)
	}
	if a := s.as(s.token(access.SystemAdmin, "")...).get("/metrics"); !strings.Contains(string(a.body), "jingwei_http_request_duration_seconds") {
		t.Error("metrics lack the requests")
	}
	for _, path := range []string{"/api/v1/nothing", "/nothing.html", "/api", "/..%2f..%2fetc/passwd", "/assets/"} {
		s.get(path).problem(t, http.StatusNotFound, "not_found")
	}
	s.do(http.MethodDelete, "/api/v1/snap", "").problem(t, http.StatusMethodNotAllowed, "method_not_allowed")
}

func TestBatchOverHTTP(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	line := fmt.Sprintf(`{"lon":%v,"lat":%v,"item":%q,"title":"工单","channel":"worker","source_number":"H%%d"}`, insideLon, insideLat, anyItem)
	body := fmt.Sprintf(line+"\n"+line+"\n{}\n", 1, 2)
	a := s.do(http.MethodPost, "/api/v1/incidents:batch", body, "Content-Type", "application/x-ndjson")
	lines := strings.Split(strings.TrimSpace(string(a.body)), "\n")
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/x-ndjson" || len(lines) != 3 ||
		!strings.HasPrefix(lines[0], `{"row":1,"status":"created","id":"`) || lines[2] != `{"row":3,"status":"refused","code":"invalid","detail":"lon and lat are needed","location":"lon"}` {
		t.Errorf("%d %s", a.status, a.body)
	}
	csv := fmt.Sprintf("lon,lat,reported_at,item,channel,title,number\n%v,%v,%s,%s,worker,工单,H2\n", insideLon, insideLat, time.Now().Format(time.RFC3339), anyItem)
	if a := s.do(http.MethodPost, "/api/v1/incidents:batch", csv, "Content-Type", "text/csv; charset=utf-8"); a.status != http.StatusOK || !strings.Contains(string(a.body), `"repeated"`) {
		t.Errorf("CSV: %d %s", a.status, a.body)
	}
	s.do(http.MethodPost, "/api/v1/incidents:batch", "[]", "Content-Type", "application/json").problem(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
	s.do(http.MethodPost, "/api/v1/incidents:other", body, "Content-Type", "application/x-ndjson").problem(t, http.StatusMethodNotAllowed, "method_not_allowed")
	s.as().do(http.MethodPost, "/api/v1/incidents:batch", body, "Content-Type", "application/x-ndjson").problem(t, http.StatusUnauthorized, "login_required")

	var first, again struct {
		ID         string
		Review     *string
		Duplicates []struct {
			ID        string
			DistanceM float64 `json:"distance_m"`
		} `json:"possible_duplicates"`
	}
	single := fmt.Sprintf(line, 3)
	s.do(http.MethodPost, "/api/v1/incidents", single).into(t, http.StatusCreated, &first)
	s.do(http.MethodPost, "/api/v1/incidents", single).into(t, http.StatusOK, &again)
	if first.ID != again.ID || len(first.Duplicates) != 2 || first.Review != nil {
		t.Errorf("%+v and again %+v", first, again)
	}
	s.do(http.MethodPost, "/api/v1/incidents", strings.Replace(single, "工单", "另一件", 1)).problem(t, http.StatusConflict, "number_reused")
}
