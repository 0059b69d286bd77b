package heat

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"jingwei/geo/coverage"
	"jingwei/server/area/areatest"
	"jingwei/server/incident"
	"jingwei/server/web"
)

// tailBySum is the twin of tail: one less the terms below n of the negative binomial, each by itself from the gamma function.
func tailBySum(n, history int64) float64 {
	r, sum := 0.5+float64(history), 0.0
	for k := range n {
		a, _ := math.Lgamma(float64(k) + r)
		b, _ := math.Lgamma(float64(k) + 1)
		c, _ := math.Lgamma(r)
		sum += math.Exp(a-b-c) * math.Pow(8.0/9, r) * math.Pow(1.0/9, float64(k))
	}
	return 1 - sum
}

// tailByMixture is what the negative binomial stands for: Poisson tails over the Gamma(½+S, 8) distribution of the rate, by the midpoint rule.
func tailByMixture(n, history int64) float64 {
	shape := 0.5 + float64(history)
	gamma, _ := math.Lgamma(shape)
	const steps = 20_000
	// The rate is the square of u, which takes away the pole of the density at 0.
	end := math.Sqrt(shape/8+12*math.Sqrt(shape)/8+4) / steps
	total := 0.0
	for i := range steps {
		u := (float64(i) + 0.5) * end
		rate := u * u
		density := math.Exp(shape*math.Log(8)+(shape-1)*math.Log(rate)-8*rate-gamma) * 2 * u
		below, term := 0.0, math.Exp(-rate)
		for k := range n {
			below += term
			term *= rate / float64(k+1)
		}
		total += density * (1 - below) * end
	}
	return total
}

func TestTail(t *testing.T) {
	t.Parallel()
	compared := 0
	for _, history := range []int64{0, 1, 2, 5, 13, 40, 100, 400, 3000} {
		for n := range int64(700) {
			p := tail(n, history)
			if float64(n) <= mean(history) {
				if p != 1 {
					t.Errorf("%d after %d is no surprise, but %v", n, history, p)
				}
				continue
			}
			if p <= 0 || p >= 1 || p > tail(n-1, history) {
				t.Errorf("%d after %d: %v", n, history, p)
			}
			if twin := tailBySum(n, history); p > 1e-7 {
				compared++
				if math.Abs(p-twin) > 1e-6*p+1e-11 { // what the twin takes from 1
					t.Errorf("%d after %d: %v, want %v", n, history, p, twin)
				}
			}
			if n%5 == 0 && n < 60 && p > 1e-7 {
				if twin := tailByMixture(n, history); math.Abs(p-twin) > 1e-3*p {
					t.Errorf("%d after %d: %v, as a mixture %v", n, history, p, twin)
				}
			}
		}
	}
	if compared < 200 {
		t.Errorf("only %d were compared", compared)
	}
	if p := tail(2000, 0); p <= 0 || -math.Log10(p) < 300 {
		t.Errorf("out of nothing: %v", p)
	}
}

// Where nothing is unusual no more areas are listed than is said, whatever the rate. Rates are those of an hour in a grid to those of a day in
// a town.
func TestFalseAlarms(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 9))
	for _, rate := range []float64{0.01, 0.1, 0.5, 2, 10, 60} {
		const tries = 60_000
		listed := 0
		for range tries {
			var history int64
			for range historyWeeks {
				history += poisson(random, rate)
			}
			if n := poisson(random, rate); n >= unusualCount && tail(n, history) < unusualP {
				listed++
			}
		}
		if share := float64(listed) / tries; share > 1.2*unusualP {
			t.Errorf("at a rate of %v, %v are listed", rate, share)
		}
	}
}

func poisson(random *rand.Rand, rate float64) (n int64) {
	for p := random.Float64(); p > math.Exp(-rate); p *= random.Float64() {
		n++
	}
	return n
}

func TestUnusual(t *testing.T) {
	t.Parallel()
	f := setup(t)
	random := rand.New(rand.NewPCG(13, 1))
	at := time.Now().Truncate(time.Minute)
	const grid = areatest.WidthDeg / 8
	where := func(x, y int) (lon, lat float64) {
		return areatest.WestDeg + grid*(float64(x)+0.3), areatest.SouthDeg + grid*(float64(y)+0.3)
	}
	var list []incident.Incident
	add := func(x, y, n int, end time.Time) {
		for range n {
			lon, lat := where(x, y)
			list = append(list, f.one(random, lon, lat, end.Add(-time.Duration(1+random.IntN(58))*time.Minute)))
		}
	}
	for week := 1; week <= historyWeeks; week++ {
		end := at.AddDate(0, 0, -7*week)
		add(0, 0, 1, end)                  // seven after one each week
		add(1, 0, 9, end)                  // twelve after nine each week
		add(2, 0, 3, end.Add(2*time.Hour)) // many, at another hour
	}
	add(0, 0, 7, at)
	add(1, 0, 12, at)
	add(2, 0, 5, at)
	add(3, 0, 2, at) // too few to be news
	add(4, 0, 4, at.Add(time.Hour))
	f.load(list)
	s := f.count()
	f.settle(s)
	who := readers(t)
	u, err := s.Unusual(who["everything"], incident.Filter{}, coverage.Grid, at, 60, 10)
	if err != nil {
		t.Fatal(err)
	}
	codeAt := func(x, y int) string {
		lon, lat := where(x, y)
		return f.one(random, lon, lat, at).Codes[coverage.Grid]
	}
	if len(u.Items) != 2 || u.Items[0].Code != codeAt(2, 0) || u.Items[1].Code != codeAt(0, 0) {
		t.Fatalf("%+v", u.Items)
	}
	first, second := u.Items[0], u.Items[1]
	if first.Count != 5 || first.Mean != 0.5/8 || second.Count != 7 || second.Mean != 8.5/8 || second.P != tail(7, 8) || math.Abs(second.Surprise+math.Log10(second.P)) > 1e-12 ||
		first.Name != "区域"+first.Code || first.Lon < areatest.WestDeg || first.Lat < areatest.SouthDeg {
		t.Errorf("%+v, %+v", first, second)
	}
	grids := 0
	for _, a := range areatest.Areas() {
		if a.Level == coverage.Grid {
			grids++
		}
	}
	if math.Abs(u.ExpectedFalse-float64(grids)*0.001) > 1e-12 || u.Weeks != 8 || !u.At.Equal(at) || !strings.Contains(u.Statistic, "negative binomial") {
		t.Errorf("%+v", u)
	}
	if u, err := s.Unusual(who["everything"], incident.Filter{}, coverage.Grid, at, 60, 1); err != nil || len(u.Items) != 1 || u.Items[0] != first {
		t.Errorf("the first: %+v, %v", u.Items, err)
	}
	if u, err := s.Unusual(who["grid"], incident.Filter{}, coverage.Grid, at, 60, 10); err != nil || len(u.Items) != 0 || u.ExpectedFalse != 0.001 {
		t.Errorf("elsewhere: %+v, %v", u, err)
	}
	if _, err := s.Unusual(t.Context(), incident.Filter{}, coverage.Grid, at, 60, 10); !is(err, web.LoginRequired) {
		t.Errorf("nobody: %v", err)
	}
}
