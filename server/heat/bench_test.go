package heat

import (
	"context"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/paulmach/orb/maptile"

	"jingwei/data/demo"
	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/geo/hexbin"
	"jingwei/geo/mvt"
	"jingwei/geo/snap"
	"jingwei/server/access"
	"jingwei/server/incident"
)

// manyIncidents are those of a year in the bar.
const manyIncidents = 5_000_000

// many is a service that counts a year of incidents of the demo county, without a database, and where one in a thousand of them lies.
func many(b *testing.B, until time.Time) (s *Service, sample []geo.Point) {
	b.Helper()
	county, err := demo.Generate(demo.Config{Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	areas := make([]coverage.Area, len(county.Areas))
	for i := range county.Areas {
		areas[i] = county.Areas[i].Area
	}
	c, err := coverage.Build(areas)
	if err != nil {
		b.Fatal(err)
	}
	index := snap.Build(c)
	chains := map[coverage.ID][]string{coverage.None: nil}
	l := newLedger()
	rows := make([]hexbin.Row, 0, 50_000)
	put := func() {
		if err := l.table.Add(rows); err != nil {
			b.Fatal(err)
		}
		rows = rows[:0]
	}
	n := 0
	for d := range county.Incidents(demo.IncidentConfig{Seed: 1, Count: manyIncidents, Until: until}) {
		owner := index.Locate(d.Point)
		if _, known := chains[owner]; !known {
			for _, id := range c.Chain(owner) {
				chains[owner] = append(chains[owner], c.Code(id))
			}
		}
		row, err := l.row(&incident.Counted{
			Cell: geo.CellAt(d.Point, geo.IncidentResolution), ReportedAt: d.ReportedAt, Item: d.Item, Channel: incident.Channel(d.Channel),
			Status: incident.Status(d.Status), Codes: chains[owner],
		})
		if err != nil {
			b.Fatal(err)
		}
		if rows = append(rows, row); len(rows) == cap(rows) {
			put()
		}
		if n++; n%1000 == 0 {
			sample = append(sample, d.Point)
		}
	}
	put()
	s = NewService(nil, nil, nil, nil, nil, time.Now)
	s.state.Store(&state{ledger: l})
	return s, sample
}

// anyFilter chooses by each thing that can be chosen by, or not.
func anyFilter(random *rand.Rand, l *ledger, until time.Time) (f incident.Filter) {
	sometimes := func() bool { return random.IntN(2) == 0 }
	if sometimes() {
		f.From = until.Add(-time.Duration(random.Int64N(int64(demo.Span))))
		if sometimes() {
			f.To = f.From.Add(time.Duration(random.Int64N(int64(90 * 24 * time.Hour))))
		}
	}
	if sometimes() {
		f.Hours = random.Perm(24)[:1+random.IntN(23)]
	}
	if sometimes() {
		for _, day := range random.Perm(7)[:1+random.IntN(6)] {
			f.Weekdays = append(f.Weekdays, day+1)
		}
	}
	if sometimes() {
		for _, i := range random.Perm(len(l.items))[:1+random.IntN(len(l.items)-1)] {
			f.Items = append(f.Items, l.items[i])
		}
	}
	if sometimes() {
		for _, i := range random.Perm(len(channels))[:1+random.IntN(len(channels)-1)] {
			f.Channels = append(f.Channels, channels[i])
		}
	}
	if sometimes() {
		for _, i := range random.Perm(len(statuses))[:1+random.IntN(len(statuses)-1)] {
			f.Statuses = append(f.Statuses, statuses[i])
		}
	}
	if chain := l.chains[random.IntN(len(l.chains))]; sometimes() && len(chain) > 1 {
		f.Areas = [][]string{chain[:1+random.IntN(len(chain)-1)]}
	}
	return f
}

// BenchmarkFirstTile asks for a tile of each of 200 random filters over five million incidents, all different, at any zoom and where incidents
// are: counting, classes, cutting, compressing. Of each the best of some times counts, because the machine has other work too; none finds anything
// that was counted before.
func BenchmarkFirstTile(b *testing.B) {
	until := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	s, sample := many(b, until)
	type question struct {
		f       incident.Filter
		z, x, y int
	}
	random := rand.New(rand.NewPCG(5, 5))
	questions := make([]question, 200)
	best := make([]time.Duration, len(questions))
	for i := range questions {
		lon, lat := sample[random.IntN(len(sample))].Degrees()
		z := mvt.MinZoom + random.IntN(mvt.MaxZoom-mvt.MinZoom+1)
		at := maptile.At([2]float64{lon, lat}, maptile.Zoom(z))
		questions[i], best[i] = question{anyFilter(random, s.state.Load().ledger, until), z, int(at.X), int(at.Y)}, time.Hour
	}
	runtime.GC()
	b.ResetTimer()
	for b.Loop() {
		for i, q := range questions {
			for range 5 {
				begin := time.Now()
				s.firstTile(b, q.f, q.z, q.x, q.y)
				best[i] = min(best[i], time.Since(begin))
				s.kept = newKept(time.Now)
			}
		}
	}
	slices.Sort(best)
	b.ReportMetric(best[len(best)/2].Seconds()*1000, "ms-median")
	b.ReportMetric(best[len(best)*19/20].Seconds()*1000, "ms-p95")
	b.ReportMetric(best[len(best)-1].Seconds()*1000, "ms-slowest")
}

func (s *Service) firstTile(b *testing.B, f incident.Filter, z, x, y int) {
	b.Helper()
	scope := access.Scope{All: true}
	in := &TileInput{Z: strconv.Itoa(z), X: strconv.Itoa(x), File: strconv.Itoa(y) + ".mvt", Encodings: "gzip"}
	if _, err := in.answer(heatPath, func(z, x, y int) ([]byte, error) {
		resolution, err := resolutionOf(z, 0)
		if err != nil {
			return nil, err
		}
		v, err := (&question{s, f, scope, keyOf(&f, scope)}).view(context.Background(), nil, resolution)
		if err != nil {
			return nil, err
		}
		return v.heatTile(z, x, y), nil
	}); err != nil {
		b.Fatal(err)
	}
}
