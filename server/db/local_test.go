package db_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"jingwei/server/db"
	"jingwei/server/db/dbtest"
)

var quiet = slog.New(slog.DiscardHandler)

// Start, a second server on the same folder, stop, start again with the data and the port of before.
func TestStartLocal(t *testing.T) {
	t.Parallel()
	dir := dbtest.DataDir(t)
	if _, err := db.RunningURL(dir); !errors.Is(err, db.ErrNotRunning) {
		t.Fatalf("before the first start: %v", err)
	}
	local, err := db.StartLocal(t.Context(), dir, quiet)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := db.Open(t.Context(), local.OwnerURL())
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	pool.Close()
	execute(t, local.OwnerURL(), "CREATE TABLE kept AS SELECT 7 AS n")

	running, err := db.RunningURL(dir)
	if err != nil || running != local.URL() {
		t.Errorf("RunningURL = %q, %v; want %q", running, err, local.URL())
	}
	if owner, err := db.RunningOwnerURL(dir); err != nil || owner != local.OwnerURL() || owner == running {
		t.Errorf("RunningOwnerURL = %q, %v; want %q", owner, err, local.OwnerURL())
	}
	_, err = db.StartLocal(t.Context(), dir, quiet)
	if !errors.Is(err, db.ErrInUse) {
		t.Fatalf("second server: %v", err)
	}
	wantError(t, err, strconv.Itoa(os.Getpid()), dir)

	// A Ctrl-C at the terminal goes to the group of processes in front; the database must not be in it.
	pid := dbtest.PostmasterPID(t, dir)
	if group, err := syscall.Getpgid(pid); err != nil || group != pid {
		t.Errorf("postmaster %d is in process group %d (%v)", pid, group, err)
	}

	address := local.URL()
	if err := local.Close(); err != nil {
		t.Fatal(err)
	}
	if alive(pid) {
		t.Error("the postmaster is alive after Close")
	}
	if err := local.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
	if _, err := db.RunningURL(dir); !errors.Is(err, db.ErrNotRunning) {
		t.Errorf("after Close: %v", err)
	}
	local = startLocal(t, dir)
	if local.URL() != address {
		t.Errorf("the address changed from %s to %s", address, local.URL())
	}
	if n := count(t, local.OwnerURL(), "SELECT n FROM kept"); n != 7 {
		t.Errorf("kept %d", n)
	}
}

// The private database is open to the password alone and to the loopback alone.
func TestLocalIsPrivate(t *testing.T) {
	t.Parallel()
	dir := dbtest.DataDir(t)
	local := startLocal(t, dir, db.Volatile())
	u, err := url.Parse(local.URL())
	if err != nil {
		t.Fatal(err)
	}
	if u.Hostname() != "127.0.0.1" || u.Port() == "5432" {
		t.Errorf("address %s", u.Redacted())
	}
	for _, role := range []string{"jingwei", db.ApplicationRole} {
		u.User = url.UserPassword(role, "guess")
		_, err = db.Open(t.Context(), u.String())
		wantError(t, err, "28P01", "DATABASE_URL")
	}
	if n := count(t, local.OwnerURL(), "SELECT count(*) FROM pg_settings WHERE name IN ('listen_addresses', 'unix_socket_directories') AND setting NOT IN ('', '127.0.0.1')"); n != 0 {
		t.Error("it listens elsewhere too")
	}
	for _, path := range []string{
		filepath.Join(dir, "lock"), filepath.Join(dir, "postgres"), filepath.Join(dir, "postgres", "jingwei.password"),
		filepath.Join(dir, "postgres", "jingwei_app.password"), filepath.Join(dir, "postgres.log"),
	} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
	}
}

