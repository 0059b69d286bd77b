package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/account"
	"jingwei/server/area/areatest"
	"jingwei/server/branch"
	"jingwei/server/db"
	"jingwei/server/db/dbtest"
)

// testKeys are of commands that are told no key file: the one in the data directory of the machine is none of the tests'.
const testKeys = `{"current": "0badcafe", "keys": [{"id": "0badcafe", "suite": "AES-256-GCM", "key": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}]}`

func TestMain(m *testing.M) {
	if err := os.Setenv(keysVariable, testKeys); err != nil {
		panic(err)
	}
	dbtest.Main(m)
}

// site is a running server on a database of its own, as a client sees it.
type site struct {
	t      testing.TB
	url    string
	app    *App
	server *server
	db     *database
	header []string // of every request: who asks; a machine of the ops centre where a test says nothing else
}

// as is the site for somebody else: with other headers, and without any for the public.
func (s *site) as(header ...string) *site {
	other := *s
	other.header = header
	return &other
}

// machines counts the accounts that tests made, which need logins.
var machines atomic.Int64

// token makes a machine with a role on an area, or with "" on the whole installation, and gives the header that it comes with. Without scopes
// the token lets all of the role through.
func (s *site) token(role access.Role, area string, scopes ...access.Action) []string {
	s.t.Helper()
	ctx := accesstest.Operator(s.t)
	if len(scopes) == 0 {
		scopes = access.Actions()
	}
	login := fmt.Sprintf("machine-%d", machines.Add(1))
	a, _, err := s.app.accounts.Create(ctx, account.NewAccount{Login: login, Name: login, Kind: account.Machine, Grant: &account.NewGrant{Role: role, Area: area}})
	if err != nil {
		s.t.Fatal(err)
	}
	_, text, err := s.app.accounts.CreateToken(ctx, a.ID, account.NewToken{Name: "test", Scopes: scopes, ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		s.t.Fatal(err)
	}
	return []string{"Authorization", "Bearer " + text}
}

// setup starts a server on an empty database.
func setup(t testing.TB) *site {
	t.Helper()
	return serve(t, dbtest.URL(t))
}

// setupCounty starts a server with areatest's county, a branch for the county and one for the first grid.
func setupCounty(t testing.TB) *site {
	t.Helper()
	url := dbtest.URL(t)
	pool, err := db.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	areatest.Publish(t, pool, areatest.Areas(), areatest.Effective)
	err = branch.NewService(pool).Save(accesstest.Operator(t),
		[]branch.Branch{{Code: "B1", Name: "县工委", Kind: "work_committee", Secretary: "甲"}, {Code: "B2", Name: "网格支部", Kind: "branch", Parent: "B1", Secretary: "乙"}},
		[]branch.Assignment{{Area: areatest.County, Branch: "B1"}, {Area: firstGrid, Branch: "B2"}})
	if err != nil {
		t.Fatal(err)
	}
	pool.Close()
	return serve(t, url)
}

// The micro-grid in the north-west corner of areatest's county, and the grid that it is part of.
const (
	firstGrid  = "320282001001001"
	firstMicro = firstGrid + "01"
)

// A point inside firstMicro.
const insideLon, insideLat = 119.801, 31.339

func serve(t testing.TB, url string) *site {
	t.Helper()
	return start(t, &Config{DatabaseURL: url, KeyFile: filepath.Join(t.TempDir(), "keys.json")})
}

// start runs a server until the end of the test, without limits where the test sets none: it asks more than any client does.
func start(t testing.TB, config *Config) *site {
	t.Helper()
	config.unlimited = config.limitFlags == (limitFlags{})
	d, err := config.openDatabase(t.Context(), serves)
	if err != nil {
		t.Fatal(err)
	}
	app, err := newApp(t.Context(), config, d, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	server := newServer(app)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	finished := make(chan error, 1)
	go func() { finished <- server.Run(ctx, listener, func() {}) }()
	t.Cleanup(func() {
		cancel()
		if err := <-finished; err != nil {
			t.Errorf("the server ended with: %v", err)
		}
		if err := app.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	s := &site{t: t, url: "http://" + listener.Addr().String(), app: app, server: server, db: d}
	s.await("/readyz", http.StatusOK)
	s.header = s.token(access.Dispatcher, "")
	return s
}

// await asks until the path answers with the status.
func (s *site) await(path string, status int) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		response, err := http.Get(s.url + path)
		if err == nil {
			response.Body.Close()
			if response.StatusCode == status {
				return
			}
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%s does not answer with %d", path, status)
		}
	}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (s *site) do(method, path, body string, header ...string) answer {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for header := range slices.Chunk(append(slices.Clone(s.header), header...), 2) {
		request.Header.Set(header[0], header[1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, content}
}

func (s *site) get(path string) answer {
	s.t.Helper()
	return s.do(http.MethodGet, path, "")
}

// into decodes an answer that must have the status.
func (a answer) into(t testing.TB, status int, v any) {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
}

// problem checks that an answer is a problem with a code and a sentence, and returns the sentence.
func (a answer) problem(t testing.TB, status int, code string) string {
	t.Helper()
	var p struct {
		Type, Title, Detail, Code string
		Status                    int
	}
	a.into(t, status, &p)
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type %q", got)
	}
	if p.Code != code || p.Status != status || p.Detail == "" || p.Title == "" {
		t.Errorf("problem %+v, want code %s and status %d", p, code, status)
	}
	return p.Detail
}

// sse is one server-sent event.
type sse struct{ id, event, data string }

// follow opens the live stream; the channel closes with it.
func (s *site) follow(lastEventID string) <-chan sse {
	s.t.Helper()
	return s.followAt("/api/v1/events", lastEventID)
}

func (s *site) followAt(path, lastEventID string) <-chan sse {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	s.t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for header := range slices.Chunk(s.header, 2) {
		request.Header.Set(header[0], header[1])
	}
	if lastEventID != "" {
		request.Header.Set("Last-Event-ID", lastEventID)
	}
	response, err := http.DefaultClient.Do(request) //nolint:bodyclose // the goroutine below closes it
	if err != nil {
		s.t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		s.t.Fatalf("events: %s", response.Status)
	}
	events := make(chan sse, 1000)
	go func() {
		defer close(events)
		defer response.Body.Close()
		scanner := bufio.NewScanner(response.Body)
		var e sse
		for scanner.Scan() {
			field, value, _ := strings.Cut(scanner.Text(), ": ")
			switch field {
			case "id":
				e.id = value
			case "event":
				e.event = value
			case "data":
				e.data = value
			case "":
				if e.event != "" {
					events <- e
				}
				e = sse{}
			}
		}
	}()
	return events
}

// next waits for an event of a kind and passes over the others.
func next(t testing.TB, events <-chan sse, kind string) sse {
	t.Helper()
	for timeout := time.After(20 * time.Second); ; {
		select {
		case e, ok := <-events:
			if !ok {
				t.Fatalf("the stream ended before %s", kind)
			}
			if e.event == kind {
				return e
			}
		case <-timeout:
			t.Fatalf("no %s", kind)
		}
	}
}

func report(title string) string {
	return fmt.Sprintf(`{"lon":%v,"lat":%v,"item":"%s","title":"%s"}`, insideLon, insideLat, anyItem, title)
}

// jingwei runs a command line.
func jingwei(t testing.TB, in io.Reader, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o bytes.Buffer
	var e log
	code = run(t.Context(), args, in, &o, &e)
	return code, o.String(), e.String()
}

// log is what a command says beside its output. A command makes it the log of the whole process, so the servers of other tests write to it too.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is what was said so far.
func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
