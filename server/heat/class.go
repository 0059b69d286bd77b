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
// are the greatest count of each class. counts is put in order.
//
// It goes up from the least count and ends a class where its size is nearest to an even share of what is left.
func quantiles(counts []uint32, most int) (limits []uint32) {
	slices.Sort(counts)
	for first := 0; first < len(counts); {
		left := most - len(limits)
		end := nextOther(counts, first)
		for left > 1 && end < len(counts) {
			next := nextOther(counts, end)
			if share := (len(counts) - first) / left; share-(end-first) < (next-first)-share {
				break
			}
			end = next
		}
		if left == 1 {
			end = len(counts)
		}
		limits = append(limits, counts[end-1])
		first = end
	}
	return limits
}

// nextOther is where in sorted counts the ones after those at first begin.
func nextOther(counts []uint32, first int) int {
	n, _ := slices.BinarySearch(counts[first:], counts[first]+1)
	return first + n
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
