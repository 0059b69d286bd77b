package demo

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"jingwei/data"
	"jingwei/geo"
	"jingwei/geo/coverage"
)

// made is the county of each seed that tests share; a County is only read.
var made = struct {
	sync.Mutex
	of   map[uint64]*County
	told map[uint64][]step
}{of: map[uint64]*County{}, told: map[uint64][]step{}}

type step struct {
	stage       string
	done, total int
}

func setup(t testing.TB, seed uint64) *County {
	t.Helper()
	made.Lock()
	defer made.Unlock()
	if made.of[seed] == nil {
		c, err := Generate(Config{Seed: seed, Progress: func(stage string, done, total int) {
			made.told[seed] = append(made.told[seed], step{stage, done, total})
		}})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		made.of[seed] = c
	}
	return made.of[seed]
}

func count(c *County) map[coverage.Level]int {
	n := map[coverage.Level]int{}
	for _, a := range c.Areas {
		n[a.Level]++
	}
	return n
}

func TestCounts(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{1, 2} {
		n := count(setup(t, seed))
		if n[coverage.County] != 1 || n[coverage.Town] != 21 || n[coverage.Community] != 312 {
			t.Errorf("seed %d: %v, want 1 county, 21 towns, 312 communities", seed, n)
		}
		if g := n[coverage.Grid]; g < 2850 || g > 3150 {
			t.Errorf("seed %d: %d grids, want about 3,000", seed, g)
		}
		if m := n[coverage.Micro]; m < 19_000 || m > 21_000 {
			t.Errorf("seed %d: %d micro-grids, want about 20,000", seed, m)
		}
		vertices := 0
		for _, a := range setup(t, seed).Areas {
			if a.Level == coverage.Micro {
				vertices += len(a.Shape[0][0])
			}
		}
		if v := float64(vertices) / float64(n[coverage.Micro]); v < 44 || v > 56 {
			t.Errorf("seed %d: %.1f vertices a micro-grid, want about 50", seed, v)
		}
	}
}

func TestCodesAndParents(t *testing.T) {
	t.Parallel()
	c := setup(t, 1)
	width := map[coverage.Level]int{coverage.County: 6, coverage.Town: 9, coverage.Community: 12, coverage.Grid: 15, coverage.Micro: 17}
	known := map[string]coverage.Level{}
	next := map[string]int{} // the number that the next grid or micro-grid of a parent should have
	for i, a := range c.Areas {
		if i > 0 && a.Code <= c.Areas[i-1].Code {
			t.Fatalf("%s follows %s: not sorted, or twice", a.Code, c.Areas[i-1].Code)
		}
		if len(a.Code) != width[a.Level] || strings.Trim(a.Code, "0123456789") != "" {
			t.Errorf("%s is no code of a %s", a.Code, a.Level)
		}
		if a.Level > coverage.County {
			if level, ok := known[a.Parent]; !ok || level != a.Level-1 || !strings.HasPrefix(a.Code, a.Parent) {
				t.Errorf("%s %s has the parent %q", a.Level, a.Code, a.Parent)
			}
		}
		if a.Level >= coverage.Grid {
			next[a.Parent]++
			if want := a.Parent + digits(next[a.Parent], width[a.Level]-width[a.Level-1]); a.Code != want {
				t.Errorf("%s follows as the next of its parent, want %s", a.Code, want)
			}
		}
		if a.Name == "" || (a.Kind != KindBase && a.Kind != KindDedicated) || (a.Kind == KindDedicated && a.Level != coverage.Grid) {
			t.Errorf("%s: name %q, kind %q", a.Code, a.Name, a.Kind)
		}
		known[a.Code] = a.Level
	}
}

