package importing

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/access/accesstest"
	"jingwei/server/db"
	"jingwei/server/db/dbtest"
)

func TestPublish(t *testing.T) {
	t.Parallel()
	pool := dbtest.Open(t)
	shape := polygonOf(coverage.Ring{{Lon: 0, Lat: 0}, {Lon: 9, Lat: 0}, {Lon: 0, Lat: 9}})
	households := 50
	publish := func(at time.Time, rows ...Row) (number int, err error) {
		err = db.InTx(t.Context(), pool, func(tx pgx.Tx) error {
			number, err = Publish(accesstest.Operator(t), tx, slices.Values(rows), Edition{EffectiveAt: at, PublishedAt: at, Note: "n"})
			return err
		})
		return number, err
	}
	row := func(code, parent string, level coverage.Level) Row {
		return Row{Area: coverage.Area{Code: code, Parent: parent, Name: code, Level: level, Shape: shape}, Households: &households}
	}
	if n, err := publish(day, row("K", "", coverage.County), row("T", "K", coverage.Town), row("C", "T", coverage.Community)); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if n, err := publish(day.Add(time.Hour), row("L", "", coverage.County), row("C2", "T", coverage.Community)); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	if n := count(t, pool, `SELECT count(*) FROM area_shape WHERE county = 'K' AND editions @> 2 AND households = 50`); n != 4 {
		t.Errorf("%d areas in K", n)
	}
	for name, c := range map[string]struct {
		at   time.Time
		row  Row
		says string
	}{
		"unknown parent": {day.Add(9 * time.Hour), row("X", "nobody", coverage.Town), `no area "nobody"`},
		"another level":  {day.Add(9 * time.Hour), row("T", "T", coverage.Community), "code T"},
		"another county": {day.Add(9 * time.Hour), row("T", "L", coverage.Town), "code T"},
		"too early":      {day.Add(time.Hour + 1), row("Y", "L", coverage.Town), "edition 2 takes effect at"},
	} {
		if _, err := publish(c.at, c.row); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := count(t, pool, `SELECT max(number) FROM edition`); n != 2 {
		t.Errorf("edition %d", n)
	}
}

// Two imports at once wait for each other: both land, one after the other, and no area is lost.
func TestImportsDoNotInterleave(t *testing.T) {
	t.Parallel()
	pool := county(t)
	var wait sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wait.Go(func() {
			file := strings.ReplaceAll(towns, "区 320282001", fmt.Sprintf("街道 %d", i))
			_, errs[i] = Areas(accesstest.Operator(t), pool, strings.NewReader(file), "x", Options{Level: coverage.Town, Code: "code", Name: "name", Now: day.AddDate(1, 0, i)}, nil)
		})
	}
	wait.Wait()
	landed := 0
	for _, err := range errs {
		// Whoever comes after a later day is refused for that, not for a clash.
		if err == nil {
			landed++
		} else if !errors.Is(err, ErrRefused) {
			t.Error(err)
		}
	}
	if n := count(t, pool, `SELECT max(number) FROM edition`); landed == 0 || n != 2+landed {
		t.Errorf("%d imports landed, %d editions", landed, n)
	}
	if n := count(t, pool, `SELECT count(*) FROM area_shape WHERE upper_inf(editions)`); n != 3 {
		t.Errorf("%d areas", n)
	}
}

// bigFile writes side × side areas of 57 vertices each, with shared wiggly borders, as a FeatureCollection, and their parents: one
// for every block of 12 × 12.
func bigFile(w io.Writer, side, block int) (parents []Row, outline coverage.Ring) {
	const cell = 28_000 // lattice units, some 300 m
	rng := rand.New(rand.NewPCG(7, 7))
	origin := geo.Point{Lon: 1_196_000_000, Lat: 312_000_000}
	// Borders of 14 edges: 4 × 14 + … = 57 vertices with the closing one.
	const edges = 14
	line := func(a, b geo.Point) []geo.Point {
		points := []geo.Point{a}
		for i := 1; i < edges; i++ {
			points = append(points, geo.Point{
				Lon: a.Lon + (b.Lon-a.Lon)*int32(i)/edges + int32(rng.IntN(400)-200), Lat: a.Lat + (b.Lat-a.Lat)*int32(i)/edges + int32(rng.IntN(400)-200)})
		}
		return points
	}
	corner := func(column, row int) geo.Point {
		return geo.Point{Lon: origin.Lon + int32(column)*cell, Lat: origin.Lat + int32(row)*cell}
	}
	across, down := make([][][]geo.Point, side+1), make([][][]geo.Point, side+1)
	for i := range side + 1 {
		across[i], down[i] = make([][]geo.Point, side), make([][]geo.Point, side)
		for j := range side {
			across[i][j] = line(corner(j, i), corner(j+1, i)) // row i
			down[i][j] = line(corner(i, j), corner(i, j+1))   // column i
		}
	}
	backwards := func(points []geo.Point, end geo.Point) []geo.Point {
		out := slices.Clone(points[1:])
		slices.Reverse(out)
		return append([]geo.Point{end}, out...)
	}
	ring := func(x0, y0, x1, y1 int) (ring coverage.Ring) {
		for x := x0; x < x1; x++ {
			ring = append(ring, across[y0][x]...)
		}
		for y := y0; y < y1; y++ {
			ring = append(ring, down[x1][y]...)
		}
		for x := x1 - 1; x >= x0; x-- {
			ring = append(ring, backwards(across[y1][x], corner(x+1, y1))...)
		}
		for y := y1 - 1; y >= y0; y-- {
			ring = append(ring, backwards(down[x0][y], corner(x0, y+1))...)
		}
		return ring
	}
	for y := 0; y < side; y += block {
		for x := 0; x < side; x += block {
			code := fmt.Sprintf("P%d.%d", x, y)
			parents = append(parents, Row{Area: coverage.Area{Code: code, Name: code, Parent: "K", Level: coverage.Town,
				Shape: polygonOf(ring(x, y, min(x+block, side), min(y+block, side)))}})
		}
	}
	fmt.Fprint(w, `{"type":"FeatureCollection","features":[`)
	var text []byte
	for y := range side {
		for x := range side {
			text = text[:0]
			if x+y > 0 {
				text = append(text, ',', '\n')
			}
			text = fmt.Appendf(text, `{"type":"Feature","properties":{"code":"%d.%d","name":"网格 %d","households":%d},"geometry":{"type":"Polygon","coordinates":`, x, y, x, 300+x)
			text = appendPolygon(text, coverage.Polygon{ring(x, y, x+1, y+1)}, geo.WGS84)
			text = append(text, `}}`...)
			w.Write(text)
		}
	}
	fmt.Fprint(w, `]}`)
	return parents, ring(0, 0, side, side)
}

