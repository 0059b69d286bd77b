// Package heat counts incidents: heat on the map, figures, charts and what is unusual, each under any filter and within the rights of who asks.
// It keeps what counts of every incident in memory, so that a question takes milliseconds where SQL takes seconds, and follows the live events
// so that the answers stay those of SQL. It holds no incident, only numbers of them: no identity, no text and nothing of a person may enter.
//
// Counts are of whole minutes: a range of time begins with the minute that holds its from, and ends with the one that holds the instant before
// its to.
package heat

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"jingwei/geo/coverage"
	"jingwei/geo/hexbin"
	"jingwei/server/access"
	"jingwei/server/incident"
)

// offsetMin is how far Asia/Shanghai, where hours, days and weeks begin, is ahead of UTC; it has had no summer time since 1991.
const offsetMin = 8 * 60

// The numbers of channels and steps in the table: their places here.
var (
	channels = []incident.Channel{
		incident.Resident, incident.Worker, incident.Courier, incident.Hotline12345, incident.Platform14, incident.EnterpriseLine, incident.Import,
	}
	statuses = []incident.Status{
		incident.Collected, incident.Analysed, incident.Dispatched, incident.Signed, incident.FedBack, incident.Evaluated, incident.Closed, incident.Cancelled,
	}
)

// ledger is a table of incidents and the names behind its numbers. It is safe for concurrent use.
type ledger struct {
	table *hexbin.Table

	mu      sync.RWMutex
	chains  [][]string // by the number of the owner: codes from the county down; empty outside every area
	ownerOf map[string]uint32
	items   []string // by number
	itemOf  map[string]uint16
}

func newLedger() *ledger {
	table, _ := hexbin.Build(nil, offsetMin) // it fails for bad rows
	return &ledger{table: table, ownerOf: map[string]uint32{}, itemOf: map[string]uint16{}}
}

// owner is the number of a chain of codes.
func (l *ledger) owner(chain []string) uint32 {
	key := strings.Join(chain, "/")
	l.mu.Lock()
	defer l.mu.Unlock()
	n, ok := l.ownerOf[key]
	if !ok {
		n = uint32(len(l.chains))
		l.ownerOf[key] = n
		l.chains = append(l.chains, slices.Clone(chain))
	}
	return n
}

// item is the number of an item; false where there are more of them than the table has numbers.
func (l *ledger) item(code string) (uint16, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, ok := l.itemOf[code]
	if !ok {
		if len(l.items) > math.MaxUint16 {
			return 0, false
		}
		n = uint16(len(l.items))
		l.itemOf[code] = n
		l.items = append(l.items, code)
	}
	return n, true
}

// row is an incident as the table holds it.
func (l *ledger) row(c *incident.Counted) (r hexbin.Row, err error) {
	channel, status := slices.Index(channels, c.Channel), slices.Index(statuses, c.Status)
	item, ok := l.item(c.Item)
	if channel < 0 || status < 0 || !ok {
		return r, fmt.Errorf("an incident of channel %q, status %q and item %q cannot be counted", c.Channel, c.Status, c.Item)
	}
	return hexbin.Row{
		Cell: c.Cell, Minute: minuteOf(c.ReportedAt), Owner: l.owner(c.Codes), Item: item, Channel: uint8(channel), Status: uint8(status),
	}, nil
}

// apply counts a change; found is false where the table has no row such as the change speaks of.
func (l *ledger) apply(c incident.Change) (found bool, err error) {
	var from, to hexbin.Row
	if c.From != nil {
		if from, err = l.row(c.From); err != nil {
			return false, err
		}
	}
	if c.To != nil {
		if to, err = l.row(c.To); err != nil {
			return false, err
		}
	}
	switch {
	case c.From == nil && c.To == nil:
		return true, nil
	case c.From == nil:
		return true, l.table.Add([]hexbin.Row{to})
	case c.To == nil:
		return l.table.Remove(from), nil
	case from == to:
		return true, nil
	}
	return l.table.Change(from, to)
}

// minuteOf is the minute that holds an instant, of those that the table can hold, from 1 on: 0 stands for no end.
func minuteOf(at time.Time) uint32 {
	m := at.Unix() / 60
	return uint32(min(max(m, 1), math.MaxUint32-1))
}

// minutesOf is the range of time of a filter in minutes, half open as it is; 0 is no end.
func minutesOf(f *incident.Filter) (from, to uint32) {
	if !f.From.IsZero() {
		from = minuteOf(f.From)
	}
	if !f.To.IsZero() {
		to = minuteOf(f.To.Add(time.Minute - 1))
	}
	return from, to
}

// filter is a filter of incidents, within a scope, as one of the table.
func (l *ledger) filter(f *incident.Filter, scope access.Scope) hexbin.Filter {
	var h hexbin.Filter
	h.From, h.To = minutesOf(f)
	if len(f.Hours) > 0 || len(f.Weekdays) > 0 {
		h.Hours = new([hexbin.HoursOfWeek]bool)
		for i := range h.Hours {
			h.Hours[i] = (len(f.Hours) == 0 || slices.Contains(f.Hours, i%24)) && (len(f.Weekdays) == 0 || slices.Contains(f.Weekdays, i/24+1))
		}
	}
	if len(f.Channels) > 0 {
		h.Channels = new([hexbin.Channels]bool)
		for i, c := range channels {
			h.Channels[i] = slices.Contains(f.Channels, c)
		}
	}
	if len(f.Statuses) > 0 {
		h.Statuses = new([hexbin.Statuses]bool)
		for i, s := range statuses {
			h.Statuses[i] = slices.Contains(f.Statuses, s)
		}
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	if len(f.Items) > 0 {
		h.Items = make([]bool, len(l.items))
		for i, code := range l.items {
			h.Items[i] = slices.Contains(f.Items, code)
		}
	}
	h.Owners = l.owners(f.Areas, scope)
	return h
}

// owners are those that lie in one of the areas, where there are any, and in a scope; nil for all. A chain is in an area exactly where it holds
// its code at the area's level, as in SQL.
func (l *ledger) owners(areas [][]string, scope access.Scope) []bool {
	if scope.All && len(areas) == 0 {
		return nil
	}
	var asked, granted tops
	for _, chain := range areas {
		asked.add(len(chain)-1, chain[len(chain)-1])
	}
	for _, a := range scope.Areas {
		if level, err := coverage.ParseLevel(a.Level); err == nil {
			granted.add(int(level), a.Code)
		}
	}
	chosen := make([]bool, len(l.chains))
	for i, chain := range l.chains {
		chosen[i] = (scope.All || granted.hold(chain)) && (len(areas) == 0 || asked.hold(chain))
	}
	return chosen
}

// tops are the codes of areas, by their levels.
type tops [coverage.Micro + 1]map[string]bool

func (t *tops) add(level int, code string) {
	if t[level] == nil {
		t[level] = map[string]bool{}
	}
	t[level][code] = true
}

// hold reports whether a chain is in one of the areas. Most questions are of one area, and there are tens of thousands of chains: so no level is
// looked at that has no area, and what is looked for in maps are strings.
func (t *tops) hold(chain []string) bool {
	for level, code := range chain {
		if t[level][code] {
			return true
		}
	}
	return false
}
