package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDatabaseDies kills the private PostgreSQL under a running server: the server says so in /readyz, refuses reports instead of
// losing them, goes on answering from memory, recovers by itself, and its live streams go on.
func TestDatabaseDies(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	ctx, cancel := context.WithCancel(t.Context())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config := &Config{DataDir: dir}
	d, err := config.openDatabase(ctx, true)
	if err != nil {
		t.Fatal(err)
	}
	app, err := newApp(ctx, config, d, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	server, err := newServer(app)
	if err != nil {
		t.Fatal(err)
	}
	finished := make(chan error, 1)
	go func() { finished <- server.Run(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-finished; err != nil {
			t.Errorf("the server ended with: %v", err)
		}
		if err := app.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	s := &site{t: t, url: "http://" + listener.Addr().String(), app: app}
	s.await("/readyz", http.StatusOK)
	events := s.follow("")
	next(t, events, "hello")
	s.do(http.MethodPost, "/api/v1/incidents", report("before"))
	next(t, events, "incident.created")

	pid := postmaster(t, dir)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.await("/readyz", http.StatusServiceUnavailable)
	if a := s.get("/api/v1/snap?lon=119.8&lat=31.3"); a.status != http.StatusOK {
		t.Errorf("snap without a database: %d", a.status)
	}
	s.await("/readyz", http.StatusOK)
	if again := postmaster(t, dir); again == pid {
		t.Error("the same postmaster is said to run")
	}
	var stored struct{ ID string }
	s.do(http.MethodPost, "/api/v1/incidents", report("after")).into(t, http.StatusCreated, &stored)
	if e := next(t, events, "incident.created"); !strings.Contains(e.data, stored.ID) {
		t.Errorf("after the restart the stream says %s", e.data)
	}
}

// TestTwoServersOnOneDirectory: the second is refused and names the first; other commands use the first one's database.
func TestTwoServersOnOneDirectory(t *testing.T) {
	t.Parallel()
	config := &Config{DataDir: dataDir(t)}
	d, err := config.openDatabase(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	code, _, errOut := jingwei(t, nil, "serve", "--listen", "127.0.0.1:0", "--data-dir", config.DataDir)
	if code != 1 || !strings.Contains(errOut, strconv.Itoa(os.Getpid())) {
		t.Errorf("the second server: exit %d, %s", code, errOut)
	}
	code, url, errOut := jingwei(t, nil, "db", "url", "--data-dir", config.DataDir)
	if code != 0 || strings.TrimSpace(url) != d.local.URL() {
		t.Errorf("db url: exit %d, %s%s", code, url, errOut)
	}
	code, out, errOut := jingwei(t, nil, "migrate", "--data-dir", config.DataDir)
	if code != 0 || !strings.Contains(out, "up to date") {
		t.Errorf("migrate beside a server: exit %d, %s%s", code, out, errOut)
	}
}

// dataDir is a folder that PostgreSQL's own user can enter, too.
func dataDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "jingwei-server-test-") //nolint:usetesting // t.TempDir lies in a folder that only its owner can enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

func postmaster(t *testing.T, dir string) int {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, "postgres", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}
