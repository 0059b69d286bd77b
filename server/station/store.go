package station

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

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
