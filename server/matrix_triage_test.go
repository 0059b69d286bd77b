package main

import (
	"fmt"
	"net/http"
	"strconv"
)

// Who may decide about places: dispatchers.
const (
	ofDispatchers    = "401 403 403 403 | 403 403 403 200 403 | 403 403 403 200 403 | 403 403 403 | 403 403"
	ofAllDispatchers = "401 403 403 403 | 403 403 403 403 403 | 403 403 403 200 403 | 403 403 403 | 403 403"
	besideTown       = "401 403 403 403 | 404 404 404 404 404 | 403 403 403 200 403 | 403 403 403 | 403 404"
	nowhereAtAll     = "401 403 403 403 | 404 404 404 404 404 | 404 404 404 404 404 | 403 403 403 | 403 404"
	unknownTicket    = "401 403 403 403 | 403 403 403 404 403 | 403 403 403 404 403 | 403 403 403 | 403 403"
)

// triageRows are moving and confirming incidents, their history, and the queue of those whose place somebody should look at.
func (m *matrix) triageRows() []row {
	const nobodys = "00000000-0000-7000-8000-000000000000"
	move := func(from, to spot) func(*caller) string {
		return func(c *caller) string {
			body := fmt.Sprintf(`{"lon":%v,"lat":%v,"reason":"在路口对面"}`, to.lon+0.0001, to.lat)
			return strconv.Itoa(c.do(http.MethodPost, "/api/v1/incidents/"+m.reported(from)+"/move", body).status)
		}
	}
	confirm := func(p spot) func(*caller) string {
		return func(c *caller) string {
			return strconv.Itoa(c.do(http.MethodPost, "/api/v1/incidents/"+m.reported(p)+"/confirm", `{}`).status)
		}
	}
	undo := func(id string) func(*caller) string {
		return status("POST", "/api/v1/incidents/"+id+"/undo", `{}`, "If-Match", "*")
	}
	undoConfirmed := func(p spot) func(*caller) string {
		return func(c *caller) string {
			id := m.reported(p)
			m.exec(`UPDATE incident SET review = coalesce(review, 'border') WHERE id = $1`, id)
			m.do(http.MethodPost, "/api/v1/incidents/"+id+"/confirm", `{}`).into(m.t, http.StatusOK, &struct{}{})
			return undo(id)(c)
		}
	}
	undoMoved := func(from, to spot) func(*caller) string {
		return func(c *caller) string {
			id := m.reported(from)
			body := fmt.Sprintf(`{"lon":%v,"lat":%v,"reason":"在路口对面"}`, to.lon+0.0001, to.lat)
			m.do(http.MethodPost, "/api/v1/incidents/"+id+"/move", body).into(m.t, http.StatusOK, &struct{}{})
			return undo(id)(c)
		}
	}
	history := func(id string) func(*caller) string { return status("GET", "/api/v1/incidents/"+id+"/history", "") }
	in, out, none := m.reported(m.inside), m.reported(m.outside), m.reported(m.nowhere)
	m.exec(`UPDATE incident SET review = 'border' WHERE id = ANY ($1::uuid[])`, []string{in, out})
	review := func(id, query string) func(*caller) string {
		return shows("GET", "/api/v1/review?limit=1000"+query, "", `"id":"`+id)
	}
	const (
		here  = "401 403 403 403 | 403 403 403 has 403 | 403 403 403 has 403 | 403 403 403 | 403 403"
		there = "401 403 403 403 | 403 403 403 not 403 | 403 403 403 has 403 | 403 403 403 | 403 403"
	)
	return []row{
		{"POST /api/v1/incidents/{id}/move", "within the town", move(m.inside, m.inside), ofDispatchers},
		{"POST /api/v1/incidents/{id}/move", "out of the town", move(m.inside, m.outside), ofAllDispatchers},
		{"POST /api/v1/incidents/{id}/move", "out of everything", move(m.inside, m.nowhere), ofAllDispatchers},
		{"POST /api/v1/incidents/{id}/move", "into the town", move(m.outside, m.inside), besideTown},
		{"POST /api/v1/incidents/{id}/move", "into the town from nowhere", move(m.nowhere, m.inside), besideTown},
		{"POST /api/v1/incidents/{id}/move", "unknown", status("POST", "/api/v1/incidents/"+nobodys+"/move", `{"lon":1,"lat":1,"reason":"在路口对面"}`), nowhereAtAll},
		{"POST /api/v1/incidents/{id}/confirm", "inside", confirm(m.inside), ofDispatchers},
		{"POST /api/v1/incidents/{id}/confirm", "outside", confirm(m.outside), besideTown},
		{"POST /api/v1/incidents/{id}/confirm", "nowhere", confirm(m.nowhere), besideTown},
		{"POST /api/v1/incidents/{id}/undo", "confirmed inside", undoConfirmed(m.inside), ofDispatchers},
		{"POST /api/v1/incidents/{id}/undo", "confirmed outside", undoConfirmed(m.outside), besideTown},
		{"POST /api/v1/incidents/{id}/undo", "confirmed nowhere", undoConfirmed(m.nowhere), besideTown},
		{"POST /api/v1/incidents/{id}/undo", "moved within the town", undoMoved(m.inside, m.inside), ofDispatchers},
		{"POST /api/v1/incidents/{id}/undo", "moved into the town", undoMoved(m.outside, m.inside), ofAllDispatchers},
		{"POST /api/v1/incidents/{id}/undo", "moved into the town from nowhere", undoMoved(m.nowhere, m.inside), ofAllDispatchers},
		{"POST /api/v1/incidents/{id}/undo", "moved out of the town", undoMoved(m.inside, m.outside), besideTown},
		{"POST /api/v1/incidents/{id}/undo", "unknown", undo(nobodys), nowhereAtAll},
		{"GET /api/v1/incidents/{id}/history", "inside", history(m.inside.incident), "401 403 403 403 | 200 200 200 200 200 | 200 200 200 200 200 | 403 403 403 | 403 200"},
		{"GET /api/v1/incidents/{id}/history", "outside", history(m.outside.incident), "401 403 403 403 | 404 404 404 404 404 | 200 200 200 200 200 | 403 403 403 | 403 404"},
		{"GET /api/v1/incidents/{id}/history", "unknown", history(nobodys), nowhereAtAll},
		{"GET /api/v1/review", "inside", review(in, ""), here},
		{"GET /api/v1/review", "outside", review(out, ""), there},
		{"GET /api/v1/review", "nowhere", review(none, "&kind=outside"), there},
		{"GET /api/v1/review", "county, outside", review(out, "&area=320282"), there},
		{"GET /api/v1/review", "town outside", review(out, "&area="+outsideTown), "401 403 403 403 | 403 403 403 403 403 | 403 403 403 has 403 | 403 403 403 | 403 403"},
		{"GET /api/v1/review/summary", "", status("GET", "/api/v1/review/summary", ""), ofDispatchers},
	}
}

