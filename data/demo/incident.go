package demo

import (
	"encoding/binary"
	"iter"
	"math"
	"math/rand/v2"
	"time"

	"jingwei/geo"
)

// Span is how far back the incidents go.
const Span = 365 * 24 * time.Hour

// IncidentConfig says which year of incidents to make.
type IncidentConfig struct {
	Seed  uint64
	Count int
	Until time.Time // the incidents lie in the Span before it
}

// Incident is one report. Its fields are those of table incident, before it is snapped.
type Incident struct {
	ID          [16]byte  // UUIDv7 of ReportedAt; its random part comes from the seed and the running number
	ReportedAt  time.Time // whole milliseconds, in [Until − Span, Until)
	ReceivedAt  time.Time // not after Until
	Channel     string
	Item        string // code of data.Items
	Status      string
	Title       string
	Description string
	Point       geo.Point // WGS-84; a few in a thousand lie outside the county, as they do in life
	AccuracyM   float32   // of the point, 68 %
}

// Incidents yields Count incidents, hour by hour, in any order within an hour. They are a mixture of clusters: each item has its
// hot spots (a Thomas process: places that draw points around them, some only for some weeks), the rest follows the people,
// with a little over the whole land. The same county, seed, count and Until yield the same incidents, each time the sequence
// is run; memory is constant.
func (c *County) Incidents(cfg IncidentConfig) iter.Seq[Incident] {
	return func(yield func(Incident) bool) {
		if cfg.Count > 0 && len(c.micros) > 0 {
			newYear(c, cfg).run(yield)
		}
	}
}

func (y *year) run(yield func(Incident) bool) {
	rng := stream(y.cfg.Seed, "incidents")
	salt := mix(y.cfg.Seed + 0x9e3779b97f4a7c15)
	number, dayAt := 0, -1
	weight := make([]float64, len(y.stories))
	text := make([]byte, 0, 512)
	for i := range len(y.before) - 1 {
		hour := y.first.Add(time.Duration(i) * time.Hour)
		at := hour.In(local)
		if dayAt < 0 || at.Hour() == 0 {
			dayAt++
		}
		last := int(float64(y.cfg.Count) * y.before[i+1])
		if i == len(y.before)-2 {
			last = y.cfg.Count
		}
		if last <= number {
			continue
		}
		for j := range weight {
			weight[j] = y.days[dayAt][j] * y.stories[j].hourShare(at.Hour())
		}
		pick := newAlias(weight)
		from, to := y.within(hour)
		for ; number < last; number++ {
			when := from.Add(time.Duration(rng.Int64N(max(1, to.Sub(from).Milliseconds()))) * time.Millisecond)
			inc := y.tell(rng, int(pick.pick(rng)), when, &text)
			inc.ID = uuidV7(when, salt, uint64(number))
			if !yield(inc) {
				return
			}
		}
	}
}

// tell makes one incident of a story, all but its id.
func (y *year) tell(rng *rand.Rand, story int, when time.Time, text *[]byte) Incident {
	s := &y.stories[story]
	place, point := y.place(rng, story, when.Sub(y.first))
	m := &y.county.micros[place]
	f := filling{community: y.county.Areas[m.community].Name, grid: y.county.Areas[m.grid].Name, n: 2 + rng.IntN(8)}
	if len(s.spots) > 0 {
		f.spot = s.spots[rng.IntN(len(s.spots))]
	}
	telling := rng.IntN(len(s.titles))
	title := s.titles[telling].appendTo((*text)[:0], &f)
	split := len(title)
	*text = s.descriptions[telling].appendTo(title, &f)
	both := string(*text)

	ch := &channels[channelPick.pick(rng)]
	received := when.Add(time.Duration(rng.Float64() * ch.delayS * float64(time.Second))).Truncate(time.Millisecond)
	if received.After(y.until) {
		received = y.until
	}
	return Incident{
		ReportedAt: when, ReceivedAt: received, Channel: ch.name, Item: s.Item, Status: status(rng, s.urgent, y.until.Sub(when)),
		Title: both[:split], Description: both[split:], Point: point,
		AccuracyM: float32(math.Round(ch.accuracyM * (.4 + 1.2*rng.Float64()))),
	}
}

// uuidV7 is the id of the number-th incident (RFC 9562): 48 bits of milliseconds, and 64 of the 74 random bits are a
// bijection of the number, so that no two incidents of a run share an id.
func uuidV7(when time.Time, salt, number uint64) (id [16]byte) {
	a, b := mix(number^salt), mix(number+salt)
	binary.BigEndian.PutUint64(id[:], uint64(when.UnixMilli())<<16|0x7000|a>>52)
	binary.BigEndian.PutUint64(id[8:], 1<<63|(b&0x3ff)<<52|a<<12>>12)
	return id
}

var channels = []struct {
	name      string
	weight    float64
	delayS    float64 // at most, until it is received
	accuracyM float64 // typical
}{
	{"resident", 34, 20, 15},
	{"hotline_12345", 27, 900, 120},
	{"worker", 24, 60, 8},
	{"platform_1_4", 8, 300, 30},
	{"courier", 5, 20, 12},
	{"enterprise_line", 2, 1800, 60},
}

var channelPick = func() alias {
	w := make([]float64, len(channels))
	for i, c := range channels {
		w[i] = c.weight
	}
	return newAlias(w)
}()

// status is how far an incident of an age has come: most are closed after some days, urgent ones four times as fast.
func status(rng *rand.Rand, urgent bool, age time.Duration) string {
	steps := [...]string{"collected", "analysed", "dispatched", "signed", "fed_back", "evaluated", "closed"}
	days := age.Hours() / 24
	if urgent {
		days *= 4
	}
	if rng.Float64() < .02 && days > 1 {
		return "cancelled"
	}
	// Each incident needs its own time: most two to six days, some many weeks.
	u := rng.Float64()
	needs := 1.5 + 5*u
	if u > .97 {
		needs += 1500 * (u - .97) * (u - .97) * 30
	}
	return steps[min(len(steps)-1, int(days/needs*float64(len(steps)-1)))]
}
