package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/geo/coverage"
	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/account"
	"jingwei/server/area/areatest"
	"jingwei/server/db"
	"jingwei/server/db/dbtest"
)

// Who asks, in the order of the columns of the matrix. The second five hold their roles on the town inside, the third five on the whole
// installation, as administrators do.
var callers = []struct {
	name  string
	role  access.Role
	town  bool
	token []access.Action // of a machine; persons log in
}{
	{name: "nobody"},  // not logged in
	{name: "public"},  // logged in, with no role
	{name: "expired"}, // dispatcher of everything, until a moment ago
	{name: "outdated", role: access.Dispatcher}, // dispatcher of everything who must change the password first

	{name: "town viewer", role: access.Viewer, town: true},
	{name: "town worker", role: access.Worker, town: true},
	{name: "town handler", role: access.Handler, town: true},
	{name: "town dispatcher", role: access.Dispatcher, town: true},
	{name: "town planner", role: access.Planner, town: true},

	{name: "viewer", role: access.Viewer},
	{name: "worker", role: access.Worker},
	{name: "handler", role: access.Handler},
	{name: "dispatcher", role: access.Dispatcher},
	{name: "planner", role: access.Planner},

	{name: "system", role: access.SystemAdmin},
	{name: "security", role: access.SecurityAdmin},
	{name: "auditor", role: access.Auditor},

	{name: "snapping token", role: access.Dispatcher, token: []access.Action{access.SnapBatch}}, // a scope narrows
	{name: "town token", role: access.Viewer, town: true, token: access.Actions()},              // and never widens
}

// The places: a town of areatest's county, on which rights are granted, another, and one outside every area.
const (
	insideTown, insideArea   = "320282001", firstMicro
	outsideTown, outsideArea = "320282004", "32028200400400404"
	outsideLon, outsideLat   = 119.839, 31.301
	nowhereLon, nowhereLat   = 0.5, 0.5
)

// spot is somewhere that something happens, and an incident there.
type spot struct {
	lon, lat  float64
	incident  string
	photo     string
	receipt   struct{ Number, Secret string }
	title     string
	townCode  string
	microCode string
}

// caller is somebody who asks.
type caller struct {
	*site
	name            string
	account         uuid.UUID
	login, password string
}

// matrix is a server with all callers, and with something to see at each place.
type matrix struct {
	*site
	callers                  []*caller
	inside, outside, nowhere spot
	person                   *account.Account // whom administrators administer
	made                     int
}

// row is one question, asked by everybody.
type row struct {
	operation string // as in the OpenAPI document, or the route where it is not in it
	about     string // which place
	ask       func(*caller) string
	want      string // an outcome for each caller; "|" stands for nothing
}

// TestMatrix asks every operation of the running server for something inside and something outside the granted area, as everybody in turn,
// and compares with what the table says by hand. An operation without a row fails, and a row without an operation.
func TestMatrix(t *testing.T) {
	t.Parallel()
	m := setupMatrix(t)
	rows := slices.Concat(m.publicRows(), m.areaRows(), m.incidentRows(), m.triageRows(), m.hotlineRows(), m.listRows(), m.intakeRows(), m.heatRows(), m.sceneRows(), m.liveRows(), m.triageEventRows(), m.administrationRows(), m.ownRows())
	served, seen := m.operations(), map[string]bool{}
	checks := 0
	for _, r := range rows {
		if !served[r.operation] {
			t.Errorf("the matrix has a row for %s, which the server does not have", r.operation)
			continue
		}
		seen[r.operation] = true
		want := strings.Fields(strings.ReplaceAll(r.want, "|", " "))
		if len(want) != len(m.callers) {
			t.Fatalf("%s, %s: %d outcomes for %d callers", r.operation, r.about, len(want), len(m.callers))
		}
		var got []string
		for i, c := range m.callers {
			outcome := r.ask(c)
			checks++
			got = append(got, outcome)
			if outcome != want[i] {
				t.Errorf("%s, %s, asked by %s: %s, want %s", r.operation, r.about, c.name, outcome, want[i])
			}
		}
		if !slices.Equal(got, want) {
			t.Logf("%s, %s: %s", r.operation, r.about, strings.Join(got, " "))
		}
	}
	for operation := range served {
		if !seen[operation] {
			t.Errorf("the matrix has no row for %s: say by hand who may do it where", operation)
		}
	}
	t.Logf("permission matrix: %d operations, %d rows, %d callers, %d checks", len(served), len(rows), len(m.callers), checks)
}

