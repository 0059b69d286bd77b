package photo

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/server/db"
)

// waiting counts one uploader's uploads and the bytes of everybody's, without those from before since: they are about to be removed.
func waiting(ctx context.Context, q db.Querier, uploader []byte, since time.Time) (own, bytes int, err error) {
	err = q.QueryRow(ctx, `
		SELECT count(*) FILTER (WHERE uploader = $1 AND created_at > $2), coalesce(sum(octet_length(content)), 0) FROM photo_upload`,
		uploader, since).Scan(&own, &bytes)
	return own, bytes, err
}

func insertUpload(ctx context.Context, tx pgx.Tx, p Photo, uploader []byte, account *uuid.UUID, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO photo_upload (id, content, width, height, uploader, account, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		p.ID, p.JPEG, p.Width, p.Height, uploader, account, now)
	return err
}

// EnsureMonths makes the partitions of the months of incidents, which follow their ids. It must not run in a transaction that has stored an
// incident: that one would wait for others that wait for it.
func EnsureMonths(ctx context.Context, q db.Querier, since, until time.Time) error {
	return db.EnsureMonths(ctx, q, "photo", since, until)
}

// attach moves uploads to an incident and returns which.
func attach(ctx context.Context, tx pgx.Tx, county string, incident uuid.UUID, ids []uuid.UUID, account *uuid.UUID, since time.Time) ([]uuid.UUID, error) {
	rows, err := tx.Query(ctx, `
		WITH taken AS (
			DELETE FROM photo_upload WHERE id = ANY ($3) AND created_at > $4 AND (account IS NULL OR account = $5)
			RETURNING id, content, width, height, created_at
		)
		INSERT INTO photo (county, incident, id, n, content, width, height, created_at)
		SELECT $1, $2, id, array_position($3, id) - 1, content, width, height, created_at FROM taken
		RETURNING id`, county, incident, ids, since, account)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

func list(ctx context.Context, q db.Querier, county string, incident uuid.UUID) ([]uuid.UUID, error) {
	rows, err := q.Query(ctx, `SELECT id FROM photo WHERE county = $1 AND incident = $2 ORDER BY n`, county, incident)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

func find(ctx context.Context, q db.Querier, county string, incident, id uuid.UUID) (Photo, bool, error) {
	p := Photo{ID: id}
	err := q.QueryRow(ctx, `SELECT content, width, height FROM photo WHERE county = $1 AND incident = $2 AND id = $3`, county, incident, id).
		Scan(&p.JPEG, &p.Width, &p.Height)
	if errors.Is(err, pgx.ErrNoRows) {
		return p, false, nil
	}
	return p, err == nil, err
}
