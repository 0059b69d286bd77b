package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"syscall"
)

// defaultListen is an address that only this machine reaches: demo accounts are for nobody else.
const defaultListen = "127.0.0.1:8080"

type serveCommand struct {
	Listen         string `help:"Address and port to answer on (127.0.0.1:8080)." env:"JINGWEI_LISTEN" placeholder:"HOST:PORT"`
	Demo           bool   `help:"Load the demo county first when there are no areas yet."`
	RetentionYears int    `help:"Delete reporters' data and photos this many years after an incident was closed or cancelled, each night; 0 keeps them." env:"JINGWEI_RETENTION_YEARS" default:"2" placeholder:"N"`
	demoFlags
	served
}

func (cmd *serveCommand) Run(ctx context.Context, c *Config, s *streams, now clock) (err error) {
	if err := cmd.check(); err != nil {
		return err
	}
	c.served = cmd.served
	if _, err := c.surroundings(); err != nil {
		return err
	}
	if cmd.RetentionYears < 0 {
		return errors.New("--retention-years must not be negative")
	}
	// The address comes first: when it is taken there is no need to start a database.
	if cmd.Listen == "" {
		cmd.Listen = defaultListen
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cmd.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is taken by another program: stop that one, or choose another address with --listen or JINGWEI_LISTEN", cmd.Listen)
	}
	if err != nil {
		return fmt.Errorf("cannot answer on %s: %w", cmd.Listen, err)
	}
	defer listener.Close()
	d, err := c.openDatabase(ctx, serves)
	if err != nil {
		return err
	}
	app, err := newApp(ctx, c, d, now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	app.retentionYears = cmd.RetentionYears
	if err := checkRing(ctx, app.db, app.keys); err != nil {
		return err
	}
	if err := app.saveCatalogue(ctx); err != nil {
		return err
	}
	if err := app.categories.Check(func(code string) bool { _, ok := app.items.Find(code); return ok }); err != nil {
		return err
	}
	if err := app.areas.EnsureCells(ctx); err != nil {
		return err
	}
	if cmd.Demo && app.areas.Current().Edition.Number == 0 {
		if err := app.loadDemo(ctx, cmd.demoFlags, now(), newProgress(s.err)); err != nil {
			return err
		}
	}
	// Where others could use them, the demo county comes without demo accounts.
	if cmd.Demo && app.isAlone(listener.Addr()) {
		if err := app.makeDemoAccounts(ctx); err != nil {
			return err
		}
	}
	if err := app.checkAudience(ctx, listener.Addr()); err != nil {
		return err
	}
	provider, ok, err := c.signOn(app.surroundings.PublicURL, listener.Addr())
	if err != nil {
		return err
	}
	if ok {
		app.accounts.SignOnBy(provider)
	}
	server := newServer(app)
	return server.Run(ctx, listener, func() {
		fmt.Fprintf(s.out, "Jingwei is ready: http://%s\n", listener.Addr())
		if err := app.welcome(ctx, s, listener.Addr()); err != nil {
			slog.WarnContext(ctx, "accounts", "error", err)
		}
	})
}

type openAPICommand struct{}

func (openAPICommand) Run(s *streams) error {
	server := newServer(&App{db: &database{}})
	document, err := json.MarshalIndent(server.web.API.OpenAPI(), "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s\n", document)
	return err
}
