package demo

import (
	"jingwei/geo"
	"jingwei/geo/coverage"
)

// Kinds of areas; every area above the grid is KindBase.
const (
	KindBase      = "base"      // 基础网格
	KindDedicated = "dedicated" // 专属网格: a market, a campus, a park
)

// Config says which county to make.
type Config struct {
	Seed uint64
	// Progress, when set, is told about each stage ("points", "borders", …) from the calling goroutine; done runs to total.
	Progress func(stage string, done, total int)
}

// County is a whole demo county. It is only read after Generate has made it.
type County struct {
	Areas    []Area    // sorted by code, so that a parent stands before its children
	Branches []Branch  // sorted by code, one for each area, a parent before its children
	Stations []Station // sorted by code

	micros []micro // in the order of the codes
}

// Area is an area with the figures that the database keeps beside its shape.
type Area struct {
	coverage.Area
	Kind       string
	Households int
	Population int
}

// Branch is the party organisation of one area. Its fields are those of table branch.
type Branch struct {
	Code, Name, Kind string
	Parent           string // code of the branch above; empty at the top
	Area             string // code of the one area it answers for
	Secretary        string // invented
	Phone            string // of an office; a number that cannot be dialled, or empty
	Members          int
	Invented         bool // always true here
}

// Station is a place people can walk to. Its fields are those of table station.
type Station struct {
	Code, Kind, Name, Address string
	Point                     geo.Point
	Area                      string  // code of the micro-grid that it stands in
	Stars                     int     // 1–5, 0 = not rated
	FloorAreaM2               float64 // 0 = unknown
	Services, OpenTo          []string
	OpeningHours              string // OSM opening_hours syntax
	Phone                     string
	Invented                  bool // always true here
}

// micro is what incidents need to know of a micro-grid.
type micro struct {
	centre    geo.Point // inside it
	community int32     // index into County.Areas
	grid      int32     // index into County.Areas
	people    int
	radiusM   float64 // of the circle of its area
}
