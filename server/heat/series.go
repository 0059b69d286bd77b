package heat

import (
	"context"
	"strconv"
	"time"

	"jingwei/geo/hexbin"
	"jingwei/server/incident"
	"jingwei/server/web"
)

// Series is how many incidents were reported in each of equal steps of time.
type Series struct {
	From  time.Time `json:"from" doc:"The beginning of the first step"`
	StepS int64     `json:"step_s" doc:"Seconds"`
	Total int64     `json:"total"`
	Told
	Counts []uint32 `json:"counts" nullable:"false" doc:"By step: those that pass the filter, so the first and the last count a part of their step where from and to lie within"`
}

// steps in minutes, and in minutes since 1970 where one of them begins: in Asia/Shanghai, weeks on Mondays.
var steps = map[string]struct{ min, origin int64 }{
	"5m": {5, 0}, "15m": {15, 0}, "1h": {60, 0}, "1d": {24 * 60, -offsetMin}, "1w": {7 * 24 * 60, 4*24*60 - offsetMin}, // 1970-01-05 was a Monday
}

// mostSteps bounds a series: a year of hours.
const mostSteps = 9_000

// Series counts by steps of time what passes a filter and the actor of ctx may see. Without to it ends now, and without from it begins a day
// before the end.
func (s *Service) Series(ctx context.Context, f incident.Filter, step string) (Series, error) {
	if f.To.IsZero() {
		f.To = s.now()
	}
	if f.From.IsZero() {
		f.From = f.To.AddDate(0, 0, -1)
	}
	if !f.From.Before(f.To) {
		return Series{}, web.NewProblem(web.Invalid, "to is not after from").At("query.to", f.To)
	}
	length := steps[step]
	from, to := minutesOf(&f)
	first := alignedDown(from, length.min, length.origin)
	if n := (int64(to) - first + length.min - 1) / length.min; n > mostSteps {
		return Series{}, web.NewProblem(web.Invalid, "from and to are "+strconv.FormatInt(n, 10)+" steps apart; ask for a longer step or for at most "+strconv.Itoa(mostSteps)+" steps").
			At("query.step", step)
	}
	q, err := s.ask(ctx, f)
	if err != nil {
		return Series{}, err
	}
	answer := Series{From: time.Unix(first*60, 0).UTC(), StepS: length.min * 60, Told: q.told()}
	answer.Counts, err = count(ctx, q, "series "+step, func(c []uint32) int { return 4 * len(c) }, func(l *ledger) ([]uint32, error) {
		return inSteps(l, q.on(l), length.min, length.origin)
	})
	answer.Total = sum(answer.Counts)
	return answer, err
}

// alignedDown is the last beginning of a step that is not after a minute.
func alignedDown(minute uint32, step, origin int64) int64 {
	n := int64(minute) - origin
	return int64(minute) - (n%step+step)%step
}

// inSteps counts what passes a filter, which has both its ends, by steps. The table counts steps from the filter's beginning on, so the part
// before the first beginning of a step is asked for by itself.
func inSteps(l *ledger, f hexbin.Filter, step, origin int64) ([]uint32, error) {
	if f.To <= f.From {
		return []uint32{}, nil
	}
	var counts []uint32
	if next := alignedDown(f.From, step, origin) + step; next != int64(f.From)+step {
		head := f
		head.To = uint32(min(next, int64(f.To)))
		part, err := l.table.Series(head, uint32(step))
		if err != nil || head.To == f.To {
			return part, err
		}
		counts, f.From = part, head.To
	}
	part, err := l.table.Series(f, uint32(step))
	return append(counts, part...), err
}
