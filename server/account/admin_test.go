package account_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/server/access"
	"jingwei/server/account"
	"jingwei/server/area/areatest"
	"jingwei/server/web"
)

// administrator makes an account with a role on the whole installation, and a browser that is logged in with it.
func (h *house) administrator(login string, role access.Role) (*browser, uuid.UUID) {
	h.t.Helper()
	id := h.person(login, goodPassword)
	h.exec(`INSERT INTO account_grant (id, account, role, granted_by, granted_at) VALUES ($1, $2, $3, 'test', $4)`, uuid.Must(uuid.NewV7()), id, role, h.clock.now())
	return h.entered(login, goodPassword), id
}

type resource struct {
	ID           uuid.UUID
	Login, Name  string
	Kind         string
	Disabled     bool
	Demo         bool
	Version      int
	SecondFactor bool       `json:"second_factor"`
	SingleSignOn bool       `json:"single_sign_on"`
	LockedUntil  *time.Time `json:"locked_until"`
	LastLoginAt  *time.Time `json:"last_login_at"`
	Roles        []grant
}

type grant struct {
	ID                uuid.UUID
	Role, Area, Level string
	AreaName          string     `json:"area_name"`
	GrantedBy         string     `json:"granted_by"`
	ExpiresAt         *time.Time `json:"expires_at"`
}

// as reads an answer that must have a status.
func as[T any](t testing.TB, a answer, status int) (value T) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.is(t, status, "").body), &value); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return value
}

// at is the place that a problem names first.
func (a answer) at() string {
	var p struct {
		Errors []struct {
			Location string `json:"location"`
		} `json:"errors"`
	}
	if json.Unmarshal([]byte(a.body), &p) != nil || len(p.Errors) == 0 {
		return ""
	}
	return p.Errors[0].Location
}

func path(id uuid.UUID, rest string) string { return "/api/v1/accounts/" + id.String() + rest }

func TestAdministrationIsForSecurityAdministrators(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	_, id := h.administrator("admin", access.SecurityAdmin)
	other := uuid.Must(uuid.NewV7())
	asked := []struct {
		method, path string
		body         any
	}{
		{"GET", "/api/v1/accounts", nil},
		{"POST", "/api/v1/accounts", map[string]string{"login": "new.one", "name": "新"}},
		{"GET", path(id, ""), nil},
		{"PATCH", path(id, ""), map[string]bool{"disabled": true}},
		{"POST", path(id, "/password"), nil},
		{"POST", path(id, "/second-factor/remove"), nil},
		{"POST", path(id, "/unlock"), nil},
		{"GET", path(id, "/sessions"), nil},
		{"DELETE", path(id, "/sessions"), nil},
		{"POST", path(id, "/grants"), map[string]string{"role": "viewer"}},
		{"DELETE", path(id, "/grants/"+other.String()), nil},
		{"GET", path(id, "/tokens"), nil},
		{"POST", path(id, "/tokens"), map[string]any{"name": "x", "scopes": []string{"incident.read"}, "expires_at": h.clock.now().Add(time.Hour)}},
		{"DELETE", path(id, "/tokens/"+other.String()), nil},
	}
	before := one[string](h, `SELECT json_agg(a)::text FROM account a`)
	public := &browser{house: h}
	for _, role := range []access.Role{access.SystemAdmin, access.Auditor, access.Dispatcher} {
		b, _ := h.administrator("a."+strings.ReplaceAll(string(role), "_", "-"), role)
		before = one[string](h, `SELECT json_agg(a)::text FROM account a`)
		for _, q := range asked {
			public.ask(q.method, q.path, q.body, "If-Match", `"1"`).is(t, http.StatusUnauthorized, "login_required")
			b.ask(q.method, q.path, q.body, "If-Match", `"1"`).is(t, http.StatusForbidden, "forbidden")
		}
	}
	if after := one[string](h, `SELECT json_agg(a)::text FROM account a`); after != before {
		t.Errorf("accounts were changed:\n%s\n%s", before, after)
	}
	if n := one[int](h, `SELECT count(*) FROM account_session WHERE account = $1`, id); n != 1 {
		t.Errorf("the administrator has %d sessions", n)
	}
	roles := as[struct {
		Items []struct {
			Role          string
			Actions       []string
			Administrator bool
		}
	}](t, public.ask("GET", "/api/v1/roles", nil), http.StatusOK).Items
	if len(roles) != len(access.Roles) || !roles[6].Administrator || !slices.Contains(roles[6].Actions, "account.manage") || slices.Contains(roles[7].Actions, "incident.read") {
		t.Errorf("roles: %+v", roles)
	}
}

