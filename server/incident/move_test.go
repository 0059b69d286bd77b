package incident

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"jingwei/geo"
	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/db"
	"jingwei/server/db/dbtest"
	"jingwei/server/live"
	"jingwei/server/photo"
	"jingwei/server/photo/phototest"
	"jingwei/server/snap"
	"jingwei/server/web"
)

// Places in areatest's county, by the micro-grid that owns them.
var (
	inFirstTown  = point(119.801, 31.339)   // 32028200100100101
	inSecondTown = point(119.8214, 31.3214) // 32028200200…
	outsideAll   = point(118.8, 31.3)
)

func point(lon, lat float64) geo.Point {
	p, err := geo.PointOf(lon, lat)
	if err != nil {
		panic(err)
	}
	return p
}

func moved(t *testing.T, s *Service) (events []live.Event) {
	t.Helper()
	rows, err := s.pool.Query(t.Context(), `SELECT areas, data, change FROM event WHERE kind = 'incident.moved' ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var e live.Event
		if err := rows.Scan(&e.Areas, &e.Data, &e.Change); err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

func TestMove(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	r := someReport()
	accuracyM := 30.0
	r.AccuracyM = &accuracyM
	p, _, err := photo.NewService(pool, s.now).Upload(t.Context(), phototest.JPEG(9, 9))
	if err != nil {
		t.Fatal(err)
	}
	r.Photos = []uuid.UUID{p.ID}
	before, receipt := mustCreate(t, s, t.Context(), r, "")
	dispatcher := accesstest.Person(t, access.Dispatcher)
	for n, place := range []geo.Point{inSecondTown, outsideAll, inFirstTown} {
		to, err := s.Move(dispatcher, before.ID, place, "欧阳试密 13987651234 说在  路口", before.Version())
		if err != nil {
			t.Fatal(err)
		}
		found, err := s.Find(dispatcher, before.ID)
		if err != nil || found.Version() != to.Version() {
			t.Fatalf("answered %+v, stored %+v, %v", to, found, err)
		}
		owner := s.snap.Locate(place)
		if to.Place != place || to.Cell != geo.CellAt(place, 12) || !slices.Equal(to.Codes, owner.Codes) || to.Snap != owner.Status || to.Review != "" || to.AccuracyM != nil ||
			(to.Branch == "") != (owner.Branch == nil) || (to.County == "") != (owner.Status == snap.Outside) {
			t.Errorf("moved to %+v", to)
		}
		events := moved(t, s)
		if len(events) != n+1 {
			t.Fatalf("%d events after %d moves", len(events), n+1)
		}
		var change Change
		if err := json.Unmarshal(events[n].Change, &change); err != nil {
			t.Fatal(err)
		}
		all := slices.Concat(before.Codes, to.Codes)
		for _, code := range all {
			if !slices.Contains(events[n].Areas, code) {
				t.Errorf("those of %s are not told: %v", code, events[n].Areas)
			}
		}
		if data := string(events[n].Data); data != `{"id": "`+before.ID.String()+`"}` || change.From.Cell != before.Cell || change.To.Cell != to.Cell ||
			!slices.Equal(change.From.Codes, append([]string{}, before.Codes...)) || !slices.Equal(change.To.Codes, append([]string{}, to.Codes...)) {
			t.Errorf("event %s %+v", data, change)
		}
		before = to
	}
	history, _, err := s.History(dispatcher, before.ID)
	if err != nil || len(history) != 3 || history[0].From.Lon != 119.801 || !slices.Equal(history[0].To.Areas, history[1].From.Areas) || len(history[1].To.Areas) != 0 || history[2].Deed != Moved ||
		history[0].Reason != "欧阳** 139****1234 说在 路口" || history[0].By != "dispatcher" {
		t.Errorf("history %+v, %v", history, err)
	}
	if got := audited(t, pool, "incident.move"); strings.Count(got, "\n") != 3 || strings.Contains(got, "试密") || !strings.Contains(got, "欧阳** 139****1234 说在 路口") {
		t.Errorf("the log says:\n%s", got)
	}
	// What belongs to it went with it.
	if full, err := s.Unseal(dispatcher, before.ID, "回访报告人"); err != nil || full.Name != someone.Name {
		t.Errorf("reporter: %v", err)
	}
	if photos, err := s.Photos(dispatcher, before); err != nil || len(photos) != 1 {
		t.Errorf("photos %v, %v", photos, err)
	}
	if followed, _, err := s.Follow(t.Context(), receipt); err != nil || followed.Place != inFirstTown {
		t.Errorf("receipt: %+v, %v", followed, err)
	}
}

func TestConfirm(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	r := someReport()
	r.Place = outsideAll
	i, _ := mustCreate(t, s, t.Context(), r, "")
	if i.Review != OutsideReview {
		t.Fatalf("review %q", i.Review)
	}
	dispatcher := accesstest.Person(t, access.Dispatcher)
	first, err := s.Confirm(dispatcher, i.ID, "", i.Version())
	if err != nil || first.Review != "" || first.Place != i.Place {
		t.Fatalf("%+v, %v", first, err)
	}
	// A move to where it lies is a confirmation; what nobody has to look at is not touched.
	other, _ := mustCreate(t, s, t.Context(), r, "")
	if _, err := s.Move(dispatcher, other.ID, other.Place, "位置没有错", other.Version()); err != nil {
		t.Fatal(err)
	}
	if again, err := s.Confirm(dispatcher, i.ID, "没有错", first.Version()); err != nil || again.Version() != first.Version() {
		t.Fatalf("%+v, %v", again, err)
	}
	if again, err := s.Move(dispatcher, i.ID, i.Place, "位置没有错", ""); err != nil || again.Version() != first.Version() {
		t.Fatalf("%+v, %v", again, err)
	}
	history, _, err := s.History(dispatcher, i.ID)
	moves, _, errMoves := s.History(dispatcher, other.ID)
	if err != nil || errMoves != nil || len(history) != 1 || history[0].Deed != Confirmed || len(moves) != 1 || moves[0].Deed != Confirmed || moves[0].Reason != "位置没有错" {
		t.Errorf("history %+v, %v; %+v, %v", history, err, moves, errMoves)
	}
	if events := moved(t, s); len(events) != 2 || len(events[0].Areas) != 0 {
		t.Errorf("events %+v", events)
	}
	if got := audited(t, pool, "incident.confirm"); strings.Count(got, "\n") != 2 {
		t.Errorf("the log says:\n%s", got)
	}
}

func TestMoveIsRefused(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	i, _ := mustCreate(t, s, t.Context(), someReport(), "")
	r := someReport()
	r.Place = outsideAll
	none, _ := mustCreate(t, s, t.Context(), r, "")
	first, second := access.Area{Code: "320282001", Level: "town"}, access.Area{Code: "320282002", Level: "town"}
	for name, c := range map[string]struct {
		role    access.Role
		areas   []access.Area
		id      uuid.UUID
		to      geo.Point
		reason  string
		version string
		want    web.Code
	}{
		"viewer":                  {access.Viewer, nil, i.ID, inSecondTown, "在路口对面", "", web.Forbidden},
		"out of the own town":     {access.Dispatcher, []access.Area{first}, i.ID, inSecondTown, "在路口对面", "", web.Forbidden},
		"out of everything":       {access.Dispatcher, []access.Area{first, second}, i.ID, outsideAll, "在路口对面", "", web.Forbidden},
		"into the own town":       {access.Dispatcher, []access.Area{second}, i.ID, inSecondTown, "在路口对面", "", web.NotFound},
		"from nowhere to the own": {access.Dispatcher, []access.Area{second}, none.ID, inSecondTown, "在路口对面", "", web.NotFound},
		"unknown":                 {access.Dispatcher, nil, uuid.New(), inSecondTown, "在路口对面", "", web.NotFound},
		"without a reason":        {access.Dispatcher, nil, i.ID, inSecondTown, " 对 面 ", "", web.Invalid},
		"of an older one":         {access.Dispatcher, nil, i.ID, inSecondTown, "在路口对面", none.Version(), web.Stale},
	} {
		if _, err := s.Move(accesstest.Person(t, c.role, c.areas...), c.id, c.to, c.reason, c.version); !is(err, c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if _, err := s.Confirm(accesstest.Person(t, access.Dispatcher, second), i.ID, "", ""); !is(err, web.NotFound) {
		t.Errorf("confirmed from beside: %v", err)
	}
	if _, err := s.Confirm(accesstest.Person(t, access.Handler), i.ID, "", ""); !is(err, web.Forbidden) {
		t.Errorf("confirmed by a handler: %v", err)
	}
	if events := moved(t, s); len(events) != 0 {
		t.Errorf("%d events of what was refused", len(events))
	}
	if to, err := s.Move(accesstest.Person(t, access.Dispatcher, first, second), i.ID, inSecondTown, "在路口对面", ""); err != nil || to.Codes[1] != second.Code {
		t.Errorf("between two towns of the actor: %v, %v", to.Codes, err)
	}
}

// eightAtOnce decides so often at the same time, and gives how many were not told that somebody was faster.
func eightAtOnce(t *testing.T, decide func(n int) error) (done int) {
	t.Helper()
	var all sync.WaitGroup
	errs := make([]error, 8)
	for n := range errs {
		all.Go(func() { errs[n] = decide(n) })
	}
	all.Wait()
	for _, err := range errs {
		if err == nil {
			done++
		} else if !is(err, web.Stale) {
			t.Error(err)
		}
	}
	return done
}

// Of several who decide by the same picture one does, and the others are told.
func TestNoMoveIsLost(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	i, _ := mustCreate(t, s, t.Context(), someReport(), "")
	dispatcher := accesstest.Person(t, access.Dispatcher)
	done := eightAtOnce(t, func(n int) error {
		_, err := s.Move(dispatcher, i.ID, point(119.8214, 31.3214+float64(n)/1000), "在路口对面", i.Version())
		return err
	})
	history, _, err := s.History(dispatcher, i.ID)
	if err != nil || done != 1 || len(history) != 1 || len(moved(t, s)) != 1 {
		t.Errorf("%d moved, history %+v, %v", done, history, err)
	}
}

func TestHistoryShowsNoPlaceBeside(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	i, _ := mustCreate(t, s, t.Context(), someReport(), "")
	if _, err := s.Move(accesstest.Person(t, access.Dispatcher), i.ID, inSecondTown, "在路口对面", ""); err != nil {
		t.Fatal(err)
	}
	history, _, err := s.History(accesstest.Person(t, access.Viewer, access.Area{Code: "320282002", Level: "town"}), i.ID)
	if err != nil || len(history) != 1 || history[0].From != nil || history[0].To == nil {
		t.Errorf("history %+v, %v", history, err)
	}
	if _, _, err := s.History(accesstest.Person(t, access.Viewer, access.Area{Code: "320282001", Level: "town"}), i.ID); !is(err, web.NotFound) {
		t.Errorf("where it lay before: %v", err)
	}
}

func TestReview(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	var border []uuid.UUID
	for n := range 5 {
		r := someReport()
		r.Place = outsideAll
		mustCreate(t, s, t.Context(), r, "")
		r.Place = point(119.8199, 31.3301+float64(n)/100000) // 10 m west of the border between the first two towns
		accuracyM := 60.0
		r.AccuracyM = &accuracyM
		i, _ := mustCreate(t, s, t.Context(), r, "")
		if i.Codes[1] != "320282001" {
			t.Fatalf("not in the first town: %v", i.Codes)
		}
		border = append(border, i.ID)
	}
	if _, err := pool.Exec(t.Context(), `UPDATE incident SET review = 'border' WHERE id = ANY ($1)`, border); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(border, func(a, b uuid.UUID) int { return strings.Compare(a.String(), b.String()) })
	all := accesstest.Person(t, access.Dispatcher)
	first := accesstest.Person(t, access.Dispatcher, access.Area{Code: "320282001", Level: "town"})
	second := accesstest.Person(t, access.Dispatcher, access.Area{Code: "320282002", Level: "town"})
	if counts, err := s.CountReview(all); err != nil || counts[OutsideReview] != 5 || counts[BorderReview] != 5 {
		t.Errorf("counts %v, %v", counts, err)
	}
	if counts, err := s.CountReview(first); err != nil || counts[OutsideReview] != 0 || counts[BorderReview] != 5 {
		t.Errorf("counts of the first town %v, %v", counts, err)
	}
	if waiting, _, err := s.Review(second, Filter{}, "", uuid.Nil, 100); err != nil || len(waiting) != 0 {
		t.Errorf("the second town has %d, %v", len(waiting), err)
	}
	var got []uuid.UUID
	var after uuid.UUID
	for more := true; more; {
		var waiting []Waiting
		var err error
		if waiting, more, err = s.Review(all, Filter{}, BorderReview, after, 2); err != nil || len(waiting) == 0 {
			t.Fatal(waiting, err)
		}
		for _, w := range waiting {
			got = append(got, w.ID)
			inSecond := func(c Neighbour) bool {
				return strings.HasPrefix(c.Code, "320282002") && c.DistanceM > 9 && c.DistanceM < 10 && c.Name == "区域"+c.Code
			}
			if !slices.ContainsFunc(w.Candidates, inSecond) || slices.ContainsFunc(w.Candidates, func(c Neighbour) bool { return c.DistanceM > 60 }) {
				t.Errorf("candidates %+v", w.Candidates)
			}
		}
		after = got[len(got)-1]
	}
	if !slices.Equal(got, border) {
		t.Errorf("listed %v, want %v", got, border)
	}
	if _, _, err := s.Review(accesstest.Person(t, access.Viewer), Filter{}, "", uuid.Nil, 1); !is(err, web.Forbidden) {
		t.Errorf("a viewer: %v", err)
	}
	if _, _, err := s.Review(first, Filter{Areas: [][]string{{"320282", "320282002"}}}, "", uuid.Nil, 1); !is(err, web.Forbidden) {
		t.Errorf("an area beside: %v", err)
	}
	// Deciding takes it out.
	if _, err := s.Confirm(all, border[0], "", ""); err != nil {
		t.Fatal(err)
	}
	if counts, err := s.CountReview(all); err != nil || counts[BorderReview] != 4 {
		t.Errorf("counts %v, %v", counts, err)
	}
}

func TestHistoryIsOnlyAddedTo(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	r := someReport()
	r.Place = outsideAll
	i, _ := mustCreate(t, s, t.Context(), r, "")
	if _, err := s.Confirm(accesstest.Person(t, access.Dispatcher), i.ID, "", ""); err != nil {
		t.Fatal(err)
	}
	owner, err := db.Open(t.Context(), dbtest.OwnerURL(t, pool.Config().ConnString()))
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close()
	for _, sql := range []string{`UPDATE incident_history SET reason = 'x'`, `DELETE FROM incident_history`, `TRUNCATE incident_history`} {
		if _, err := pool.Exec(t.Context(), sql); err == nil {
			t.Errorf("the application: %s", sql)
		}
		if _, err := owner.Exec(t.Context(), sql); err == nil {
			t.Errorf("the owner: %s", sql)
		}
	}
}
