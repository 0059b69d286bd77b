package incident

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/db"
	"jingwei/server/db/dbtest"
	"jingwei/server/photo"
	"jingwei/server/photo/phototest"
	"jingwei/server/web"
)

// receivedAt stores an incident with a reporter, a receipt and two photos, as it would be years after. What its reporter says of the time of it
// is two years less a day before.
func receivedAt(t *testing.T, s *Service, pool *pgxpool.Pool, at time.Time, status Status) Incident {
	t.Helper()
	past := *s
	past.now = func() time.Time { return at }
	r := someReport()
	r.ReportedAt = at.AddDate(-2, 0, 2)
	photos := photo.NewService(pool, past.now)
	for n := range 2 {
		p, _, err := photos.Upload(t.Context(), phototest.JPEG(9+n, 9))
		if err != nil {
			t.Fatal(err)
		}
		r.Photos = append(r.Photos, p.ID)
	}
	i, _ := mustCreate(t, &past, t.Context(), r, "")
	set(t, pool, i.ID, status)
	return i
}

func TestRetention(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	old, oldest := now.AddDate(-2, 0, -1), now.AddDate(-5, 0, -1)
	receivedAt(t, s, pool, old, Closed)
	receivedAt(t, s, pool, old, Cancelled)
	receivedAt(t, s, pool, oldest, Closed)
	kept := map[string]Incident{
		"not old enough":            receivedAt(t, s, pool, now.AddDate(-2, 0, 1), Closed),
		"not closed":                receivedAt(t, s, pool, old, Evaluated),
		"never closed and very old": receivedAt(t, s, pool, oldest, Collected),
		"new":                       receivedAt(t, s, pool, now, Closed),
		"closed just now":           receivedAt(t, s, pool, oldest, Collected),
	}
	if _, err := pool.Exec(t.Context(), `UPDATE incident SET status = 'closed', closed_at = $2 WHERE id = $1`, kept["closed just now"].ID, now); err != nil {
		t.Fatal(err)
	}
	operator := accesstest.Operator(t)
	r, err := s.Retention(operator, 2)
	if got, want := fmt.Sprint(r.Due, r.NeverClosed), "[{2021 320282 {1 1 2}} {2024 320282 {2 2 4}}] [{2019 320282 {1 1 2}}]"; err != nil || got != want {
		t.Errorf("due %s, %v; want %s", got, err, want)
	}
	if n := count(t, pool, "incident_reporter"); n != 8 {
		t.Errorf("%d reporters are left after looking", n)
	}
	if deleted, err := s.Delete(operator, 2); err != nil || deleted != (Personal{Reporters: 3, Receipts: 3, Photos: 6}) {
		t.Errorf("deleted %+v, %v", deleted, err)
	}
	handler := accesstest.Person(t, access.Handler)
	for name, i := range kept {
		if _, err := s.Unseal(handler, i.ID, "回访报告人"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if photos, err := s.Photos(handler, i); err != nil || len(photos) != 2 {
			t.Errorf("%s: photos %v, %v", name, photos, err)
		}
	}
	if n, m, p := count(t, pool, "incident_reporter"), count(t, pool, "report_receipt"), count(t, pool, "photo"); n != len(kept) || m != len(kept) || p != 2*len(kept) {
		t.Errorf("left: %d, %d, %d", n, m, p)
	}
	if n := count(t, pool, "incident"); n != 8 {
		t.Errorf("%d incidents are left, want all 8", n)
	}
	got := audited(t, pool, "reporter.delete")
	if strings.Count(got, "\n") != 1 || !strings.Contains(got, `"receipts": 3`) || !strings.Contains(got, `"reporters": 3`) || !strings.Contains(got, `"photos": 6`) || !strings.Contains(got, "kept for 2 years") {
		t.Errorf("the log says:\n%s", got)
	}
	if deleted, err := s.Delete(operator, 2); err != nil || deleted != (Personal{}) || audited(t, pool, "reporter.delete") != got {
		t.Errorf("again: %+v, %v", deleted, err)
	}
	for _, role := range access.Roles {
		if role == access.SystemAdmin {
			continue
		}
		if _, err := s.Delete(accesstest.Person(t, role), 2); !is(err, web.Forbidden) {
			t.Errorf("%s deletes: %v", role, err)
		}
		if _, err := s.Retention(accesstest.Person(t, role), 2); !is(err, web.Forbidden) {
			t.Errorf("%s looks: %v", role, err)
		}
	}
}

// The instant of the closing is there exactly while an incident is closed or cancelled.
func TestClosedAt(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	r := someReport()
	r.ReportedAt = now
	if err := EnsureMonths(t.Context(), pool, now, now); err != nil {
		t.Fatal(err)
	}
	for n, status := range []Status{Collected, Analysed, Dispatched, Signed, FedBack, Evaluated, Closed, Cancelled} {
		i := New(NewID(now, fmt.Append(nil, n)), r, s.snap.Locate(r.Place), now)
		i.Reach(Closed, now)
		i.Reach(status, now.Add(time.Duration(n)*time.Hour))
		err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
			_, err := Load(t.Context(), tx, s.keys, []Incident{i})
			return err
		})
		found, ok, errFind := find(t.Context(), pool, i.ID)
		if err := errors.Join(err, errFind); err != nil || !ok || found.Status != status {
			t.Fatalf("%s: found %v, %v", status, ok, err)
		}
		done := status == Closed || status == Cancelled
		if done != (found.ClosedAt != nil) || done && !found.ClosedAt.Equal(now.Add(time.Duration(n)*time.Hour)) {
			t.Errorf("%s: closed at %v", status, found.ClosedAt)
		}
		if _, err := pool.Exec(t.Context(), `UPDATE incident SET closed_at = CASE WHEN closed_at IS NULL THEN now() END WHERE id = $1`, i.ID); db.Constraint(err) != "incident_closed_at" {
			t.Errorf("%s: a wrong closed_at is taken: %v", status, err)
		}
	}
}