// hotlineRows are tickets of the hotline: with coordinates, waiting, placed and dismissed.
func (m *matrix) hotlineRows() []row {
	const (
		path     = "/api/v1/hotline/tickets"
		takenIn  = "401 403 403 403 | 403 201 403 201 403 | 403 201 403 201 403 | 403 403 403 | 403 403"
		notTaken = "401 403 403 403 | 403 403 403 403 403 | 403 201 403 201 403 | 403 403 403 | 403 403"
	)
	post := func(where string) func(*caller) string {
		return func(c *caller) string { return strconv.Itoa(c.do(http.MethodPost, path, m.ticket(where)).status) }
	}
	lonLat := func(p spot) string { return fmt.Sprintf(`,"lon":%v,"lat":%v`, p.lon, p.lat) }
	stored := func(where string) string {
		var receipt struct{ Number string }
		m.do(http.MethodPost, path, m.ticket(where)).into(m.t, http.StatusCreated, &receipt)
		return receipt.Number
	}
	waiting, in, out := stored(""), stored(lonLat(m.inside)), stored(lonLat(m.outside))
	// called is a ticket that is an incident and was called about again, and the incident.
	called := func(p spot) (number, incident string) {
		number = stored(lonLat(p))
		var receipt struct{ Incident string }
		body := fmt.Sprintf(`{"number":%q,"address":"宜城街道东风社区","category":"公安/违法停车","caller":{"name":"张小明","phone":"13800001234"}}`, number)
		m.do(http.MethodPost, path, body).into(m.t, http.StatusOK, &receipt)
		return number, receipt.Incident
	}
	calledIn, incidentIn := called(m.inside)
	calledOut, incidentOut := called(m.outside)
	calledNowhere, incidentNowhere := called(m.nowhere)
	of := func(incident, number string) func(*caller) string {
		return shows("GET", path+"?incident="+incident, "", `"number":"`+number+`"`)
	}
	find := func(number string) func(*caller) string { return status("GET", path+"/"+number, "") }
	named := stored(`,"caller":{"name":"张小明","phone":"13800001234"}`)
	unseal := func(number string) func(*caller) string {
		return status("POST", path+"/"+number+"/caller/unseal", `{"reason":"请来电人说明地址"}`)
	}
	place := func(p spot) func(*caller) string {
		return func(c *caller) string {
			return strconv.Itoa(c.do(http.MethodPost, path+"/"+stored("")+"/place", fmt.Sprintf(`{"lon":%v,"lat":%v}`, p.lon, p.lat)).status)
		}
	}
	return []row{
		{"POST " + path, "inside", post(lonLat(m.inside)), takenIn},
		{"POST " + path, "outside", post(lonLat(m.outside)), notTaken},
		{"POST " + path, "nowhere", post(lonLat(m.nowhere)), notTaken},
		{"POST " + path, "without a place", post(""), notTaken},
		{
			"GET " + path, "", shows("GET", path+"?limit=1000", "", waiting),
			"401 403 403 403 | 403 403 403 has 403 | 403 403 403 has 403 | 403 403 403 | 403 403",
		},
		{"GET " + path, "of an incident inside", of(incidentIn, calledIn), "401 403 403 403 | 403 403 403 has 403 | 403 403 403 has 403 | 403 403 403 | 403 403"},
		{"GET " + path, "of an incident outside", of(incidentOut, calledOut), "401 403 403 403 | 403 403 403 404 403 | 403 403 403 has 403 | 403 403 403 | 403 403"},
		{"GET " + path, "of an incident nowhere", of(incidentNowhere, calledNowhere), "401 403 403 403 | 403 403 403 404 403 | 403 403 403 has 403 | 403 403 403 | 403 403"},
		{"GET " + path, "of an incident without one", of(m.inside.incident, ""), "401 403 403 403 | 403 403 403 not 403 | 403 403 403 not 403 | 403 403 403 | 403 403"},
		{"GET " + path, "of an unknown incident", of("00000000-0000-7000-8000-000000000000", ""), unknownTicket},
		{"GET " + path + "/{number}", "waiting", find(waiting), ofDispatchers},
		{"GET " + path + "/{number}", "inside", find(in), ofDispatchers},
		{"GET " + path + "/{number}", "outside", find(out), "401 403 403 403 | 403 403 403 404 403 | 403 403 403 200 403 | 403 403 403 | 403 403"},
		{"GET " + path + "/{number}", "unknown", find("unknown"), unknownTicket},
		{"GET " + path + "/{number}/candidates", "", status("GET", path+"/"+waiting+"/candidates", ""), ofDispatchers},
		{"GET " + path + "/{number}/candidates", "unknown", status("GET", path+"/unknown/candidates", ""), unknownTicket},
		{"POST " + path + "/{number}/place", "inside", place(m.inside), ofDispatchers},
		{"POST " + path + "/{number}/place", "outside", place(m.outside), ofAllDispatchers},
		{"POST " + path + "/{number}/place", "nowhere", place(m.nowhere), ofAllDispatchers},
		{"POST " + path + "/{number}/place", "unknown", status("POST", path+"/unknown/place", `{"lon":1,"lat":1}`), unknownTicket},
		{"POST " + path + "/{number}/dismiss", "", func(c *caller) string {
			return strconv.Itoa(c.do(http.MethodPost, path+"/"+stored("")+"/dismiss", `{"reason":"不属于本市管辖"}`).status)
		}, ofAllDispatchers},
		{"POST " + path + "/{number}/dismiss", "unknown", status("POST", path+"/unknown/dismiss", `{"reason":"不属于本市管辖"}`), unknownTicket},
		{"POST " + path + "/{number}/caller/unseal", "waiting", unseal(named), ofDispatchers},
		{"POST " + path + "/{number}/caller/unseal", "called again, inside", unseal(calledIn), ofDispatchers},
		{"POST " + path + "/{number}/caller/unseal", "called again, outside", unseal(calledOut), "401 403 403 403 | 403 403 403 404 403 | 403 403 403 200 403 | 403 403 403 | 403 403"},
		{"POST " + path + "/{number}/caller/unseal", "nobody named", unseal(waiting), unknownTicket},
		{"POST " + path + "/{number}/caller/unseal", "outside", unseal(out), "401 403 403 403 | 403 403 403 404 403 | 403 403 403 409 403 | 403 403 403 | 403 403"},
		{"POST " + path + "/{number}/caller/unseal", "unknown", unseal("unknown"), unknownTicket},
	}
}

