package hotline

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
)

// stopper ends a context at its nth statement.
type stopper struct {
	mu   sync.Mutex
	left int
	stop context.CancelFunc
}

func (s *stopper) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	s.count()
	return ctx
}
func (*stopper) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (s *stopper) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	s.count()
	return ctx
}
func (*stopper) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (*stopper) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}

func (s *stopper) count() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left--; s.left == 0 {
		s.stop()
	}
}

// Whatever statement a call or a placing ends at, sending it again makes it whole, once.
func TestInterruptedAnywhere(t *testing.T) {
	t.Parallel()
	whole, pool := setup(t)
	stop := &stopper{}
	config := pool.Config()
	config.ConnConfig.Tracer = stop
	traced, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer traced.Close()
	items := testItems(t, pool)
	dispatcher := accesstest.Person(t, access.Dispatcher)
	for name, deed := range map[string]func(ctx context.Context, s *Service, number string) error{
		"receive": func(ctx context.Context, s *Service, number string) error {
			c := someCall(number)
			c.Place = &inFirstTown
			_, _, err := s.Receive(ctx, c, []byte("1"))
			return err
		},
		"place": func(ctx context.Context, s *Service, number string) error {
			_, err := s.Place(ctx, number, inSecondTown)
			return err
		},
	} {
		interrupted, made := 0, count(t, pool, `SELECT count(*) FROM hotline_ticket`)
		for at := 1; ; at++ {
			s := service(t, traced, whole.keys, items)
			number := fmt.Sprintf("%s-%d", name, at)
			if name == "place" {
				mustReceive(t, whole, dispatcher, someCall(number), "1")
			}
			ctx, cancel := context.WithCancel(dispatcher)
			stop.mu.Lock()
			stop.left, stop.stop = at, cancel
			stop.mu.Unlock()
			err := deed(ctx, s, number)
			stop.mu.Lock()
			ended := stop.left > 0
			stop.mu.Unlock()
			cancel()
			if err != nil {
				interrupted++
			}
			if err := deed(dispatcher, whole, number); err != nil {
				t.Fatalf("%s, again after statement %d: %v", name, at, err)
			}
			made++
			exactlyOnce(t, pool, made)
			if ended && err == nil {
				break
			}
			if at > 60 {
				t.Fatalf("%s has no end", name)
			}
		}
		if interrupted < 5 {
			t.Errorf("%s was interrupted at %d statements only", name, interrupted)
		}
	}
	if n := count(t, pool, `SELECT count(*) FROM hotline_ticket WHERE repeats <> 0`); n != 0 {
		t.Errorf("%d requests that were sent again counted as calls", n)
	}
}
