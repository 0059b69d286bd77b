package incident

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/server/web"
)

// MaxPoints is how many incidents Points gives at most: some four times the busiest day of a large county.
const MaxPoints = 60_000

// Points are incidents in columns, the oldest first, small enough that a browser takes a whole day and plays it again. The n-th value of each
// column belongs to the n-th incident.
type Points struct {
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Count     int       `json:"count" maximum:"60000"`
	Truncated bool      `json:"truncated" doc:"There are later ones: ask again from the last instant, or for less at once"`

	Items    []string  `json:"items" maxItems:"60000" doc:"Codes in the catalogue that item counts from 0"`
	Channels []Channel `json:"channels" maxItems:"7" doc:"Channels that channel counts from 0"`
	Areas    []string  `json:"areas" maxItems:"60000" doc:"Codes of towns that town counts from 0"`

	At      []int64     `json:"at" maxItems:"60000" doc:"Whole seconds since from, never falling"`
	Lon     []int32     `json:"lon" maxItems:"60000" doc:"Millionths of a degree, EPSG:4326"`
	Lat     []int32     `json:"lat" maxItems:"60000" doc:"Millionths of a degree"`
	Item    []int32     `json:"item" maxItems:"60000" doc:"Places in items"`
	Channel []int32     `json:"channel" maxItems:"60000" doc:"Places in channels"`
	Town    []int32     `json:"town" maxItems:"60000" doc:"Places in areas; -1 outside every town"`
	ID      []uuid.UUID `json:"id,omitempty" maxItems:"60000" doc:"Only where ids were asked for"`
}

// Points is the incidents that pass a filter, with both its ends, of those that the actor may see: MaxPoints at most.
func (s *Service) Points(ctx context.Context, f Filter, ids bool) (*Points, error) {
	return s.points(ctx, f, ids, MaxPoints)
}

func (s *Service) points(ctx context.Context, f Filter, ids bool, most int) (*Points, error) {
	if f.From.IsZero() || f.To.IsZero() {
		return nil, web.NewProblem(web.Invalid, "points are asked for a range of time: give from and to").At("query.from", nil)
	}
	scope, err := s.Scope(ctx, f)
	if err != nil {
		return nil, err
	}
	where, err := f.Where(scope)
	if err != nil {
		return nil, err
	}
	done, err := s.BeginRead(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	sql := `SELECT id, reported_at, ST_X(geom), ST_Y(geom), item, channel, town FROM incident WHERE ` + where.String() + ` ORDER BY id LIMIT ` + where.Arg(most+1)
	items, channels, towns := places[string]{}, places[Channel]{}, places[string]{}
	p := &Points{
		From: f.From, To: f.To, At: []int64{}, Lon: []int32{}, Lat: []int32{}, Item: []int32{}, Channel: []int32{}, Town: []int32{},
	}
	var id uuid.UUID
	var at time.Time
	var lon, lat float64
	var item string
	var channel Channel
	var town *string
	err = Look(ctx, s.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, sql, append([]any{pgx.QueryExecModeCacheDescribe}, where.Args()...)...)
		if err != nil {
			return err
		}
		_, err = pgx.ForEachRow(rows, []any{&id, &at, &lon, &lat, &item, &channel, &town}, func() error {
			if p.Count == most {
				p.Truncated = true
				return nil
			}
			p.Count++
			p.At = append(p.At, secondsFrom(f.From, at))
			p.Lon, p.Lat = append(p.Lon, int32(math.Round(lon*1e6))), append(p.Lat, int32(math.Round(lat*1e6)))
			p.Item, p.Channel = append(p.Item, items.of(item)), append(p.Channel, channels.of(channel))
			if town == nil {
				p.Town = append(p.Town, -1)
			} else {
				p.Town = append(p.Town, towns.of(*town))
			}
			if ids {
				p.ID = append(p.ID, id)
			}
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read points: %w", err)
	}
	p.Items, p.Channels, p.Areas = items.inOrder(), channels.inOrder(), towns.inOrder()
	return p, nil
}

// secondsFrom is the whole seconds between two instants, however far they lie apart; a time.Duration ends after 292 years.
func secondsFrom(from, at time.Time) int64 {
	seconds := at.Unix() - from.Unix()
	if at.Nanosecond() < from.Nanosecond() {
		seconds--
	}
	return seconds
}

// places numbers values from 0 in the order in which they first come.
type places[T comparable] map[T]int32

func (p places[T]) of(value T) int32 {
	at, ok := p[value]
	if !ok {
		at = int32(len(p))
		p[value] = at
	}
	return at
}

func (p places[T]) inOrder() []T {
	values := make([]T, len(p))
	for value, at := range p {
		values[at] = value
	}
	return values
}
