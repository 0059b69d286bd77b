package account_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/server/account"
)

const clientSecret = "the-secret-of-the-client"

// buildProvider builds the OpenID Connect provider of the folder oidcprovider.
func buildProvider(t *testing.T) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "oidcprovider")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
	build.Dir = "oidcprovider"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the provider: %v\n%s", err, out)
	}
	return program
}

// runProvider runs it until the end of the test, and gives its issuer.
func runProvider(t *testing.T, program, listen string) (issuer string) {
	t.Helper()
	// Not the test's context: it ends with its standard input, when all subtests are through.
	provider := exec.Command(program, "-listen", listen, "-secret", clientSecret, "-redirect", "http://127.0.0.1"+account.CallbackPath)
	in, err := provider.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := provider.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := provider.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = provider.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the provider does not start: %v", err)
	}
	return strings.TrimSpace(line)
}

// traveller is a browser that goes step by step.
type traveller struct {
	*house
	client *http.Client
}

func (h *house) traveller() *traveller {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return &traveller{h, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// step goes to an address, and gives where it is sent on to.
func (v *traveller) step(address string) string {
	v.t.Helper()
	response, err := v.client.Get(address)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	// fosite answers with 303, we with 302.
	if response.StatusCode != http.StatusFound && response.StatusCode != http.StatusSeeOther {
		v.t.Fatalf("%s is answered with %d %s", address, response.StatusCode, body)
	}
	return response.Header.Get("Location")
}

// begin asks to be sent to the provider.
func (v *traveller) begin(page string) (provider string) {
	v.t.Helper()
	return v.step(v.url + "/api/v1/session/oidc?return=" + url.QueryEscape(page))
}

// vouch is what the provider sends the browser back with, when the person is one with these claims.
func (v *traveller) vouch(provider string, claims ...string) (callback string) {
	v.t.Helper()
	u, err := url.Parse(provider)
	if err != nil {
		v.t.Fatal(err)
	}
	q := u.Query()
	for i := 0; i < len(claims); i += 2 {
		q.Set(claims[i], claims[i+1])
	}
	u.RawQuery = q.Encode()
	return v.step(u.String())
}

// signOn goes all the way and gives the page at its end.
func (v *traveller) signOn(page string, claims ...string) string {
	v.t.Helper()
	return v.step(v.vouch(v.begin(page), claims...))
}

// cookie is the value of a cookie for an address.
func (v *traveller) cookie(name, path string) string {
	u, _ := url.Parse(v.url + path)
	for _, c := range v.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (v *traveller) whoami() string {
	return (&browser{v.house, v.cookie("jingwei_session", "/")}).whoami()
}

// vouched makes an account that waits for its person, or has a password.
func (h *house) vouched(login, password string) uuid.UUID {
	id := uuid.Must(uuid.NewV7())
	h.exec(`INSERT INTO account (id, login, name, kind, password, created_at) VALUES ($1, $2, '某某', 'person', nullif($3, ''), $4)`, id, login, password, h.clock.now())
	return id
}

func (h *house) linked() []string {
	return one[[]string](h, `SELECT coalesce(array_agg(login || '=' || subject ORDER BY login), '{}') FROM account WHERE subject IS NOT NULL`)
}

func TestSingleSignOn(t *testing.T) {
	t.Parallel()
	program := buildProvider(t)
	issuer := runProvider(t, program, "127.0.0.1:0")
	start := func(t *testing.T) *house {
		t.Helper()
		h := open(t, account.Rules{})
		h.s.SignOnBy(account.OIDC{Issuer: issuer, ClientID: "jingwei", ClientSecret: clientSecret, Name: "统一身份认证", Callback: h.url + account.CallbackPath})
		return h
	}

	t.Run("first and later log-ins", func(t *testing.T) {
		t.Parallel()
		h := start(t)
		h.vouched("li@example.org", "")
		v := h.traveller()
		provider := v.begin("/wall?level=town")
		q, _ := url.Parse(provider)
		for name, want := range map[string]string{
			"response_type": "code", "client_id": "jingwei", "redirect_uri": h.url + account.CallbackPath, "code_challenge_method": "S256", "scope": "openid profile email",
		} {
			if got := q.Query().Get(name); got != want {
				t.Errorf("%s is %q", name, got)
			}
		}
		if len(q.Query().Get("state")) < 22 || len(q.Query().Get("nonce")) < 22 || q.Query().Get("state") == q.Query().Get("nonce") {
			t.Errorf("state and nonce: %s", provider)
		}
		page := v.step(v.vouch(provider, "sub", "u1", "preferred_username", "li@example.org", "email", "Li@Example.org", "email_verified", "true"))
		if page != "/wall?level=town" || v.whoami() != "li@example.org" {
			t.Errorf("on to %s as %q", page, v.whoami())
		}
		if v.cookie("jingwei_sign_on", account.CallbackPath) != "" {
			t.Error("the attempt stays in the browser")
		}
		// Later the subject alone counts.
		again := h.traveller()
		if page := again.signOn("/", "sub", "u1", "email", "other@example.org", "email_verified", "true"); page != "/" || again.whoami() != "li@example.org" {
			t.Errorf("on to %s as %q", page, again.whoami())
		}
		if linked := h.linked(); !slices.Equal(linked, []string{"li@example.org=u1"}) {
			t.Errorf("linked: %v", linked)
		}
		if log := append(h.entries("account.%"), h.entries("session.%")...); !slices.Equal(log, []string{"account.link:done:", "session.create:done:", "session.create:done:"}) {
			t.Errorf("audit: %q", log)
		}
		// Nobody else takes the account, and a password does not open it.
		if page := h.traveller().signOn("/", "sub", "u2", "email", "li@example.org", "email_verified", "true"); page != "/login?problem=sso_unknown" {
			t.Errorf("another subject: %s", page)
		}
		(&browser{house: h}).logIn("li@example.org", "", "").is(t, http.StatusUnauthorized, "wrong_credentials")
	})

	t.Run("who is not let in", func(t *testing.T) {
		t.Parallel()
		h := start(t)
		h.vouched("verified@example.org", "")
		h.vouched("wang", "")
		h.vouched("zhao", "$argon2id$v=19$m=64,t=2,p=1$AAAA$AAAA")
		gone := h.vouched("gone", "")
		h.exec(`UPDATE account SET disabled_at = now() WHERE id = $1`, gone)
		h.exec(`INSERT INTO account (id, login, name, kind, created_at) VALUES ($1, 'hotline', 'x', 'machine', now())`, uuid.Must(uuid.NewV7()))
		for _, test := range []struct {
			name    string
			claims  []string
			problem string
		}{
			{"nobody", []string{"sub", "x"}, "sso_unknown"},
			{"an address that is not verified", []string{"sub", "x", "email", "verified@example.org", "email_verified", "false"}, "sso_unknown"},
			{"an address as the preferred name", []string{"sub", "x", "preferred_username", "verified@example.org"}, "sso_unknown"},
			{"another's address as the preferred name", []string{"sub", "x", "preferred_username", "verified@example.org", "email", "x@example.org", "email_verified", "true"}, "sso_unknown"},
			{"an account with a password", []string{"sub", "x", "preferred_username", "zhao"}, "sso_unknown"},
			{"a machine", []string{"sub", "x", "preferred_username", "hotline"}, "sso_unknown"},
			{"two accounts at once", []string{"sub", "x", "preferred_username", "wang", "email", "verified@example.org", "email_verified", "true"}, "sso_unknown"},
			{"a disabled account", []string{"sub", "x", "preferred_username", "gone"}, "sso_disabled"},
			{"a token of another key", []string{"sub", "x", "preferred_username", "wang", "key", "other"}, "sso_failed"},
		} {
			v := h.traveller()
			if page := v.signOn("/", test.claims...); page != "/login?problem="+test.problem || v.whoami() != "" {
				t.Errorf("%s: on to %s as %q", test.name, page, v.whoami())
			}
		}
		if linked := h.linked(); len(linked) != 0 {
			t.Errorf("linked: %v", linked)
		}
		if log := h.entries("session.refuse"); len(log) != 9 || log[8] != "session.refuse:refused:sso_failed" {
			t.Errorf("audit: %q", log)
		}
		if page := h.traveller().signOn("/", "sub", "w", "preferred_username", " WANG "); page != "/" {
			t.Errorf("the preferred name: %s", page)
		}
		h.exec(`UPDATE account SET disabled_at = now() WHERE login = 'wang'`)
		if page := h.traveller().signOn("/", "sub", "w"); page != "/login?problem=sso_disabled" {
			t.Errorf("disabled after it was linked: %s", page)
		}
	})

	t.Run("disabled meanwhile", func(t *testing.T) {
		t.Parallel()
		h := start(t)
		h.vouched("li", "")
		person := []string{"sub", "u1", "preferred_username", "li"}
		h.traveller().signOn("/", person...)
		v := h.traveller()
		callback := v.vouch(v.begin("/"), person...)
		var page string
		h.meanwhile(`UPDATE account SET disabled_at = now(); DELETE FROM account_session`, func() { page = v.step(callback) })
		if page != "/login?problem=sso_disabled" {
			t.Errorf("on to %s", page)
		}
		if n := one[int](h, `SELECT count(*) FROM account_session`); n != 0 {
			t.Errorf("who is disabled has %d sessions", n)
		}
	})

	t.Run("answers that do not belong", func(t *testing.T) {
		t.Parallel()
		h := start(t)
		h.vouched("li", "")
		person := []string{"sub", "u1", "preferred_username", "li"}
		with := func(callback, name, value string) string {
			u, _ := url.Parse(callback)
			q := u.Query()
			q.Set(name, value)
			u.RawQuery = q.Encode()
			return u.String()
		}
		for name, try := range map[string]struct {
			problem string
			page    func(v *traveller) string
		}{
			"another state": {"sso_state", func(v *traveller) string {
				return v.step(with(v.vouch(v.begin("/"), person...), "state", strings.Repeat("A", 26)))
			}},
			"no state":            {"sso_state", func(v *traveller) string { return v.step(with(v.vouch(v.begin("/"), person...), "state", "")) }},
			"nothing was begun":   {"sso_state", func(v *traveller) string { return v.step(h.traveller().vouch(h.traveller().begin("/"), person...)) }},
			"no state on neither": {"sso_state", func(v *traveller) string { return v.step(v.url + account.CallbackPath) }},
			"another browser's answer": {"sso_state", func(v *traveller) string {
				other := h.traveller()
				callback := other.vouch(other.begin("/"), person...)
				v.begin("/")
				return v.step(callback)
			}},
			"another browser's code": {"sso_failed", func(v *traveller) string { // PKCE
				other := h.traveller()
				stolen, _ := url.Parse(other.vouch(other.begin("/"), person...))
				return v.step(with(v.vouch(v.begin("/"), "sub", "mallory"), "code", stolen.Query().Get("code")))
			}},
			"another nonce": {"sso_failed", func(v *traveller) string {
				return v.step(v.vouch(with(v.begin("/"), "nonce", strings.Repeat("A", 26)), person...))
			}},
			"the provider refuses": {"sso_failed", func(v *traveller) string {
				u, _ := url.Parse(v.begin("/"))
				return v.step(v.url + account.CallbackPath + "?error=access_denied&state=" + u.Query().Get("state"))
			}},
			"a code of one's own making": {"sso_failed", func(v *traveller) string {
				return v.step(with(v.vouch(v.begin("/"), person...), "code", "ory_ac_x.y"))
			}},
		} {
			v := h.traveller()
			if page := try.page(v); page != "/login?problem="+try.problem || v.whoami() != "" {
				t.Errorf("%s: on to %s as %q", name, page, v.whoami())
			}
		}
		if linked := h.linked(); len(linked) != 0 {
			t.Errorf("linked: %v", linked)
		}

		// The same answer twice: the attempt is spent, and when a thief has a copy of it, the code is.
		v := h.traveller()
		callback := v.vouch(v.begin("/"), person...)
		attempt := v.cookie("jingwei_sign_on", account.CallbackPath)
		if page := v.step(callback); page != "/" || v.whoami() != "li" {
			t.Fatalf("on to %s", page)
		}
		if page := v.step(callback); page != "/login?problem=sso_state" {
			t.Errorf("the answer again: %s", page)
		}
		thief := h.traveller()
		u, _ := url.Parse(h.url + account.CallbackPath)
		thief.client.Jar.SetCookies(u, []*http.Cookie{{Name: "jingwei_sign_on", Value: attempt, Path: "/"}})
		if page := thief.step(callback); page != "/login?problem=sso_failed" || thief.whoami() != "" {
			t.Errorf("the answer again with the attempt: %s", page)
		}
	})

	t.Run("pages to go on to", func(t *testing.T) {
		t.Parallel()
		h := start(t)
		h.vouched("li", "")
		public := &browser{house: h}
		bad := []string{
			"//evil.example", "///evil.example", `/\evil.example`, `\/evil.example`, "/\t/evil.example", "/\n//evil.example", "\t//evil.example", "https://evil.example", "evil.example", "",
			"javascript:alert(1)", "/%2f/evil.example", "/%2Fevil.example", "/a\\b", "/\x7f", "/wall\r\nSet-Cookie: a=b", "/" + strings.Repeat("a", 1000),
		}
		for _, page := range bad[:len(bad)-1] {
			if page == "" {
				continue // left out: the first page
			}
			public.ask("GET", "/api/v1/session/oidc?return="+url.QueryEscape(page), nil).is(t, http.StatusUnprocessableEntity, "invalid")
		}
		for _, page := range bad { // by a cookie of one's own making
			v := h.traveller()
			callback := v.vouch(v.begin("/"), "sub", "u1", "preferred_username", "li")
			text, err := base64.RawURLEncoding.DecodeString(v.cookie("jingwei_sign_on", account.CallbackPath))
			if err != nil {
				t.Fatal(err)
			}
			var attempt map[string]string
			if err := json.Unmarshal(text, &attempt); err != nil {
				t.Fatal(err)
			}
			attempt["r"] = page
			text, _ = json.Marshal(attempt)
			u, _ := url.Parse(h.url + account.CallbackPath)
			v.client.Jar.SetCookies(u, []*http.Cookie{{Name: "jingwei_sign_on", Value: base64.RawURLEncoding.EncodeToString(text), Path: "/api/v1/session/oidc"}})
			if page := v.step(callback); page != "/" {
				t.Errorf("%q leads to %q", attempt["r"], page)
			}
		}
		for _, page := range []string{"/", "/desk?item=a&b=%2F%2Fx#c", "/wall/东", "/login"} {
			if got := h.traveller().signOn(page, "sub", "u1", "preferred_username", "li"); got != page {
				t.Errorf("%s leads to %s", page, got)
			}
		}
	})

	t.Run("the provider is away at first", func(t *testing.T) {
		t.Parallel()
		h := open(t, account.Rules{})
		public := &browser{house: h}
		public.ask("GET", "/api/v1/session/oidc", nil).is(t, http.StatusNotFound, "not_found") // not configured
		public.ask("GET", account.CallbackPath, nil).is(t, http.StatusNotFound, "not_found")
		if s := public.ask("GET", "/api/v1/session", nil); !strings.Contains(s.body, `"single_sign_on":null`) {
			t.Errorf("session: %s", s.body)
		}
		reserved, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := reserved.Addr().String()
		reserved.Close()
		h.s.SignOnBy(account.OIDC{Issuer: "http://" + address, ClientID: "jingwei", ClientSecret: "wrong", Name: "统一身份认证", Callback: h.url + account.CallbackPath})
		if s := public.ask("GET", "/api/v1/session", nil); !strings.Contains(s.body, `"single_sign_on":{"name":"统一身份认证"}`) {
			t.Errorf("session: %s", s.body)
		}
		a := public.ask("GET", "/api/v1/session/oidc", nil).is(t, http.StatusServiceUnavailable, "provider_unavailable")
		if !strings.Contains(a.body, "统一身份认证") || strings.Contains(a.body, address) {
			t.Errorf("problem: %s", a.body)
		}
		runProvider(t, program, address)
		v := h.traveller()
		for deadline := time.Now().Add(20 * time.Second); public.ask("GET", "/api/v1/roles", nil).status != http.StatusOK || !reached(v); time.Sleep(200 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the provider is not asked again")
			}
		}
		if page := v.signOn("/", "sub", "x"); page != "/login?problem=sso_failed" { // its secret is wrong
			t.Errorf("on to %s", page)
		}
	})
}

// reached reports whether the server sends a browser to the provider.
func reached(v *traveller) bool {
	response, err := v.client.Get(v.url + "/api/v1/session/oidc")
	if err != nil {
		v.t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode == http.StatusFound
}
