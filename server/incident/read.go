package incident

import (
	"context"
	"time"

	"github.com/google/uuid"

	"jingwei/server/access"
	"jingwei/server/web"
)

// The reads of many incidents that go on at the same time. Each has a connection to the database, often for seconds; with the files that are
// written they leave some to the intake, whatever is asked for.
const (
	maxReads        = 6
	maxReadsAccount = 2
	readPatience    = 3 * time.Second // to wait for a turn; a map asks for some 20 tiles at once
)

// BeginRead waits for a turn to read many incidents, and refuses when none comes soon; done ends it. A read must not begin another.
func (s *Service) BeginRead(ctx context.Context) (done func(), err error) {
	done, ok := s.readers.Wait(ctx, reader(ctx), readPatience)
	switch {
	case ok:
		return done, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	return nil, web.TooBusy(readPatience, "too many incidents are being read, or enough for your account already")
}

// reader is who reads: an account, or for whoever is refused anyway an address.
func reader(ctx context.Context) string {
	if account := access.From(ctx).Account; account != uuid.Nil {
		return account.String()
	}
	return web.ClientNetwork(ctx)
}
