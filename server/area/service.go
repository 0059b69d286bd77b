package area

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/maypok86/otter/v2"

	"jingwei/server/access"
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

// Current is the edition in effect; an empty Atlas before the first one. It is for services, who ask for actions of their own and show no
// figures of it; At is for whoever asks from outside.
func (s *Service) Current() *Atlas { return s.current.Load() }

// Reload builds the Atlas of the last edition beside the old one, and then swaps them. Readers never wait, and are shown nothing by it.
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

// At is the edition in effect at an instant, as the actor of ctx may see it; the zero time is now. It fails with not_found before the first
// edition. Earlier ones need area.history, and show where that is allowed.
func (s *Service) At(ctx context.Context, at time.Time) (View, error) {
	view, err := viewOf(ctx, s.Current())
	if err != nil || at.IsZero() || view.Edition.Number > 0 && !at.Before(view.Edition.EffectiveAt) {
		return view, err
	}
	if view.shown, err = access.AskScope(ctx, access.AreaHistory); err != nil {
		return View{}, err
	}
	edition, ok, err := findEdition(ctx, s.pool, at)
	if err != nil {
		return View{}, err
	}
	if !ok {
		return View{}, web.NewProblem(web.NotFound, "no edition was in effect at "+at.Format(time.RFC3339)+"; /api/v1/editions lists them").At("query.at", at)
	}
	view.Atlas, err = s.past.Get(ctx, edition.Number, otter.LoaderFunc[int, *Atlas](func(ctx context.Context, _ int) (*Atlas, error) {
		return loadAtlas(ctx, s.pool, edition)
	}))
	return view, err
}

// Editions lists all editions, the newest first, for whoever may see earlier ones anywhere.
func (s *Service) Editions(ctx context.Context) ([]Edition, error) {
	if _, err := access.AskScope(ctx, access.AreaHistory); err != nil {
		return nil, err
	}
	return listEditions(ctx, s.pool)
}

// History lists the versions of an area, the newest first; not_found for a code that was never given.
func (s *Service) History(ctx context.Context, code string) ([]Version, error) {
	scope, err := access.AskScope(ctx, access.AreaHistory)
	if err != nil {
		return nil, err
	}
	if !scope.All { // else the question which areas own it has no use
		chain, err := findChain(ctx, s.pool, code)
		switch {
		case err != nil:
			return nil, err
		case len(chain) > 0 && !scope.Holds(chain):
			return nil, access.Refusal(ctx, access.AreaHistory)
		}
	}
	versions, err := listVersions(ctx, s.pool, code)
	if err == nil && len(versions) == 0 {
		return nil, unknownArea(code)
	}
	return versions, err
}

func unknownArea(code string) error {
	return web.NewProblem(web.NotFound, "no area has the code "+code).At("path.code", code)
}
