package main

import (
	"fmt"
	"net/http"

	"github.com/paulmach/orb/maptile"

	"jingwei/server/photo/phototest"
)

func somePhoto() []byte { return phototest.JPEG(40, 30) }

// The columns of every row: nobody public expired outdated | on the town: viewer worker handler dispatcher planner | on everything: viewer
// worker handler dispatcher planner | system security auditor | token for snapping, token of a viewer of the town.
const everybody = "200 200 200 200 | 200 200 200 200 200 | 200 200 200 200 200 | 200 200 200 | 200 200"

// publicRows are open to all.
func (m *matrix) publicRows() []row {
	at := maptile.At([2]float64{insideLon, insideLat}, 15)
	// The pages may not be built into the program that is tested.
	page := func(path string) func(*caller) string {
		return func(c *caller) string {
			if a := c.get(path); a.status != http.StatusServiceUnavailable && a.status != http.StatusOK {
				return fmt.Sprint(a.status)
			}
			return "200"
		}
	}
	rows := []row{
		{"GET /api/v1/about", "", status("GET", "/api/v1/about", ""), everybody},
		{"GET /api/v1/items", "", status("GET", "/api/v1/items", ""), everybody},
		{"GET /api/v1/stations", "", status("GET", "/api/v1/stations?q=%E9%A9%BF%E7%AB%99&area="+outsideTown, ""), everybody},
		{"GET /api/v1/roles", "", status("GET", "/api/v1/roles", ""), everybody},
		{"GET /tiles/areas.json", "", status("GET", "/tiles/areas.json", ""), everybody},
		{"GET /tiles/areas/{z}/{x}/{y}.mvt", "inside", status("GET", fmt.Sprintf("/tiles/areas/15/%d/%d.mvt", at.X, at.Y), ""), everybody},
		{"GET /healthz", "", status("GET", "/healthz", ""), everybody},
		{"GET /readyz", "", status("GET", "/readyz", ""), everybody},
		{"GET /", "", page("/"), everybody},
		{"GET /*", "", page("/index"), everybody},
		{"GET /metrics", "", status("GET", "/metrics", ""), "401 403 403 403 | 403 403 403 403 403 | 403 403 403 403 403 | 200 403 403 | 403 403"},
	}
	for _, format := range []string{".json", ".yaml", "-3.0.json", "-3.0.yaml"} {
		path := "/api/v1/openapi" + format
		rows = append(rows, row{"GET " + path, "", status("GET", path, ""), everybody})
	}
	return rows
}

