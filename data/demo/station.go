package demo

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
	"strings"

	"jingwei/geo"
	"jingwei/geo/coverage"
)

//go:embed stations.json
var stationsJSON []byte

// stationKind is a line of stations.json.
type stationKind struct {
	Kind     string     `json:"kind"`
	Short    string     `json:"short"` // in codes
	Count    int        `json:"count"` // service centres: one for each community, each town and the county instead
	Label    string     `json:"label"`
	Area     [2]float64 `json:"area"`  // m², from, to
	Stars    [2]int     `json:"stars"` // from, to; 0 = not rated
	Hours    []string   `json:"hours"` // one of them, OSM opening_hours
	Services []string   `json:"services"`
	OpenTo   []string   `json:"open_to"`
	Phone    bool       `json:"phone"`
}

// totalAreaM2 is the floor area of bee stations, pioneer stations, pocket parks and classrooms together (published for 2022).
const totalAreaM2 = 42_970

var countedInTotal = map[string]bool{"bee_station": true, "pioneer_station": true, "pocket_park": true, "first_heart_classroom": true}

// addStations builds the stations of each kind in micro-grids, more of them where people live closely.
func (c *County) addStations(rng *rand.Rand) error {
	var kinds []stationKind
	if err := json.Unmarshal(stationsJSON, &kinds); err != nil {
		return fmt.Errorf("data/demo/stations.json: %w", err)
	}
	phone := len(c.Areas) - len(c.micros) // the numbers after those of the branches' offices
	for _, k := range kinds {
		sites := c.popularSites(rng, k.Count)
		if k.Kind == "service_centre" {
			sites = c.centralSites()
		}
		for i, at := range sites {
			s := c.newStation(rng, k, at)
			s.Code = "S" + c.Areas[0].Code + k.Short + digits(i+1, 3)
			if k.Phone {
				s.Phone = officePhone(phone)
				phone++
			}
			c.Stations = append(c.Stations, s)
		}
	}
	c.fitFloorAreas()
	sort.Slice(c.Stations, func(i, j int) bool { return c.Stations[i].Code < c.Stations[j].Code })
	return nil
}

// stationSite is a micro-grid and the area whose name the station bears.
type stationSite struct {
	micro int
	area  int32
}

// centralSites is one site for the county, each town and each community, in different micro-grids: beside the town's true centre
// (the county's: that of its first town, the seat), and where a community is most crowded.
func (c *County) centralSites() []stationSite {
	sites := make([]stationSite, 0, len(c.centres)+1)
	taken := map[int]bool{}
	settle := func(area int32, within func(micro) bool, distance func(micro) float64) {
		best := -1
		for i, m := range c.micros {
			if within(m) && !taken[i] && (best < 0 || distance(m) < distance(c.micros[best])) {
				best = i
			}
		}
		if best >= 0 {
			taken[best] = true
			sites = append(sites, stationSite{best, area})
		}
	}
	for area := range int32(len(c.Areas)) {
		switch level := c.Areas[area].Level; {
		case level <= coverage.Town:
			town := max(area, 1) // the area after the county is the seat
			centre := c.centres[c.Areas[town].Code]
			settle(area, func(m micro) bool { return c.parent[m.community] == town },
				func(m micro) float64 { return c.frame.of(m.centre).sub(centre).len2() })
		case level == coverage.Community:
			settle(area, func(m micro) bool { return m.community == area }, func(m micro) float64 { return m.radiusM })
		}
	}
	return sites
}

// popularSites picks count different communities, likelier where people live closely, and a micro-grid in each.
func (c *County) popularSites(rng *rand.Rand, count int) []stationSite {
	type drawn struct {
		key  float64
		site stationSite
	}
	best := map[int32]drawn{}
	for i, m := range c.micros {
		// Sampling without replacement by keys (Efraimidis and Spirakis 2006), with 1/radius as the weight; u^(1/w) is
		// compared by its logarithm.
		key := math.Log(rng.Float64()) * m.radiusM
		if b, ok := best[m.community]; !ok || key > b.key {
			best[m.community] = drawn{key, stationSite{i, m.community}}
		}
	}
	list := make([]drawn, 0, len(best))
	for _, d := range best {
		list = append(list, d)
	}
	sort.Slice(list, func(i, j int) bool {
		return list[i].key > list[j].key || list[i].key == list[j].key && list[i].site.micro < list[j].site.micro
	})
	sites := make([]stationSite, min(count, len(list)))
	for i := range sites {
		sites[i] = list[i].site
	}
	return sites
}

func (c *County) newStation(rng *rand.Rand, k stationKind, at stationSite) Station {
	m := &c.micros[at.micro]
	grid := &c.Areas[m.grid]
	town := &c.Areas[c.parent[m.community]]
	place := c.Areas[at.area].Name
	if c.Areas[at.area].Level == coverage.Community {
		for _, ending := range []string{"虚拟社区", "社区", "村"} {
			if short, ok := strings.CutSuffix(place, ending); ok && k.Kind != "service_centre" && len(short) > len("村") {
				place = short
				break
			}
		}
	}
	s := Station{
		Kind: k.Kind, Name: place + k.Label, Address: c.Areas[0].Name + town.Name + grid.Name,
		Point: c.nearCentre(rng, at.micro), Area: c.Areas[m.area].Code,
		FloorAreaM2: math.Round(k.Area[0] + (k.Area[1]-k.Area[0])*rng.Float64()), OpenTo: k.OpenTo,
		OpeningHours: k.Hours[rng.IntN(len(k.Hours))], Invented: true}
	if k.Stars[1] > 0 {
		s.Stars = k.Stars[0] + rng.IntN(k.Stars[1]-k.Stars[0]+1)
	}
	for _, service := range k.Services {
		if rng.Float64() < .75 {
			s.Services = append(s.Services, service)
		}
	}
	if s.Services == nil {
		s.Services = k.Services[:1]
	}
	return s
}

// nearCentre is a place inside a micro-grid, at most a third of its radius away from its centre.
func (c *County) nearCentre(rng *rand.Rand, at int) geo.Point {
	m := &c.micros[at]
	shell := c.Areas[m.area].Shape[0][0]
	for range 20 {
		d := vec{(2*rng.Float64() - 1), (2*rng.Float64() - 1)}.mul(m.radiusM / 3)
		if p := c.frame.point(c.frame.of(m.centre).add(d)); inRing(p, shell) {
			return p
		}
	}
	return m.centre
}

// inRing tells whether a place lies strictly inside a ring, exactly; a place on the ring may get either answer.
func inRing(p geo.Point, ring coverage.Ring) (in bool) {
	for i, a := range ring {
		b := ring[(i+1)%len(ring)]
		if (a.Lat > p.Lat) != (b.Lat > p.Lat) && (orient(a, b, p) > 0) == (b.Lat > a.Lat) {
			in = !in
		}
	}
	return in
}

// fitFloorAreas stretches the floor areas of the four counted kinds so that they add up to totalAreaM2.
func (c *County) fitFloorAreas() {
	sum := 0.0
	for _, s := range c.Stations {
		if countedInTotal[s.Kind] {
			sum += s.FloorAreaM2
		}
	}
	left, largest := float64(totalAreaM2), -1
	for i := range c.Stations {
		if s := &c.Stations[i]; countedInTotal[s.Kind] {
			s.FloorAreaM2 = math.Round(s.FloorAreaM2 * totalAreaM2 / sum)
			left -= s.FloorAreaM2
			if largest < 0 || s.FloorAreaM2 > c.Stations[largest].FloorAreaM2 {
				largest = i
			}
		}
	}
	c.Stations[largest].FloorAreaM2 += left
}
