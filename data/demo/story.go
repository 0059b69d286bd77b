package demo

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"strconv"
	"strings"
	"time"

	"jingwei/data"
)

//go:embed stories.json
var storiesJSON []byte

// story is what happens of one item: how often, when, and how people tell it.
type story struct {
	Item      string     `json:"item"`
	Weight    float64    `json:"weight"`     // relative frequency over the year
	Hours     string     `json:"hours"`      // name of a day's rhythm, see rhythms
	Weekend   float64    `json:"weekend"`    // factor on Saturdays and Sundays
	PeakDay   float64    `json:"peak_day"`   // day of the year with the most
	Swing     float64    `json:"swing"`      // 0 = even over the year, 1 = none half a year from the peak
	BadDays   float64    `json:"bad_days"`   // share of days that are far worse (rain, a burst main)
	BadFactor float64    `json:"bad_factor"` // how much worse
	Festival  float64    `json:"festival"`   // factor in the days around the Spring Festival; 0 = the common one
	Spots     []string   `json:"spots"`      // for {spot}
	Tellings  []struct { // blanks: {c} community, {g} grid, {spot}, {n} a small number
		Title       string `json:"title"`
		Description string `json:"description"`
	} `json:"tellings"`

	titles, descriptions []phrase // of the tellings
	spots                []phrase
	urgent               bool
	key                  uint64 // of the item, for chance
}

// phrase is a sentence cut at its blanks: text, blank, text, blank, … text.
type phrase struct {
	text   []string
	blanks []string
}

func cutPhrase(s string) (p phrase) {
	for {
		before, rest, found := strings.Cut(s, "{")
		p.text = append(p.text, before)
		if !found {
			return p
		}
		var blank string
		blank, s, _ = strings.Cut(rest, "}")
		p.blanks = append(p.blanks, blank)
	}
}

// filling is what goes into the blanks of a sentence.
type filling struct {
	community, grid string
	spot            phrase
	n               int
}

func (p *phrase) appendTo(b []byte, f *filling) []byte {
	for i, t := range p.text {
		b = append(b, t...)
		if i == len(p.blanks) {
			break
		}
		switch p.blanks[i] {
		case "c":
			b = append(b, f.community...)
		case "g":
			b = append(b, f.grid...)
		case "n":
			b = strconv.AppendInt(b, int64(f.n), 10)
		case "spot":
			b = f.spot.appendTo(b, f)
		}
	}
	return b
}

// readStories reads the stories and checks that each item of the catalogue has one.
func readStories() ([]story, error) {
	var stories []story
	if err := json.Unmarshal(storiesJSON, &stories); err != nil {
		return nil, fmt.Errorf("data/demo/stories.json: %w", err)
	}
	items, err := data.Items()
	if err != nil {
		return nil, err
	}
	urgent := map[string]bool{}
	for _, it := range items {
		urgent[it.Code] = it.Urgency != "normal"
	}
	told := map[string]bool{}
	for i := range stories {
		s := &stories[i]
		for _, t := range s.Tellings {
			s.titles = append(s.titles, cutPhrase(t.Title))
			s.descriptions = append(s.descriptions, cutPhrase(t.Description))
		}
		for _, t := range s.Spots {
			s.spots = append(s.spots, cutPhrase(t))
		}
		if _, ok := urgent[s.Item]; !ok || told[s.Item] || rhythms[s.Hours] == nil || len(s.Tellings) == 0 {
			return nil, fmt.Errorf("data/demo/stories.json: story %d (%q): unknown or repeated item, unknown hours %q, or no tellings", i, s.Item, s.Hours)
		}
		h := fnv.New64a()
		h.Write([]byte(s.Item))
		told[s.Item], s.urgent, s.key = true, urgent[s.Item], h.Sum64()
	}
	if len(stories) != len(items) {
		return nil, fmt.Errorf("data/demo/stories.json tells of %d items, the catalogue has %d", len(stories), len(items))
	}
	return stories, nil
}

// rhythms are the shapes of a day: one weight for each hour, local time.
var rhythms = map[string]*[24]float64{
	"flat":    {3, 3, 2, 2, 2, 3, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 4, 3},
	"office":  {0, 0, 0, 0, 0, 0, 1, 3, 9, 14, 13, 9, 4, 6, 11, 12, 9, 5, 3, 2, 2, 1, 0, 0},
	"day":     {1, 0, 0, 0, 1, 2, 4, 7, 9, 10, 10, 8, 6, 7, 9, 9, 9, 8, 6, 4, 3, 2, 1, 1},
	"morning": {1, 1, 1, 1, 2, 5, 10, 14, 13, 10, 8, 6, 5, 5, 5, 5, 5, 5, 4, 4, 3, 2, 1, 1},
	"rush":    {1, 1, 0, 0, 0, 1, 5, 14, 15, 8, 6, 6, 6, 5, 5, 6, 9, 15, 14, 9, 6, 4, 3, 2},
	"meal":    {1, 1, 0, 0, 0, 1, 3, 5, 5, 5, 7, 13, 12, 6, 4, 4, 6, 11, 13, 11, 8, 5, 3, 2},
	"evening": {3, 2, 1, 1, 1, 1, 3, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6, 8, 11, 14, 14, 11, 8, 5},
	"night":   {12, 9, 6, 4, 3, 3, 3, 3, 3, 3, 3, 3, 5, 4, 3, 3, 3, 4, 6, 9, 13, 16, 17, 15},
}

// local is the time of China, which has no summer time.
var local = time.FixedZone("CST", 8*3600)

// springFestival is the first day of the lunar year, month and day.
var springFestival = map[int][2]int{
	2020: {1, 25}, 2021: {2, 12}, 2022: {2, 1}, 2023: {1, 22}, 2024: {2, 10}, 2025: {1, 29}, 2026: {2, 17}, 2027: {2, 6},
	2028: {1, 26}, 2029: {2, 13}, 2030: {2, 3}, 2031: {1, 23}, 2032: {2, 11}, 2033: {1, 31}, 2034: {2, 19}, 2035: {2, 8},
}

// festive tells whether a local day lies from two days before the Spring Festival to seven days after it.
func festive(day time.Time) bool {
	md, ok := springFestival[day.Year()]
	if !ok {
		return false
	}
	first := time.Date(day.Year(), time.Month(md[0]), md[1], 0, 0, 0, 0, local)
	d := day.Sub(first).Hours() / 24
	return d > -2.5 && d < 7.5
}

// dayWeight is how much of an item a local day brings, before the hours.
func (s *story) dayWeight(seed uint64, day time.Time) float64 {
	w := s.Weight * (1 + s.Swing*math.Cos(2*math.Pi*(float64(day.YearDay())-s.PeakDay)/365.25))
	if d := day.Weekday(); d == time.Saturday || d == time.Sunday {
		w *= s.Weekend
	}
	if festive(day) {
		if s.Festival > 0 {
			w *= s.Festival
		} else {
			w *= .45 // most people are at home, and so are most offices
		}
	}
	h := mix(seed ^ mix(uint64(day.Unix())^s.key))
	if float64(h>>40)/(1<<24) < s.BadDays {
		w *= s.BadFactor
	}
	return w * (.8 + .4*float64(h&0xffff)/0xffff)
}
