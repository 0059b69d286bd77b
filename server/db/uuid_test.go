package db_test

import (
	"testing"

	"github.com/google/uuid"

	"jingwei/server/db/dbtest"
)

// TestUUIDs: alone, in a list, and where there may be none.
func TestUUIDs(t *testing.T) {
	t.Parallel()
	pool := dbtest.Open(t)
	id, other := uuid.New(), uuid.New()
	var one, listed, text string
	var none *string
	err := pool.QueryRow(t.Context(), `SELECT $1::uuid::text, ($2::uuid[])[2]::text, ($3::uuid[])[1]::text, $4::text`, id, []uuid.UUID{id, other}, []*uuid.UUID{nil, &id}, id).
		Scan(&one, &listed, &none, &text)
	if err != nil || one != id.String() || listed != other.String() || none != nil || text != id.String() {
		t.Errorf("%s became %s and %s, %s became %s, nil became %v: %v", id, one, text, other, listed, none, err)
	}
}
