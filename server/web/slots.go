package web

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Slots bounds what goes on at once: so much in all, and so much for one key, so that one client cannot take everything.
type Slots struct {
	total, each int

	mu    sync.Mutex
	taken map[string]int
	sum   int
	freed chan struct{} // closed when a slot is given back, and then another
}

// NewSlots makes room for total in all and each for one key.
func NewSlots(total, each int) *Slots {
	return &Slots{total: total, each: each, taken: map[string]int{}, freed: make(chan struct{})}
}

// Take is ok while there is room; then release must be called, and further calls of it do nothing.
func (s *Slots) Take(key string) (release func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.take(key)
}

// Wait is Take, but waits for room until ctx ends or a time is over. Nobody has a place in a queue: of those that wait any may be next.
func (s *Slots) Wait(ctx context.Context, key string, patience time.Duration) (release func(), ok bool) {
	over := time.NewTimer(patience)
	defer over.Stop()
	for {
		s.mu.Lock()
		release, ok = s.take(key)
		freed := s.freed
		s.mu.Unlock()
		if ok {
			return release, true
		}
		select {
		case <-freed:
		case <-over.C:
			return nil, false
		case <-ctx.Done():
			return nil, false
		}
	}
}

func (s *Slots) take(key string) (release func(), ok bool) {
	if s.sum >= s.total || s.taken[key] >= s.each {
		return nil, false
	}
	s.sum++
	s.taken[key]++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sum--
		if s.taken[key]--; s.taken[key] == 0 {
			delete(s.taken, key)
		}
		close(s.freed)
		s.freed = make(chan struct{})
	}), true
}

// busy is how soon to come again where an operation has no slot, in seconds.
const busy = "5"

// Hold makes an operation take a slot for as long as it works, its answer included. key is who it is counted for, and what is what there are too
// many of, such as "too many photos are being uploaded".
func (s *Server) Hold(slots *Slots, key func(context.Context) string, what string) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		release, ok := slots.Take(key(ctx.Context()))
		if !ok {
			ctx.SetHeader("Retry-After", busy)
			_ = huma.WriteErr(s.API, ctx, http.StatusTooManyRequests, what+" at the moment; try again in "+busy+" s")
			return
		}
		defer release()
		next(ctx)
	}
}

// Connections that may be open at once. An idle one takes some 10 kB, and a live stream is one, too. One address may be a whole office or
// a mobile network; what comes through trusted proxies is theirs to bound.
const (
	maxConnections        = 16_384
	maxConnectionsAddress = 2_048
)

// bounded closes the connections at once that are too many, so that those of others are still taken.
type bounded struct {
	net.Listener
	slots  *Slots
	exempt func(remote string) bool
}

func (l *bounded) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		remote := conn.RemoteAddr().String()
		if l.exempt(remote) {
			return conn, nil
		}
		end, _ := netip.ParseAddrPort(remote)
		if release, ok := l.slots.Take(network(end.Addr())); ok {
			return &held{conn, release}, nil
		}
		_ = conn.Close()
	}
}

// held is a connection that gives its slot back when it is closed.
type held struct {
	net.Conn
	release func()
}

func (c *held) Close() error {
	c.release()
	return c.Conn.Close()
}

// network is who an address is taken for: itself, or in IPv6 its /64, of which one customer has all addresses.
func network(address netip.Addr) string {
	address = address.Unmap().WithZone("")
	if address.Is6() {
		if prefix, err := address.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return address.String()
}

// ClientNetwork is who the request of ctx is counted for where nobody is logged in: its address, or in IPv6 the /64 of it.
func ClientNetwork(ctx context.Context) string { return networkOf(ClientAddress(ctx)) }

// networkOf is network for an address that may be none.
func networkOf(address string) string {
	at, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	return network(at)
}
