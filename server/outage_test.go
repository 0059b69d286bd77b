package main

import (
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"jingwei/server/db/dbtest"
)

// TestDatabaseDies kills the private PostgreSQL under a running server: the server says so in /readyz, refuses reports instead of
// losing them, goes on answering from memory, recovers by itself, and its live streams go on.
func TestDatabaseDies(t *testing.T) {
	t.Parallel()
	dir := dbtest.DataDir(t)
	s := start(t, &Config{DataDir: dir})
	events := s.follow("")
	next(t, events, "hello")
	s.do(http.MethodPost, "/api/v1/incidents", report("before"))
	next(t, events, "incident.created")

	pid := dbtest.PostmasterPID(t, dir)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.await("/readyz", http.StatusServiceUnavailable)
	if a := s.as().get("/api/v1/snap?lon=119.8&lat=31.3"); a.status != http.StatusOK {
		t.Errorf("snap without a database: %d", a.status)
	}
	s.await("/readyz", http.StatusOK)
	if again := dbtest.PostmasterPID(t, dir); again == pid {
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
	config := &Config{DataDir: dbtest.DataDir(t)}
	d, err := config.openDatabase(t.Context(), serves)
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
