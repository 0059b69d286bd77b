package demo

import (
	"math"
	"math/rand/v2"
	"sort"
	"strings"

	"jingwei/data"
	"jingwei/geo/coverage"
)

const (
	wantedMicros = 20_000
	microsOfGrid = 6.7 // on average
)

// region is an area on the way to its shape: the cells that make it up.
type region struct {
	code, name, kind string
	cells            []int32
	parent           int // index in the level above
}

// tree is the county divided: for each level its regions.
type tree [len(coverage.Levels)][]region

// wantedCells says how many micro-grids each community and each town should have. A zone has one community in the list of
// names, but is as large as several.
func wantedCells(seed uint64, c data.County) (towns []float64, communities [][]float64) {
	rng := stream(seed, "sizes")
	total := 0.0
	for _, t := range c.Towns {
		own := make([]float64, len(t.Communities))
		for i := range own {
			own[i] = .75 + .5*rng.Float64()
			if len(own) == 1 {
				own[i] = 3.4
			}
			total += own[i]
		}
		communities = append(communities, own)
	}
	towns = make([]float64, len(communities))
	for i, own := range communities {
		for j := range own {
			own[j] *= wantedMicros / total
			towns[i] += own[j]
		}
	}
	return towns, communities
}

// plant divides the cells of a mesh level by level and gives each region its code and name.
func (m *mesh) plant(seed uint64, c data.County, progress func(done, total int)) tree {
	var t tree
	all := make([]int32, len(m.site))
	for i := range all {
		all[i] = int32(i)
	}
	t[coverage.County] = []region{{code: c.Code, name: c.Name, kind: KindBase, cells: all}}

	towns, communities := wantedCells(seed, c)
	seeds := make([]vec, len(c.Towns))
	for i, town := range c.Towns {
		seeds[i] = m.frame.vec(town.Lon, town.Lat)
	}
	label := make([]int32, len(m.site))
	scaleTo(towns, len(all))
	rng := stream(seed, "areas")
	m.plantTowns(rng, seed, c, all, towns, seeds, label)
	for i, cells := range group(all, label, len(towns)) {
		t[coverage.Town] = append(t[coverage.Town], region{code: c.Towns[i].Code, name: c.Towns[i].Name, kind: KindBase, cells: cells})
	}
	for i, town := range t[coverage.Town] {
		progress(i, len(t[coverage.Town]))
		scaleTo(communities[i], len(town.cells))
		m.divide(rng, task{cells: town.cells, wanted: communities[i], waveM: 2500, bendM: 350, noise: mix(seed ^ 2)}, label)
		parts := group(town.cells, label, len(communities[i]))
		// The list of names begins with the residents' committees, which lie around the town's middle.
		sort.SliceStable(parts, func(a, b int) bool {
			return m.middle(parts[a]).sub(seeds[i]).len2() < m.middle(parts[b]).sub(seeds[i]).len2()
		})
		for j, cells := range parts {
			name := c.Towns[i].Communities[j]
			t[coverage.Community] = append(t[coverage.Community], region{code: name.Code, name: shortName(name.Name), kind: KindBase, cells: cells, parent: i})
		}
	}
	for i, community := range t[coverage.Community] {
		m.plantGrids(rng, seed, &t, i, community, label)
	}
	return t
}

// plantTowns divides the county into towns. Zones (codes 400 and up) are small and lie between larger towns, so they are cut out of
// these afterwards.
func (m *mesh) plantTowns(rng *rand.Rand, seed uint64, c data.County, all []int32, wanted []float64, seeds []vec, label []int32) {
	var large, zones []int
	for i, town := range c.Towns {
		if town.Code[6] >= '4' {
			zones = append(zones, i)
		} else {
			large = append(large, i)
		}
	}
	t := task{cells: all, waveM: 6000, bendM: 800, noise: mix(seed ^ 1)}
	for _, i := range large {
		t.wanted, t.seeds = append(t.wanted, wanted[i]), append(t.seeds, seeds[i])
	}
	scaleTo(t.wanted, len(all))
	m.divide(rng, t, label)
	for _, cell := range all {
		label[cell] = int32(large[label[cell]])
	}
	for _, i := range zones {
		m.carve(t, label, int32(i), seeds[i], int(wanted[i]))
	}
	t.wanted = wanted
	m.level(t, m.mark(all), label)
}

