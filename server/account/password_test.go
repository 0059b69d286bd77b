package account_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"jingwei/server/access"
	"jingwei/server/account"
)

func change(b *browser, current, password string) answer {
	b.t.Helper()
	return b.ask(http.MethodPut, "/api/v1/account/password", map[string]string{"current": current, "new": password})
}

func TestWeakPasswords(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	h.person("zhangwei", goodPassword)
	b := h.entered("zhangwei", goodPassword)
	for password, rules := range map[string][]string{
		"":                        {"needs 12", "lower case", "easy to guess"},
		"x9$Kq2!mV":               {"needs 12"},
		"x9kq2mvb7zpw4t":          {"lower case"},
		"x9$Zhangwei!q2Kv":        {"contains the login"},
		"Password1234!":           {"easy to guess"},
		"P@ssw0rd1234":            {"easy to guess"},
		"qwertyuiop123456":        {"lower case", "easy to guess"},
		"Jingwei2026!x":           {"easy to guess"},
		strings.Repeat("a", 24):   {"easy to guess"},
		strings.Repeat("x9$", 43): {"may have 128"},
		"zhangwei":                {"needs 12", "lower case", "contains the login", "easy to guess"},
	} {
		a := change(b, goodPassword, password).is(t, http.StatusUnprocessableEntity, "weak_password")
		for _, rule := range rules {
			if !strings.Contains(a.body, rule) {
				t.Errorf("%q: %s does not say %q", password, a.body, rule)
			}
		}
		if places := strings.Count(a.body, `"body.new"`); places != len(rules) {
			t.Errorf("%q: %d rules are named, want %d: %s", password, places, len(rules), a.body)
		}
		if len(password) > 8 && strings.Contains(a.body, password) {
			t.Errorf("the answer repeats the password: %s", a.body)
		}
	}
	for _, password := range []string{"x9$Kq2!mVb7z", "correct horse battery staple", "我的家在东北松花江上那里有森林煤矿还有大豆高粱"} {
		if a := change(b, goodPassword, password); a.status != http.StatusNoContent {
			t.Errorf("%q is refused: %s", password, a.body)
		}
		h.exec(`UPDATE account SET former_passwords = '{}', password = $1`, must(argon2id.CreateHash(goodPassword, &cheap)))
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// The last five passwords are refused, the one before them is not.
func TestPasswordsAreNotUsedAgain(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	h.person("zhang", goodPassword)
	b := h.entered("zhang", goodPassword)
	current := goodPassword
	earlier := []string{goodPassword}
	for _, word := range []string{"Amber", "Birch", "Cedar", "Delta", "Ember"} {
		next := word + "-Kettle-94-river"
		change(b, current, next).is(t, http.StatusNoContent, "")
		current = next
		earlier = append(earlier, next)
	}
	for _, password := range earlier[1:] {
		change(b, current, password).is(t, http.StatusUnprocessableEntity, "weak_password")
	}
	change(b, current, earlier[0]).is(t, http.StatusNoContent, "")
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	h.person("zhang", goodPassword)
	here, there := h.entered("zhang", goodPassword), h.entered("zhang", goodPassword)
	old := &browser{h, here.cookie}
	const next = "Amber-Kettle-94-river"

	change(&browser{house: h}, goodPassword, next).is(t, http.StatusUnauthorized, "login_required")
	change(here, "wrong", next).is(t, http.StatusUnauthorized, "wrong_credentials")
	change(here, goodPassword, next).is(t, http.StatusNoContent, "")
	if here.whoami() != "zhang" || here.cookie == old.cookie {
		t.Error("this session did not go on with another secret")
	}
	if old.whoami() != "" || there.whoami() != "" {
		t.Error("the old secret or another session is still good")
	}
	(&browser{house: h}).logIn("zhang", goodPassword, "").is(t, http.StatusUnauthorized, "wrong_credentials")
	(&browser{house: h}).logIn("zhang", next, "").is(t, http.StatusOK, "")
	if log := h.entries("password.%"); len(log) != 2 || log[0] != "password.change:refused:wrong password" || log[1] != "password.change:done:" {
		t.Errorf("audit: %q", log)
	}

	// Whoever has stolen a session cannot guess the password with it either.
	for range 5 {
		change(here, "wrong", next).is(t, http.StatusUnauthorized, "wrong_credentials")
	}
	a := change(here, next, "Birch-Kettle-94-river").is(t, http.StatusTooManyRequests, "too_many_requests")
	if a.header.Get("Retry-After") != "60" {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
}

// With a password that expired or that somebody else has set, nothing goes but changing it.
func TestPasswordThatMustBeChanged(t *testing.T) {
	t.Parallel()
	for name, must := range map[string]string{"expired": `UPDATE account SET password_changed_at = '2025-11-01'`, "set by somebody else": `UPDATE account SET must_change = true`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, account.Rules{PasswordMaxAge: 90 * 24 * time.Hour})
			h.person("zhang", goodPassword, access.Viewer)
			b := h.entered("zhang", goodPassword)
			if s := b.ask(http.MethodGet, "/api/v1/session", nil).state(t); s.Account.Must != "" || s.Account.PasswordExpiresAt == nil {
				t.Errorf("a fresh password: %+v", s.Account)
			}
			h.exec(must)
			s := b.ask(http.MethodGet, "/api/v1/session", nil).state(t)
			if s.Account == nil || s.Account.Must != "change_password" || len(s.Areas.Codes) > 0 {
				t.Errorf("state: %+v", s)
			}
			b.ask(http.MethodGet, "/api/v1/secret", nil).is(t, http.StatusForbidden, "password_expired")
			b.ask(http.MethodGet, "/api/v1/accounts", nil).is(t, http.StatusForbidden, "password_expired")
			change(b, goodPassword, "Amber-Kettle-94-river").is(t, http.StatusNoContent, "")
			b.ask(http.MethodGet, "/api/v1/secret", nil).is(t, http.StatusNoContent, "")
		})
	}
}

// A hash that was made by earlier rules is made again when its password is known.
func TestRehash(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{HashMemoryKiB: 128})
	h.person("zhang", goodPassword)
	h.entered("zhang", goodPassword)
	if hash := one[string](h, `SELECT password FROM account`); !strings.Contains(hash, "m=128,") {
		t.Errorf("the hash is still %s", hash)
	}
	h.entered("zhang", goodPassword)
}

func TestInitialPasswordPasses(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{PasswordMinLength: 16})
	ctx := access.With(context.Background(), access.Operator("root"))
	_, password, err := h.s.Create(ctx, account.NewAccount{Login: "li", Name: "李", Kind: account.Person})
	if err != nil {
		t.Fatal(err)
	}
	b := h.entered("li", password)
	change(b, password, goodPassword).is(t, http.StatusNoContent, "")
	change(b, goodPassword, "x9$Kq2!mVb7z").is(t, http.StatusUnprocessableEntity, "weak_password")
}
