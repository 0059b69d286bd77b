package area

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/maypok86/otter/v2"

	"jingwei/server/web"
)

// keptEditions is how many earlier editions stay in memory for questions about the past.
const keptEditions = 2

// Service answers from the edition in effect and, on request, from earlier ones.
type Service struct {
	pool    *pgxpool.Pool
	current atomic.Pointer[Atlas]
	reload  sync.Mutex // one reload at a time
	past    *otter.Cache[int, *Atlas]
}

// NewService makes a service without an edition; Reload reads the one in effect.
func NewService(pool *pgxpool.Pool) (*Service, error) {
	past, err := otter.New(&otter.Options[int, *Atlas]{MaximumSize: keptEditions})
	if err != nil {
		return nil, err
	}
	empty, err := newAtlas(Edition{}, nil, nil)
	if err != nil {
		return nil, err
	}
	s := &Service{pool: pool, past: past}
	s.current.Store(empty)
	return s, nil
}

// Current is the edition in effect; an empty Atlas before the first one.
func (s *Service) Current() *Atlas { return s.current.Load() }

// Reload builds the Atlas of the last edition beside the old one, and then swaps them. Readers never wait.
func (s *Service) Reload(ctx context.Context) (*Atlas, error) {
	s.reload.Lock()
	defer s.reload.Unlock()
	edition, ok, err := lastEdition(ctx, s.pool)
	if err != nil {
		return nil, fmt.Errorf("last edition: %w", err)
	}
	if !ok || edition.Number == s.Current().Edition.Number {
		return s.Current(), nil
	}
	atlas, err := loadAtlas(ctx, s.pool, edition)
	if err != nil {
		return nil, err
	}
	s.current.Store(atlas)
	return atlas, nil
}

// At is the Atlas in effect at an instant; the zero time is now. It fails with not_found before the first edition.
func (s *Service) At(ctx context.Context, at time.Time) (*Atlas, error) {
	current := s.Current()
	if at.IsZero() || current.Edition.Number > 0 && !at.Before(current.Edition.EffectiveAt) {
		return current, nil
	}
	edition, ok, err := findEdition(ctx, s.pool, at)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, web.NewProblem(web.NotFound, "no edition was in effect at "+at.Format(time.RFC3339)+"; /api/v1/editions lists them").At("query.at", at)
	}
	return s.past.Get(ctx, edition.Number, otter.LoaderFunc[int, *Atlas](func(ctx context.Context, _ int) (*Atlas, error) {
		return loadAtlas(ctx, s.pool, edition)
	}))
}

// Editions lists all editions, the newest first.
func (s *Service) Editions(ctx context.Context) ([]Edition, error) { return listEditions(ctx, s.pool) }

// History lists the versions of an area, the newest first; not_found for a code that was never given.
func (s *Service) History(ctx context.Context, code string) ([]Version, error) {
	versions, err := listVersions(ctx, s.pool, code)
	if err == nil && len(versions) == 0 {
		return nil, unknownArea(code)
	}
	return versions, err
}

func unknownArea(code string) error {
	return web.NewProblem(web.NotFound, "no area has the code "+code).At("path.code", code)
}
