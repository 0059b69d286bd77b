package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/area/areatest"
	"jingwei/server/branch"
	"jingwei/server/db/dbtest"
)

var crowd = flag.Int("crowd", 500, "how many clients TestACrowdMissesNothing has; each takes two file descriptors")

// member is one client of a crowd: it keeps its Last-Event-ID, and comes back to any server when it is cut.
type member struct {
	sites  []string // addresses
	header []string // who it is
	lastID string
	seen   []string // "number kind", of each event in the order in which it came
	cuts   int      // how often it drops the connection itself
	tries  int      // connections
}

// follow reads until the last event that everybody sees. greeted is called at each hello, told at each event.
func (m *member) follow(ctx context.Context, client *http.Client, greeted func(), told func(e sse)) error {
	for n := rand.IntN(len(m.sites)); ctx.Err() == nil; n++ { // another server each time
		done, err := m.connect(ctx, client, m.sites[n%len(m.sites)], greeted, told)
		if done || err != nil {
			return err
		}
		time.Sleep(time.Duration(50+rand.IntN(200)) * time.Millisecond)
	}
	return ctx.Err()
}

func (m *member) connect(ctx context.Context, client *http.Client, site string, greeted func(), told func(e sse)) (done bool, err error) {
	ctx, cut := context.WithCancel(ctx)
	defer cut()
	m.tries++
	if m.cuts > 0 {
		m.cuts--
		defer time.AfterFunc(time.Duration(1000+rand.IntN(3000))*time.Millisecond, cut).Stop()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, site+"/api/v1/events", nil)
	if err != nil {
		return false, err
	}
	for header := range slices.Chunk(m.header, 2) {
		request.Header.Set(header[0], header[1])
	}
	if m.lastID != "" {
		request.Header.Set("Last-Event-ID", m.lastID)
	}
	response, err := client.Do(request)
	if err != nil {
		return false, nil // cut, or the server is away
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK { // the database is away
		return false, nil
	}
	for scanner, e := bufio.NewScanner(response.Body), (sse{}); scanner.Scan(); {
		switch field, value, _ := strings.Cut(scanner.Text(), ": "); field {
		case "id":
			e.id = value
		case "event":
			e.event = value
		case "data":
			e.data = value
		case "":
			if e.id != "" {
				m.lastID = e.id
			}
			switch e.event {
			case "", "beat":
			case "hello":
				greeted()
			case "reset":
				return false, fmt.Errorf("told to reload: %s", e.data)
			default:
				m.seen = append(m.seen, e.id+" "+e.event)
				told(e)
				if e.event == "branch.changed" {
					return true, nil
				}
			}
			e = sse{}
		}
	}
	return false, nil
}

// crowdClient lets as many clients connect as there are.
func crowdClient(t testing.TB) *http.Client {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// signOff lets happen what everybody is told of, the last event of a test.
func (s *site) signOff(code string) {
	s.t.Helper()
	err := branch.NewService(s.db.Pool).Save(accesstest.Operator(s.t), []branch.Branch{{Code: code, Name: code, Kind: "group"}}, []branch.Assignment{{Area: outsideArea, Branch: code}})
	if err != nil {
		s.t.Fatal(err)
	}
}

// TestACrowdMissesNothing has clients of different rights on two servers of one database, while writers post and PostgreSQL is killed under
// them. Clients drop their connections and come back to either server. Each gets each event that it may see, once and in order. -crowd 2000
// is the full form.
func TestACrowdMissesNothing(t *testing.T) {
	t.Parallel()
	const writers = 4
	clients, each := *crowd, max(*crowd*3/20, 30)
	began := time.Now()
	dir := dbtest.DataDir(t)
	one := start(t, &Config{DataDir: dir})
	areatest.Publish(t, one.db.Pool, areatest.Areas(), areatest.Effective)
	two := start(t, &Config{DatabaseURL: one.db.local.URL(), KeyFile: filepath.Join(t.TempDir(), "keys.json")})
	sites := []string{one.url, two.url}

	// Who there is, and which events each sees, by their areas.
	ofTown := func(town string) func(string, []string) bool {
		return func(kind string, areas []string) bool {
			return kind != "incident.created" || slices.Contains(areas, town)
		}
	}
	groups := []struct {
		header []string
		sees   func(kind string, areas []string) bool
	}{
		{nil, ofTown("none")},
		{one.token(access.Viewer, insideTown), ofTown(insideTown)},
		{one.token(access.Worker, outsideTown), ofTown(outsideTown)},
		{one.token(access.Dispatcher, ""), func(string, []string) bool { return true }},
	}
	ctx, stop := context.WithTimeout(t.Context(), 4*time.Minute)
	defer stop()
	client := crowdClient(t)
	var first, all sync.WaitGroup
	first.Add(clients)
	members := make([]*member, clients)
	for i := range members {
		m := &member{sites: sites, header: groups[i%len(groups)].header, cuts: i / len(groups) % 3}
		members[i] = m
		greeted := sync.OnceFunc(first.Done)
		all.Go(func() {
			if err := m.follow(ctx, client, greeted, func(sse) {}); err != nil {
				t.Errorf("client %d, after %s: %v", i, m.lastID, err)
			}
			greeted()
		})
	}
	first.Wait()
	var before int64
	if err := one.db.QueryRow(ctx, `SELECT coalesce(max(seq), 0) FROM event`).Scan(&before); err != nil {
		t.Fatal(err)
	}

	places := []string{report("里"), fmt.Sprintf(`{"lon":%v,"lat":%v,"item":%q,"title":"外"}`, outsideLon, outsideLat, anyItem), fmt.Sprintf(`{"lon":%v,"lat":%v,"item":%q,"title":"别处"}`, nowhereLon, nowhereLat, anyItem)}
	var acknowledged atomic.Int64
	var posted sync.WaitGroup
	for w := range writers {
		posted.Go(func() {
			for n := range each {
				if err := persist(ctx, one.header, sites[(w+n)%2], places[n%3], fmt.Sprintf("%d-%d", w, n)); err != nil {
					t.Error(err)
				}
				acknowledged.Add(1)
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	for acknowledged.Load() < int64(writers*each/3) {
		time.Sleep(10 * time.Millisecond)
	}
	if err := syscall.Kill(dbtest.PostmasterPID(t, dir), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	posted.Wait()
	one.await("/readyz", http.StatusOK)
	one.signOff("END")
	all.Wait()

	rows, err := one.db.Query(ctx, `SELECT seq, kind, areas FROM event WHERE seq > $1 ORDER BY seq`, before)
	if err != nil {
		t.Fatal(err)
	}
	want, reports := make([][]string, len(groups)), 0
	var seq int64
	var kind string
	var areas []string
	if _, err := pgx.ForEachRow(rows, []any{&seq, &kind, &areas}, func() error {
		for g, group := range groups {
			if group.sees(kind, areas) {
				want[g] = append(want[g], strconv.FormatInt(seq, 10)+" "+kind)
			}
		}
		if kind == "incident.created" {
			reports++
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if reports != writers*each || len(want[1]) != writers*each/3+1 || len(want[3]) != writers*each+1 {
		t.Errorf("%d reports for %d posts; %d and %d events to see", reports, writers*each, len(want[1]), len(want[3]))
	}
	wrong, handed, tries, lost, twice := 0, 0, 0, 0, 0
	for i, m := range members {
		w := want[i%len(groups)]
		handed, tries = handed+len(m.seen), tries+m.tries
		if slices.Equal(m.seen, w) {
			continue
		}
		once := map[string]bool{}
		for _, e := range m.seen {
			if once[e] {
				twice++
			}
			once[e] = true
		}
		for _, e := range w {
			if !once[e] {
				lost++
			}
		}
		if wrong++; wrong <= 3 {
			t.Errorf("client %d of group %d got %d events, want %d: %v", i, i%len(groups), len(m.seen), len(w), m.seen)
		}
	}
	t.Logf("%d clients on two servers, %d connections; %d events, handed out %d times; PostgreSQL killed after %d posts; %d lost, %d twice; %v",
		clients, tries, len(want[3]), handed, writers*each/3, lost, twice, time.Since(began).Round(time.Millisecond))
	if wrong > 0 {
		t.Errorf("%d clients got something else; %d events lost, %d twice", wrong, lost, twice)
	}
}

// persist posts a report until it is acknowledged.
func persist(ctx context.Context, header []string, site, body, key string) error {
	for ctx.Err() == nil {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, site+"/api/v1/incidents", strings.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", key)
		for header := range slices.Chunk(header, 2) {
			request.Header.Set(header[0], header[1])
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			response.Body.Close()
			if response.StatusCode < 300 {
				return nil
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	return ctx.Err()
}

// BenchmarkFanOut posts a report with 2,000 clients on the live stream of one server, in this process: from the POST to when the last of those
// who may see it has it.
func BenchmarkFanOut(b *testing.B) {
	const clients = 2000
	s := setupCounty(b)
	for _, c := range []struct {
		name string
		sees int // one in so many; the others are the public
	}{{"all", 1}, {"one in twenty", 20}} {
		b.Run(c.name, func(b *testing.B) {
			ctx, stop := context.WithCancel(b.Context())
			defer stop()
			client := crowdClient(b)
			var connected, gone, got sync.WaitGroup
			connected.Add(clients)
			for i := range clients {
				m := &member{sites: []string{s.url}}
				told := func(sse) {}
				if i%c.sees == 0 {
					m.header, told = s.header, func(sse) { got.Done() }
				}
				gone.Go(func() { _ = m.follow(ctx, client, connected.Done, told) })
			}
			connected.Wait()
			var took []time.Duration
			for b.Loop() {
				got.Add((clients + c.sees - 1) / c.sees)
				began := time.Now()
				if a := s.do(http.MethodPost, "/api/v1/incidents", report("扇")); a.status != http.StatusCreated {
					b.Fatalf("%d: %s", a.status, a.body)
				}
				got.Wait()
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			stop()
			gone.Wait()
		})
	}
}
