package incident

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/geo"
	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/snap"
	"jingwei/server/web"
)

// 10 m west of the border between the first two towns; a place that is certain to 60 m has to be looked at.
var nearBorder = point(119.8199, 31.3301)

// doubtful is an incident whose place somebody should look at.
func doubtful(t *testing.T, s *Service, place geo.Point) Incident {
	t.Helper()
	r := someReport()
	accuracyM := 60.0
	r.Place, r.AccuracyM = place, &accuracyM
	i, _ := mustCreate(t, s, t.Context(), r, "")
	if i.Review == "" {
		t.Fatalf("nobody has to look at %+v", i)
	}
	return i
}

func inQueue(t *testing.T, s *Service, id uuid.UUID, why Review) bool {
	t.Helper()
	waiting, _, err := s.Review(accesstest.Person(t, access.Dispatcher), Filter{}, why, uuid.Nil, 100)
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(waiting, func(w Waiting) bool { return w.ID == id })
}

// deeds are those of an incident's history, and which of them Undo would take back, marked.
func deeds(t *testing.T, s *Service, id uuid.UUID) string {
	t.Helper()
	history, _, err := s.History(accesstest.Person(t, access.Dispatcher), id)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, past := range history {
		deed := string(past.Deed)
		if past.Undoable {
			deed += "*"
		}
		all = append(all, deed)
	}
	return strings.Join(all, " ")
}

// What is taken back leaves the incident as it was in every respect, and in the queue for the same reason, with one more row of history, one event and one
// entry of the log.
func TestUndo(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	dispatcher := accesstest.Person(t, access.Dispatcher)
	confirm := func(i Incident) (Incident, error) {
		return s.Confirm(dispatcher, i.ID, "欧阳试密说没有错", i.Version())
	}
	move := func(to geo.Point) func(Incident) (Incident, error) {
		return func(i Incident) (Incident, error) {
			return s.Move(dispatcher, i.ID, to, "欧阳试密说在路口", i.Version())
		}
	}
	for name, c := range map[string]struct {
		from   geo.Point
		decide func(Incident) (Incident, error)
		done   Deed
		undone Deed
	}{
		"border confirmed":         {nearBorder, confirm, Confirmed, Unconfirmed},
		"outside confirmed":        {outsideAll, confirm, Confirmed, Unconfirmed},
		"border moved":             {nearBorder, move(inSecondTown), Moved, MovedBack},
		"border moved outside":     {nearBorder, move(outsideAll), Moved, MovedBack},
		"outside moved in":         {outsideAll, move(inFirstTown), Moved, MovedBack},
		"outside moved by a metre": {outsideAll, move(point(118.80001, 31.3)), Moved, MovedBack},
	} {
		i := doubtful(t, s, c.from)
		first, err := s.Find(dispatcher, i.ID)
		if err != nil {
			t.Fatal(err)
		}
		before := len(moved(t, s))
		decided, err := c.decide(i)
		if err != nil || decided.Review != "" || inQueue(t, s, i.ID, "") {
			t.Fatalf("%s: %+v, %v", name, decided, err)
		}
		back, err := s.Undo(dispatcher, i.ID, "欧阳试密  看错了", decided.Version())
		if err != nil || back.Version() != i.Version() {
			t.Fatalf("%s: taken back %+v, was %+v, %v", name, back, i, err)
		}
		if found, err := s.Find(dispatcher, i.ID); err != nil || !reflect.DeepEqual(found, first) {
			t.Errorf("%s: stored %+v, was %+v, %v", name, found, first, err)
		}
		if !inQueue(t, s, i.ID, i.Review) {
			t.Errorf("%s: it does not wait", name)
		}
		if _, err := s.Undo(dispatcher, i.ID, "", decided.Version()); !is(err, web.Stale) {
			t.Errorf("%s: of an older one: %v", name, err)
		}
		history, _, err := s.History(dispatcher, i.ID)
		if err != nil || len(history) != 2 {
			t.Fatalf("%s: history %+v, %v", name, history, err)
		}
		if history[0].Deed != c.done || history[1].Deed != c.undone || history[1].Reason != "欧阳** 看错了" || history[1].By != "dispatcher" || history[1].From.Review != "" ||
			!reflect.DeepEqual(history[1].To, history[0].From) || history[1].To.Review != i.Review || *history[1].To.AccuracyM != 60 || history[1].To.Snap != i.Snap {
			t.Errorf("%s: history %+v", name, history)
		}
		events := moved(t, s)
		if len(events) != before+2 || string(events[before+1].Data) != `{"id": "`+i.ID.String()+`"}` {
			t.Fatalf("%s: events %+v", name, events)
		}
		for _, code := range slices.Concat(i.Codes, decided.Codes) {
			if !slices.Contains(events[before+1].Areas, code) {
				t.Errorf("%s: those of %s are not told", name, code)
			}
		}
		// And it can be decided anew, and that be taken back.
		for range 2 {
			again, err := c.decide(back)
			if err != nil {
				t.Fatal(err)
			}
			if back, err = s.Undo(dispatcher, i.ID, "", again.Version()); err != nil || back.Version() != i.Version() {
				t.Fatalf("%s: %+v, %v", name, back, err)
			}
		}
	}
	for action, rows := range map[string]int{"incident.unconfirm": 6, "incident.move_back": 12} {
		if got := audited(t, pool, action); strings.Count(got, "\n") != rows || strings.Contains(got, "试密") || !strings.Contains(got, "欧阳** 看错了") {
			t.Errorf("the log says of %s:\n%s", action, got)
		}
	}
}

