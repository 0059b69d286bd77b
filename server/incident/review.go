package incident

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/geo/coverage"
	"jingwei/server/access"
)

// Waiting is an incident whose place somebody should look at, with whom else it could belong to.
type Waiting struct {
	Incident
	Candidates []Neighbour // the nearest first
}

// Neighbour is an area near an incident that does not own it.
type Neighbour struct {
	Code      string
	Name      string
	DistanceM float64
}

// How far away candidates are looked for: as far as the place is uncertain, and for one outside everything at least so far.
const outsideCandidatesM = 5_000

// Review is at most limit incidents behind the one with an id whose place somebody should look at, the oldest first, of those that pass the filter and where the
// actor may decide; why is "" for all. more tells whether others follow.
func (s *Service) Review(ctx context.Context, f Filter, why Review, after uuid.UUID, limit int) (waiting []Waiting, more bool, err error) {
	scope, err := s.triageScope(ctx, f)
	if err != nil {
		return nil, false, err
	}
	where, err := f.Where(scope)
	if err != nil {
		return nil, false, err
	}
	var incidents []Incident
	err = Look(ctx, s.pool, func(tx pgx.Tx) error {
		incidents, err = listReview(ctx, tx, where, why, after, limit+1)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	if more = len(incidents) > limit; more {
		incidents = incidents[:limit]
	}
	for _, i := range incidents {
		waiting = append(waiting, Waiting{i, s.neighbours(i)})
	}
	return waiting, more, nil
}

// CountReview counts what Review lists of all, by the reason.
func (s *Service) CountReview(ctx context.Context) (counts map[Review]int, err error) {
	scope, err := s.triageScope(ctx, Filter{})
	if err != nil {
		return nil, err
	}
	where, err := Filter{}.Where(scope)
	if err != nil {
		return nil, err
	}
	err = Look(ctx, s.pool, func(tx pgx.Tx) error {
		counts, err = countReview(ctx, tx, where)
		return err
	})
	return counts, err
}

// triageScope is where of a filter the actor of ctx may decide. Asking for an area beside the actor's is refused, as everywhere.
func (s *Service) triageScope(ctx context.Context, f Filter) (access.Scope, error) {
	scope, err := access.AskScope(ctx, access.IncidentTriage)
	if err != nil {
		return scope, err
	}
	_, err = s.Scope(ctx, f)
	return scope, err
}

// neighbours are the areas near an incident that could be meant, by the edition in effect.
func (s *Service) neighbours(i Incident) []Neighbour {
	radiusM := 0.0
	if i.AccuracyM != nil {
		radiusM = *i.AccuracyM
	}
	if i.Review == OutsideReview {
		radiusM = max(radiusM, outsideCandidatesM)
	}
	atlas := s.areas.Current()
	near := []Neighbour{}
	for _, other := range atlas.Index.Others(i.Place, radiusM) {
		if other.ID != coverage.None {
			near = append(near, Neighbour{Code: atlas.Coverage.Code(other.ID), Name: atlas.Coverage.Name(other.ID), DistanceM: other.DistanceM})
		}
	}
	return near
}
