package station

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"jingwei/geo"
)

// findAll gives the stations of the database that have the codes of the given ones, by code; empty lists are nil.
func findAll(ctx context.Context, tx pgx.Tx, stations []Station) (map[string]Station, error) {
	codes := make([]string, len(stations))
	for i, s := range stations {
		codes[i] = s.Code
	}
	rows, err := tx.Query(ctx, `
		SELECT county, code, kind, name, ST_X(geom), ST_Y(geom), address, stars, floor_area_m2::float8, nullif(services, '{}'), nullif(open_to, '{}'),
			opening_hours, phone, invented
		FROM station WHERE code = ANY($1)`, codes)
	if err != nil {
		return nil, err
	}
	found := map[string]Station{}
	var s Station
	var lon, lat float64
	_, err = pgx.ForEachRow(rows, []any{
		&s.County, &s.Code, &s.Kind, &s.Name, &lon, &lat, &s.Address, &s.Stars, &s.FloorAreaM2, &s.Services, &s.OpenTo, &s.OpeningHours, &s.Phone, &s.Invented,
	}, func() (err error) {
		s.Place, err = geo.PointOf(lon, lat)
		found[s.Code] = s
		s = Station{} // the pointers and lists of this one are taken
		return err
	})
	return found, err
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