var parameter = regexp.MustCompile(`:(\w+)`)

// operations are those of the OpenAPI document and the routes beside it.
func (m *matrix) operations() map[string]bool {
	var document struct {
		Paths map[string]map[string]any
	}
	m.get("/api/v1/openapi.json").into(m.t, http.StatusOK, &document)
	served := map[string]bool{}
	for path, operations := range document.Paths {
		for method := range operations {
			served[strings.ToUpper(method)+" "+path] = true
		}
	}
	for _, route := range m.server.web.Echo.Routes() {
		path := strings.ReplaceAll(parameter.ReplaceAllString(strings.ReplaceAll(route.Path, `\:`, "\x00"), "{$1}"), "\x00", ":") // \: is a colon
		path = strings.Replace(path, "/{z}/{x}/{file}", "/{z}/{x}/{y}.mvt", 1)
		served[route.Method+" "+path] = true
	}
	return served
}

func setupMatrix(t *testing.T) *matrix {
	t.Helper()
	url := dbtest.URL(t)
	pool, err := db.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	areatest.Publish(t, pool, areatest.Areas(), areatest.Effective)
	// A second edition, in which two micro-grids inside are a little different.
	var moved []coverage.Area
	for _, a := range areatest.Areas() {
		ring := a.Shape[0][0] // south-west, south-east, north-east, north-west
		switch a.Code {
		case firstGrid + "01":
			ring[1].Lon += 1000
			ring[2].Lon += 1000
			moved = append(moved, a)
		case firstGrid + "02":
			ring[0].Lon += 1000
			ring[3].Lon += 1000
			moved = append(moved, a)
		}
	}
	areatest.Publish(t, pool, moved, areatest.Effective.AddDate(0, 5, 0))
	if _, err := pool.Exec(t.Context(), `UPDATE area_shape SET households = 123, population = 456`); err != nil {
		t.Fatal(err)
	}
	pool.Close()
	m := &matrix{site: serve(t, url)}
	m.inside = m.happen("里面", insideLon, insideLat, insideTown, insideArea)
	m.outside = m.happen("外面", outsideLon, outsideLat, outsideTown, outsideArea)
	m.nowhere = m.happen("别处", nowhereLon, nowhereLat, "", "")
	for _, c := range callers {
		m.callers = append(m.callers, m.enter(c.name, c.role, c.town, c.token))
	}
	ctx := accesstest.Operator(t)
	if m.person, _, err = m.app.accounts.Create(ctx, account.NewAccount{Login: "somebody", Name: "某人", Kind: account.Person}); err != nil {
		t.Fatal(err)
	}
	return m
}

