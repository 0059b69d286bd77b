// Package coverage holds all areas of one edition as one structure: the tree of areas, the arcs that neighbours share,
// and for each area the arcs that bound it. Everything that answers about place is built from it.
//
// A Coverage is immutable and safe for concurrent use. It knows nothing of databases, HTTP or screens.
package coverage

import (
	"math"
	"slices"
	"strings"
	"sync/atomic"

	"jingwei/geo"
)

// ID is the index of an area in one Coverage. Areas are sorted by code, byte by byte, so the lower ID has the lower code.
// An ID means nothing in another Coverage.
type ID int32

// None is no area.
const None ID = -1

// Sides names at each level the area whose border an arc is, on one side of it; None where the arc is no border of an
// area of that level.
type Sides [len(Levels)]ID

var noSides = Sides{None, None, None, None, None}

// Arc is a line between two junctions, stored once however many areas it bounds. All along it the same areas lie on
// the left and the same on the right.
type Arc struct {
	Points []geo.Point // from junction to junction; the first is repeated at the end of an arc that is a whole ring
	First  int         // index of Points[0] in Vertices
	Left   Sides
	Right  Sides
}

// Level is the widest level at which the two sides of the arc are different areas; false when they differ at none.
func (a *Arc) Level() (Level, bool) {
	for _, level := range Levels {
		if a.Left[level] != a.Right[level] {
			return level, true
		}
	}
	return 0, false
}

// ArcRef is one step along a ring: an arc and the direction in which the ring runs through it.
type ArcRef int32

// Arc is the index into Coverage.Arcs.
func (r ArcRef) Arc() int { return int(r >> 1) }

// Reversed reports whether the ring runs from the arc's last point to its first.
func (r ArcRef) Reversed() bool { return r&1 == 1 }

// Coverage is the set of all areas of one edition. The zero value and Build(nil) are empty.
type Coverage struct {
	nodes    []node
	vertices []geo.Point // the points of all arcs, end to end
	arcs     []Arc
	labels   []atomic.Uint64 // what Label found, packed; 0 until asked for
}

// node is an area in the tree.
type node struct {
	code, name string
	level      Level
	covered    bool
	parent     ID
	children   []ID
	outline    [][][]ArcRef // polygons of rings of arcs
	min, max   geo.Point
}

// Len is the number of areas; their IDs are 0 to Len()-1.
func (c *Coverage) Len() int { return len(c.nodes) }

// Find is the area with a code.
func (c *Coverage) Find(code string) (ID, bool) {
	i, found := slices.BinarySearchFunc(c.nodes, code, func(n node, code string) int { return strings.Compare(n.code, code) })
	if !found {
		return None, false
	}
	return ID(i), true
}

// Code is the area's code, as in Area, which also builds the shape.
func (c *Coverage) Code(id ID) string { return c.nodes[id].code }

// Name is the area's name.
func (c *Coverage) Name(id ID) string { return c.nodes[id].name }

// Level is the area's level.
func (c *Coverage) Level(id ID) Level { return c.nodes[id].level }

// Parent is the area one level up; None at the top.
func (c *Coverage) Parent(id ID) ID { return c.nodes[id].parent }

// Children are the areas whose parent this is, in order of code. The caller must not change the slice.
func (c *Coverage) Children(id ID) []ID { return c.nodes[id].children }

// Chain lists the areas from the topmost down to id. It is empty for None.
func (c *Coverage) Chain(id ID) []ID {
	var chain []ID
	for ; id != None; id = c.nodes[id].parent {
		chain = append(chain, id)
	}
	slices.Reverse(chain)
	return chain
}

// Covered reports whether the children cover the whole area and nothing else, so that it owns no point itself. It may
// miss this where children overlap, and never claims it wrongly.
func (c *Coverage) Covered(id ID) bool { return c.nodes[id].covered }

// Area builds the area with its shape from the arcs: the rings that Build was given, shells counter-clockwise and holes
// clockwise, without repeated points, each starting at a junction where it has one.
func (c *Coverage) Area(id ID) Area {
	n := &c.nodes[id]
	area := Area{Code: n.code, Name: n.name, Level: n.level, Shape: make([]Polygon, len(n.outline))}
	if n.parent != None {
		area.Parent = c.nodes[n.parent].code
	}
	for i, rings := range n.outline {
		area.Shape[i] = make(Polygon, len(rings))
		for j, refs := range rings {
			area.Shape[i][j] = c.ring(refs)
		}
	}
	return area
}

func (c *Coverage) ring(refs []ArcRef) Ring {
	size := 0
	for _, ref := range refs {
		size += len(c.arcs[ref.Arc()].Points) - 1
	}
	ring := make(Ring, 0, size)
	for _, ref := range refs {
		points := c.arcs[ref.Arc()].Points
		if ref.Reversed() {
			for i := len(points) - 1; i > 0; i-- {
				ring = append(ring, points[i])
			}
		} else {
			ring = append(ring, points[:len(points)-1]...)
		}
	}
	return ring
}

// Arcs are all arcs. The caller must not change them.
func (c *Coverage) Arcs() []Arc { return c.arcs }

// Vertices are the points of all arcs, end to end. The caller must not change them.
func (c *Coverage) Vertices() []geo.Point { return c.vertices }

// Outline is the area's polygons, each of rings, each of arcs. The caller must not change it.
func (c *Coverage) Outline(id ID) [][][]ArcRef { return c.nodes[id].outline }

// BoundsOf is the smallest box around an area.
func (c *Coverage) BoundsOf(id ID) (low, high geo.Point) { return c.nodes[id].min, c.nodes[id].max }

// Bounds is the smallest box around all areas; ok is false when there are none.
func (c *Coverage) Bounds() (low, high geo.Point, ok bool) {
	low, high = emptyBox()
	for i := range c.nodes {
		low, high = grow(low, high, c.nodes[i].min)
		low, high = grow(low, high, c.nodes[i].max)
	}
	return low, high, len(c.nodes) > 0
}

func emptyBox() (low, high geo.Point) {
	return geo.Point{Lon: math.MaxInt32, Lat: math.MaxInt32}, geo.Point{Lon: math.MinInt32, Lat: math.MinInt32}
}

func grow(low, high, p geo.Point) (geo.Point, geo.Point) {
	return geo.Point{Lon: min(low.Lon, p.Lon), Lat: min(low.Lat, p.Lat)}, geo.Point{Lon: max(high.Lon, p.Lon), Lat: max(high.Lat, p.Lat)}
}
