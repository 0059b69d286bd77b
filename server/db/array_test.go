package db_test

import (
	"slices"
	"testing"

	"jingwei/server/db"
	"jingwei/server/db/dbtest"
)

func TestTextArray(t *testing.T) {
	t.Parallel()
	pool := dbtest.Open(t)
	for _, list := range [][]string{{}, {""}, {"a", "b"}, {"NULL", "null", `"`, `\`, `\"`, "{", "}", ",", "a,b", " ", "\n", "东山"}} {
		var got []string
		if err := pool.QueryRow(t.Context(), `SELECT $1::text::text[]`, db.TextArray(list)).Scan(&got); err != nil || !slices.Equal(got, list) {
			t.Errorf("%q became %q: %v", list, got, err)
		}
	}
}