// enter makes an account with the real services and logs it in.
func (m *matrix) enter(name string, role access.Role, town bool, scopes []access.Action) *caller {
	m.t.Helper()
	area := ""
	if town {
		area = insideTown
	}
	if scopes != nil {
		return &caller{site: m.as(m.token(role, area, scopes...)...), name: name}
	}
	if name == "nobody" {
		return &caller{site: m.as(), name: name}
	}
	ctx := accesstest.Operator(m.t)
	c := &caller{name: name, login: strings.ReplaceAll(name, " ", "."), password: "Jw-" + uuid.NewString()}
	grant := &account.NewGrant{Role: role, Area: area}
	switch name {
	case "public":
		grant = nil
	case "expired":
		soon := time.Now().Add(time.Hour)
		grant = &account.NewGrant{Role: access.Dispatcher, ExpiresAt: &soon}
	}
	a, initial, err := m.app.accounts.Create(ctx, account.NewAccount{Login: c.login, Name: name, Kind: account.Person, Grant: grant})
	if err != nil {
		m.t.Fatal(err)
	}
	c.account = a.ID
	if name == "outdated" {
		c.password = initial
	}
	c.site = m.as("Cookie", m.logIn(c.login, initial))
	if name != "outdated" {
		changed := c.do(http.MethodPut, "/api/v1/account/password", fmt.Sprintf(`{"current":%q,"new":%q}`, initial, c.password))
		if changed.status != http.StatusNoContent {
			m.t.Fatalf("%s cannot change the password: %d %s", name, changed.status, changed.body)
		}
		c.site = m.as("Cookie", cookieOf(m.t, changed))
	}
	if name == "expired" {
		m.exec(`UPDATE account_grant SET expires_at = now() - interval '1 second' WHERE account = $1`, a.ID)
	}
	return c
}

// logIn gives the cookie of a new session.
func (s *site) logIn(login, password string) (cookie string) {
	s.t.Helper()
	return cookieOf(s.t, s.as().do(http.MethodPost, "/api/v1/session", fmt.Sprintf(`{"login":%q,"password":%q}`, login, password)))
}

func cookieOf(t testing.TB, a answer) string {
	t.Helper()
	cookies := (&http.Response{Header: a.header}).Cookies()
	if len(cookies) == 0 {
		t.Fatalf("no cookie: %d %s", a.status, a.body)
	}
	return cookies[0].Name + "=" + cookies[0].Value
}

func (s *site) exec(sql string, args ...any) {
	s.t.Helper()
	if tag, err := s.db.Exec(s.t.Context(), sql, args...); err != nil || tag.RowsAffected() == 0 {
		s.t.Fatalf("%s: %s, %v", sql, tag, err)
	}
}

// happen makes an incident with a photo, which somebody with a name reported.
func (m *matrix) happen(title string, lon, lat float64, town, micro string) spot {
	m.t.Helper()
	p := spot{lon: lon, lat: lat, title: title, townCode: town, microCode: micro}
	var photo uploaded
	m.upload(somePhoto()).into(m.t, http.StatusCreated, &photo)
	p.photo = photo.ID
	var created struct {
		ID      string
		Receipt struct{ Number, Secret string }
	}
	m.do(http.MethodPost, "/api/v1/incidents", fmt.Sprintf(
		`{"lon":%v,"lat":%v,"item":%q,"title":%q,"photos":[%q],"reporter":{"name":"张小明","phone":"13800001234"}}`, lon, lat, anyItem, title, photo.ID)).
		into(m.t, http.StatusCreated, &created)
	p.incident, p.receipt = created.ID, created.Receipt
	return p
}

// status asks, and the outcome is the HTTP status.
func status(method, path, body string, header ...string) func(*caller) string {
	return func(c *caller) string { return strconv.Itoa(c.do(method, path, body, header...).status) }
}

// shows asks, and the outcome is whether a good answer holds a text; the status of a bad one.
func shows(method, path, body, text string) func(*caller) string {
	return func(c *caller) string { return outcome(c.do(method, path, body), text) }
}

func outcome(a answer, text string) string {
	switch {
	case a.status >= 300:
		return strconv.Itoa(a.status)
	case strings.Contains(string(a.body), text):
		return "has"
	}
	return "not"
}

// fresh is a machine's account that a row may spoil.
func (m *matrix) fresh(grant *account.NewGrant) *account.Account {
	m.t.Helper()
	m.made++
	login := fmt.Sprintf("spoil-%d", m.made)
	a, _, err := m.app.accounts.Create(accesstest.Operator(m.t), account.NewAccount{Login: login, Name: login, Kind: account.Machine, Grant: grant})
	if err != nil {
		m.t.Fatal(err)
	}
	if a, err = m.app.accounts.Find(accesstest.Operator(m.t), a.ID); err != nil {
		m.t.Fatal(err)
	}
	return a
}

func toJSON(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
