package db

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"jingwei/migrations"
)

// Migrate brings the schema to what this program knows, and the rights of ApplicationRole with it. The pool's role must own the tables.
// Several servers may call it at once: an advisory lock lets them pass one by one. A database that a newer program has migrated is refused.
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
		return tooNew(current, known)
	}
	exists, err := ensureRole(ctx, pool)
	if err != nil || !exists {
		return err
	}
	return grant(ctx, pool, ApplicationRole)
}

func tooNew(current, known int64) error {
	return fmt.Errorf("migrate: the database is at version %d, this program knows only %d: run the newer jingwei that migrated it", current, known)
}

// checkVersion fails where the tables are not those that this program knows.
func checkVersion(ctx context.Context, pool *pgxpool.Pool) error {
	sql := stdlib.OpenDBFromPool(pool)
	defer sql.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, sql, migrations.FS, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	sources := provider.ListSources()
	known := sources[len(sources)-1].Version
	var current int64
	if err := pool.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&current); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	switch {
	case current > known:
		return tooNew(current, known)
	case current < known:
		return fmt.Errorf("migrate: version %d, this program knows %d: %w", current, known, errOldTables)
	}
	return nil
}

// explain adds the remedy where the database user lacks a right.
func explain(ctx context.Context, pool *pgxpool.Pool, err error) error {
	if !Is(err, InsufficientPrivilege) {
		return fmt.Errorf("migrate: %w", err)
	}
	var user, database string
	var postgis, btree, schema bool
	row := pool.QueryRow(ctx, `
		SELECT current_user, current_database(), has_schema_privilege('public', 'CREATE'),
		       EXISTS (SELECT FROM pg_extension WHERE extname = 'postgis'), EXISTS (SELECT FROM pg_extension WHERE extname = 'btree_gist')`)
	if failed := row.Scan(&user, &database, &schema, &postgis, &btree); failed != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	var remedy []string
	if !postgis {
		remedy = append(remedy, "CREATE EXTENSION IF NOT EXISTS postgis;")
	}
	if !btree {
		remedy = append(remedy, "CREATE EXTENSION IF NOT EXISTS btree_gist;")
	}
	if !schema {
		remedy = append(remedy, "GRANT CREATE, USAGE ON SCHEMA public TO "+pgx.Identifier{user}.Sanitize()+";")
	}
	if len(remedy) == 0 {
		return fmt.Errorf("migrate: user %s lacks a right in database %s: %w", user, database, err)
	}
	return fmt.Errorf("migrate: user %s lacks a right; a superuser of the server has to run in database %s: %s (%w)", user, database, strings.Join(remedy, " "), err)
}
