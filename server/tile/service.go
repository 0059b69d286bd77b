package tile

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/maypok86/otter/v2"

	"jingwei/server/area"
	"jingwei/server/branch"
)

// cacheBytes is how much memory compressed tiles may take.
const cacheBytes = 128 << 20

// Service cuts tiles on demand and keeps them.
type Service struct {
	areas    *area.Service
	branches *branch.Service
	current  atomic.Pointer[source]
	renew    sync.Mutex
	tiles    *otter.Cache[key, tile]
}

type key struct {
	edition  int
	revision string
	z, x, y  int
}

// tile is compressed; data is empty where there is nothing to draw.
type tile struct {
	data []byte
	etag string
}

// NewService makes a service over areas and the branches that answer for them.
func NewService(areas *area.Service, branches *branch.Service) (*Service, error) {
	tiles, err := otter.New(&otter.Options[key, tile]{
		MaximumWeight: cacheBytes,
		Weigher:       func(_ key, t tile) uint32 { return uint32(len(t.data)) + 128 },
	})
	return &Service{areas: areas, branches: branches, tiles: tiles}, err
}

// Renew prepares the tiles of the edition and the branches that are in effect now. Until it is done the old ones are served.
func (s *Service) Renew() {
	s.renew.Lock()
	defer s.renew.Unlock()
	atlas, directory := s.areas.Current(), s.branches.Directory()
	if old := s.current.Load(); old != nil && old.atlas == atlas && old.directory == directory {
		return
	}
	s.current.Store(newSource(atlas, directory))
}

// find gives a tile of the present source.
func (s *Service) find(ctx context.Context, z, x, y int) (tile, error) {
	source := s.current.Load()
	k := key{source.atlas.Edition.Number, source.directory.Revision, z, x, y}
	return s.tiles.Get(ctx, k, otter.LoaderFunc[key, tile](func(context.Context, key) (tile, error) {
		data, err := source.cut(z, x, y)
		// By content: another database can have an edition of the same number.
		return tile{data, fmt.Sprintf(`"%x"`, sha256.Sum256(data))[:18] + `"`}, err
	}))
}
