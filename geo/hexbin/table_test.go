package hexbin

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"jingwei/geo"
)

const offsetMin = 8 * 60

// randomRows makes rows around the demo county over a year, in order of time but for every tenth, in more cells than may be late, of owners
// anywhere or each in some cells.
func randomRows(random *rand.Rand, n, owners, items int) []Row {
	cells := make([]geo.Cell, min(n, 12*mostLate))
	for i := range cells {
		p, _ := geo.PointOf(119.5+random.Float64()*0.5, 31.1+random.Float64()*0.4)
		cells[i] = geo.CellAt(p, geo.IncidentResolution)
	}
	slices.Sort(cells)
	spread := random.IntN(2) == 0
	const start, year = 29_000_000, 365 * 24 * 60
	rows := make([]Row, n)
	for i := range rows {
		minute := uint32(start + i*year/n)
		if i%10 == 0 {
			minute = uint32(start + random.IntN(year))
		}
		at := random.IntN(len(cells))
		owner := at * owners / len(cells)
		if spread {
			owner = random.IntN(owners)
		}
		rows[i] = Row{
			Cell: cells[at], Minute: minute, Owner: uint32(owner), Item: uint16(random.IntN(items)), Channel: uint8(random.IntN(7)), Status: uint8(random.IntN(8)),
		}
	}
	return rows
}

func randomFilter(random *rand.Rand, owners, items int) Filter {
	var f Filter
	if random.IntN(2) == 0 {
		f.From = 29_000_000 + random.Uint32N(400*24*60)
		f.To = f.From + random.Uint32N(200*24*60)
	}
	some := func(n int) []bool {
		if random.IntN(2) == 0 {
			return nil
		}
		chosen := make([]bool, random.IntN(n+1))
		for i := range chosen {
			chosen[i] = random.IntN(3) > 0
		}
		return chosen
	}
	f.Items, f.Owners = some(items), some(owners)
	if len(f.Owners) > 0 && random.IntN(2) == 0 { // those of one neighbourhood
		first, end := random.IntN(len(f.Owners)), random.IntN(len(f.Owners)+1)
		for i := range f.Owners {
			f.Owners[i] = i >= first && i < end
		}
	}
	if chosen := some(HoursOfWeek); chosen != nil {
		f.Hours = new([HoursOfWeek]bool)
		copy(f.Hours[:], chosen)
	}
	if chosen := some(Channels); chosen != nil {
		f.Channels = new([Channels]bool)
		copy(f.Channels[:], chosen)
	}
	if chosen := some(Statuses); chosen != nil {
		f.Statuses = new([Statuses]bool)
		copy(f.Statuses[:], chosen)
	}
	return f
}

// passes is the slow and obvious twin of filter.
func passes(f Filter, r Row) bool {
	within := func(chosen []bool, at int) bool { return chosen == nil || at < len(chosen) && chosen[at] }
	hour := (int(r.Minute)/60 + offsetMin/60 + 3*24) % HoursOfWeek
	return r.Minute >= f.From && (f.To == 0 || r.Minute < f.To) && within(f.Items, int(r.Item)) && within(f.Owners, int(r.Owner)) &&
		(f.Hours == nil || f.Hours[hour]) && (f.Channels == nil || f.Channels[r.Channel]) && (f.Statuses == nil || f.Statuses[r.Status])
}

func countSlowly(rows []Row, f Filter, resolution int) (b Bins) {
	counts := map[geo.Cell]uint32{}
	for _, r := range rows {
		if passes(f, r) {
			counts[r.Cell.Parent(resolution)]++
		}
	}
	b.Cells = slices.Sorted(maps.Keys(counts))
	for _, c := range b.Cells {
		b.Counts = append(b.Counts, counts[c])
	}
	return b
}

// checkParts wants each row in the part of its cell, which knows its owner, within the times of its block, and parts about even.
func checkParts(t *testing.T, table *Table) {
	t.Helper()
	c, rows := &table.cells, 0
	for _, b := range table.blocks {
		rows += b.len()
		for part := range parts {
			for i := b.starts[part]; i < b.starts[part+1]; i++ {
				number := b.cells[i]
				if late := number >= c.starts[parts]; !late && (number < c.starts[part] || number >= c.starts[part+1]) {
					t.Fatalf("row %d of part %d has cell %d, want %d to %d", i, part, number, c.starts[part], c.starts[part+1])
				} else if late {
					if at := slices.IndexFunc(c.late, func(l lateCell) bool { return l.number == number }); at < 0 || c.part(c.late[at].cell) != part {
						t.Fatalf("row %d of part %d has cell %d, the late one %d", i, part, number, at)
					}
				}
				var owner set
				owner.add(b.owners[i])
				if here, _ := owner.split(table.present[part]); !here {
					t.Fatalf("owner %d is not in part %d", b.owners[i], part)
				}
				if b.minutes[i] < b.first || b.minutes[i] > b.last {
					t.Fatalf("minute %d in a block of %d to %d", b.minutes[i], b.first, b.last)
				}
			}
		}
	}
	if rows != table.rows {
		t.Fatalf("%d rows in blocks, want %d", rows, table.rows)
	}
	for part := range parts {
		if n := int(c.starts[part+1] - c.starts[part]); len(c.sorted) >= parts && n > len(c.sorted)/2 {
			t.Fatalf("%d of %d cells in part %d", n, len(c.sorted), part)
		}
	}
}

