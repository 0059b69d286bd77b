package account

import (
	"context"
	"net"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/area"
	"jingwei/server/db"
	"jingwei/server/seal"
	"jingwei/server/web"
)

// Service lets people and machines in.
type Service struct {
	pool     *pgxpool.Pool
	areas    *area.Service
	ring     *seal.Ring
	now      func() time.Time
	rules    Rules
	sessions *scs.SessionManager
	hashing  chan struct{} // one entry for each argon2 that runs: each takes Rules.HashMemoryKiB
	loopback atomic.Bool   // the server answers on this machine only
	provider *provider     // of single sign-on; nil where there is none
	tokens   *lookups[tokenOf]

	credentials *web.Credentials // nil: bad ones are not counted
}

// NewService makes a service. The ring seals the secrets of second factors.
func NewService(pool *pgxpool.Pool, areas *area.Service, ring *seal.Ring, now func() time.Time, rules Rules) *Service {
	s := &Service{pool: pool, areas: areas, ring: ring, now: now, rules: rules.withDefaults(), hashing: make(chan struct{}, runtime.GOMAXPROCS(0)), tokens: newLookups[tokenOf]()}
	s.sessions = s.newSessions()
	return s
}

// ListensOn tells the service where the server answers.
func (s *Service) ListensOn(address net.Addr) {
	tcp, ok := address.(*net.TCPAddr)
	s.loopback.Store(ok && tcp.IP.IsLoopback())
}

func (s *Service) inTx(ctx context.Context, fn func(tx pgx.Tx) error) error {
	return db.InTx(ctx, s.pool, fn)
}

// find is the account with an id, or not_found.
func (s *Service) find(ctx context.Context, q db.Querier, id uuid.UUID) (*Account, error) {
	a, err := findByID(ctx, q, id, s.now())
	if err == nil && a == nil {
		err = web.NewProblem(web.NotFound, "no account has the id "+id.String()).At("path.id", id)
	}
	return a, err
}

// areaName is the name of an area in the edition in effect; "" for the whole installation and for an area that is gone.
func (s *Service) areaName(code string) string {
	coverage := s.areas.Current().Coverage
	if id, ok := coverage.Find(code); ok {
		return coverage.Name(id)
	}
	return ""
}
