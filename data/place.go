package data

import (
	_ "embed"
	"fmt"
)

//go:embed yixing.json
var yixingJSON []byte

//go:embed yixing_places.json
var placesJSON []byte

// County is a real county's list of names and codes, with rough places for its towns and its outline.
type County struct {
	Code  string `json:"code"` // 6 digits, GB/T 2260
	Name  string `json:"name"`
	Towns []Town `json:"towns"` // by code

	// Outline is the county's rough border in degrees (lon, lat), counterclockwise, the first point not repeated; from
	// memory of the map, good to a kilometre or two.
	Outline [][2]float64 `json:"-"`
	// Shore is the first and the last index in Outline of the part that is the shore of 太湖.
	Shore [2]int `json:"-"`
}

// Town is a street, town or zone of a county.
type Town struct {
	Code        string      `json:"code"` // 9 digits
	Name        string      `json:"name"`
	Lon         float64     `json:"-"` // of its centre, in degrees, good to a kilometre or two
	Lat         float64     `json:"-"`
	Communities []Community `json:"communities"` // by code
}

// Community is a residents' committee or a village.
type Community struct {
	Code string `json:"code"` // 12 digits
	Name string `json:"name"` // official, e.g. 茶东社区居民委员会
}

// Yixing is 宜兴市, 320282: 21 towns and 312 communities.
func Yixing() (County, error) {
	var c County
	if err := decode("yixing.json", yixingJSON, &c); err != nil {
		return County{}, err
	}
	var places struct {
		Centres []struct {
			Code     string
			Lon, Lat float64
		}
		Outline [][2]float64
		Shore   [2]int
	}
	if err := decode("yixing_places.json", placesJSON, &places); err != nil {
		return County{}, err
	}
	c.Outline, c.Shore = places.Outline, places.Shore
	centre := map[string][2]float64{}
	for _, p := range places.Centres {
		centre[p.Code] = [2]float64{p.Lon, p.Lat}
	}
	for i := range c.Towns {
		p, ok := centre[c.Towns[i].Code]
		if !ok {
			return County{}, fmt.Errorf("data/yixing_places.json: no centre for town %s %s", c.Towns[i].Code, c.Towns[i].Name)
		}
		c.Towns[i].Lon, c.Towns[i].Lat = p[0], p[1]
	}
	return c, nil
}
