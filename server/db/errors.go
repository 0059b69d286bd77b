package db

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// The SQLSTATEs that this program tells apart (PostgreSQL manual, appendix A).
const (
	NotNullViolation      = "23502"
	ForeignKeyViolation   = "23503"
	UniqueViolation       = "23505"
	CheckViolation        = "23514"
	ExclusionViolation    = "23P01"
	SerializationFailure  = "40001"
	DeadlockDetected      = "40P01"
	InsufficientPrivilege = "42501"
	UndefinedTable        = "42P01"
	DiskFull              = "53100"
	LockNotAvailable      = "55P03"
	QueryCanceled         = "57014" // also what a statement timeout gives
	AdminShutdown         = "57P01"
	CannotConnectNow      = "57P03" // it starts up or shuts down
	InvalidPassword       = "28P01"
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
