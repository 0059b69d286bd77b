package hexbin

import (
	"math/rand/v2"
	"testing"

	"jingwei/geo"
)

// BenchmarkCount asks the questions of the bar over five million rows on 20,000 owners and 28 items, all at resolution 9.
func BenchmarkCount(b *testing.B) {
	const owners, items, n = 20_000, 28, 5_000_000
	random := rand.New(rand.NewPCG(1, 2))
	rows := make([]Row, n)
	const start, year = 29_000_000, 365 * 24 * 60
	for i := range rows {
		p, _ := geo.PointOf(119.5+random.NormFloat64()*0.1, 31.3+random.NormFloat64()*0.1)
		rows[i] = Row{
			Cell: geo.CellAt(p, geo.IncidentResolution), Minute: uint32(start + i*year/n), Owner: random.Uint32N(owners), Item: uint16(random.IntN(items)),
			Channel: uint8(random.IntN(7)), Status: uint8(random.IntN(8)),
		}
	}
	table, err := Build(rows, offsetMin)
	if err != nil {
		b.Fatal(err)
	}
	some := make([]bool, owners)
	for i := range some {
		some[i] = i%2 == 0
	}
	item := make([]bool, items)
	item[3] = true
	day := new([HoursOfWeek]bool)
	for i := range day {
		day[i] = i%24 >= 8 && i%24 < 20
	}
	channels := &[Channels]bool{true, false, true, true, false, true}
	for name, f := range map[string]Filter{
		"all":                {},
		"30 days, 1 item":    {From: start + year/2, To: start + year/2 + 30*24*60, Items: item},
		"90 days, half":      {From: start + year/2, To: start + year/2 + 90*24*60, Owners: some},
		"every filter, year": {From: start + 1, To: start + year - 1, Items: []bool{1: true, 5: true, 7: true, 20: true, 27: true}, Owners: some, Hours: day, Channels: channels},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := table.Count(f, 9); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Logf("%d cells", len(table.sorted))
}
