package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"jingwei/server/access"
	"jingwei/server/db/dbtest"
	"jingwei/server/web"
)

// TestPublicLimits: who is not logged in is limited by address and by what is asked; a token is counted by itself; the map is not limited.
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

// TestOperationsAreBounded: every operation with a body has a limit on it, and only those that need it a larger one than 64 KB; the limits name
// operations that exist.
func TestOperationsAreBounded(t *testing.T) {
	t.Parallel()
	s := newServer(&App{db: &database{}})
	larger := map[string]int64{"POST /api/v1/snap": 32 << 20, "POST /api/v1/photos": 12<<20 + 1}
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
	flags := limitFlags{LimitReport: web.Limit{Burst: 1, Every: time.Second}}
	for _, class := range flags.limits().Classes {
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
