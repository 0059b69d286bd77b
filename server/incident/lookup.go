package incident

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/server/web"
)

// CodesOf are the codes from the county to the owner of an incident, for a service that asks for an action of its own; none outside every area, and for one
// that is not there.
func (s *Service) CodesOf(ctx context.Context, id uuid.UUID) ([]string, error) {
	i, _, err := find(ctx, s.pool, id)
	return i.Codes, err
}

// Sourced is the incident that a source's number has become, for a service that asks for an action of its own. Of one that is archived only the id is told.
func (s *Service) Sourced(ctx context.Context, channel Channel, number string) (i Incident, ok bool, err error) {
	var id uuid.UUID
	err = s.pool.QueryRow(ctx, `SELECT incident FROM incident_source WHERE channel = $1 AND number = $2`, channel, number).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return i, false, nil
	}
	if err != nil {
		return i, false, err
	}
	if i, ok, err = find(ctx, s.pool, id); err == nil && !ok {
		i = Incident{ID: id}
	}
	return i, err == nil, err
}

// claimNumber records a source's number for an incident; a number has one.
func claimNumber(ctx context.Context, tx pgx.Tx, r Report, i Incident, now time.Time) error {
	digest := sha256.Sum256(fmt.Appendf(nil, "%v %s %s %s", r.Place, r.Item, r.Title, r.Description))
	tag, err := tx.Exec(ctx, `
		INSERT INTO incident_source (channel, number, digest, county, incident, created_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		r.Channel, r.Number, digest[:], i.County, i.ID, now)
	if err == nil && tag.RowsAffected() == 0 {
		err = web.NewProblem(web.NumberReused, "the source's number "+r.Number+" belongs to another report")
	}
	return err
}
