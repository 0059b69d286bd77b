package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/account"
	"jingwei/server/db/dbtest"
	"jingwei/server/web"
)

// TestPublicLimits: who is not logged in is limited by address and by what is asked; a token is counted by itself; pages and the map of areas are
// not limited, tiles that are worked out are.
func TestPublicLimits(t *testing.T) {
	t.Parallel()
	slow := func(burst int) web.Limit { return web.Limit{Burst: burst, Every: time.Hour} }
	s := start(t, &Config{DatabaseURL: dbtest.URL(t), served: served{TrustedProxy: []string{"127.0.0.1"}, limitFlags: limitFlags{
		LimitReport: slow(2), LimitPhoto: slow(1), LimitFollow: slow(2), LimitLogin: slow(3), LimitSnap: slow(4), LimitOther: slow(5),
	}}}).as()
	from := func(address string) []string { return []string{"X-Forwarded-For", address} }
	ask := func(method, path, body string, header []string) int {
		return s.do(method, path, body, header...).status
	}
	for name, c := range map[string]struct {
		method, path, body string
		burst              int
	}{
		"report": {http.MethodPost, "/api/v1/incidents", report("x"), 2},
		"photo":  {http.MethodPost, "/api/v1/photos", "x", 1},
		"follow": {http.MethodPost, "/api/v1/reports/follow", `{"number":"260101-000001","secret":"AAAA-AAAA-AAAA-AAAA"}`, 2},
		"login":  {http.MethodPost, "/api/v1/session", `{"login":"nobody","password":"x"}`, 3},
		"snap":   {http.MethodGet, "/api/v1/snap?lon=119.8&lat=31.3", "", 4},
		"other":  {http.MethodGet, "/api/v1/items", "", 5},
		"tiles":  {http.MethodGet, "/tiles/heat/10/0/0.mvt", "", 5},
		"count":  {http.MethodGet, "/tiles/heat.json", "", 5},
	} {
		for i := range c.burst {
			if status := ask(c.method, c.path, c.body, from("203.0.113.1")); status == http.StatusTooManyRequests || status >= http.StatusInternalServerError || status == http.StatusNotFound && name != "follow" {
				t.Errorf("%s, request %d of %d: %d", name, i+1, c.burst, status)
			}
		}
		refused := s.do(c.method, c.path, c.body, from("203.0.113.1")...)
		refused.problem(t, http.StatusTooManyRequests, "too_many_requests")
		if after, err := strconv.Atoi(refused.header.Get("Retry-After")); err != nil || after < 3500 || after > 3600 {
			t.Errorf("%s: Retry-After %d", name, after)
		}
		if status := ask(c.method, c.path, c.body, from("203.0.113.2")); status == http.StatusTooManyRequests {
			t.Errorf("%s: another address is refused, too", name)
		}
	}
	if status := ask(http.MethodGet, "/tiles/incidents/10/0/0.mvt", "", from("203.0.113.1")); status != http.StatusTooManyRequests {
		t.Errorf("a tile of incidents after those of heat: %d", status)
	}
	// A telephone exchange of the city sends from the same address with its token.
	token := append(from("203.0.113.1"), s.token(access.Worker, "")...)
	for i := range 20 {
		if status := ask(http.MethodPost, "/api/v1/incidents", report(fmt.Sprint(i)), token); status != http.StatusCreated {
			t.Errorf("report %d with a token: %d", i+1, status)
		}
	}
	for range 50 {
		for _, path := range []string{"/", "/tiles/areas.json", "/tiles/areas/10/0/0.mvt", "/healthz", "/readyz"} {
			if status := ask(http.MethodGet, path, "", from("203.0.113.1")); status == http.StatusTooManyRequests {
				t.Fatalf("%s is limited", path)
			}
		}
	}
}

