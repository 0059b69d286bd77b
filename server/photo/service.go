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

// Wish is what a report wants: uploads, in this order, for its incident.
type Wish struct {
	County   string
	Incident uuid.UUID
	Account  uuid.UUID // of the reporter; uuid.Nil: none
	IDs      []uuid.UUID
}

// Waiting are the uploads that reports which are stored together may still take.
type Waiting map[uuid.UUID]*uuid.UUID // the account that alone may take it, nil for everybody

// Lock finds the uploads that any of the wishes names and that are no older than KeptFor, and keeps everybody else from taking them before the
// transaction ends. One question, however many there are.
func Lock(ctx context.Context, tx pgx.Tx, wishes []Wish, now time.Time) (Waiting, error) {
	var ids []uuid.UUID
	for _, w := range wishes {
		ids = append(ids, w.IDs[:min(len(w.IDs), MaxOfReport)]...)
	}
	if len(ids) == 0 {
		return Waiting{}, nil
	}
	waiting, err := lock(ctx, tx, ids, now.Add(-KeptFor))
	if err != nil {
		return nil, fmt.Errorf("find photos: %w", err)
	}
	return waiting, nil
}

// Take is nil where a wish may be granted, and nobody else's after it with one of the same uploads. Else it is a problem that names the first id
// which is none of an upload that this reporter may take: unknown, taken already, older than KeptFor, or of another account; then nothing is taken.
func (w Waiting) Take(wish Wish) error {
	if len(wish.IDs) > MaxOfReport {
		return web.NewProblem(web.Invalid, fmt.Sprintf("a report has at most %d photos", MaxOfReport)).At("body.photos", nil)
	}
	for i, id := range wish.IDs {
		if slices.Contains(wish.IDs[:i], id) {
			return web.NewProblem(web.Invalid, "a photo is named twice").At(place(i), id)
		}
		if of, ok := w[id]; !ok || of != nil && *of != wish.Account {
			return web.NewProblem(web.Invalid, "no such photo waits for a report: upload it again").At(place(i), id)
		}
	}
	for _, id := range wish.IDs {
		delete(w, id)
	}
	return nil
}

// Attach gives uploads to incidents, in the transaction that creates those and in which Take granted each wish; EnsureMonths must have made the
// months of the incidents' ids before.
func Attach(ctx context.Context, tx pgx.Tx, wishes []Wish) error {
	var counties []string
	var incidents, ids []uuid.UUID
	var places []int32
	for _, w := range wishes {
		for i, id := range w.IDs {
			counties, incidents, ids, places = append(counties, w.County), append(incidents, w.Incident), append(ids, id), append(places, int32(i))
		}
	}
	if len(ids) == 0 {
		return nil
	}
	if err := attach(ctx, tx, counties, incidents, ids, places); err != nil {
		return fmt.Errorf("attach photos: %w", err)
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
