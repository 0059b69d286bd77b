package demo

import (
	"cmp"
	"testing"

	"jingwei/geo"
	"jingwei/geo/coverage"
)

type edge struct{ a, b geo.Point }

// At each level the areas are a seamless partition of the county: every edge is run through once forward by one area and once
// backward by its neighbour, or once by one area and once by the county; and the sum of the areas is the county's, exactly.
// The vertices are those of the level below, so no vertex of one area lies on an edge of its neighbour.
func TestEachLevelIsASeamlessPartition(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{1, 2} {
		c := setup(t, seed)
		var outline map[edge]bool
		var whole int64
		for _, level := range coverage.Levels {
			used := make(map[edge]bool, 1<<20>>(2*(coverage.Micro-level)))
			var sum int64
			for _, a := range c.Areas {
				if a.Level != level {
					continue
				}
				if len(a.Shape) != 1 || len(a.Shape[0]) != 1 {
					t.Fatalf("seed %d: %s has %d polygons and %d rings, want one without holes", seed, a.Code, len(a.Shape), len(a.Shape[0]))
				}
				ring := a.Shape[0][0]
				area := twiceArea(ring)
				if area <= 0 {
					t.Fatalf("seed %d: %s does not run counterclockwise", seed, a.Code)
				}
				sum += area
				for i, p := range ring {
					e := edge{p, ring[(i+1)%len(ring)]}
					if e.a == e.b || used[e] {
						t.Fatalf("seed %d: %s: edge %v is empty or used twice in one direction", seed, a.Code, e)
					}
					used[e] = true
				}
			}
			if level == coverage.County {
				outline, whole = used, sum
			}
			for e := range used {
				if used[edge{e.b, e.a}] == outline[e] {
					t.Fatalf("seed %d: %s: edge %v is on the outline: %v, has an area on its other side: %v", seed, level, e, outline[e], !outline[e])
				}
			}
			for e := range outline {
				if !used[e] {
					t.Fatalf("seed %d: no %s borders on the edge %v of the county", seed, level, e)
				}
			}
			if sum != whole {
				t.Errorf("seed %d: the areas of level %s add up to %d, the county is %d", seed, level, sum, whole)
			}
		}
	}
}

// An area is exactly what its children cover: the edges of the children that have no partner are its own.
func TestParentsAreTheUnionOfTheirChildren(t *testing.T) {
	t.Parallel()
	c := setup(t, 1)
	open := map[string]map[edge]bool{} // of each parent, the edges of its children without a partner
	for _, a := range c.Areas {
		if open[a.Parent] == nil {
			open[a.Parent] = map[edge]bool{}
		}
		toggle(open[a.Parent], a.Shape[0][0])
	}
	for _, a := range c.Areas {
		if a.Level == coverage.Micro {
			continue
		}
		ring := a.Shape[0][0]
		if len(open[a.Code]) != len(ring) {
			t.Errorf("%s has %d edges, the union of its children %d", a.Code, len(ring), len(open[a.Code]))
		}
		for i, p := range ring {
			if e := (edge{p, ring[(i+1)%len(ring)]}); !open[a.Code][e] {
				t.Fatalf("%s: edge %v is no edge of the union of its children", a.Code, e)
			}
		}
	}
}

func toggle(open map[edge]bool, ring []geo.Point) {
	for i, p := range ring {
		e := edge{p, ring[(i+1)%len(ring)]}
		if back := (edge{e.b, e.a}); open[back] {
			delete(open, back)
		} else {
			open[e] = true
		}
	}
}

// No two edges of the whole county meet but at a common end. With the partition above this makes every ring of every level
// simple. Exact: all pairs of edges whose squares of 0.0005° overlap are tried, in integers.
func TestNoTwoEdgesCross(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{1, 2} {
		edges := []edge{}
		for _, a := range setup(t, seed).Areas {
			if a.Level != coverage.Micro {
				continue
			}
			ring := a.Shape[0][0]
			for i, p := range ring {
				if q := ring[(i+1)%len(ring)]; p.Lon < q.Lon || p.Lon == q.Lon && p.Lat < q.Lat {
					edges = append(edges, edge{p, q})
				} else {
					edges = append(edges, edge{q, p})
				}
			}
		}
		seen := make(map[edge]bool, len(edges))
		square := map[[2]int32][]edge{}
		const side = 5000
		for _, e := range edges {
			if seen[e] {
				continue
			}
			seen[e] = true
			for x := e.a.Lon / side; x <= e.b.Lon/side; x++ {
				for y := min(e.a.Lat, e.b.Lat) / side; y <= max(e.a.Lat, e.b.Lat)/side; y++ {
					for _, o := range square[[2]int32{x, y}] {
						if touch(e, o) {
							t.Fatalf("seed %d: edges %v and %v meet beside their ends", seed, e, o)
						}
					}
					square[[2]int32{x, y}] = append(square[[2]int32{x, y}], e)
				}
			}
		}
	}
}

// touch tells whether two different edges have a point in common that is not an end of both.
func touch(e, o edge) bool {
	if e.b.Lon < o.a.Lon || o.b.Lon < e.a.Lon || max(e.a.Lat, e.b.Lat) < min(o.a.Lat, o.b.Lat) || max(o.a.Lat, o.b.Lat) < min(e.a.Lat, e.b.Lat) {
		return false
	}
	d1, d2 := orient(e.a, e.b, o.a), orient(e.a, e.b, o.b)
	d3, d4 := orient(o.a, o.b, e.a), orient(o.a, o.b, e.b)
	switch {
	case d1 == 0 && d2 == 0: // on one line: they overlap unless one begins where the other ends
		return e.b != o.a && o.b != e.a
	case e.a == o.a || e.a == o.b || e.b == o.a || e.b == o.b:
		return false
	}
	return cmp.Compare(d1, 0)*cmp.Compare(d2, 0) <= 0 && cmp.Compare(d3, 0)*cmp.Compare(d4, 0) <= 0
}

func TestCentresLieInside(t *testing.T) {
	t.Parallel()
	c := setup(t, 1)
	for _, m := range c.micros {
		if !inRing(m.centre, c.Areas[m.area].Shape[0][0]) {
			t.Errorf("%s: its centre lies outside", c.Areas[m.area].Code)
		}
	}
	for _, s := range c.Stations {
		for _, a := range c.Areas {
			if a.Code == s.Area && !inRing(s.Point, a.Shape[0][0]) {
				t.Errorf("%s %s stands outside of %s", s.Code, s.Name, s.Area)
			}
		}
	}
}

// No needles: a micro-grid is not much thinner than wide, by its area and its perimeter in metres.
func TestMicroGridsAreRound(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{1, 2} {
		c := setup(t, seed)
		for _, a := range c.Areas {
			if a.Level != coverage.Micro {
				continue
			}
			ring := a.Shape[0][0]
			perimeter := 0.0
			for i, p := range ring {
				perimeter += c.frame.of(ring[(i+1)%len(ring)]).sub(c.frame.of(p)).len()
			}
			areaM2 := float64(twiceArea(ring)) / 2 * c.frame.kx * c.frame.ky / geo.UnitsPerDegree / geo.UnitsPerDegree
			if round := 12.566 * areaM2 / (perimeter * perimeter); round < .22 {
				t.Errorf("seed %d: %s: roundness %.2f (a disc is 1)", seed, a.Code, round)
			}
		}
	}
}
