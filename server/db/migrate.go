package db

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"jingwei/migrations"
)

// Migrate brings the schema to what this program knows. Several servers may call it at once: an advisory lock lets them pass
// one by one. A database that a newer program has migrated is refused.
func Migrate(ctx context.Context, pool *pgxpool.Pool) error {
	config := pool.Config().ConnConfig.Copy()
	config.RuntimeParams["statement_timeout"] = "0"
	sql := stdlib.OpenDB(*config)
	defer sql.Close()

	// Tries once a second for ten minutes: another server may be in the middle of a long migration.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 600))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, sql, migrations.FS, goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return explain(ctx, pool, err)
	}
	current, known, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if current > known {
		return fmt.Errorf("migrate: the database is at version %d, this program knows only %d: run the newer jingwei that migrated it", current, known)
	}
	return nil
}

// explain adds the remedy where the database user lacks a right.
func explain(ctx context.Context, pool *pgxpool.Pool, err error) error {
	if !Is(err, InsufficientPrivilege) {
		return fmt.Errorf("migrate: %w", err)
	}
	var user, database string
	var extension bool
	row := pool.QueryRow(ctx, "SELECT current_user, current_database(), EXISTS (SELECT FROM pg_extension WHERE extname = 'postgis')")
	if failed := row.Scan(&user, &database, &extension); failed != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	name, role := pgx.Identifier{database}.Sanitize(), pgx.Identifier{user}.Sanitize()
	if !extension {
		return fmt.Errorf("migrate: user %s may not create extensions; a superuser of the server has to run in database %s: "+
			"CREATE EXTENSION IF NOT EXISTS postgis; CREATE EXTENSION IF NOT EXISTS btree_gist; (%w)", user, database, err)
	}
	return fmt.Errorf("migrate: user %s lacks a right; the owner of the database has to run in it: "+
		"GRANT CREATE ON DATABASE %s TO %s; GRANT CREATE, USAGE ON SCHEMA public TO %s; (%w)", user, name, role, role, err)
}
