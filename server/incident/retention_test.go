package incident

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/db/dbtest"
	"jingwei/server/web"
)

// reportedAt stores an incident with a reporter and a receipt, as it would be years after.
func reportedAt(t *testing.T, s *Service, pool *pgxpool.Pool, at time.Time, status Status) Incident {
	t.Helper()
	past := *s
	past.now = func() time.Time { return at }
	i, _ := mustCreate(t, &past, t.Context(), someReport(), "")
	set(t, pool, i.ID, status)
	return i
}

func TestRetention(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	old, oldest := now.AddDate(-2, 0, -1), now.AddDate(-5, 0, -1)
	reportedAt(t, s, pool, old, Closed)
	reportedAt(t, s, pool, old, Cancelled)
	reportedAt(t, s, pool, oldest, Closed)
	kept := map[string]Incident{
		"not old enough":            reportedAt(t, s, pool, now.AddDate(-2, 0, 1), Closed),
		"not closed":                reportedAt(t, s, pool, old, Evaluated),
		"never closed and very old": reportedAt(t, s, pool, oldest, Collected),
		"new":                       reportedAt(t, s, pool, now, Closed),
	}
	operator := accesstest.Operator(t)
	r, err := s.Retention(operator, 2)
	if got, want := fmt.Sprint(r.Due, r.NeverClosed), "[{2021 320282 1 1} {2024 320282 2 2}] [{2021 320282 1 1}]"; err != nil || got != want {
		t.Errorf("due %s, %v; want %s", got, err, want)
	}
	if n := count(t, pool, "incident_reporter"); n != 7 {
		t.Errorf("%d reporters are left after looking", n)
	}
	if reporters, receipts, err := s.Delete(operator, 2); err != nil || reporters != 3 || receipts != 3 {
		t.Errorf("deleted %d, %d, %v", reporters, receipts, err)
	}
	handler := accesstest.Person(t, access.Handler)
	for name, i := range kept {
		if _, err := s.Unseal(handler, i.ID, "回访报告人"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n, m := count(t, pool, "incident_reporter"), count(t, pool, "report_receipt"); n != len(kept) || m != len(kept) {
		t.Errorf("left: %d, %d", n, m)
	}
	if n := count(t, pool, "incident"); n != 7 {
		t.Errorf("%d incidents are left, want all 7", n)
	}
	got := audited(t, pool, "reporter.delete")
	if strings.Count(got, "\n") != 1 || !strings.Contains(got, `"receipts": 3`) || !strings.Contains(got, `"reporters": 3`) || !strings.Contains(got, "kept for 2 years") {
		t.Errorf("the log says:\n%s", got)
	}
	if reporters, receipts, err := s.Delete(operator, 2); err != nil || reporters+receipts != 0 || audited(t, pool, "reporter.delete") != got {
		t.Errorf("again: %d, %d, %v", reporters, receipts, err)
	}
	for _, role := range access.Roles {
		if role == access.SystemAdmin {
			continue
		}
		if _, _, err := s.Delete(accesstest.Person(t, role), 2); !is(err, web.Forbidden) {
			t.Errorf("%s deletes: %v", role, err)
		}
		if _, err := s.Retention(accesstest.Person(t, role), 2); !is(err, web.Forbidden) {
			t.Errorf("%s looks: %v", role, err)
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
