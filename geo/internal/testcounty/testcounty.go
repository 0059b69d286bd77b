// Package testcounty makes nested areas for tests and benchmarks: a county whose borders are wiggly and shared to the
// vertex, in the five levels and with the codes of the real thing. It is deterministic and reads nothing.
package testcounty

import (
	"fmt"
	"math"

	"jingwei/geo"
	"jingwei/geo/coverage"
)

// Size tells how often each level divides the one above, as columns and rows, and how wiggly borders are.
type Size struct {
	Towns, Communities, Grids, Micros [2]int
	Segments                          int // of each of the six borders of a micro-grid
	CellDeg                           float64
	WestDeg, SouthDeg                 float64
}

// County has about the shape of a real one: 18 towns, 288 communities, 3,456 grids and 20,736 micro-grids of 54
// vertices, on some 60 × 60 km.
var County = Size{
	Towns: [2]int{3, 6}, Communities: [2]int{4, 4}, Grids: [2]int{4, 3}, Micros: [2]int{3, 2},
	Segments: 9, CellDeg: 0.00435, WestDeg: 119.5, SouthDeg: 31.1,
}

// Province is the same fifty times over, as one county: 882 towns, 14,112 communities, 169,344 grids and 1,016,064
// micro-grids, on some 420 × 440 km. Its areas take 0.7 GB.
var Province = Size{
	Towns: [2]int{21, 42}, Communities: [2]int{4, 4}, Grids: [2]int{4, 3}, Micros: [2]int{3, 2},
	Segments: 9, CellDeg: 0.00435, WestDeg: 117, SouthDeg: 30,
}

// Small is a county of 2 towns, 8 communities, 32 grids and 128 micro-grids for quick tests.
var Small = Size{
	Towns: [2]int{2, 1}, Communities: [2]int{2, 2}, Grids: [2]int{2, 2}, Micros: [2]int{2, 2},
	Segments: 4, CellDeg: 0.01, WestDeg: 119.5, SouthDeg: 31.1,
}

// Areas makes the county. The micro-grids are jittered bricks, so that three meet in a point as in real life; each
// upper area is outlined by the very vertices of the micro-grids in it.
func (s Size) Areas() []coverage.Area {
	columns := s.Towns[0] * s.Communities[0] * s.Grids[0] * s.Micros[0]
	rows := s.Towns[1] * s.Communities[1] * s.Grids[1] * s.Micros[1]
	county := &block{area: coverage.Area{Code: "320282", Name: "测试县", Level: coverage.County}}
	var areas []coverage.Area
	divide(county, 0, 0, columns, rows, []division{
		{s.Towns, coverage.Town, "%s%03d", "第%d镇"},
		{s.Communities, coverage.Community, "%s%03d", "第%d村"},
		{s.Grids, coverage.Grid, "%s%03d", "第%d网格"},
		{s.Micros, coverage.Micro, "%s%02d", "微网格%d"},
	}, func(b *block) {
		b.area.Shape = []coverage.Polygon{{s.outline(b)}}
		areas = append(areas, b.area)
	})
	return areas
}

type division struct {
	parts      [2]int
	level      coverage.Level
	code, name string
}

// block is a rectangle of bricks.
type block struct {
	area                      coverage.Area
	column, row, width, depth int
}

func divide(b *block, column, row, width, depth int, divisions []division, done func(*block)) {
	b.column, b.row, b.width, b.depth = column, row, width, depth
	done(b)
	if len(divisions) == 0 {
		return
	}
	d := divisions[0]
	width, depth = width/d.parts[0], depth/d.parts[1]
	for i := range d.parts[0] * d.parts[1] {
		x, y := i%d.parts[0], i/d.parts[0]
		child := &block{area: coverage.Area{
			Code: fmt.Sprintf(d.code, b.area.Code, i+1), Parent: b.area.Code, Name: fmt.Sprintf(d.name, i+1), Level: d.level,
		}}
		divide(child, column+x*width, row+y*depth, width, depth, divisions[1:], done)
	}
}

// corner is a point where bricks meet: twice the column, plus the row's shift, and the row.
type corner struct{ x, y int }

// outline runs counter-clockwise around the bricks of a block.
func (s Size) outline(b *block) coverage.Ring {
	shift := func(row int) int { return row & 1 }
	var corners []corner
	// South side eastwards, east side northwards with its teeth, north side westwards, west side southwards.
	for x := range 2 * b.width {
		corners = append(corners, corner{2*b.column + shift(b.row) + x, b.row})
	}
	for y := range b.depth {
		east := 2*(b.column+b.width) + shift(b.row+y)
		corners = append(corners, corner{east, b.row + y}, corner{east, b.row + y + 1})
	}
	top := b.row + b.depth - 1
	for x := 2*b.width - 1; x >= 0; x-- {
		corners = append(corners, corner{2*b.column + shift(top) + x, b.row + b.depth})
	}
	for y := b.depth - 1; y > 0; y-- {
		west := 2*b.column + shift(b.row+y)
		corners = append(corners, corner{west, b.row + y}, corner{2*b.column + shift(b.row+y-1), b.row + y})
	}
	ring := make(coverage.Ring, 0, len(corners)*s.Segments)
	for i, c := range corners {
		ring = s.line(ring, c, corners[(i+1)%len(corners)])
	}
	return ring
}

// line appends the wiggly line from a to b without b. It is the same line, turned, from b to a.
func (s Size) line(ring coverage.Ring, a, b corner) coverage.Ring {
	low, high := a, b
	if b.y < a.y || b.y == a.y && b.x < a.x {
		low, high = b, a
	}
	from, to := s.place(low), s.place(high)
	dx, dy := to[0]-from[0], to[1]-from[1]
	at := func(i int) geo.Point {
		if i == 0 || i == s.Segments {
			c := low
			if i > 0 {
				c = high
			}
			p, _ := geo.PointOf(s.place(c)[0], s.place(c)[1])
			return p
		}
		part := float64(i) / float64(s.Segments)
		swing := 0.12 * math.Sin(part*math.Pi) * (noise(low.x*7919+i, low.y*104729+high.x*31+high.y) - 0.5)
		p, _ := geo.PointOf(from[0]+dx*part-dy*swing, from[1]+dy*part+dx*swing)
		return p
	}
	for i := range s.Segments {
		if low == a {
			ring = append(ring, at(i))
		} else {
			ring = append(ring, at(s.Segments-i))
		}
	}
	return ring
}

// place is a corner in degrees, moved a little off its brick.
func (s Size) place(c corner) [2]float64 {
	return [2]float64{
		s.WestDeg + s.CellDeg*(float64(c.x)/2+0.2*(noise(c.x, c.y)-0.5)),
		s.SouthDeg + s.CellDeg*0.9*(float64(c.y)+0.3*(noise(c.y, -c.x)-0.5)),
	}
}

// noise is a number in [0, 1) that depends on x and y alone (a splitmix64 finish).
func noise(x, y int) float64 {
	h := uint64(x)*0x9E3779B97F4A7C15 ^ uint64(y)*0xC2B2AE3D27D4EB4F
	h = (h ^ h>>30) * 0xBF58476D1CE4E5B9
	h = (h ^ h>>27) * 0x94D049BB133111EB
	return float64((h^h>>31)>>11) / (1 << 53)
}
