package cover

import (
	"testing"

	"pgregory.net/rapid"
)

// TestCrosses: what holds a centre, by the edges to its east, changes exactly with the edges crossed on the way to another centre; on a
// lattice so small that centres lie on edges and vertices, and ways run along edges.
func TestCrosses(t *testing.T) {
	t.Parallel()
	spots := rapid.Custom(func(t *rapid.T) spot {
		return spot{rapid.Int64Range(0, 4).Draw(t, "lon"), rapid.Int64Range(0, 4).Draw(t, "lat")}
	})
	rapid.Check(t, func(t *rapid.T) {
		ring := rapid.SliceOfN(spots, 3, 7).Draw(t, "ring")
		from, to := spots.Draw(t, "from"), spots.Draw(t, "to")
		held, holds, crossed := false, false, false
		for i, b := range ring {
			a := ring[(i+len(ring)-1)%len(ring)]
			held = held != passesEast(from, a, b)
			holds = holds != passesEast(to, a, b)
			crossed = crossed != crosses(from, to, a, b)
		}
		if (held != holds) != crossed {
			t.Fatalf("held %v, holds %v, crossed %v", held, holds, crossed)
		}
	})
}
