package main

import (
	"context"
	"fmt"
	"net"

	"github.com/jackc/pgx/v5"

	"jingwei/geo/coverage"
	"jingwei/server/account"
	"jingwei/server/area"
	"jingwei/server/db"
)

// makeDemoAccounts makes a demo account for each role where the demo county is in and nobody has an account yet.
func (a *App) makeDemoAccounts(ctx context.Context) error {
	atlas := a.areas.Current()
	areas, ok := demoAreas(atlas)
	if !ok || !atlas.Edition.Schematic {
		return nil
	}
	err := db.InTx(ctx, a.db.Pool, func(tx pgx.Tx) error {
		_, err := a.accounts.CreateDemo(ctx, tx, areas)
		return err
	})
	if err != nil {
		return fmt.Errorf("the demo accounts were not made: %w", err)
	}
	return nil
}

// demoAreas are the first county, its first town, and the first community of that.
func demoAreas(atlas *area.Atlas) (areas account.DemoAreas, ok bool) {
	for id := range coverage.ID(atlas.Coverage.Len()) {
		if codes := atlas.Codes(id); len(codes) == 3 {
			return account.DemoAreas{County: codes[0], Town: codes[1], Community: codes[2]}, true
		}
	}
	return areas, false
}

// checkAudience refuses to serve where others than this machine could come in with the passwords of demo accounts.
func (a *App) checkAudience(ctx context.Context, address net.Addr) error {
	a.accounts.ListensOn(address)
	if a.isAlone(address) {
		return nil
	}
	found, err := a.accounts.AnyDemo(ctx)
	if found {
		err = fmt.Errorf("%s can be reached by others, by itself, a proxy or the public URL, and the database has demo accounts, whose password everybody knows: "+
			"remove them with jingwei user remove-demo, or answer on this machine only with --listen 127.0.0.1:8080", address)
	}
	return err
}

// isAlone reports whether only this machine comes to an address of the server: it listens to no other, and it was not told of a proxy or of
// a public URL through which others come.
func (a *App) isAlone(address net.Addr) bool {
	o := a.surroundings
	return isLoopback(address) && len(o.TrustedProxies) == 0 && (o.PublicURL == nil || account.LoopbackHost(o.PublicURL.Host))
}

func isLoopback(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// welcome says how to log in for the first time.
func (a *App) welcome(ctx context.Context, s *streams, address net.Addr) error {
	found, err := a.accounts.Any(ctx)
	if err != nil {
		return err
	}
	if !found {
		fmt.Fprintln(s.out, firstAccountHint)
		return nil
	}
	logins, err := a.accounts.DemoLogins(ctx)
	if err == nil && len(logins) > 0 {
		fmt.Fprintf(s.out, "Demo accounts, for this machine only, at http://%s/login: password %s\n", address, account.DemoPassword)
		for _, l := range logins {
			fmt.Fprintf(s.out, "  %-16s %s %s\n", l.Login, l.Role, l.AreaName)
		}
	}
	return err
}
