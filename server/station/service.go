package station

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/geo/coverage"
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

// List is at most limit stations that pass, behind a position: those first whose name is what was asked for, those next whose name begins with it, then those that
// have it in their name, and last those that have it elsewhere; by code among these. next is nil where no others follow. Cost: all stations are read, some
// 3 ms for 5,000.
func (s *Service) List(ctx context.Context, f Filter, after Position, limit int) (found []Found, next *Position, err error) {
	if err := access.Ask(ctx, access.StationRead, nil); err != nil {
		return nil, nil, err
	}
	atlas := s.areas.Current()
	most := &limit
	if limit++; len(f.Areas) > 0 {
		most = nil // not all that stand in an area's box stand in the area
	}
	err = list(ctx, s.pool, f, boxesOf(atlas.Coverage, f.Areas), after, most, func(st Found) (more bool) {
		if id := atlas.Index.Locate(st.Place); id >= 0 {
			st.Codes = atlas.Codes(id)
		}
		if !liesIn(atlas.Coverage, st.Codes, f.Areas) {
			return true
		}
		found = append(found, st)
		return len(found) < limit
	})
	if len(found) == limit {
		found = found[:limit-1]
		last := found[len(found)-1]
		next = &Position{last.rank, last.Code}
	}
	return found, next, err
}

// boxesOf are the boxes around areas, west, south, east and north in degrees.
func boxesOf(c *coverage.Coverage, areas []coverage.ID) (boxes [][4]float64) {
	for _, id := range areas {
		lo, hi := c.BoundsOf(id)
		west, south := lo.Degrees()
		east, north := hi.Degrees()
		boxes = append(boxes, [4]float64{west, south, east, north})
	}
	return boxes
}

// liesIn tells a chain of codes that goes through one of the areas; all do where there are none.
func liesIn(c *coverage.Coverage, chain []string, areas []coverage.ID) bool {
	return len(areas) == 0 || slices.ContainsFunc(areas, func(id coverage.ID) bool { return slices.Contains(chain, c.Code(id)) })
}
