package dbtest_test

import (
	"testing"

	"jingwei/server/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// Every test has a database of its own, with the schema in it.
func TestOpen(t *testing.T) {
	t.Parallel()
	for range 4 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			pool := dbtest.Open(t)
			var editions int
			if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM edition").Scan(&editions); err != nil {
				t.Fatal(err)
			}
			if editions != 0 {
				t.Fatalf("%d editions in a fresh database", editions)
			}
			if _, err := pool.Exec(t.Context(), "INSERT INTO edition (number, effective_at, published_at) VALUES (1, now(), now())"); err != nil {
				t.Fatal(err)
			}
		})
	}
}
