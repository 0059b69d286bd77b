package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// intakeRows are batches of reports, the numbers of sources, and possible duplicates.
func (m *matrix) intakeRows() []row {
	const (
		takenIn  = "401 403 403 403 | 403 created 403 created 403 | 403 created 403 created 403 | 403 403 403 | 403 403"
		notTaken = "401 403 403 403 | 403 forbidden 403 forbidden 403 | 403 created 403 created 403 | 403 403 403 | 403 403"
		numbered = "401 403 403 403 | 403 201 403 201 403 | 403 201 403 201 403 | 403 403 403 | 403 403"
		beside   = "401 403 403 403 | 403 403 403 403 403 | 403 201 403 201 403 | 403 403 403 | 403 403"
		found    = "401 403 403 403 | 200 200 200 200 200 | 200 200 200 200 200 | 403 403 403 | 403 200"
		hidden   = "401 403 403 403 | 404 404 404 404 404 | 200 200 200 200 200 | 403 403 403 | 403 404"
		ofTown   = "not not not not | has has has has has | has has has has has | not not not | not has"
		ofAll    = "not not not not | not not not not not | has has has has has | not not not | not not"
	)
	batch := func(p spot) func(*caller) string {
		return func(c *caller) string {
			a := c.do(http.MethodPost, "/api/v1/incidents:batch", fmt.Sprintf(`{"lon":%v,"lat":%v,"item":%q,"title":"矩阵"}`, p.lon, p.lat, anyItem), "Content-Type", "application/x-ndjson")
			var outcome struct {
				Status string `json:"status"`
				Code   string `json:"code"`
			}
			if a.status != http.StatusOK {
				return strconv.Itoa(a.status)
			}
			if err := json.Unmarshal(a.body, &outcome); err != nil {
				return err.Error()
			}
			if outcome.Status == "refused" {
				return outcome.Code
			}
			return outcome.Status
		}
	}
	number := func(p spot) func(*caller) string {
		return func(c *caller) string {
			m.made++
			return strconv.Itoa(c.do(http.MethodPost, "/api/v1/incidents", fmt.Sprintf(`{"lon":%v,"lat":%v,"item":%q,"title":"矩阵","source_number":"M%d"}`, p.lon, p.lat, anyItem, m.made)).status)
		}
	}
	duplicates := func(p spot) func(*caller) string {
		return status("GET", "/api/v1/incidents/"+p.incident+"/duplicates", "")
	}
	told := func(p spot) func(*caller) string {
		return shows("POST", "/api/v1/incidents", fmt.Sprintf(`{"lon":%v,"lat":%v,"item":%q,"title":"矩阵"}`, p.lon, p.lat, anyItem), `"distance_m"`)
	}
	return []row{
		{"POST /api/v1/incidents:batch", "inside", batch(m.inside), takenIn},
		{"POST /api/v1/incidents:batch", "outside", batch(m.outside), notTaken},
		{"POST /api/v1/incidents:batch", "nowhere", batch(m.nowhere), notTaken},
		{"POST /api/v1/incidents", "numbered, inside", number(m.inside), numbered},
		{"POST /api/v1/incidents", "numbered, outside", number(m.outside), beside},
		{"POST /api/v1/incidents", "duplicates inside", told(m.inside), ofTown},
		{"POST /api/v1/incidents", "duplicates outside", told(m.outside), ofAll},
		{"GET /api/v1/incidents/{id}/duplicates", "inside", duplicates(m.inside), found},
		{"GET /api/v1/incidents/{id}/duplicates", "outside", duplicates(m.outside), hidden},
	}
}
