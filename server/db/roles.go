package db

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ApplicationRole is the role that the program works as: it owns no table, and so can neither change the audit log nor switch off what
// protects it. In the private PostGIS it logs in with a password of its own; on a server of somebody else the role that DATABASE_URL names
// becomes it for each connection (which stops mistakes only), or is another one that has been granted its rights.
const ApplicationRole = "jingwei_app"

// What the application's role may do, where that is not to read and write all rows. A table that is not named here and every sequence
// but goose's is the application's to use. Partitions get no rights: they are reached through their table.
var tableRights = map[string][]string{
	"audit":            {"INSERT", "SELECT"},
	"audit_link":       {"SELECT"},
	"audit_pending":    {"SELECT"},
	"incident_history": {"INSERT", "SELECT"},
	"hotline_call":     {"INSERT", "SELECT", "UPDATE"}, // of what is sealed
	"goose_db_version": {"SELECT"},
	"area_cell":        {"DELETE", "INSERT", "SELECT", "TRUNCATE", "UPDATE"},
}

var (
	usualRights    = []string{"DELETE", "INSERT", "SELECT", "UPDATE"} // in the order of the alphabet, as all of these lists
	sequenceRights = []string{"SELECT", "USAGE"}
)

// OpenApplication migrates a database as its owner and opens it as the application. ownerURL is "" where url is all there is: then url's
// role migrates if it owns the tables, and works as ApplicationRole afterwards where it may become that; where it may not, a warning says
// what to do.
func OpenApplication(ctx context.Context, url, ownerURL string) (*pgxpool.Pool, error) {
	if ownerURL != "" {
		if err := migrateAs(ctx, ownerURL, url); err != nil {
			return nil, err
		}
	}
	pool, err := Open(ctx, url)
	if err != nil {
		return nil, err
	}
	owns, err := prepare(ctx, pool, ownerURL == "")
	if err != nil {
		pool.Close()
		return nil, err
	}
	if !owns {
		return pool, nil
	}
	config := pool.Config()
	if err := become(ctx, pool); err != nil {
		slog.Warn("the audit log is protected by its trigger alone, for the database's role owns the tables", "role", config.ConnConfig.User,
			"reason", err, "remedy", fmt.Sprintf("let a superuser of the database server run: CREATE ROLE %[1]s; GRANT %[1]s TO %[2]s; "+
				"or give two addresses: DATABASE_URL of a role of its own, JINGWEI_MIGRATE_URL of the owner", ApplicationRole, pgx.Identifier{config.ConnConfig.User}.Sanitize()))
		return pool, nil
	}
	pool.Close()
	// As a setting of the session's start, so that RESET ROLE does not lead back to the owner. SET ROLE NONE does: the owner logged in, and
	// PostgreSQL always lets who logged in return. So this stops mistakes, and not whoever can smuggle in SQL; two log-ins stop both.
	config.ConnConfig.RuntimeParams["role"] = ApplicationRole
	if pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return pool, nil
}

// migrateAs migrates as the owner and lets the role of the application's address in.
func migrateAs(ctx context.Context, ownerURL, url string) error {
	application, err := parse(url)
	if err != nil {
		return err
	}
	owner, err := Open(ctx, ownerURL)
	if err != nil {
		return fmt.Errorf("as the owner of the tables (--migrate-url, JINGWEI_MIGRATE_URL): %w", err)
	}
	defer owner.Close()
	if err := Migrate(ctx, owner); err != nil {
		return err
	}
	if user := application.ConnConfig.User; user != ApplicationRole && user != owner.Config().ConnConfig.User {
		return grant(ctx, owner, user)
	}
	return nil
}

// prepare tells whether the role of a pool owns the tables, or would if it made them. Where it does, it migrates, if it shall; where it does
// not, the tables must be as this program knows them.
func prepare(ctx context.Context, pool *pgxpool.Pool, migrate bool) (owns bool, err error) {
	err = pool.QueryRow(ctx, `
		SELECT coalesce((SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_class c WHERE c.oid = to_regclass('goose_db_version')), true)`).Scan(&owns)
	if err != nil {
		return false, fmt.Errorf("database: %w", err)
	}
	switch {
	case owns && migrate:
		return true, Migrate(ctx, pool)
	case owns:
		return true, nil
	}
	return false, checkVersion(ctx, pool)
}

// become tells why a pool's role cannot work as ApplicationRole; nil where it can.
func become(ctx context.Context, pool *pgxpool.Pool) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "SET LOCAL ROLE "+ApplicationRole)
		return err
	})
}

