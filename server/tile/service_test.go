package tile

import (
	"context"
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/geo/mvt"
	"jingwei/server/access/accesstest"
	"jingwei/server/area"
	"jingwei/server/area/areatest"
	"jingwei/server/branch"
	"jingwei/server/db/dbtest"
)

// setup makes a service over areatest's county and no branches.
func setup(t *testing.T) (*fixture, *Service) {
	t.Helper()
	pool := dbtest.Open(t)
	areatest.Publish(t, pool, areatest.Areas(), areatest.Effective)
	areas, err := area.NewService(pool)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{pool: pool, areas: areas, branches: branch.NewService(pool)}
	s := NewService(f.areas, f.branches)
	f.renew(t, s)
	return f, s
}

type fixture struct {
	pool     *pgxpool.Pool
	areas    *area.Service
	branches *branch.Service
}

func (f *fixture) renew(t *testing.T, s *Service) {
	t.Helper()
	if _, err := f.areas.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := f.branches.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Renew(t.Context())
}

// saveBranch lets a branch answer for the county.
func (f *fixture) saveBranch(t *testing.T) {
	t.Helper()
	err := f.branches.Save(accesstest.Operator(t), []branch.Branch{{Code: "B1", Name: "县工委", Kind: "work_committee", Secretary: "甲"}},
		[]branch.Assignment{{Area: areatest.County, Branch: "B1"}})
	if err != nil {
		t.Fatal(err)
	}
}

func tileAt(z maptile.Zoom) address {
	at := maptile.At(orb.Point{areatest.WestDeg + 0.001, areatest.SouthDeg + 0.001}, z)
	return address{int32(z), int32(at.X), int32(at.Y)}
}

// TestRenew tells when a new source is needed, and what it begins with.
func TestRenew(t *testing.T) {
	t.Parallel()
	f, s := setup(t)
	first := s.current.Load()
	for z := maptile.Zoom(mvt.MinZoom); z <= lowZoom; z++ {
		if _, kept := first.tiles.GetIfPresent(tileAt(z)); !kept {
			t.Errorf("the tile of zoom %d is not cut before it is served", z)
		}
	}
	before, err := first.find(t.Context(), tileAt(14))
	if err != nil {
		t.Fatal(err)
	}

	f.renew(t, s) // another directory of the same branches
	if s.current.Load() != first {
		t.Error("what did not change was made anew")
	}
	f.saveBranch(t)
	f.renew(t, s)
	second := s.current.Load()
	if second == first || second.revision == first.revision || second.query == first.query {
		t.Error("tiles with other branches have the same revision")
	}
	after, err := second.find(t.Context(), tileAt(14))
	if err != nil || after.etag[0] == before.etag[0] {
		t.Errorf("the branch is not in the tile: %v", err)
	}
}

// TestRunCutsAhead lets Run come to its end, twice, and stops it.
func TestRunCutsAhead(t *testing.T) {
	t.Parallel()
	f, s := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.Run(ctx)
	}()
	for round := range 2 {
		source := s.current.Load()
		for deadline := time.Now().Add(30 * time.Second); source.ahead.done.Load() < source.ahead.total.Load(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("round %d: %d of %d are done", round, source.ahead.done.Load(), source.ahead.total.Load())
			}
		}
		for z := maptile.Zoom(mvt.MinZoom); z <= aheadZoom; z++ {
			if _, kept := source.tiles.GetIfPresent(tileAt(z)); !kept {
				t.Errorf("the tile of zoom %d was not cut ahead", z)
			}
		}
		areatest.Publish(t, f.pool, areatest.Areas()[:1], areatest.Effective.AddDate(0, round+1, 0))
		f.renew(t, s)
		if s.current.Load() == source {
			t.Fatal("a new edition did not come")
		}
	}
	cancel()
	<-stopped
}

// TestAheadOfFarAreas: a county at the other end of the world makes the tiles between the two neither take time nor crowd out others.
func TestAheadOfFarAreas(t *testing.T) {
	t.Parallel()
	f, s := setup(t)
	low := geo.Point{Lon: -1_700_000_000, Lat: -800_000_000}
	areatest.Publish(t, f.pool, []coverage.Area{{Code: "999999", Name: "远", Level: coverage.County, Shape: []coverage.Polygon{
		{{low, {Lon: low.Lon + 100_000, Lat: low.Lat}, {Lon: low.Lon, Lat: low.Lat + 100_000}}},
	}}}, areatest.Effective.AddDate(0, 1, 0))
	f.renew(t, s)
	source := s.current.Load()
	source.cutAhead(t.Context(), lowZoom+1, mvt.MaxZoom, func() bool { return true })
	if done, total := source.ahead.done.Load(), source.ahead.total.Load(); done != total {
		t.Errorf("%d of %d are done", done, total)
	}
	if n := source.tiles.EstimatedSize(); n > 10_000 {
		t.Errorf("%d tiles are kept", n)
	}
	lon, lat := low.Degrees()
	for z := maptile.Zoom(mvt.MinZoom); z <= aheadZoom; z++ {
		far := maptile.At(orb.Point{lon, lat}, z)
		for _, at := range []address{tileAt(z), {int32(z), int32(far.X), int32(far.Y)}} {
			if kept, _ := source.tiles.GetIfPresent(at); len(kept.data) == 0 {
				t.Errorf("the tile %v was not cut ahead", at)
			}
		}
	}
}

// TestOldSourcesGo checks that nothing of an edition stays in memory when the next one is served.
func TestOldSourcesGo(t *testing.T) {
	t.Parallel()
	f, s := setup(t)
	old := weak.Make(s.current.Load())
	if _, err := s.current.Load().find(t.Context(), tileAt(14)); err != nil {
		t.Fatal(err)
	}
	f.saveBranch(t)
	f.renew(t, s)
	for deadline := time.Now().Add(10 * time.Second); old.Value() != nil; runtime.GC() {
		if time.Now().After(deadline) {
			t.Fatal("the old source is still there")
		}
	}
}
