package heat

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Classes follow each other without a gap, none is empty, the same counts are in one class, and without ties they are even.
func TestQuantiles(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 3))
		counts := make([]uint32, random.IntN(400))
		spread := 1 + random.Uint32N([]uint32{500, 50_000}[seed%2])
		for i := range counts {
			counts[i] = 1 + random.Uint32N(spread)
			if seed%3 == 0 {
				counts[i] = uint32(1 + i*7)
			}
		}
		random.Shuffle(len(counts), func(i, j int) { counts[i], counts[j] = counts[j], counts[i] })
		limits := quantiles(levelsOf(counts), heatClasses)
		sizes := make([]int, len(limits))
		for _, n := range counts {
			sizes[classOf(limits, n)]++
		}
		distinct := slices.Compact(slices.Sorted(slices.Values(counts)))
		if len(limits) > heatClasses || len(counts) > 0 && (len(limits) == 0 || limits[len(limits)-1] != distinct[len(distinct)-1]) || slices.Contains(sizes, 0) {
			t.Fatalf("seed %d: limits %v, sizes %v", seed, limits, sizes)
		}
		if len(distinct) <= heatClasses && seed%3 != 0 && spread <= heatClasses && len(counts) > 100 && len(limits) != len(distinct) {
			t.Errorf("seed %d: %d different counts in %d classes", seed, len(distinct), len(limits))
		}
		if seed%3 == 0 && len(counts) >= heatClasses && slices.Max(sizes)-slices.Min(sizes) > 1 {
			t.Errorf("seed %d: classes of %v", seed, sizes)
		}
		last := int64(0)
		for i, c := range classesOf(limits) {
			if c.Class != i || c.From != last+1 || c.To < c.From {
				t.Errorf("seed %d: classes %v", seed, classesOf(limits))
			}
			last = c.To
		}
	}
	// A count that half of the cells have leaves the other classes to the rest.
	skewed := append(slices.Repeat([]uint32{1}, 600), slices.Repeat([]uint32{2, 3, 4, 5, 6, 7}, 100)...)
	if limits := quantiles(levelsOf(skewed), heatClasses); !slices.Equal(limits, []uint32{1, 2, 3, 4, 5, 6, 7}) {
		t.Errorf("limits %v", limits)
	}
}

// Growth and decline of the same amount have opposite classes, and no other difference is in the class of no change.
func TestShifts(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(4, 4))
	amounts := make([]uint32, 200)
	for i := range amounts {
		amounts[i] = 1 + random.Uint32N(60)
	}
	limits := quantiles(levelsOf(amounts), shiftClasses)
	classes := shiftsOf(limits)
	if len(classes) != 2*shiftClasses+1 {
		t.Fatalf("classes %v", classes)
	}
	for diff := int64(-60); diff <= 60; diff++ {
		class := shiftOf(limits, diff)
		if class != -shiftOf(limits, -diff) || (class == 0) != (diff == 0) {
			t.Errorf("%d is in class %d", diff, class)
		}
		if c := classes[class+shiftClasses]; diff != 0 && (c.Class != class || diff < c.From && diff > classes[0].From || diff > c.To && diff < 60) {
			t.Errorf("%d is in class %d, %+v", diff, class, c)
		}
	}
	if classes := shiftsOf(nil); !slices.Equal(classes, []Class{{}}) {
		t.Errorf("without a change: %v", classes)
	}
}
