package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"jingwei/server/access/accesstest"
	"jingwei/server/account"
	"jingwei/server/area/areatest"
	"jingwei/server/db"
	"jingwei/server/db/dbtest"
)

// lastLine is what a command prints once: a password or a token.
func lastLine(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return lines[len(lines)-1]
}

func TestUserCommands(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	url := s.db.Config().ConnString()
	user := func(want int, says string, args ...string) string {
		t.Helper()
		code, out, errOut := jingwei(t, nil, append([]string{"user", "--database-url", url}, args...)...)
		if code != want || !strings.Contains(out+errOut, says) {
			t.Fatalf("user %v: exit %d, %s%s", args, code, out, errOut)
		}
		return out
	}
	logIn := func(login, password string) answer {
		return s.as().do(http.MethodPost, "/api/v1/session", fmt.Sprintf(`{"login":%q,"password":%q}`, login, password))
	}

	password := lastLine(user(0, "shown only now", "add", "Boss", "--name", "安全员", "--role", "security_admin"))
	if a := logIn("boss", password); a.status != http.StatusOK || !strings.Contains(string(a.body), `"must":"change_password"`) {
		t.Fatalf("the initial password: %d %s", a.status, a.body)
	}
	user(0, "", "add", "zhang", "--name", "张三", "--role", "worker", "--area", areatest.County+"001", "--days", "30")
	user(0, "by single sign-on", "add", "li", "--name", "李四", "--single-sign-on")
	user(0, "handler of 320282002", "grant", "zhang", "handler", "--area", areatest.County+"002")
	list := user(0, "", "list")
	if !regexp.MustCompile(`(?m)^zhang +person +enabled +worker@320282001,handler@320282002 +张三$`).MatchString(list) || strings.Count(list, "\n") != 5 {
		t.Errorf("list:\n%s", list)
	}
	if list := user(0, "", "list", "--role", "handler"); strings.Contains(list, "boss") || !strings.Contains(list, "zhang") {
		t.Errorf("list of handlers:\n%s", list)
	}
	user(0, "no longer handler", "revoke", "zhang", "handler", "--area", areatest.County+"002")
	user(1, "but holds worker@320282001", "revoke", "zhang", "worker")

	password = lastLine(user(0, "", "password", "zhang"))
	user(0, "zhang is disabled", "disable", "zhang")
	logIn("zhang", password).problem(t, http.StatusUnauthorized, "wrong_credentials")
	user(0, "zhang is enabled", "enable", "zhang")
	if a := logIn("zhang", password); a.status != http.StatusOK {
		t.Errorf("enabled again: %s", a.body)
	}
	for range 10 {
		logIn("zhang", "wrong")
	}
	logIn("zhang", password).problem(t, http.StatusTooManyRequests, "too_many_requests")
	user(0, "not locked", "unlock", "zhang")
	if a := logIn("zhang", password); a.status != http.StatusOK {
		t.Errorf("unlocked: %s", a.body)
	}

	user(0, "jingwei user token hotline", "add", "hotline", "--name", "12345热线", "--kind", "machine", "--role", "dispatcher")
	token := lastLine(user(0, "Bearer", "token", "hotline", "--name", "intake", "--scope", "incident.intake,incident.read", "--days", "30"))
	if a := s.as("Authorization", "Bearer "+token).get("/api/v1/incidents"); a.status != http.StatusOK {
		t.Errorf("with the token: %d %s", a.status, a.body)
	}
	s.as("Authorization", "Bearer "+token).get("/api/v1/accounts").problem(t, http.StatusForbidden, "forbidden")

	if list := user(0, "", "tokens", "hotline"); !regexp.MustCompile(`(?m)^[0-9a-f-]{36} +`+token[:9]+` +valid +\d{4}-\d\d-\d\d +\d{4}-\d\d-\d\d +incident\.intake,incident\.read +intake$`).MatchString(list) || strings.Contains(list, token) {
		t.Errorf("tokens:\n%s", list)
	}
	id := strings.Fields(lastLine(user(0, "", "tokens", "hotline")))[0]
	user(1, "has no token", "revoke-token", "zhang", id)
	user(2, "revoke-token", "revoke-token", "hotline", "first")
	user(0, "is revoked", "revoke-token", "hotline", id)
	s.as("Authorization", "Bearer "+token).get("/api/v1/incidents").problem(t, http.StatusUnauthorized, "invalid_token")
	user(0, " revoked ", "tokens", "hotline")
	user(0, "TOKEN", "tokens", "zhang")
	user(1, "--days is from 1 to 3660", "grant", "zhang", "viewer", "--days", "3661")
	user(1, "--days is from 1 to 3660", "grant", "zhang", "viewer", "--days=-1")
	user(1, "--days is from 1 to 3660", "add", "wang", "--name", "x", "--role", "viewer", "--days", "9000000000000000000")

	user(1, "the login zhang is taken", "add", "zhang", "--name", "x")
	user(1, "no area of the present edition", "add", "wang", "--name", "x", "--role", "viewer", "--area", "1")
	user(1, "there is no role", "add", "wang", "--name", "x", "--role", "king")
	user(1, "--role", "add", "wang", "--name", "x", "--area", areatest.County)
	user(1, "jingwei user list", "grant", "nobody", "viewer")
	user(1, "an administrator holds no other role", "grant", "boss", "viewer")
	user(1, "last security administrator", "disable", "boss")
	user(1, "last security administrator", "revoke", "boss", "security_admin")
	user(1, "zhang is a person", "token", "zhang", "--name", "x", "--scope", "incident.read", "--days", "1")
	user(1, "there is no action", "token", "hotline", "--name", "x", "--scope", "incident.fly", "--days", "1")
	user(1, "--days is from 1 to 366", "token", "hotline", "--name", "x", "--scope", "incident.read", "--days", "400")
	user(1, "is a machine", "password", "hotline")
	user(0, "no demo accounts", "remove-demo")
	if list := user(0, "", "list"); strings.Contains(list, "wang") {
		t.Errorf("a mistake made an account:\n%s", list)
	}
	var via string
	if err := s.db.QueryRow(t.Context(), `SELECT DISTINCT via FROM audit WHERE action = 'grant.create' AND login <> 'test'`).Scan(&via); err != nil || via != "command" {
		t.Errorf("the audit log says %q, %v", via, err)
	}
}

