package db_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/db"
	"jingwei/server/db/dbtest"
)

// TestMonthsAreRemembered: a month that is known is not asked for again, in this database alone, and what a transaction made is not known.
func TestMonthsAreRemembered(t *testing.T) {
	t.Parallel()
	pool, other := dbtest.Open(t), dbtest.Open(t)
	june, july := time.Date(2031, 6, 30, 23, 59, 59, 0, time.UTC), time.Date(2031, 7, 1, 0, 0, 0, 0, time.UTC)
	partitions := func(pool *pgxpool.Pool) (n int) {
		t.Helper()
		if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_class WHERE relname LIKE 'incident_2031_%' AND relkind = 'r'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	ensure := func(q db.Querier, since, until time.Time) {
		t.Helper()
		if err := db.EnsureMonths(t.Context(), q, "incident", since, until); err != nil {
			t.Fatal(err)
		}
	}
	queued := func(at ...time.Time) (n int) {
		t.Helper()
		err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
			batch := &pgx.Batch{}
			db.QueueMonths(batch, tx, "incident", at...)
			n = batch.Len()
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		ensure(tx, june, june)
		return context.Canceled // rolls back
	})
	if err == nil || partitions(pool) != 0 || queued(june) != 1 {
		t.Errorf("%v: %d partitions, %d questions after a rollback", err, partitions(pool), queued(june))
	}
	ensure(pool, june, july)
	if partitions(pool) != 2 || queued(june) != 0 || queued(july) != 0 || queued(july.AddDate(0, 1, 0)) != 1 || queued(july.AddDate(0, 1, 0), june, july) != 1 || queued(july, june) != 0 {
		t.Errorf("%d partitions; June is asked for %d times, July %d, August %d", partitions(pool), queued(june), queued(july), queued(july.AddDate(0, 1, 0)))
	}
	if ensure(other, june, july); partitions(other) != 2 {
		t.Error("what one database has, another does not")
	}

	// Somebody takes June out: its rows are refused, and after the answer is forgotten it is made again.
	owner := dbtest.Owner(t, pool)
	if _, err := owner.Exec(t.Context(), `ALTER TABLE incident DETACH PARTITION incident_2031_06; ALTER TABLE incident_2031_06 RENAME TO archived`); err != nil {
		t.Fatal(err)
	}
	insert := func() error {
		_, err := pool.Exec(t.Context(), `INSERT INTO incident (county, id, reported_at, received_at, channel, item, title, geom, cell, snap, edition)
			VALUES ('', uuid_v7_floor($1), $1, $1, 'import', 'x', 'x', 'SRID=4326;POINT(0 0)', 0, 'outside', 0)`, june)
		return err
	}
	if ensure(pool, june, june); !db.IsNoPartition(insert()) {
		t.Errorf("a row of a month that was taken out: %v", insert())
	}
	db.ForgetMonths(other)
	if queued(june) != 0 {
		t.Error("another database's months are forgotten")
	}
	db.ForgetMonths(pool)
	if ensure(pool, june, june); partitions(pool) != 2 || db.IsNoPartition(insert()) {
		t.Errorf("after forgetting: %d partitions, %v", partitions(pool), insert())
	}
}
