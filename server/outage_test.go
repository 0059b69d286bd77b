package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

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

// TestDatabaseDiesUnderReports kills the private PostgreSQL while many post: whatever was acknowledged is there, and whoever was not answered
// with 201 sends the same again until then, and has it stored once.
func TestDatabaseDiesUnderReports(t *testing.T) {
	t.Parallel()
	dir := dbtest.DataDir(t)
	s := start(t, &Config{DataDir: dir})
	const clients, each = 12, 25
	var acknowledged atomic.Int64
	var all sync.WaitGroup
	ids := make([][]string, clients)
	for c := range clients {
		all.Go(func() {
			for n := range each {
				name := fmt.Sprintf("客户 %d 第 %d 件", c, n)
				for tries := 0; ; tries++ {
					a := s.do(http.MethodPost, "/api/v1/incidents", report(name), "Idempotency-Key", name)
					if a.status == http.StatusCreated || a.status == http.StatusOK {
						var stored struct {
							ID    string `json:"id"`
							Title string `json:"title"`
						}
						if err := json.Unmarshal(a.body, &stored); err != nil || stored.Title != name {
							t.Errorf("%s: %s", name, a.body)
						}
						ids[c] = append(ids[c], stored.ID)
						acknowledged.Add(1)
						break
					}
					if a.status < http.StatusInternalServerError && a.status != http.StatusTooManyRequests || tries > 600 {
						t.Errorf("%s: %d %s", name, a.status, a.body)
						return
					}
					time.Sleep(50 * time.Millisecond)
				}
			}
		})
	}
	for acknowledged.Load() < clients*each/4 {
		time.Sleep(time.Millisecond)
	}
	if err := syscall.Kill(dbtest.PostmasterPID(t, dir), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	for _, id := range slices.Concat(ids...) {
		if a := s.get("/api/v1/incidents/" + id); a.status != http.StatusOK {
			t.Errorf("%s was acknowledged, and is %d", id, a.status)
		}
	}
	var incidents, titles, events, receipts, entries int
	if err := s.db.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM incident), (SELECT count(DISTINCT title) FROM incident), (SELECT count(*) FROM event WHERE kind = 'incident.created'),
		(SELECT count(*) FROM report_receipt), (SELECT count(*) FROM audit WHERE action = 'incident.create')`).Scan(&incidents, &titles, &events, &receipts, &entries); err != nil {
		t.Fatal(err)
	}
	if want := clients * each; incidents != want || titles != want || events != want || receipts != want || entries != want {
		t.Errorf("%d incidents with %d titles, %d events, %d receipts, %d entries of %d reports", incidents, titles, events, receipts, entries, want)
	}
}
