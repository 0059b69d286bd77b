package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/account"
)

// administrationRows are accounts and the audit log. Nobody has a right to them but the administrators, whose outcomes are given: system
// security auditor.
func (m *matrix) administrationRows() []row {
	only := func(administrators string) string {
		return "401 403 403 403 | 403 403 403 403 403 | 403 403 403 403 403 | " + administrators + " | 403 403"
	}
	// on asks about an account that is there for this question only.
	on := func(grant *account.NewGrant, ask func(c *caller, a *account.Account, path string) answer) func(*caller) string {
		return func(c *caller) string {
			a := m.fresh(grant)
			return strconv.Itoa(ask(c, a, "/api/v1/accounts/"+a.ID.String()).status)
		}
	}
	person := "/api/v1/accounts/" + m.person.ID.String()
	tomorrow := time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339)
	token := fmt.Sprintf(`{"name":"t","scopes":["snap.batch"],"expires_at":%q}`, tomorrow)
	unknown := "/api/v1/accounts/" + uuid.NewString()
	return []row{
		{"GET /api/v1/accounts", "", status("GET", "/api/v1/accounts", ""), only("403 200 403")},
		{"POST /api/v1/accounts", "", func(c *caller) string {
			m.made++
			return strconv.Itoa(c.do(http.MethodPost, "/api/v1/accounts", fmt.Sprintf(`{"login":"new-%d","name":"新","kind":"machine"}`, m.made)).status)
		}, only("403 201 403")},
		{"GET /api/v1/accounts/{id}", "", status("GET", person, ""), only("403 200 403")},
		{"GET /api/v1/accounts/{id}", "unknown", status("GET", unknown, ""), only("403 404 403")},
		{"PATCH /api/v1/accounts/{id}", "", on(nil, func(c *caller, a *account.Account, path string) answer {
			return c.do(http.MethodPatch, path, `{"name":"改"}`, "If-Match", fmt.Sprintf("%q", strconv.Itoa(a.Version)))
		}), only("403 200 403")},
		{"POST /api/v1/accounts/{id}/grants", "inside", on(nil, func(c *caller, _ *account.Account, path string) answer {
			return c.do(http.MethodPost, path+"/grants", `{"role":"viewer","area":"`+insideTown+`"}`)
		}), only("403 201 403")},
		{"POST /api/v1/accounts/{id}/grants", "outside", on(nil, func(c *caller, _ *account.Account, path string) answer {
			return c.do(http.MethodPost, path+"/grants", `{"role":"viewer","area":"`+outsideTown+`"}`)
		}), only("403 201 403")},
		{"POST /api/v1/accounts/{id}/grants", "to oneself", func(c *caller) string {
			return strconv.Itoa(c.do(http.MethodPost, "/api/v1/accounts/"+c.account.String()+"/grants", `{"role":"dispatcher"}`).status)
		}, only("403 403 403")},
		{"DELETE /api/v1/accounts/{id}/grants/{grant}", "", on(&account.NewGrant{Role: access.Viewer}, func(c *caller, a *account.Account, path string) answer {
			return c.do(http.MethodDelete, path+"/grants/"+a.Grants[0].ID.String(), "")
		}), only("403 204 403")},
		{"POST /api/v1/accounts/{id}/password", "", status("POST", person+"/password", ""), only("403 200 403")},
		{"POST /api/v1/accounts/{id}/second-factor/remove", "", status("POST", person+"/second-factor/remove", ""), only("403 204 403")},
		{"GET /api/v1/accounts/{id}/sessions", "", status("GET", person+"/sessions", ""), only("403 200 403")},
		{"DELETE /api/v1/accounts/{id}/sessions", "", status("DELETE", person+"/sessions", ""), only("403 204 403")},
		{"POST /api/v1/accounts/{id}/unlock", "", status("POST", person+"/unlock", ""), only("403 204 403")},
		{"GET /api/v1/accounts/{id}/tokens", "", status("GET", person+"/tokens", ""), only("403 200 403")},
		{"POST /api/v1/accounts/{id}/tokens", "", on(nil, func(c *caller, _ *account.Account, path string) answer {
			return c.do(http.MethodPost, path+"/tokens", token)
		}), only("403 201 403")},
		{"DELETE /api/v1/accounts/{id}/tokens/{token}", "", on(nil, func(c *caller, a *account.Account, path string) answer {
			t, _, err := m.app.accounts.CreateToken(accesstest.Operator(m.t), a.ID, account.NewToken{
				Name: "t", Scopes: []access.Action{access.SnapBatch}, ExpiresAt: time.Now().Add(time.Hour),
			})
			if err != nil {
				m.t.Fatal(err)
			}
			return c.do(http.MethodDelete, path+"/tokens/"+t.ID.String(), "")
		}), only("403 204 403")},
		{"GET /api/v1/audit", "", status("GET", "/api/v1/audit?limit=1", ""), only("403 403 200")},
		{"GET /api/v1/audit", "about outside", status("GET", "/api/v1/audit?limit=1&area="+outsideTown, ""), only("403 403 200")},
		{"GET /api/v1/audit.csv", "", status("GET", "/api/v1/audit.csv?action=edition.publish", ""), only("403 403 200")},
		{"GET /api/v1/audit/chain", "", status("GET", "/api/v1/audit/chain", ""), only("403 403 200")},
	}
}