// A postmaster that is killed comes back on the same port with what was committed, and an open pool finds it.
func TestPostmasterKilled(t *testing.T) {
	t.Parallel()
	dir := dbtest.DataDir(t)
	local := startLocal(t, dir)
	pool, err := db.Open(t.Context(), local.OwnerURL())
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.Exec(t.Context(), "CREATE TABLE kept AS SELECT 7 AS n"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		old := dbtest.PostmasterPID(t, dir)
		if err := syscall.Kill(old, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		eventually(t, 20*time.Second, "the pool answers again", func() bool {
			var n int
			return pool.QueryRow(t.Context(), "SELECT n FROM kept").Scan(&n) == nil && n == 7 && dbtest.PostmasterPID(t, dir) != old
		})
	}
}

// A server that is killed takes its database with it, and the next one starts with what was committed.
func TestOwnerKilled(t *testing.T) {
	t.Parallel()
	dir := dbtest.DataDir(t)
	killed := startOwner(t, exec.Command(os.Args[0]), dir)
	execute(t, killed.url, "CREATE TABLE kept AS SELECT 7 AS n")
	pid := dbtest.PostmasterPID(t, dir)
	if _, err := db.StartLocal(t.Context(), dir, quiet); !errors.Is(err, db.ErrInUse) {
		t.Fatalf("while it runs: %v", err)
	} else {
		wantError(t, err, strconv.Itoa(killed.cmd.Process.Pid))
	}
	if err := killed.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = killed.cmd.Wait()
	local := startLocal(t, dir, db.Volatile()) // at once, while the old postmaster may be on its way out
	if n := count(t, local.OwnerURL(), "SELECT n FROM kept"); n != 7 {
		t.Errorf("kept %d", n)
	}
	if now := dbtest.PostmasterPID(t, dir); now == pid {
		t.Error("the old postmaster runs on")
	}
}

// A postmaster of the cluster that does not go by itself is stopped, for instance one that somebody started by hand.
func TestLeftPostmaster(t *testing.T) {
	t.Parallel()
	dir := dbtest.DataDir(t)
	local, err := db.StartLocal(t.Context(), dir, quiet, db.Volatile())
	if err != nil {
		t.Fatal(err)
	}
	execute(t, local.OwnerURL(), "CREATE TABLE kept AS SELECT 7 AS n")
	postgres, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", dbtest.PostmasterPID(t, dir)))
	if err != nil {
		t.Skip("needs /proc to find PostgreSQL")
	}
	if err := local.Close(); err != nil {
		t.Fatal(err)
	}
	cluster := filepath.Join(dir, "postgres")
	info, err := os.Stat(cluster)
	if err != nil {
		t.Fatal(err)
	}
	left := exec.Command(postgres, "-D", cluster)
	left.Dir = "/"
	if owner := info.Sys().(*syscall.Stat_t); int(owner.Uid) != os.Geteuid() {
		left.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}}
	}
	if err := left.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- left.Wait() }()
	eventually(t, 10*time.Second, "the postmaster started by hand writes its pid", func() bool {
		return exists(filepath.Join(cluster, "postmaster.pid"))
	})
	local = startLocal(t, dir, db.Volatile())
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the postmaster started by hand runs on")
		_ = left.Process.Kill()
	}
	if n := count(t, local.OwnerURL(), "SELECT n FROM kept"); n != 7 {
		t.Errorf("kept %d", n)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// What an unlucky end can leave in the folder does not stop the next start, and no stranger is hurt.
func TestLeftovers(t *testing.T) {
	t.Parallel()
	dir := dbtest.DataDir(t)
	cluster := filepath.Join(dir, "postgres")

	// A first start that was killed within initdb, and an empty folder where the cluster goes.
	if err := os.MkdirAll(filepath.Join(dir, "postgres.new", "cluster", "base"), 0o711); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(cluster, 0o700); err != nil {
		t.Fatal(err)
	}
	local, err := db.StartLocal(t.Context(), dir, quiet, db.Volatile())
	if err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(local.URL())
	if err != nil {
		t.Fatal(err)
	}
	if err := local.Close(); err != nil {
		t.Fatal(err)
	}

	// A postmaster.pid with the id of a stranger, by now the owner of another process; and a stranger on the port of the last time.
	stranger := exec.Command("sleep", "60")
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stranger.Process.Kill(); _ = stranger.Wait() }()
	listener, err := net.Listen("tcp", address.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	text := fmt.Sprintf("%d\n%s\n1\n%s\n\n127.0.0.1\n", stranger.Process.Pid, cluster, address.Port())
	if err := os.WriteFile(filepath.Join(cluster, "postmaster.pid"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	local = startLocal(t, dir, db.Volatile())
	again, err := url.Parse(local.URL())
	if err != nil {
		t.Fatal(err)
	}
	if again.Port() == address.Port() {
		t.Error("the database claims a taken port")
	}
	if !alive(stranger.Process.Pid) {
		t.Error("the stranger was ended")
	}
}

// A first start that is given up leaves nothing that stops the next.
func TestStartCanceled(t *testing.T) {
	t.Parallel()
	dir := dbtest.DataDir(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := db.StartLocal(ctx, dir, quiet, db.Volatile()); err == nil {
		t.Skip("too fast to be canceled")
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("giving up took %s", took)
	}
	startLocal(t, dir, db.Volatile())
}

// What cannot work says so plainly.
func TestStartRefused(t *testing.T) {
	t.Parallel()
	t.Run("the folder is a file", func(t *testing.T) {
		t.Parallel()
		dir := dbtest.DataDir(t)
		if err := os.WriteFile(dir, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := db.StartLocal(t.Context(), dir, quiet)
		wantError(t, err, dir, "is a file", "--data-dir")
	})
	t.Run("something else where the cluster goes", func(t *testing.T) {
		t.Parallel()
		dir := dbtest.DataDir(t)
		if err := os.MkdirAll(filepath.Join(dir, "postgres", "holiday"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o711); err != nil {
			t.Fatal(err)
		}
		_, err := db.StartLocal(t.Context(), dir, quiet)
		wantError(t, err, filepath.Join(dir, "postgres"), "is no PostgreSQL cluster")
		if !exists(filepath.Join(dir, "postgres", "holiday")) {
			t.Error("it was removed")
		}
	})
	t.Run("damaged cluster", func(t *testing.T) {
		t.Parallel()
		dir := dbtest.DataDir(t)
		local, err := db.StartLocal(t.Context(), dir, quiet, db.Volatile())
		if err != nil {
			t.Fatal(err)
		}
		if err := local.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(filepath.Join(dir, "postgres", "global", "pg_control"), 0); err != nil {
			t.Fatal(err)
		}
		_, err = db.StartLocal(t.Context(), dir, quiet, db.Volatile())
		wantError(t, err, "did not start", "pg_control") // PostgreSQL's own words
	})
	t.Run("of a version that is not there", func(t *testing.T) {
		t.Parallel()
		dir := dbtest.DataDir(t)
		if err := os.MkdirAll(filepath.Join(dir, "postgres"), 0o711); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "postgres", "PG_VERSION"), []byte("11\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := db.StartLocal(t.Context(), dir, quiet)
		wantError(t, err, "PostgreSQL 11", "not installed")
	})
}
