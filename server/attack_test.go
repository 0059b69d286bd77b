package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/account"
	"jingwei/server/branch"
)

// target is a county with an incident in each of two towns, and somebody who may see the first town.
type target struct {
	*site
	viewer             *site
	inside, outside    string // ids
	secret             string // what nobody may see but who sees the second town
	metrics, incidents string // paths
}

func setupTarget(t *testing.T) *target {
	t.Helper()
	a := &target{site: setupCounty(t), secret: "外镇秘密", metrics: "/metrics", incidents: "/api/v1/incidents"}
	a.viewer = a.as(a.token(access.Viewer, insideTown)...)
	post := func(lon, lat float64, title string) string {
		var created struct{ ID string }
		a.do(http.MethodPost, a.incidents, fmt.Sprintf(`{"lon":%v,"lat":%v,"item":%q,"title":%q}`, lon, lat, anyItem, title)).into(t, http.StatusCreated, &created)
		return created.ID
	}
	a.inside, a.outside = post(insideLon, insideLat, "本镇"), post(outsideLon, outsideLat, a.secret)
	return a
}

// leaks reports whether an answer gives away anything of the second town's incident that was not asked with.
func (a *target) leaks(asked string, body []byte) bool {
	text := string(body)
	return strings.Contains(text, a.secret) || strings.Contains(text, a.outside) && !strings.Contains(asked, a.outside) || strings.Contains(text, outsideArea)
}

// raw sends a request line as it is, which no client of HTTP would.
func (s *site) raw(method, target string, header ...string) (status int, body []byte) {
	s.t.Helper()
	u, err := url.Parse(s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	conn, err := (&net.Dialer{}).DialContext(s.t.Context(), "tcp", u.Host)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", method, target, u.Host)
	for pair := range slices.Chunk(append(slices.Clone(s.header), header...), 2) {
		fmt.Fprintf(conn, "%s: %s\r\n", pair[0], pair[1])
	}
	fmt.Fprint(conn, "\r\n")
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, target, err)
	}
	defer response.Body.Close()
	if body, err = io.ReadAll(response.Body); err != nil {
		s.t.Fatalf("%s %s: %v", method, target, err)
	}
	return response.StatusCode, body
}

// What is open to all is found by its route: no spelling of a path gets something else treated as open.
func TestPathsAroundTheLogIn(t *testing.T) {
	t.Parallel()
	a := setupTarget(t)
	public := a.as()
	if status, body := a.raw(http.MethodGet, a.incidents); status != http.StatusOK || !a.leaks(a.incidents, body) {
		t.Fatalf("who may see everything sees %d %s", status, body)
	}
	for _, path := range []string{a.incidents, a.incidents + "/" + a.outside, a.metrics, "/api/v1/audit", "/api/v1/accounts"} {
		for _, spelling := range []string{
			path, path + "/", path + "//", path + "/.", path + "/..;/", path + ";x=1", path + "%00", path + "%20", path + ".json", path + "?x=/healthz", path + "#/healthz",
			"/" + path, "//" + path, "/." + path, "/./." + path, "/healthz/.." + path, "/healthz/..;" + path, "/tiles/areas/../.." + path, "/tiles/areas/%2e%2e/%2e%2e" + path,
			"/tiles/areas/..%2f.." + strings.ReplaceAll(path, "/", "%2f"), "/tiles/areas/15/../../.." + path, "/assets/.." + path, "/tiles/areas" + path,
			strings.ToUpper(path), strings.Replace(path, "/api", "/API", 1), strings.Replace(path, "/api", "/%61pi", 1), strings.Replace(path, "/v1", "/v1/.", 1),
			strings.Replace(path, "/v1", "/x/../v1", 1), strings.ReplaceAll(path, "/", "//"), "/" + strings.ReplaceAll(path[1:], "/", "%2f"), "/" + strings.ReplaceAll(path[1:], "/", "%252f"),
			"/" + strings.ReplaceAll(path[1:], "/", "\\"), "/" + strings.ReplaceAll(path[1:], "/", "%5c"), "http://127.0.0.1" + path, "http://elsewhere.example" + path,
		} {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				status, body := public.raw(method, spelling)
				if a.leaks(path, body) || strings.Contains(string(body), "go_goroutines") || strings.Contains(string(body), `"items"`) {
					t.Errorf("%s %s gives the public %s", method, spelling, body)
				}
				if status < 400 && !strings.Contains(string(body), "<html") && len(body) > 0 {
					t.Errorf("%s %s answers the public with %d %.200s", method, spelling, status, body)
				}
				if _, body := a.viewer.raw(method, spelling); a.leaks(path, body) || strings.Contains(string(body), "go_goroutines") {
					t.Errorf("%s %s gives the viewer of another town %s", method, spelling, body)
				}
			}
		}
	}
}