func TestNewAccount(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	admin, _ := h.administrator("admin", access.SecurityAdmin)
	type created struct {
		Account  resource
		Password *string
	}
	a := admin.ask("POST", "/api/v1/accounts", map[string]string{"login": " Zhang.San ", "name": " 张三 "})
	c := as[created](t, a, http.StatusCreated)
	if c.Account.Login != "zhang.san" || c.Account.Name != "张三" || c.Account.Kind != "person" || len(c.Account.Roles) != 0 || c.Account.Roles == nil || c.Account.Version != 1 {
		t.Errorf("created: %s", a.body)
	}
	if a.header.Get("Location") != path(c.Account.ID, "") || a.header.Get("ETag") != `"1"` {
		t.Errorf("headers: %v", a.header)
	}
	if c.Password == nil || len(*c.Password) < 16 || strings.ContainsAny(*c.Password, "0O1lI ") {
		t.Fatalf("password: %v", c.Password)
	}
	b := h.entered("zhang.san", *c.Password)
	if s := b.ask("GET", "/api/v1/session", nil).state(t); s.Account.Must != "change_password" {
		t.Errorf("the initial password stays: %+v", s.Account)
	}
	b.ask("PUT", "/api/v1/account/password", map[string]string{"current": *c.Password, "new": goodPassword}).is(t, http.StatusNoContent, "")
	if found := as[resource](t, admin.ask("GET", path(c.Account.ID, ""), nil), http.StatusOK); found.LastLoginAt == nil {
		t.Errorf("found: %+v", found)
	}
	if n := one[int](h, `SELECT count(*) FROM audit WHERE after::text LIKE '%' || $1 || '%' OR before::text LIKE '%' || $1 || '%'`, *c.Password); n != 0 {
		t.Error("the password is in the audit log")
	}

	machine := as[created](t, admin.ask("POST", "/api/v1/accounts", map[string]string{"login": "hotline", "name": "12345", "kind": "machine"}), http.StatusCreated)
	if machine.Password != nil || machine.Account.SingleSignOn {
		t.Errorf("machine: %+v", machine)
	}
	vouched := as[created](t, admin.ask("POST", "/api/v1/accounts", map[string]any{"login": "li", "name": "李", "single_sign_on": true}), http.StatusCreated)
	if vouched.Password != nil || !vouched.Account.SingleSignOn {
		t.Errorf("by single sign-on: %+v", vouched)
	}

	for _, test := range []struct {
		body   map[string]any
		status int
		code   string
		at     string
	}{
		{map[string]any{"login": "ZHANG.SAN", "name": "x"}, 409, "conflict", "body.login"},
		{map[string]any{"login": ".zhang", "name": "x"}, 422, "invalid", "body.login"},
		{map[string]any{"login": "张三", "name": "x"}, 422, "invalid", "body.login"},
		{map[string]any{"login": "a b", "name": "x"}, 422, "invalid", "body.login"},
		{map[string]any{"login": "wang", "name": "  "}, 422, "invalid", "body.name"},
		{map[string]any{"login": "wang", "name": "a\u202eb"}, 422, "invalid", "body.name"},
		{map[string]any{"login": "wang", "name": "a\nb"}, 422, "invalid", "body.name"},
		{map[string]any{"login": "wang", "name": strings.Repeat("王", 101)}, 422, "invalid", "body.name"},
		{map[string]any{"login": "wang", "name": "x", "kind": "robot"}, 422, "invalid", "body.kind"},
		{map[string]any{"login": "wang", "name": "x", "kind": "machine", "single_sign_on": true}, 422, "invalid", "body.single_sign_on"},
		{map[string]any{"login": "wang", "name": "x", "demo": true}, 422, "invalid", "body.demo"},
	} {
		if a := admin.ask("POST", "/api/v1/accounts", test.body).is(t, test.status, test.code); a.at() != test.at {
			t.Errorf("%v is wrong at %q", test.body, a.at())
		}
	}
	if n := one[int](h, `SELECT count(*) FROM audit WHERE audit::text LIKE '%张三%'`); n != 0 {
		t.Error("a person's name is in the audit log")
	}
	if log := h.entries("account.create"); len(log) != 4 || !strings.HasPrefix(log[3], "account.create:refused:the login zhang.san is taken") {
		t.Errorf("audit: %q", log)
	}
}