// ensureRole makes ApplicationRole where it is missing, and a member of it who runs this, as far as the rights to that go; what is missing
// in the end shows when the role is used. Databases of one server share their roles, so somebody else may do the same at the same moment.
func ensureRole(ctx context.Context, pool *pgxpool.Pool) (exists bool, err error) {
	_, err = pool.Exec(ctx, `
		DO $$
		BEGIN
			IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '`+ApplicationRole+`') THEN
				CREATE ROLE `+ApplicationRole+` NOLOGIN;
			END IF;
		EXCEPTION WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN NULL;
		END $$;
		DO $$
		BEGIN
			SET LOCAL ROLE `+ApplicationRole+`;
			RESET ROLE;
		EXCEPTION WHEN insufficient_privilege THEN
			BEGIN
				GRANT `+ApplicationRole+` TO CURRENT_USER;
			EXCEPTION WHEN insufficient_privilege OR duplicate_object OR unique_violation OR internal_error THEN NULL;
			END;
		WHEN undefined_object OR invalid_parameter_value THEN NULL;
		END $$`)
	if err != nil {
		return false, fmt.Errorf("role %s: %w", ApplicationRole, err)
	}
	err = pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`, ApplicationRole).Scan(&exists)
	return exists, err
}

// grant brings the rights of an application's role on the tables, sequences and functions of the schema to what they are to be. Several may
// do so at once. Where nothing has changed, nothing is written.
func grant(ctx context.Context, pool *pgxpool.Pool, role string) error {
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('jingwei.grant'))`); err != nil {
			return err
		}
		statements, err := missingGrants(ctx, tx, role)
		if err != nil {
			return err
		}
		for _, statement := range statements {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("the rights of role %s: %w", role, err)
	}
	return nil
}

// missingGrants lists what has to be run so that a role has its rights and no others.
func missingGrants(ctx context.Context, tx pgx.Tx, role string) ([]string, error) {
	var statements []string
	to := pgx.Identifier{role}.Sanitize()
	var schema, database string
	var usage, temporary bool
	if err := tx.QueryRow(ctx, `
		SELECT current_schema(), current_database(), has_schema_privilege($1, current_schema(), 'USAGE'), has_database_privilege($1, current_database(), 'TEMPORARY')`,
		role).Scan(&schema, &database, &usage, &temporary); err != nil {
		return nil, err
	}
	if !usage {
		statements = append(statements, "GRANT USAGE ON SCHEMA "+pgx.Identifier{schema}.Sanitize()+" TO "+to)
	}
	if !temporary {
		statements = append(statements, "GRANT TEMPORARY ON DATABASE "+pgx.Identifier{database}.Sanitize()+" TO "+to)
	}
	rows, err := tx.Query(ctx, `
		SELECT c.relname, c.relkind = 'S',
		       ARRAY (SELECT a.privilege_type FROM aclexplode(c.relacl) a WHERE a.grantee = $1::regrole ORDER BY 1)
		FROM pg_class c
		WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S') AND NOT c.relispartition
		AND pg_has_role(c.relowner, 'USAGE') AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
		ORDER BY c.relname`, to)
	if err != nil {
		return nil, err
	}
	var name string
	var sequence bool
	var has []string
	_, err = pgx.ForEachRow(rows, []any{&name, &sequence, &has}, func() error {
		want, named := tableRights[name]
		kind := "TABLE "
		switch {
		case sequence && strings.HasPrefix(name, "goose_"):
			return nil
		case sequence:
			want, kind = sequenceRights, "SEQUENCE "
		case !named:
			want = usualRights
		}
		if slices.Equal(has, want) {
			return nil
		}
		on := " ON " + kind + pgx.Identifier{schema, name}.Sanitize()
		if len(has) > 0 {
			statements = append(statements, "REVOKE ALL"+on+" FROM "+to)
		}
		statements = append(statements, "GRANT "+strings.Join(want, ", ")+on+" TO "+to)
		return nil
	})
	if err != nil {
		return nil, err
	}
	// What runs with the owner's rights is for the application, not for everybody.
	rows, err = tx.Query(ctx, `
		SELECT p.oid::regprocedure::text FROM pg_proc p
		WHERE p.pronamespace = current_schema()::regnamespace AND p.prosecdef AND p.prorettype <> 'trigger'::regtype AND pg_has_role(p.proowner, 'USAGE')
		AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
		AND (p.proacl IS NULL OR NOT EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = $1::regrole))`, to)
	if err != nil {
		return nil, err
	}
	functions, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, function := range functions {
		statements = append(statements, "REVOKE ALL ON FUNCTION "+function+" FROM PUBLIC", "GRANT EXECUTE ON FUNCTION "+function+" TO "+to)
	}
	return statements, err
}

// errOldTables tells that somebody with more rights has to migrate.
var errOldTables = errors.New("the tables are older than this program, and the role of DATABASE_URL does not own them: " +
	"name the owner's address with --migrate-url or JINGWEI_MIGRATE_URL, or run jingwei migrate with it once")