// TestBadCredentialsAreLimited: whoever comes with tokens or sessions that are made up is refused without a look at them, while those behind
// the same address who were let in before, who log in, or who come without any go on.
func TestBadCredentialsAreLimited(t *testing.T) {
	t.Parallel()
	flags := limitFlags{LimitCredentials: web.Limit{Burst: 4, Every: time.Hour}}
	s := start(t, &Config{DatabaseURL: dbtest.URL(t), KeyFile: filepath.Join(t.TempDir(), "keys.json"), served: served{TrustedProxy: []string{"127.0.0.1"}, limitFlags: flags}}).as()
	made, unseen := s.token(access.Worker, ""), s.token(access.Worker, "")
	_, password, err := s.app.accounts.Create(accesstest.Operator(t), account.NewAccount{Login: "zhang", Name: "张", Kind: account.Person, Grant: &account.NewGrant{Role: access.Viewer}})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(path, address string, header ...string) answer {
		t.Helper()
		return s.do(http.MethodGet, path, "", append(header, "X-Forwarded-For", address)...)
	}
	const here, there, path = "203.0.113.1", "203.0.113.2", "/api/v1/items"
	token := func(n int) []string {
		return []string{"Authorization", "Bearer jw_" + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%032d", n))}
	}
	cookie := func(n int) []string { return []string{"Cookie", fmt.Sprintf("jingwei_session=%043d", n)} }
	if a := ask(path, here, made...); a.status != http.StatusOK {
		t.Fatalf("a good token: %d %s", a.status, a.body)
	}
	ask(path, here, token(1)...).problem(t, http.StatusUnauthorized, "invalid_token")
	ask("/metrics", here, token(2)...).problem(t, http.StatusUnauthorized, "invalid_token")
	for n := range 2 {
		if a := ask(path, here, cookie(n)...); a.status != http.StatusOK {
			t.Errorf("a session that has ended is the public: %d", a.status)
		}
	}
	for name, header := range map[string][]string{"token": token(9), "session": cookie(9), "good token that nobody has seen": unseen} {
		for _, path := range []string{path, "/metrics", "/api/v1/nothing"} {
			a := ask(path, here, header...)
			if path == "/api/v1/nothing" { // nobody asks who asks
				a.problem(t, http.StatusNotFound, "not_found")
				continue
			}
			a.problem(t, http.StatusTooManyRequests, "too_many_requests")
			if after, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || after < 3500 || after > 3600 {
				t.Errorf("%s: Retry-After %d", name, after)
			}
		}
	}
	if a := ask(path, here, token(1)...); a.status != http.StatusUnauthorized || a.header.Get("WWW-Authenticate") == "" {
		t.Errorf("a token that is known to be bad: %d", a.status)
	}
	for name, a := range map[string]answer{
		"a good token": ask(path, here, made...), "nobody": ask(path, here), "a session that is known to have ended": ask(path, here, cookie(0)...),
		"another address": ask(path, there, unseen...), "what was seen from another address": ask(path, here, unseen...),
	} {
		if a.status != http.StatusOK {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	begun := s.do(http.MethodPost, "/api/v1/session", fmt.Sprintf(`{"login":"zhang","password":%q}`, password), "X-Forwarded-For", here)
	set, _, _ := strings.Cut(begun.header.Get("Set-Cookie"), ";")
	var session struct{ Account *struct{ Login string } }
	ask("/api/v1/session", here, "Cookie", set).into(t, http.StatusOK, &session)
	if session.Account == nil || session.Account.Login != "zhang" {
		t.Errorf("a session that was just begun: %s", begun.body)
	}
}

// TestMetricsAreLimited: they cost a look at who asks, and are refused as the rest of the API is.
func TestMetricsAreLimited(t *testing.T) {
	t.Parallel()
	s := start(t, &Config{DatabaseURL: dbtest.URL(t), served: served{limitFlags: limitFlags{LimitOther: web.Limit{Burst: 3, Every: time.Hour}}}}).as()
	for range 3 {
		s.get("/metrics").problem(t, http.StatusUnauthorized, "login_required")
	}
	s.get("/metrics").problem(t, http.StatusTooManyRequests, "too_many_requests")
}

// TestLimitsAreNotForgotten: a server that was told no limits has the defaults, and one that was told some has the others' defaults.
func TestLimitsAreNotForgotten(t *testing.T) {
	t.Parallel()
	given := limitFlags{LimitSnap: web.Limit{Burst: 7, Every: time.Hour}}
	got, err := given.complete()
	want := limitFlags{
		LimitReport: web.Limit{Burst: 10, Every: 30 * time.Second}, LimitIntake: web.Limit{Burst: 2000, Every: 500 * time.Microsecond}, LimitPhoto: web.Limit{Burst: 20, Every: 6 * time.Second},
		LimitFollow: web.Limit{Burst: 10, Every: 6 * time.Second}, LimitLogin: web.Limit{Burst: 20, Every: 3 * time.Second}, LimitSnap: given.LimitSnap,
		LimitCredentials: web.Limit{Burst: 50, Every: time.Second}, LimitOther: web.Limit{Burst: 400, Every: 5 * time.Millisecond},
	}
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	d, err := (&Config{DatabaseURL: dbtest.URL(t)}).openDatabase(t.Context(), serves)
	if err != nil {
		t.Fatal(err)
	}
	app, err := newApp(t.Context(), &Config{}, d, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	if app.limits.unlimited || app.limits.LimitReport != want.LimitReport {
		t.Errorf("a server without a command line has the limits %+v", app.limits)
	}
}

// TestOperationsAreBounded: every operation with a body has a limit on it, and only those that need it a larger one than 64 KB; the limits name
// operations that exist.
func TestOperationsAreBounded(t *testing.T) {
	t.Parallel()
	s := newServer(&App{db: &database{}})
	larger := map[string]int64{"POST /api/v1/snap": 32 << 20, "POST /api/v1/photos": 12<<20 + 1, "POST /api/v1/incidents:batch": 16 << 20}
	for path, item := range s.web.API.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op == nil || op.RequestBody == nil {
				continue
			}
			name := op.Method + " " + path
			limit := max(larger[name], 64<<10)
			if op.MaxBodyBytes <= 0 || op.MaxBodyBytes > limit || op.BodyReadTimeout <= 0 || op.BodyReadTimeout > 3*time.Minute {
				t.Errorf("%s takes %d bytes in %v", name, op.MaxBodyBytes, op.BodyReadTimeout)
			}
		}
	}
	routes := map[string]bool{}
	for _, r := range s.web.Echo.Routes() {
		routes[r.Method+" "+r.Path] = true
	}
	for _, class := range (limitFlags{}).limits().Classes {
		for _, operation := range class.Operations {
			if !routes[operation] {
				t.Errorf("the limit %s names %s, which does not exist", class.Name, operation)
			}
		}
	}
}

// TestLimitFlags: the limits of a server that is started without any are the defaults, and what cannot be a limit is refused.
func TestLimitFlags(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--limit-report", "0/30s"}, {"--limit-report", "10"}, {"--public-url", "map.example.org"}, {"--trusted-proxy", "proxy"}} {
		code, _, errOut := jingwei(t, nil, append([]string{"serve", "--listen", "127.0.0.1:0", "--database-url", dbtest.URL(t)}, args...)...)
		if code == 0 || !strings.Contains(errOut, strings.TrimPrefix(args[0], "--")) {
			t.Errorf("%v: exit %d, %s", args, code, errOut)
		}
	}
}
