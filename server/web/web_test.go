package web

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
)

// site is a server with a few routes, as a client sees it.
type site struct {
	t   *testing.T
	url string
}

type text struct {
	Body struct {
		Text string `json:"text"`
	}
}

func echoText(_ context.Context, in *text) (*text, error) { return in, nil }

// start serves until the end of the test; extend registers more.
func start(t *testing.T, options Options, extend func(*Server)) *site {
	t.Helper()
	s := New("test", options)
	huma.Register(s.API, huma.Operation{OperationID: "echo", Method: http.MethodPost, Path: "/api/v1/echo"}, echoText)
	huma.Register(s.API, huma.Operation{OperationID: "who", Method: http.MethodGet, Path: "/api/v1/who"}, func(ctx context.Context, _ *struct{}) (*text, error) {
		out := &text{}
		out.Body.Text = ClientAddress(ctx)
		return out, nil
	})
	s.Echo.GET("/tiles/x", func(c echo.Context) error { return c.String(http.StatusOK, s.Origin(c.Request())) })
	s.Pages(fstest.MapFS{"index.html": {Data: []byte("<p>")}, "assets/a.js": {Data: []byte("1")}})
	if extend != nil {
		extend(s)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return &site{t, "http://" + listener.Addr().String()}
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (s *site) do(method, path, body string, header ...string) answer {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			request.Host = header[i+1]
		}
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(content)}
}

// code is that of the problem that an answer is, or "".
func (a answer) code() string {
	var p struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}
	if a.header.Get("Content-Type") != "application/problem+json" || json.Unmarshal([]byte(a.body), &p) != nil || p.Detail == "" {
		return ""
	}
	return p.Code
}

const hello = `{"text":"hello"}`

func TestHeaders(t *testing.T) {
	t.Parallel()
	public, err := ParsePublicURL("https://map.example.org")
	if err != nil {
		t.Fatal(err)
	}
	for _, https := range []bool{false, true} {
		var options Options
		if https {
			options.PublicURL = public
		}
		s := start(t, options, nil)
		for _, c := range []struct {
			method, path string
			status       int
		}{
			{http.MethodGet, "/", http.StatusOK},
			{http.MethodGet, "/assets/a.js", http.StatusOK},
			{http.MethodGet, "/nothing.html", http.StatusNotFound},
			{http.MethodGet, "/tiles/x", http.StatusOK},
			{http.MethodGet, "/healthz", http.StatusOK},
			{http.MethodGet, "/api/v1/who", http.StatusOK},
			{http.MethodGet, "/api/v1/openapi.json", http.StatusOK},
			{http.MethodGet, "/api/v1/nothing", http.StatusNotFound},
			{http.MethodPut, "/api/v1/who", http.StatusMethodNotAllowed},
			{http.MethodPost, "/api/v1/echo", http.StatusBadRequest},
		} {
			a := s.do(c.method, c.path, "")
			if a.status != c.status {
				t.Errorf("%s %s: %d", c.method, c.path, a.status)
			}
			for name, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
				"Cross-Origin-Resource-Policy": "same-origin", "Permissions-Policy": permissions,
			} {
				if got := a.header.Get(name); got != want {
					t.Errorf("%s %s: %s: %s", c.method, c.path, name, got)
				}
			}
			policy := a.header.Get("Content-Security-Policy")
			for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} {
				if !strings.Contains(policy, part) {
					t.Errorf("%s %s: the policy %q lacks %s", c.method, c.path, policy, part)
				}
			}
			api := strings.HasPrefix(c.path, "/api/")
			if strings.Contains(policy, "script-src 'self';") == api || strings.Contains(policy, "unsafe-eval") || strings.Contains(policy, "script-src 'unsafe") {
				t.Errorf("%s %s: %s", c.method, c.path, policy)
			}
			if got := a.header.Get("Cache-Control"); (got == "no-store") != api {
				t.Errorf("%s %s: Cache-Control: %s", c.method, c.path, got)
			}
			if got := a.header.Get("Strict-Transport-Security"); (got != "") != https {
				t.Errorf("%s %s: HSTS with https %v: %q", c.method, c.path, https, got)
			}
		}
	}
}

