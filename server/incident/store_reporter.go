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
	_, err := tx.Exec(ctx, `
		INSERT INTO incident_reporter (county, incident, sealed, created_at)
		SELECT n.*, $4 FROM unnest($1::text[], $2::uuid[], $3::bytea[]) AS n ON CONFLICT DO NOTHING`, counties, ids, blobs, at)
	return err
}

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

// nextReportNumber is the number of a report within its day.
func nextReportNumber(ctx context.Context, tx pgx.Tx) (n int, err error) {
	err = tx.QueryRow(ctx, `SELECT nextval('report_number')`).Scan(&n)
	return n, err
}

func saveReceipt(ctx context.Context, tx pgx.Tx, r storedReceipt) error {
	_, err := tx.Exec(ctx, `INSERT INTO report_receipt (number, secret, key, county, incident, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		r.number, r.hash, r.key, r.county, r.incident, r.at)
	return err
}

const storedReceiptColumns = `number, secret, key, county, incident, created_at`

// findReceipt is the receipt with that number.
func findReceipt(ctx context.Context, q db.Querier, number string) (storedReceipt, bool, error) {
	return scanReceipt(q.QueryRow(ctx, `SELECT `+storedReceiptColumns+` FROM report_receipt WHERE number = $1`, number))
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
