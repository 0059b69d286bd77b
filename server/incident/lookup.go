package incident

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// CodesOf are the codes from the county to the owner of an incident, for a service that asks for an action of its own; none outside every area, and for one
// that is not there.
func (s *Service) CodesOf(ctx context.Context, id uuid.UUID) ([]string, error) {
	i, _, err := find(ctx, s.pool, id)
	return i.Codes, err
}

// Sourced is the incident that a number has become of a source, which is a channel or TicketSource, for a service that asks for an action of its own. Of one that is archived only the id is told.
func (s *Service) Sourced(ctx context.Context, source, number string) (i Incident, ok bool, err error) {
	var id uuid.UUID
	err = s.pool.QueryRow(ctx, `SELECT incident FROM incident_source WHERE channel = $1 AND number = $2`, source, number).Scan(&id)
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
