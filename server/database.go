package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/audit"
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
	local  *db.Local // nil where somebody else runs the server
	shared bool      // others may have come to use local
	use    use
}

// use says what a command wants of the database.
type use int

const (
	reads  use = iota // what is there; an empty data directory is a mistake
	writes            // makes a database where there is none
	serves            // has it for itself, and keeps it open for others
)

// openDatabase connects to the configured PostGIS, or to that of a process that runs on the data directory, or else starts a private
// one. The tables are migrated.
func (c *Config) openDatabase(ctx context.Context, use use) (*database, error) {
	d, url, ownerURL, err := c.locate(ctx, use)
	if err != nil {
		return nil, err
	}
	d.use = use
	if d.Pool, err = db.OpenApplication(ctx, url, ownerURL); err != nil {
		return nil, errors.Join(err, d.close())
	}
	// Two transactions that each made a partition for events and one for the log, in another order, would wait for each other.
	now := time.Now()
	week := now.AddDate(0, 0, 7)
	if err := errors.Join(live.EnsureMonths(ctx, d.Pool, now, week), audit.EnsureMonths(ctx, d.Pool, now, week)); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// locate finds the addresses of the database for the application and for its owner, the latter "" where the first serves for both, and
// starts a private one where there is none.
func (c *Config) locate(ctx context.Context, use use) (d *database, url, ownerURL string, err error) {
	ownerURL = strings.TrimSpace(c.MigrateURL)
	if url = strings.TrimSpace(c.DatabaseURL); url != "" {
		return &database{}, url, ownerURL, nil
	}
	if ownerURL != "" {
		return nil, "", "", errors.New("--migrate-url or JINGWEI_MIGRATE_URL goes with --database-url or DATABASE_URL: the private PostGIS has roles of its own")
	}
	dir, err := c.dataDir()
	if err != nil {
		return nil, "", "", err
	}
	if use != serves {
		if ownerURL, err = db.RunningOwnerURL(dir); err == nil {
			url, err = db.RunningURL(dir)
		}
		if err == nil || !errors.Is(err, db.ErrNotRunning) {
			return &database{}, url, ownerURL, err
		}
	}
	if use == reads {
		if _, err := os.Stat(filepath.Join(dir, "postgres")); errors.Is(err, fs.ErrNotExist) {
			return nil, "", "", fmt.Errorf("there is no database in %s: name another folder with --data-dir or JINGWEI_DATA_DIR, or fill this one with jingwei demo or jingwei import areas", dir)
		}
	}
	local, err := db.StartLocal(ctx, dir, slog.Default())
	if err != nil {
		return nil, "", "", err
	}
	return &database{local: local, shared: use != serves}, local.URL(), local.OwnerURL(), nil
}

func (d *database) close() error {
	if d.Pool != nil {
		d.Pool.Close()
	}
	if d.local == nil {
		return nil
	}
	if d.shared {
		d.awaitOthers()
	}
	return d.local.Close()
}

// othersPatience bounds how long a command that is done keeps its private database open for others that came to use it.
const othersPatience = 10 * time.Minute

// awaitOthers returns when no other command is connected to the private database that this one started: the two sides of
// "jingwei export … | jingwei import …" share one.
func (d *database) awaitOthers() {
	ctx, cancel := context.WithTimeout(context.Background(), othersPatience)
	defer cancel()
	conn, err := pgx.Connect(ctx, d.local.OwnerURL()) // who sees what sessions of other roles are
	if err != nil {
		return // it is gone already
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for told := false; ; {
		var others int
		err := conn.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`).Scan(&others)
		if err != nil || others == 0 {
			return
		}
		if !told {
			slog.Info("waiting for another command that uses this database")
			told = true
		}
		time.Sleep(200 * time.Millisecond)
	}
}

type migrateCommand struct{}

func (migrateCommand) Run(ctx context.Context, c *Config, s *streams) error {
	d, err := c.openDatabase(ctx, writes)
	if err != nil {
		return err
	}
	fmt.Fprintln(s.out, "The tables are up to date.")
	return d.close()
}

type dbCommand struct {
	URL dbURLCommand `cmd:"" name:"url" help:"Print the connection string of the running database, password included: psql \"$(jingwei db url)\""`
}

type dbURLCommand struct {
	Owner bool `help:"That of the role that owns the tables and migrates them, instead of the application's, which cannot change the audit log."`
}

func (cmd dbURLCommand) Run(c *Config, s *streams) error {
	if c.DatabaseURL != "" {
		url := c.DatabaseURL
		if cmd.Owner && c.MigrateURL != "" {
			url = c.MigrateURL
		}
		_, err := fmt.Fprintln(s.out, url)
		return err
	}
	dir, err := c.dataDir()
	if err != nil {
		return err
	}
	find := db.RunningURL
	if cmd.Owner {
		find = db.RunningOwnerURL
	}
	url, err := find(dir)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, url)
	return err
}
