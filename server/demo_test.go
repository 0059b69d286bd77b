package main

import (
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/db"
	"jingwei/server/db/dbtest"
)

// TestDemoAgreesWithPostGIS loads the demo county and snaps 100,000 random points twice: through the program and by ST_Covers in the
// database. They must agree wherever exactly one micro-grid covers the point.
func TestDemoAgreesWithPostGIS(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	if code, _, errOut := jingwei(t, nil, "demo", "--database-url", url, "--incidents", "2000"); code != 0 {
		t.Fatalf("demo: exit %d: %s", code, errOut)
	}
	s := serve(t, url)

	t.Run("counts", func(t *testing.T) {
		var about About
		s.get("/api/v1/about").into(t, http.StatusOK, &about)
		if about.Areas["county"] != 1 || about.Areas["town"] != 21 || about.Areas["community"] != 312 || about.Areas["grid"] < 2700 || about.Areas["micro"] < 18000 {
			t.Errorf("areas: %v", about.Areas)
		}
		if about.Notice == nil || about.Notice.ZH != "示意边界，非真实区划" {
			t.Errorf("notice: %v", about.Notice)
		}
		for query, least := range map[string]int{
			`SELECT count(*) FROM incident`:                                       2000,
			`SELECT count(DISTINCT item) FROM incident`:                           28,
			`SELECT count(*) FROM branch_area`:                                    23_000,
			`SELECT count(DISTINCT kind) FROM station`:                            12,
			`SELECT count(*) FROM incident WHERE snap = 'owned' AND branch <> ''`: 1900,
		} {
			var n int
			if err := s.db.QueryRow(t.Context(), query).Scan(&n); err != nil || n < least {
				t.Errorf("%s: %d, want at least %d (%v)", query, n, least, err)
			}
		}
	})

	t.Run("a second demo is refused", func(t *testing.T) {
		code, _, errOut := jingwei(t, nil, "demo", "--database-url", url)
		if code != 1 || !strings.Contains(errOut, "areas already") {
			t.Errorf("exit %d: %s", code, errOut)
		}
	})

	const n = 100_000
	random := rand.New(rand.NewPCG(1, 2))
	lo, hi, _ := s.app.areas.Current().Coverage.Bounds()
	points := make([]geo.Point, n)
	var lines strings.Builder
	for i := range points {
		points[i] = geo.Point{Lon: lo.Lon + random.Int32N(hi.Lon-lo.Lon), Lat: lo.Lat + random.Int32N(hi.Lat-lo.Lat)}
		lon, lat := points[i].Degrees()
		fmt.Fprintf(&lines, "%.7f,%.7f\n", lon, lat)
	}
	code, out, errOut := jingwei(t, strings.NewReader(lines.String()), "snap", "--database-url", url)
	if code != 0 {
		t.Fatalf("snap: exit %d: %s", code, errOut)
	}
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil || len(rows) != n+1 {
		t.Fatalf("snap answers %d lines for %d points (%v)", len(rows)-1, n, err)
	}
	covers, counts, _ := coveringMicros(t, s, points)
	unique, inside := 0, 0
	for i, row := range rows[1:] {
		micro := row[3+int(coverage.Micro)]
		if counts[i] == 1 {
			unique++
			if micro != covers[i] {
				t.Fatalf("point %d at %s,%s: snap says %q, ST_Covers says %q", i, row[0], row[1], micro, covers[i])
			}
		}
		if counts[i] == 0 && micro != "" {
			t.Fatalf("point %d at %s,%s: snap says %q where nothing covers it", i, row[0], row[1], micro)
		}
		if counts[i] > 0 {
			inside++
		}
	}
	if unique < n/2 {
		t.Errorf("only %d of %d points lie in one micro-grid: this proves nothing", unique, n)
	}
	t.Logf("%d points: %d inside, %d covered by exactly one micro-grid, no disagreement", n, inside, unique)
}

// coveringMicros asks PostGIS which micro-grids cover each point: how many, and the one with the lowest code. took is the time of the
// question alone, with the points and their index ready.
func coveringMicros(t testing.TB, s *site, points []geo.Point) (codes []string, counts []int, took time.Duration) {
	t.Helper()
	codes, counts = make([]string, len(points)), make([]int, len(points))
	err := db.InLongTx(t.Context(), s.db.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `CREATE TEMP TABLE probe (i int, lon float8, lat float8) ON COMMIT DROP`); err != nil {
			return err
		}
		if _, err := tx.CopyFrom(t.Context(), pgx.Identifier{"probe"}, []string{"i", "lon", "lat"}, pgx.CopyFromSlice(len(points), func(i int) ([]any, error) {
			lon, lat := points[i].Degrees()
			return []any{i, lon, lat}, nil
		})); err != nil {
			return err
		}
		if _, err := tx.Exec(t.Context(), `
			CREATE TEMP TABLE place ON COMMIT DROP AS SELECT i, ST_SetSRID(ST_MakePoint(lon, lat), 4326) AS geom FROM probe;
			CREATE INDEX ON place USING gist (geom); ANALYZE place`); err != nil {
			return err
		}
		begin := time.Now()
		rows, err := tx.Query(t.Context(), `
			SELECT p.i, count(*), min(s.code) FROM area_shape s JOIN area a ON a.code = s.code AND a.level = 'micro' JOIN place p ON ST_Covers(s.geom, p.geom)
			WHERE upper_inf(s.editions) GROUP BY p.i`)
		if err != nil {
			return err
		}
		var i, count int
		var code string
		_, err = pgx.ForEachRow(rows, []any{&i, &count, &code}, func() error {
			codes[i], counts[i] = code, count
			return nil
		})
		took = time.Since(begin)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return codes, counts, took
}
