package demo

import "math/rand/v2"

// alias draws from weights in constant time (Vose 1991).
type alias struct {
	share []float64
	other []int32
}

func newAlias(weight []float64) alias {
	n := len(weight)
	a := alias{make([]float64, n), make([]int32, n)}
	sum := 0.0
	for _, w := range weight {
		sum += w
	}
	var small, large []int32
	for i, w := range weight {
		a.share[i] = w * float64(n) / sum
		if a.share[i] < 1 {
			small = append(small, int32(i))
		} else {
			large = append(large, int32(i))
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		a.other[s] = l
		if a.share[l] -= 1 - a.share[s]; a.share[l] < 1 {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	for _, i := range append(small, large...) { // all that is left is 1 but for rounding
		a.share[i] = 1
	}
	return a
}

func (a *alias) pick(rng *rand.Rand) int32 {
	i := int32(rng.IntN(len(a.share)))
	if rng.Float64() < a.share[i] {
		return i
	}
	return a.other[i]
}