// compare asks for all that a table answers, and its twin.
func compare(t *testing.T, table *Table, rows []Row, f Filter, resolution int) {
	t.Helper()
	checkParts(t, table)
	bins, err := table.Count(f, resolution)
	if err != nil {
		t.Fatal(err)
	}
	if want := countSlowly(rows, f, resolution); !slices.Equal(bins.Cells, want.Cells) || !slices.Equal(bins.Counts, want.Counts) {
		t.Fatalf("%d cells of resolution %d, want %d, for %+v", len(bins.Cells), resolution, len(want.Cells), f)
	}
	byOwner, byItem, total := table.ByOwner(f), table.ByItem(f), []uint32{table.Total(f)}
	byChannel, byStatus, byHour := table.ByChannel(f), table.ByStatus(f), table.ByHourOfWeek(f)
	const step = 24*60 - 1
	series, err := table.Series(f, step)
	if (err == nil) != (f.To > f.From) {
		t.Fatalf("series of %d to %d: %v", f.From, f.To, err)
	}
	for _, r := range rows {
		if !passes(f, r) {
			continue
		}
		total[0]--
		byOwner[r.Owner]--
		byItem[r.Item]--
		byChannel[r.Channel]--
		byStatus[r.Status]--
		byHour[(int(r.Minute)/60+offsetMin/60+3*24)%HoursOfWeek]--
		if series != nil {
			series[(r.Minute-f.From)/step]--
		}
	}
	for name, left := range map[string][]uint32{
		"all": total, "owner": byOwner, "item": byItem, "channel": byChannel[:], "status": byStatus[:], "hour": byHour[:], "step": series,
	} {
		if i := slices.IndexFunc(left, func(n uint32) bool { return n != 0 }); i >= 0 {
			t.Fatalf("%s %d is off by %d for %+v", name, i, int32(left[i]), f)
		}
	}
}

// Whatever the filter and the resolution, the counts are those of the twin; also while rows are added, changed and removed, at once or a
// few at a time, in order of time or not.
func TestCountsAreThoseOfTheTwin(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		random := rand.New(rand.NewPCG(seed, 7))
		owners, items := 1+random.IntN(300), 1+random.IntN(60)
		rows := randomRows(random, 1000+random.IntN(2*blockRows), owners, items)
		early := random.IntN(len(rows))
		table, err := Build(rows[:early], offsetMin)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, table, rows[:early], randomFilter(random, owners, items), random.IntN(Finest+1))
		for n := early; n < len(rows); {
			more := min(1+random.IntN(1+len(rows)/8), len(rows)-n)
			if err := table.Add(rows[n : n+more]); err != nil {
				t.Fatal(err)
			}
			n += more
			compare(t, table, rows[:n], randomFilter(random, owners, items), random.IntN(Finest+1))
		}
		rows = slices.Clone(rows)
		for n := range 300 {
			i := random.IntN(len(rows))
			if random.IntN(3) == 0 {
				if !table.Remove(rows[i]) {
					t.Fatalf("no row %+v", rows[i])
				}
				rows = slices.Delete(rows, i, i+1)
				continue
			}
			to := randomRows(random, 1, owners, items)[0]
			if changed, err := table.Change(rows[i], to); err != nil || !changed {
				t.Fatalf("no row %+v: %v", rows[i], err)
			}
			rows[i] = to
			if n%60 == 0 {
				compare(t, table, rows, randomFilter(random, owners, items), random.IntN(Finest+1))
			}
		}
		if table.Len() != len(rows) {
			t.Fatalf("%d rows, want %d", table.Len(), len(rows))
		}
		compare(t, table, rows, Filter{}, Finest)
		compare(t, table, rows, Filter{}, 9)
	}
}

// Parts stay even though cells come from one end of the country to the other, or all at one end.
func TestPartsStayEven(t *testing.T) {
	t.Parallel()
	rows := randomRows(rand.New(rand.NewPCG(9, 9)), 20*mostLate, 5, 5)
	slices.SortFunc(rows, func(a, b Row) int { return cmp.Compare(a.Cell, b.Cell) })
	table, err := Build(nil, offsetMin)
	if err != nil {
		t.Fatal(err)
	}
	for some := range slices.Chunk(rows, mostLate/2) {
		if err := table.Add(some); err != nil {
			t.Fatal(err)
		}
		checkParts(t, table)
	}
	compare(t, table, rows, Filter{}, 10)
}

