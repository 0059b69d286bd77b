package account_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"jingwei/server/access"
	"jingwei/server/account"
	"jingwei/server/area/areatest"
)

func TestLogInAndOut(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	h.person("zhang", goodPassword, access.Viewer)
	b := &browser{house: h}

	nobody := b.ask(http.MethodGet, "/api/v1/session", nil).state(t)
	if nobody.Account != nil || nobody.Areas.All || len(nobody.Areas.Codes) > 0 || !slices.Contains(nobody.Actions, "incident.report") || slices.Contains(nobody.Actions, "incident.read") {
		t.Errorf("the public: %+v", nobody)
	}
	b.ask(http.MethodGet, "/api/v1/secret", nil).is(t, http.StatusUnauthorized, "login_required")

	a := b.logIn(" Zhang ", goodPassword, "")
	s := a.state(t)
	if s.Account == nil || s.Account.Login != "zhang" || len(s.Account.Roles) != 1 || s.Account.Roles[0].Level != "county" ||
		s.Account.Roles[0].AreaName != "区域"+areatest.County || !slices.Contains(s.Actions, "incident.read") || len(s.Areas.Codes) != 1 {
		t.Errorf("logged in: %s", a.body)
	}
	set := a.header.Get("Set-Cookie")
	for _, attribute := range []string{"jingwei_session=", "Path=/", "HttpOnly", "SameSite=Lax"} {
		if !strings.Contains(set, attribute) {
			t.Errorf("cookie %q lacks %s", set, attribute)
		}
	}
	if strings.Contains(set, "Secure") || strings.Contains(set, "Max-Age") || strings.Contains(set, "Expires") {
		t.Errorf("cookie %q", set)
	}
	if stored := one[int](h, `SELECT count(*) FROM session WHERE token = $1 OR position($1::bytea in data) > 0`, b.cookie); stored != 0 {
		t.Error("the secret itself is in the database")
	}
	b.ask(http.MethodGet, "/api/v1/secret", nil).is(t, http.StatusNoContent, "")

	out := &browser{h, b.cookie}
	b.ask(http.MethodDelete, "/api/v1/session", nil).is(t, http.StatusNoContent, "")
	if b.cookie != "" {
		t.Error("the browser keeps its cookie")
	}
	if who := out.whoami(); who != "" {
		t.Errorf("the old cookie is still %s's", who)
	}
	if left := one[int](h, `SELECT (SELECT count(*) FROM session) + (SELECT count(*) FROM account_session)`); left != 0 {
		t.Errorf("%d rows are left of the session", left)
	}
	b.ask(http.MethodDelete, "/api/v1/session", nil).is(t, http.StatusNoContent, "")
	if log := h.entries("session.%"); len(log) != 2 || log[0] != "session.create:done:" || log[1] != "session.delete:done:logged out" {
		t.Errorf("audit: %q", log)
	}
}

func TestCookieOverHTTPSOnly(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{Secure: true})
	h.person("zhang", goodPassword)
	if set := (&browser{house: h}).logIn("zhang", goodPassword, "").header.Get("Set-Cookie"); !strings.Contains(set, "; Secure") {
		t.Errorf("cookie %q", set)
	}
}

// A secret that somebody gave the browser before is worth nothing afterwards, be it made up or another session's.
func TestNoFixation(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	h.person("zhang", goodPassword)
	h.person("mallory", goodPassword)
	mallory := h.entered("mallory", goodPassword)
	for _, planted := range []string{strings.Repeat("A", 43), mallory.cookie} {
		victim := &browser{h, planted}
		victim.logIn("zhang", goodPassword, "").is(t, http.StatusOK, "")
		if victim.cookie == planted {
			t.Fatal("the planted secret became the session's")
		}
		if who := (&browser{h, planted}).whoami(); who != "" {
			t.Errorf("the planted secret is %s's", who)
		}
		if who := victim.whoami(); who != "zhang" {
			t.Errorf("the victim is %q", who)
		}
	}
}

func TestGarbageIsThePublic(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	for _, cookie := range []string{"x", strings.Repeat("A", 43), strings.Repeat("z", 5000), "%00%ff", "../../etc/passwd", "'; DROP TABLE session; --"} {
		b := &browser{house: h}
		if s := b.ask(http.MethodGet, "/api/v1/session", nil, "Cookie", "jingwei_session="+cookie).state(t); s.Account != nil {
			t.Errorf("%q is %s", cookie, s.Account.Login)
		}
		b.ask(http.MethodGet, "/api/v1/secret", nil, "Cookie", "jingwei_session="+cookie).is(t, http.StatusUnauthorized, "login_required")
		b.ask(http.MethodDelete, "/api/v1/session", nil, "Cookie", "jingwei_session="+cookie).is(t, http.StatusNoContent, "")
	}
	for _, header := range []string{"Bearer x", "bearer jw_", "Bearer ", "Bearer " + strings.Repeat("y", 5000)} {
		a := (&browser{house: h}).ask(http.MethodGet, "/api/v1/session", nil, "Authorization", header).is(t, http.StatusUnauthorized, "invalid_token")
		if a.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%q: no WWW-Authenticate", header)
		}
	}
	(&browser{house: h}).ask(http.MethodGet, "/api/v1/session", nil, "Authorization", "Basic eDp5").is(t, http.StatusOK, "")
}

