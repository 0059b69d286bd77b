package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/paulmach/orb/maptile"

	"jingwei/server/access"
	"jingwei/server/db/dbtest"
	"jingwei/server/heat"
	"jingwei/server/incident"
	"jingwei/server/live"
)

// heatIncidents is how many incidents BenchmarkHeat counts, and heatVariable names another number.
const (
	heatIncidents = 1_000_000
	heatVariable  = "JINGWEI_BENCH_INCIDENTS"
)

// BenchmarkHeat counts the incidents of the demo county: how soon after a start, and how fast under any filter, against SQL.
func BenchmarkHeat(b *testing.B) {
	n := heatIncidents
	if text := os.Getenv(heatVariable); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	url := dbtest.URL(b)
	if code, _, errOut := jingwei(b, nil, "demo", "--database-url", url, "--incidents", strconv.Itoa(n)); code != 0 {
		b.Fatalf("demo: exit %d: %s", code, errOut)
	}
	s := start(b, &Config{DatabaseURL: url, KeyFile: filepath.Join(b.TempDir(), "keys.json")})
	for s.server.heat.Filling() != nil {
		time.Sleep(10 * time.Millisecond)
	}
	b.Run("fill", func(b *testing.B) { benchmarkFill(b, s, n) })
	b.Run("filter", func(b *testing.B) { benchmarkFilters(b, s) })
	b.Run("unusual", func(b *testing.B) { benchmarkUnusual(b, s) })
}

// benchmarkFill fills a table beside the one that there is.
func benchmarkFill(b *testing.B, s *site, n int) {
	b.Helper()
	ctx := access.With(b.Context(), access.Server())
	bytes := int64(0)
	for b.Loop() {
		hub := live.NewHub(s.db.Pool)
		if err := hub.Start(ctx); err != nil {
			b.Fatal(err)
		}
		before := inUse()
		running, stop := context.WithCancel(ctx)
		service := heat.NewService(s.db.Pool, hub, s.app.incidents, s.app.areas, s.app.items, time.Now)
		go service.Run(running)
		for service.Filling() != nil {
			time.Sleep(time.Millisecond)
		}
		bytes = inUse() - before
		runtime.KeepAlive(service)
		stop()
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/fill")
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(bytes)/float64(n), "B/row")
}

func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// benchmarkFilters asks for the first tile of 200 random filters, none of which was asked for before, and SQL for the same cells. What is
// compared is everything that a client waits for, counting for all tiles and cutting one, with counting alone in SQL.
func benchmarkFilters(b *testing.B, s *site) {
	b.Helper()
	random := rand.New(rand.NewPCG(5, 5))
	now := time.Now().Truncate(time.Minute)
	towns := s.app.areas.Current().Coverage.Children(0)
	var ours, postgis []time.Duration
	ask := func(f incident.Filter, query url.Values) {
		b.StartTimer()
		begin := time.Now()
		request := httptest.NewRequestWithContext(b.Context(), http.MethodGet, heatTileOf(s)+"?"+query.Encode(), http.NoBody)
		for header := range slices.Chunk(s.header, 2) {
			request.Header.Set(header[0], header[1])
		}
		request.Header.Set("Accept-Encoding", "gzip")
		answer := httptest.NewRecorder()
		s.server.web.Echo.ServeHTTP(answer, request)
		ours = append(ours, time.Since(begin))
		b.StopTimer()
		if answer.Code != http.StatusOK && answer.Code != http.StatusNoContent {
			b.Fatalf("%d %s", answer.Code, answer.Body)
		}
		if len(ours)%10 == 0 {
			postgis = append(postgis, countInSQL(b, s, f))
		}
	}
	for b.Loop() {
		b.StopTimer()
		ours, postgis = ours[:0], postgis[:0]
		for range 200 {
			var f incident.Filter
			query := url.Values{}
			f.From = now.Add(-time.Duration(1+random.IntN(365*24*60)) * time.Minute)
			query.Set("from", f.From.UTC().Format(time.RFC3339))
			if random.IntN(2) == 0 {
				f.Hours = []int{8, 9, 10, 11, 17, 18}
				query.Set("hour", "8,9,10,11,17,18")
			}
			if random.IntN(2) == 0 {
				f.Items = []string{"noise", "rubbish", "illegal_parking"}
				query.Set("item", "noise,rubbish,illegal_parking")
			}
			if random.IntN(2) == 0 {
				f.Channels = []incident.Channel{incident.Hotline12345, incident.Worker}
				query.Set("channel", "hotline_12345,worker")
			}
			if random.IntN(2) == 0 {
				town := towns[random.IntN(len(towns))]
				f.Areas = [][]string{s.app.areas.Current().Codes(town)}
				query.Set("area", f.Areas[0][1])
			}
			ask(f, query)
		}
		b.StartTimer()
	}
	b.ReportMetric(slices.Max(ours).Seconds()*1000, "ms-slowest")
	b.ReportMetric(median(ours)*1000, "ms-median")
	b.ReportMetric(median(postgis)*1000, "SQL-ms-median")
	b.ReportMetric(median(postgis)/median(ours), "×SQL")
}

func median(times []time.Duration) float64 {
	slices.Sort(times)
	return times[len(times)/2].Seconds()
}

func heatTileOf(s *site) string {
	lo, hi, _ := s.app.areas.Current().Coverage.Bounds()
	west, south := lo.Degrees()
	east, north := hi.Degrees()
	at := maptile.At([2]float64{(west + east) / 2, (south + north) / 2}, 12)
	return fmt.Sprintf("/tiles/heat/12/%d/%d.mvt", at.X, at.Y)
}

// countInSQL counts by the cell that each incident has.
func countInSQL(b *testing.B, s *site, f incident.Filter) time.Duration {
	b.Helper()
	where, err := f.Where(access.Scope{All: true})
	if err != nil {
		b.Fatal(err)
	}
	begin := time.Now()
	rows, err := s.db.Query(b.Context(), `SELECT cell, count(*) FROM incident WHERE `+where.String()+` GROUP BY cell`,
		append([]any{pgx.QueryExecModeCacheDescribe}, where.Args()...)...)
	if err != nil {
		b.Fatal(err)
	}
	var cell, n int64
	if _, err := pgx.ForEachRow(rows, []any{&cell, &n}, func() error { return nil }); err != nil {
		b.Fatal(err)
	}
	return time.Since(begin)
}

// benchmarkUnusual looks for what is unusual among all grids, at another minute each time.
func benchmarkUnusual(b *testing.B, s *site) {
	b.Helper()
	at := time.Now()
	for b.Loop() {
		at = at.Add(-time.Minute)
		a := s.get("/api/v1/counts/unusual?at=" + at.UTC().Format(time.RFC3339))
		if a.status != http.StatusOK {
			b.Fatalf("%d %s", a.status, a.body)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/answer")
}
