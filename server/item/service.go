package item

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/access"
	"jingwei/server/db"
)

// Service keeps the catalogue in memory: it is small, and every incident asks it.
type Service struct {
	pool    *pgxpool.Pool
	current atomic.Pointer[catalogue]
}

type catalogue struct {
	items []Item
	by    map[string]*Item // by code and by Chinese name
}

// NewService makes a service with an empty catalogue; Reload fills it.
func NewService(pool *pgxpool.Pool) *Service {
	s := &Service{pool: pool}
	s.current.Store(&catalogue{})
	return s
}

// Save stores the entries of a catalogue and reloads it.
func (s *Service) Save(ctx context.Context, items []Item) error {
	if err := access.Ask(ctx, access.DataImport, nil); err != nil {
		return err
	}
	if err := db.InTx(ctx, s.pool, func(tx pgx.Tx) error { return save(ctx, tx, items) }); err != nil {
		return fmt.Errorf("save the catalogue: %w", err)
	}
	return s.Reload(ctx)
}

// Reload reads the catalogue into memory; nobody is shown anything by it.
func (s *Service) Reload(ctx context.Context) error {
	items, err := list(ctx, s.pool)
	if err != nil {
		return fmt.Errorf("read the catalogue: %w", err)
	}
	c := &catalogue{items: items, by: make(map[string]*Item, 2*len(items))}
	for i := range items {
		c.by[items[i].Name] = &items[i]
	}
	for i := range items {
		c.by[items[i].Code] = &items[i]
	}
	s.current.Store(c)
	return nil
}

// List is the whole catalogue, by field and code.
func (s *Service) List(ctx context.Context) ([]Item, error) {
	if err := access.Ask(ctx, access.ItemRead, nil); err != nil {
		return nil, err
	}
	return s.current.Load().items, nil
}

// Codes are those of the whole catalogue in its order, for a service that asks for an action of its own.
func (s *Service) Codes() []string {
	items := s.current.Load().items
	codes := make([]string, len(items))
	for n := range items {
		codes[n] = items[n].Code
	}
	return codes
}

// Len is the number of items.
func (s *Service) Len() int { return len(s.current.Load().items) }

// Find an item by its code or its Chinese name, for a service that asks for an action of its own.
func (s *Service) Find(codeOrName string) (*Item, bool) {
	i, ok := s.current.Load().by[codeOrName]
	return i, ok
}