// plantGrids divides one community into grids and micro-grids.
func (m *mesh) plantGrids(rng *rand.Rand, seed uint64, t *tree, at int, community region, label []int32) {
	count := max(1, int(math.Round(float64(len(community.cells))/microsOfGrid)))
	wanted := make([]float64, count)
	for j := range wanted {
		wanted[j] = .85 + .3*rng.Float64()
	}
	scaleTo(wanted, len(community.cells))
	m.divide(rng, task{cells: community.cells, wanted: wanted, waveM: 900, bendM: 90, noise: mix(seed ^ 3)}, label)
	special := -1
	if rng.Float64() < .34 || count > 15 {
		special = rng.IntN(count)
	}
	for j, cells := range m.readingOrder(group(community.cells, label, count)) {
		code, name, kind := community.code+digits(j+1, 3), community.name+"第"+chineseNumber(j+1)+"网格", KindBase
		if j == special {
			kind = KindDedicated
			name = community.name + dedicated[rng.IntN(len(dedicated))] + "专属网格"
		}
		t[coverage.Grid] = append(t[coverage.Grid], region{code: code, name: name, kind: kind, cells: cells, parent: at})
		single := make([][]int32, len(cells))
		for i, c := range cells {
			single[i] = []int32{c}
		}
		for i, cell := range m.readingOrder(single) {
			t[coverage.Micro] = append(t[coverage.Micro], region{
				code: code + digits(i+1, 2), name: name + digits(i+1, 2) + "微网格", kind: KindBase, cells: cell, parent: len(t[coverage.Grid]) - 1})
		}
	}
}

// dedicated names what a dedicated grid is for: markets, campuses, parks.
var dedicated = []string{"市场", "校园", "园区", "商圈", "医院"}

// readingOrder sorts parts as GB/T 30428.1 numbers grids: rows from north to south, west to east in each row.
func (m *mesh) readingOrder(parts [][]int32) [][]int32 {
	type placed struct {
		cells  []int32
		middle vec
	}
	list := make([]placed, len(parts))
	for i, cells := range parts {
		list[i] = placed{cells, m.middle(cells)}
	}
	sort.SliceStable(list, func(a, b int) bool { return list[a].middle.y > list[b].middle.y })
	rows := int(math.Round(math.Sqrt(float64(len(list)))))
	for r := range rows {
		row := list[r*len(list)/rows : (r+1)*len(list)/rows]
		sort.SliceStable(row, func(a, b int) bool { return row[a].middle.x < row[b].middle.x })
	}
	for i, p := range list {
		parts[i] = p.cells
	}
	return parts
}

// middle is the mean of the cells' sites, in metres.
func (m *mesh) middle(cells []int32) (v vec) {
	for _, c := range cells {
		v = v.add(m.xy[c])
	}
	return v.mul(1 / float64(len(cells)))
}

func group(cells []int32, label []int32, parts int) [][]int32 {
	out := make([][]int32, parts)
	for _, c := range cells {
		out[label[c]] = append(out[label[c]], c)
	}
	return out
}

// scaleTo stretches wanted sizes so that they add up to a number of cells.
func scaleTo(wanted []float64, cells int) {
	sum := 0.0
	for _, w := range wanted {
		sum += w
	}
	for i := range wanted {
		wanted[i] *= float64(cells) / sum
	}
}

// shortName is the name people use: 茶东社区居民委员会 → 茶东社区, 谈家干村村民委员会 → 谈家干村.
func shortName(official string) string {
	for _, ending := range []string{"居民委员会", "村民委员会", "居委会", "村委会"} {
		if name, ok := strings.CutSuffix(official, ending); ok {
			return name
		}
	}
	return official
}

func digits(n, width int) string {
	b := make([]byte, width)
	for i := width - 1; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return string(b)
}

// chineseNumber writes 1 to 99 as 一 … 九十九.
func chineseNumber(n int) string {
	units := []string{"", "一", "二", "三", "四", "五", "六", "七", "八", "九"}
	tens := []string{"", "十", "二十", "三十", "四十", "五十", "六十", "七十", "八十", "九十"}
	return tens[n/10%10] + units[n%10]
}
