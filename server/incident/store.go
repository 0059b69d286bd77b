package incident

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/ewkb"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/db"
	"jingwei/server/seal"
)

const stored = `county, id, reported_at, received_at, channel, item, status, closed_at, title, description,
	ST_X(geom), ST_Y(geom), accuracy_m, cell, snap, edition, town, community, grid, micro, branch, coalesce(review, '')`

func scan(row pgx.CollectableRow) (Incident, error) { return scanAfter(row) }

// scanAfter reads an incident whose columns come after others.
func scanAfter(row pgx.CollectableRow, others ...any) (Incident, error) {
	var i Incident
	var lon, lat float64
	var cell int64
	var lower [4]*string
	var branch *string
	err := row.Scan(append(others, &i.County, &i.ID, &i.ReportedAt, &i.ReceivedAt, &i.Channel, &i.Item, &i.Status, &i.ClosedAt, &i.Title, &i.Description,
		&lon, &lat, &i.AccuracyM, &cell, &i.Snap, &i.Edition, &lower[0], &lower[1], &lower[2], &lower[3], &branch, &i.Review)...)
	if err != nil {
		return i, err
	}
	if i.Place, err = geo.PointOf(lon, lat); err != nil {
		return i, fmt.Errorf("incident %s: %w", i.ID, err)
	}
	i.Cell = geo.Cell(cell)
	if i.County != "" {
		i.Codes = append(i.Codes, i.County)
	}
	for _, code := range lower {
		if code != nil {
			i.Codes = append(i.Codes, *code)
		}
	}
	if branch != nil {
		i.Branch = *branch
	}
	return i, nil
}

func find(ctx context.Context, q db.Querier, id uuid.UUID) (Incident, bool, error) {
	return findOne(ctx, q, `SELECT `+stored+` FROM incident WHERE id = $1`, id)
}

func findOne(ctx context.Context, q db.Querier, sql string, id uuid.UUID) (Incident, bool, error) {
	rows, err := q.Query(ctx, sql, id)
	if err != nil {
		return Incident{}, false, err
	}
	i, err := pgx.CollectOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return i, false, nil
	}
	return i, err == nil, err
}

// queueIncidents puts the writing of new incidents into a batch, as one statement.
func queueIncidents(batch *pgx.Batch, incidents []*Incident) {
	n := len(incidents)
	counties, ids, reported, received := make([]string, n), make([]uuid.UUID, n), make([]time.Time, n), make([]time.Time, n)
	channels, items, statuses, closed := make([]string, n), make([]string, n), make([]string, n), make([]*time.Time, n)
	titles, descriptions, lons, lats := make([]string, n), make([]string, n), make([]float64, n), make([]float64, n)
	accuracies, cells, snaps, editions := make([]*float64, n), make([]int64, n), make([]string, n), make([]int32, n)
	var lower [4][]*string
	for level := range lower {
		lower[level] = make([]*string, n)
	}
	branches, reviews := make([]*string, n), make([]*string, n)
	for k, i := range incidents {
		counties[k], ids[k], reported[k], received[k] = i.County, i.ID, i.ReportedAt, i.ReceivedAt
		channels[k], items[k], statuses[k], closed[k] = string(i.Channel), i.Item, string(i.Status), i.ClosedAt
		titles[k], descriptions[k] = i.Title, i.Description
		lons[k], lats[k] = i.Place.Degrees()
		accuracies[k], cells[k], snaps[k], editions[k] = i.AccuracyM, int64(i.Cell), string(i.Snap), int32(i.Edition)
		for level, code := range lowerCodes(i.Codes) {
			lower[level][k] = code
		}
		branches[k], reviews[k] = orNull(i.Branch), orNull(string(i.Review))
	}
	batch.Queue(`
		INSERT INTO incident (county, id, reported_at, received_at, channel, item, status, closed_at, title, description, geom, accuracy_m, cell, snap, edition,
			town, community, grid, micro, branch, review)
		SELECT county, id, reported_at, received_at, channel, item, status, closed_at, title, description, ST_SetSRID(ST_MakePoint(lon, lat), 4326), accuracy_m,
			cell, snap, edition, town, community, grid, micro, branch, review
		FROM unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::text[], $10::text[],
			$11::float8[], $12::float8[], $13::float8[], $14::bigint[], $15::text[], $16::integer[], $17::text[], $18::text[], $19::text[], $20::text[], $21::text[],
			$22::text[]) AS n (county, id, reported_at, received_at, channel, item, status, closed_at, title, description, lon, lat, accuracy_m, cell, snap, edition,
			town, community, grid, micro, branch, review)`,
		counties, ids, reported, received, channels, items, statuses, closed, titles, descriptions, lons, lats, accuracies, cells, snaps, editions,
		lower[0], lower[1], lower[2], lower[3], branches, reviews)
}

