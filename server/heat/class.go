package heat

import "slices"

const (
	heatClasses  = 7 // 0 the least to 6 the most
	shiftClasses = 3 // of growth, and as many of decline
)

// Class is a range of counts that maps show alike.
type Class struct {
	Class int   `json:"class"`
	From  int64 `json:"from" doc:"The least count"`
	To    int64 `json:"to" doc:"The greatest count, included"`
}

// quantiles divides counts, none of them 0, into at most so many classes, each with about as many of them: the same counts are always in one
// class, and no class is empty, so a count that more than its share of the cells have makes the other classes even among the rest. The limits
// are the greatest count of each class.
//
// It goes up from the least count and ends a class where its size is nearest to an even share of what is left.
func quantiles(levels []level, most int) (limits []uint32) {
	left := 0
	for _, l := range levels {
		left += l.cells
	}
	for len(levels) > 0 {
		classes := most - len(limits)
		end, size := 1, levels[0].cells
		for ; classes > 1 && end < len(levels); end++ {
			next := size + levels[end].cells
			if share := left / classes; share-size < next-share {
				break
			}
			size = next
		}
		if classes == 1 {
			end = len(levels)
		}
		limits = append(limits, levels[end-1].count)
		levels, left = levels[end:], left-size
	}
	return limits
}

// level is a count, and how many cells have it.
type level struct {
	count uint32
	cells int
}

// levelsOf are the different counts, in order. Nearly all counts are small, so that they need not be sorted.
func levelsOf(counts []uint32) (levels []level) {
	const small = 1 << 12
	cells := make([]int, small)
	var large []uint32
	for _, n := range counts {
		if n < small {
			cells[n]++
		} else {
			large = append(large, n)
		}
	}
	for n, held := range cells {
		if held > 0 {
			levels = append(levels, level{uint32(n), held})
		}
	}
	slices.Sort(large)
	for _, n := range large {
		if last := len(levels) - 1; last >= 0 && levels[last].count == n {
			levels[last].cells++
		} else {
			levels = append(levels, level{n, 1})
		}
	}
	return levels
}

// classOf is the class of a count by the limits of quantiles.
func classOf(limits []uint32, count uint32) int {
	n, _ := slices.BinarySearch(limits, count)
	return n
}

// classesOf are the classes of counts with limits.
func classesOf(limits []uint32) []Class {
	classes := make([]Class, len(limits))
	from := int64(1)
	for i, to := range limits {
		classes[i] = Class{i, from, int64(to)}
		from = int64(to) + 1
	}
	return classes
}

// shiftsOf are the classes of differences whose amounts have limits: the same for growth and decline, and 0 for no change alone.
func shiftsOf(limits []uint32) []Class {
	classes := []Class{{}}
	for _, c := range classesOf(limits) {
		classes = append(classes, Class{c.Class + 1, c.From, c.To}, Class{-c.Class - 1, -c.To, -c.From})
	}
	slices.SortFunc(classes, func(a, b Class) int { return a.Class - b.Class })
	return classes
}

// shiftOf is the class of a difference.
func shiftOf(limits []uint32, diff int64) int {
	switch {
	case diff > 0:
		return classOf(limits, uint32(diff)) + 1
	case diff < 0:
		return -classOf(limits, uint32(-diff)) - 1
	}
	return 0
}
