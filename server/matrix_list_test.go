package main

import "net/url"

// listRows are many incidents at once: those of a range of time as points, and as a file.
func (m *matrix) listRows() []row {
	const (
		shown    = "401 403 403 403 | has has has has has | has has has has has | 403 403 403 | 403 has"
		notShown = "401 403 403 403 | not not not not not | has has has has has | 403 403 403 | 403 not"
		beside   = "401 403 403 403 | 403 403 403 403 403 | has has has has has | 403 403 403 | 403 403"
	)
	today := url.Values{"from": {"2026-01-01T00:00:00Z"}, "to": {"2100-01-01T00:00:00Z"}, "ids": {"true"}}.Encode()
	points := func(query string, p spot) func(*caller) string {
		return shows("GET", "/api/v1/incidents/points?"+today+query, "", p.incident)
	}
	const (
		taken      = "401 403 403 403 | 403 403 has has has | 403 403 has has has | 403 403 403 | 403 403"
		notTaken   = "401 403 403 403 | 403 403 not not not | 403 403 has has has | 403 403 403 | 403 403"
		takenAside = "401 403 403 403 | 403 403 403 403 403 | 403 403 has has has | 403 403 403 | 403 403"
	)
	export := func(query string, p spot) func(*caller) string {
		return shows("GET", "/api/v1/incidents/export?format=csv&columns=id"+query, "", p.incident)
	}
	return []row{
		{"GET /api/v1/incidents/export", "inside", export("", m.inside), taken},
		{"GET /api/v1/incidents/export", "outside", export("", m.outside), notTaken},
		{"GET /api/v1/incidents/export", "nowhere", export("", m.nowhere), notTaken},
		{"GET /api/v1/incidents/export", "town outside", export("&area="+outsideTown, m.outside), takenAside},
		{"GET /api/v1/incidents/export", "by id, outside", export("&q="+m.outside.incident, m.outside), notTaken},
		{"GET /api/v1/incidents", "by receipt, outside", shows("GET", "/api/v1/incidents?q="+m.outside.receipt.Number, "", m.outside.incident), notShown},
		{"GET /api/v1/incidents/points", "inside", points("", m.inside), shown},
		{"GET /api/v1/incidents/points", "outside", points("", m.outside), notShown},
		{"GET /api/v1/incidents/points", "nowhere", points("", m.nowhere), notShown},
		{"GET /api/v1/incidents/points", "town outside", points("&area="+outsideTown, m.outside), beside},
		{"GET /api/v1/incidents/points", "county, outside", points("&area=320282", m.outside), notShown},
	}
}
