package heat

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/incident"
	"jingwei/server/web"
)

// sqlCounts is the slow and obvious twin: what SQL counts by an expression. NULL is no group.
func (f *fixture) sqlCounts(q *question, expression string) map[string]int64 {
	f.t.Helper()
	where, err := q.filter.Where(q.scope)
	if err != nil {
		f.t.Fatal(err)
	}
	rows, err := f.pool.Query(f.t.Context(), `SELECT (`+expression+`)::text, count(*) FROM incident WHERE `+where.String()+` GROUP BY 1`,
		append([]any{pgx.QueryExecModeCacheDescribe}, where.Args()...)...)
	if err != nil {
		f.t.Fatal(err)
	}
	counts := map[string]int64{}
	var key *string
	var n int64
	if _, err := pgx.ForEachRow(rows, []any{&key, &n}, func() error {
		if key != nil {
			counts[*key] += n
		}
		return nil
	}); err != nil {
		f.t.Fatal(err)
	}
	return counts
}

// expressions of what counts are grouped by.
var expressions = map[By]string{
	ByItem: "item", ByChannel: "channel", ByStatus: "status", "town": "town", "community": "community", "grid": "grid", "micro": "micro",
	ByHour:    "extract(hour FROM reported_at AT TIME ZONE 'Asia/Shanghai')::int",
	ByWeekday: "extract(isodow FROM reported_at AT TIME ZONE 'Asia/Shanghai')::int",
}

// agree compares everything that a service answers to a filter with SQL, and tells how many incidents there were.
func (f *fixture) agree(ctx context.Context, s *Service, filter incident.Filter, resolution int) int64 {
	f.t.Helper()
	q, err := s.ask(ctx, filter)
	if err != nil {
		f.t.Fatal(err)
	}
	var total int64
	for _, n := range f.sqlCounts(q, "1") {
		total += n
	}
	answer, err := s.Counts(ctx, filter, ByTotal)
	if err != nil || answer.Total != total || len(answer.Groups) != 0 {
		f.t.Fatalf("%d in all and %d groups, want %d, for %s: %v", answer.Total, len(answer.Groups), total, q.key, err)
	}
	for by, expression := range expressions {
		answer, err := s.Counts(ctx, filter, by)
		if err != nil {
			f.t.Fatal(err)
		}
		got := map[string]int64{}
		for _, g := range answer.Groups {
			if g.Count > 0 {
				got[g.Key] = g.Count
			}
			if g.Name == "" {
				f.t.Fatalf("%s %s has no name", by, g.Key)
			}
		}
		if want := f.sqlCounts(q, expression); !maps.Equal(got, want) || answer.Total != total {
			f.t.Fatalf("by %s: %v, want %v, for %s", by, got, want, q.key)
		}
	}
	want := map[geo.Cell]int64{}
	for key, n := range f.sqlCounts(q, "cell") {
		id, err := strconv.ParseInt(key, 10, 64)
		if err != nil {
			f.t.Fatal(err)
		}
		want[geo.Cell(id).Parent(resolution)] += n
	}
	v, err := q.view(ctx, nil, resolution)
	if err != nil {
		f.t.Fatal(err)
	}
	got := map[geo.Cell]int64{}
	for i, c := range v.cells {
		got[c] = int64(v.counts[i])
	}
	if !maps.Equal(got, want) || v.total != total {
		f.t.Fatalf("%d cells of resolution %d, want %d, for %s", len(got), resolution, len(want), q.key)
	}
	return total
}

// readers are people with rights on different parts.
func readers(t testing.TB) map[string]context.Context {
	t.Helper()
	viewer := func(areas ...access.Area) context.Context { return accesstest.Person(t, access.Viewer, areas...) }
	return map[string]context.Context{
		"everything": viewer(),
		"county":     viewer(access.Area{Code: "320282", Level: "county"}),
		"town":       viewer(access.Area{Code: "320282001", Level: "town"}),
		"grid":       viewer(access.Area{Code: "320282001002003", Level: "grid"}),
		"scattered": viewer(access.Area{Code: "320282003", Level: "town"}, access.Area{Code: "320282002004", Level: "community"},
			access.Area{Code: "32028200100200304", Level: "micro"}),
		"unknown": viewer(access.Area{Code: "999999", Level: "county"}),
	}
}

// randomFilter is one that the reader may ask for.
func (f *fixture) randomFilter(random *rand.Rand, until time.Time, days int) incident.Filter {
	var filter incident.Filter
	if random.IntN(3) > 0 {
		filter.From = until.Truncate(time.Minute).Add(-time.Duration(random.IntN(days*24*60)) * time.Minute)
		if random.IntN(2) == 0 {
			filter.To = filter.From.Add(time.Duration(1+random.IntN(days*24*60)) * time.Minute)
		}
	}
	for hour := range 24 {
		if random.IntN(2) == 0 && days%2 == 0 {
			filter.Hours = append(filter.Hours, hour)
		}
	}
	if random.IntN(2) == 0 {
		filter.Hours = nil
	}
	if random.IntN(3) == 0 {
		filter.Weekdays = []int{1 + random.IntN(7), 1 + random.IntN(7), 7}
	}
	if random.IntN(3) == 0 {
		filter.Items = []string{itemCodes[random.IntN(len(itemCodes))], itemCodes[0], "unknown"}
	}
	if random.IntN(3) == 0 {
		filter.Channels = []incident.Channel{channels[random.IntN(len(channels))], incident.Worker}
	}
	if random.IntN(3) == 0 {
		filter.Statuses = []incident.Status{statuses[random.IntN(len(statuses))], incident.Closed}
	}
	if random.IntN(3) == 0 {
		atlas := f.areas.Current()
		for range 1 + random.IntN(3) {
			filter.Areas = append(filter.Areas, atlas.Codes(coverage.ID(random.IntN(atlas.Coverage.Len()))))
		}
	}
	return filter
}

