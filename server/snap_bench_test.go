package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/db/dbtest"
	"jingwei/server/web"
)

// BenchmarkSnap snaps on the demo county: in process against PostGIS, and over HTTP.
func BenchmarkSnap(b *testing.B) {
	url := dbtest.URL(b)
	if code, _, errOut := jingwei(b, nil, "demo", "--database-url", url, "--incidents", "0"); code != 0 {
		b.Fatalf("demo: exit %d: %s", code, errOut)
	}
	// Limits that nothing here comes to, so that counting is part of what is measured.
	wide := web.Limit{Burst: 1 << 30, Every: time.Nanosecond}
	s := start(b, &Config{
		DatabaseURL: url, KeyFile: filepath.Join(b.TempDir(), "keys.json"),
		served: served{limitFlags: limitFlags{LimitSnap: wide, LimitOther: wide, LimitCredentials: wide}},
	})
	lo, hi, _ := s.app.areas.Current().Coverage.Bounds()
	random := rand.New(rand.NewPCG(1, 2))
	points := make([]geo.Point, 1_000_000)
	for i := range points {
		points[i] = geo.Point{Lon: lo.Lon + random.Int32N(hi.Lon-lo.Lon), Lat: lo.Lat + random.Int32N(hi.Lat-lo.Lat)}
	}
	if _, err := s.db.Exec(b.Context(), `SELECT analyze_tables('area', 'area_shape')`); err != nil { // autovacuum would come too late
		b.Fatal(err)
	}
	b.Run("prepared", func(b *testing.B) { benchmarkPrepared(b, s, points) })
	b.Run("million", func(b *testing.B) { benchmarkMillion(b, s, points) })
	b.Run("get", func(b *testing.B) { benchmarkGet(b, s, points) })
	for _, form := range []struct{ name, contentType, encoding string }{
		{"post array", "application/json", "identity"}, {"post ndjson", "application/x-ndjson", "identity"}, {"post gzip", "application/json", "gzip"},
	} {
		b.Run(form.name, func(b *testing.B) { benchmarkPost(b, s, points, form.contentType, form.encoding) })
	}
}

// benchmarkPrepared asks for one point at a time, here and over one connection to PostGIS with a prepared statement.
func benchmarkPrepared(b *testing.B, s *site, points []geo.Point) {
	b.Helper()
	conn, err := s.db.Acquire(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Release()
	const sql = `SELECT s.code FROM area_shape s JOIN area a ON a.code = s.code AND a.level = 'micro'
		WHERE upper_inf(s.editions) AND ST_Covers(s.geom, ST_SetSRID(ST_MakePoint($1, $2), 4326)) ORDER BY s.code LIMIT 1`
	ask := func(points []geo.Point) time.Duration {
		begin := time.Now()
		for _, p := range points {
			lon, lat := p.Degrees()
			rows, err := conn.Query(b.Context(), sql, lon, lat) // pgx prepares it the first time
			if err != nil {
				b.Fatal(err)
			}
			rows.Close()
		}
		return time.Since(begin)
	}
	const sample = 3000
	ask(points[:300])
	postgis := float64(ask(points[300:][:sample]).Nanoseconds()) / sample
	index, found := s.app.areas.Current().Index, 0
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		found += int(index.Locate(points[i%len(points)]))
	}
	ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
	b.ReportMetric(postgis, "ST_Covers-ns/point")
	b.ReportMetric(postgis/ns, "×ST_Covers")
	if found == 0 {
		b.Error("nothing was found")
	}
}

// benchmarkMillion locates a million points at once, here and in PostGIS, and fails where the answers differ.
func benchmarkMillion(b *testing.B, s *site, points []geo.Point) {
	b.Helper()
	atlas := s.app.areas.Current()
	owners := make([]coverage.ID, len(points))
	for b.Loop() {
		atlas.Index.LocateAll(points, owners)
	}
	ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N) / float64(len(points))
	covers, counts, took := coveringMicros(b, s, points)
	inside, disagreements := 0, 0
	for i, owner := range owners {
		micro := ""
		if owner != coverage.None && atlas.Coverage.Level(owner) == coverage.Micro {
			micro = atlas.Coverage.Code(owner)
		}
		if counts[i] > 1 {
			continue // on a border, where PostGIS has several answers
		}
		if counts[i] == 1 {
			inside++
		}
		if micro != covers[i] {
			disagreements++
		}
	}
	postgis := float64(took.Nanoseconds()) / float64(len(points))
	b.ReportMetric(ns, "ns/point")
	b.ReportMetric(postgis, "ST_Covers-ns/point")
	b.ReportMetric(postgis/ns, "×ST_Covers")
	b.ReportMetric(float64(inside), "points-inside")
	b.ReportMetric(float64(disagreements), "disagreements")
	if disagreements > 0 || inside < len(points)/2 {
		b.Fatalf("%d of %d points that lie strictly in a micro-grid have another owner than ST_Covers says", disagreements, inside)
	}
}

