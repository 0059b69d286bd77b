package mvt

import (
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
		ring := staircase(t)
		if ring = tidyRing(ring); len(ring) == 0 {
			return
		}
		if twiceArea(ring) < 0 {
			slices.Reverse(ring)
		}
		var clipped [][]point
		new(polygonClipper).clip([][]point{slices.Clone(ring)}, within, func(r []point) {
			clipped = append(clipped, slices.Clone(r))
		})
		for _, r := range clipped {
			for _, p := range r {
				if !within.holds(p) {
					t.Fatalf("%v is outside the frame", p)
				}
			}
		}
		for x := int32(11); x < 30; x += 2 {
			for y := int32(11); y < 30; y += 2 {
				got := false
				for _, r := range clipped {
					got = got != encloses(r, point{x, y})
				}
				if want := encloses(ring, point{x, y}); got != want {
					t.Fatalf("(%d, %d) inside %v is %v, after clipping to %v it is %v", x, y, ring, want, clipped, got)
				}
			}
		}
	})
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
		count, areas := int64(0), int64(0)
		new(polygonClipper).clip(c.rings, within, func(r []point) {
			count++
			areas += twiceArea(r)
		})
		if count != c.rest || areas != c.areas {
			t.Errorf("%s: %d rings of %d, want %d of %d", c.name, count, areas, c.rest, c.areas)
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
		{"through", []point{{-5, 5}, {15, 5}}, [][]point{{{0, 5}, {10, 5}}}},
		{"out and in", []point{{5, 5}, {15, 5}, {15, 7}, {5, 7}}, [][]point{{{5, 5}, {10, 5}}, {{10, 7}, {5, 7}}}},
		{"touches", []point{{-5, 5}, {0, 5}, {-5, 7}}, nil},
		{"past a corner", []point{{-3, 1}, {1, -3}}, nil},
		{"ends on the frame", []point{{5, 5}, {10, 5}, {12, 5}}, [][]point{{{5, 5}, {10, 5}}}},
		{"a point", []point{{5, 5}}, nil},
		{"nothing", nil, nil},
	} {
		var got [][]point
		within.clipLine(c.line, nil, func(piece []point) { got = append(got, slices.Clone(piece)) })
		if !slices.EqualFunc(got, c.want, slices.Equal) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestTidyRing(t *testing.T) {
	t.Parallel()
	square := []point{{0, 0}, {9, 0}, {9, 9}, {0, 9}}
	for _, c := range []struct{ ring, want []point }{
		{square, square},
		{[]point{{0, 0}, {0, 0}, {9, 0}, {9, 9}, {9, 9}, {0, 9}, {0, 0}}, square},
		{[]point{{0, 0}, {9, 0}, {15, 0}, {9, 0}, {9, 9}, {0, 9}}, square},
		{[]point{{-4, 0}, {0, 0}, {9, 0}, {9, 9}, {0, 9}, {0, 0}}, []point{{0, 0}, {9, 0}, {9, 9}, {0, 9}}},
		{[]point{{0, 0}, {9, 0}, {9, 9}, {9, 0}}, nil},
		{[]point{{0, 0}, {0, 0}}, nil},
		{nil, nil},
	} {
		got := tidyRing(slices.Clone(c.ring))
		if len(got) != len(c.want) || len(got) > 0 && twiceArea(got) != twiceArea(c.want) {
			t.Errorf("tidyRing(%v) = %v, want %v", c.ring, got, c.want)
		}
	}
}

func TestSimplify(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) point {
			return point{rapid.Int32Range(0, 40).Draw(t, "x"), rapid.Int32Range(0, 40).Draw(t, "y")}
		}), 1, 30).Draw(t, "line")
		const tolerance = 5.0
		kept := simplify(nil, slices.Clone(line), tolerance)
		if kept[0] != line[0] || kept[len(kept)-1] != line[len(line)-1] {
			t.Fatalf("the ends of %v moved: %v", line, kept)
		}
		for _, p := range line {
			near := len(kept) == 1 && p == kept[0]
			for i := 1; i < len(kept); i++ {
				near = near || distance2(p, kept[i-1], kept[i]) <= tolerance*tolerance
			}
			if !near {
				t.Fatalf("%v of %v is farther than %v from %v", p, line, tolerance, kept)
			}
		}
	})
}