func TestListOfAccounts(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	admin, _ := h.administrator("admin", access.SecurityAdmin)
	for i := range 7 {
		h.person(fmt.Sprintf("user%d", i), goodPassword, access.Viewer)
	}
	h.exec(`UPDATE account SET name = 'Percent 100%_' WHERE login = 'user3'`)
	h.exec(`UPDATE account_grant SET expires_at = $1 WHERE account = (SELECT id FROM account WHERE login = 'user4')`, h.clock.now())
	h.exec(`UPDATE account SET disabled_at = $1 WHERE login IN ('user1', 'user2')`, h.clock.now())
	for login, until := range map[string]time.Time{"user2": h.clock.now().Add(time.Minute), "user5": h.clock.now().Add(time.Minute), "user6": h.clock.now()} {
		h.exec(`INSERT INTO login_try (login, tries, tried_at, locked_until) VALUES (sha256(convert_to($1::text, 'UTF8')), 5, $2, $3)`, login, h.clock.now(), until)
	}
	type page struct {
		Items []resource
		Next  *string
	}
	logins := func(query string) (logins []string) {
		t.Helper()
		cursor := ""
		for {
			p := as[page](t, admin.ask("GET", "/api/v1/accounts?"+query+cursor, nil), http.StatusOK)
			for _, a := range p.Items {
				logins = append(logins, a.Login)
			}
			if p.Next == nil {
				return logins
			}
			cursor = "&cursor=" + *p.Next
		}
	}
	for query, want := range map[string]string{
		"limit=3":                  "admin user0 user1 user2 user3 user4 user5 user6",
		"limit=8":                  "admin user0 user1 user2 user3 user4 user5 user6",
		"q=USER3":                  "user3",
		"q=percent":                "user3",
		"q=%25_":                   "user3",
		"q=nobody":                 "",
		"role=viewer":              "user0 user1 user2 user3 user5 user6",
		"role=auditor":             "",
		"q=r6&limit=1":             "user6",
		"q=%E6%9F%90":              "admin user0 user1 user2 user4 user5 user6",
		"role=security_admin&q=ad": "admin",
		"state=disabled":           "user1 user2",
		"state=locked":             "user5",
		"state=active&limit=2":     "admin user0 user3 user4 user6",
		"state=active&role=viewer": "user0 user3 user6",
	} {
		if got := strings.Join(logins(query), " "); got != want {
			t.Errorf("%s: %s", query, got)
		}
	}
	for query, code := range map[string]string{
		"cursor=%25": "invalid_cursor", "cursor=IA": "invalid_cursor", "role=king": "invalid", "state=asleep": "invalid", "limit=0": "invalid", "limit=201": "invalid", "q=" + strings.Repeat("a", 101): "invalid",
	} {
		admin.ask("GET", "/api/v1/accounts?"+query, nil).is(t, http.StatusUnprocessableEntity, code)
	}
}

