package incident

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"jingwei/server/web"
)

// The channels and the steps in the order in which lists show them.
var (
	channelOrder = []Channel{Resident, Worker, Courier, Hotline12345, Platform14, EnterpriseLine, Import}
	statusOrder  = []Status{Collected, Analysed, Dispatched, Signed, FedBack, Evaluated, Closed, Cancelled}
)

// order is a sort by something else than time.
type order struct {
	column Sort
	values []string // all of them as they come; nil of ByClosing
	sign   int64    // of ByClosing: -1 where it falls
}

// orderOf is the order of a sort; ok is false of those by time.
func (s *Service) orderOf(sort Sort) (o order, ok bool) {
	column, falling := sort.by()
	o = order{column: column, sign: 1}
	switch column {
	case ByItem:
		o.values = s.items.Codes()
	case ByChannel:
		for _, channel := range channelOrder {
			o.values = append(o.values, string(channel))
		}
	case ByStatus:
		for _, status := range statusOrder {
			o.values = append(o.values, string(status))
		}
	case ByClosing:
	default:
		return o, false
	}
	if falling {
		slices.Reverse(o.values)
		o.sign = -1
	}
	return o, true
}

// sql is what a row is sorted by, as a text that compare reads.
func (o order) sql() string {
	if o.column == ByClosing {
		return "coalesce((extract(epoch FROM closed_at) * 1000000)::bigint::text, '')"
	}
	return string(o.column)
}

// valueOf is the same of an incident.
func (o order) valueOf(i Incident) string {
	switch o.column {
	case ByItem:
		return i.Item
	case ByChannel:
		return string(i.Channel)
	case ByStatus:
		return string(i.Status)
	default:
		if i.ClosedAt == nil {
			return ""
		}
		return strconv.FormatInt(i.ClosedAt.UnixMicro(), 10)
	}
}

// rank is where a value comes; one that is unknown comes last, as what is not closed does.
func (o order) rank(value string) int64 {
	if o.column != ByClosing {
		if at := slices.Index(o.values, value); at >= 0 {
			return int64(at)
		}
		return math.MaxInt64
	}
	us, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return math.MaxInt64
	}
	return o.sign * us
}

// compare tells which of two places comes first.
func (o order) compare(a, b web.Place) int {
	return cmp.Or(cmp.Compare(o.rank(a.Value), o.rank(b.Value)), slices.Compare(b.ID[:], a.ID[:]))
}

// step is a part of an order: conditions, and an order that an index has.
type step struct {
	conditions []string
	values     [][]any
	order      string
}

func (s *step) and(condition string, values ...any) {
	s.conditions, s.values = append(s.conditions, condition), append(s.values, values)
}

// newestFirst is a step of what is before an id.
func newestFirst(before uuid.UUID) (s step) {
	s.order = "id DESC"
	if before != uuid.Nil {
		s.and("id < ?", before)
	}
	return s
}

// oldestFirst is a step of what is after an id.
func oldestFirst(after uuid.UUID) (s step) {
	s.order = "id"
	if after != uuid.Nil {
		s.and("id > ?", after)
	}
	return s
}

// steps are what follows after a place, one value after the other.
func (o order) steps(after web.Place) (steps []step) {
	if o.column == ByClosing {
		return o.closing(after)
	}
	first := 0
	if after.ID != uuid.Nil {
		first = int(min(o.rank(after.Value), int64(len(o.values))))
	}
	for n, value := range o.values[first:] {
		s := newestFirst(uuid.Nil)
		if n == 0 {
			s = newestFirst(after.ID)
		}
		s.and(string(o.column)+" = ?", value)
		steps = append(steps, s)
	}
	return steps
}

// closing is what is closed, and then what is not, in the words of the indexes.
func (o order) closing(after web.Place) (steps []step) {
	if after.ID == uuid.Nil || after.Value != "" {
		sort, sign := "closed_at, id DESC", ">"
		if o.sign < 0 {
			sort, sign = "closed_at DESC, id DESC", "<"
		}
		closed := step{order: sort}
		closed.and("closed_at IS NOT NULL")
		if after.ID != uuid.Nil {
			at := time.UnixMicro(o.sign * o.rank(after.Value))
			closed.and("closed_at "+sign+"= ? AND (closed_at "+sign+" ? OR id < ?)", at, at, after.ID)
		}
		steps = append(steps, closed)
		after.ID = uuid.Nil
	}
	open := newestFirst(after.ID)
	open.and("status NOT IN ('closed', 'cancelled')")
	return append(steps, open)
}
