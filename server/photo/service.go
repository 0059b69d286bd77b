package photo

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/access"
	"jingwei/server/db"
	"jingwei/server/web"
)

// Service takes photos in and gives them out.
type Service struct {
	pool    *pgxpool.Pool
	now     func() time.Time
	cleaner cleaner
}

// NewService makes a service.
func NewService(pool *pgxpool.Pool, now func() time.Time) *Service {
	return &Service{pool: pool, now: now, cleaner: newCleaner()}
}

// Upload keeps a picture until a report takes it. Its position, where it has one, is only returned.
func (s *Service) Upload(ctx context.Context, upload []byte) (Photo, *Position, error) {
	if err := access.Ask(ctx, access.IncidentReport, nil); err != nil {
		return Photo{}, nil, err
	}
	p, at, err := s.cleaner.clean(ctx, upload)
	if err != nil {
		return Photo{}, nil, err
	}
	if p.ID, err = uuid.NewRandom(); err != nil {
		return Photo{}, nil, err
	}
	uploader, most := sha256.Sum256([]byte("network "+web.ClientNetwork(ctx))), maxWaitingNetwork
	account := accountOf(ctx)
	if account != nil {
		uploader, most = sha256.Sum256([]byte("account "+account.String())), maxWaitingAccount
	}
	now := s.now()
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		own, bytes, err := waiting(ctx, tx, uploader[:], now.Add(-KeptFor))
		if err != nil {
			return err
		}
		if own >= most || bytes+len(p.JPEG) > maxWaiting {
			return web.NewProblem(web.TooMany, "too many photos wait for their reports; report with those that are here, or try again later")
		}
		return insertUpload(ctx, tx, p, uploader[:], account, now)
	})
	if err != nil {
		return Photo{}, nil, err
	}
	return p, at, nil
}

// Attach gives uploads to an incident, in the transaction that creates it and in the order of ids; EnsureMonths must have made the month of
// the incident's id before. The error is a problem that names the first id which is none of an upload that the actor of ctx may take: unknown,
// taken already, older than KeptFor, or of another account.
func Attach(ctx context.Context, tx pgx.Tx, county string, incident uuid.UUID, ids []uuid.UUID, now time.Time) error {
	if len(ids) == 0 {
		return nil
	}
	if len(ids) > MaxOfReport {
		return web.NewProblem(web.Invalid, fmt.Sprintf("a report has at most %d photos", MaxOfReport)).At("body.photos", nil)
	}
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			return web.NewProblem(web.Invalid, "a photo is named twice").At(place(i), id)
		}
	}
	taken, err := attach(ctx, tx, county, incident, ids, accountOf(ctx), now.Add(-KeptFor))
	if err != nil {
		return fmt.Errorf("attach photos: %w", err)
	}
	for i, id := range ids {
		if !slices.Contains(taken, id) {
			return web.NewProblem(web.Invalid, "no such photo waits for a report: upload it again").At(place(i), id)
		}
	}
	return nil
}

func place(i int) string { return fmt.Sprintf("body.photos[%d]", i) }

// Of lists the ids of an incident's photos in their order. It asks nobody: whether the actor may see the incident, the caller knows.
func Of(ctx context.Context, q db.Querier, county string, incident uuid.UUID) ([]uuid.UUID, error) {
	return list(ctx, q, county, incident)
}

// Find a photo of an incident; not_found for an unknown id. It asks nobody: whether the actor may see the incident, the caller knows.
func Find(ctx context.Context, q db.Querier, county string, incident, id uuid.UUID) (Photo, error) {
	p, ok, err := find(ctx, q, county, incident, id)
	if err == nil && !ok {
		err = web.NewProblem(web.NotFound, "the incident has no photo with the id "+id.String()).At("path.photo", id)
	}
	return p, err
}

// Prune removes the uploads that no report took in time, and returns how many. It is a job of the server's and of nobody who could be asked.
func Prune(ctx context.Context, pool *pgxpool.Pool, now time.Time) (int64, error) {
	tag, err := pool.Exec(ctx, `DELETE FROM photo_upload WHERE created_at <= $1`, now.Add(-KeptFor))
	return tag.RowsAffected(), err
}

func accountOf(ctx context.Context) *uuid.UUID {
	if a := access.From(ctx); a.Account != uuid.Nil {
		return &a.Account
	}
	return nil
}
