package scene

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/access"
	"jingwei/server/audit"
	"jingwei/server/db"
	"jingwei/server/live"
	"jingwei/server/web"
)

// Service keeps the scenes. Reading them takes incident.read, changing them scene.manage, on any area.
type Service struct {
	pool *pgxpool.Pool
	now  func() time.Time
}

// NewService makes a service.
func NewService(pool *pgxpool.Pool, now func() time.Time) *Service {
	return &Service{pool: pool, now: now}
}

// List is all scenes in their order.
func (s *Service) List(ctx context.Context) ([]Scene, error) {
	if _, err := access.AskScope(ctx, access.IncidentRead); err != nil {
		return nil, err
	}
	return list(ctx, s.pool)
}

// Find is the scene with an id, or not_found.
func (s *Service) Find(ctx context.Context, id uuid.UUID) (*Scene, error) {
	if _, err := access.AskScope(ctx, access.IncidentRead); err != nil {
		return nil, err
	}
	return existing(ctx, s.pool, id)
}

// existing is the scene with an id, or a problem.
func existing(ctx context.Context, q db.Querier, id uuid.UUID) (*Scene, error) {
	found, err := find(ctx, q, id)
	if err == nil && found == nil {
		err = web.NewProblem(web.NotFound, "no scene has the id "+id.String()).At("path.id", id)
	}
	return found, err
}

// Create makes a scene, at a position or, with nil, behind all others.
func (s *Service) Create(ctx context.Context, d Draft, position *int) (*Scene, error) {
	made := &Scene{ID: uuid.Must(uuid.NewV7()), Version: 1}
	err := s.manage(ctx, func(tx pgx.Tx) (*audit.Entry, error) {
		if err := d.check(); err != nil {
			return nil, err
		}
		there, err := number(ctx, tx)
		if err != nil {
			return nil, err
		}
		if there >= maxScenes {
			return nil, web.NewProblem(web.Conflict, fmt.Sprintf("there are %d scenes already; delete one first", there))
		}
		made.Position = there
		if position != nil && *position < there {
			made.Position = *position
		}
		s.write(ctx, made, &d)
		return &audit.Entry{Action: "scene.create", Object: made.object(), After: made.figures()}, insert(ctx, tx, made)
	})
	return made, err
}

// Change replaces a scene whose version is still the given one.
func (s *Service) Change(ctx context.Context, id uuid.UUID, version int, d Draft) (changed *Scene, err error) {
	err = s.manage(ctx, func(tx pgx.Tx) (*audit.Entry, error) {
		if err := d.check(); err != nil {
			return nil, err
		}
		if changed, err = s.current(ctx, tx, id, version); err != nil {
			return nil, err
		}
		before := changed.figures()
		s.write(ctx, changed, &d)
		changed.Version++
		return &audit.Entry{Action: "scene.update", Object: changed.object(), Before: before, After: changed.figures()}, update(ctx, tx, changed)
	})
	return changed, err
}

// Delete removes a scene whose version is still the given one; those behind it move up.
func (s *Service) Delete(ctx context.Context, id uuid.UUID, version int) error {
	return s.manage(ctx, func(tx pgx.Tx) (*audit.Entry, error) {
		old, err := s.current(ctx, tx, id, version)
		if err != nil {
			return nil, err
		}
		return &audit.Entry{Action: "scene.delete", Object: old.object(), Before: old.figures()}, remove(ctx, tx, old)
	})
}

// Arrange puts the scenes into an order, which must name each of them once.
func (s *Service) Arrange(ctx context.Context, order []uuid.UUID) (arranged []Scene, err error) {
	err = s.manage(ctx, func(tx pgx.Tx) (*audit.Entry, error) {
		there, err := list(ctx, tx)
		if err != nil {
			return nil, err
		}
		ids := make([]uuid.UUID, len(there))
		for i := range there {
			ids[i] = there[i].ID
		}
		byID := func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) }
		if !slices.Equal(slices.SortedFunc(slices.Values(ids), byID), slices.SortedFunc(slices.Values(order), byID)) {
			return nil, web.NewProblem(web.Conflict, "the order must name each scene once; somebody added or deleted one in the meantime: load them again").At("body.ids", nil)
		}
		if err := arrange(ctx, tx, order); err != nil {
			return nil, err
		}
		if arranged, err = list(ctx, tx); err != nil {
			return nil, err
		}
		return &audit.Entry{Action: "scene.order", Object: "scene", After: map[string]any{"order": order}}, nil
	})
	return arranged, err
}

// manage runs a change in one transaction with its audit entry and its event; one change of scenes goes after the other.
func (s *Service) manage(ctx context.Context, change func(tx pgx.Tx) (*audit.Entry, error)) error {
	if _, err := access.AskScope(ctx, access.SceneManage); err != nil {
		return err
	}
	return db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if err := oneAtATime(ctx, tx); err != nil {
			return err
		}
		e, err := change(tx)
		if err != nil {
			return err
		}
		if err := audit.Append(ctx, tx, *e); err != nil {
			return err
		}
		return live.Append(ctx, tx, live.Entry{Kind: live.SceneChanged, Data: struct{}{}})
	})
}

// current is a scene that is about to change, where its version is still the given one.
func (s *Service) current(ctx context.Context, tx pgx.Tx, id uuid.UUID, version int) (*Scene, error) {
	found, err := existing(ctx, tx, id)
	if err == nil && found.Version != version {
		err = web.NewProblem(web.Stale, "somebody changed the scene in the meantime; load it again").At("header.If-Match", version)
	}
	return found, err
}

// write puts what a draft says into a scene, now and by the one who asks.
func (s *Service) write(ctx context.Context, v *Scene, d *Draft) {
	v.Name, v.NameEN, v.Seconds, v.InRotation, v.Config = d.Name, d.NameEN, d.Seconds, d.InRotation, d.Config
	v.UpdatedAt, v.UpdatedBy = s.now().UTC().Truncate(time.Microsecond), access.From(ctx).Login
}

// object is what the audit log calls the scene.
func (v *Scene) object() string { return "scene/" + v.ID.String() }

// figures are what the audit log keeps of it.
func (v *Scene) figures() map[string]any {
	return map[string]any{"name": v.Name, "name_en": v.NameEN, "seconds": v.Seconds, "in_rotation": v.InRotation, "config": v.Config}
}