func TestChangeOfAnAccount(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	admin, self := h.administrator("admin", access.SecurityAdmin)
	id := h.person("zhang", goodPassword, access.Viewer)
	b := h.entered("zhang", goodPassword)

	admin.ask("PATCH", path(id, ""), map[string]string{"name": "x"}).is(t, http.StatusUnprocessableEntity, "invalid") // without If-Match
	admin.ask("PATCH", path(id, ""), map[string]string{"name": "x"}, "If-Match", "x").is(t, http.StatusUnprocessableEntity, "invalid")
	admin.ask("PATCH", path(id, ""), map[string]string{"name": "x"}, "If-Match", `"7"`).is(t, http.StatusPreconditionFailed, "stale")
	tag := admin.ask("GET", path(id, ""), nil).is(t, http.StatusOK, "").header.Get("ETag")
	a := admin.ask("PATCH", path(id, ""), map[string]string{"name": "新名字"}, "If-Match", tag)
	if r := as[resource](t, a, http.StatusOK); r.Name != "新名字" || a.header.Get("ETag") != strconv.Quote(strconv.Itoa(r.Version)) || a.header.Get("ETag") == tag {
		t.Errorf("renamed: %s %v", a.body, a.header)
	}
	admin.ask("PATCH", path(id, ""), map[string]bool{"disabled": true}, "If-Match", tag).is(t, http.StatusPreconditionFailed, "stale")

	tag = a.header.Get("ETag")
	a = admin.ask("PATCH", path(id, ""), map[string]bool{"disabled": true}, "If-Match", tag)
	if r := as[resource](t, a, http.StatusOK); !r.Disabled {
		t.Errorf("disabled: %s", a.body)
	}
	if who := b.whoami(); who != "" {
		t.Error("who is disabled stays logged in")
	}
	b.logIn("zhang", goodPassword, "").is(t, http.StatusUnauthorized, "wrong_credentials")
	admin.ask("PATCH", path(id, ""), map[string]bool{"disabled": false}, "If-Match", a.header.Get("ETag")).is(t, http.StatusOK, "")
	if b.whoami() != "" {
		t.Error("the old session lives again")
	}
	b.logIn("zhang", goodPassword, "").is(t, http.StatusOK, "")

	own := admin.ask("GET", path(self, ""), nil).header.Get("ETag")
	admin.ask("PATCH", path(self, ""), map[string]bool{"disabled": true}, "If-Match", own).is(t, http.StatusForbidden, "forbidden")
	admin.ask("PATCH", path(self, ""), map[string]bool{"disabled": false}, "If-Match", own).is(t, http.StatusForbidden, "forbidden")
	admin.ask("PATCH", path(uuid.Must(uuid.NewV7()), ""), map[string]bool{"disabled": true}, "If-Match", own).is(t, http.StatusNotFound, "not_found")
	if said := one[string](h, `SELECT coalesce(before::text, '') || after::text FROM audit WHERE action = 'account.update' AND outcome = 'done' ORDER BY id LIMIT 1`); said != `{"renamed": true}` {
		t.Errorf("audit: %s", said)
	}
	if log := h.entries("account.update"); len(log) != 5 || strings.Count(strings.Join(log, " "), "account.update:refused:nobody disables") != 2 {
		t.Errorf("audit: %q", log)
	}
}

func TestHelpForALostPassword(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	admin, self := h.administrator("admin", access.SecurityAdmin)
	id := h.person("zhang", goodPassword, access.Viewer)
	b := h.entered("zhang", goodPassword)
	guesser := &browser{house: h}
	for guesser.logIn("zhang", "wrong", "").status != http.StatusTooManyRequests {
	}
	if r := as[resource](t, admin.ask("GET", path(id, ""), nil), http.StatusOK); r.LockedUntil == nil {
		t.Error("the administrator does not see that the login is locked")
	}
	admin.ask("POST", path(id, "/unlock"), nil).is(t, http.StatusNoContent, "")
	guesser.logIn("zhang", goodPassword, "").is(t, http.StatusOK, "")

	sessions := as[struct {
		Items []struct{ Address, Agent string }
	}](t, admin.ask("GET", path(id, "/sessions"), nil), http.StatusOK).Items
	if len(sessions) != 2 || sessions[0].Address != "127.0.0.1" {
		t.Errorf("sessions: %+v", sessions)
	}
	admin.ask("DELETE", path(id, "/sessions"), nil).is(t, http.StatusNoContent, "")
	if b.whoami() != "" || guesser.whoami() != "" {
		t.Error("sessions go on")
	}

	b = h.entered("zhang", goodPassword)
	h.exec(`UPDATE account SET totp = 'x', totp_confirmed_at = $2 WHERE id = $1`, id, h.clock.now())
	password := as[struct{ Password string }](t, admin.ask("POST", path(id, "/password"), nil), http.StatusOK).Password
	if b.whoami() != "" {
		t.Error("the session of the old password goes on")
	}
	b.logIn("zhang", goodPassword, "").is(t, http.StatusUnauthorized, "wrong_credentials")
	b.logIn("zhang", password, "").is(t, http.StatusUnauthorized, "second_factor_required")
	admin.ask("POST", path(id, "/second-factor/remove"), nil).is(t, http.StatusNoContent, "")
	if s := b.logIn("zhang", password, "").state(t); s.Account.Must != "change_password" {
		t.Errorf("after a reset: %+v", s.Account)
	}

	machine := uuid.Must(uuid.NewV7())
	h.exec(`INSERT INTO account (id, login, name, kind, created_at) VALUES ($1, 'hotline', 'x', 'machine', now())`, machine)
	admin.ask("POST", path(machine, "/password"), nil).is(t, http.StatusConflict, "conflict")
	for _, own := range []string{"/password", "/second-factor/remove", "/unlock"} {
		admin.ask("POST", path(self, own), nil).is(t, http.StatusForbidden, "forbidden")
	}
	for _, action := range []string{"account.unlock", "password.reset", "factor.remove"} {
		if log := h.entries(action); !slices.Contains(log, action+":done:") || !strings.Contains(strings.Join(log, " "), action+":refused:") {
			t.Errorf("audit: %q", log)
		}
	}
}

