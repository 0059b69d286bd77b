package demo

import (
	"math"
	"math/rand/v2"

	"jingwei/geo/coverage"
)

// The norms of size: households of a micro-grid and of a grid (GB/T 34300-2017 and published practice).
const (
	minMicro, maxMicro = 30, 100
	minGrid, maxGrid   = 300, 500
)

// people gives each micro-grid its households and people so that grids keep to their norm too, and adds up. areas are sorted by
// code; parent holds the index of the area above.
func people(rng *rand.Rand, areas []Area, parent []int32) {
	for i := range areas {
		if areas[i].Level != coverage.Grid {
			continue
		}
		n := 0
		for i+1+n < len(areas) && areas[i+1+n].Level == coverage.Micro {
			n++
		}
		// Few or many micro-grids can keep a grid out of its norm, never a micro-grid out of its own.
		total := clamp(minGrid+4+125*rng.Float64(), minMicro*float64(n), maxMicro*float64(n))
		share, sum := make([]float64, n), 0.0
		for j := range share {
			share[j] = .6 + .8*rng.Float64()
			sum += share[j]
		}
		left := int(math.Round(total))
		for j := range share {
			rest := n - 1 - j
			// What is left for the others must stay within their norm.
			h := int(math.Round(float64(left) * share[j] / sum))
			h = max(minMicro, left-maxMicro*rest, min(h, maxMicro, left-minMicro*rest))
			left -= h
			sum -= share[j]
			micro := &areas[i+1+j]
			micro.Households = h
			micro.Population = int(math.Round(float64(h) * (2.3 + .6*rng.Float64())))
		}
	}
	for i := len(areas) - 1; i > 0; i-- {
		if p := parent[i]; p >= 0 {
			areas[p].Households += areas[i].Households
			areas[p].Population += areas[i].Population
		}
	}
}
