package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/db"
	"jingwei/server/live"
)

// dataDir is the configured data directory or the default one.
func (c *Config) dataDir() (string, error) {
	if c.DataDir != "" {
		return c.DataDir, nil
	}
	return db.DefaultDataDir()
}

// database is an open database and what has to be closed with it.
type database struct {
	*pgxpool.Pool
	local *db.Local // nil where somebody else runs the server
}

// openDatabase connects to the configured PostGIS, or to that of a server that runs on the data directory, or else starts a private
// one; exclusive refuses a data directory that is in use. The tables are migrated.
func (c *Config) openDatabase(ctx context.Context, exclusive bool) (*database, error) {
	d, url, err := c.locate(ctx, exclusive)
	if err != nil {
		return nil, err
	}
	if d.Pool, err = db.Open(ctx, url); err != nil {
		return nil, errors.Join(err, d.close())
	}
	if err := db.Migrate(ctx, d.Pool); err != nil {
		return nil, errors.Join(err, d.close())
	}
	if err := live.EnsureMonths(ctx, d.Pool); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// locate finds the URL of the database, and starts a private one where there is none.
func (c *Config) locate(ctx context.Context, exclusive bool) (d *database, url string, err error) {
	if c.DatabaseURL != "" {
		return &database{}, c.DatabaseURL, nil
	}
	dir, err := c.dataDir()
	if err != nil {
		return nil, "", err
	}
	if !exclusive {
		if url, err = db.RunningURL(dir); err == nil || !errors.Is(err, db.ErrNotRunning) {
			return &database{}, url, err
		}
	}
	local, err := db.StartLocal(ctx, dir, slog.Default())
	if err != nil {
		return nil, "", err
	}
	return &database{local: local}, local.URL(), nil
}

func (d *database) close() error {
	if d.Pool != nil {
		d.Pool.Close()
	}
	if d.local != nil {
		return d.local.Close()
	}
	return nil
}

type migrateCommand struct{}

func (migrateCommand) Run(ctx context.Context, c *Config, s *streams) error {
	d, err := c.openDatabase(ctx, false)
	if err != nil {
		return err
	}
	fmt.Fprintln(s.out, "The tables are up to date.")
	return d.close()
}

type dbCommand struct {
	URL dbURLCommand `cmd:"" name:"url" help:"Print the connection string of the running database, password included: psql \"$(jingwei db url)\""`
}

type dbURLCommand struct{}

func (dbURLCommand) Run(c *Config, s *streams) error {
	if c.DatabaseURL != "" {
		_, err := fmt.Fprintln(s.out, c.DatabaseURL)
		return err
	}
	dir, err := c.dataDir()
	if err != nil {
		return err
	}
	url, err := db.RunningURL(dir)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, url)
	return err
}
