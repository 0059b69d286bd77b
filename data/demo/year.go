package demo

import (
	"math"
	"math/rand/v2"
	"time"

	"jingwei/geo"
)

// year is all that a run needs; a run does not change it.
type year struct {
	county   *County
	cfg      IncidentConfig
	until    time.Time
	since    time.Time
	stories  []story
	spots    [][]hotSpot // of each story
	spotPick []alias
	people   alias     // a micro-grid by its people
	land     alias     // a micro-grid by its area
	days     []day     // local days
	before   []float64 // share of the incidents before each hour since the window's first; one more entry than hours
	first    time.Time // start of the window's first hour
}

// day holds each story's weight on one local day.
type day []float64

// hotSpot is a place that draws incidents of an item.
type hotSpot struct {
	micro     int32
	spreadM   float64
	from, end time.Duration // since the window's first hour
}

func newYear(c *County, cfg IncidentConfig) *year {
	y := &year{county: c, cfg: cfg, stories: c.stories, until: cfg.Until.Truncate(time.Millisecond)}
	y.since = y.until.Add(-Span)
	y.first = y.since.Truncate(time.Hour)
	households, area := make([]float64, len(c.micros)), make([]float64, len(c.micros))
	for i, m := range c.micros {
		households[i] = float64(c.Areas[m.area].Population)
		area[i] = m.radiusM * m.radiusM
	}
	y.people, y.land = newAlias(households), newAlias(area)
	rng := stream(cfg.Seed, "hot spots")
	hubs := make([]int32, 150) // markets, stations, hospitals: places that draw many kinds of incidents
	for i := range hubs {
		hubs[i] = y.people.pick(rng)
	}
	for range y.stories {
		spots, weight := y.placeHotSpots(rng, hubs)
		y.spots, y.spotPick = append(y.spots, spots), append(y.spotPick, newAlias(weight))
	}
	y.weighHours()
	return y
}

// placeHotSpots picks 40 to 120 micro-grids by their people, half of them among the hubs. A few draw most (weights fall like
// 1/rank); two in five last only one to six weeks.
func (y *year) placeHotSpots(rng *rand.Rand, hubs []int32) (spots []hotSpot, weight []float64) {
	n := 40 + rng.IntN(81)
	for i := range n {
		at := y.people.pick(rng)
		if rng.Float64() < .5 {
			at = hubs[rng.IntN(len(hubs))]
		}
		s := hotSpot{micro: at, spreadM: y.county.micros[at].radiusM * (.4 + 2*rng.Float64()*rng.Float64()), end: math.MaxInt64}
		w := 1 / (float64(i) + 4)
		if rng.Float64() < .4 {
			length := time.Duration(7+rng.IntN(36)) * 24 * time.Hour
			s.from = time.Duration(rng.Int64N(int64(365 * 24 * time.Hour)))
			s.end = s.from + length
			w *= 4
		}
		spots, weight = append(spots, s), append(weight, w)
	}
	return spots, weight
}

// weighHours finds how the incidents spread over the hours of the window.
func (y *year) weighHours() {
	y.before = []float64{0}
	sum := 0.0
	for h := y.first; h.Before(y.until); h = h.Add(time.Hour) {
		at := h.In(local)
		if len(y.days) == 0 || at.Hour() == 0 {
			midnight := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, local)
			d := make(day, len(y.stories))
			for i := range y.stories {
				d[i] = y.stories[i].dayWeight(y.cfg.Seed, midnight)
			}
			y.days = append(y.days, d)
		}
		from, to := y.within(h)
		w := 0.0
		for i, v := range y.days[len(y.days)-1] {
			w += v * y.stories[i].hourShare(at.Hour())
		}
		sum += w * to.Sub(from).Hours()
		y.before = append(y.before, sum)
	}
	for i := range y.before {
		y.before[i] /= sum
	}
}

// within cuts an hour to the window.
func (y *year) within(hour time.Time) (from, to time.Time) {
	from, to = hour, hour.Add(time.Hour)
	if from.Before(y.since) {
		from = y.since
	}
	if to.After(y.until) {
		to = y.until
	}
	return from, to
}

// hourShare is the part of a day's incidents in an hour.
func (s *story) hourShare(hour int) float64 {
	sum := 0.0
	for _, w := range rhythms[s.Hours] {
		sum += w
	}
	return rhythms[s.Hours][hour] / sum
}

// place picks where an incident happens, and the micro-grid whose centre is next to it.
func (y *year) place(rng *rand.Rand, story int, since time.Duration) (micro int32, p geo.Point) {
	spreadM := 0.0
	switch u := rng.Float64(); {
	case u < .62:
		if s := &y.spots[story][y.spotPick[story].pick(rng)]; since >= s.from && since < s.end {
			micro, spreadM = s.micro, s.spreadM
		} else { // a spot that is quiet now
			micro = y.people.pick(rng)
		}
	case u < .94:
		micro = y.people.pick(rng)
	default:
		micro = y.land.pick(rng)
	}
	m := &y.county.micros[micro]
	if spreadM == 0 {
		spreadM = .55 * m.radiusM
	}
	f := &y.county.frame
	at := geo.Point{
		Lon: m.centre.Lon + int32(rng.NormFloat64()*spreadM*geo.UnitsPerDegree/f.kx),
		Lat: m.centre.Lat + int32(rng.NormFloat64()*spreadM*geo.UnitsPerDegree/f.ky),
	}
	return y.county.nearest(micro, at), at
}

// nearest walks from a micro-grid to the one whose centre is nearest to a place. Neighbours are those of a Delaunay
// triangulation, on which going always nearer ends at the nearest.
func (c *County) nearest(from int32, p geo.Point) int32 {
	squash := c.frame.kx / c.frame.ky
	d2 := func(i int32) float64 {
		q := c.micros[i].centre
		dx, dy := float64(q.Lon-p.Lon)*squash, float64(q.Lat-p.Lat)
		return dx*dx + dy*dy
	}
	best := d2(from)
	for {
		at := from
		for _, n := range c.micros[at].next {
			if d := d2(n); d < best {
				from, best = n, d
			}
		}
		if from == at {
			return at
		}
	}
}