// A method is the one that was sent, and HEAD asks for the same rights as GET.
func TestMethods(t *testing.T) {
	t.Parallel()
	a := setupTarget(t)
	public := a.as()
	for _, path := range []string{a.incidents, a.incidents + "/" + a.outside, a.metrics, "/api/v1/audit", "/api/v1/accounts", "/api/v1/account/sessions"} {
		for _, method := range []string{"HEAD", "OPTIONS", "TRACE", "PROPFIND", "get", "CONNECT", "PUT", "DELETE", "PATCH", "QUERY"} {
			for _, header := range [][]string{nil, {"X-HTTP-Method-Override", "GET"}, {"X-Method-Override", "GET"}, {"X-Original-URL", a.incidents}, {"X-Rewrite-URL", a.incidents}} {
				status, body := public.raw(method, path, header...)
				if asked := method == http.MethodOptions && len(body) == 0; status < 400 && !asked || a.leaks(path, body) {
					t.Errorf("%s %s with %v: %d %.200s", method, path, header, status, body)
				}
			}
		}
	}
	for _, id := range []string{a.outside, uuid.NewString()} {
		if status, _ := a.viewer.raw(http.MethodHead, a.incidents+"/"+id); status != http.StatusNotFound {
			t.Errorf("HEAD of another town's incident: %d", status)
		}
	}
	// A POST cannot be turned into what deletes.
	if status, _ := a.raw(http.MethodPost, "/api/v1/session", "X-HTTP-Method-Override", "DELETE", "Content-Length", "0"); status == http.StatusNoContent {
		t.Error("a header turned POST into DELETE")
	}
	if status, _ := public.raw(http.MethodHead, "/api/v1/events"); status != http.StatusMethodNotAllowed {
		t.Errorf("HEAD of the stream: %d", status)
	}
}

// Cursors, codes and numbers of others lead nowhere.
func TestForeignIDs(t *testing.T) {
	t.Parallel()
	a := setupTarget(t)
	id := uuid.MustParse(a.outside)
	after := id
	after[15]++
	var first struct{ Next string }
	a.get(a.incidents+"?limit=1").into(t, http.StatusOK, &first)
	for _, foreign := range []uuid.UUID{id, after, uuid.Max} {
		forged, err := base64.RawURLEncoding.DecodeString(first.Next)
		if err != nil || len(forged) < 24 {
			t.Fatalf("the cursor %q: %v", first.Next, err)
		}
		copy(forged[8:], foreign[:]) // behind the hash of the question
		path := a.incidents + "?limit=1&cursor=" + base64.RawURLEncoding.EncodeToString(forged)
		if answer := a.viewer.get(path); answer.status != http.StatusOK || a.leaks("", answer.body) {
			t.Errorf("a cursor of another's id: %d %s", answer.status, answer.body)
		}
		if status := a.as().get(path).status; status != http.StatusUnauthorized {
			t.Errorf("a cursor of another's id, by the public: %d", status)
		}
	}
	// Every page of the viewer's list together: only the own town's.
	seen, path := 0, a.incidents+"?limit=1"
	for next := ""; ; {
		var page struct {
			Items []struct{ Areas []string }
			Next  *string
		}
		a.viewer.get(path+next).into(t, http.StatusOK, &page)
		for _, i := range page.Items {
			seen++
			if !slices.Contains(i.Areas, insideTown) {
				t.Errorf("a page shows %v", i.Areas)
			}
		}
		if page.Next == nil {
			break
		}
		next = "&cursor=" + *page.Next
	}
	if seen != 1 {
		t.Errorf("%d incidents on the pages", seen)
	}
	for _, code := range []string{
		"320282004", "320282004001", "%33%32%30282004", "320282004%20", "320282001%00320282004", "320282001,320282004", "320282001&area=320282004", "32028200", "320282%25", "%27%20OR%20%271%27=%271", "_________", "*",
	} {
		if answer := a.viewer.get(a.incidents + "?area=" + code); a.leaks("", answer.body) || answer.status == http.StatusOK && code != "320282001&area=320282004" && code != "320282001,320282004" {
			t.Errorf("area=%s: %d %s", code, answer.status, answer.body)
		}
	}
	for _, answer := range []answer{
		a.viewer.get(a.incidents + "/" + a.outside), a.viewer.get(a.incidents + "/" + strings.ToUpper(a.outside)), a.viewer.get(a.incidents + "/%7B" + a.outside + "%7D"),
		a.viewer.get(a.incidents + "/urn:uuid:" + a.outside), a.viewer.get(a.incidents + "/" + strings.ReplaceAll(a.outside, "-", "")),
	} {
		if answer.status < 400 || strings.Contains(string(answer.body), a.secret) {
			t.Errorf("another town's incident: %d %s", answer.status, answer.body)
		}
	}
	// What is hidden and what is not there are told in the same words.
	unknown := uuid.NewString()
	hidden, missing := a.viewer.get(a.incidents+"/"+a.outside), a.viewer.get(a.incidents+"/"+unknown)
	if hidden.status != missing.status || strings.ReplaceAll(string(hidden.body), a.outside, "ID") != strings.ReplaceAll(string(missing.body), unknown, "ID") {
		t.Errorf("hidden: %s, missing: %s", hidden.body, missing.body)
	}
	// Nor do accounts show by their ids whether they are there.
	var viewer account.SessionState
	a.viewer.get("/api/v1/session").into(t, http.StatusOK, &viewer)
	there, notThere := a.get("/api/v1/accounts/"+viewer.Account.ID.String()), a.get("/api/v1/accounts/"+uuid.NewString())
	if there.status != http.StatusForbidden || string(there.body) != string(notThere.body) {
		t.Errorf("an account: %d %s, none: %d %s", there.status, there.body, notThere.status, notThere.body)
	}
}