// ownRows are about whoever asks: every person may do them to themselves, and a token to nobody. The last one logs all out.
func (m *matrix) ownRows() []row {
	own := func(outcome string) string {
		o := outcome + " "
		return "401 " + o + o + o + "|" + o + o + o + o + o + "|" + o + o + o + o + o + "|" + o + o + o + "| 403 403"
	}
	session := func(of func(*caller) uuid.UUID) func(*caller) string {
		return func(c *caller) string {
			id := uuid.New()
			m.exec(`INSERT INTO account_session (id, account, created_at, seen_at, ends_at, address, agent) VALUES ($1, $2, now(), now(), now() + interval '1 hour', '', '')`,
				id, of(c))
			return strconv.Itoa(c.do(http.MethodDelete, "/api/v1/account/sessions/"+id.String(), "").status)
		}
	}
	withPassword := func(method, path, body string) func(*caller) string {
		return func(c *caller) string { return strconv.Itoa(c.do(method, path, fmt.Sprintf(body, c.password)).status) }
	}
	return []row{
		{"GET /api/v1/session", "", status("GET", "/api/v1/session", ""), everybody},
		{"PUT /api/v1/account/password", "too weak a new one", withPassword("PUT", "/api/v1/account/password", `{"current":%q,"new":"short"}`), own("422")},
		{"PUT /api/v1/account/second-factor", "none was offered", status("PUT", "/api/v1/account/second-factor", `{"code":"000000"}`), own("409")},
		{"POST /api/v1/account/second-factor", "", withPassword("POST", "/api/v1/account/second-factor", `{"password":%q}`), own("200")},
		{"POST /api/v1/account/second-factor/remove", "there is none", withPassword("POST", "/api/v1/account/second-factor/remove", `{"password":%q,"code":"000000"}`), own("409")},
		{"GET /api/v1/account/sessions", "", status("GET", "/api/v1/account/sessions", ""), own("200")},
		{"DELETE /api/v1/account/sessions/{id}", "own", session(func(c *caller) uuid.UUID {
			if c.account == uuid.Nil {
				return m.person.ID // nobody and machines have none
			}
			return c.account
		}), own("204")},
		{"DELETE /api/v1/account/sessions/{id}", "another's", session(func(*caller) uuid.UUID { return m.person.ID }), own("404")},
		{"DELETE /api/v1/account/sessions", "", status("DELETE", "/api/v1/account/sessions", ""), own("204")},
		{"POST /api/v1/session", "wrong password", func(c *caller) string {
			return strconv.Itoa(c.do(http.MethodPost, "/api/v1/session", `{"login":"no-`+uuid.NewString()+`","password":"wrong"}`).status)
		}, "401 401 401 401 | 401 401 401 401 401 | 401 401 401 401 401 | 401 401 401 | 401 401"},
		{
			"GET /api/v1/session/oidc", "no provider", status("GET", "/api/v1/session/oidc?return="+url.QueryEscape("/wall"), ""),
			"404 404 404 404 | 404 404 404 404 404 | 404 404 404 404 404 | 404 404 404 | 404 404",
		},
		{
			"GET /api/v1/session/oidc/callback", "no provider", status("GET", "/api/v1/session/oidc/callback?state=x&code=y", ""),
			"404 404 404 404 | 404 404 404 404 404 | 404 404 404 404 404 | 404 404 404 | 404 404",
		},
		{"DELETE /api/v1/session", "", status("DELETE", "/api/v1/session", ""), "204 204 204 204 | 204 204 204 204 204 | 204 204 204 204 204 | 204 204 204 | 204 204"},
		{"GET /api/v1/incidents", "logged out", status("GET", "/api/v1/incidents", ""), "401 401 401 401 | 401 401 401 401 401 | 401 401 401 401 401 | 401 401 401 | 403 200"},
	}
}