// Several deeds are taken back one after the other, the last one first, until it is as it came in.
func TestUndoOneAfterTheOther(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	dispatcher := accesstest.Person(t, access.Dispatcher)
	came := doubtful(t, s, nearBorder)
	undo := func(i Incident) Incident {
		t.Helper()
		back, err := s.Undo(dispatcher, i.ID, "", i.Version())
		if err != nil {
			t.Fatal(err)
		}
		return back
	}
	confirmed, err := s.Confirm(dispatcher, came.ID, "", "")
	if err != nil {
		t.Fatal(err)
	}
	first, err := s.Move(dispatcher, came.ID, inFirstTown, "在路口对面", "")
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.Move(dispatcher, came.ID, inSecondTown, "在路口对面", "")
	if err != nil {
		t.Fatal(err)
	}
	if back := undo(second); back.Version() != first.Version() {
		t.Errorf("the second move: %+v, want %+v", back, first)
	}
	if got := deeds(t, s, came.ID); got != "confirmed moved* moved moved_back" {
		t.Error(got)
	}
	if back := undo(first); back.Version() != confirmed.Version() {
		t.Errorf("the first move: %+v, want %+v", back, confirmed)
	}
	if back := undo(confirmed); back.Version() != came.Version() || !inQueue(t, s, came.ID, BorderReview) {
		t.Errorf("the confirmation: %+v, want %+v", back, came)
	}
	if got := deeds(t, s, came.ID); got != "confirmed moved moved moved_back moved_back unconfirmed" {
		t.Error(got)
	}
	if _, err := s.Undo(dispatcher, came.ID, "", came.Version()); !is(err, web.Conflict) {
		t.Errorf("nothing is left: %v", err)
	}
	if _, err := s.Move(dispatcher, came.ID, inSecondTown, "在路口对面", ""); err != nil {
		t.Fatal(err)
	}
	if got := deeds(t, s, came.ID); got != "confirmed moved moved moved_back moved_back unconfirmed moved*" {
		t.Error(got)
	}
}

