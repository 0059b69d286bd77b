package db

import (
	"strconv"
	"strings"
	"time"
)

// Where collects the conditions of a query, all of which must hold, and the values of its parameters.
type Where struct {
	conditions []string
	args       []any
}

// And adds a condition, in which each ? stands for the next of the values.
func (w *Where) And(condition string, values ...any) {
	var sql strings.Builder
	for _, value := range values {
		before, after, _ := strings.Cut(condition, "?")
		sql.WriteString(before + w.Arg(value))
		condition = after
	}
	w.conditions = append(w.conditions, sql.String()+condition)
}

// During adds that an instant, which is that of the row's UUIDv7 id too, lies in a range of time, half open; a zero end is open. The range is
// one of ids, so that only its months are read.
func (w *Where) During(at string, from, to time.Time) {
	if !from.IsZero() {
		w.And("id >= uuid_v7_floor(?) AND "+at+" >= ?", from.Truncate(time.Millisecond), from)
	}
	if !to.IsZero() {
		w.And("id < uuid_v7_floor(?) AND "+at+" < ?", to.Truncate(time.Millisecond).Add(time.Millisecond), to)
	}
}

// Arg is the parameter, such as $3, of a value that stands elsewhere in the query.
func (w *Where) Arg(value any) string {
	w.args = append(w.args, value)
	return "$" + strconv.Itoa(len(w.args))
}

// Args are the values of all parameters, in their order.
func (w *Where) Args() []any { return w.args }

// String is what stands behind WHERE.
func (w *Where) String() string {
	if len(w.conditions) == 0 {
		return "true"
	}
	return strings.Join(w.conditions, " AND ")
}
