// Package migrations holds the numbered SQL that makes the database, and embeds it in the program.
// Nothing but SQL files and this embed belongs here; server/db runs them.
package migrations

import "embed"

// FS holds the numbered SQL files in goose's format.
//
//go:embed *.sql
var FS embed.FS
