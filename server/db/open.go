package db

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	minMajor       = 15 // the oldest PostgreSQL that the migrations are tried on
	connectTimeout = 10 * time.Second
	startupTimeout = time.Minute // how long Open waits for a server that says it is starting
	defaultConns   = 16
)

// What every session gets unless the URL says otherwise. The statement timeout ends what a lost context could not;
// work that is long on purpose uses InLongTx.
var sessionDefaults = map[string]string{
	"application_name":                    "jingwei",
	"timezone":                            "UTC",
	"statement_timeout":                   "5min",
	"idle_in_transaction_session_timeout": "10min",
}

// Open connects to a PostgreSQL of version 15 or newer that has PostGIS, and checks that. The pool reconnects by itself.
// Errors name the server, never the password, and say the remedy.
func Open(ctx context.Context, url string) (*pgxpool.Pool, error) {
	config, err := parse(url)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	if err := awaitServer(ctx, pool); err != nil {
		pool.Close()
		return nil, unreachable(config, err)
	}
	if err := checkServer(ctx, pool); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

func parse(url string) (*pgxpool.Config, error) {
	if url == "" {
		return nil, errors.New("database: no URL; it looks like postgres://user:password@host:5432/name")
	}
	if authority, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(url, "postgres://"), "postgresql://"), "/"); strings.Contains(url, "://") &&
		(strings.Count(authority, "@") > 1 || strings.Contains(authority, "#")) {
		return nil, errors.New("database: DATABASE_URL has an @, # or / in the password: write them as %40, %23 and %2F")
	}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		// pgconn's own message has the password left out.
		return nil, fmt.Errorf("database: DATABASE_URL cannot be read (it looks like postgres://user:password@host:5432/name): %w", err)
	}
	for name, value := range sessionDefaults {
		if _, given := config.ConnConfig.RuntimeParams[name]; !given {
			config.ConnConfig.RuntimeParams[name] = value
		}
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	config.AfterConnect = sendUUIDs
	if !hasSetting(url, "pool_max_conns") {
		config.MaxConns = max(config.MaxConns, defaultConns)
	}
	return config, nil
}

// hasSetting tells whether a connection string in URL form carries that query setting.
func hasSetting(raw, name string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Query().Has(name)
}

// awaitServer pings until the server answers; only "I am starting" is waited for.
func awaitServer(ctx context.Context, pool *pgxpool.Pool) error {
	deadline := time.Now().Add(startupTimeout)
	for {
		err := pool.Ping(ctx)
		if !Is(err, CannotConnectNow) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
}

func unreachable(config *pgxpool.Config, err error) error {
	c := config.ConnConfig
	where := fmt.Sprintf("%s@%s:%d/%s", c.User, c.Host, c.Port, c.Database)
	refused, ok := errors.AsType[*pgconn.ConnectError](err)
	if !ok {
		return fmt.Errorf("database %s: %w", where, err)
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return fmt.Errorf("database %s: the server refuses: %s (SQLSTATE %s); check user, password and database name in DATABASE_URL", where, pg.Message, pg.Code)
	}
	return fmt.Errorf("database %s cannot be reached: %w; check that the server runs and that DATABASE_URL is right", where, errors.Unwrap(refused))
}

// checkServer looks at version, encoding and extensions, each of which would fail later in a way harder to understand.
func checkServer(ctx context.Context, pool *pgxpool.Pool) error {
	var version, encoding, database string
	var number int
	var postgis, btree *string
	err := pool.QueryRow(ctx, `
		SELECT current_setting('server_version'), current_setting('server_version_num')::int, current_setting('server_encoding'), current_database(),
		       (SELECT coalesce(installed_version, default_version) FROM pg_available_extensions WHERE name = 'postgis'),
		       (SELECT coalesce(installed_version, default_version) FROM pg_available_extensions WHERE name = 'btree_gist')`,
	).Scan(&version, &number, &encoding, &database, &postgis, &btree)
	switch {
	case err != nil:
		return fmt.Errorf("database: %w", err)
	case number/10000 < minMajor:
		return fmt.Errorf("database: PostgreSQL %s is too old, %d or newer is needed", version, minMajor)
	case encoding != "UTF8":
		return fmt.Errorf("database %s has the encoding %s, UTF8 is needed: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0", database, encoding)
	case postgis == nil:
		return fmt.Errorf("database: the server has no PostGIS; install it there (Debian: postgresql-%d-postgis-3)", number/10000)
	case btree == nil:
		return errors.New("database: the server has no btree_gist extension; install PostgreSQL's contrib modules there (Fedora: postgresql-contrib)")
	}
	return nil
}
