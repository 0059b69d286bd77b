// Package station is the noun "station" (阵地, 驿站): places that people can walk to.
package station

import (
	"jingwei/geo"
	"jingwei/geo/coverage"
)

// Station is a place that people can walk to.
type Station struct {
	Code         string
	Kind         string
	Name         string
	Place        geo.Point
	County       string // code of the county it stands in; "" outside all
	Address      string
	Stars        *int
	FloorAreaM2  *float64
	Services     []string
	OpenTo       []string
	OpeningHours string // OSM opening_hours syntax
	Phone        string
	Invented     bool
}

// Kinds of station with their Chinese names.
var Kinds = map[string]string{
	"service_centre": "党群服务中心", "guidance_station": "党建工作指导站", "estate_station": "小区党群服务驿站", "bee_station": "小蜜蜂驿站",
	"general_station": "综合型驿站", "driver_station": "司机驿站", "pioneer_station": "先锋驿站", "pocket_park": "党群口袋公园",
	"first_heart_classroom": "初心课堂", "education_base": "红色教育基地", "rider_home": "骑手之家", "red_post": "红哨所",
}

// Filter chooses stations. A zero field lets all pass; of a list one must fit.
type Filter struct {
	Words []string // each is part of the name or of the address, in any case and width, or the beginning of the code
	Kinds []string
	Areas []coverage.ID // of the edition in effect: what lies in it
}

// Found is a station of a list.
type Found struct {
	Station
	Codes []string // of the areas that own its place by the edition in effect, from the county down; none outside

	rank int // how well it fits the words
}

// Position is where a list goes on: behind the station of this rank and code. The zero one is before the first.
type Position struct {
	Rank int
	Code string
}
