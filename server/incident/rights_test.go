package incident

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/geo"
	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/area/areatest"
	"jingwei/server/photo"
	"jingwei/server/photo/phototest"
	"jingwei/server/web"
)

func count(t testing.TB, pool *pgxpool.Pool, table string) (n int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func column[T any](t testing.TB, pool *pgxpool.Pool, sql string) []T {
	t.Helper()
	rows, err := pool.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	values, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return values
}

// load stores an incident in every micro-grid, one in the community that is not divided and one outside everything, and gives their titles,
// which are the codes of their owners, by id.
func load(t *testing.T, s *Service, pool *pgxpool.Pool) map[uuid.UUID]string {
	t.Helper()
	var incidents []Incident
	owners := map[uuid.UUID]string{}
	add := func(lon, lat float64) {
		place, err := geo.PointOf(lon, lat)
		if err != nil {
			t.Fatal(err)
		}
		at := now.Add(-time.Duration(len(incidents)) * time.Hour)
		i := New(NewID(at, fmt.Append(nil, lon, lat)), Report{ReportedAt: at, Channel: Resident, Item: "noise", Title: "t", Place: place}, s.snap.Locate(place), now)
		i.Title = "outside"
		if len(i.Codes) > 0 {
			i.Title = i.Codes[len(i.Codes)-1]
		}
		owners[i.ID] = i.Title
		incidents = append(incidents, i)
	}
	const micro = areatest.WidthDeg / 16
	for x := range 16 {
		for y := range 16 {
			add(areatest.WestDeg+micro*(float64(x)+0.4), areatest.SouthDeg+micro*(float64(y)+0.4))
		}
	}
	add(areatest.WestDeg-1, areatest.SouthDeg)
	since, until := span(incidents)
	if err := EnsureMonths(t.Context(), pool, since, until); err != nil {
		t.Fatal(err)
	}
	err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		_, err := Load(t.Context(), tx, s.keys, incidents)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return owners
}

// all pages through a list, few at a time.
func all(t *testing.T, ctx context.Context, s *Service, f Filter) (list []Incident, err error) { //nolint:revive // t first
	t.Helper()
	q := Question{Filter: f}
	for next := new(web.Place); next != nil; {
		q.After = *next
		var page []Incident
		if page, next, err = s.List(ctx, q, 7); err != nil {
			return nil, err
		}
		list = append(list, page...)
	}
	if !slices.IsSortedFunc(list, func(a, b Incident) int { return strings.Compare(b.ID.String(), a.ID.String()) }) {
		t.Error("not the newest first")
	}
	return list, nil
}

func TestListAndFindStayWithinTheGrantedAreas(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	owners := load(t, s, pool)
	for name, areas := range map[string][]access.Area{
		"county":             {{Code: "320282", Level: "county"}},
		"town":               {{Code: "320282001", Level: "town"}},
		"community":          {{Code: "320282001002", Level: "community"}},
		"grid":               {{Code: "320282001002003", Level: "grid"}},
		"micro":              {{Code: "32028200100200304", Level: "micro"}},
		"town and community": {{Code: "320282001", Level: "town"}, {Code: "320282002003", Level: "community"}},
		"undivided":          {{Code: "320282002004", Level: "community"}},
		"all levels":         {{Code: "320282003", Level: "town"}, {Code: "320282002003", Level: "community"}, {Code: "320282002001004", Level: "grid"}, {Code: "32028200100200304", Level: "micro"}},
		"unknown":            {{Code: "999999", Level: "county"}},
		"installation":       nil,
	} {
		for _, role := range []access.Role{access.Viewer, access.Worker, access.Handler, access.Dispatcher, access.Planner} {
			ctx := accesstest.Person(t, role, areas...)
			list, err := all(t, ctx, s, Filter{})
			if err != nil {
				t.Fatal(err)
			}
			seen := map[uuid.UUID]bool{}
			for _, i := range list {
				seen[i.ID] = true
			}
			for id, owner := range owners {
				want := areas == nil || slices.ContainsFunc(areas, func(a access.Area) bool { return strings.HasPrefix(owner, a.Code) })
				if seen[id] != want {
					t.Errorf("%s, %s: %s is listed: %v", role, name, owner, seen[id])
				}
				if _, err := s.Find(ctx, id); want && err != nil || !want && !is(err, web.NotFound) {
					t.Errorf("%s, %s: find %s: %v", role, name, owner, err)
				}
			}
		}
	}
}

func TestAnIdOutsideIsAnsweredLikeAnUnknownOne(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	ctx := accesstest.Person(t, access.Handler, access.Area{Code: "320282001", Level: "town"})
	for id, owner := range load(t, s, pool) {
		if strings.HasPrefix(owner, "320282001") {
			continue
		}
		_, outside := s.Find(ctx, id)
		unknown := uuid.New()
		_, none := s.Find(ctx, unknown)
		if outside == nil || strings.ReplaceAll(outside.Error(), id.String(), "") != strings.ReplaceAll(none.Error(), unknown.String(), "") {
			t.Fatalf("%v, and for an unknown one %v", outside, none)
		}
	}
}

func TestCursorsAndFiltersDoNotReachOutside(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	load(t, s, pool)
	ctx := accesstest.Person(t, access.Viewer, access.Area{Code: "320282001002", Level: "community"})
	chain := []string{"320282", "320282001", "320282001002", "320282001002003"}
	for _, filter := range []Filter{
		{Channels: []Channel{Resident}}, {Items: []string{"noise"}}, {Statuses: []Status{Collected}},
		{From: now.AddDate(-1, 0, 0), To: now.AddDate(1, 0, 0)}, {Areas: [][]string{chain[:1]}}, {Areas: [][]string{chain[:2]}}, {Areas: [][]string{chain[:3]}},
	} {
		list, err := all(t, ctx, s, filter)
		if err != nil || len(list) != 16 {
			t.Errorf("%+v: %d incidents, %v; want 16", filter, len(list), err)
		}
		for _, i := range list {
			if !slices.Contains(i.Codes, "320282001002") {
				t.Errorf("%+v gives %s", filter, i.Title)
			}
		}
	}
	if list, err := all(t, ctx, s, Filter{Areas: [][]string{chain}}); err != nil || len(list) != 4 {
		t.Errorf("an area inside: %d, %v", len(list), err)
	}
	for _, beside := range [][]string{{"320282", "320282002"}, {"320282", "320282001", "320282001001"}, {"320283"}} {
		_, _, err := s.List(ctx, Question{Filter: Filter{Areas: [][]string{beside}}}, 10)
		p, ok := web.AsProblem(err)
		if !ok || p.Code != web.Forbidden || p.Errors[0].Location != "query.area" {
			t.Errorf("%v: %v", beside, err)
		}
	}
}

func TestNobodyElseSeesIncidents(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	owners := load(t, s, pool)
	machine := access.Machine(uuid.New(), uuid.New(), "hotline", []access.Grant{{Role: access.Dispatcher}}, []access.Action{access.IncidentIntake})
	for name, try := range map[string]struct {
		ctx  context.Context
		want web.Code
	}{
		"public":         {t.Context(), web.LoginRequired},
		"system_admin":   {accesstest.Person(t, access.SystemAdmin), web.Forbidden},
		"security_admin": {accesstest.Person(t, access.SecurityAdmin), web.Forbidden},
		"auditor":        {accesstest.Person(t, access.Auditor), web.Forbidden},
		"token":          {access.With(t.Context(), machine), web.Forbidden},
	} {
		if _, _, err := s.List(try.ctx, Question{}, 10); !is(err, try.want) {
			t.Errorf("%s lists: %v", name, err)
		}
		for id := range owners {
			if _, err := s.Find(try.ctx, id); !is(err, try.want) {
				t.Errorf("%s finds: %v", name, err)
			}
			break
		}
	}
}

func TestChannelsNeedIntake(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	town, beside := access.Area{Code: "320282001", Level: "town"}, access.Area{Code: "320282004", Level: "town"}
	machine := func(scopes ...access.Action) context.Context {
		return access.With(t.Context(), access.Machine(uuid.New(), uuid.New(), "hotline", []access.Grant{{Role: access.Dispatcher, Area: "320282001", Level: "town"}}, scopes))
	}
	outside, _ := geo.PointOf(118, 31)
	for name, try := range map[string]struct {
		ctx     context.Context
		outside bool
		refused web.Code // of the channels that need the right; "" allows them
	}{
		"public":             {t.Context(), false, web.LoginRequired},
		"viewer":             {accesstest.Person(t, access.Viewer, town), false, web.Forbidden},
		"handler":            {accesstest.Person(t, access.Handler, town), false, web.Forbidden},
		"worker":             {accesstest.Person(t, access.Worker, town), false, ""},
		"dispatcher":         {accesstest.Person(t, access.Dispatcher, town), false, ""},
		"worker beside":      {accesstest.Person(t, access.Worker, beside), false, web.Forbidden},
		"token":              {machine(access.IncidentIntake), false, ""},
		"token to read":      {machine(access.IncidentRead), false, web.Forbidden},
		"worker outside":     {accesstest.Person(t, access.Worker, town), true, web.Forbidden},
		"dispatcher of all":  {accesstest.Person(t, access.Dispatcher), true, ""},
		"public outside all": {t.Context(), true, web.LoginRequired},
	} {
		for channel := range ChannelNames {
			if channel == Import {
				continue
			}
			r := Report{Channel: channel, Item: "noise", Title: "噪声", Place: someReport().Place}
			if try.outside {
				r.Place = outside
			}
			_, _, created, err := s.Create(try.ctx, r, "", nil)
			if want := channel == Resident || channel == Courier || try.refused == ""; created != want {
				t.Errorf("%s, %s: created %v, %v", name, channel, created, err)
			} else if p, _ := web.AsProblem(err); !want && (p == nil || p.Code != try.refused || p.Errors[0].Location != "body.channel") {
				t.Errorf("%s, %s: %v", name, channel, err)
			}
		}
	}
}

// Photos are asked for by the services themselves, whoever calls them.
func TestPhotosAskForTheIncident(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	r := someReport()
	kept, _, err := photo.NewService(pool, s.now).Upload(t.Context(), phototest.JPEG(9, 9))
	if err != nil {
		t.Fatal(err)
	}
	r.Photos = []uuid.UUID{kept.ID}
	i, _ := mustCreate(t, s, t.Context(), r, "")
	other, _ := mustCreate(t, s, t.Context(), someReport(), "")
	within, beside := accesstest.Person(t, access.Viewer, access.Area{Code: "320282001", Level: "town"}), accesstest.Person(t, access.Viewer, access.Area{Code: "320282002", Level: "town"})
	if got, err := s.Photo(within, i.ID, kept.ID); err != nil || !bytes.Equal(got.JPEG, kept.JPEG) {
		t.Errorf("within: %v", err)
	}
	if ids, err := s.Photos(within, i); err != nil || !slices.Equal(ids, r.Photos) {
		t.Errorf("within: %v, %v", ids, err)
	}
	for name, c := range map[string]struct {
		ctx          context.Context
		incident, id uuid.UUID
		one, list    web.Code
	}{
		"public":            {t.Context(), i.ID, kept.ID, web.LoginRequired, web.LoginRequired},
		"beside":            {beside, i.ID, kept.ID, web.NotFound, web.Forbidden},
		"system admin":      {accesstest.Person(t, access.SystemAdmin), i.ID, kept.ID, web.Forbidden, web.Forbidden},
		"another incident":  {within, other.ID, kept.ID, web.NotFound, ""},
		"another photo":     {within, i.ID, uuid.New(), web.NotFound, ""},
		"unknown incidents": {within, uuid.New(), kept.ID, web.NotFound, ""},
	} {
		if _, err := s.Photo(c.ctx, c.incident, c.id); !is(err, c.one) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.Photos(c.ctx, i); c.list == "" && err != nil || c.list != "" && !is(err, c.list) {
			t.Errorf("%s: the list gives %v", name, err)
		}
	}
}
