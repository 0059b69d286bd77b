package snap

import (
	"context"
	"time"

	"jingwei/geo"
	"jingwei/server/access"
	"jingwei/server/area"
	"jingwei/server/branch"
)

// Service snaps points by the edition in effect and the branches of now.
type Service struct {
	areas      *area.Service
	branches   *branch.Service
	toleranceM float64
}

// NewService makes a service. toleranceM is how far outside everything a point may lie and still be given to the nearest area,
// marked inferred; 0 leaves all such points outside.
func NewService(areas *area.Service, branches *branch.Service, toleranceM float64) *Service {
	return &Service{areas: areas, branches: branches, toleranceM: toleranceM}
}

// Locate snaps a point by the edition in effect, for a service that asks for an action of its own.
func (s *Service) Locate(p geo.Point) Result {
	atlas := s.areas.Current()
	return resultOf(atlas, s.branches.Directory(), p, atlas.Index.Locate(p), s.toleranceM)
}

// LocateAt snaps a point by the edition that was in effect at an instant, and gives the edition as the actor of ctx may see it. Branches are
// those of now.
func (s *Service) LocateAt(ctx context.Context, p geo.Point, at time.Time) (Result, area.View, error) {
	if err := access.Ask(ctx, access.SnapOne, nil); err != nil {
		return Result{}, area.View{}, err
	}
	view, err := s.areas.At(ctx, at)
	if err != nil {
		return Result{}, view, err
	}
	result := resultOf(view.Atlas, s.branches.Directory(), p, view.Index.Locate(p), s.toleranceM)
	return result, view, view.Ask(ctx, result.Codes)
}

// LocateAll snaps points by one edition, in order, however long it takes and whatever is published meanwhile, for a service that asks for an
// action of its own.
func (s *Service) LocateAll(points []geo.Point) []Result {
	return LocateAll(s.areas.Current(), s.branches.Directory(), points, s.toleranceM)
}

// AskBatch is nil where the actor of ctx may snap many points at once, wherever they lie.
func (s *Service) AskBatch(ctx context.Context) error {
	_, err := access.AskScope(ctx, access.SnapBatch)
	return err
}

// LocateAllAt snaps points by the edition that was in effect at an instant; the zero time is now. refused holds the reason for each point
// where the actor of ctx may not see that edition; the result of such a point is not for the actor.
func (s *Service) LocateAllAt(ctx context.Context, points []geo.Point, at time.Time) (results []Result, refused map[int]string, err error) {
	if err := s.AskBatch(ctx); err != nil {
		return nil, nil, err
	}
	view, err := s.areas.At(ctx, at)
	if err != nil {
		return nil, nil, err
	}
	results = LocateAll(view.Atlas, s.branches.Directory(), points, s.toleranceM)
	for i := range results {
		if err := view.Ask(ctx, results[i].Codes); err != nil {
			if refused == nil {
				refused = map[int]string{}
			}
			refused[i] = err.Error()
		}
	}
	return results, refused, nil
}
