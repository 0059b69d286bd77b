package station

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/area"
	"jingwei/server/db"
)

// Service stores stations.
type Service struct {
	pool  *pgxpool.Pool
	areas *area.Service
}

// NewService makes a service over the areas that stations stand in.
func NewService(pool *pgxpool.Pool, areas *area.Service) *Service {
	return &Service{pool: pool, areas: areas}
}

// Save adds or replaces stations in one transaction; each gets the county that it stands in.
func (s *Service) Save(ctx context.Context, stations []Station) error {
	return db.InTx(ctx, s.pool, func(tx pgx.Tx) error { return Save(ctx, tx, s.areas.Current(), stations) })
}

// Save is Service.Save as a part of a larger transaction, with the areas of a given edition.
func Save(ctx context.Context, tx pgx.Tx, atlas *area.Atlas, stations []Station) error {
	for i := range stations {
		stations[i].County = ""
		if id := atlas.Index.Locate(stations[i].Place); id >= 0 {
			stations[i].County = atlas.Codes(id)[0]
		}
	}
	return save(ctx, tx, stations)
}