// BenchmarkImport imports 35,000 polygons with 2 M vertices, with all checks: under 256 parents that share their vertices; under 256 that
// do not, so that each one needs overlays; under one; and at the top, without a parent. The memory is this process's, not PostgreSQL's.
func BenchmarkImport(b *testing.B) {
	const side = 188 // 35,344 areas
	path := b.TempDir() + "/areas.geojson"
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	parents, outline := bigFile(file, side, 12)
	info, _ := file.Stat()
	b.Logf("%d areas under %d parents, %d MB", side*side, len(parents), info.Size()>>20)
	for _, c := range []struct {
		name    string
		level   coverage.Level
		parents []Row
	}{
		{"clean", coverage.Community, parents},
		{"parents drawn by others", coverage.Community, coarse(parents)},
		{"one parent", coverage.Town, nil},
		{"at the top", coverage.County, nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				pool := dbtest.Open(b)
				err := db.InTx(b.Context(), pool, func(tx pgx.Tx) error {
					if c.level == coverage.County {
						return nil
					}
					rows := append([]Row{{Area: coverage.Area{Code: "K", Name: "K", Level: coverage.County, Shape: polygonOf(outline)}}}, c.parents...)
					_, err := Publish(accesstest.Operator(b), tx, slices.Values(rows), Edition{EffectiveAt: day, PublishedAt: day})
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := file.Seek(0, io.SeekStart); err != nil {
					b.Fatal(err)
				}
				runtime.GC()
				b.StartTimer()
				r, err := Areas(accesstest.Operator(b), pool, file, "areas.geojson", Options{Level: c.level, Code: "code", Name: "name", Households: "households", Codes: Free, ToleranceM: 5}, nil)
				if err != nil || r.Added != side*side {
					for _, p := range r.Problems[:min(3, len(r.Problems))] {
						b.Log(p)
					}
					b.Fatal(err)
				}
				b.ReportMetric(float64(r.Vertices), "vertices")
			}
			b.ReportMetric(peakMB(b), "MB-peak-RSS")
		})
	}
}

// BenchmarkPublish brings 23,000 clean areas in, as the loader of the demo county does.
func BenchmarkPublish(b *testing.B) {
	const side = 152
	rows, outline := bigFile(io.Discard, side, 1)
	county := Row{Area: coverage.Area{Code: "K", Name: "K", Level: coverage.County, Shape: polygonOf(outline)}}
	for range b.N {
		b.StopTimer()
		pool := dbtest.Open(b)
		b.StartTimer()
		err := db.InTx(b.Context(), pool, func(tx pgx.Tx) error {
			_, err := Publish(accesstest.Operator(b), tx, slices.Values(append([]Row{county}, rows...)), Edition{EffectiveAt: day, PublishedAt: day})
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// coarse takes a vertex out of each stretch of the parents' borders, as if somebody else had drawn them.
func coarse(parents []Row) []Row {
	out := slices.Clone(parents)
	for i := range out {
		var ring coverage.Ring
		for k, p := range out[i].Shape[0][0] {
			if k%14 != 7 {
				ring = append(ring, p)
			}
		}
		out[i].Shape = polygonOf(ring)
	}
	return out
}

// peakMB is the most memory that this process has held so far.
func peakMB(b *testing.B) float64 {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("no /proc here")
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.Atoi(strings.Fields(rest)[0])
			return float64(kb) / 1024
		}
	}
	return 0
}
