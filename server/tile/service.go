package tile

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"

	"jingwei/geo/mvt"
	"jingwei/server/access"
	"jingwei/server/area"
	"jingwei/server/branch"
)

// The tiles of zooms up to lowZoom, a few dozen, are cut before an edition is served, those up to aheadZoom soon after.
const (
	lowZoom   = 9
	aheadZoom = 12
)

// Service cuts tiles on demand and ahead of it, and keeps them.
type Service struct {
	areas    *area.Service
	branches *branch.Service
	current  atomic.Pointer[source]
	renew    sync.Mutex
	renewed  chan struct{}
}

// NewService makes a service over areas and the branches that answer for them.
func NewService(areas *area.Service, branches *branch.Service) *Service {
	return &Service{areas: areas, branches: branches, renewed: make(chan struct{}, 1)}
}

// find gives a tile of the present edition, and the source that it is of.
func (s *Service) find(ctx context.Context, at address) (tile, *source, error) {
	if err := access.Ask(ctx, access.AreaRead, nil); err != nil {
		return tile{}, nil, err
	}
	source := s.current.Load()
	t, err := source.find(ctx, at)
	return t, source, err
}

// Renew prepares the tiles of the edition and the branches that are in effect now, those of low zooms at once. Until it is done the
// old ones are served, wholly and to everybody; then the new ones are.
func (s *Service) Renew(ctx context.Context) {
	s.renew.Lock()
	defer s.renew.Unlock()
	atlas, directory := s.areas.Current(), s.branches.Directory()
	old := s.current.Load()
	if old != nil && old.atlas == atlas && old.directory == directory {
		return
	}
	next := newSource(old, atlas, directory)
	if next == old {
		return
	}
	next.plan()
	next.cutAhead(ctx, mvt.MinZoom, lowZoom, func() bool { return ctx.Err() == nil })
	s.current.Store(next)
	select {
	case s.renewed <- struct{}{}:
	default:
	}
}

// Run works out ahead of requests what tiles of the present edition need, and cuts those up to aheadZoom, until ctx ends. It uses one
// goroutine, and begins anew with each edition.
func (s *Service) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.renewed:
		}
		source := s.current.Load()
		source.cutAhead(ctx, lowZoom+1, mvt.MaxZoom, func() bool { return ctx.Err() == nil && s.current.Load() == source })
	}
}

// plan counts what is worked out ahead of requests.
func (s *source) plan() {
	for z := mvt.MinZoom; z <= mvt.MaxZoom; z++ {
		if minX, minY, maxX, maxY, ok := s.cutter.Range(z); ok {
			s.ahead.total.Add(1)
			if z <= aheadZoom {
				s.ahead.total.Add(int64(maxX-minX+1) * int64(maxY-minY+1))
			}
		}
	}
}

// cutAhead works out zooms, and cuts the tiles of those up to aheadZoom, while it may go on. Tiles within one that is empty are
// empty too, but for areas too small to be seen there, and are left out: where areas lie far apart there are millions.
func (s *source) cutAhead(ctx context.Context, fromZoom, toZoom int, goOn func() bool) {
	for z := fromZoom; z <= toZoom && goOn(); z++ {
		minX, minY, maxX, maxY, ok := s.cutter.Range(z)
		if !ok {
			continue
		}
		s.cutter.Prepare(z)
		s.ahead.done.Add(1)
		if z > aheadZoom {
			continue
		}
		for y := minY; y <= maxY; y++ {
			for x := minX; x <= maxX; x++ {
				if !goOn() {
					return
				}
				if z > mvt.MinZoom && s.isEmpty(address{int32(z - 1), int32(x / 2), int32(y / 2)}) {
					s.ahead.done.Add(1)
					continue
				}
				if _, err := s.find(ctx, address{int32(z), int32(x), int32(y)}); err != nil {
					slog.WarnContext(ctx, "cut a tile ahead", "z", z, "x", x, "y", y, "error", err)
				}
				s.ahead.done.Add(1)
				runtime.Gosched() // requests first
			}
		}
	}
}

// isEmpty reports whether a tile was cut and shows nothing, or was left out for that.
func (s *source) isEmpty(at address) bool {
	t, kept := s.tiles.GetIfPresent(at)
	return !kept || len(t.data) == 0
}
