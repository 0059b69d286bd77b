package audit

import (
	"context"
	"log/slog"
	"time"

	"jingwei/server/access"
)

const (
	linkEvery   = time.Second
	tellEvery   = time.Hour
	verifyEvery = 24 * time.Hour
	lastLink    = 5 * time.Second // for the links that are missing when the server stops
)

// Run links what has committed, every second, until ctx ends: writers do not wait for each other, so a row gets its link after its commit.
// A NOTIFY would come sooner and make all writers commit one after the other. It logs the head of the chain once an hour and at the end,
// so that the log of the system can tell whether the end of the chain was cut off, and verifies the whole chain at the start and once a day.
func (s *Service) Run(ctx context.Context) {
	ctx = access.With(ctx, access.Server())
	verified := make(chan struct{})
	go func() {
		defer close(verified)
		for {
			s.verify(ctx)
			select {
			case <-ctx.Done():
				return
			case <-time.After(verifyEvery):
			}
		}
	}()
	s.linkUntil(ctx)
	<-verified
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastLink)
	defer cancel()
	s.flushRefusals(last, true)
	if err := link(last, s.pool); err != nil {
		slog.Warn("the last rows of the audit log get their links at the next start", "error", err)
		return
	}
	s.tellHead(last)
}

func (s *Service) linkUntil(ctx context.Context) {
	ticker := time.NewTicker(linkEvery)
	defer ticker.Stop()
	var told time.Time
	failing := false
	for {
		s.flushRefusals(ctx, false)
		err := link(ctx, s.pool)
		if err == nil && time.Since(told) > tellEvery {
			if err = EnsureMonths(ctx, s.pool, s.now(), s.now().AddDate(0, 0, 7)); err == nil {
				s.tellHead(ctx)
				told = time.Now()
			}
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil && !failing {
			slog.Warn("the audit log gets no links at the moment", "error", err)
		} else if err == nil && failing {
			slog.Info("the audit log gets its links again")
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (s *Service) tellHead(ctx context.Context) {
	head, ok, err := findHead(ctx, s.pool)
	if err != nil {
		if ctx.Err() == nil {
			slog.Warn("the head of the audit log", "error", err)
		}
		return
	}
	if ok {
		slog.Info("head of the audit log", "link", head.Seq, "hash", head.Hash)
	}
}

func (s *Service) verify(ctx context.Context) {
	v, err := s.Verify(ctx, VerifyOptions{})
	if err != nil {
		if ctx.Err() == nil {
			slog.Warn("the audit log could not be verified", "error", err)
		}
		return
	}
	s.mu.Lock()
	s.verified = v
	s.mu.Unlock()
	if v.Broken() {
		slog.Error("the audit log has been tampered with", "found", v.Found, "first", v.Findings[0].String(), "remedy", "run jingwei audit verify, and keep a copy of the database")
	}
}