// serving runs jingwei serve until it is ready, and stops it; or until it ends by itself.
func serving(t *testing.T, url string, args ...string) (code int, out, errOut string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, w := io.Pipe()
	var o bytes.Buffer
	var e log
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		_, _ = io.Copy(io.MultiWriter(&o, &stopper{after: "ready", stop: func() { time.AfterFunc(300*time.Millisecond, cancel) }}), r)
	}()
	code = run(ctx, append([]string{"serve", "--database-url", url, "--key-file", filepath.Join(t.TempDir(), "keys.json")}, args...), nil, w, &e)
	w.Close()
	<-copied
	return code, o.String(), e.String()
}

type stopper struct {
	after string
	stop  func()
}

func (s *stopper) Write(p []byte) (int, error) {
	if strings.Contains(string(p), s.after) {
		s.stop()
	}
	return len(p), nil
}

func TestDemoAccounts(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	url := s.db.Config().ConnString()
	if _, err := s.db.Exec(t.Context(), `DELETE FROM account`); err != nil { // the machine of the tests
		t.Fatal(err)
	}
	if err := db.InTx(t.Context(), s.db.Pool, func(tx pgx.Tx) error {
		areas, ok := demoAreas(s.app.areas.Current())
		if !ok || areas != (account.DemoAreas{County: "320282", Town: "320282001", Community: "320282001001"}) {
			t.Errorf("areas: %+v", areas)
		}
		made, err := s.app.accounts.CreateDemo(accesstest.Operator(t), tx, areas)
		if err == nil && !made {
			err = fmt.Errorf("no demo accounts were made")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	operator := accesstest.Operator(t)
	logins, err := s.app.accounts.DemoLogins(operator)
	if err != nil || len(logins) != 8 {
		t.Fatalf("demo accounts: %+v, %v", logins, err)
	}
	public := s.as()
	if err := s.app.checkAudience(operator, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}); err != nil {
		t.Errorf("on loopback: %v", err)
	}
	for _, l := range logins {
		body := fmt.Sprintf(`{"login":%q,"password":%q}`, l.Login, l.Password)
		var who struct {
			Account struct{ Roles []struct{ Role string } }
		}
		public.do(http.MethodPost, "/api/v1/session", body).into(t, http.StatusOK, &who)
		if len(who.Account.Roles) != 1 || who.Account.Roles[0].Role != string(l.Role) {
			t.Errorf("%s: %+v", l.Login, who)
		}
	}
	var told struct {
		Demo []struct{ Login, Password string }
	}
	public.get("/api/v1/session").into(t, http.StatusOK, &told)
	if len(told.Demo) != 8 || told.Demo[0].Password != account.DemoPassword {
		t.Errorf("the log-in page is told of %+v", told)
	}
	// A proxy in front, or a page elsewhere that has given its name our address, gets nothing.
	for _, host := range []string{"map.example.org", "127.0.0.1.example.org", "localhost.example.org", "10.0.0.7"} {
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/api/v1/session", strings.NewReader(`{"login":"demo-security","password":"`+account.DemoPassword+`"}`))
		request.Host = host
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized {
			t.Errorf("demo accounts are let in at %s: %d", host, response.StatusCode)
		}
	}

	if err := s.app.checkAudience(t.Context(), &net.TCPAddr{IP: net.IPv4(10, 0, 0, 7), Port: 80}); err == nil {
		t.Error("for others, asked by nobody in particular: fine")
	}
	err = s.app.checkAudience(operator, &net.TCPAddr{IP: net.IPv4(10, 0, 0, 7), Port: 80})
	if err == nil || !strings.Contains(err.Error(), "jingwei user remove-demo") {
		t.Errorf("for others: %v", err)
	}
	if code, out, errOut := serving(t, url, "--listen", "0.0.0.0:0"); code != 1 || !strings.Contains(errOut, "jingwei user remove-demo") || strings.Contains(out, "ready") {
		t.Errorf("serve for others: exit %d, %s%s", code, out, errOut)
	}
	// A proxy on this machine that gives us our own address as the host cannot be told from the machine, but the declared way in can.
	for _, way := range [][]string{{"--public-url", "https://map.example.org"}, {"--trusted-proxy", "127.0.0.1"}} {
		if code, out, errOut := serving(t, url, append(way, "--listen", "127.0.0.1:0")...); code != 1 || !strings.Contains(errOut, "jingwei user remove-demo") || strings.Contains(out, "ready") {
			t.Errorf("serve with %v: exit %d, %s%s", way, code, out, errOut)
		}
	}
	if code, out, errOut := serving(t, url, "--listen", "127.0.0.1:0"); code != 0 || !strings.Contains(out, "demo-dispatcher") || !strings.Contains(out, account.DemoPassword) {
		t.Errorf("serve here: exit %d, %s%s", code, out, errOut)
	}
	code, out, errOut := jingwei(t, nil, "user", "remove-demo", "--database-url", url)
	if code != 0 || !strings.Contains(out, "demo-viewer, demo-worker") || !strings.Contains(out, "jingwei user add") {
		t.Fatalf("remove-demo: exit %d, %s%s", code, out, errOut)
	}
	public.do(http.MethodPost, "/api/v1/session", `{"login":"demo-viewer","password":"`+account.DemoPassword+`"}`).problem(t, http.StatusUnauthorized, "wrong_credentials")
	if code, out, errOut := serving(t, url, "--listen", "0.0.0.0:0"); code != 0 || !strings.Contains(out, "ready") || !strings.Contains(out, "jingwei user add LOGIN --name NAME --role security_admin") {
		t.Errorf("serve for others without demo accounts: exit %d, %s%s", code, out, errOut)
	}
	// Areas that are not the demo county's get no demo accounts, and neither does a server for others.
	for _, args := range [][]string{{"--demo", "--listen", "127.0.0.1:0"}, {"--demo", "--listen", "0.0.0.0:0"}} {
		if code, out, errOut := serving(t, url, args...); code != 0 || strings.Contains(out, "demo-") {
			t.Errorf("serve %v: exit %d, %s%s", args, code, out, errOut)
		}
	}
	if _, err := s.db.Exec(t.Context(), `UPDATE edition SET schematic = true`); err != nil {
		t.Fatal(err)
	}
	if code, out, errOut := serving(t, url, "--demo", "--listen", "0.0.0.0:0"); code != 0 || strings.Contains(out, "demo-") {
		t.Errorf("serve --demo for others: exit %d, %s%s", code, out, errOut)
	}
	if code, out, errOut := serving(t, url, "--demo", "--listen", "127.0.0.1:0"); code != 0 || !strings.Contains(out, "demo-auditor") {
		t.Errorf("serve --demo here: exit %d, %s%s", code, out, errOut)
	}
}

func TestSignOnFlags(t *testing.T) {
	listener := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}
	for _, test := range []struct {
		flags  signOnFlags
		secret string
		says   string
	}{
		{signOnFlags{}, "", ""},
		{signOnFlags{OIDCClientID: "jingwei"}, "x", "--oidc-issuer"},
		{signOnFlags{OIDCIssuer: "id.example.org", OIDCClientID: "jingwei"}, "x", "is a URL"},
		{signOnFlags{OIDCIssuer: "http://id.example.org", OIDCClientID: "jingwei"}, "x", "must be https"},
		{signOnFlags{OIDCIssuer: "https://id.example.org"}, "x", "--oidc-client-id"},
		{signOnFlags{OIDCIssuer: "https://id.example.org", OIDCClientID: "jingwei"}, "", "--oidc-client-secret-file"},
		{signOnFlags{OIDCIssuer: "https://id.example.org", OIDCClientID: "jingwei", OIDCClientSecretFile: "/nowhere"}, "", "/nowhere"},
		{signOnFlags{OIDCIssuer: "http://localhost:9", OIDCClientID: "jingwei"}, "x", ""},
		{signOnFlags{OIDCIssuer: "https://id.example.org", OIDCClientID: "jingwei"}, "x", ""},
	} {
		t.Setenv(secretVariable, test.secret)
		o, ok, err := test.flags.signOn(nil, listener)
		switch {
		case test.says != "":
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%+v: %v", test.flags, err)
			}
		case err != nil || ok != (test.flags.OIDCIssuer != ""):
			t.Errorf("%+v: %v, %v", test.flags, ok, err)
		case ok && (o.Callback != "http://127.0.0.1:8080"+account.CallbackPath || o.ClientSecret != "x"):
			t.Errorf("%+v: %+v", test.flags, o)
		}
	}
}

func TestFirstAccountOfAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	if code, out, errOut := serving(t, url, "--listen", "127.0.0.1:0"); code != 0 || !strings.Contains(out, firstAccountHint) {
		t.Errorf("serve: exit %d, %s%s", code, out, errOut)
	}
	if code, out, errOut := jingwei(t, nil, "user", "add", "boss", "--name", "安", "--role", "security_admin", "--database-url", url); code != 0 {
		t.Errorf("add: exit %d, %s%s", code, out, errOut)
	}
	if code, out, errOut := serving(t, url, "--listen", "127.0.0.1:0"); code != 0 || strings.Contains(out, "jingwei user add") {
		t.Errorf("serve: exit %d, %s%s", code, out, errOut)
	}
}
