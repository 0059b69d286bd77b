package station

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"jingwei/geo"
	"jingwei/server/db"
)

// findAll gives the stations of the database that have the codes of the given ones, by code; empty lists are nil.
func findAll(ctx context.Context, tx pgx.Tx, stations []Station) (map[string]Station, error) {
	codes := make([]string, len(stations))
	for i, s := range stations {
		codes[i] = s.Code
	}
	rows, err := tx.Query(ctx, `SELECT `+stored+` FROM station WHERE code = ANY($1)`, codes)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, scan)
	found := make(map[string]Station, len(list))
	for _, s := range list {
		found[s.Code] = s
	}
	return found, err
}

const stored = `county, code, kind, name, ST_X(geom), ST_Y(geom), address, stars, floor_area_m2::float8, nullif(services, '{}'), nullif(open_to, '{}'),
	opening_hours, phone, invented`

func scan(row pgx.CollectableRow) (s Station, err error) {
	var lon, lat float64
	err = row.Scan(&s.County, &s.Code, &s.Kind, &s.Name, &lon, &lat, &s.Address, &s.Stars, &s.FloorAreaM2, &s.Services, &s.OpenTo, &s.OpeningHours, &s.Phone, &s.Invented)
	if err == nil {
		s.Place, err = geo.PointOf(lon, lat)
	}
	return s, err
}

// listNamedIn gives the stations whose name, of two characters at least, stands in a text, by code.
func listNamedIn(ctx context.Context, q db.Querier, text string) ([]Station, error) {
	rows, err := q.Query(ctx, `SELECT `+stored+` FROM station WHERE length(name) > 1 AND strpos($1, name) > 0 ORDER BY code`, text)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

// save copies stations into the database: new codes are added, known ones replaced.
func save(ctx context.Context, tx pgx.Tx, stations []Station) error {
	if _, err := tx.Exec(ctx, `
		CREATE TEMP TABLE new_station (county text, code text, kind text, name text, lon float8, lat float8, address text, stars smallint,
			floor_area_m2 float8, services text[], open_to text[], opening_hours text, phone text, invented boolean) ON COMMIT DROP`); err != nil {
		return err
	}
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"new_station"},
		[]string{"county", "code", "kind", "name", "lon", "lat", "address", "stars", "floor_area_m2", "services", "open_to", "opening_hours", "phone", "invented"},
		pgx.CopyFromSlice(len(stations), func(i int) ([]any, error) {
			s := stations[i]
			lon, lat := s.Place.Degrees()
			return []any{
				s.County, s.Code, s.Kind, s.Name, lon, lat, s.Address, s.Stars, s.FloorAreaM2,
				append([]string{}, s.Services...), append([]string{}, s.OpenTo...), s.OpeningHours, s.Phone, s.Invented,
			}, nil
		})); err != nil {
		return fmt.Errorf("copy stations: %w", err)
	}
	_, err := tx.Exec(ctx, `
		DELETE FROM station s USING new_station n WHERE n.code = s.code;
		INSERT INTO station (county, code, kind, name, geom, address, stars, floor_area_m2, services, open_to, opening_hours, phone, invented)
		SELECT county, code, kind, name, ST_SetSRID(ST_MakePoint(lon, lat), 4326), address, stars, floor_area_m2, services, open_to, opening_hours, phone, invented
		FROM new_station`)
	if err != nil {
		return fmt.Errorf("store stations: %w", err)
	}
	return nil
}
