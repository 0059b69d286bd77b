package hexbin

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"jingwei/geo"
)

// Bins are put together in parts: nothing is lost or twice where they meet, however the cells that came late lie among the others.
func TestHeldInParts(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 7))
	for _, n := range []int{0, 1, parts - 1, parts, parts + 1, 10*parts + 7, 200_000} {
		for _, late := range []int{0, 1, 1000} {
			want := map[geo.Cell]uint32{}
			var cells []geo.Cell
			var counts []uint32
			for i := range n {
				cells, counts = append(cells, geo.Cell(1000+10*i)), append(counts, random.Uint32N(3))
				if counts[i] > 0 {
					want[cells[i]] = counts[i]
				}
			}
			others := map[geo.Cell]uint32{}
			for range late { // also before the first and after the last
				others[geo.Cell(995+10*random.IntN(n+2))] = 1 + random.Uint32N(3)
			}
			for p := range parts + 1 { // where parts meet
				if at := geo.Cell(1000 + 10*(p*n/parts)); late > 1 {
					others[at-1], others[at+1] = 7, 8
				}
			}
			maps.Copy(want, others)
			among := Bins{Cells: slices.Sorted(maps.Keys(others))}
			for _, c := range among.Cells {
				among.Counts = append(among.Counts, others[c])
			}
			got := held(cells, counts, among)
			if !slices.IsSorted(got.Cells) || len(got.Cells) != len(want) || len(got.Counts) != len(want) {
				t.Fatalf("%d cells and %d late: %d bins, want %d", n, late, len(got.Cells), len(want))
			}
			for i, c := range got.Cells {
				if want[c] != got.Counts[i] {
					t.Fatalf("%d cells and %d late: %d in cell %d, want %d", n, late, got.Counts[i], c, want[c])
				}
			}
		}
	}
}

// Parents are added up in parts: each has the sum of its own cells, however many there are and wherever parts meet.
func TestSumsInParts(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(8, 8))
	for _, n := range []int{0, 1, parts - 1, parts, parts + 1, 10*parts + 7, 20_000} {
		f := &fold{parents: make([]geo.Cell, n)}
		var counts, want []uint32
		for range n {
			sum := uint32(0)
			for range 1 + random.IntN(7) {
				counts = append(counts, random.Uint32N(3))
				sum += counts[len(counts)-1]
			}
			f.ends, want = append(f.ends, uint32(len(counts))), append(want, sum)
		}
		if got := f.sums(counts); !slices.Equal(got, want) {
			t.Errorf("%d parents have %v, want %v", n, got, want)
		}
	}
}
