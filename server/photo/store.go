package photo

import (
	"context"
	"errors"
	"fmt"
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

// lock finds uploads and locks them, in one order everywhere, so that two transactions never wait for each other.
func lock(ctx context.Context, tx pgx.Tx, ids []uuid.UUID, since time.Time) (Waiting, error) {
	rows, err := tx.Query(ctx, `SELECT id, account FROM photo_upload WHERE id = ANY ($1) AND created_at > $2 ORDER BY id FOR UPDATE`, ids, since)
	if err != nil {
		return nil, err
	}
	waiting := Waiting{}
	var id uuid.UUID
	var account *uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&id, &account}, func() error {
		waiting[id] = account
		return nil
	})
	return waiting, err
}

// attach moves uploads, all of which must be there, to the incidents at the same places of the lists.
func attach(ctx context.Context, tx pgx.Tx, counties []string, incidents, ids []uuid.UUID, places []int32) error {
	tag, err := tx.Exec(ctx, `
		WITH wanted AS (SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::integer[]) AS w (county, incident, id, n)),
		taken AS (DELETE FROM photo_upload u USING wanted w WHERE u.id = w.id RETURNING u.id, u.content, u.width, u.height, u.created_at)
		INSERT INTO photo (county, incident, id, n, content, width, height, created_at)
		SELECT w.county, w.incident, w.id, w.n, t.content, t.width, t.height, t.created_at FROM taken t JOIN wanted w ON w.id = t.id`,
		counties, incidents, ids, places)
	if err == nil && tag.RowsAffected() != int64(len(ids)) {
		err = fmt.Errorf("%d of %d uploads are there", tag.RowsAffected(), len(ids))
	}
	return err
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
