package mvt

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestClipKeepsTheInside compares, unit by unit, what is inside a polygon before and after clipping. Coordinates are even
// and probes odd, so that no probe lies on a line; edges run along the axes, so that no cut is rounded.
func TestClipKeepsTheInside(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		within := frame{point{10, 10}, point{30, 30}}
		for _, polygon := range polygonsOf(appendRing(nil, staircase(t))) {
			for i := range polygon {
				polygon[i] = noded(polygon[i], within)
			}
			checkClip(t, polygon, within, false)
			checkClip(t, polygon, within, true)
		}
	})
}

// noded puts points into a ring of edges along the axes where it crosses the lines of a frame.
func noded(ring []point, f frame) (out []point) {
	a := ring[len(ring)-1]
	for _, b := range ring {
		at := []point{b}
		for _, x := range [...]int32{f.low.X, f.high.X} {
			if min(a.X, b.X) < x && x < max(a.X, b.X) {
				at = append(at, point{x, b.Y})
			}
		}
		for _, y := range [...]int32{f.low.Y, f.high.Y} {
			if min(a.Y, b.Y) < y && y < max(a.Y, b.Y) {
				at = append(at, point{b.X, y})
			}
		}
		slices.SortFunc(at, func(p, q point) int {
			return cmp.Compare(max(p.X-a.X, a.X-p.X)+max(p.Y-a.Y, a.Y-p.Y), max(q.X-a.X, a.X-q.X)+max(q.Y-a.Y, a.Y-q.Y))
		})
		out, a = append(out, at...), b
	}
	return out
}

func checkClip(t *rapid.T, polygon [][]point, within frame, touching bool) {
	var clipped [][]point
	new(polygonClipper).clip(polygon, within, touching, func(r []point) { clipped = append(clipped, slices.Clone(r)) })
	for _, r := range clipped {
		for _, p := range r {
			if !within.holds(p) {
				t.Fatalf("%v is outside the frame", p)
			}
		}
	}
	for x := int32(11); x < 30; x += 2 {
		for y := int32(11); y < 30; y += 2 {
			got, want := false, false
			for _, r := range clipped {
				got = got != encloses(r, point{x, y})
			}
			for _, r := range polygon {
				want = want != encloses(r, point{x, y})
			}
			if got != want {
				t.Fatalf("(%d, %d) inside %v is %v, after clipping to %v it is %v", x, y, polygon, want, clipped, got)
			}
		}
	}
}

// staircase draws a ring along the axes without crossings: columns of varying bottom and top, side by side.
func staircase(t *rapid.T) []point {
	var south, north []point
	x := 2 * rapid.Int32Range(0, 8).Draw(t, "x")
	for range rapid.IntRange(1, 6).Draw(t, "columns") {
		width := 2 * rapid.Int32Range(1, 5).Draw(t, "width")
		low := 2 * rapid.Int32Range(0, 9).Draw(t, "low")
		high := 2 * rapid.Int32Range(10, 20).Draw(t, "high")
		south = append(south, point{x, low}, point{x + width, low})
		north = append(north, point{x, high}, point{x + width, high})
		x += width
	}
	slices.Reverse(north)
	return append(south, north...)
}

// TestClipWithHoles puts a hole beside, across and inside the frame.
func TestClipWithHoles(t *testing.T) {
	t.Parallel()
	within := frame{point{0, 0}, point{10, 10}}
	shell := []point{{-20, -20}, {30, -20}, {30, 30}, {-20, 30}}
	box := func(left, top, right, bottom int32) []point { // a hole
		return []point{{left, top}, {left, bottom}, {right, bottom}, {right, top}}
	}
	for _, c := range []struct {
		name        string
		rings       [][]point
		rest, areas int64 // number of rings, twice the area
	}{
		{"none", [][]point{shell}, 1, 200},
		{"beside", [][]point{shell, box(-9, -9, -4, -4)}, 1, 200},
		{"inside", [][]point{shell, box(4, 4, 6, 6)}, 2, 192},
		{"across", [][]point{shell, box(-5, 4, 5, 6)}, 1, 180},
		{"right through", [][]point{shell, box(-5, 4, 15, 6)}, 2, 160},
		{"over all", [][]point{shell, box(-5, -5, 15, 15)}, 0, 0},
		{"through and inside", [][]point{shell, box(-5, 4, 15, 6), box(1, 1, 3, 3), box(7, 7, 8, 8)}, 4, 160 - 8 - 2},
		{"shell inside", [][]point{{{2, 2}, {8, 2}, {8, 8}, {2, 8}}, box(4, 4, 6, 6)}, 2, 72 - 8},
		{"shell outside", [][]point{{{12, 2}, {18, 2}, {18, 8}, {12, 8}}}, 0, 0},
		{"shell touches", [][]point{{{10, 2}, {18, 2}, {18, 8}, {10, 8}}}, 0, 0},
		{"corner in", [][]point{{{5, 5}, {18, 5}, {18, 18}, {5, 18}}}, 1, 50},
	} {
		for i := range c.rings {
			c.rings[i] = noded(c.rings[i], within)
		}
		for _, touching := range []bool{false, true} {
			count, areas := int64(0), int64(0)
			new(polygonClipper).clip(c.rings, within, touching, func(r []point) {
				count++
				areas += twiceArea(r)
			})
			if count != c.rest || areas != c.areas {
				t.Errorf("%s: %d rings of %d, want %d of %d", c.name, count, areas, c.rest, c.areas)
			}
		}
	}
}

func TestClipLine(t *testing.T) {
	t.Parallel()
	within := frame{point{0, 0}, point{10, 10}}
	for _, c := range []struct {
		name string
		line []point
		want [][]point
	}{
		{"inside", []point{{1, 1}, {5, 5}, {9, 1}}, [][]point{{{1, 1}, {5, 5}, {9, 1}}}},
		{"outside", []point{{-5, -5}, {-1, 20}}, nil},
		{"through", []point{{-5, 5}, {0, 5}, {10, 5}, {15, 5}}, [][]point{{{0, 5}, {10, 5}}}},
		{"out and in", []point{{5, 5}, {10, 5}, {15, 5}, {15, 7}, {10, 7}, {5, 7}}, [][]point{{{5, 5}, {10, 5}}, {{10, 7}, {5, 7}}}},
		{"touches", []point{{-5, 5}, {0, 5}, {-5, 7}}, nil},
		{"ends on the frame", []point{{5, 5}, {10, 5}, {12, 5}}, [][]point{{{5, 5}, {10, 5}}}},
		{"a point", []point{{5, 5}}, nil},
		{"nothing", nil, nil},
	} {
		var got [][]point
		within.clipLine(c.line, func(piece []point) { got = append(got, slices.Clone(piece)) })
		if !slices.EqualFunc(got, c.want, slices.Equal) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