const benchConnections = 4

// benchmarkGet asks in turn for a point and for a page of the same server that does nothing.
func benchmarkGet(b *testing.B, s *site, points []geo.Point) {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchConnections, DisableCompression: true}}
	ask := func(path string) time.Duration {
		begin := time.Now()
		response, err := client.Get(s.url + path)
		if err != nil {
			b.Error(err)
			return 0
		}
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			b.Errorf("%s: %s", path, response.Status)
		}
		return time.Since(begin)
	}
	var snaps, empties [benchConnections][]time.Duration
	next := 0
	for b.Loop() {
		next += 500 * benchConnections
		var all sync.WaitGroup
		for c := range benchConnections {
			all.Go(func() {
				for i := range 500 {
					lon, lat := points[(next+i*benchConnections+c)%len(points)].Degrees()
					empties[c] = append(empties[c], ask("/healthz"))
					snaps[c] = append(snaps[c], ask(fmt.Sprintf("/api/v1/snap?lon=%v&lat=%v", lon, lat)))
				}
			})
		}
		all.Wait()
	}
	snap, empty := slices.Sorted(slices.Values(slices.Concat(snaps[:]...))), slices.Sorted(slices.Values(slices.Concat(empties[:]...)))
	p50, empty50 := snap[len(snap)/2], empty[len(empty)/2]
	b.ReportMetric(float64(p50.Nanoseconds())/1e3, "p50-µs")
	b.ReportMetric(float64(empty50.Nanoseconds())/1e3, "empty-p50-µs")
	b.ReportMetric(float64(snap[len(snap)*99/100].Nanoseconds())/1e3, "p99-µs")
	b.ReportMetric(float64(p50)/float64(empty50), "×empty")
}

// benchmarkPost sends batches of 10,000 on several connections.
func benchmarkPost(b *testing.B, s *site, points []geo.Point, contentType, encoding string) {
	b.Helper()
	const size, batches = 10_000, 16
	bodies := make([][]byte, batches)
	for i := range bodies {
		var body bytes.Buffer
		for j, p := range points[i*size:][:size] {
			lon, lat := p.Degrees()
			switch {
			case contentType == "application/x-ndjson":
				fmt.Fprintf(&body, "{\"lon\":%v,\"lat\":%v}\n", lon, lat)
			case j == 0:
				fmt.Fprintf(&body, "[[%v,%v]", lon, lat)
			default:
				fmt.Fprintf(&body, ",[%v,%v]", lon, lat)
			}
		}
		if contentType == "application/json" {
			body.WriteByte(']')
		}
		bodies[i] = body.Bytes()
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchConnections, DisableCompression: true}}
	var received int64
	for b.Loop() {
		work := make(chan []byte, batches)
		for _, body := range bodies {
			work <- body
		}
		close(work)
		var all sync.WaitGroup
		var sum [benchConnections]int64
		for c := range benchConnections {
			all.Go(func() {
				for body := range work {
					request, _ := http.NewRequestWithContext(b.Context(), http.MethodPost, s.url+"/api/v1/snap", bytes.NewReader(body))
					request.Header.Set("Content-Type", contentType)
					request.Header.Set(s.header[0], s.header[1])
					request.Header.Set("Accept-Encoding", encoding)
					response, err := client.Do(request)
					if err != nil {
						b.Error(err)
						continue
					}
					n, err := io.Copy(io.Discard, response.Body)
					response.Body.Close()
					if err != nil || response.StatusCode != http.StatusOK {
						b.Errorf("%s, %v", response.Status, err)
					}
					sum[c] += n
				}
			})
		}
		all.Wait()
		received = 0
		for _, n := range sum {
			received += n
		}
	}
	perPoint := b.Elapsed().Seconds() / float64(b.N) / (size * batches)
	b.ReportMetric(1/perPoint, "points/s")
	b.ReportMetric(float64(received)/(size*batches), "bytes/point")
}
