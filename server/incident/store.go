package incident

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/db"
	"jingwei/server/seal"
	"jingwei/server/web"
)

const stored = `county, id, reported_at, received_at, channel, item, status, closed_at, title, description,
	ST_X(geom), ST_Y(geom), accuracy_m, cell, snap, edition, town, community, grid, micro, branch, coalesce(review, '')`

func scan(row pgx.CollectableRow) (Incident, error) {
	var i Incident
	var lon, lat float64
	var cell int64
	var lower [4]*string
	var branch *string
	err := row.Scan(&i.County, &i.ID, &i.ReportedAt, &i.ReceivedAt, &i.Channel, &i.Item, &i.Status, &i.ClosedAt, &i.Title, &i.Description,
		&lon, &lat, &i.AccuracyM, &cell, &i.Snap, &i.Edition, &lower[0], &lower[1], &lower[2], &lower[3], &branch, &i.Review)
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
	rows, err := q.Query(ctx, `SELECT `+stored+` FROM incident WHERE id = $1`, id)
	if err != nil {
		return Incident{}, false, err
	}
	i, err := pgx.CollectOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return i, false, nil
	}
	return i, err == nil, err
}

func insert(ctx context.Context, tx pgx.Tx, i Incident) error {
	batch := &pgx.Batch{}
	lon, lat := i.Place.Degrees()
	lower := lowerCodes(i.Codes)
	batch.Queue(`
		INSERT INTO incident (county, id, reported_at, received_at, channel, item, status, closed_at, title, description, geom, accuracy_m, cell, snap, edition,
			town, community, grid, micro, branch, review)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, ST_SetSRID(ST_MakePoint($11, $12), 4326), $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`,
		i.County, i.ID, i.ReportedAt, i.ReceivedAt, i.Channel, i.Item, i.Status, i.ClosedAt, i.Title, i.Description, lon, lat, i.AccuracyM,
		int64(i.Cell), i.Snap, i.Edition, lower[0], lower[1], lower[2], lower[3], orNull(i.Branch), orNull(string(i.Review)))
	return tx.SendBatch(ctx, batch).Close()
}

// earlierSender is whose the Idempotency-Keys are that were sent before they had senders.
const earlierSender = "earlier"

// claimKey records an Idempotency-Key of a sender for an incident. ok is false where the sender used the key since an instant for the same body:
// then the first incident is returned. Older ones are forgotten.
func claimKey(ctx context.Context, tx pgx.Tx, sender, key string, digest []byte, i Incident, now, since time.Time) (first Incident, ok bool, err error) {
	tag, err := tx.Exec(ctx, `
		INSERT INTO incident_key AS k (sender, key, digest, county, incident, created_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (sender, key) DO UPDATE SET digest = excluded.digest, county = excluded.county, incident = excluded.incident, created_at = excluded.created_at
			WHERE k.created_at <= $7`, sender, key, digest, i.County, i.ID, now, since)
	if err != nil {
		return i, false, err
	}
	var before []byte
	var id uuid.UUID
	if tag.RowsAffected() == 1 {
		err = tx.QueryRow(ctx, `
			UPDATE incident_key k SET county = e.county, incident = e.incident, created_at = e.created_at FROM incident_key e
			WHERE k.sender = $1 AND k.key = $2 AND e.sender = $3 AND e.key = $2 AND e.digest = $4 AND e.created_at > $5
			RETURNING k.digest, k.incident`, sender, key, earlierSender, digest, since).Scan(&before, &id)
		if errors.Is(err, pgx.ErrNoRows) {
			return i, true, nil
		}
	} else {
		err = tx.QueryRow(ctx, `SELECT digest, incident FROM incident_key WHERE sender = $1 AND key = $2`, sender, key).Scan(&before, &id)
	}
	if err != nil {
		return i, false, err
	}
	if !bytes.Equal(before, digest) {
		return i, false, web.NewProblem(web.KeyReused, "this Idempotency-Key was used for another report; use a new one for each report").At("header.Idempotency-Key", key)
	}
	first, found, err := find(ctx, tx, id)
	if err == nil && !found {
		err = fmt.Errorf("key %q belongs to incident %s, which is missing", key, id)
	}
	return first, false, err
}

// Load copies incidents that are snapped already into their months, whose partitions must be there (EnsureMonths), and seals what only few may
// read of them. An id that is there already is passed over, so a repeat is harmless. It gives the number of incidents that are new, and
// sends no event.
func Load(ctx context.Context, tx pgx.Tx, keys *seal.Ring, incidents []Incident) (added int, err error) {
	if len(incidents) == 0 {
		return 0, nil
	}
	if _, err := tx.Exec(ctx, `
		CREATE TEMP TABLE new_incident (county text, id uuid, reported_at timestamptz, received_at timestamptz, channel text, item text, status text,
			closed_at timestamptz, title text, description text, lon float8, lat float8, accuracy_m real, cell bigint, snap text, edition integer,
			town text, community text, grid text, micro text, branch text, review text) ON COMMIT DROP`); err != nil {
		return 0, err
	}
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"new_incident"}, []string{
		"county", "id", "reported_at", "received_at", "channel", "item", "status", "closed_at",
		"title", "description", "lon", "lat", "accuracy_m", "cell", "snap", "edition", "town", "community", "grid", "micro", "branch", "review",
	}, pgx.CopyFromSlice(len(incidents), func(n int) ([]any, error) {
		i := &incidents[n]
		lon, lat := i.Place.Degrees()
		lower := lowerCodes(i.Codes)
		return []any{
			i.County, i.ID, i.ReportedAt, i.ReceivedAt, string(i.Channel), i.Item, string(i.Status), i.ClosedAt, i.Title, i.Description, lon, lat, i.AccuracyM,
			int64(i.Cell), string(i.Snap), i.Edition, lower[0], lower[1], lower[2], lower[3], orNull(i.Branch), orNull(string(i.Review)),
		}, nil
	})); err != nil {
		return 0, fmt.Errorf("copy incidents: %w", err)
	}
	// The county of a point can change with an edition; its id cannot. So a repeat is told by the id alone. OFFSET 0 keeps the
	// planner from reading all incidents for a join: each id is looked up in the one partition that can hold it.
	rows, err := tx.Query(ctx, `
		INSERT INTO incident (county, id, reported_at, received_at, channel, item, status, closed_at, title, description, geom, accuracy_m, cell, snap, edition,
			town, community, grid, micro, branch, review)
		SELECT county, id, reported_at, received_at, channel, item, status, closed_at, title, description, ST_SetSRID(ST_MakePoint(lon, lat), 4326), accuracy_m,
			cell, snap, edition, town, community, grid, micro, branch, review
		FROM new_incident n WHERE NOT EXISTS (SELECT FROM incident i WHERE i.id = n.id OFFSET 0)
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
