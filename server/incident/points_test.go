package incident

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/db/dbtest"
	"jingwei/server/web"
)

// Points and lists are the same incidents, in opposite orders.
func TestPointsAreTheListInColumns(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	load(t, s, pool)
	from, to := now.Add(-200*time.Hour), now.Add(-5*time.Hour)
	for name, areas := range map[string][]access.Area{
		"installation": nil,
		"community":    {{Code: "320282001002", Level: "community"}},
		"unknown":      {{Code: "999999", Level: "county"}},
	} {
		ctx := accesstest.Person(t, access.Viewer, areas...)
		for what, f := range map[string]Filter{
			"all": {From: from, To: to}, "item": {From: from, To: to, Items: []string{"noise"}}, "none": {From: from, To: to, Items: []string{"illegal_parking"}},
			"town": {From: from, To: to, Areas: [][]string{{"320282", "320282001"}}}, "outside": {From: now.AddDate(-1, 0, 0), To: now.AddDate(1, 0, 0)},
		} {
			list, err := all(t, ctx, s, f)
			points, errPoints := s.Points(ctx, f, true)
			if name == "unknown" && what == "town" {
				if !is(errPoints, web.Forbidden) {
					t.Errorf("%s, %s: %v", name, what, errPoints)
				}
				continue
			}
			if err != nil || errPoints != nil {
				t.Fatal(err, errPoints)
			}
			if points.Count != len(list) || points.Truncated || len(points.At) != points.Count || len(points.Town) != points.Count {
				t.Fatalf("%s, %s: %d points, %d are listed", name, what, points.Count, len(list))
			}
			slices.Reverse(list)
			for n, i := range list {
				lon, lat := i.Place.Degrees()
				same := points.ID[n] == i.ID && points.Items[points.Item[n]] == i.Item && points.Channels[points.Channel[n]] == i.Channel &&
					math.Abs(float64(points.Lon[n])-lon*1e6) <= 0.5 && math.Abs(float64(points.Lat[n])-lat*1e6) <= 0.5 &&
					points.At[n] == int64(math.Floor(i.ReportedAt.Sub(f.From).Seconds()))
				if len(i.Codes) < 2 {
					same = same && points.Town[n] == -1
				} else {
					same = same && points.Areas[points.Town[n]] == i.Codes[1]
				}
				if !same {
					t.Errorf("%s, %s: point %d is not %s", name, what, n, i.ID)
				}
			}
		}
	}
}

func TestPointsHaveBothEndsAndIdsOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	load(t, s, pool)
	ctx := accesstest.Person(t, access.Viewer)
	for _, f := range []Filter{{}, {From: now}, {To: now}} {
		if _, err := s.Points(ctx, f, false); !is(err, web.Invalid) {
			t.Errorf("%+v: %v", f, err)
		}
	}
	points, err := s.Points(ctx, Filter{From: now.Add(-time.Hour), To: now.Add(time.Hour)}, false)
	if err != nil || points.Count == 0 || points.ID != nil {
		t.Errorf("%+v, %v", points, err)
	}
	whole := Filter{From: now.AddDate(-1, 0, 0), To: now.AddDate(1, 0, 0)}
	every, err := s.points(ctx, whole, true, 257)
	first, errFirst := s.points(ctx, whole, true, 256)
	if err != nil || errFirst != nil || every.Truncated || !first.Truncated || !slices.Equal(first.ID, every.ID[:256]) || len(first.At) != 256 {
		t.Errorf("of 257 points 257: %v, %v; 256: %v, %v", every.Truncated, err, first.Truncated, errFirst)
	}
	ancient := Filter{From: time.Date(1, 6, 1, 0, 0, 0, 500, time.UTC), To: now.Add(time.Hour)}
	if points, err = s.points(ctx, ancient, true, 1); err != nil || points.At[0] != instantOf(points.ID[0]).Unix()-ancient.From.Unix()-1 {
		t.Errorf("since the year 1: %+v, %v", points, err)
	}
	if _, err := s.Points(t.Context(), Filter{From: now.Add(-time.Hour), To: now}, false); !is(err, web.LoginRequired) {
		t.Errorf("the public: %v", err)
	}
}

// TestLookIsBounded: what the database would look for too long is given up, and so told.
func TestLookIsBounded(t *testing.T) {
	t.Parallel()
	pool := dbtest.Open(t)
	var bound string
	err := Look(t.Context(), pool, func(tx pgx.Tx) error {
		if err := tx.QueryRow(t.Context(), `SHOW statement_timeout`).Scan(&bound); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `SET LOCAL statement_timeout = '20ms'; SELECT pg_sleep(60)`)
		return err
	})
	if bound != listTimeout || !is(err, web.Timeout) {
		t.Errorf("bound by %s: %v", bound, err)
	}
}
