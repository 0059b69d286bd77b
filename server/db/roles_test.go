package db_test

import (
	"bytes"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"jingwei/migrations"
	"jingwei/server/db"
	"jingwei/server/db/dbtest"
)

func mustOpen(t *testing.T, url, ownerURL string) *pgxpool.Pool {
	t.Helper()
	pool, err := db.OpenApplication(t.Context(), url, ownerURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// wantRefused runs statements that the application has no right to.
func wantRefused(t *testing.T, pool *pgxpool.Pool, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if _, err := pool.Exec(t.Context(), sql); !db.Is(err, db.InsufficientPrivilege) {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// The application has partitions made by the owner's rights, where and when there can be rows for them, and nothing else.
func TestMonthsAreBounded(t *testing.T) {
	t.Parallel()
	address := dbtest.URL(t)
	owner := dbtest.OwnerURL(t, address)
	execute(t, owner, `CREATE TABLE plain (id uuid); CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.other (id uuid) PARTITION BY RANGE (id);
		CREATE ROLE somebody; CREATE TABLE theirs (id uuid) PARTITION BY RANGE (id); ALTER TABLE theirs OWNER TO somebody`)
	defer execute(t, owner, `DROP TABLE theirs; DROP ROLE somebody`)
	pool := mustOpen(t, address, owner)
	ensure := func(table, since, until string) error {
		_, err := pool.Exec(t.Context(), `SELECT ensure_months($1, $2::timestamptz, $3::timestamptz)`, table, since, until)
		return err
	}
	for _, c := range []struct{ table, since, until string }{
		{"plain", "2026-01-01Z", "2026-01-01Z"}, {"elsewhere.other", "2026-01-01Z", "2026-01-01Z"}, {"other", "2026-01-01Z", "2026-01-01Z"},
		{"theirs", "2026-01-01Z", "2026-01-01Z"}, {"nothing", "2026-01-01Z", "2026-01-01Z"}, {"", "2026-01-01Z", "2026-01-01Z"},
		{"event", "1999-12-31T23:59:59Z", "2000-01-01Z"}, {"event", "2200-12-31Z", "2201-01-01Z"}, {"event", "-infinity", "2000-01-01Z"},
		{"event", "2026-01-01Z", "infinity"}, {"event", "infinity", "infinity"}, {"event", "2026-01-01Z", "2059-06-01Z"},
	} {
		if err := ensure(c.table, c.since, c.until); !db.Is(err, "22023") {
			t.Errorf("%+v: %v", c, err)
		}
	}
	execute(t, owner, `SELECT ensure_months('event', '2026-01-01Z', '2026-01-01Z')`)
	if err := ensure("event_2026_01", "2026-01-01Z", "2026-01-01Z"); !db.Is(err, "22023") {
		t.Errorf("a partition: %v", err)
	}
	for _, table := range []string{"event", "audit", "incident", "photo"} {
		for _, c := range [][2]string{{"2000-01-01Z", "2000-01-01Z"}, {"2200-12-31T23:59:59Z", "2200-12-31T23:59:59Z"}} {
			if err := ensure(table, c[0], c[1]); err != nil {
				t.Errorf("%s %s: %v", table, c, err)
			}
		}
	}
	if err := ensure("incident", "2000-01-01Z", "2032-12-31Z"); err != nil {
		t.Errorf("what a file may go back to: %v", err)
	}
}

// What the application must not be able to do, however it came in.
var forbidden = []string{
	"UPDATE audit SET login = 'x'", "DELETE FROM audit", "TRUNCATE audit",
	"UPDATE incident_history SET reason = ''", "DELETE FROM incident_history", "TRUNCATE incident_history",
	"DELETE FROM hotline_call", "TRUNCATE hotline_call",
	"UPDATE audit_link SET seq = 1", "DELETE FROM audit_link", "TRUNCATE audit_link", "INSERT INTO audit_link VALUES (1, '', gen_random_uuid(), sha256(''))",
	"DELETE FROM audit_pending", "INSERT INTO audit_pending VALUES (gen_random_uuid(), '')",
	"ALTER TABLE audit DISABLE TRIGGER ALL", "DROP TABLE audit", "DROP TRIGGER audit_refuse ON audit", "CREATE TABLE other (i int)",
	"UPDATE goose_db_version SET version_id = 1", "TRUNCATE incident", "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE sql AS ''",
}

// Whoever owns the tables and may become the application's role works as that.
func TestOwnerBecomesApplication(t *testing.T) {
	t.Parallel()
	pool := mustOpen(t, dbtest.Blank(t), "")
	wantRefused(t, pool, forbidden...)
	// Not even a statement that was smuggled in leads back by RESET.
	if _, err := pool.Exec(t.Context(), "RESET ROLE"); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, pool, forbidden...)
	if n := editions(t, pool); n != 0 {
		t.Errorf("%d editions", n)
	}
}

// The application's role finds the tables as it needs them, or says who has to migrate them.
func TestApplicationAlone(t *testing.T) {
	t.Parallel()
	address := dbtest.URL(t)
	pool := mustOpen(t, address, "")
	wantRefused(t, pool, forbidden...)
	execute(t, dbtest.OwnerURL(t, address), "DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)")
	_, err := db.OpenApplication(t.Context(), address, "")
	wantError(t, err, "--migrate-url", "JINGWEI_MIGRATE_URL", "does not own them")
}

// Two addresses: one role owns and migrates, another that has nothing to do with the first gets the application's rights and no more.
func TestTwoAddresses(t *testing.T) {
	t.Parallel()
	owner := dbtest.Blank(t)
	execute(t, owner, "CREATE ROLE other_app LOGIN PASSWORD 'other'")
	address, err := url.Parse(owner)
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.UserPassword("other_app", "other")
	for range 2 { // the second time nothing is left to do
		pool := mustOpen(t, address.String(), owner)
		wantRefused(t, pool, append(forbidden, "SET ROLE "+db.ApplicationRole)...)
		if _, err := pool.Exec(t.Context(), "SET ROLE NONE; RESET SESSION AUTHORIZATION"); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, pool, forbidden...) // there is no owner behind it to go back to
		if n := editions(t, pool); n != 0 {
			t.Errorf("%d editions", n)
		}
	}
	execute(t, owner, "DROP OWNED BY other_app; DROP ROLE other_app")
}

// An owner that cannot become the application's role goes on as it is, with a warning that says the remedy; once that has been done, it works.
//
//nolint:paralleltest // it replaces the log
func TestOwnerCannotBecomeApplication(t *testing.T) {
	address, err := url.Parse(dbtest.Blank(t))
	if err != nil {
		t.Fatal(err)
	}
	admin := address.String()
	execute(t, admin, `CREATE ROLE lonely LOGIN PASSWORD 'lonely'; GRANT CREATE, USAGE ON SCHEMA public TO lonely;
		CREATE EXTENSION IF NOT EXISTS postgis; CREATE EXTENSION IF NOT EXISTS btree_gist`)
	address.User = url.UserPassword("lonely", "lonely")
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	pool := mustOpen(t, address.String(), "")
	if said := log.String(); !strings.Contains(said, "trigger alone") || !strings.Contains(said, "GRANT jingwei_app TO") || strings.Contains(said, "lonely:lonely") {
		t.Errorf("the warning: %s", said)
	}
	if _, err := pool.Exec(t.Context(), "TRUNCATE audit"); err == nil || db.Is(err, db.InsufficientPrivilege) {
		t.Errorf("as the owner only the trigger refuses: %v", err)
	}
	execute(t, admin, "GRANT jingwei_app TO lonely")
	log.Reset()
	pool = mustOpen(t, address.String(), "")
	wantRefused(t, pool, forbidden...)
	if log.Len() > 0 {
		t.Errorf("it still warns: %s", log.String())
	}
}

// Servers that start at once on several databases of one server share the role.
func TestRolesAtOnce(t *testing.T) {
	t.Parallel()
	var group sync.WaitGroup
	for range 2 {
		address := dbtest.Blank(t)
		for range 3 {
			group.Go(func() {
				pool, err := db.OpenApplication(t.Context(), address, "")
				if err != nil {
					t.Error(err)
					return
				}
				defer pool.Close()
				if _, err := pool.Exec(t.Context(), "SELECT ensure_months('audit', now(), now())"); err != nil {
					t.Error(err)
				}
			})
		}
	}
	group.Wait()
}

// A data directory of the version before the roles: its role is made at the next start, and what is in the tables stays.
func TestOldDataDirectory(t *testing.T) {
	t.Parallel()
	dir := dbtest.DataDir(t)
	local, err := db.StartLocal(t.Context(), dir, quiet, db.Volatile())
	if err != nil {
		t.Fatal(err)
	}
	migrateTo(t, local.OwnerURL(), 8)
	execute(t, local.OwnerURL(), `
		INSERT INTO edition (number, effective_at, published_at) VALUES (1, now(), now());
		SELECT ensure_months('event', now(), now());
		INSERT INTO event (county, id, at, kind, data) VALUES ('', uuid_v7_floor(now()), now(), 'edition.published', '{}');
		DROP ROLE jingwei_app`)
	if err := local.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "postgres", "jingwei_app.password")); err != nil {
		t.Fatal(err)
	}
	local = startLocal(t, dir, db.Volatile())
	pool := mustOpen(t, local.URL(), local.OwnerURL())
	wantRefused(t, pool, forbidden...)
	if n := editions(t, pool); n != 1 {
		t.Errorf("%d editions", n)
	}
	if _, err := pool.Exec(t.Context(), "UPDATE event SET seq = 1"); err != nil {
		t.Errorf("a month that was made before: %v", err)
	}
	wantRefused(t, pool, "SELECT FROM event_"+months(t, pool, "event")[0])
}