// Whatever the filter and whoever asks, counts are those of SQL within the same rights.
func TestCountsAreThoseOfSQL(t *testing.T) {
	t.Parallel()
	f := setup(t)
	random := rand.New(rand.NewPCG(5, 1))
	const days = 100
	until := time.Now()
	f.load(f.some(random, 6000, days, until))
	s := f.count()
	f.settle(s)
	who := readers(t)
	names := slices.Sorted(maps.Keys(who))
	sum, refused := int64(0), 0
	for n := range 200 {
		name := names[n%len(names)]
		filter := f.randomFilter(random, until, days)
		if _, err := s.ask(who[name], filter); err != nil {
			if p, ok := web.AsProblem(err); !ok || p.Code != web.Forbidden || len(filter.Areas) == 0 {
				t.Fatalf("%s: %v", name, err)
			}
			refused++
			filter.Areas = nil
		}
		total := f.agree(who[name], s, filter, 3+random.IntN(9))
		if name == "unknown" && total != 0 {
			t.Errorf("%d incidents in an area that there is not", total)
		}
		sum += total
	}
	if sum < 10_000 || refused == 0 {
		t.Errorf("%d incidents were counted and %d questions refused: too few to tell", sum, refused)
	}
	if all := f.agree(who["everything"], s, incident.Filter{}, 11); all != 6000 {
		t.Errorf("%d incidents", all)
	}
	for _, ctx := range []context.Context{t.Context(), access.With(t.Context(), access.Nobody)} {
		if _, err := s.Counts(ctx, incident.Filter{}, ByTotal); !is(err, web.LoginRequired) {
			t.Errorf("nobody: %v", err)
		}
	}
}

func is(err error, code web.Code) bool {
	p, ok := web.AsProblem(err)
	return ok && p.Code == code
}

// A series has the steps of Asia/Shanghai, and all that SQL counts in each.
func TestSeriesIsThatOfSQL(t *testing.T) {
	t.Parallel()
	f := setup(t)
	random := rand.New(rand.NewPCG(6, 1))
	until := time.Now()
	f.load(f.some(random, 3000, 60, until))
	s := f.count()
	f.settle(s)
	for name, ctx := range readers(t) {
		for step, length := range map[string]time.Duration{
			"5m": 5 * time.Minute, "15m": 15 * time.Minute, "1h": time.Hour, "1d": 24 * time.Hour, "1w": 7 * 24 * time.Hour,
		} {
			from := until.Truncate(time.Minute).Add(-time.Duration(1+random.IntN(10*24*60)) * time.Minute)
			filter := incident.Filter{From: from, To: from.Add(time.Duration(1+random.IntN(12*24*60)) * time.Minute), Items: itemCodes[:3]}
			series, err := s.Series(ctx, filter, step)
			if err != nil {
				t.Fatal(err)
			}
			q, err := s.ask(ctx, filter)
			if err != nil {
				t.Fatal(err)
			}
			want := make([]uint32, len(series.Counts))
			for at, n := range f.sqlCounts(q, fmt.Sprintf("floor(extract(epoch FROM date_bin('%d seconds', reported_at AT TIME ZONE 'Asia/Shanghai', '2001-01-01') AT TIME ZONE 'Asia/Shanghai'))::bigint", int(length.Seconds()))) {
				second, err := strconv.ParseInt(at, 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				place := (second - series.From.Unix()) / series.StepS
				if (second-series.From.Unix())%series.StepS != 0 || place < 0 || place >= int64(len(want)) {
					t.Fatalf("%s, %s: %d is no step of a series from %s", name, step, second, series.From)
				}
				want[place] += uint32(n)
			}
			if !slices.Equal(series.Counts, want) || series.StepS != int64(length.Seconds()) {
				t.Errorf("%s, %s: %v, want %v", name, step, series.Counts, want)
			}
			if series.From.After(filter.From) || filter.From.Sub(series.From) >= length {
				t.Errorf("%s: a series from %s begins at %s", step, filter.From, series.From)
			}
		}
	}
	ctx := readers(t)["everything"]
	if _, err := s.Series(ctx, incident.Filter{From: until.AddDate(-1, 0, 0), To: until}, "5m"); !is(err, web.Invalid) {
		t.Errorf("a hundred thousand steps: %v", err)
	}
	if series, err := s.Series(ctx, incident.Filter{}, "1h"); err != nil || len(series.Counts) != 25 {
		t.Errorf("the last day has %d hours begun, %v", len(series.Counts), err)
	}
	if _, err := s.Series(t.Context(), incident.Filter{}, "1h"); !is(err, web.LoginRequired) {
		t.Error(errors.Join(errors.New("nobody"), err))
	}
}