func TestSessionEndsByItself(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{SessionIdle: 30 * time.Minute, SessionMax: 2 * time.Hour})
	h.person("zhang", goodPassword)

	idle := h.entered("zhang", goodPassword)
	h.clock.pass(29 * time.Minute)
	if idle.whoami() != "zhang" {
		t.Fatal("ended before it was idle for long enough")
	}
	h.clock.pass(29 * time.Minute)
	if idle.whoami() != "zhang" {
		t.Fatal("a request did not keep the session alive")
	}
	h.clock.pass(31 * time.Minute)
	if idle.whoami() != "" {
		t.Fatal("an idle session goes on")
	}

	busy := h.entered("zhang", goodPassword)
	for range 5 {
		h.clock.pass(20 * time.Minute)
		if busy.whoami() != "zhang" {
			t.Fatal("a busy session ended early")
		}
	}
	h.clock.pass(20 * time.Minute)
	if busy.whoami() != "" {
		t.Fatal("a busy session goes on for ever")
	}

	if err := h.s.Upkeep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := one[int](h, `SELECT (SELECT count(*) FROM session) + (SELECT count(*) FROM account_session)`); left != 0 {
		t.Errorf("upkeep leaves %d rows of ended sessions", left)
	}
}

func TestUseIsWrittenOnceAMinute(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	h.person("zhang", goodPassword)
	b := h.entered("zhang", goodPassword)
	began := h.clock.now()
	seen := func() time.Duration { return one[time.Time](h, `SELECT seen_at FROM account_session`).Sub(began) }
	h.clock.pass(59 * time.Second)
	b.whoami()
	if seen() != 0 {
		t.Errorf("written after %v", seen())
	}
	h.clock.pass(time.Second)
	b.whoami()
	if seen() != time.Minute {
		t.Errorf("seen at %v, want a minute", seen())
	}
}

