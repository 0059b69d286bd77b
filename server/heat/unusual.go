package heat

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"jingwei/geo/coverage"
	"jingwei/server/incident"
	"jingwei/server/web"
)

// What is unusual.
const (
	historyWeeks = 8
	unusualP     = 0.001 // how likely as many or more are, at the most
	unusualCount = 3     // incidents, at the least: fewer are no news however rare
)

// Statistic says how it is found.
const statistic = "The number of incidents in the window is compared with those in the same window of each of the 8 weeks before. " +
	"If an area's incidents come as a Poisson process whose rate nothing is known of but S incidents in those 8 windows, the rate has a Gamma(½+S, 8) distribution " +
	"(Jeffreys' prior), and the number in one more window a negative binomial one with mean (½+S)/8. p is the probability of as many as were counted or more; " +
	"areas with p < 0.001 and at least 3 incidents are listed, the least likely first. surprise is −log10 p. expected_false is the number of areas looked at × 0.001: " +
	"as many are listed at most, on average, where nothing is unusual."

// Unusual is where more was reported than is usual.
type Unusual struct {
	Statistic     string    `json:"statistic" doc:"How it was found, in words"`
	Weeks         int       `json:"weeks" doc:"Of history"`
	At            time.Time `json:"at" doc:"The end of the window"`
	WindowMin     int       `json:"window_min"`
	ExpectedFalse float64   `json:"expected_false" doc:"How many of the areas listed are so by chance, at most and on average"`
	Told
	Items []UnusualArea `json:"items" nullable:"false" doc:"The most surprising first; none while incidents are still being counted, because the history is not complete"`
}

// UnusualArea is an area where more was reported than is usual.
type UnusualArea struct {
	Code     string  `json:"code"`
	Name     string  `json:"name"`
	Lon      float64 `json:"lon" doc:"Of a point well inside"`
	Lat      float64 `json:"lat"`
	Count    int64   `json:"count" doc:"In the window"`
	Mean     float64 `json:"mean" doc:"What was to be expected"`
	P        float64 `json:"p" doc:"Probability of as many or more"`
	Surprise float64 `json:"surprise" doc:"−log10 p"`
}

// Unusual lists at most limit areas of a level, of those that the actor of ctx may see, in which more incidents of a filter were reported in a
// window before an instant, the zero time being now, than the 8 weeks before let expect. The filter's own range of time does not count.
//
// The statistic: X, the number in the window, given S in the history, is negative binomial with r = ½+S and success probability 8/9:
// P(X = k) = Γ(k+r) / (k! Γ(r)) · (8/9)^r · (1/9)^k. That is the mixture of Poisson distributions over the Gamma(½+S, 8) posterior of the rate.
//
// Cost: the table is asked nine times for the rows of a window; what is unusual among 3,000 grids takes some milliseconds.
func (s *Service) Unusual(ctx context.Context, f incident.Filter, level coverage.Level, at time.Time, windowMin, limit int) (Unusual, error) {
	if at.IsZero() {
		at = s.now()
	}
	at = at.Truncate(time.Minute)
	f.From, f.To = at.Add(-time.Duration(windowMin)*time.Minute), at
	if f.From.AddDate(0, 0, -7*historyWeeks).Before(incident.EarliestReport) {
		return Unusual{}, web.NewProblem(web.Invalid, "at is too early: there is no history before it").At("query.at", at)
	}
	q, err := s.ask(ctx, f)
	if err != nil {
		return Unusual{}, err
	}
	answer := Unusual{Statistic: statistic, Weeks: historyWeeks, At: at.UTC(), WindowMin: windowMin, Told: q.told(), Items: []UnusualArea{}}
	tested := 0
	atlas := s.areas.Current()
	for id := range coverage.ID(atlas.Coverage.Len()) {
		if atlas.Coverage.Level(id) == level && q.scope.Holds(atlas.Codes(id)) && within(atlas.Codes(id), f.Areas) {
			tested++
		}
	}
	answer.ExpectedFalse = float64(tested) * unusualP
	if s.state.Load().partial {
		return answer, nil
	}
	areas, err := count(ctx, q, fmt.Sprintf("unusual %d", level), func(a []UnusualArea) int { return 150 * len(a) }, func(l *ledger) ([]UnusualArea, error) {
		return q.unusual(l, level), nil
	})
	if err != nil {
		return answer, err
	}
	answer.Items = append(answer.Items, areas[:min(limit, len(areas))]...)
	for i := range answer.Items {
		a := &answer.Items[i]
		a.Name = nameOf(atlas, a.Code)
		if id, ok := atlas.Coverage.Find(a.Code); ok {
			a.Lon, a.Lat = atlas.Coverage.Label(id).Degrees()
		}
	}
	return answer, nil
}

// within reports whether a chain of codes lies in one of some areas; in all where there are none.
func within(chain []string, areas [][]string) bool {
	return len(areas) == 0 || slices.ContainsFunc(areas, func(a []string) bool {
		return len(a) <= len(chain) && chain[len(a)-1] == a[len(a)-1]
	})
}

// unusual lists areas by code, the most surprising first.
func (q *question) unusual(l *ledger, level coverage.Level) []UnusualArea {
	f := q.on(l)
	now := l.byArea(level, l.table.ByOwner(f))
	history := map[string]int64{}
	for range historyWeeks {
		const week = 7 * 24 * 60
		f.From, f.To = f.From-week, f.To-week
		for code, n := range l.byArea(level, l.table.ByOwner(f)) {
			history[code] += n
		}
	}
	areas := []UnusualArea{}
	for code, n := range now {
		if n < unusualCount {
			continue
		}
		if p := tail(n, history[code]); p < unusualP {
			areas = append(areas, UnusualArea{Code: code, Count: n, Mean: mean(history[code]), P: p, Surprise: -math.Log10(p)})
		}
	}
	slices.SortFunc(areas, func(a, b UnusualArea) int {
		return cmp.Or(cmp.Compare(b.Surprise, a.Surprise), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Code, b.Code))
	})
	return areas
}

// mean of the number in a window, given that in the windows of the history.
func mean(history int64) float64 { return (0.5 + float64(history)) / historyWeeks }

// tail is the probability of at least n in a window, given the number in those of the history; see Unusual. It adds up the terms from n on,
// each from the one before, so that the smallest probabilities are right too. At or below the mean, where no surprise is, it is 1.
func tail(n, history int64) float64 {
	if float64(n) <= mean(history) {
		return 1
	}
	r, k := 0.5+float64(history), float64(n)
	gamma := func(x float64) float64 { v, _ := math.Lgamma(x); return v }
	const more = 1.0 / (historyWeeks + 1)
	term := math.Exp(gamma(k+r) - gamma(k+1) - gamma(r) + r*math.Log1p(-more) + k*math.Log(more))
	p := 0.0
	for ; term > p*1e-17 && term > 0; k++ {
		p += term
		term *= (k + r) / (k + 1) * more
	}
	return max(p, math.SmallestNonzeroFloat64)
}
