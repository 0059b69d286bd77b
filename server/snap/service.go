package snap

import (
	"context"
	"time"

	"jingwei/geo"
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

// Locate snaps a point by the edition in effect.
func (s *Service) Locate(p geo.Point) Result {
	atlas := s.areas.Current()
	return resultOf(atlas, s.branches.Directory(), p, atlas.Index.Locate(p), s.toleranceM)
}

// LocateAt snaps a point by the edition that was in effect at an instant. Branches are those of now.
func (s *Service) LocateAt(ctx context.Context, p geo.Point, at time.Time) (Result, error) {
	atlas, err := s.areas.At(ctx, at)
	if err != nil {
		return Result{}, err
	}
	return resultOf(atlas, s.branches.Directory(), p, atlas.Index.Locate(p), s.toleranceM), nil
}

// LocateAll snaps points by one edition, in order, however long it takes and whatever is published meanwhile.
func (s *Service) LocateAll(points []geo.Point) []Result {
	return LocateAll(s.areas.Current(), s.branches.Directory(), points, s.toleranceM)
}

// LocateAllAt snaps points by the edition that was in effect at an instant; the zero time is now.
func (s *Service) LocateAllAt(ctx context.Context, points []geo.Point, at time.Time) ([]Result, error) {
	atlas, err := s.areas.At(ctx, at)
	if err != nil {
		return nil, err
	}
	return LocateAll(atlas, s.branches.Directory(), points, s.toleranceM), nil
}
