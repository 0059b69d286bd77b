package hexbin

import (
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"jingwei/geo"
)

// The bar asks for five million rows of a year on 20,000 owners and 28 items, all at resolution 9.
const (
	manyRows, manyOwners, manyItems = 5_000_000, 20_000, 28

	start, year = 29_000_000, 365 * 24 * 60
)

// many are rows at 400,000 addresses, thicker towards the middle of a county, in order of time. Owners are drawn by row, which is harder than
// areas are: those of rows near each other are the same or few.
func many() []Row {
	random := rand.New(rand.NewPCG(1, 2))
	addresses := make([]geo.Cell, 400_000)
	for i := range addresses {
		p, _ := geo.PointOf(119.5+random.NormFloat64()*0.1, 31.3+random.NormFloat64()*0.1)
		addresses[i] = geo.CellAt(p, geo.IncidentResolution)
	}
	rows := make([]Row, manyRows)
	for i := range rows {
		rows[i] = Row{
			Cell: addresses[random.IntN(len(addresses))], Minute: uint32(start + i*(year/100)/(manyRows/100)), Owner: random.Uint32N(manyOwners),
			Item: uint16(random.IntN(manyItems)), Channel: uint8(random.IntN(7)), Status: uint8(random.IntN(8)),
		}
	}
	return rows
}

// scanner is what one would write first: a slice of rows and a filter row by row, with cells numbered at the resolution asked for.
type scanner struct {
	rows    []Row
	numbers []uint32
	cells   int
}

func newScanner(rows []Row, resolution int) *scanner {
	s := &scanner{rows: rows, numbers: make([]uint32, len(rows))}
	known := map[geo.Cell]uint32{}
	for i, r := range rows {
		parent := r.Cell.Parent(resolution)
		n, ok := known[parent]
		if !ok {
			n = uint32(len(known))
			known[parent] = n
		}
		s.numbers[i] = n
	}
	s.cells = len(known)
	return s
}

func (s *scanner) count(f Filter) []uint32 {
	counts := make([]uint32, s.cells)
	for i, r := range s.rows {
		if passes(f, r) {
			counts[s.numbers[i]]++
		}
	}
	return counts
}

// BenchmarkCount takes the best of many counts, because the machine has other work too.
func BenchmarkCount(b *testing.B) {
	rows := many()
	before := heap()
	table, err := Build(rows, offsetMin)
	if err != nil {
		b.Fatal(err)
	}
	perRow := (heap() - before) / manyRows
	slow := newScanner(rows, 9)
	half, most := make([]bool, manyOwners), make([]bool, manyOwners)
	for i := range half {
		half[i], most[i] = i%2 == 0, i%10 > 0
	}
	one, five, nearlyAll := make([]bool, manyItems), make([]bool, manyItems), make([]bool, manyItems)
	one[3] = true
	for i := range manyItems {
		five[i], nearlyAll[i] = i%6 == 0, i != 3
	}
	day, awake := new([HoursOfWeek]bool), new([HoursOfWeek]bool)
	for i := range day {
		day[i], awake[i] = i%24 >= 8 && i%24 < 20, i%24 >= 6
	}
	channels := &[Channels]bool{true, false, true, true, false, true}
	statuses := &[Statuses]bool{true, true, true, true, true, true, true}
	for _, c := range []struct {
		name string
		f    Filter
	}{
		{"all", Filter{}},
		{"90 days", Filter{From: start + year/2, To: start + year/2 + 90*dayMin}},
		{"30 days, one item", Filter{From: start + year/2, To: start + year/2 + 30*dayMin, Items: one}},
		{"90 days, half of the owners", Filter{From: start + year/2, To: start + year/2 + 90*dayMin, Owners: half}},
		{"half of the owners", Filter{Owners: half}},
		{"day hours", Filter{Hours: day}},
		{"every filter, 90 days", Filter{From: start + year/2, To: start + year/2 + 90*dayMin, Items: five, Owners: half, Hours: day, Channels: channels, Statuses: statuses}},
		{"every filter, a year", Filter{From: start + 1, To: start + year - 1, Items: five, Owners: half, Hours: day, Channels: channels, Statuses: statuses}},
		{"every filter and nearly all pass", Filter{From: start + 1, To: start + year - 1, Items: nearlyAll, Owners: most, Hours: awake, Statuses: statuses}},
	} {
		b.Run(c.name, func(b *testing.B) {
			ours, theirs := time.Hour, time.Hour
			for b.Loop() {
				for range 5 {
					begin := time.Now()
					if _, err := table.Count(c.f, 9); err != nil {
						b.Fatal(err)
					}
					ours = min(ours, time.Since(begin))
				}
				begin := time.Now()
				slow.count(c.f)
				theirs = min(theirs, time.Since(begin))
			}
			b.ReportMetric(ours.Seconds()*1e3, "ms/count")
			b.ReportMetric(theirs.Seconds()*1e3, "scan-ms/count")
			b.ReportMetric(theirs.Seconds()/ours.Seconds(), "×scan")
			b.ReportMetric(perRow, "B/row")
		})
	}
	runtime.KeepAlive(rows)
}

func heap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// BenchmarkAdd adds rows one by one to a large table, and changes them.
func BenchmarkAdd(b *testing.B) {
	rows := many()
	early := rows[:manyRows-200_000]
	table, err := Build(early, offsetMin)
	if err != nil {
		b.Fatal(err)
	}
	late := rows[len(early):]
	var longest time.Duration
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		r := late[i%len(late)]
		begin := time.Now()
		if err := table.Add([]Row{r}); err != nil {
			b.Fatal(err)
		}
		to := r
		to.Status++
		if changed, err := table.Change(r, to); !changed || err != nil {
			b.Fatal(changed, err)
		}
		longest = max(longest, time.Since(begin))
	}
	b.ReportMetric(longest.Seconds()*1e3, "longest-ms")
}
