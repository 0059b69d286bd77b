package heat

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"jingwei/geo/coverage"
	"jingwei/geo/hexbin"
	"jingwei/server/area"
	"jingwei/server/incident"
)

// Group is a number of incidents that have something in common.
type Group struct {
	Key    string `json:"key" doc:"A code, a name of the API, an hour (0 to 23) or a day of the week (1 Monday to 7 Sunday)"`
	Name   string `json:"name"`
	NameEN string `json:"name_en" doc:"Empty where there is none: areas have Chinese names only"`
	Count  int64  `json:"count"`
}

// Counts is how many incidents pass a filter, in all and by group.
type Counts struct {
	Total int64 `json:"total"`
	Told
	Groups []Group `json:"groups" nullable:"false" doc:"Those that are not empty, the largest first; all of hours and days, in order. An incident in no area of a level is in none of its groups"`
}

// By names what incidents are grouped by.
type By string

// What incidents can be grouped by, beside the levels of areas.
const (
	ByTotal   By = "total" // no groups
	ByItem    By = "item"
	ByChannel By = "channel"
	ByStatus  By = "status"
	ByHour    By = "hour"    // of the day
	ByWeekday By = "weekday" // as ISO 8601 counts them
)

// Counts counts what passes a filter and the actor of ctx may see, in all and by group.
func (s *Service) Counts(ctx context.Context, f incident.Filter, by By) (Counts, error) {
	q, err := s.ask(ctx, f)
	if err != nil {
		return Counts{}, err
	}
	told := q.told()
	answer, err := count(ctx, q, string(by), func(c Counts) int { return 100 * len(c.Groups) }, func(l *ledger) (c Counts, err error) {
		c.Groups, c.Total, err = s.group(l, q.on(l), by)
		return c, err
	})
	answer.Told = told
	return answer, err
}

func (s *Service) group(l *ledger, f hexbin.Filter, by By) (groups []Group, total int64, err error) {
	switch by {
	case ByTotal:
		return []Group{}, int64(l.table.Total(f)), nil
	case ByItem:
		counts := l.table.ByItem(f)
		return descending(s.itemGroups(l, counts)), sum(counts), nil
	case ByChannel:
		counts := l.table.ByChannel(f)
		return descending(named(channels, incident.ChannelNames, counts[:])), sum(counts[:]), nil
	case ByStatus:
		counts := l.table.ByStatus(f)
		return descending(named(statuses, incident.StatusNames, counts[:])), sum(counts[:]), nil
	case ByHour, ByWeekday:
		hours := l.table.ByHourOfWeek(f)
		return ordered(hours, by), sum(hours[:]), nil
	}
	level, err := coverage.ParseLevel(string(by))
	if err != nil {
		return nil, 0, err
	}
	counts := l.table.ByOwner(f)
	return descending(areaGroups(l, s.areas.Current(), level, counts)), sum(counts), nil
}

func sum(counts []uint32) (total int64) {
	for _, n := range counts {
		total += int64(n)
	}
	return total
}

// descending leaves out empty groups and puts the largest first.
func descending(groups []Group) []Group {
	groups = slices.DeleteFunc(groups, func(g Group) bool { return g.Count == 0 })
	slices.SortFunc(groups, func(a, b Group) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Key, b.Key)) })
	return groups
}

func (s *Service) itemGroups(l *ledger, counts []uint32) []Group {
	l.mu.RLock()
	defer l.mu.RUnlock()
	groups := make([]Group, len(counts))
	for i, n := range counts {
		groups[i] = Group{Key: l.items[i], Name: l.items[i], Count: int64(n)}
		if item, ok := s.items.Find(l.items[i]); ok {
			groups[i].Name, groups[i].NameEN = item.Name, item.NameEN
		}
	}
	return groups
}

func named[T ~string](keys []T, names map[T]incident.Name, counts []uint32) []Group {
	groups := make([]Group, len(keys))
	for i, key := range keys {
		groups[i] = Group{string(key), names[key].ZH, names[key].EN, int64(counts[i])}
	}
	return groups
}

// areaGroups adds up the counts of owners by the area of a level that they lie in. An area that is no more has its code for a name.
func areaGroups(l *ledger, atlas *area.Atlas, level coverage.Level, counts []uint32) []Group {
	var groups []Group
	for code, n := range l.byArea(level, counts) {
		groups = append(groups, Group{Key: code, Name: nameOf(atlas, code), Count: n})
	}
	if groups == nil {
		return []Group{}
	}
	return groups
}

// byArea adds up the counts of owners by the code of the area of a level that they lie in.
func (l *ledger) byArea(level coverage.Level, counts []uint32) map[string]int64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	sums := map[string]int64{}
	for owner, n := range counts {
		if chain := l.chains[owner]; n > 0 && int(level) < len(chain) {
			sums[chain[level]] += int64(n)
		}
	}
	return sums
}

func nameOf(atlas *area.Atlas, code string) string {
	if id, ok := atlas.Coverage.Find(code); ok {
		return atlas.Coverage.Name(id)
	}
	return code
}

// ordered folds hours of the week to those of the day, or to days.
func ordered(hours [hexbin.HoursOfWeek]uint32, by By) []Group {
	n, first, part := 24, 0, func(hour int) int { return hour % 24 }
	if by == ByWeekday {
		n, first, part = 7, 1, func(hour int) int { return hour / 24 }
	}
	groups := make([]Group, n)
	for i := range groups {
		key := strconv.Itoa(i + first)
		groups[i] = Group{Key: key, Name: key, NameEN: key}
		if by == ByWeekday {
			groups[i].Name, groups[i].NameEN = weekdayNames[i].ZH, weekdayNames[i].EN
		}
	}
	for hour, count := range hours {
		groups[part(hour)].Count += int64(count)
	}
	return groups
}

// weekdayNames are the Chinese and English names of the days, from Monday on.
var weekdayNames = [7]incident.Name{
	{ZH: "周一", EN: "Monday"}, {ZH: "周二", EN: "Tuesday"}, {ZH: "周三", EN: "Wednesday"}, {ZH: "周四", EN: "Thursday"}, {ZH: "周五", EN: "Friday"},
	{ZH: "周六", EN: "Saturday"}, {ZH: "周日", EN: "Sunday"},
}