func TestUndoIsRefused(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	dispatcher := accesstest.Person(t, access.Dispatcher)
	confirmed := func(place geo.Point) Incident {
		i, err := s.Confirm(dispatcher, doubtful(t, s, place).ID, "", "")
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	plain, _ := mustCreate(t, s, t.Context(), someReport(), "")
	near, none, closed := confirmed(nearBorder), confirmed(outsideAll), confirmed(nearBorder)
	toSecond, err := s.Move(dispatcher, doubtful(t, s, nearBorder).ID, inSecondTown, "在路口对面", "")
	if err != nil {
		t.Fatal(err)
	}
	closeIt(t, pool, closed.ID)
	before := len(moved(t, s))
	first, second := access.Area{Code: "320282001", Level: "town"}, access.Area{Code: "320282002", Level: "town"}
	for name, c := range map[string]struct {
		role    access.Role
		areas   []access.Area
		id      uuid.UUID
		reason  string
		version string
		want    web.Code
	}{
		"nothing done":         {access.Dispatcher, nil, plain.ID, "", "", web.Conflict},
		"closed":               {access.Dispatcher, nil, closed.ID, "", "", web.Conflict},
		"beside":               {access.Dispatcher, []access.Area{second}, near.ID, "", "", web.NotFound},
		"outside":              {access.Dispatcher, []access.Area{second}, none.ID, "", "", web.NotFound},
		"handler":              {access.Handler, nil, near.ID, "", "", web.Forbidden},
		"unknown":              {access.Dispatcher, nil, uuid.New(), "", "", web.NotFound},
		"long reason":          {access.Dispatcher, nil, near.ID, strings.Repeat("长", 501), "", web.Invalid},
		"of an older one":      {access.Dispatcher, nil, near.ID, "", plain.Version(), web.Stale},
		"where it lay before":  {access.Dispatcher, []access.Area{first}, toSecond.ID, "", "", web.NotFound},
		"back out of the town": {access.Dispatcher, []access.Area{second}, toSecond.ID, "", "", web.Forbidden},
	} {
		if _, err := s.Undo(accesstest.Person(t, c.role, c.areas...), c.id, c.reason, c.version); !is(err, c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if n := len(moved(t, s)); n != before {
		t.Errorf("%d events of what was refused", n-before)
	}
	// Whoever may not take it back is not told that it can be.
	for name, c := range map[string]struct {
		role  access.Role
		areas []access.Area
		id    uuid.UUID
		want  bool
	}{
		"dispatcher":           {access.Dispatcher, nil, toSecond.ID, true},
		"of both towns":        {access.Dispatcher, []access.Area{first, second}, toSecond.ID, true},
		"back out of the town": {access.Dispatcher, []access.Area{second}, toSecond.ID, false},
		"handler":              {access.Handler, nil, toSecond.ID, false},
		"closed":               {access.Dispatcher, nil, closed.ID, false},
	} {
		history, _, err := s.History(accesstest.Person(t, c.role, c.areas...), c.id)
		if err != nil || len(history) != 1 || history[0].Undoable != c.want {
			t.Errorf("%s: %+v, %v", name, history, err)
		}
	}
}

// Of those who undo by the same picture one does, and the others are told; so is who undoes after somebody else has moved it on.
func TestNoUndoTakesBackAnothersMove(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	dispatcher := accesstest.Person(t, access.Dispatcher)
	i := doubtful(t, s, nearBorder)
	mine, err := s.Move(dispatcher, i.ID, inFirstTown, "在路口对面", i.Version())
	if err != nil {
		t.Fatal(err)
	}
	others, err := s.Move(dispatcher, i.ID, inSecondTown, "网格员到现场核实", mine.Version())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Undo(dispatcher, i.ID, "", mine.Version()); !is(err, web.Stale) {
		t.Fatalf("another's move: %v", err)
	}
	if found, err := s.Find(dispatcher, i.ID); err != nil || found.Version() != others.Version() {
		t.Fatalf("%+v, %v", found, err)
	}
	done := eightAtOnce(t, func(int) error {
		_, err := s.Undo(dispatcher, i.ID, "", others.Version())
		return err
	})
	if found, err := s.Find(dispatcher, i.ID); err != nil || done != 1 || found.Version() != mine.Version() || deeds(t, s, i.ID) != "moved* moved moved_back" || len(moved(t, s)) != 3 {
		t.Errorf("%d times, %+v, %v: %s", done, found, err, deeds(t, s, i.ID))
	}
}

// One that is over goes back where it lay, and nobody has to look at it.
func TestUndoOfOneThatIsOver(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	dispatcher := accesstest.Person(t, access.Dispatcher)
	i := doubtful(t, s, nearBorder)
	if _, err := s.Move(dispatcher, i.ID, inSecondTown, "在路口对面", ""); err != nil {
		t.Fatal(err)
	}
	closeIt(t, pool, i.ID)
	if back, err := s.Undo(dispatcher, i.ID, "", ""); err != nil || back.Place != i.Place || back.Review != "" || back.Status != Closed || !slices.Equal(back.Codes, i.Codes) {
		t.Errorf("%+v, %v", back, err)
	}
}

// Histories that were written before places said all that they say now are taken back as far as they tell.
func TestUndoOfOlderHistory(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	dispatcher := accesstest.Person(t, access.Dispatcher)
	near, none := doubtful(t, s, nearBorder), doubtful(t, s, outsideAll)
	movedIn, movedNone := doubtful(t, s, nearBorder), doubtful(t, s, outsideAll)
	for _, i := range []Incident{near, none} {
		if _, err := s.Confirm(dispatcher, i.ID, "", ""); err != nil {
			t.Fatal(err)
		}
	}
	for _, i := range []Incident{movedIn, movedNone} {
		if _, err := s.Move(dispatcher, i.ID, inSecondTown, "在路口对面", ""); err != nil {
			t.Fatal(err)
		}
	}
	// Rows are only ever added: each is hidden behind one that undoes it, and its older form is written after that.
	for n, i := range []Incident{near, none, movedIn, movedNone} {
		for day, kind := range []string{"'unconfirmed'", "kind"} {
			if _, err := pool.Exec(t.Context(), `
				INSERT INTO incident_history (county, id, incident, at, account, login, kind, reason, before, after)
				SELECT county, uuid_v7_floor(now() + make_interval(days => $2, secs => $3)), incident, at, account, login, `+kind+`, reason,
					before - 'review' - 'snap' - 'accuracy_m', after - 'review' - 'snap' - 'accuracy_m'
				FROM incident_history WHERE incident = $1 ORDER BY id LIMIT 1`, i.ID, day+1, n); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		was    Incident
		review Review
		snap   snap.Status
	}{
		"confirmed near a border": {near, BorderReview, snap.Owned},
		"confirmed outside":       {none, OutsideReview, snap.Outside},
		"moved":                   {movedIn, "", snap.Owned},
		"moved in":                {movedNone, "", snap.Outside},
	} {
		back, err := s.Undo(dispatcher, c.was.ID, "", "")
		if err != nil || back.Review != c.review || back.Snap != c.snap || back.Place != c.was.Place || !slices.Equal(back.Codes, c.was.Codes) || back.County != c.was.County {
			t.Errorf("%s: %+v, %v", name, back, err)
		}
	}
}

func closeIt(t *testing.T, pool *pgxpool.Pool, id uuid.UUID) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), `UPDATE incident SET status = 'closed', closed_at = reported_at, review = NULL WHERE id = $1`, id); err != nil {
		t.Fatal(err)
	}
}
