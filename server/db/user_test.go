package db_test

import (
	"errors"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"jingwei/server/db"
	"jingwei/server/db/dbtest"
)

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can be two users")
	}
}

// root keeps its data where it has closed the way for PostgreSQL's user: the first closed folder is named.
func TestUnreachableDataDir(t *testing.T) {
	t.Parallel()
	needRoot(t)
	closed := filepath.Dir(dbtest.DataDir(t))
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := db.StartLocal(t.Context(), filepath.Join(closed, "some", "where"), quiet)
	wantError(t, err, "cannot enter "+closed+":", "chmod o+x "+closed, "--data-dir")
}

// root works from a folder that root alone can enter, as a checkout may be.
func TestRootInClosedFolder(t *testing.T) {
	t.Parallel()
	needRoot(t)
	cmd := exec.Command(os.Args[0])
	cmd.Dir = t.TempDir()
	if err := os.Chmod(cmd.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	dir := dbtest.DataDir(t)
	owner := startOwner(t, cmd, dir)
	if n := count(t, owner.url, "SELECT 7"); n != 7 {
		t.Errorf("got %d", n)
	}
	info, err := os.Stat(filepath.Join(dir, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Sys().(*syscall.Stat_t).Uid == 0 {
		t.Error("the cluster belongs to root")
	}
}

// An ordinary user has a database of his own; root's folder is closed to him, and said to be.
func TestOrdinaryUser(t *testing.T) {
	t.Parallel()
	needRoot(t)
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skip("no user nobody")
	}
	uid, err := strconv.Atoi(nobody.Uid)
	if err != nil {
		t.Fatal(err)
	}
	home := filepath.Dir(dbtest.DataDir(t))
	binary := filepath.Join(home, "jingwei.test")
	text, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(binary, text, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(binary, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(home, uid, -1); err != nil {
		t.Fatal(err)
	}
	as := func() *exec.Cmd {
		cmd := exec.Command(binary)
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid)}}
		return cmd
	}
	owner := startOwner(t, as(), filepath.Join(home, "data"))
	if n := count(t, owner.url, "SELECT 7"); n != 7 {
		t.Errorf("got %d", n)
	}

	roots := dbtest.DataDir(t)
	startLocal(t, roots, db.Volatile())
	refused := as()
	refused.Env = append(os.Environ(), ownerVariable+"="+roots)
	said, err := refused.CombinedOutput()
	if err == nil {
		t.Fatal("it opened root's data directory")
	}
	wantError(t, errors.New(string(said)), "no permission in data directory "+roots, "--data-dir")
}

// A data directory that root has copied or restored belongs to root, and works again.
func TestRestoredByRoot(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := dbtest.DataDir(t)
	local, err := db.StartLocal(t.Context(), dir, quiet, db.Volatile())
	if err != nil {
		t.Fatal(err)
	}
	execute(t, local.OwnerURL(), "CREATE TABLE kept AS SELECT 7 AS n")
	if err := local.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("chown", "-R", "0:0", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	local = startLocal(t, dir, db.Volatile())
	if n := count(t, local.OwnerURL(), "SELECT n FROM kept"); n != 7 {
		t.Errorf("kept %d", n)
	}
}