// The stream replays nothing to whom it would not have shown it.
func TestForeignEventIDs(t *testing.T) {
	t.Parallel()
	a := setupTarget(t)
	err := branch.NewService(a.db.Pool).Save(accesstest.Operator(t), []branch.Branch{{Code: "END", Name: "END", Kind: "group"}}, []branch.Assignment{{Area: outsideArea, Branch: "END"}})
	if err != nil {
		t.Fatal(err)
	}
	all := a.follow("0")
	first := next(t, all, "incident.created")
	end := next(t, all, "branch.changed")
	for _, since := range []string{"0", "1", "2", first.id} {
		for _, who := range []*site{a.viewer, a.as()} {
			events := who.follow(since)
			for e := (sse{}); e.event != end.event || e.id != end.id; {
				select {
				case e = <-events:
				case <-time.After(20 * time.Second):
					t.Fatalf("since %s: the last event did not come", since)
				}
				if a.leaks("", []byte(e.data)) {
					t.Errorf("since %s: %+v", since, e)
				}
			}
		}
	}
	for _, since := range []string{"-1", "9223372036854775808", "1 OR 1=1", "0x0", "１", "1\t2"} {
		if answer := a.viewer.do(http.MethodGet, "/api/v1/events", "", "Last-Event-ID", since); answer.status != http.StatusUnprocessableEntity {
			t.Errorf("Last-Event-ID %q: %d", since, answer.status)
		}
	}
}

// Who one is comes from the cookie or the token of this very request, and where one is from the connection.
func TestClaims(t *testing.T) {
	t.Parallel()
	a := setupTarget(t)
	public := a.as()
	token := strings.TrimPrefix(a.header[1], "Bearer ")
	for _, header := range [][]string{
		{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("machine-1:"+token))}, {"Authorization", token}, {"Authorization", "Bearer"}, {"Authorization", "Bearer " + token[:len(token)-1]},
		{"Authorization", "Bearer " + strings.ToUpper(token)}, {"Authorization", "Bearer " + token + token}, {"Cookie", "jingwei_session=" + token}, {"Cookie", "jingwei_session="}, {"Cookie", "jingwei_session=../session"},
		{"X-Authorization", "Bearer " + token}, {"X-Forwarded-User", "machine-1"}, {"X-Remote-User", "machine-1"}, {"X-Forwarded-For", "127.0.0.1"}, {"Proxy-Authorization", "Bearer " + token},
	} {
		for _, path := range []string{a.incidents, a.incidents + "?token=" + token + "&access_token=" + token + "&jingwei_session=" + token} {
			if answer := public.do(http.MethodGet, path, "", header...); answer.status != http.StatusUnauthorized || a.leaks("", answer.body) {
				t.Errorf("%v: %d %s", header, answer.status, answer.body)
			}
		}
	}
	// A bad token is not made good by a session beside it.
	if answer := a.do(http.MethodGet, a.incidents, "", "Authorization", "Bearer jw_x", "Cookie", "jingwei_session=x"); answer.status != http.StatusUnauthorized {
		t.Errorf("a bad token: %d", answer.status)
	}
	// Addresses that a client makes up are not believed, and so not written down.
	for _, header := range [][]string{{"X-Forwarded-For", "203.0.113.7"}, {"X-Real-IP", "203.0.113.7"}, {"Forwarded", "for=203.0.113.7;host=evil.example;proto=https"}, {"X-Forwarded-Host", "evil.example"}, {"X-Forwarded-Proto", "https"}} {
		public.do(http.MethodPost, a.incidents, report("冒名"), header...)
		public.do(http.MethodPost, "/api/v1/session", `{"login":"nobody-there","password":"x"}`, header...)
		tiles := public.do(http.MethodGet, "/tiles/areas.json", "", header...)
		if body := string(tiles.body); strings.Contains(body, "evil.example") || strings.Contains(body, "https://") {
			t.Errorf("%v: TileJSON %s", header, body)
		}
	}
	var made, own int
	if err := a.db.QueryRow(t.Context(), `SELECT count(*) FILTER (WHERE address = '203.0.113.7'), count(*) FILTER (WHERE address = '127.0.0.1') FROM audit`).Scan(&made, &own); err != nil {
		t.Fatal(err)
	}
	if made != 0 || own == 0 {
		t.Errorf("%d entries of the log have an address that was made up, %d the true one", made, own)
	}
}
