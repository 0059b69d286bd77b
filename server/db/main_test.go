package db_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"jingwei/server/db"
	"jingwei/server/db/dbtest"
)

// With this in its environment the test binary is a server: it owns the data directory named there, prints the URL of its
// database for the owner, and stops in order when its standard input ends.
const ownerVariable = "JINGWEI_TEST_OWNER_OF"

func TestMain(m *testing.M) {
	if dir := os.Getenv(ownerVariable); dir != "" {
		own(dir)
		return
	}
	dbtest.Main(m)
}

func own(dir string) {
	local, err := db.StartLocal(context.Background(), dir, slog.New(slog.NewTextHandler(os.Stderr, nil)), db.Volatile())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(local.OwnerURL())
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := local.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// startLocal starts a private database that is closed with the test.
func startLocal(t *testing.T, dir string, options ...db.LocalOption) *db.Local {
	t.Helper()
	local, err := db.StartLocal(t.Context(), dir, slog.New(slog.DiscardHandler), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := local.Close(); err != nil {
			t.Error(err)
		}
	})
	return local
}

// owner is a child process that runs own.
type owner struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	url string
}

func startOwner(t *testing.T, cmd *exec.Cmd, dir string) *owner {
	t.Helper()
	cmd.Env = append(os.Environ(), ownerVariable+"="+dir, "HOME=/", "GOCOVERDIR="+os.TempDir())
	var stderr strings.Builder
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	line := make([]byte, 1000)
	n, err := out.Read(line)
	if err != nil {
		in.Close()
		_ = cmd.Wait()
		t.Fatalf("owner: %v\n%s", err, stderr.String())
	}
	return &owner{cmd, in, strings.TrimSpace(string(line[:n]))}
}

func execute(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// count asks for one number.
func count(t *testing.T, url, sql string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

// eventually waits for something that takes the system a moment.
func eventually(t *testing.T, within time.Duration, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", within, what)
		}
	}
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error does not say %q:\n%v", part, err)
		}
	}
}
