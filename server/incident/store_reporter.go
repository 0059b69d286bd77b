package incident

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/server/db"
	"jingwei/server/seal"
)

// savePrivate seals what only few may read of incidents that are in already. What an incident has already is left as it is.
func savePrivate(ctx context.Context, tx pgx.Tx, keys *seal.Ring, incidents []Incident, at time.Time) error {
	var counties []string
	var ids []uuid.UUID
	var blobs [][]byte
	for n := range incidents {
		i := &incidents[n]
		if i.Private == (Private{}) {
			continue
		}
		blob, err := i.Private.sealed(keys, i.ID)
		if err != nil {
			return fmt.Errorf("incident %s: %w", i.ID, err)
		}
		counties, ids, blobs = append(counties, i.County), append(ids, i.ID), append(blobs, blob)
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, insertSealed, counties, ids, blobs, at)
	return err
}

const insertSealed = `
	INSERT INTO incident_reporter (county, incident, sealed, created_at)
	SELECT n.*, $4 FROM unnest($1::text[], $2::uuid[], $3::bytea[]) AS n ON CONFLICT DO NOTHING`

// findPrivate opens what is sealed of an incident. ok is false where nothing is.
func findPrivate(ctx context.Context, q db.Querier, keys *seal.Ring, i Incident) (p Private, ok bool, err error) {
	var blob []byte
	err = q.QueryRow(ctx, `SELECT sealed FROM incident_reporter WHERE county = $1 AND incident = $2`, i.County, i.ID).Scan(&blob)
	if errors.Is(err, pgx.ErrNoRows) {
		return p, false, nil
	}
	if err != nil {
		return p, false, err
	}
	p, err = unsealed(keys, i.ID, blob)
	return p, true, err
}

// queueReceipts puts the writing of the receipts of reports into a batch, and sets their numbers when it is done: the day, and what the sequence
// counts.
func queueReceipts(batch *pgx.Batch, reports []*prepared) {
	n := len(reports)
	days, secrets, keys, counties, ids := make([]string, n), make([][]byte, n), make([]string, n), make([]string, n), make([]uuid.UUID, n)
	byID := make(map[uuid.UUID]*prepared, n)
	for i, p := range reports {
		r := p.receipt
		days[i], secrets[i], keys[i], counties[i], ids[i] = r.number[:len("060102")], r.hash, r.key, r.county, r.incident
		byID[r.incident] = p
	}
	batch.Queue(`
		INSERT INTO report_receipt (number, secret, key, county, incident, created_at)
		SELECT day || lpad(nextval('report_number')::text, 6, '0'), secret, key, county, incident, $6::timestamptz
		FROM unnest($1::text[], $2::bytea[], $3::text[], $4::text[], $5::uuid[]) AS n (day, secret, key, county, incident)
		RETURNING incident, number`, days, secrets, keys, counties, ids, reports[0].receipt.at).
		Query(func(rows pgx.Rows) error {
			var id uuid.UUID
			var number string
			_, err := pgx.ForEachRow(rows, []any{&id, &number}, func() error {
				byID[id].receipt.number = number
				return nil
			})
			return err
		})
}

// findStored tells which of some incidents are there, with the number of the receipt of each, "" where it has none.
func findStored(ctx context.Context, q db.Querier, counties []string, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	rows, err := q.Query(ctx, `SELECT i.id, coalesce(r.number, '') FROM unnest($1::text[], $2::uuid[]) AS n (county, incident)
		JOIN incident i ON i.county = n.county AND i.id = n.incident LEFT JOIN report_receipt r ON r.county = n.county AND r.incident = n.incident`, counties, ids)
	if err != nil {
		return nil, err
	}
	numbers := map[uuid.UUID]string{}
	var id uuid.UUID
	var number string
	_, err = pgx.ForEachRow(rows, []any{&id, &number}, func() error {
		numbers[id] = number
		return nil
	})
	return numbers, err
}

const storedReceiptColumns = `number, secret, key, county, incident, created_at`

// findReceipt is the receipt with that number, of an archived month too.
func findReceipt(ctx context.Context, q db.Querier, number string) (storedReceipt, bool, error) {
	return scanReceipt(q.QueryRow(ctx, `SELECT `+storedReceiptColumns+` FROM report_receipt WHERE number = $1
		UNION ALL SELECT `+storedReceiptColumns+` FROM archived_receipt WHERE number = $1`, number))
}

// findReceiptOf is the receipt of an incident.
func findReceiptOf(ctx context.Context, q db.Querier, i Incident) (storedReceipt, bool, error) {
	return scanReceipt(q.QueryRow(ctx, `SELECT `+storedReceiptColumns+` FROM report_receipt WHERE county = $1 AND incident = $2`, i.County, i.ID))
}

func scanReceipt(row pgx.Row) (r storedReceipt, ok bool, err error) {
	err = row.Scan(&r.number, &r.hash, &r.key, &r.county, &r.incident, &r.at)
	if errors.Is(err, pgx.ErrNoRows) {
		return r, false, nil
	}
	return r, err == nil, err
}
