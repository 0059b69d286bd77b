package station

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/access"
	"jingwei/server/area"
	"jingwei/server/audit"
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

// Save adds or replaces stations as a part of a transaction; each gets the county that it stands in by the given edition.
func Save(ctx context.Context, tx pgx.Tx, atlas *area.Atlas, stations []Station) error {
	if err := access.Ask(ctx, access.DataImport, nil); err != nil {
		return err
	}
	for i := range stations {
		stations[i].County = ""
		if id := atlas.Index.Locate(stations[i].Place); id >= 0 {
			stations[i].County = atlas.Codes(id)[0]
		}
	}
	if err := save(ctx, tx, stations); err != nil {
		return err
	}
	return audit.Append(ctx, tx, audit.Entry{Action: "station.import", After: map[string]int{"stations": len(stations)}})
}

// NamedIn are the stations whose name stands in a text, by code.
func (s *Service) NamedIn(ctx context.Context, text string) ([]Station, error) {
	if err := access.Ask(ctx, access.StationRead, nil); err != nil {
		return nil, err
	}
	return listNamedIn(ctx, s.pool, text)
}