// columns are those that a new incident fills, in the order of copyIncidents.
var columns = []string{
	"county", "id", "reported_at", "received_at", "channel", "item", "status", "closed_at", "title", "description", "geom", "accuracy_m", "cell", "snap", "edition",
	"town", "community", "grid", "micro", "branch", "review",
}

// copyIncidents copies new incidents into a table that has columns.
func copyIncidents(ctx context.Context, tx pgx.Tx, table string, incidents []*Incident) error {
	_, err := tx.CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromSlice(len(incidents), func(n int) ([]any, error) {
		i := incidents[n]
		lon, lat := i.Place.Degrees()
		point, err := ewkb.Marshal(orb.Point{lon, lat}, 4326)
		lower := lowerCodes(i.Codes)
		return []any{
			i.County, i.ID, i.ReportedAt, i.ReceivedAt, string(i.Channel), i.Item, string(i.Status), i.ClosedAt, i.Title, i.Description, point, i.AccuracyM,
			int64(i.Cell), string(i.Snap), i.Edition, lower[0], lower[1], lower[2], lower[3], orNull(i.Branch), orNull(string(i.Review)),
		}, err
	}))
	if err != nil {
		return fmt.Errorf("copy incidents: %w", err)
	}
	return nil
}

// Load copies incidents that are snapped already into their months, whose partitions must be there (EnsureMonths), and seals what only few may
// read of them. An id that is there already is passed over, so a repeat is harmless. It gives the number of incidents that are new, and
// sends no event.
func Load(ctx context.Context, tx pgx.Tx, keys *seal.Ring, incidents []Incident) (added int, err error) {
	if len(incidents) == 0 {
		return 0, nil
	}
	if _, err := tx.Exec(ctx, `CREATE TEMP TABLE new_incident (LIKE incident) ON COMMIT DROP`); err != nil {
		return 0, err
	}
	all := make([]*Incident, len(incidents))
	for n := range incidents {
		all[n] = &incidents[n]
	}
	if err := copyIncidents(ctx, tx, "new_incident", all); err != nil {
		return 0, err
	}
	// The county of a point can change with an edition; its id cannot. So a repeat is told by the id alone. OFFSET 0 keeps the
	// planner from reading all incidents for a join: each id is looked up in the one partition that can hold it.
	list := strings.Join(columns, ", ")
	rows, err := tx.Query(ctx, `
		INSERT INTO incident (`+list+`) SELECT `+list+` FROM new_incident n WHERE NOT EXISTS (SELECT FROM incident i WHERE i.id = n.id OFFSET 0)
		ON CONFLICT DO NOTHING RETURNING id`)
	if err != nil {
		return 0, fmt.Errorf("store incidents: %w", err)
	}
	stored, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return 0, fmt.Errorf("store incidents: %w", err)
	}
	if _, err := tx.Exec(ctx, `DROP TABLE new_incident`); err != nil {
		return 0, err
	}
	// Of the new ones only: the reporter of an old one may have been deleted since, for good.
	isNew := make(map[uuid.UUID]bool, len(stored))
	for _, id := range stored {
		isNew[id] = true
	}
	var private []Incident
	for _, i := range incidents {
		if i.Private != (Private{}) && isNew[i.ID] {
			private = append(private, i)
		}
	}
	if len(private) == 0 {
		return len(stored), nil
	}
	return len(stored), savePrivate(ctx, tx, keys, private, private[0].ReceivedAt)
}

// EnsureMonths makes the partitions for incidents that were reported from since to until.
func EnsureMonths(ctx context.Context, q db.Querier, since, until time.Time) error {
	return asArchived(db.EnsureMonths(ctx, q, "incident", since, until), since, until)
}

// Analyze gives the planner figures about incidents that were loaded in bulk; without them it guesses until PostgreSQL gets round to it.
func Analyze(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SELECT analyze_tables('incident')`)
	return err
}

// lowerCodes are the codes below the county by level; nil where the chain ends above.
func lowerCodes(codes []string) (lower [4]*string) {
	for level := coverage.Town; int(level) < len(codes); level++ {
		lower[level-coverage.Town] = &codes[level]
	}
	return lower
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// span is from the first to the last report; incidents must not be empty.
func span(incidents []Incident) (since, until time.Time) {
	since, until = incidents[0].ReportedAt, incidents[0].ReportedAt
	for i := range incidents {
		if at := incidents[i].ReportedAt; at.Before(since) {
			since = at
		} else if at.After(until) {
			until = at
		}
	}
	return since, until
}
