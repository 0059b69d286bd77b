package demo

import (
	"fmt"
	"math"
	"sort"

	"jingwei/data"
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

	frame   frame
	centres map[string]vec // the towns' true centres, by code
	parent  []int32        // index of the area above, for each of Areas; -1 at the top
	micros  []micro        // in the order of the codes

	stories []story
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
	area      int32     // index into County.Areas
	community int32     // index into County.Areas
	grid      int32     // index into County.Areas
	radiusM   float64   // of the circle of its area
	next      []int32   // its neighbours, indices into County.micros
}

// Generate makes the county of a seed, in some seconds. The seed changes everything but names, codes and the towns' centres.
func Generate(cfg Config) (*County, error) {
	source, err := data.Yixing()
	if err != nil {
		return nil, err
	}
	stories, err := readStories()
	if err != nil {
		return nil, err
	}
	tell := cfg.Progress
	if tell == nil {
		tell = func(string, int, int) {}
	}
	stage := func(name string) func(done, total int) {
		return func(done, total int) { tell(name, done, total) }
	}

	tell("points", 0, 1)
	wanted, _ := wantedCells(cfg.Seed, source)
	land := newLand(cfg.Seed, source, wanted)
	sites, inside := land.scatter(stream(cfg.Seed, "points"), wantedMicros)
	points := make([]geo.Point, len(sites))
	for i, s := range sites {
		points[i] = land.frame.point(s)
	}
	tell("points", 1, 1)

	tell("borders", 0, 1)
	triangles, err := triangulate(land.frame, points)
	if err != nil {
		return nil, err
	}
	m, err := newMesh(land.frame, triangles, inside, stream(cfg.Seed, "borders"))
	if err != nil {
		return nil, err
	}
	tell("borders", 1, 1)

	t := m.plant(cfg.Seed, source, stage("areas"))
	c := &County{frame: land.frame, centres: map[string]vec{}, stories: stories}
	for _, town := range source.Towns {
		c.centres[town.Code] = land.frame.vec(town.Lon, town.Lat)
	}
	if err := c.addAreas(m, t); err != nil {
		return nil, err
	}
	people(stream(cfg.Seed, "people"), c.Areas, c.parent)
	c.addBranches(stream(cfg.Seed, "branches"), c.parent)
	if err := c.addStations(stream(cfg.Seed, "stations")); err != nil {
		return nil, err
	}
	tell("areas", len(source.Towns), len(source.Towns))
	return c, nil
}

// addAreas turns the regions of a tree into areas with shapes, sorted by code.
func (c *County) addAreas(m *mesh, t tree) error {
	cell := map[string]int32{} // of micro-grids
	var above []region
	for _, level := range coverage.Levels {
		label := make([]int32, len(m.site))
		for i, r := range t[level] {
			for _, at := range r.cells {
				label[at] = int32(i)
			}
		}
		shapes, err := m.shapes(label, len(t[level]))
		if err != nil {
			return fmt.Errorf("demo: %s: %w: take another seed", level, err)
		}
		for i, r := range t[level] {
			parent := ""
			if above != nil {
				parent = above[r.parent].code
			}
			if level == coverage.Micro {
				cell[r.code] = r.cells[0]
			}
			c.Areas = append(c.Areas, Area{
				Area: coverage.Area{Code: r.code, Parent: parent, Name: r.name, Level: level, Shape: shapes[i]},
				Kind: r.kind})
		}
		above = t[level]
	}
	sort.Slice(c.Areas, func(i, j int) bool { return c.Areas[i].Code < c.Areas[j].Code })

	index := make(map[string]int32, len(c.Areas))
	c.parent = make([]int32, len(c.Areas))
	micro := make([]int32, len(m.site)) // of a cell: its place in c.micros
	for i, a := range c.Areas {
		index[a.Code] = int32(i)
		c.parent[i] = -1
		if a.Parent != "" {
			c.parent[i] = index[a.Parent]
		}
		if a.Level == coverage.Micro {
			micro[cell[a.Code]] = int32(len(c.micros))
			c.addMicro(m, int32(i), cell[a.Code])
		}
	}
	for i := range c.micros {
		next := c.micros[i].next
		for j, n := range next {
			next[j] = micro[n]
		}
	}
	return nil
}

// addMicro notes what incidents and stations need to know; next still holds cells.
func (c *County) addMicro(m *mesh, area, cell int32) {
	next := make([]int32, 0, len(m.ring[cell]))
	for _, n := range m.ring[cell] {
		if n >= 0 {
			next = append(next, n)
		}
	}
	grid := c.parent[area]
	c.micros = append(c.micros, micro{
		centre: m.site[cell], area: area, grid: grid, community: c.parent[grid],
		radiusM: math.Sqrt(m.areaM2[cell] / math.Pi), next: next})
}
