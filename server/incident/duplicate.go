package incident

import (
	"cmp"
	"context"
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
	mostDuplicates   = 20              // the nearest
	mostNear         = 100             // that are looked at: not every actor may see all
	aroundTime       = 3 * time.Second // to look for them, of reports that are stored and wait for their answers
)

// Duplicate is an incident that may be the same as another.
type Duplicate struct {
	Incident
	DistanceM float64
}

// near is what lies around an incident, and may be the same.
type near struct {
	incidents []Incident
	err       error
}

// Duplicates are the open incidents that may be the same as one, the nearest first: only those that the actor of ctx may see, and so none for
// whoever sees none. Cost: one look into an index, some 0.2 ms.
func (s *Service) Duplicates(ctx context.Context, i Incident) ([]Duplicate, error) {
	scope := access.Within(access.From(ctx), access.IncidentRead)
	if scope.Empty() {
		return nil, nil
	}
	found, err := openNear(ctx, s.pool, []*Incident{&i})
	if err != nil {
		return nil, err
	}
	return nearest(scope, i, found[0]), nil
}

// duplicatesOf are the duplicates of an incident that a report has become: of one that is new they were looked for with those of its group.
func (s *Service) duplicatesOf(ctx context.Context, i Incident, p *prepared) ([]Duplicate, error) {
	if p.first != uuid.Nil {
		return s.Duplicates(ctx, i)
	}
	if p.near == nil {
		return nil, nil
	}
	if p.near.err != nil {
		return nil, p.near.err
	}
	return nearest(access.Within(p.actor, access.IncidentRead), i, p.near.incidents), nil
}

// nearest chooses the duplicates of an incident among those near it.
func nearest(scope access.Scope, i Incident, others []Incident) []Duplicate {
	var list []Duplicate
	for _, other := range others {
		distanceM := geo.DistanceM(i.Place, other.Place)
		if distanceM <= duplicateWithinM && scope.Holds(other.Codes) && other.ReportedAt.Sub(i.ReportedAt).Abs() <= duplicateWithin {
			list = append(list, Duplicate{other, distanceM})
		}
	}
	slices.SortFunc(list, func(a, b Duplicate) int {
		return cmp.Or(cmp.Compare(a.DistanceM, b.DistanceM), slices.Compare(a.ID[:], b.ID[:]))
	})
	return list[:min(len(list), mostDuplicates)]
}

// lookAround finds what lies around the reports of a group that are stored, as one question.
func (s *Service) lookAround(group []*prepared) {
	var asking []*prepared
	var incidents []*Incident
	for _, p := range group {
		if p.near != nil && p.err == nil && p.first == uuid.Nil {
			asking, incidents = append(asking, p), append(incidents, &p.incident)
		}
	}
	if len(asking) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), aroundTime)
	defer cancel()
	found, err := openNear(ctx, s.pool, incidents)
	for n, p := range asking {
		if p.near.err = err; err == nil {
			p.near.incidents = found[n]
		}
	}
}

// findNear finds what openNear gives, by the index of places. The box is as wide as it is high in metres, so by its sides the nearest are told. The bound of ids
// leaves months out; were there an upper one too, the planner would take the ids between the two for few, and read those of all incidents of these days.
const findNear = `SELECT n.nth, i.* FROM unnest($1::float8[], $2::float8[], $3::float8[], $4::float8[], $5::float8[], $6::float8[], $7::uuid[], $8::timestamptz[], $9::uuid[], $10::text[])
		WITH ORDINALITY AS n (lon, lat, west, south, east, north, since, until, id, item, nth)
	CROSS JOIN LATERAL (SELECT ` + stored + ` FROM incident
		WHERE geom && ST_MakeEnvelope(n.west, n.south, n.east, n.north, 4326) AND id >= n.since AND reported_at <= n.until AND id <> n.id AND item = n.item
		AND status NOT IN ('closed', 'cancelled')
		ORDER BY ((ST_X(geom) - n.lon) / (n.east - n.west)) ^ 2 + ((ST_Y(geom) - n.lat) / (n.north - n.south)) ^ 2 LIMIT $11) i`

// openNear are, for each of some incidents, the open ones of its item in a box around it and in its days. The plan is made once, for any values: to make one for
// each question costs four times what the look into the index does.
func openNear(ctx context.Context, pool *pgxpool.Pool, incidents []*Incident) (found [][]Incident, err error) {
	found = make([][]Incident, len(incidents))
	batch := &pgx.Batch{}
	batch.Queue(`SELECT set_config('plan_cache_mode', 'force_generic_plan', true)`) // until the end of the batch
	batch.Queue(findNear, boxesOf(incidents)...).Query(func(rows pgx.Rows) error {
		var nth int
		for rows.Next() {
			i, err := scanAfter(rows, &nth)
			if err != nil {
				return err
			}
			found[nth-1] = append(found[nth-1], i)
		}
		return rows.Err()
	})
	return found, pool.SendBatch(ctx, batch).Close()
}

// boxesOf are what findNear is asked with.
func boxesOf(incidents []*Incident) []any {
	n := len(incidents)
	lons, lats := make([]float64, n), make([]float64, n)
	wests, souths, easts, norths := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	since, until, ids, items := make([]uuid.UUID, n), make([]time.Time, n), make([]uuid.UUID, n), make([]string, n)
	for k, i := range incidents {
		lons[k], lats[k] = i.Place.Degrees()
		wests[k], souths[k], easts[k], norths[k] = boxAround(i.Place, duplicateWithinM)
		since[k], until[k] = FloorID(i.ReportedAt.Add(-duplicateWithin)), i.ReportedAt.Add(duplicateWithin)
		ids[k], items[k] = i.ID, i.Item
	}
	return []any{lons, lats, wests, souths, easts, norths, since, until, ids, items, mostNear}
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
