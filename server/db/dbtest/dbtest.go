// Package dbtest gives tests real databases: each process gets one private cluster in the temporary folder, with one migrated template,
// of which every test gets a clone. A machine without PostGIS fails these tests, it does not skip them.
package dbtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/db"
)

const (
	folderPrefix = "jingwei-test-"
	template     = "test_template"
	startTimeout = 2 * time.Minute
)

// cluster is the one of this process, made by the first test that asks for a database.
type cluster struct {
	folder string
	local  *db.Local
	admin  *pgxpool.Pool // makes and drops the clones
	clones atomic.Int64
}

var (
	inMain  bool
	prepare = sync.OnceValues(start)
	started atomic.Pointer[cluster]
)

// Main runs the tests of a package and removes the cluster afterwards. TestMain calls it:
//
//	func TestMain(m *testing.M) { dbtest.Main(m) }
func Main(m *testing.M) {
	inMain = true
	code := m.Run()
	if c := started.Load(); c != nil {
		if err := c.close(); err != nil {
			fmt.Fprintln(os.Stderr, "dbtest:", err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// Open returns a pool on a fresh migrated database, which is closed and dropped with the test. It has the application's rights.
func Open(t testing.TB) *pgxpool.Pool {
	t.Helper()
	pool, err := db.Open(t.Context(), URL(t))
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// URL returns the address of a fresh migrated database, which is dropped with the test, for the application.
func URL(t testing.TB) string {
	t.Helper()
	name := clone(t, template)
	return withDatabase(started.Load().local.URL(), name)
}

// Blank returns the address of a fresh database without any schema, which is dropped with the test, for its owner.
func Blank(t testing.TB) string {
	t.Helper()
	name := clone(t, "template1")
	return withDatabase(started.Load().local.OwnerURL(), name)
}

// OwnerURL returns the address of the same database for its owner, who may do all that the application may not.
func OwnerURL(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	return withDatabase(started.Load().local.OwnerURL(), strings.TrimPrefix(u.Path, "/"))
}

// Owner returns a pool on the database of another one, as its owner. It is closed with the test.
func Owner(t testing.TB, pool *pgxpool.Pool) *pgxpool.Pool {
	t.Helper()
	owner, err := db.Open(t.Context(), OwnerURL(t, pool.Config().ConnString()))
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	t.Cleanup(owner.Close)
	return owner
}

// clone makes a database and tells its name.
func clone(t testing.TB, from string) string {
	t.Helper()
	if !inMain {
		t.Fatal("dbtest: this package needs func TestMain(m *testing.M) { dbtest.Main(m) }")
	}
	c, err := prepare()
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	name := fmt.Sprintf("test_%d", c.clones.Add(1))
	if _, err := c.admin.Exec(t.Context(), fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, from)); err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	t.Cleanup(func() {
		// Not the test's context, which has ended by now. FORCE, for a failed test may leave sessions.
		if _, err := c.admin.Exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("dbtest: %v", err)
		}
	})
	return name
}

func start() (*cluster, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	sweep()
	folder, err := os.MkdirTemp("", folderPrefix)
	if err != nil {
		return nil, err
	}
	// As root the tests run PostgreSQL as another user, who has to come in.
	if err := os.Chmod(folder, 0o711); err != nil {
		return nil, err
	}
	c := &cluster{folder: folder}
	if err := c.prepare(ctx); err != nil {
		return nil, errors.Join(err, c.close())
	}
	started.Store(c)
	return c, nil
}

func (c *cluster) prepare(ctx context.Context) error {
	var err error
	if c.local, err = db.StartLocal(ctx, c.folder, slog.New(slog.DiscardHandler), db.Volatile()); err != nil {
		return err
	}
	if c.admin, err = pgxpool.New(ctx, withDatabase(c.local.OwnerURL(), "postgres")); err != nil {
		return err
	}
	if _, err := c.admin.Exec(ctx, "CREATE DATABASE "+template); err != nil {
		return err
	}
	pool, err := db.Open(ctx, withDatabase(c.local.OwnerURL(), template))
	if err != nil {
		return err
	}
	err = db.Migrate(ctx, pool)
	pool.Close()
	if err != nil {
		return err
	}
	// Nobody may stand in the template while it is copied.
	_, err = c.admin.Exec(ctx, "ALTER DATABASE "+pgx.Identifier{template}.Sanitize()+" ALLOW_CONNECTIONS false")
	return err
}

func (c *cluster) close() error {
	if c.admin != nil {
		c.admin.Close()
	}
	var err error
	if c.local != nil {
		err = c.local.Close()
	}
	return errors.Join(err, os.RemoveAll(c.folder))
}

// sweep removes the folders that test processes left which were killed. Whoever still runs holds the lock of theirs, and one that is
// just starting is left alone for its age.
func sweep() {
	folders, _ := filepath.Glob(filepath.Join(os.TempDir(), folderPrefix+"*"))
	for _, folder := range folders {
		info, err := os.Stat(folder)
		if err != nil || time.Since(info.ModTime()) < 10*time.Minute {
			continue
		}
		if _, err := db.RunningURL(folder); errors.Is(err, db.ErrNotRunning) {
			_ = os.RemoveAll(folder) // another user's stays
		}
	}
}

func withDatabase(address, name string) string {
	u, err := url.Parse(address)
	if err != nil {
		panic(err) // db.Local made it
	}
	u.Path = "/" + name
	return u.String()
}
