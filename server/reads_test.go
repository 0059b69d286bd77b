package main

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
)

// TestReadsLeaveConnectionsToTheIntake: who reads many incidents while as many do as may is told to wait, and reports are taken meanwhile.
func TestReadsLeaveConnectionsToTheIntake(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	var held []func()
	for len(held) < 6 {
		reader := accesstest.Person(t, access.Viewer)
		for range 2 {
			done, err := s.app.incidents.BeginRead(reader)
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, done)
		}
	}
	at := maptile.At(orb.Point{insideLon, insideLat}, 16)
	paths := []string{
		"/api/v1/incidents/points?from=2025-01-01T00:00:00Z&to=2100-01-01T00:00:00Z", "/api/v1/incidents?q=x", fmt.Sprintf("/tiles/incidents/16/%d/%d.mvt", at.X, at.Y),
	}
	var asked sync.WaitGroup
	for _, path := range paths {
		asked.Go(func() {
			a := s.get(path)
			if after, err := strconv.Atoi(a.header.Get("Retry-After")); a.status != http.StatusTooManyRequests || err != nil || after < 1 {
				t.Errorf("%s: %d, Retry-After %d: %s", path, a.status, after, a.body)
			}
		})
	}
	for range 10 {
		s.do(http.MethodPost, "/api/v1/incidents", report("y")).into(t, http.StatusCreated, &struct{}{})
	}
	asked.Wait()
	for _, done := range held {
		done()
	}
	for _, path := range paths {
		if a := s.get(path); a.status != http.StatusOK {
			t.Errorf("%s, when there is room: %d %s", path, a.status, a.body)
		}
	}
}
