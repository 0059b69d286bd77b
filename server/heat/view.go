package heat

import (
	"context"
	"strconv"
	"time"

	"jingwei/geo"
	"jingwei/geo/hexbin"
	"jingwei/geo/mvt"
	"jingwei/server/web"
)

// byZoom is the resolution of the cells of each zoom from 6 on: cells some 10 to 30 pixels wide.
var byZoom = [...]int{4, 5, 5, 6, 6, 7, 8, 8, 9, 10, 11}

// tooFine is how much finer than byZoom cells may be asked for: seven times as many with each step.
const tooFine = 2

// resolutionOf is the resolution for a zoom, or the one that was asked for, 0 being none.
func resolutionOf(z, asked int) (int, error) {
	own := byZoom[max(z-mvt.MinZoom, 0)]
	switch {
	case asked == 0:
		return own, nil
	case asked > own+tooFine:
		return 0, web.NewProblem(web.Invalid, "resolution "+strconv.Itoa(asked)+" is too fine for zoom "+strconv.Itoa(z)+": ask for at most "+strconv.Itoa(own+tooFine)).
			At("query.resolution", asked)
	}
	return asked, nil
}

// view is the cells of a whole answer at one resolution, ready to be shown. It is immutable.
type view struct {
	cells  []geo.Cell // in order
	counts []uint32
	before []uint32 // of the range to compare with; nil without one
	limits []uint32 // of the classes
	hexes  *mvt.Hexes
	total  int64
}

func (v *view) bytes() int { return 16*len(v.cells) + 256 }

// view counts by cell; before may be nil.
func (q *question) view(ctx context.Context, before *question, resolution int) (*view, error) {
	what := "view" + strconv.Itoa(resolution)
	if before != nil {
		what += "|" + strconv.Quote(before.key)
	}
	return count(ctx, q, what, (*view).bytes, func(l *ledger) (*view, error) {
		bins, err := l.table.Count(q.on(l), resolution)
		if err != nil {
			return nil, err
		}
		v := &view{}
		if before == nil {
			v.take(bins)
		} else {
			earlier, err := l.table.Count(before.on(l), resolution)
			if err != nil {
				return nil, err
			}
			v.merge(bins, earlier)
		}
		v.hexes, err = q.service.outlines.Hexes(v.cells)
		return v, err
	})
}

func (v *view) take(bins hexbin.Bins) {
	v.cells, v.counts = bins.Cells, bins.Counts
	levels := levelsOf(v.counts)
	for _, l := range levels {
		v.total += int64(l.count) * int64(l.cells)
	}
	v.limits = quantiles(levels, heatClasses)
}

// merge puts together the cells of two ranges of time.
func (v *view) merge(now, earlier hexbin.Bins) {
	var amounts []uint32
	v.before = []uint32{}
	for i, j := 0, 0; i < len(now.Cells) || j < len(earlier.Cells); {
		var cell geo.Cell
		var n, before uint32
		isNow := j == len(earlier.Cells) || i < len(now.Cells) && now.Cells[i] <= earlier.Cells[j]
		isEarlier := i == len(now.Cells) || j < len(earlier.Cells) && earlier.Cells[j] <= now.Cells[i]
		if isNow {
			cell, n = now.Cells[i], now.Counts[i]
			i++
		}
		if isEarlier {
			cell, before = earlier.Cells[j], earlier.Counts[j]
			j++
		}
		v.cells, v.counts, v.before = append(v.cells, cell), append(v.counts, n), append(v.before, before)
		v.total += int64(n)
		if n != before {
			amounts = append(amounts, max(n, before)-min(n, before))
		}
	}
	v.limits = quantiles(levelsOf(amounts), shiftClasses)
}

// class of the i-th cell.
func (v *view) class(i int) int {
	if v.before == nil {
		return classOf(v.limits, v.counts[i])
	}
	return shiftOf(v.limits, v.diff(i))
}

func (v *view) diff(i int) int64 { return int64(v.counts[i]) - int64(v.before[i]) }

func (v *view) classes() []Class {
	if v.before == nil {
		return classesOf(v.limits)
	}
	return shiftsOf(v.limits)
}

// compared is the question of the range to compare with; nil without one.
func (q *question) compared(from, to time.Time) (*question, error) {
	switch {
	case from.IsZero() && to.IsZero():
		return nil, nil //nolint:nilnil // no comparison is no error
	case from.IsZero() || to.IsZero() || !from.Before(to):
		return nil, web.NewProblem(web.Invalid, "to compare, give both compare_from and compare_to, the later one last").At("query.compare_from", from)
	}
	return q.during(from, to), nil
}
