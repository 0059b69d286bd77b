package incident

import (
	"cmp"
	"context"
	"encoding/binary"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/geo"
	"jingwei/server/access"
)

// What may be the same thing reported twice: of one item, this near in place and in time, and still open.
const (
	duplicateWithinM = 250
	duplicateWithin  = 7 * 24 * time.Hour
	mostDuplicates   = 20 // the nearest
)

// Duplicate is an incident that may be the same as another.
type Duplicate struct {
	Incident
	DistanceM float64
}

// Duplicates are the open incidents that may be the same as one, the nearest first: only those that the actor of ctx may see, and so none for
// whoever sees none. Cost: one look into an index, some 0.2 ms.
func (s *Service) Duplicates(ctx context.Context, i Incident) ([]Duplicate, error) {
	scope := access.Within(access.From(ctx), access.IncidentRead)
	if scope.Empty() {
		return nil, nil
	}
	near, err := openNear(ctx, s.pool, i)
	if err != nil {
		return nil, err
	}
	var list []Duplicate
	for _, other := range near {
		distanceM := geo.DistanceM(i.Place, other.Place)
		if distanceM <= duplicateWithinM && scope.Holds(other.Codes) && other.ReportedAt.Sub(i.ReportedAt).Abs() <= duplicateWithin {
			list = append(list, Duplicate{other, distanceM})
		}
	}
	slices.SortFunc(list, func(a, b Duplicate) int {
		return cmp.Or(cmp.Compare(a.DistanceM, b.DistanceM), slices.Compare(a.ID[:], b.ID[:]))
	})
	return list[:min(len(list), mostDuplicates)], nil
}

// openNear are the open incidents of the item of one in a box around it, and in its days. The plan is made once, for any values: to make one for
// each costs four times what the look into the index does.
func openNear(ctx context.Context, pool *pgxpool.Pool, i Incident) (near []Incident, err error) {
	west, south, east, north := boxAround(i.Place, duplicateWithinM)
	batch := &pgx.Batch{}
	batch.Queue(`SELECT set_config('plan_cache_mode', 'force_generic_plan', true)`) // until the end of the batch
	batch.Queue(`SELECT `+stored+` FROM incident
		WHERE geom && ST_MakeEnvelope($1, $2, $3, $4, 4326) AND id >= $5 AND id < $6 AND id <> $7 AND item = $8 AND status NOT IN ('closed', 'cancelled')`,
		west, south, east, north, lowestID(i.ReportedAt.Add(-duplicateWithin)), lowestID(i.ReportedAt.Add(duplicateWithin+time.Millisecond)), i.ID, i.Item).
		Query(func(rows pgx.Rows) error {
			near, err = pgx.CollectRows(rows, scan)
			return err
		})
	return near, pool.SendBatch(ctx, batch).Close()
}

// lowestID is the lowest UUIDv7 of an instant.
func lowestID(at time.Time) (id uuid.UUID) {
	binary.BigEndian.PutUint64(id[:], uint64(at.UnixMilli())<<16|0x7000)
	id[8] = 0x80
	return id
}

// boxAround is a box, in degrees, that holds all within radiusM of a place; across the antimeridian it ends there.
func boxAround(p geo.Point, radiusM float64) (west, south, east, north float64) {
	lon, lat := p.Degrees()
	const metresADegree = geo.EarthRadiusM * math.Pi / 180
	latDeg := radiusM / metresADegree * 1.01
	lonDeg := min(180, latDeg/max(math.Cos(min(90, math.Abs(lat)+latDeg)*math.Pi/180), 1e-9))
	return max(-180, lon-lonDeg), max(-90, lat-latDeg), min(180, lon+lonDeg), min(90, lat+latDeg)
}

// PossibleDuplicate is one in the API.
type PossibleDuplicate struct {
	ID         uuid.UUID `json:"id" format:"uuid"`
	DistanceM  float64   `json:"distance_m"`
	Title      string    `json:"title"`
	ReportedAt time.Time `json:"reported_at"`
	Status     Status    `json:"status"`
}

func possible(list []Duplicate) []PossibleDuplicate {
	out := make([]PossibleDuplicate, len(list))
	for n, d := range list {
		out[n] = PossibleDuplicate{d.ID, math.Round(d.DistanceM*10) / 10, mask(d.Title), d.ReportedAt, d.Status}
	}
	return out
}
