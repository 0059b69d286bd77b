package account_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/server/access"
	"jingwei/server/account"
	"jingwei/server/db"
)

// What ends in a year that cannot be read back is refused, and so nobody is locked out by it: neither the person nor those who list accounts.
func TestRolesAndTokensEndInYearsThatCanBeRead(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	admin, _ := h.administrator("admin", access.SecurityAdmin)
	id := h.person("zhang", goodPassword)
	machine := uuid.Must(uuid.NewV7())
	h.exec(`INSERT INTO account (id, login, name, kind, created_at) VALUES ($1, 'hotline', 'x', 'machine', now())`, machine)
	const life = 3660 * 24 * time.Hour
	year10000 := "9999-12-31T23:59:59-12:00"
	for _, end := range []any{year10000, "9999-12-31T23:59:59Z", h.clock.now().Add(life + time.Second)} {
		if a := admin.ask("POST", path(id, "/grants"), map[string]any{"role": "viewer", "expires_at": end}).is(t, 422, "invalid"); a.at() != "body.expires_at" {
			t.Errorf("%v is wrong at %q", end, a.at())
		}
		token := map[string]any{"name": "x", "scopes": []string{"incident.read"}, "expires_at": end}
		if a := admin.ask("POST", path(machine, "/tokens"), token).is(t, 422, "invalid"); a.at() != "body.expires_at" {
			t.Errorf("a token until %v is wrong at %q", end, a.at())
		}
	}
	admin.ask("GET", "/api/v1/accounts", nil).is(t, http.StatusOK, "")
	h.entered("zhang", goodPassword)
	admin.ask("POST", path(id, "/grants"), map[string]any{"role": "viewer", "expires_at": h.clock.now().Add(life)}).is(t, http.StatusCreated, "")
	admin.ask("GET", "/api/v1/accounts", nil).is(t, http.StatusOK, "")

	// Neither does the database take it, from whoever writes.
	for sql, constraint := range map[string]string{
		`INSERT INTO account_grant (id, account, role, expires_at, granted_by, granted_at) VALUES (gen_random_uuid(), $1, 'worker', $2::text::timestamptz, 'test', now())`: "account_grant_expires_at_check",
		`INSERT INTO api_token (id, account, name, hash, hint, scopes, created_by, created_at, expires_at)
			VALUES (gen_random_uuid(), $1, 'x', 'x', 'x', '{}', 'test', now(), $2::text::timestamptz)`: "api_token_expires_at_check",
	} {
		for _, end := range []string{year10000, "infinity"} {
			if _, err := h.pool.Exec(t.Context(), sql, id, end); db.Constraint(err) != constraint {
				t.Errorf("until %s: %v", end, err)
			}
		}
	}
}