// areaRows are areas, their figures and earlier editions, and points.
func (m *matrix) areaRows() []row {
	const past = "at=2026-03-01T00:00:00Z"
	in, out, none := fmt.Sprintf("lon=%v&lat=%v", insideLon, insideLat), fmt.Sprintf("lon=%v&lat=%v", outsideLon, outsideLat), fmt.Sprintf("lon=%v&lat=%v", nowhereLon, nowhereLat)
	both := fmt.Sprintf(`[[%v,%v],[%v,%v],[%v,%v]]`, insideLon, insideLat, outsideLon, outsideLat, nowhereLon, nowhereLat)
	get := func(path, text string) func(*caller) string { return shows("GET", path, "", text) }
	const figures = `"households":123,"population":456`
	const (
		all         = "has has has has | has has has has has | has has has has has | has has has | has has"
		ofTown      = "not not not not | has has has has has | has has has has has | not not not | not has"
		ofAll       = "not not not not | not not not not not | has has has has has | not not not | not not"
		pastOfTown  = "401 403 403 403 | has has has has has | has has has has has | 403 403 403 | 403 has"
		pastOfAll   = "401 403 403 403 | not not not not not | has has has has has | 403 403 403 | 403 not"
		pastBeside  = "401 403 403 403 | 403 403 403 403 403 | has has has has has | 403 403 403 | 403 403"
		pastUnknown = "401 403 403 403 | 404 404 404 404 404 | 404 404 404 404 404 | 403 403 403 | 403 404"
	)
	return []row{
		{"GET /api/v1/areas", "inside", get("/api/v1/areas?level=town", `"id":"320282001"`), all},
		{"GET /api/v1/areas", "outside", get("/api/v1/areas?level=town", `"id":"320282004"`), all},
		{"GET /api/v1/areas", "figures inside", get("/api/v1/areas?parent=320282001", figures), ofTown},
		{"GET /api/v1/areas", "figures outside", get("/api/v1/areas?parent=320282004", figures), ofAll},
		{"GET /api/v1/areas", "figures above", get("/api/v1/areas?level=county", figures), ofAll},
		{"GET /api/v1/areas", "earlier, inside", get("/api/v1/areas?level=town&"+past, `"id":"320282001"`), pastOfTown},
		{"GET /api/v1/areas", "earlier, outside", get("/api/v1/areas?level=town&"+past, `"id":"320282004"`), pastOfAll},
		{"GET /api/v1/areas", "earlier, above", get("/api/v1/areas?level=county&"+past, `"id":"320282"`), pastOfAll},
		{"GET /api/v1/areas/{code}", "inside", get("/api/v1/areas/"+insideArea, `"id":"`+insideArea), all},
		{"GET /api/v1/areas/{code}", "outside", get("/api/v1/areas/"+outsideArea, `"id":"`+outsideArea), all},
		{"GET /api/v1/areas/{code}", "figures inside", get("/api/v1/areas/"+insideArea, figures), ofTown},
		{"GET /api/v1/areas/{code}", "figures outside", get("/api/v1/areas/"+outsideArea, figures), ofAll},
		{"GET /api/v1/areas/{code}", "figures above", get("/api/v1/areas/320282", figures), ofAll},
		{"GET /api/v1/areas/{code}", "earlier, inside", get("/api/v1/areas/"+insideArea+"?"+past, figures), pastOfTown},
		{"GET /api/v1/areas/{code}", "earlier, outside", get("/api/v1/areas/"+outsideArea+"?"+past, figures), pastBeside},
		{"GET /api/v1/areas/{code}", "earlier, above", get("/api/v1/areas/320282?"+past, figures), pastBeside},
		{"GET /api/v1/areas/{code}", "earlier, unknown", get("/api/v1/areas/nowhere?"+past, figures), pastUnknown},
		{"GET /api/v1/areas/{code}/history", "inside", get("/api/v1/areas/"+insideArea+"/history", `"from_edition":1`), pastOfTown},
		{"GET /api/v1/areas/{code}/history", "outside", get("/api/v1/areas/"+outsideArea+"/history", `"from_edition":1`), pastBeside},
		{"GET /api/v1/areas/{code}/history", "above", get("/api/v1/areas/320282/history", `"from_edition":1`), pastBeside},
		{"GET /api/v1/areas/{code}/history", "unknown", get("/api/v1/areas/nowhere/history", ""), pastUnknown},
		{"GET /api/v1/editions", "", get("/api/v1/editions", `"number":1`), pastOfTown},

		{"GET /api/v1/snap", "inside", get("/api/v1/snap?"+in, insideArea), all},
		{"GET /api/v1/snap", "outside", get("/api/v1/snap?"+out, outsideArea), all},
		{"GET /api/v1/snap", "figures inside", get("/api/v1/snap?"+in, figures), ofTown},
		{"GET /api/v1/snap", "figures outside", get("/api/v1/snap?"+out, figures), ofAll},
		{"GET /api/v1/snap", "earlier, inside", get("/api/v1/snap?"+past+"&"+in, insideArea), pastOfTown},
		{"GET /api/v1/snap", "earlier, outside", get("/api/v1/snap?"+past+"&"+out, outsideArea), pastBeside},
		{"GET /api/v1/snap", "earlier, nowhere", get("/api/v1/snap?"+past+"&"+none, `"outside"`), pastBeside},
		{
			"POST /api/v1/snap", "mixed, inside", shows("POST", "/api/v1/snap", both, insideArea),
			"401 403 403 403 | has has has has has | has has has has has | 403 403 403 | has has",
		},
		{
			"POST /api/v1/snap", "mixed, outside", shows("POST", "/api/v1/snap", both, outsideArea),
			"401 403 403 403 | has has has has has | has has has has has | 403 403 403 | has has",
		},
		{"POST /api/v1/snap", "earlier, mixed, inside", shows("POST", "/api/v1/snap?"+past, both, insideArea), pastOfTown},
		{"POST /api/v1/snap", "earlier, mixed, outside", shows("POST", "/api/v1/snap?"+past, both, outsideArea), pastOfAll},
		{"POST /api/v1/snap", "earlier, mixed, nowhere", shows("POST", "/api/v1/snap?"+past, both, `"status":"outside"`), pastOfAll},
	}
}

