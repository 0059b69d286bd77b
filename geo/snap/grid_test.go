package snap

import (
	"testing"

	"pgregory.net/rapid"

	"jingwei/geo"
)

// TestCellOfDivides compares the multiplication with a reciprocal to a division, also where quotients change.
func TestCellOfDivides(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(2, 1<<32-1).Draw(t, "size")
		g := newGrid(geo.Point{}, geo.Point{Lon: 1, Lat: 1}, size)
		distance := rapid.Uint32().Draw(t, "distance")
		edge := uint32(int64(distance) / size * size)
		for _, d := range []uint32{distance, edge, edge - 1, edge + 1, 0, 1<<32 - 1} {
			if got, want := g.cellOf(d), uint32(int64(d)/size); got != want {
				t.Fatalf("%d / %d = %d, want %d", d, size, got, want)
			}
		}
	})
}