func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	public, err := ParsePublicURL("https://map.example.org")
	if err != nil {
		t.Fatal(err)
	}
	s, behind := start(t, Options{}, nil), start(t, Options{PublicURL: public}, nil)
	for _, c := range []struct {
		name   string
		site   *site
		header []string
		passes bool
	}{
		{"no browser", s, nil, true},
		{"own page", s, []string{"Sec-Fetch-Site", "same-origin", "Origin", s.url}, true},
		{"own page, old browser", s, []string{"Origin", s.url}, true},
		{"typed in", s, []string{"Sec-Fetch-Site", "none"}, true},
		{"another site", s, []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, false},
		{"another site, form", s, []string{"Sec-Fetch-Site", "cross-site", "Origin", "null", "Content-Type", "text/plain"}, false},
		{"neighbour of the same site", s, []string{"Sec-Fetch-Site", "same-site", "Origin", "https://other.example.org"}, false},
		{"another site, old browser", s, []string{"Origin", "https://evil.example"}, false},
		{"sandboxed frame, old browser", s, []string{"Origin", "null"}, false},
		{"another site that writes our host into X-Forwarded-Host", s, []string{"Origin", "https://evil.example", "X-Forwarded-Host", "evil.example"}, false},
		{"public URL behind a proxy that changes the host", behind, []string{"Origin", "https://map.example.org"}, true},
		{"public URL, new browser", behind, []string{"Sec-Fetch-Site", "same-origin", "Origin", "https://map.example.org"}, true},
		{"public URL in plain http", behind, []string{"Origin", "http://map.example.org"}, false},
	} {
		a := c.site.do(http.MethodPost, "/api/v1/echo", hello, append([]string{"Content-Type", "application/json"}, c.header...)...)
		if c.passes && a.status != http.StatusOK || !c.passes && (a.status != http.StatusForbidden || a.code() != "cross_origin" || a.header.Get("X-Request-Id") == "") {
			t.Errorf("%s: %d %s", c.name, a.status, a.body)
		}
	}
	// A link from elsewhere opens a page, and a cross-site request never reaches a handler, known or not.
	if a := s.do(http.MethodGet, "/", "", "Sec-Fetch-Site", "cross-site"); a.status != http.StatusOK {
		t.Errorf("a link from another site: %d", a.status)
	}
	for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if a := s.do(method, "/api/v1/nothing", "", "Sec-Fetch-Site", "cross-site"); a.code() != "cross_origin" {
			t.Errorf("%s from another site: %d", method, a.status)
		}
	}
}

func TestForwarded(t *testing.T) {
	t.Parallel()
	loopback, err := ParseProxies([]string{"127.0.0.0/8", "10.0.0.7", "fd00::/8"})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := ParseProxies([]string{"192.0.2.0/24"})
	if err != nil {
		t.Fatal(err)
	}
	direct, behind, other := start(t, Options{}, nil), start(t, Options{TrustedProxies: loopback}, nil), start(t, Options{TrustedProxies: elsewhere}, nil)
	for _, c := range []struct {
		name   string
		site   *site
		header []string
		want   string
	}{
		{"no proxy is trusted", direct, []string{"X-Forwarded-For", "203.0.113.9", "X-Real-Ip", "203.0.113.9"}, "127.0.0.1"},
		{"another proxy is trusted", other, []string{"X-Forwarded-For", "203.0.113.9"}, "127.0.0.1"},
		{"trusted proxy", behind, []string{"X-Forwarded-For", "203.0.113.9"}, "203.0.113.9"},
		{"a client that made up a part", behind, []string{"X-Forwarded-For", "198.51.100.1, 203.0.113.9"}, "203.0.113.9"},
		{"two trusted proxies", behind, []string{"X-Forwarded-For", "203.0.113.9, 10.0.0.7"}, "203.0.113.9"},
		{"a private address is no proxy", behind, []string{"X-Forwarded-For", "203.0.113.9, 10.0.0.8"}, "10.0.0.8"},
		{"IPv6", behind, []string{"X-Forwarded-For", "2001:db8::1, fd00::7"}, "2001:db8::1"},
		{"X-Real-Ip is not asked", behind, []string{"X-Real-Ip", "203.0.113.9"}, "127.0.0.1"},
		{"rubbish", behind, []string{"X-Forwarded-For", "<script>"}, "127.0.0.1"},
	} {
		if a := c.site.do(http.MethodGet, "/api/v1/who", "", c.header...); !strings.Contains(a.body, `"`+c.want+`"`) {
			t.Errorf("%s: %s", c.name, a.body)
		}
	}

	public, err := ParsePublicURL("https://map.example.org/")
	if err != nil {
		t.Fatal(err)
	}
	named := start(t, Options{PublicURL: public, TrustedProxies: loopback}, nil)
	for _, c := range []struct {
		name   string
		site   *site
		header []string
		want   string
	}{
		{"plain", direct, nil, direct.url},
		{"made up scheme", direct, []string{"X-Forwarded-Proto", "https"}, direct.url},
		{"scheme of a proxy", behind, []string{"X-Forwarded-Proto", "https", "Host", "a.example"}, "https://a.example"},
		{"no such scheme", behind, []string{"X-Forwarded-Proto", "javascript", "Host", "a.example"}, "http://a.example"},
		{"public URL", named, []string{"Host", "evil.example", "X-Forwarded-Proto", "http"}, "https://map.example.org"},
	} {
		if a := c.site.do(http.MethodGet, "/tiles/x", "", c.header...); a.body != c.want {
			t.Errorf("%s: %s, want %s", c.name, a.body, c.want)
		}
	}

	for _, c := range []struct {
		site *site
		id   string
		kept bool
	}{{direct, "abc-1", false}, {behind, "abc-1", true}, {behind, "a b", false}, {behind, strings.Repeat("a", 65), false}} {
		if got := c.site.do(http.MethodGet, "/api/v1/who", "", "X-Request-Id", c.id).header.Get("X-Request-Id"); (got == c.id) != c.kept || got == "" {
			t.Errorf("request id %q became %q", c.id, got)
		}
	}
}