// Two security administrators who take the role from each other at the same moment leave one.
func TestLastSecurityAdministrator(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	first, one1 := h.administrator("first", access.SecurityAdmin)
	second, two := h.administrator("second", access.SecurityAdmin)
	granted := func(b *browser, id uuid.UUID) uuid.UUID {
		return as[resource](t, b.ask("GET", path(id, ""), nil), http.StatusOK).Roles[0].ID
	}
	firsts, seconds := granted(first, one1), granted(first, two)
	var answers [2]answer
	var both sync.WaitGroup
	both.Go(func() { answers[0] = first.ask("DELETE", path(two, "/grants/"+seconds.String()), nil) })
	both.Go(func() { answers[1] = second.ask("DELETE", path(one1, "/grants/"+firsts.String()), nil) })
	both.Wait()
	if n := one[int](h, `SELECT count(*) FROM account_grant WHERE role = 'security_admin'`); n != 1 {
		t.Fatalf("%d security administrators are left: %+v", n, answers)
	}

	left := access.With(t.Context(), access.Operator("root"))
	last, err := h.s.FindLogin(left, "first")
	if err != nil {
		t.Fatal(err)
	}
	if len(last.Grants) == 0 {
		last, _ = h.s.FindLogin(left, "second")
	}
	disabled := true
	for name, try := range map[string]func() error{
		"disable": func() error {
			_, err := h.s.Change(left, last.ID, 0, account.Change{Disabled: &disabled})
			return err
		},
		"revoke": func() error { return h.s.Revoke(left, last.ID, last.Grants[0].ID) },
	} {
		var p *web.Problem
		if err := try(); !errors.As(err, &p) || p.Code != web.Conflict || !strings.Contains(p.Detail, "last security administrator") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A second one whose role has expired, or who is disabled, is none.
	spare := h.person("spare", goodPassword)
	h.exec(`INSERT INTO account_grant (id, account, role, granted_by, granted_at, expires_at) VALUES ($1, $2, 'security_admin', 'test', $3, $3)`, uuid.Must(uuid.NewV7()), spare, h.clock.now())
	if err := h.s.Revoke(left, last.ID, last.Grants[0].ID); err == nil {
		t.Error("an expired role counts")
	}
	h.exec(`UPDATE account_grant SET expires_at = NULL WHERE account = $1`, spare)
	h.exec(`UPDATE account SET disabled_at = now() WHERE id = $1`, spare)
	if err := h.s.Revoke(left, last.ID, last.Grants[0].ID); err == nil {
		t.Error("a disabled one counts")
	}
	h.exec(`UPDATE account SET disabled_at = NULL WHERE id = $1`, spare)
	// Nor is one whose role ends some day, whose password everybody knows, or who has no way to come in.
	for name, half := range map[string][2]string{
		"whose role ends": {`UPDATE account_grant SET expires_at = '2030-01-01 00:00:00Z' WHERE account = $1`, `UPDATE account_grant SET expires_at = NULL WHERE account = $1`},
		"of the demo":     {`UPDATE account SET demo = true WHERE id = $1`, `UPDATE account SET demo = false WHERE id = $1`},
		"who cannot log in": {
			`UPDATE account SET former_passwords = ARRAY[password], password = NULL WHERE id = $1`,
			`UPDATE account SET password = former_passwords[1], former_passwords = '{}' WHERE id = $1`,
		},
	} {
		h.exec(half[0], spare)
		if err := h.s.Revoke(left, last.ID, last.Grants[0].ID); err == nil {
			t.Fatalf("one %s counts", name)
		}
		h.exec(half[1], spare)
	}
	h.exec(`UPDATE account SET password = NULL, issuer = 'https://id.example.org', subject = 's' WHERE id = $1`, spare)
	if err := h.s.Revoke(left, last.ID, last.Grants[0].ID); err != nil {
		t.Errorf("not the last: %v", err)
	}
}

func TestGrants(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	admin, self := h.administrator("admin", access.SecurityAdmin)
	id := h.person("zhang", goodPassword)
	b := h.entered("zhang", goodPassword)
	b.ask("GET", "/api/v1/secret", nil).is(t, http.StatusForbidden, "forbidden")

	a := admin.ask("POST", path(id, "/grants"), map[string]string{"role": "handler", "area": areatest.County + "001"})
	town := as[grant](t, a, http.StatusCreated)
	if town.Level != "town" || town.AreaName != "区域320282001" || town.GrantedBy != "admin" || town.ExpiresAt != nil {
		t.Errorf("granted: %s", a.body)
	}
	b.ask("GET", "/api/v1/secret", nil).is(t, http.StatusForbidden, "forbidden") // it asks at the county
	county := as[grant](t, admin.ask("POST", path(id, "/grants"), map[string]any{"role": "viewer", "area": areatest.County, "expires_at": h.clock.now().Add(time.Hour)}), http.StatusCreated)
	b.ask("GET", "/api/v1/secret", nil).is(t, http.StatusNoContent, "")
	admin.ask("DELETE", path(id, "/grants/"+county.ID.String()), nil).is(t, http.StatusNoContent, "")
	b.ask("GET", "/api/v1/secret", nil).is(t, http.StatusForbidden, "forbidden") // at once

	for _, test := range []struct {
		name   string
		to     uuid.UUID
		body   map[string]any
		status int
		code   string
		at     string
	}{
		{"an unknown area", id, map[string]any{"role": "viewer", "area": "999999"}, 422, "invalid", "body.area"},
		{"an unknown role", id, map[string]any{"role": "king"}, 422, "invalid", "body.role"},
		{"the public's role", id, map[string]any{"role": "public"}, 422, "invalid", "body.role"},
		{"an administrator of an area", id, map[string]any{"role": "auditor", "area": areatest.County}, 422, "invalid", "body.area"},
		{"a time that is past", id, map[string]any{"role": "viewer", "expires_at": h.clock.now()}, 422, "invalid", "body.expires_at"},
		{"the same again", id, map[string]any{"role": "handler", "area": areatest.County + "001"}, 409, "conflict", "body.role"},
		{"an administrator beside another role", id, map[string]any{"role": "auditor"}, 409, "conflict", "body.role"},
		{"oneself", self, map[string]any{"role": "auditor"}, 403, "forbidden", ""},
		{"nobody", uuid.Must(uuid.NewV7()), map[string]any{"role": "viewer"}, 404, "not_found", "path.id"},
	} {
		if a := admin.ask("POST", path(test.to, "/grants"), test.body).is(t, test.status, test.code); a.at() != test.at {
			t.Errorf("%s is wrong at %q: %s", test.name, a.at(), a.body)
		}
	}
	admin.ask("DELETE", path(self, "/grants/"+town.ID.String()), nil).is(t, http.StatusNotFound, "not_found") // another's
	admin.ask("DELETE", path(id, "/grants/"+county.ID.String()), nil).is(t, http.StatusNotFound, "not_found") // gone

	// What has expired is in nobody's way: not of the same role, not of an administrator's.
	admin.ask("DELETE", path(id, "/grants/"+town.ID.String()), nil).is(t, http.StatusNoContent, "")
	admin.ask("POST", path(id, "/grants"), map[string]any{"role": "viewer", "expires_at": h.clock.now().Add(time.Minute)}).is(t, http.StatusCreated, "")
	h.clock.pass(2 * time.Minute)
	admin.ask("POST", path(id, "/grants"), map[string]any{"role": "auditor"}).is(t, http.StatusCreated, "")
	if a := admin.ask("POST", path(id, "/grants"), map[string]any{"role": "viewer"}).is(t, 409, "conflict"); !strings.Contains(a.body, "auditor") {
		t.Errorf("the problem does not name the role that is in the way: %s", a.body)
	}

	machine := uuid.Must(uuid.NewV7())
	h.exec(`INSERT INTO account (id, login, name, kind, created_at) VALUES ($1, 'hotline', 'x', 'machine', now())`, machine)
	admin.ask("POST", path(machine, "/grants"), map[string]any{"role": "security_admin"}).is(t, 409, "conflict")

	log := h.entries("grant.%")
	if n := strings.Count(strings.Join(log, "\n"), "grant.create:refused:"); n != 5 || !slices.Contains(log, "grant.delete:done:") {
		t.Errorf("audit: %q", log)
	}
	if areas := one[[]string](h, `SELECT areas FROM audit WHERE action = 'grant.create' ORDER BY id LIMIT 1`); !slices.Equal(areas, []string{areatest.County, areatest.County + "001"}) {
		t.Errorf("areas of the entry: %v", areas)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	admin, self := h.administrator("admin", access.SecurityAdmin)
	machine := uuid.Must(uuid.NewV7())
	h.exec(`INSERT INTO account (id, login, name, kind, created_at) VALUES ($1, 'hotline', 'x', 'machine', now())`, machine)
	type token struct {
		ID                uuid.UUID
		Token, Hint, Name string
		Scopes            []string
		CreatedBy         string     `json:"created_by"`
		UsedAt            *time.Time `json:"used_at"`
		UsedFrom          *string    `json:"used_from"`
		RevokedAt         *time.Time `json:"revoked_at"`
	}
	in := func(d time.Duration) time.Time { return h.clock.now().Add(d) }
	made := func(scopes ...string) token {
		t.Helper()
		return as[token](t, admin.ask("POST", path(machine, "/tokens"), map[string]any{"name": "intake", "scopes": scopes, "expires_at": in(24 * time.Hour)}), http.StatusCreated)
	}
	reader, reporter := made("incident.read", "incident.read"), made("incident.intake")
	if !strings.HasPrefix(reader.Token, "jw_") || len(reader.Token) != 3+43 || !strings.HasPrefix(reader.Token, reader.Hint) || len(reader.Scopes) != 1 || reader.CreatedBy != "admin" {
		t.Errorf("token: %+v", reader)
	}
	if n := one[int](h, `SELECT count(*) FROM api_token WHERE hash::text LIKE '%' || $1 || '%' OR length(hash) <> 32`, reader.Token[3:]); n != 0 {
		t.Error("the token itself is in the database")
	}
	use := func(text string) answer {
		return (&browser{house: h}).ask("GET", "/api/v1/secret", nil, "Authorization", "Bearer "+text)
	}
	use(reader.Token).is(t, http.StatusForbidden, "forbidden") // the scope without the role
	admin.ask("POST", path(machine, "/grants"), map[string]string{"role": "dispatcher", "area": areatest.County}).is(t, http.StatusCreated, "")
	use(reader.Token).is(t, http.StatusNoContent, "")
	use(reporter.Token).is(t, http.StatusForbidden, "forbidden") // the role without the scope

	listed := func() (tokens []token) {
		return as[struct{ Items []token }](t, admin.ask("GET", path(machine, "/tokens"), nil), http.StatusOK).Items
	}
	seen := listed()
	if len(seen) != 2 || seen[0].ID != reporter.ID || seen[1].Token != "" || seen[1].UsedAt == nil || *seen[1].UsedFrom != "127.0.0.1" {
		t.Errorf("listed: %+v", seen)
	}
	h.clock.pass(59 * time.Second)
	use(reader.Token)
	if again := listed(); !again[1].UsedAt.Equal(*seen[1].UsedAt) {
		t.Error("the use of a token is written down more than once a minute")
	}
	h.clock.pass(time.Second)
	use(reader.Token)
	if again := listed(); again[1].UsedAt.Equal(*seen[1].UsedAt) {
		t.Error("the use of a token is not written down after a minute")
	}

	// A token that lets nobody in always gets the same answer.
	unknown := use("jw_"+strings.Repeat("A", 43)).is(t, http.StatusUnauthorized, "invalid_token")
	for _, text := range []string{"", "jw_", "x", reader.Token[3:], reader.Token + "A", reader.Token[:45] + "!", strings.ToUpper(reader.Token), reader.Token[:45]} {
		if a := use(text).is(t, http.StatusUnauthorized, "invalid_token"); a.body != unknown.body {
			t.Errorf("%q is answered with %s", text, a.body)
		}
	}
	spent := made("incident.read")
	admin.ask("DELETE", path(machine, "/tokens/"+spent.ID.String()), nil).is(t, http.StatusNoContent, "")
	if a := use(spent.Token).is(t, http.StatusUnauthorized, "invalid_token"); a.body != unknown.body {
		t.Errorf("a revoked token is answered with %s", a.body)
	}
	revoked := listed()[0].RevokedAt
	h.clock.pass(time.Minute)
	admin.ask("DELETE", path(machine, "/tokens/"+spent.ID.String()), nil).is(t, http.StatusNoContent, "")
	if again := listed()[0].RevokedAt; revoked == nil || !again.Equal(*revoked) {
		t.Error("revoking again changes when it was revoked")
	}
	h.exec(`UPDATE account SET disabled_at = now() WHERE id = $1`, machine)
	if a := use(reader.Token).is(t, http.StatusUnauthorized, "invalid_token"); a.body != unknown.body {
		t.Errorf("a disabled account's token is answered with %s", a.body)
	}
	h.exec(`UPDATE account SET disabled_at = NULL WHERE id = $1`, machine)
	use(reader.Token).is(t, http.StatusNoContent, "")
	h.clock.pass(24 * time.Hour)
	if a := use(reader.Token).is(t, http.StatusUnauthorized, "invalid_token"); a.body != unknown.body {
		t.Errorf("an expired token is answered with %s", a.body)
	}

	for _, test := range []struct {
		of   uuid.UUID
		body map[string]any
		code string
		at   string
	}{
		{machine, map[string]any{"name": "x", "scopes": []string{"incident.fly"}, "expires_at": in(time.Hour)}, "invalid", "body.scopes[0]"},
		{machine, map[string]any{"name": "x", "scopes": []string{}, "expires_at": in(time.Hour)}, "invalid", "body.scopes"},
		{machine, map[string]any{"name": "x", "scopes": []string{"incident.read"}}, "invalid", "body"},
		{machine, map[string]any{"name": "x", "scopes": []string{"incident.read"}, "expires_at": in(0)}, "invalid", "body.expires_at"},
		{machine, map[string]any{"name": "x", "scopes": []string{"incident.read"}, "expires_at": in(367 * 24 * time.Hour)}, "invalid", "body.expires_at"},
		{machine, map[string]any{"name": " ", "scopes": []string{"incident.read"}, "expires_at": in(time.Hour)}, "invalid", "body.name"},
		{self, map[string]any{"name": "x", "scopes": []string{"incident.read"}, "expires_at": in(time.Hour)}, "conflict", ""},
	} {
		admin = h.entered("admin", goodPassword) // the day that passed has ended the session
		if a := admin.ask("POST", path(test.of, "/tokens"), test.body); a.code() != test.code || a.at() != test.at {
			t.Errorf("%v: %s", test.body, a.body)
		}
	}
	admin.ask("DELETE", path(self, "/tokens/"+reader.ID.String()), nil).is(t, http.StatusNotFound, "not_found") // another's
	// A token never manages accounts of others beyond its scopes, and has no session to change a password with.
	if actor, err := h.s.ByToken(context.Background(), made("incident.read").Token); err != nil || access.Can(actor, access.AccountManage, nil) || actor.Via != access.ViaToken {
		t.Errorf("actor: %+v, %v", actor, err)
	}
}
