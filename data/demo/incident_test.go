package demo

import (
	"math"
	"strings"
	"testing"
	"time"

	"jingwei/data"
)

var until = time.Date(2026, 11, 21, 7, 30, 12, 0, time.UTC)

func collect(c *County, n int) []Incident {
	list := make([]Incident, 0, n)
	for inc := range c.Incidents(IncidentConfig{Seed: 1, Count: n, Until: until}) {
		list = append(list, inc)
	}
	return list
}

func TestIncidentsAreWellFormed(t *testing.T) {
	t.Parallel()
	c := setup(t, 1)
	items, err := data.Items()
	if err != nil {
		t.Fatal(err)
	}
	list := collect(c, 100_000)
	if len(list) != 100_000 {
		t.Fatalf("%d incidents, want 100,000", len(list))
	}
	known := map[string]int{}
	for _, it := range items {
		known[it.Code] = 0
	}
	ids := make(map[[16]byte]bool, len(list))
	outline := c.Areas[0].Shape[0][0]
	outside, checked := 0, 0
	since := until.Add(-Span)
	hour := time.Time{}
	for i, inc := range list {
		if _, ok := known[inc.Item]; !ok {
			t.Fatalf("unknown item %q", inc.Item)
		}
		known[inc.Item]++
		if ids[inc.ID] {
			t.Fatalf("id %x twice", inc.ID)
		}
		ids[inc.ID] = true
		ms := int64(inc.ID[0])<<40 | int64(inc.ID[1])<<32 | int64(inc.ID[2])<<24 | int64(inc.ID[3])<<16 | int64(inc.ID[4])<<8 | int64(inc.ID[5])
		if ms != inc.ReportedAt.UnixMilli() || inc.ID[6]>>4 != 7 || inc.ID[8]>>6 != 2 {
			t.Fatalf("%x is no UUIDv7 of %v", inc.ID, inc.ReportedAt)
		}
		if inc.ReportedAt.Before(since) || !inc.ReportedAt.Before(until) || inc.ReceivedAt.Before(inc.ReportedAt) || inc.ReceivedAt.After(until) {
			t.Fatalf("reported %v, received %v, until %v", inc.ReportedAt, inc.ReceivedAt, until)
		}
		if h := inc.ReportedAt.Truncate(time.Hour); h.Before(hour) {
			t.Fatalf("%v comes after the hour %v", inc.ReportedAt, hour)
		} else {
			hour = h
		}
		if text := inc.Title + inc.Description; inc.Title == "" || inc.Description == "" || strings.ContainsAny(text, "{}") {
			t.Fatalf("title %q, description %q", inc.Title, inc.Description)
		}
		if i%20 == 0 {
			checked++
			if !inRing(inc.Point, outline) {
				outside++
			}
		}
	}
	if outside*100 > checked {
		t.Errorf("%d of %d incidents lie outside the county, want at most 1 %%", outside, checked)
	}
	for item, n := range known {
		if n < 100 {
			t.Errorf("only %d incidents of %s in 100,000", n, item)
		}
	}
}

func TestIncidentsRepeat(t *testing.T) {
	t.Parallel()
	c := setup(t, 1)
	a := collect(c, 3000)
	for i, b := range collect(c, 3000) {
		if a[i] != b {
			t.Fatalf("incident %d differs between two runs: %v and %v", i, a[i], b)
		}
	}
	for inc := range c.Incidents(IncidentConfig{Seed: 2, Count: 1, Until: until}) {
		if inc.ID == a[0].ID || inc.Point == a[0].Point {
			t.Error("another seed gives the same incident")
		}
	}
	n := 0
	for range c.Incidents(IncidentConfig{Seed: 1, Count: 3000, Until: until}) {
		if n++; n == 10 {
			break // a reader may stop
		}
	}
	for _, count := range []int{0, -1, 1, 7} {
		if got := len(collect(c, max(count, 0))); got != max(count, 0) {
			t.Errorf("%d incidents, want %d", got, count)
		}
	}
}