// triageEventRows are who is told of moved incidents and of tickets that wait.
func (m *matrix) triageEventRows() []row {
	const (
		ofTown = "not not not not | has has has has has | has has has has has | not not not | not has"
		ofAll  = "not not not not | not not not not not | has has has has has | not not not | not not"
	)
	moved := func(from, to spot) func() string {
		id := m.reported(from)
		return func() string {
			body := fmt.Sprintf(`{"lon":%v,"lat":%v,"reason":"在路口对面"}`, to.lon+0.0001, to.lat)
			m.do(http.MethodPost, "/api/v1/incidents/"+id+"/move", body).into(m.t, http.StatusOK, &struct{}{})
			return `incident.moved {"id": "` + id
		}
	}
	waits := func() string {
		m.do(http.MethodPost, "/api/v1/hotline/tickets", m.ticket("")).into(m.t, http.StatusCreated, &struct{}{})
		return "ticket.waiting"
	}
	called := func(p spot) func() string {
		body := m.ticket(fmt.Sprintf(`,"lon":%v,"lat":%v`, p.lon, p.lat))
		var receipt struct{ Incident string }
		m.do(http.MethodPost, "/api/v1/hotline/tickets", body).into(m.t, http.StatusCreated, &receipt)
		return func() string {
			m.do(http.MethodPost, "/api/v1/hotline/tickets", body+" ").into(m.t, http.StatusOK, &struct{}{})
			return `incident.called {"id": "` + receipt.Incident
		}
	}
	const stream = "GET /api/v1/events"
	return []row{
		{stream, "moved out of the town", m.told(moved(m.inside, m.outside), false), ofTown},
		{stream, "moved into the town", m.told(moved(m.outside, m.inside), false), ofTown},
		{stream, "moved outside", m.told(moved(m.outside, m.nowhere), false), ofAll},
		{stream, "called again inside", m.told(called(m.inside), false), "not not not not | not not not has not | not not not has not | not not not | not not"},
		{stream, "called again outside", m.told(called(m.outside), false), "not not not not | not not not not not | not not not has not | not not not | not not"},
		{stream, "ticket", m.told(waits, false), "not not not not | not not not has not | not not not has not | not not not | not not"},
	}
}

// reported is the id of a new incident at a place.
func (m *matrix) reported(p spot) string {
	m.t.Helper()
	var created struct{ ID string }
	m.do(http.MethodPost, "/api/v1/incidents", fmt.Sprintf(`{"lon":%v,"lat":%v,"item":%q,"title":"矩阵"}`, p.lon, p.lat, anyItem)).into(m.t, http.StatusCreated, &created)
	return created.ID
}

// ticket is the body of a ticket with a number of its own; where is its place, as members of JSON.
func (m *matrix) ticket(where string) string {
	m.made++
	return fmt.Sprintf(`{"number":"DH-%d","address":"宜城街道东风社区","category":"公安/违法停车"%s}`, m.made, where)
}