// What a proxy says is believed of trusted ones alone, but that a proxy said it is known of all.
func TestPassedOn(t *testing.T) {
	t.Parallel()
	trusted, err := ParseProxies([]string{"127.0.0.0/8"})
	if err != nil {
		t.Fatal(err)
	}
	tell := func(s *Server) {
		s.Echo.GET("/passed", func(c echo.Context) error {
			return c.String(http.StatusOK, strconv.FormatBool(PassedOn(c.Request().Context())))
		})
	}
	for _, s := range []*site{start(t, Options{}, tell), start(t, Options{TrustedProxies: trusted}, tell)} {
		for header, want := range map[string]string{
			"X-Forwarded-For": "true", "X-Forwarded-Host": "true", "X-Forwarded-Proto": "true", "X-Real-Ip": "true", "Forwarded": "true", "Via": "true",
			"X-Request-Id": "false", "Accept": "false",
		} {
			if a := s.do(http.MethodGet, "/passed", "", header, "127.0.0.1"); a.body != want {
				t.Errorf("with %s: %s", header, a.body)
			}
		}
	}
}

func TestNoOpenRedirect(t *testing.T) {
	t.Parallel()
	s := start(t, Options{}, nil)
	for _, path := range []string{"//evil.example", "//evil.example/", "/%2f%2fevil.example", "/%5cevil.example", "/.//evil.example/..", "/api/v1/who/", "/https://evil.example"} {
		if a := s.do(http.MethodGet, path, "", "Host", "evil.example"); a.status/100 == 3 || a.header.Get("Location") != "" {
			t.Errorf("%s leads to %s", path, a.header.Get("Location"))
		}
	}
}

func TestSurroundingsAreRefused(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"map.example.org", "ftp://map.example.org", "https://", "https://map.example.org/path", "https://u:p@map.example.org", "https://map.example.org?x", "://"} {
		if u, err := ParsePublicURL(bad); err == nil {
			t.Errorf("%q became %s", bad, u)
		}
	}
	for _, bad := range []string{"", "10.0.0.0/33", "proxy.example.org", "10.0.0"} {
		if networks, err := ParseProxies([]string{bad}); err == nil {
			t.Errorf("%q became %v", bad, networks)
		}
	}
	for _, bad := range []string{"", "10", "/1s", "0/1s", "10/0s", "10/-1s", "-1/1s", "10/1"} {
		var l Limit
		if l.UnmarshalText([]byte(bad)) == nil {
			t.Errorf("%q became %+v", bad, l)
		}
	}
	var l Limit
	if err := l.UnmarshalText([]byte("10/30s")); err != nil || l != (Limit{10, 30 * time.Second}) {
		t.Errorf("10/30s became %+v: %v", l, err)
	}
}