// months lists the partitions of a table.
func months(t *testing.T, pool *pgxpool.Pool, table string) []string {
	t.Helper()
	rows, err := pool.Query(t.Context(), `SELECT substr(inhrelid::regclass::text, length($1) + 2) FROM pg_inherits WHERE inhparent = $1::regclass ORDER BY 1`, table)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(names) == 0 {
		t.Fatalf("%s has the months %q, %v", table, names, err)
	}
	return names
}

// migrateTo brings an empty database to a version of before.
func migrateTo(t *testing.T, address string, version int64) {
	t.Helper()
	config, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	sql := stdlib.OpenDB(*config)
	defer sql.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, sql, migrations.FS, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
}

// Every migration can be taken back and made again.
func TestDownAndUp(t *testing.T) {
	t.Parallel()
	address := dbtest.Blank(t)
	config, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	sql := stdlib.OpenDB(*config)
	defer sql.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, sql, migrations.FS, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := provider.Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := provider.DownTo(t.Context(), 8); err != nil {
			t.Fatal(err)
		}
	}
}

// The rights are exactly those that are written down: one that somebody added by hand is taken away at the next migration.
func TestRightsAreRestored(t *testing.T) {
	t.Parallel()
	address := dbtest.URL(t)
	owner := dbtest.OwnerURL(t, address)
	execute(t, owner, "GRANT UPDATE ON audit TO jingwei_app; REVOKE ALL ON station FROM jingwei_app")
	pool := mustOpen(t, address, owner)
	wantRefused(t, pool, forbidden...)
	rows, err := pool.Query(t.Context(), `SELECT privilege_type FROM information_schema.role_table_grants WHERE table_name = 'station' AND grantee = 'jingwei_app' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || !slices.Equal(got, []string{"DELETE", "INSERT", "SELECT", "UPDATE"}) {
		t.Errorf("station: %q, %v", got, err)
	}
}
