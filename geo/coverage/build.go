package coverage

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"jingwei/geo"
)

// Build makes a Coverage of areas of any levels, in any order. Rings may run either way and may repeat points next to
// each other, also the first at the end; Build turns them as package geo wants them. Overlaps, gaps and rings that cross
// themselves are taken as they are: whatever is not shared to the vertex is simply not shared.
//
// The error names the area and what to change: a code twice or missing, a parent that is unknown or not of a wider level,
// an area without a shape, a ring without an area, a vertex outside the world.
//
// Cost: about 0.2 µs a vertex, and 75 bytes a vertex while it runs; 10 bytes a vertex to keep.
func Build(areas []Area) (*Coverage, error) {
	areas = slices.Clone(areas)
	slices.SortFunc(areas, func(a, b Area) int { return strings.Compare(a.Code, b.Code) })
	c := &Coverage{nodes: make([]node, len(areas)), labels: make([]atomic.Uint64, len(areas))}
	for i, area := range areas {
		if area.Code == "" {
			return nil, fmt.Errorf("an area named %q has no code: give every area its code", area.Name)
		}
		if i > 0 && areas[i-1].Code == area.Code {
			return nil, fmt.Errorf("area %s: the code occurs twice: every code names one area", area.Code)
		}
		if int(area.Level) >= len(Levels) {
			return nil, fmt.Errorf("area %s: %v is no level: use county, town, community, grid or micro", area.Code, area.Level)
		}
		c.nodes[i] = node{code: area.Code, name: area.Name, level: area.Level, parent: None}
	}
	if err := c.link(areas); err != nil {
		return nil, err
	}
	vertices := 0
	for _, area := range areas {
		for _, polygon := range area.Shape {
			for _, ring := range polygon {
				vertices += len(ring)
			}
		}
	}
	t := newTopology(vertices)
	for i, area := range areas {
		if err := t.add(ID(i), area, &c.nodes[i]); err != nil {
			return nil, fmt.Errorf("area %s: %w", area.Code, err)
		}
	}
	t.finish(c)
	c.markCovered()
	return c, nil
}

// link ties children to parents.
func (c *Coverage) link(areas []Area) error {
	for i, area := range areas {
		if area.Parent == "" {
			continue
		}
		parent, found := c.Find(area.Parent)
		if !found {
			return fmt.Errorf("area %s: its parent %s is not among the areas: add it, or correct the parent", area.Code, area.Parent)
		}
		if c.nodes[parent].level >= area.Level {
			return fmt.Errorf("area %s: a %v cannot lie under the %v %s: the parent must be of a wider level",
				area.Code, area.Level, c.nodes[parent].level, area.Parent)
		}
		c.nodes[i].parent = parent
		c.nodes[parent].children = append(c.nodes[parent].children, ID(i))
	}
	return nil
}

// cleanRing drops repeated points and turns the ring: counter-clockwise for a shell, clockwise for a hole. It returns
// the ring itself when nothing changes.
func cleanRing(ring Ring, hole bool) (Ring, error) {
	repeated := false
	for i, p := range ring {
		if !p.Valid() {
			lonDeg, latDeg := p.Degrees()
			return nil, fmt.Errorf("vertex %d is outside the world (lon %v, lat %v)", i, lonDeg, latDeg)
		}
		repeated = repeated || p == ring[(i+1)%len(ring)]
	}
	if repeated {
		ring = slices.Compact(slices.Clone(ring))
		for len(ring) > 1 && ring[0] == ring[len(ring)-1] {
			ring = ring[:len(ring)-1]
		}
	}
	turn := geo.TwiceArea(ring).Sign()
	if turn == 0 {
		return nil, fmt.Errorf("it has a ring of no area (%d different vertices in a row): remove the ring", len(ring))
	}
	if turn > 0 == hole {
		ring = slices.Clone(ring)
		slices.Reverse(ring)
	}
	return ring, nil
}

// markCovered finds the areas that their children cover exactly. The sum of the children's borders, taken with sign,
// equals the parent's border if and only if the children's areas add up to the parent's; both sums are compared arc
// by arc.
func (c *Coverage) markCovered() {
	for i := range c.nodes {
		c.nodes[i].covered = len(c.nodes[i].children) > 0
	}
	type term struct {
		area ID
		sum  int
	}
	var terms []term
	addTo := func(area ID, amount int) {
		for i := range terms {
			if terms[i].area == area {
				terms[i].sum += amount
				return
			}
		}
		terms = append(terms, term{area, amount})
	}
	for i := range c.arcs {
		terms = terms[:0]
		for _, level := range Levels {
			left, right := c.arcs[i].Left[level], c.arcs[i].Right[level]
			for _, side := range [...]struct {
				area ID
				sign int
			}{{left, +1}, {right, -1}} {
				if side.area == None {
					continue
				}
				addTo(side.area, -side.sign)
				if parent := c.nodes[side.area].parent; parent != None {
					addTo(parent, side.sign)
				}
			}
			if left != None && left == right {
				// A spike of the area itself: the sums cancel, yet its points belong to the area's shape.
				c.nodes[left].covered = false
			}
		}
		for _, t := range terms {
			if t.sum != 0 {
				c.nodes[t.area].covered = false
			}
		}
	}
}
