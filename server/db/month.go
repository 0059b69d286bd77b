package db

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// monthsFor is how long a month is taken to have its partition once PostgreSQL said so. Somebody may take a month out meanwhile; so whoever
// meets IsNoPartition calls ForgetMonths and tries again.
const monthsFor = 10 * time.Minute

// A month that has its partition, in one of the databases that this process knows.
type month struct {
	database, table string
	begins          time.Time // UTC
}

var months struct {
	sync.RWMutex
	until map[month]time.Time // when to ask again
}

// EnsureMonths makes the partitions of a table for the months from since to until, where they are missing. It is called ahead of the
// transaction that fills them: one that made a partition itself would keep all others out of the table until it ends. What a pool said is
// remembered, so that asking for a month again costs nothing.
func EnsureMonths(ctx context.Context, q Querier, table string, since, until time.Time) error {
	if knowsMonths(q, table, since, until) {
		return nil
	}
	var done string
	if err := q.QueryRow(ctx, askMonths, table, since, until).Scan(&done); err != nil {
		return fmt.Errorf("partitions of the table %s: %w", table, err)
	}
	if pool, ok := q.(*pgxpool.Pool); ok { // what a transaction made may be rolled back
		rememberMonths(databaseOf(pool), table, since, until)
	}
	return nil
}

const askMonths = `SELECT ensure_months($1, $2, $3)::text`

// QueueMonths puts EnsureMonths, from the first to the last of some instants, into a batch of a transaction, unless it is known that the months are
// there. It needs one instant at least.
func QueueMonths(batch *pgx.Batch, tx pgx.Tx, table string, at ...time.Time) {
	since, until := slices.MinFunc(at, time.Time.Compare), slices.MaxFunc(at, time.Time.Compare)
	if !knowsMonths(tx, table, since, until) {
		batch.Queue(askMonths, table, since, until)
	}
}

// ForgetMonths forgets what is known of the months of a database.
func ForgetMonths(pool *pgxpool.Pool) {
	database := databaseOf(pool)
	months.Lock()
	defer months.Unlock()
	for m := range months.until {
		if m.database == database {
			delete(months.until, m)
		}
	}
}

func knowsMonths(q Querier, table string, since, until time.Time) bool {
	database, now := databaseOf(q), time.Now()
	if database == "" {
		return false
	}
	months.RLock()
	defer months.RUnlock()
	for m := range eachMonth(since, until) {
		if now.After(months.until[month{database, table, m}]) {
			return false
		}
	}
	return true
}

func rememberMonths(database, table string, since, until time.Time) {
	months.Lock()
	defer months.Unlock()
	if months.until == nil {
		months.until = map[month]time.Time{}
	}
	for m := range eachMonth(since, until) {
		months.until[month{database, table, m}] = time.Now().Add(monthsFor)
	}
}

// eachMonth gives the beginnings of the UTC months from since to until.
func eachMonth(since, until time.Time) func(yield func(time.Time) bool) {
	since = since.UTC()
	return func(yield func(time.Time) bool) {
		for m := time.Date(since.Year(), since.Month(), 1, 0, 0, 0, 0, time.UTC); !m.After(until); m = m.AddDate(0, 1, 0) {
			if !yield(m) {
				return
			}
		}
	}
}

// databaseKey is under what a connection remembers the name of its database, which is dear to ask for.
const databaseKey = "jingwei database"

// databaseOf names the database that answers; "" where that cannot be told.
func databaseOf(q Querier) string {
	switch q := q.(type) {
	case *pgxpool.Pool:
		return nameOf(q.Config().ConnConfig)
	case pgx.Tx:
		data := q.Conn().PgConn().CustomData()
		if name, ok := data[databaseKey].(string); ok {
			return name
		}
		name := nameOf(q.Conn().Config())
		data[databaseKey] = name
		return name
	}
	return ""
}

func nameOf(c *pgx.ConnConfig) string { return fmt.Sprintf("%s:%d/%s", c.Host, c.Port, c.Database) }
