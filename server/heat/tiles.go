package heat

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"jingwei/geo"
	"jingwei/geo/mvt"
	"jingwei/server/area"
	"jingwei/server/incident"
)

// Layers of the tiles.
const (
	heatLayer  = "heat"
	pointLayer = "incident"
)

// Incidents are shown one by one from pointZoom on, while a tile has at most mostPoints of them.
const (
	pointZoom  = 15
	mostPoints = 1_000
)

// heatTile is a tile of the cells of a view, not compressed.
func (v *view) heatTile(z, x, y int) []byte {
	keys := []string{"count", "class"}
	if v.before != nil {
		keys = append(keys, "before", "diff")
	}
	return v.hexes.Tile(z, x, y, heatLayer, keys, func(i int, f mvt.Feature) {
		f.Number(0, int64(v.counts[i]))
		f.Number(1, int64(v.class(i)))
		if v.before != nil {
			f.Number(2, int64(v.before[i]))
			f.Number(3, v.diff(i))
		}
	})
}

// clusters is a tile of the cells of a view as points with counts. Cells whose centre is not in the tile or its buffer are not.
func (v *view) clusters(z, x, y int) []byte {
	centers := make([]geo.Point, 0, len(v.cells))
	var at []int
	low, high, ok := mvt.Bounds(z, x, y)
	if !ok {
		return nil
	}
	for i, c := range v.cells {
		if p := c.Center(); p.Lon >= low.Lon && p.Lon <= high.Lon && p.Lat >= low.Lat && p.Lat <= high.Lat {
			centers, at = append(centers, p), append(at, i)
		}
	}
	return mvt.Points(z, x, y, pointLayer, []string{"count"}, centers, func(i int, f mvt.Feature) { f.Number(0, int64(v.counts[at[i]])) })
}

// incidentTile is a tile of single incidents where there is room for them, and of clusters elsewhere.
func (s *Service) incidentTile(ctx context.Context, f incident.Filter, z, x, y int) ([]byte, error) {
	q, err := s.ask(ctx, f)
	if err != nil {
		return nil, err
	}
	if z >= pointZoom {
		points, few, err := q.points(ctx, z, x, y)
		if err != nil || few {
			return points, err
		}
	}
	v, err := q.view(ctx, nil, byZoom[z-mvt.MinZoom])
	if err != nil {
		return nil, err
	}
	return v.clusters(z, x, y), nil
}

// points is a tile of single incidents; few is false where there are too many. It asks the database, which alone knows where they are.
func (q *question) points(ctx context.Context, z, x, y int) (tile []byte, few bool, err error) {
	low, high, ok := mvt.Bounds(z, x, y)
	if !ok {
		return nil, true, nil
	}
	f := q.filter
	f.Bounds = &area.Bounds{Min: low, Max: high}
	where, err := f.Where(q.scope)
	if err != nil {
		return nil, false, err
	}
	done, err := q.service.incidents.BeginRead(ctx)
	if err != nil {
		return nil, false, err
	}
	defer done()
	sql := `SELECT id, item, channel, status, reported_at, ST_X(geom), ST_Y(geom) FROM incident WHERE ` + where.String() + ` LIMIT ` + where.Arg(mostPoints+1)
	var places []geo.Point
	var found []incident.Incident
	err = incident.Look(ctx, q.service.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, sql, append([]any{pgx.QueryExecModeCacheDescribe}, where.Args()...)...)
		if err != nil {
			return err
		}
		found, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (i incident.Incident, err error) {
			var lon, lat float64
			if err = row.Scan(&i.ID, &i.Item, &i.Channel, &i.Status, &i.ReportedAt, &lon, &lat); err != nil {
				return i, err
			}
			i.Place, err = geo.PointOf(lon, lat)
			places = append(places, i.Place)
			return i, err
		})
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("incidents of tile %d/%d/%d: %w", z, x, y, err)
	}
	if len(found) > mostPoints {
		return nil, false, nil
	}
	return mvt.Points(z, x, y, pointLayer, []string{"id", "item", "channel", "status", "at"}, places, func(n int, f mvt.Feature) {
		i := &found[n]
		f.Text(0, i.ID.String())
		f.Text(1, i.Item)
		f.Text(2, string(i.Channel))
		f.Text(3, string(i.Status))
		f.Number(4, i.ReportedAt.Unix())
	}), true, nil
}

// resolutions are those that the zooms of the tiles have by themselves, as JSON names them.
func resolutions() (names map[string]int) {
	names = map[string]int{}
	for _, r := range byZoom {
		names[strconv.Itoa(r)] = r
	}
	return names
}
