package db_test

import (
	"slices"
	"testing"
	"time"

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

// The ids of a range of time take in those of its first and last millisecond whole; the instants decide.
func TestDuring(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 11, 1, 8, 0, 0, 500_500_000, time.UTC)
	to := from.Add(time.Hour)
	const since, until = "id >= uuid_v7_floor($1) AND at >= $2", "id < uuid_v7_floor($3) AND at < $4"
	for _, test := range []struct {
		from, to time.Time
		sql      string
		args     []any
	}{
		{time.Time{}, time.Time{}, "true", nil},
		{from, time.Time{}, since, []any{from.Truncate(time.Millisecond), from}},
		{from, to, since + " AND " + until, []any{from.Truncate(time.Millisecond), from, to.Truncate(time.Millisecond).Add(time.Millisecond), to}},
	} {
		var w db.Where
		w.During("at", test.from, test.to)
		if w.String() != test.sql || !slices.Equal(w.Args(), test.args) {
			t.Errorf("from %v to %v: %s %v", test.from, test.to, w.String(), w.Args())
		}
	}
}
