package coverage

import (
	"cmp"
	"slices"

	"jingwei/geo"
)

// Norms are what is usual for areas; the zero value asks for nothing.
type Norms struct {
	MinAreaM2 [len(Levels)]float64 // an area smaller than this is too small for its level
}

// Check finds all that does not fit, however narrow: overlaps, gaps, holes, areas that stick out of their parents or cross or
// touch themselves, vertices that a neighbour lacks, areas in several parts, and areas too small for their level. A part of a
// divided area that no child covers is a Gap also where it is meant to be the area's own.
//
// It trusts nothing that Build found, but lays out all edges anew. Cost: about 1 µs a vertex of every ring.
func (c *Coverage) Check(norms Norms) []Finding {
	areas := make([]Area, c.Len())
	for id := range areas {
		areas[id] = c.Area(ID(id))
	}
	r, err := newResolver(areas, -1)
	if err != nil {
		return nil // Build has refused such areas
	}
	r.resolve()
	findings := r.findings
	for _, i := range r.suspects() {
		if !r.moved[i] && !SameShape(areas[i].Shape, r.assembled(i)) {
			reason, place := r.borderFault(i)
			findings = append(findings, Finding{Reason: reason, Area: areas[i].Code, Place: place})
		}
	}
	for _, area := range areas {
		if len(area.Shape) > 1 {
			part := slices.MinFunc(area.Shape, func(a, b Polygon) int { return cmp.Compare(AreaM2([]Polygon{a}), AreaM2([]Polygon{b})) })
			findings = append(findings, Finding{Reason: NotContiguous, Area: area.Code, Place: insideOf(part), AreaM2: AreaM2([]Polygon{part})})
		}
		if size := AreaM2(area.Shape); size < norms.MinAreaM2[area.Level] {
			findings = append(findings, Finding{Reason: TooSmall, Area: area.Code, Place: labelOf(area), AreaM2: size})
		}
	}
	return findings
}

func insideOf(polygon Polygon) geo.Point { return labelOf(Area{Shape: []Polygon{polygon}}) }

// Face is the ground that an area owns itself: all of it where it has no children, nothing where they cover it, else the rest.
func (c *Coverage) Face(id ID) []Polygon {
	area := c.Area(id)
	switch {
	case len(c.Children(id)) == 0:
		return area.Shape
	case c.Covered(id):
		return nil
	}
	areas := []Area{area}
	for _, child := range c.Children(id) {
		areas = append(areas, c.Area(child))
	}
	a := arrange(areas, 0)
	own := make([]bool, len(a.faces))
	var faces []int32
	for f := range a.faces {
		if covers := a.faces[f].covers; len(covers) == 1 && covers[0].area == 0 && covers[0].times > 0 {
			own[f] = true
			faces = append(faces, int32(f))
		}
	}
	return a.assemble(faces, func(f int32) bool { return own[f] })
}