// incidentRows are incidents, who reported them, their photos, and reports.
func (m *matrix) incidentRows() []row {
	const (
		listed    = "401 403 403 403 | has has has has has | has has has has has | 403 403 403 | 403 has"
		notListed = "401 403 403 403 | not not not not not | has has has has has | 403 403 403 | 403 not"
		beside    = "401 403 403 403 | 403 403 403 403 403 | has has has has has | 403 403 403 | 403 403"
		found     = "401 403 403 403 | 200 200 200 200 200 | 200 200 200 200 200 | 403 403 403 | 403 200"
		hidden    = "401 403 403 403 | 404 404 404 404 404 | 200 200 200 200 200 | 403 403 403 | 403 404"
		unknown   = "401 403 403 403 | 404 404 404 404 404 | 404 404 404 404 404 | 403 403 403 | 403 404"
		created   = "201 201 201 201 | 201 201 201 201 201 | 201 201 201 201 201 | 201 201 201 | 201 201"
		takenIn   = "401 403 403 403 | 403 201 403 201 403 | 403 201 403 201 403 | 403 403 403 | 403 403"
		notTaken  = "401 403 403 403 | 403 403 403 403 403 | 403 201 403 201 403 | 403 403 403 | 403 403"
	)
	list := func(query string, p spot) func(*caller) string {
		return shows("GET", "/api/v1/incidents?limit=1000"+query, "", p.incident)
	}
	find := func(id string) func(*caller) string { return status("GET", "/api/v1/incidents/"+id, "") }
	photo := func(of, p spot) func(*caller) string {
		return status("GET", "/api/v1/incidents/"+of.incident+"/photos/"+p.photo, "")
	}
	unseal := func(id string) func(*caller) string {
		return status("POST", "/api/v1/incidents/"+id+"/reporter/unseal", `{"reason":"核实情况，需要联系报告人"}`)
	}
	post := func(channel string, p spot) func(*caller) string {
		return status("POST", "/api/v1/incidents", fmt.Sprintf(`{"lon":%v,"lat":%v,"item":%q,"title":"矩阵","channel":%q}`, p.lon, p.lat, anyItem, channel))
	}
	follow := func(number, secret string) func(*caller) string {
		return status("POST", "/api/v1/reports/follow", fmt.Sprintf(`{"number":%q,"secret":%q}`, number, secret))
	}
	const nobodys = "00000000-0000-7000-8000-000000000000"
	box := fmt.Sprintf("&bbox=%v,%v,%v,%v", areaWest, areaSouth, areaEast, areaNorth)
	rows := []row{
		{"GET /api/v1/incidents", "inside", list("", m.inside), listed},
		{"GET /api/v1/incidents", "outside", list("", m.outside), notListed},
		{"GET /api/v1/incidents", "nowhere", list("", m.nowhere), notListed},
		{"GET /api/v1/incidents", "box, inside", list(box, m.inside), listed},
		{"GET /api/v1/incidents", "box, outside", list(box, m.outside), notListed},
		{"GET /api/v1/incidents", "town inside", list("&area="+insideTown, m.inside), listed},
		{"GET /api/v1/incidents", "town outside", list("&area="+outsideTown, m.outside), beside},
		{"GET /api/v1/incidents", "county, inside", list("&area=320282", m.inside), listed},
		{"GET /api/v1/incidents", "county, outside", list("&area=320282", m.outside), notListed},
		{"GET /api/v1/incidents", "below, inside", list("&area="+insideArea, m.inside), listed},
		{"GET /api/v1/incidents", "below, outside", list("&area="+outsideArea, m.outside), beside},
		{"GET /api/v1/incidents/{id}", "inside", find(m.inside.incident), found},
		{"GET /api/v1/incidents/{id}", "outside", find(m.outside.incident), hidden},
		{"GET /api/v1/incidents/{id}", "nowhere", find(m.nowhere.incident), hidden},
		{"GET /api/v1/incidents/{id}", "unknown", find(nobodys), unknown},
		{"GET /api/v1/incidents/{id}/photos/{photo}", "inside", photo(m.inside, m.inside), found},
		{"GET /api/v1/incidents/{id}/photos/{photo}", "outside", photo(m.outside, m.outside), hidden},
		{"GET /api/v1/incidents/{id}/photos/{photo}", "photo of outside, incident inside", photo(m.inside, m.outside), unknown},
		{
			"POST /api/v1/incidents/{id}/reporter/unseal", "inside", unseal(m.inside.incident),
			"401 403 403 403 | 403 403 200 200 403 | 403 403 200 200 403 | 403 403 403 | 403 403",
		},
		{
			"POST /api/v1/incidents/{id}/reporter/unseal", "outside", unseal(m.outside.incident),
			"401 403 403 403 | 404 404 404 404 404 | 403 403 200 200 403 | 403 403 403 | 403 404",
		},
		{"POST /api/v1/incidents/{id}/reporter/unseal", "unknown", unseal(nobodys), unknown},
		{"POST /api/v1/photos", "", func(c *caller) string { return fmt.Sprint(c.upload(somePhoto()).status) }, created},
		{"POST /api/v1/reports/follow", "own", follow(m.outside.receipt.Number, m.outside.receipt.Secret), everybody},
		{
			"POST /api/v1/reports/follow", "another's secret", follow(m.outside.receipt.Number, m.inside.receipt.Secret),
			"404 404 404 404 | 404 404 404 404 404 | 404 404 404 404 404 | 404 404 404 | 404 404",
		},
	}
	for _, channel := range []string{"resident", "courier"} {
		for name, p := range map[string]spot{"inside": m.inside, "outside": m.outside, "nowhere": m.nowhere} {
			rows = append(rows, row{"POST /api/v1/incidents", channel + " " + name, post(channel, p), created})
		}
	}
	for _, channel := range []string{"worker", "hotline_12345", "platform_1_4", "enterprise_line"} {
		rows = append(rows,
			row{"POST /api/v1/incidents", channel + " inside", post(channel, m.inside), takenIn},
			row{"POST /api/v1/incidents", channel + " outside", post(channel, m.outside), notTaken},
			row{"POST /api/v1/incidents", channel + " nowhere", post(channel, m.nowhere), notTaken})
	}
	return rows
}

// The county's box.
const areaWest, areaSouth, areaEast, areaNorth = 119.80, 31.30, 119.84, 31.34
