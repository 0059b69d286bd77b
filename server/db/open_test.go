package db_test

import (
	"errors"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/db"
	"jingwei/server/db/dbtest"
)

func TestOpenRefused(t *testing.T) {
	t.Parallel()
	address, err := url.Parse(dbtest.Blank(t))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	listener.Close()

	absent := *address
	absent.Path = "/absent"
	for name, c := range map[string]struct {
		url  string
		says []string
	}{
		"empty":       {"", []string{"postgres://"}},
		"no URL":      {"postgres://u:secret@host:port/x", []string{"DATABASE_URL"}},
		"nobody home": {"postgres://u:secret@" + closed + "/x", []string{closed, "cannot be reached", "DATABASE_URL"}},
		"no such one": {absent.String(), []string{"absent", "3D000", "DATABASE_URL"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := db.Open(t.Context(), c.url)
			wantError(t, err, c.says...)
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the password is told: %v", err)
			}
		})
	}
}

// Sessions are in UTC and end a query that nobody waits for; a setting in the URL goes before.
func TestOpenSettings(t *testing.T) {
	t.Parallel()
	address := dbtest.Blank(t)
	for query, want := range map[string]string{"": "5min UTC", "&statement_timeout=1234&pool_max_conns=3": "1234ms UTC"} {
		pool, err := db.Open(t.Context(), address+query)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if err := pool.QueryRow(t.Context(), "SELECT current_setting('statement_timeout') || ' ' || current_setting('timezone')").Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", query, got, want)
		}
		if strings.Contains(query, "pool_max_conns") && pool.Config().MaxConns != 3 {
			t.Errorf("pool of %d", pool.Config().MaxConns)
		}
		err = db.InLongTx(t.Context(), pool, func(tx pgx.Tx) error {
			return tx.QueryRow(t.Context(), "SELECT current_setting('statement_timeout')").Scan(&got)
		})
		if err != nil || got != "0" {
			t.Errorf("in a long transaction: %s, %v", got, err)
		}
		pool.Close()
	}
}

// Several servers that start at once pass one by one, and a repeat changes nothing.
func TestMigrateAtOnce(t *testing.T) {
	t.Parallel()
	pool, err := db.Open(t.Context(), dbtest.Blank(t))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			if err := db.Migrate(t.Context(), pool); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	var twice int
	err = pool.QueryRow(t.Context(), "SELECT count(*) FROM (SELECT FROM goose_db_version GROUP BY version_id HAVING count(*) > 1) AS twice").Scan(&twice)
	if err != nil || twice != 0 {
		t.Errorf("%d versions applied twice (%v)", twice, err)
	}
}

func TestMigrateNewer(t *testing.T) {
	t.Parallel()
	pool := dbtest.Owner(t, dbtest.Open(t))
	if _, err := pool.Exec(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)"); err != nil {
		t.Fatal(err)
	}
	wantError(t, db.Migrate(t.Context(), pool), "99999", "newer jingwei")
}

// A user without rights is told what the owner of the server has to run.
func TestMigrateWithoutRights(t *testing.T) {
	t.Parallel()
	address, err := url.Parse(dbtest.Blank(t))
	if err != nil {
		t.Fatal(err)
	}
	execute(t, address.String(), "CREATE ROLE guest LOGIN PASSWORD 'guest'")
	guest := *address
	guest.User = url.UserPassword("guest", "guest")
	pool, err := db.Open(t.Context(), guest.String())
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	remedy := []string{"CREATE EXTENSION IF NOT EXISTS postgis;", "CREATE EXTENSION IF NOT EXISTS btree_gist;", `GRANT CREATE, USAGE ON SCHEMA public TO "guest";`}
	wantError(t, db.Migrate(t.Context(), pool), append(remedy, "guest", address.Path[1:])...)
	execute(t, address.String(), strings.Join(remedy, " "))
	if err := db.Migrate(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
}

func TestInTx(t *testing.T) {
	t.Parallel()
	pool := dbtest.Open(t)
	const insert = "INSERT INTO edition (number, effective_at, published_at) VALUES ($1, make_timestamptz(2000 + $1, 1, 1, 0, 0, 0), now())"
	add := func(number int) func(pgx.Tx) error {
		return func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), insert, number)
			return err
		}
	}
	if err := db.InTx(t.Context(), pool, add(1)); err != nil {
		t.Fatal(err)
	}
	err := db.InTx(t.Context(), pool, add(1))
	if !db.Is(err, db.UniqueViolation) || db.Constraint(err) != "edition_pkey" {
		t.Errorf("repeat: %v, constraint %q", err, db.Constraint(err))
	}
	stop := errors.New("stop")
	err = db.InTx(t.Context(), pool, func(tx pgx.Tx) error { return errors.Join(add(2)(tx), stop) })
	if !errors.Is(err, stop) || db.Is(err, db.UniqueViolation) || db.Constraint(err) != "" {
		t.Errorf("returned error: %v", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = db.InTx(t.Context(), pool, func(tx pgx.Tx) error { _ = add(3)(tx); panic("stop") })
	}()
	if n := editions(t, pool); n != 1 {
		t.Errorf("%d editions, want the first alone", n)
	}
}

func editions(t *testing.T, pool *pgxpool.Pool) (n int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM edition").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// A password that is not percent-encoded would be taken apart at the wrong place and shown as a part of the host.
func TestOpenRefusesAnUnencodedPassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"postgres://u:p@ss@127.0.0.1:1/x", "postgresql://u:p#ss@127.0.0.1:1/x"} {
		_, err := db.Open(t.Context(), url)
		if err == nil || !strings.Contains(err.Error(), "%40") || strings.Contains(err.Error(), "ss@") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