// A range holds its first minute and not its last, in the middle of blocks and at their ends.
func TestRangesAreHalfOpen(t *testing.T) {
	t.Parallel()
	rows := randomRows(rand.New(rand.NewPCG(5, 5)), 5000, 5, 5)
	table, err := Build(rows, offsetMin)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 1, 2500, 4998, 4999} {
		at := rows[i].Minute
		for _, f := range []Filter{{From: at}, {From: at + 1}, {To: at}, {To: at + 1}, {From: at, To: at + 1}, {From: at, To: at}, {From: at + 1, To: at}, {From: 1 << 31}} {
			want := uint32(0)
			for _, r := range rows {
				want += uint32(bit(passes(f, r)))
			}
			if got := table.Total(f); got != want {
				t.Errorf("%d rows from %d to %d, want %d", got, f.From, f.To, want)
			}
		}
	}
}

// A table that lost all its rows, in every block, takes new ones.
func TestEmptied(t *testing.T) {
	t.Parallel()
	rows := randomRows(rand.New(rand.NewPCG(6, 6)), 500, 5, 5)
	table, err := Build(rows, offsetMin)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if !table.Remove(r) {
			t.Fatalf("no row %+v", r)
		}
	}
	compare(t, table, nil, Filter{}, 9)
	if len(table.blocks) > 0 {
		t.Errorf("%d blocks are left", len(table.blocks))
	}
	if err := table.Add(rows); err != nil {
		t.Fatal(err)
	}
	compare(t, table, rows, Filter{}, 9)
}

func TestWhatIsNotThereIsNotChanged(t *testing.T) {
	t.Parallel()
	rows := randomRows(rand.New(rand.NewPCG(1, 1)), 100, 5, 5)
	table, err := Build(rows, offsetMin)
	if err != nil {
		t.Fatal(err)
	}
	absent := rows[0]
	absent.Owner = 99
	if changed, err := table.Change(absent, rows[1]); changed || err != nil {
		t.Errorf("changed %t, %v", changed, err)
	}
	if table.Remove(absent) {
		t.Error("removed what is not there")
	}
	compare(t, table, rows, Filter{}, 9)
}

func TestRefused(t *testing.T) {
	t.Parallel()
	good := randomRows(rand.New(rand.NewPCG(1, 1)), 2, 5, 5)
	for name, bad := range map[string]Row{
		"coarse":  {Cell: good[0].Cell.Parent(10)},
		"none":    {},
		"channel": {Cell: good[0].Cell, Channel: Channels},
		"status":  {Cell: good[0].Cell, Status: Statuses},
	} {
		table, err := Build(good, offsetMin)
		if err != nil {
			t.Fatal(err)
		}
		if err := table.Add([]Row{good[0], bad}); err == nil || table.Len() != len(good) {
			t.Errorf("%s: %v, %d rows", name, err, table.Len())
		}
		if changed, err := table.Change(good[0], bad); changed || err == nil {
			t.Errorf("%s: changed %t, %v", name, changed, err)
		}
	}
	table, _ := Build(good, offsetMin)
	for _, resolution := range []int{-1, Finest + 1} {
		if _, err := table.Count(Filter{}, resolution); err == nil {
			t.Errorf("resolution %d is taken", resolution)
		}
	}
	if _, err := table.Series(Filter{From: 1, To: 1 << 31}, 1); err == nil {
		t.Error("a series of two thousand million steps is taken")
	}
}

// Counts run beside changes, and each sees all of an addition or nothing of it; run with -race.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	const piece = 100
	rows := randomRows(rand.New(rand.NewPCG(3, 3)), 2*mostLate, 5, 5)
	table, err := Build(rows, offsetMin)
	if err != nil {
		t.Fatal(err)
	}
	fresh := randomRows(rand.New(rand.NewPCG(4, 4)), 2*mostLate, 5, 5)
	var counting sync.WaitGroup
	for range 3 {
		counting.Go(func() {
			for range 30 {
				bins, err := table.Count(Filter{}, 9)
				sum := 0
				for _, n := range bins.Counts {
					sum += int(n)
				}
				if err != nil || (sum-len(rows))%piece != 0 {
					t.Errorf("%d rows, %v", sum, err)
				}
			}
		})
	}
	for some := range slices.Chunk(fresh[:len(fresh)/piece*piece], piece) {
		if err := table.Add(some); err != nil {
			t.Error(err)
		}
		to := some[0]
		to.Status = (to.Status + 1) % Statuses
		for _, change := range [][2]Row{{some[0], to}, {to, some[0]}} {
			if changed, err := table.Change(change[0], change[1]); !changed || err != nil {
				t.Errorf("no row %+v, %v", change[0], err)
			}
		}
	}
	counting.Wait()
	compare(t, table, append(rows, fresh[:len(fresh)/piece*piece]...), Filter{}, 8)
}