// Each item has its hours, its days of the week and its season, in the local time of China.
func TestRhythms(t *testing.T) {
	t.Parallel()
	hours, months, weekend, all := map[string]*[24]float64{}, map[string]*[12]float64{}, map[string]float64{}, map[string]float64{}
	for _, inc := range collect(setup(t, 1), 150_000) {
		if hours[inc.Item] == nil {
			hours[inc.Item], months[inc.Item] = new([24]float64), new([12]float64)
		}
		at := inc.ReportedAt.In(local)
		hours[inc.Item][at.Hour()]++
		months[inc.Item][at.Month()-1]++
		all[inc.Item]++
		if d := at.Weekday(); d == time.Saturday || d == time.Sunday {
			weekend[inc.Item]++
		}
	}
	part := func(h *[24]float64, from, to int) float64 {
		in, sum := 0.0, 0.0
		for i, n := range h {
			sum += n
			if i >= from && i < to {
				in += n
			}
		}
		return in / sum
	}
	if p := part(hours["noise"], 20, 24); p < .35 {
		t.Errorf("%.2f of the noise is between 20 and 24 h, want more than .35", p)
	}
	if p := part(hours["petition"], 8, 18); p < .85 {
		t.Errorf("%.2f of the petitions are in office hours, want more than .85", p)
	}
	if p := part(hours["illegal_parking"], 7, 9) + part(hours["illegal_parking"], 17, 19); p < .35 {
		t.Errorf("%.2f of the illegal parking is in the rush hours, want more than .35", p)
	}
	if m := months["flooding"]; m[5]+m[6]+m[7] < 8*(m[11]+m[0]+m[1]) {
		t.Errorf("floods by month %v, want most in summer", *m)
	}
	if m := months["fireworks"]; m[1] < 3*m[7] {
		t.Errorf("fireworks by month %v, want most around the Spring Festival", *m)
	}
	if w := weekend["project_coordination"] / all["project_coordination"]; w > .12 {
		t.Errorf("%.2f of the project matters at weekends, want less than .12", w)
	}
	if w := weekend["neighbour_dispute"] / all["neighbour_dispute"]; w < .3 {
		t.Errorf("%.2f of the disputes at weekends, want more than .3", w)
	}
}

// Incidents gather: a tenth of the micro-grids has far more than a tenth of them.
func TestIncidentsCluster(t *testing.T) {
	t.Parallel()
	c := setup(t, 1)
	n := make([]int, len(c.micros))
	list := collect(c, 100_000)
	for _, inc := range list {
		n[c.nearest(0, inc.Point)]++
	}
	// The variance of Poisson counts is their mean; that of clusters is far above it.
	mean, square := float64(len(list))/float64(len(n)), 0.0
	for _, k := range n {
		square += (float64(k) - mean) * (float64(k) - mean)
	}
	if ratio := square / float64(len(n)) / mean; ratio < 5 {
		t.Errorf("variance to mean of the counts by micro-grid is %.1f, want clusters (more than 5)", ratio)
	}
}

func TestOldIncidentsAreClosed(t *testing.T) {
	t.Parallel()
	old, oldClosed, fresh, freshClosed := 0.0, 0.0, 0.0, 0.0
	early := map[string]bool{}
	for _, inc := range collect(setup(t, 1), 100_000) {
		done := 0.0
		if inc.Status == "closed" || inc.Status == "cancelled" {
			done = 1
		}
		switch age := until.Sub(inc.ReportedAt).Hours() / 24; {
		case age > 60:
			old, oldClosed = old+1, oldClosed+done
		case age < 1:
			fresh, freshClosed = fresh+1, freshClosed+done
			early[inc.Status] = true
		}
	}
	if p := oldClosed / old; p < .98 || math.IsNaN(p) {
		t.Errorf("%.3f of the incidents older than 60 days are closed, want .98 or more", p)
	}
	if p := freshClosed / fresh; p > .3 || math.IsNaN(p) {
		t.Errorf("%.3f of today's incidents are closed, want .3 or less", p)
	}
	for _, s := range []string{"collected", "analysed", "dispatched", "signed"} {
		if !early[s] {
			t.Errorf("none of today's incidents is %s", s)
		}
	}
}

// The names in a text are those of the micro-grid whose centre is nearest; walking there finds what trying all finds.
func TestNearest(t *testing.T) {
	t.Parallel()
	c := setup(t, 1)
	squash := c.frame.kx / c.frame.ky
	for i, inc := range collect(c, 300) {
		best, bestD := int32(0), math.Inf(1)
		for j, m := range c.micros {
			dx, dy := float64(m.centre.Lon-inc.Point.Lon)*squash, float64(m.centre.Lat-inc.Point.Lat)
			if d := dx*dx + dy*dy; d < bestD {
				best, bestD = int32(j), d
			}
		}
		if got := c.nearest(int32(i*50), inc.Point); got != best && inRing(inc.Point, c.Areas[0].Shape[0][0]) {
			t.Errorf("nearest to %v is %s, want %s", inc.Point, c.Areas[c.micros[got].area].Code, c.Areas[c.micros[best].area].Code)
		}
	}
}

func BenchmarkIncidents(b *testing.B) {
	c := setup(b, 1)
	b.ResetTimer()
	b.ReportAllocs()
	n := 0
	for range c.Incidents(IncidentConfig{Seed: 1, Count: b.N, Until: until}) {
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "incidents/s")
}