// Whatever is taken away is gone with the next request.
func TestTakenAwayAtOnce(t *testing.T) {
	t.Parallel()
	for name, take := range map[string]string{
		"session": `DELETE FROM account_session`, "account": `UPDATE account SET disabled_at = now()`, "secret": `DELETE FROM session`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, account.Rules{})
			h.person("zhang", goodPassword, access.Viewer)
			b := h.entered("zhang", goodPassword)
			b.ask(http.MethodGet, "/api/v1/secret", nil).is(t, http.StatusNoContent, "")
			h.exec(take)
			b.ask(http.MethodGet, "/api/v1/secret", nil).is(t, http.StatusUnauthorized, "login_required")
		})
	}
	for name, take := range map[string]string{
		"grant": `DELETE FROM account_grant`, "expired grant": `UPDATE account_grant SET expires_at = '2026-03-02 08:00:00Z'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, account.Rules{})
			h.person("zhang", goodPassword, access.Viewer)
			b := h.entered("zhang", goodPassword)
			h.exec(take)
			b.ask(http.MethodGet, "/api/v1/secret", nil).is(t, http.StatusForbidden, "forbidden")
		})
	}
}

func TestOwnSessions(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	h.person("zhang", goodPassword)
	h.person("li", goodPassword)
	type session struct {
		ID      string `json:"id"`
		Address string `json:"address"`
		Agent   string `json:"agent"`
		Current bool   `json:"current"`
	}
	list := func(b *browser) (sessions []session) {
		t.Helper()
		var body struct {
			Items []session `json:"items"`
		}
		if err := json.Unmarshal([]byte(b.ask(http.MethodGet, "/api/v1/account/sessions", nil).is(t, http.StatusOK, "").body), &body); err != nil {
			t.Fatal(err)
		}
		return body.Items
	}
	first, second, third, li := h.entered("zhang", goodPassword), h.entered("zhang", goodPassword), h.entered("zhang", goodPassword), h.entered("li", goodPassword)
	sessions := list(second)
	if len(sessions) != 3 || sessions[0].Current || !sessions[1].Current || sessions[2].Current || sessions[0].Address != "127.0.0.1" || !strings.Contains(sessions[0].Agent, "Go-http-client") {
		t.Fatalf("sessions: %+v", sessions)
	}

	li.ask(http.MethodDelete, "/api/v1/account/sessions/"+sessions[2].ID, nil).is(t, http.StatusNotFound, "not_found")
	if first.whoami() != "zhang" {
		t.Fatal("somebody else ended the session")
	}
	second.ask(http.MethodDelete, "/api/v1/account/sessions/"+sessions[2].ID, nil).is(t, http.StatusNoContent, "")
	if first.whoami() != "" || third.whoami() != "zhang" {
		t.Fatal("not the one session was ended")
	}
	second.ask(http.MethodDelete, "/api/v1/account/sessions/"+sessions[2].ID, nil).is(t, http.StatusNotFound, "not_found")
	second.ask(http.MethodDelete, "/api/v1/account/sessions", nil).is(t, http.StatusNoContent, "")
	if third.whoami() != "" || second.whoami() != "zhang" || li.whoami() != "li" {
		t.Fatal("not all other sessions were ended, or more")
	}
	(&browser{house: h}).ask(http.MethodGet, "/api/v1/account/sessions", nil).is(t, http.StatusUnauthorized, "login_required")
}

// Who asks costs one query, and none where nobody can be told apart.
func TestQueriesOfARequest(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	h.person("zhang", goodPassword, access.Viewer, access.Worker)
	b := h.entered("zhang", goodPassword)
	queries := func(b *browser, path string, header ...string) int64 {
		before := h.queries.Load()
		b.ask(http.MethodGet, path, nil, header...)
		return h.queries.Load() - before
	}
	nobody := &browser{house: h}
	nobody.ask(http.MethodGet, "/api/v1/session", nil) // connections are made
	for path, want := range map[string]int64{"/healthz": 0, "/readyz": 0, "/api/v1/session": 1, "/api/v1/secret": 1} {
		if got := queries(b, path); got != want {
			t.Errorf("%s with a session: %d queries, want %d", path, got, want)
		}
	}
	if got := queries(nobody, "/api/v1/secret"); got != 0 {
		t.Errorf("the public: %d queries", got)
	}
	if got := queries(&browser{h, "made up"}, "/api/v1/secret"); got > 1 {
		t.Errorf("a made up cookie: %d queries", got)
	}
}

// A stream that lasts longer than a request is told when what it began with is over.
func TestStill(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{PasswordMaxAge: 24 * time.Hour})
	id := h.person("zhang", goodPassword, access.Viewer)
	h.entered("zhang", goodPassword)
	session := one[[16]byte](h, `SELECT id FROM account_session`)
	viewer := []access.Grant{{Role: access.Viewer, Area: areatest.County, Level: "county"}}
	actor := access.Person(id, session, "zhang", viewer)
	if !h.still(actor) || !h.still(access.Nobody) {
		t.Fatal("nothing changed")
	}
	if h.still(access.Person(id, session, "zhang", nil)) {
		t.Error("a grant that came is not noticed")
	}
	h.exec(`UPDATE account_grant SET role = 'worker'`)
	if h.still(actor) {
		t.Error("a grant that changed is not noticed")
	}
	h.exec(`UPDATE account_grant SET role = 'viewer'; DELETE FROM account_session`)
	if h.still(actor) {
		t.Error("the end of the session is not noticed")
	}
}

func (h *house) still(actor *access.Actor) bool {
	_, still := h.s.Still(h.t.Context(), actor, false)
	return still
}

func TestDemoOnTheMachineItself(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	h.person("demo-viewer", account.DemoPassword, access.Viewer)
	h.exec(`UPDATE account SET demo = true`)
	b := &browser{house: h}
	s := b.ask(http.MethodGet, "/api/v1/session", nil).state(t)
	if len(s.Demo) != 1 || s.Demo[0].Password != account.DemoPassword || s.Demo[0].Role != "viewer" {
		t.Fatalf("demo: %+v", s.Demo)
	}
	for _, host := range []string{"map.example.org", "192.0.2.1", "localhost.example.org"} {
		if s := b.ask(http.MethodGet, "/api/v1/session", nil, "Host", host).state(t); len(s.Demo) != 0 {
			t.Errorf("%s is told %+v", host, s.Demo)
		}
		b.ask(http.MethodPost, "/api/v1/session", map[string]string{"login": "demo-viewer", "password": account.DemoPassword}, "Host", host).
			is(t, http.StatusUnauthorized, "wrong_credentials")
	}
	// A proxy that nobody told the server of, and that gives it the host of this machine.
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded", "Via"} {
		if s := b.ask(http.MethodGet, "/api/v1/session", nil, name, "127.0.0.1").state(t); len(s.Demo) != 0 {
			t.Errorf("with %s it is told %+v", name, s.Demo)
		}
		b.ask(http.MethodPost, "/api/v1/session", map[string]string{"login": "demo-viewer", "password": account.DemoPassword}, name, "127.0.0.1").
			is(t, http.StatusUnauthorized, "wrong_credentials")
		h.exec(`DELETE FROM login_try`)
	}
	for name, test := range map[string]struct {
		ctx  context.Context
		want int
	}{"nobody": {t.Context(), 0}, "whoever runs the program": {access.With(t.Context(), access.Operator("root")), 1}} {
		if logins, err := h.s.DemoLogins(test.ctx); err != nil || len(logins) != test.want {
			t.Errorf("%s is told %+v, %v", name, logins, err)
		}
	}
	b.logIn("demo-viewer", account.DemoPassword, "").is(t, http.StatusOK, "")
	b.ask(http.MethodPut, "/api/v1/account/password", map[string]string{"current": account.DemoPassword, "new": goodPassword}).is(t, http.StatusConflict, "conflict")
}