// What an older version stored: texts as they were written, and nothing sealed.
func TestMaskOldGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	const rows, personal = 2*maskedAtOnce + 7, 100
	var incidents []Incident
	for n := range rows {
		r := someReport()
		r.Private, r.Title, r.Description, r.ReportedAt = Private{}, "楼道堵塞", "没有电话", now.Add(-time.Duration(n)*time.Minute)
		i := New(NewID(r.ReportedAt, fmt.Append(nil, n)), r, s.snap.Locate(r.Place), now)
		if n%(rows/personal) == 0 {
			i.Description = "电话13987651234"
		}
		incidents = append(incidents, i)
	}
	since, until := span(incidents)
	if err := EnsureMonths(t.Context(), pool, since, until); err != nil {
		t.Fatal(err)
	}
	err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		if _, err := Load(t.Context(), tx, s.keys, incidents); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `INSERT INTO incident_unmasked SELECT id FROM incident ORDER BY id DESC LIMIT 1`) // as the migration
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// The second batch meets a row that PostgreSQL refuses to change: the first one stays done.
	owner := dbtest.Owner(t, pool)
	if _, err := owner.Exec(t.Context(), `
		CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
		CREATE TRIGGER fail BEFORE UPDATE ON incident FOR EACH ROW WHEN (OLD.reported_at < '`+incidents[maskedAtOnce+200].ReportedAt.Format(time.RFC3339)+`') EXECUTE FUNCTION fail()`); err != nil {
		t.Fatal(err)
	}
	operator := accesstest.Operator(t)
	if err := s.MaskOld(operator); err == nil {
		t.Fatal("it did not fail")
	}
	sealed := count(t, pool, "incident_reporter")
	if left := count(t, pool, "incident WHERE description LIKE '%1398765%'"); sealed == 0 || left == 0 || sealed+left < personal || count(t, pool, "incident_unmasked") != 1 {
		t.Errorf("half way %d are sealed and %d left", sealed, left)
	}
	if _, err := owner.Exec(t.Context(), `DROP TRIGGER fail ON incident`); err != nil {
		t.Fatal(err)
	}
	for range 2 { // and once more than needed
		if err := s.MaskOld(operator); err != nil {
			t.Fatal(err)
		}
	}
	if left := count(t, pool, "incident WHERE description LIKE '%1398765%'"); left != 0 || count(t, pool, "incident_unmasked") != 0 || count(t, pool, "incident") != rows {
		t.Errorf("%d are left", left)
	}
	p, err := s.Unseal(accesstest.Person(t, access.Handler), incidents[0].ID, "回访报告人")
	if err != nil || p.Description != "电话13987651234" || p.Title != "楼道堵塞" {
		t.Errorf("unsealed %q %q, %v", p.Title, p.Description, err)
	}
}
