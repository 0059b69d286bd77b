package incident

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/access"
	"jingwei/server/area"
	"jingwei/server/branch"
	"jingwei/server/item"
	"jingwei/server/photo"
	"jingwei/server/seal"
	"jingwei/server/snap"
	"jingwei/server/web"
)

// Service takes reports in and gives incidents out.
type Service struct {
	pool     *pgxpool.Pool
	areas    *area.Service
	branches *branch.Service
	snap     *snap.Service
	items    *item.Service
	keys     *seal.Ring
	now      func() time.Time
	line     *line
	batches  chan struct{} // an entry for each batch that is stored
	readers  *web.Slots
}

// NewService makes a service. keys seal what only few may read of a report.
func NewService(pool *pgxpool.Pool, areas *area.Service, branches *branch.Service, snap *snap.Service, items *item.Service, keys *seal.Ring, now func() time.Time) *Service {
	s := &Service{pool: pool, areas: areas, branches: branches, snap: snap, items: items, keys: keys, now: now, batches: make(chan struct{}, batchesAtOnce), readers: web.NewSlots(maxReads, maxReadsAccount)}
	s.line = newLine(s.storeGroup, s.lookAround)
	return s
}

// Find an incident. An id that is unknown and one that lies outside the actor's areas are answered alike: not_found.
func (s *Service) Find(ctx context.Context, id uuid.UUID) (Incident, error) {
	scope, err := access.AskScope(ctx, access.IncidentRead)
	if err != nil {
		return Incident{}, err
	}
	i, ok, err := find(ctx, s.pool, id)
	if err != nil {
		return Incident{}, err
	}
	if !ok || !scope.Holds(i.Codes) {
		return Incident{}, web.NewProblem(web.NotFound, "no incident has the id "+id.String()).At("path.id", id)
	}
	return i, nil
}

// Photos are the ids of the photos of an incident that the actor may see.
func (s *Service) Photos(ctx context.Context, i Incident) ([]uuid.UUID, error) {
	if err := access.Ask(ctx, access.IncidentRead, i.Codes); err != nil {
		return nil, err
	}
	return photo.Of(ctx, s.pool, i.County, i.ID)
}

// Photo is one photo of an incident that the actor may see. An incident that Find does not find and an id that is none of its photos are
// not_found.
func (s *Service) Photo(ctx context.Context, incident, id uuid.UUID) (photo.Photo, error) {
	i, err := s.Find(ctx, incident)
	if err != nil {
		return photo.Photo{}, err
	}
	return photo.Find(ctx, s.pool, i.County, i.ID, id)
}
