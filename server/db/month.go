package db

import (
	"context"
	"fmt"
	"time"
)

// EnsureMonths makes the partitions of a table for the months from since to until, where they are missing. It is called ahead of the
// transaction that fills them: one that made a partition itself would keep all others out of the table until it ends.
func EnsureMonths(ctx context.Context, q Querier, table string, since, until time.Time) error {
	var done string
	if err := q.QueryRow(ctx, `SELECT ensure_months($1, $2, $3)::text`, table, since, until).Scan(&done); err != nil {
		return fmt.Errorf("partitions of the table %s: %w", table, err)
	}
	return nil
}
