package branch

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/access"
	"jingwei/server/audit"
	"jingwei/server/db"
	"jingwei/server/live"
)

// Service keeps the directory of branches in memory, because every snap asks it.
type Service struct {
	pool    *pgxpool.Pool
	current atomic.Pointer[Directory]
}

// NewService makes a service with an empty directory; Reload fills it.
func NewService(pool *pgxpool.Pool) *Service {
	s := &Service{pool: pool}
	s.current.Store(&Directory{})
	return s
}

// Directory is the present one. Who answers for what is public.
func (s *Service) Directory() *Directory { return s.current.Load() }

// Reload reads the directory and swaps it; nobody is shown anything by it.
func (s *Service) Reload(ctx context.Context) error {
	var d *Directory
	err := pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) (err error) {
		d, err = LoadDirectory(ctx, tx)
		return err
	})
	if err != nil {
		return fmt.Errorf("read the branches: %w", err)
	}
	s.current.Store(d)
	return nil
}

// Save adds or replaces branches and what they answer for, in one transaction, and tells everybody.
func (s *Service) Save(ctx context.Context, branches []Branch, assignments []Assignment) error {
	return db.InTx(ctx, s.pool, func(tx pgx.Tx) error { return Save(ctx, tx, branches, assignments) })
}

// Save is Service.Save as a part of a larger transaction.
func Save(ctx context.Context, tx pgx.Tx, branches []Branch, assignments []Assignment) error {
	if err := access.Ask(ctx, access.DataImport, nil); err != nil {
		return err
	}
	if err := save(ctx, tx, branches, assignments); err != nil {
		return err
	}
	err := audit.Append(ctx, tx, audit.Entry{Action: "branch.import", After: map[string]int{"branches": len(branches), "areas": len(assignments)}})
	if err != nil {
		return err
	}
	return live.Append(ctx, tx, live.Entry{Kind: live.BranchChanged, Data: struct{}{}})
}