func TestNamesAreThoseOfTheList(t *testing.T) {
	t.Parallel()
	source, err := data.Yixing()
	if err != nil {
		t.Fatal(err)
	}
	name := map[string]string{source.Code: source.Name}
	for _, town := range source.Towns {
		name[town.Code] = town.Name
		for _, community := range town.Communities {
			name[community.Code] = community.Name
		}
	}
	for _, seed := range []uint64{1, 2} {
		for _, a := range setup(t, seed).Areas {
			if a.Level <= coverage.Community && (a.Name == "" || !strings.HasPrefix(name[a.Code], a.Name)) {
				t.Errorf("%s is called %q, in the list %q", a.Code, a.Name, name[a.Code])
			}
		}
	}
}

func TestTownsHoldTheirTrueCentre(t *testing.T) {
	t.Parallel()
	for seed := uint64(1); seed <= 2; seed++ {
		c := setup(t, seed)
		for _, a := range c.Areas {
			if a.Level == coverage.Town && !inRing(c.frame.point(c.centres[a.Code]), a.Shape[0][0]) {
				t.Errorf("seed %d: %s %s lies beside its true centre", seed, a.Code, a.Name)
			}
		}
	}
}

// Grids are numbered in reading order: the first lies in the northern row, and in a row the numbers grow to the east.
func TestFirstGridLiesNorth(t *testing.T) {
	t.Parallel()
	c := setup(t, 1)
	latOf := map[string][]float64{}
	for _, a := range c.Areas {
		if a.Level == coverage.Grid {
			_, lat := mean(a.Shape[0][0])
			latOf[a.Parent] = append(latOf[a.Parent], lat)
		}
	}
	for parent, lats := range latOf {
		north := 0
		for _, lat := range lats {
			if lat > lats[0] {
				north++
			}
		}
		if north*2 > len(lats) {
			t.Errorf("%s: %d of %d grids lie north of its first", parent, north, len(lats))
		}
	}
}

func mean(ring []geo.Point) (lon, lat float64) {
	for _, p := range ring {
		x, y := p.Degrees()
		lon, lat = lon+x, lat+y
	}
	return lon / float64(len(ring)), lat / float64(len(ring))
}

func TestNormsAndSums(t *testing.T) {
	t.Parallel()
	c := setup(t, 1)
	households, population := map[string]int{}, map[string]int{}
	grids, outside := 0, 0
	for _, a := range slices.Backward(c.Areas) {
		switch a.Level {
		case coverage.Micro:
			if a.Households < 30 || a.Households > 100 {
				t.Errorf("%s has %d households, the norm is 30 to 100", a.Code, a.Households)
			}
		case coverage.Grid:
			if grids++; a.Households < 300 || a.Households > 500 {
				outside++
			}
			fallthrough
		default:
			if a.Households != households[a.Code] || a.Population != population[a.Code] {
				t.Errorf("%s has %d households and %d people, its parts %d and %d", a.Code, a.Households, a.Population, households[a.Code], population[a.Code])
			}
		}
		if r := float64(a.Population) / float64(a.Households); r < 2.2 || r > 3 {
			t.Errorf("%s: %.2f people a household", a.Code, r)
		}
		households[a.Parent] += a.Households
		population[a.Parent] += a.Population
	}
	if outside*100 > grids {
		t.Errorf("%d of %d grids are outside 300 to 500 households", outside, grids)
	}
}

func TestProgressEnds(t *testing.T) {
	t.Parallel()
	setup(t, 1)
	made.Lock()
	defer made.Unlock()
	last := map[string][2]int{}
	for _, step := range made.told[1] {
		if before, ok := last[step.stage]; step.total < 1 || ok && (step.done < before[0] || step.total != before[1]) {
			t.Errorf("%s: %d of %d after %v", step.stage, step.done, step.total, before)
		}
		last[step.stage] = [2]int{step.done, step.total}
	}
	for stage, at := range last {
		if at[0] != at[1] {
			t.Errorf("stage %s ends at %d of %d", stage, at[0], at[1])
		}
	}
	if len(last) < 3 {
		t.Errorf("only the stages %v are told", last)
	}
}

func BenchmarkGenerate(b *testing.B) {
	for i := range b.N {
		if _, err := Generate(Config{Seed: uint64(i)}); err != nil {
			b.Fatal(err)
		}
	}
}
