package db_test

import (
	"slices"
	"testing"

	"jingwei/server/db"
)

func TestWhere(t *testing.T) {
	t.Parallel()
	var w db.Where
	if w.String() != "true" || len(w.Args()) != 0 {
		t.Errorf("without conditions: %s %v", w.String(), w.Args())
	}
	w.And("a = ?", "?")
	w.And("b IS NULL")
	w.And("(c > ? OR d < ?)", 1, 2)
	limit := w.Arg(3)
	if got := w.String(); got != "a = $1 AND b IS NULL AND (c > $2 OR d < $3)" || limit != "$4" {
		t.Errorf("%s, limit %s", got, limit)
	}
	if got := w.Args(); !slices.Equal(got, []any{"?", 1, 2, 3}) {
		t.Errorf("values %v", got)
	}
}
