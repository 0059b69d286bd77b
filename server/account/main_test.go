package account_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/access"
	"jingwei/server/account"
	"jingwei/server/area"
	"jingwei/server/area/areatest"
	"jingwei/server/db/dbtest"
	"jingwei/server/seal"
	"jingwei/server/web"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// house is a server with accounts alone, as browsers and machines see it, and one route that needs a right: GET /api/v1/secret asks incident.read
// at areatest's county.
type house struct {
	t     testing.TB
	pool  *pgxpool.Pool
	clock *clock
	s     *account.Service
	url   string

	queries atomic.Int64 // that the service has sent
}

// TraceQueryStart counts a query.
func (h *house) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	h.queries.Add(1)
	return ctx
}

// TraceQueryEnd is asked for by pgx.
func (h *house) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// cheap is an argon2 that costs tests no time.
var cheap = argon2id.Params{Memory: 64, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

const goodPassword = "Blue-Kettle-94-river"

func open(t testing.TB, rules account.Rules) *house {
	t.Helper()
	h := &house{t: t, pool: dbtest.Open(t), clock: &clock{at: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)}}
	areatest.Publish(t, h.pool, areatest.Areas(), areatest.Effective)
	areas, err := area.NewService(h.pool)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := areas.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	ring, err := seal.Create(filepath.Join(t.TempDir(), "keys.json"), h.clock.now())
	if err != nil {
		t.Fatal(err)
	}
	if rules.HashMemoryKiB == 0 {
		rules.HashMemoryKiB = cheap.Memory
	}
	config := h.pool.Config()
	config.ConnConfig.Tracer = h
	counted, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(counted.Close)
	h.s = account.NewService(counted, areas, ring, h.clock.now, rules)
	server := web.New("test", web.Options{})
	server.Echo.Use(h.s.Authenticate)
	account.Routes(server, h.s)
	account.AdminRoutes(server, h.s)
	account.SignOnRoutes(server, h.s)
	huma.Get(server.API, "/api/v1/secret", func(ctx context.Context, _ *struct{}) (*struct{}, error) {
		return nil, access.Ask(ctx, access.IncidentRead, []string{areatest.County})
	})
	listener := httptest.NewServer(server.Echo)
	t.Cleanup(listener.Close)
	h.url = listener.URL
	h.s.ListensOn(listener.Listener.Addr())
	return h
}

// person makes an account with a password and roles on the county, "" for none.
func (h *house) person(login, password string, roles ...access.Role) uuid.UUID {
	h.t.Helper()
	hash, err := argon2id.CreateHash(password, &cheap)
	if err != nil {
		h.t.Fatal(err)
	}
	id := uuid.Must(uuid.NewV7())
	h.exec(`INSERT INTO account (id, login, name, kind, password, password_changed_at, created_at) VALUES ($1, $2, '某某', 'person', $3, $4, $4)`, id, login, hash, h.clock.now())
	for _, role := range roles {
		h.exec(`INSERT INTO account_grant (id, account, role, area, granted_by, granted_at) VALUES ($1, $2, $3, $4, 'test', $5)`,
			uuid.Must(uuid.NewV7()), id, role, areatest.County, h.clock.now())
	}
	return id
}

func (h *house) exec(sql string, args ...any) {
	h.t.Helper()
	if _, err := h.pool.Exec(context.Background(), sql, args...); err != nil {
		h.t.Fatal(err)
	}
}

// one is the only value of a query.
func one[T any](h *house, sql string, args ...any) (value T) {
	h.t.Helper()
	if err := h.pool.QueryRow(context.Background(), sql, args...).Scan(&value); err != nil {
		h.t.Fatal(err)
	}
	return value
}

// browser keeps the one cookie, as browsers do.
type browser struct {
	*house
	cookie string
}

type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request; body becomes JSON where it is not nil.
func (b *browser) ask(method, path string, body any, header ...string) answer {
	b.t.Helper()
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			b.t.Fatal(err)
		}
		content = strings.NewReader(string(text))
	}
	request, err := http.NewRequestWithContext(context.Background(), method, b.url+path, content)
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if b.cookie != "" {
		request.AddCookie(&http.Cookie{Name: "jingwei_session", Value: b.cookie})
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			request.Host = header[i+1]
		}
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range response.Cookies() {
		if c.Name == "jingwei_session" {
			b.cookie = c.Value
		}
	}
	return answer{response.StatusCode, response.Header, string(text)}
}

func (b *browser) logIn(login, password, code string) answer {
	b.t.Helper()
	body := map[string]string{"login": login, "password": password}
	if code != "" {
		body["code"] = code
	}
	return b.ask(http.MethodPost, "/api/v1/session", body)
}

// entered is a browser that somebody has logged in with.
func (h *house) entered(login, password string) *browser {
	h.t.Helper()
	b := &browser{house: h}
	b.logIn(login, password, "").is(h.t, http.StatusOK, "")
	return b
}

// is checks the status, and the code of a problem where there is to be one.
func (a answer) is(t testing.TB, status int, code string) answer {
	t.Helper()
	if a.status != status || code != "" && a.code() != code {
		t.Fatalf("answer %d %s, want %d %s", a.status, a.body, status, code)
	}
	return a
}

func (a answer) code() string {
	var p struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal([]byte(a.body), &p)
	return p.Code
}

// state is what GET /api/v1/session tells.
type state struct {
	Account *struct {
		Login        string `json:"login"`
		Must         string `json:"must"`
		SecondFactor bool   `json:"second_factor"`
		Roles        []struct {
			Level    string `json:"level"`
			AreaName string `json:"area_name"`
		} `json:"roles"`
		PasswordExpiresAt *time.Time `json:"password_expires_at"`
	} `json:"account"`
	Actions []string `json:"actions"`
	Areas   struct {
		All   bool     `json:"all"`
		Codes []string `json:"codes"`
	} `json:"areas"`
	Demo []struct {
		Password string `json:"password"`
		Role     string `json:"role"`
	} `json:"demo"`
}

func (a answer) state(t testing.TB) (s state) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.is(t, http.StatusOK, "").body), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// whoami is the login that a browser is logged in with, "" for none.
func (b *browser) whoami() string {
	b.t.Helper()
	if s := b.ask(http.MethodGet, "/api/v1/session", nil).state(b.t); s.Account != nil {
		return s.Account.Login
	}
	return ""
}

// entries are the audit log's, as action:outcome:reason.
func (h *house) entries(like string) []string {
	h.t.Helper()
	rows, err := h.pool.Query(context.Background(), `SELECT action || ':' || outcome || ':' || reason FROM audit WHERE action LIKE $1 ORDER BY id`, like)
	if err != nil {
		h.t.Fatal(err)
	}
	defer rows.Close()
	var entries []string
	for rows.Next() {
		var e string
		if err := rows.Scan(&e); err != nil {
			h.t.Fatal(err)
		}
		entries = append(entries, e)
	}
	return entries
}
