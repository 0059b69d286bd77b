package db

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// The SQLSTATEs that this program tells apart (PostgreSQL manual, appendix A).
const (
	UniqueViolation       = "23505"
	CheckViolation        = "23514"
	InsufficientPrivilege = "42501"
	InternalError         = "XX000" // what GEOS gives when it is interrupted
	DeadlockDetected      = "40P01"
	NotInState            = "55000" // a month that is archived, or may not be
	LockNotAvailable      = "55P03" // not within lock_timeout
	QueryCanceled         = "57014" // also what a statement timeout gives
	CannotConnectNow      = "57P03" // it starts up or shuts down
)

// Is tells whether err carries that SQLSTATE.
func Is(err error, sqlstate string) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == sqlstate
}

// Constraint names the constraint that err says was violated, "" when it says none.
func Constraint(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.ConstraintName
	}
	return ""
}

// IsNoPartition tells whether err says that a row lies in a month which has no partition.
func IsNoPartition(err error) bool { return Is(err, CheckViolation) && Constraint(err) == "" }
