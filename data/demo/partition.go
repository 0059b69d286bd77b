package demo

import (
	"math"
	"math/rand/v2"
)

// territory tells which cells belong to the region in hand. Only the newest of a mesh is valid.
type territory struct {
	stamp []int32 // of each cell: the last territory it was in
	at    int32
}

func (t territory) has(cell int32) bool { return cell >= 0 && t.stamp[cell] == t.at }

// mark makes the territory of some cells.
func (m *mesh) mark(cells []int32) territory {
	if m.territory.stamp == nil {
		m.territory.stamp = make([]int32, len(m.site))
	}
	m.territory.at++
	for _, c := range cells {
		m.territory.stamp[c] = m.territory.at
	}
	return m.territory
}

// task is one division: cells that make up a region, into parts of wanted sizes.
type task struct {
	cells  []int32
	wanted []float64 // number of cells for each part; its length is the number of parts
	seeds  []vec     // fixed middles of the parts, or nil: then they are found
	waveM  float64   // how the borders bend
	bendM  float64
	noise  uint64
}

// divide gives each cell of a task its part, in label (which is indexed by cell; only the task's cells are written). Parts are
// connected, without holes in all but odd cases, and close to their wanted sizes.
//
// Method: a power diagram (weighted Voronoi) of bent places, its weights adjusted until the sizes fit; then what is
// left in pieces joins its neighbours; then single cells move over borders where that keeps both sides whole.
func (m *mesh) divide(rng *rand.Rand, t task, label []int32) {
	k := len(t.wanted)
	if k == 1 {
		for _, c := range t.cells {
			label[c] = 0
		}
		return
	}
	place := make([]vec, len(t.cells))
	for i, c := range t.cells {
		place[i] = bend(t.noise, m.xy[c], t.waveM, t.bendM)
	}
	seeds := make([]vec, k)
	if t.seeds != nil {
		for j, s := range t.seeds {
			seeds[j] = bend(t.noise, s, t.waveM, t.bendM)
		}
	} else {
		spread(rng, place, seeds)
	}
	weight := make([]float64, k)
	size, area := make([]float64, k), make([]float64, k)
	middle := make([]vec, k)
	home := make([]int, 0, k) // of each fixed middle: the place nearest to it
	for _, s := range seeds[:len(t.seeds)] {
		at := 0
		for i := range place {
			if place[i].sub(s).len2() < place[at].sub(s).len2() {
				at = i
			}
		}
		home = append(home, at)
	}
	rounds := 60
	if t.seeds != nil { // the sizes of neighbours differ much more
		rounds = 240
	}
	for round := range rounds {
		for j := range k {
			size[j], area[j], middle[j] = 0, 0, vec{}
		}
		for i, c := range t.cells {
			best, bestD := 0, math.Inf(1)
			for j, s := range seeds {
				if d := place[i].sub(s).len2() - weight[j]; d < bestD {
					best, bestD = j, d
				}
			}
			label[c] = int32(best)
			size[best]++
			area[best] += m.areaM2[c]
			middle[best] = middle[best].add(place[i])
		}
		settled := t.seeds != nil || round >= rounds*2/3
		for j := range k {
			settled = settled && math.Abs(size[j]-t.wanted[j]) <= math.Max(1, .01*t.wanted[j])
			if size[j] == 0 { // squeezed out: start again, just heavy enough to win its middle
				seeds[j] = place[rng.IntN(len(place))]
				if t.seeds != nil {
					seeds[j] = place[home[j]]
				}
				weight[j] = math.Inf(-1)
				for i, s := range seeds {
					if i != j {
						weight[j] = math.Max(weight[j], weight[i]-seeds[j].sub(s).len2())
					}
				}
				weight[j] += .03 * nextTo(seeds, j)
				continue
			}
			// One more cell needs about its area more of weight; the step shrinks so that the end is calm.
			// It is bounded by the distance to the next middle, or small parts beside large ones would swing out of the map.
			change := (t.wanted[j] - size[j]) * area[j] / size[j] * .4 * (1 - .8*float64(round)/float64(rounds))
			bound := .03 * nextTo(seeds, j)
			weight[j] += clamp(change, -bound, bound)
			if t.seeds == nil && round < rounds*2/3 {
				seeds[j] = middle[j].mul(1 / size[j])
			}
		}
		for j, at := range home {
			// Whoever holds the middle of another is moved away from it; pulling the weak one back would bring the two closer
			// together, where a little weight moves their border far.
			for _, c := range append([]int32{t.cells[at]}, m.ring[t.cells[at]]...) {
				if c >= 0 && int(label[c]) != j {
					settled = false
					i := label[c]
					seeds[i] = seeds[i].add(seeds[i].sub(place[at]).mul(.004))
				}
			}
		}
		if settled {
			break
		}
	}
	in := m.mark(t.cells)
	m.join(t, in, label)
	m.refill(t, in, label)
	m.level(t, in, label)
}

// nextTo is the square of the distance from a middle to the next other one.
func nextTo(seeds []vec, j int) float64 {
	best := math.Inf(1)
	for i, s := range seeds {
		if i != j {
			best = math.Min(best, s.sub(seeds[j]).len2())
		}
	}
	return best
}

// spread picks first middles that lie far from each other (k-means++, Arthur and Vassilvitskii 2007).
func spread(rng *rand.Rand, place []vec, seeds []vec) {
	seeds[0] = place[rng.IntN(len(place))]
	d := make([]float64, len(place))
	for j := 1; j < len(seeds); j++ {
		total := 0.0
		for i, p := range place {
			if q := p.sub(seeds[j-1]).len2(); j == 1 || q < d[i] {
				d[i] = q
			}
			total += d[i]
		}
		u := rng.Float64() * total
		for i := range place {
			if u -= d[i]; u < 0 || i == len(place)-1 {
				seeds[j] = place[i]
				break
			}
		}
	}
}

// join leaves each part its largest connected piece and gives the others, piece by piece, to the neighbour they border on most.
func (m *mesh) join(t task, in territory, label []int32) {
	for {
		piece := make(map[int32]int, len(t.cells))
		var pieces [][]int32
		for _, c := range t.cells {
			if _, ok := piece[c]; ok {
				continue
			}
			piece[c] = len(pieces)
			queue := []int32{c}
			for i := 0; i < len(queue); i++ {
				for _, n := range m.ring[queue[i]] {
					if _, seen := piece[n]; !seen && in.has(n) && label[n] == label[c] {
						piece[n] = len(pieces)
						queue = append(queue, n)
					}
				}
			}
			pieces = append(pieces, queue)
		}
		largest := make([]int, len(t.wanted))
		for j := range largest {
			largest[j] = -1
		}
		for i, p := range pieces {
			if j := label[p[0]]; largest[j] < 0 || len(p) > len(pieces[largest[j]]) {
				largest[j] = i
			}
		}
		changed := false
		for i, p := range pieces {
			if largest[label[p[0]]] == i {
				continue
			}
			touch := make([]int, len(t.wanted))
			for _, c := range p {
				for _, n := range m.ring[c] {
					if in.has(n) && label[n] != label[c] {
						touch[label[n]]++
					}
				}
			}
			best := 0
			for j := range touch {
				if touch[j] > touch[best] {
					best = j
				}
			}
			if touch[best] == 0 {
				continue // the region itself is in pieces
			}
			for _, c := range p {
				label[c] = int32(best)
			}
			changed = true
		}
		if !changed {
			return
		}
	}
}

// refill gives every part that got nothing one cell of the largest part, from where level makes it grow.
func (m *mesh) refill(t task, in territory, label []int32) {
	size := make([]int, len(t.wanted))
	for _, c := range t.cells {
		size[label[c]]++
	}
	for j := range size {
		if size[j] > 0 {
			continue
		}
		largest := 0
		for i := range size {
			if size[i] > size[largest] {
				largest = i
			}
		}
		for _, c := range t.cells {
			if int(label[c]) == largest && m.runs(c, in, label, label[c]) == 1 {
				label[c] = int32(j)
				size[largest]--
				size[j]++
				break
			}
		}
	}
}

// carve makes a new part of wanted cells: it begins at the cell next to middle that lies on a border between parts, and grows
// around it as round as the topology allows. So it never lies in the midst of another part, which would give that a hole.
func (m *mesh) carve(t task, label []int32, part int32, middle vec, wanted int) {
	in := m.mark(t.cells)
	border := func(c int32) bool {
		for _, n := range m.ring[c] {
			if n >= 0 && label[n] != label[c] {
				return true
			}
		}
		return false
	}
	nearest := func(from vec, fits func(c int32) bool) int32 {
		best, bestD := int32(-1), math.Inf(1)
		for _, c := range t.cells {
			if d := m.xy[c].sub(from).len2(); d < bestD && fits(c) {
				best, bestD = c, d
			}
		}
		return best
	}
	start := nearest(middle, func(c int32) bool { return border(c) && m.runs(c, in, label, label[c]) == 1 })
	if start < 0 {
		return
	}
	label[start] = part
	// Growing towards the true middle, from the border, makes the part hold it where it can.
	towards := lerp(m.xy[start], middle, .7)
	for range wanted - 1 {
		next := nearest(towards, func(c int32) bool {
			return label[c] != part && m.runs(c, in, label, part) == 1 && m.runs(c, in, label, label[c]) == 1
		})
		if next < 0 {
			return
		}
		label[next] = part
	}
}

// level moves single cells from part to part. A move must leave both parts connected and without a new hole. It is made when it
// evens out sizes without drawing a part out into a string, or straightens a border at a small price in size.
func (m *mesh) level(t task, in territory, label []int32) {
	surplus := make([]float64, len(t.wanted))
	for j, w := range t.wanted {
		surplus[j] = -w
	}
	for _, c := range t.cells {
		surplus[label[c]]++
	}
	for round := range 60 {
		straighten := round%3 == 2
		moved := false
		for _, c := range t.cells {
			from := label[c]
			to, gain := int32(-1), 0.0
			for _, n := range m.ring[c] {
				if !in.has(n) || label[n] == from || label[n] == to {
					continue
				}
				balance := surplus[from] - surplus[label[n]] - 1 // falls by twice two when the cell moves
				border := float64(m.touching(c, in, label, label[n]) - m.touching(c, in, label, from))
				var g float64
				switch {
				case straighten && border > 0 && balance > -.08*t.wanted[label[n]]:
					g = border
				case !straighten && balance > 0 && border >= -3:
					g = balance + border
				}
				if g > gain {
					to, gain = label[n], g
				}
			}
			if to >= 0 && m.runs(c, in, label, from) == 1 && m.runs(c, in, label, to) == 1 {
				label[c] = to
				surplus[from]--
				surplus[to]++
				moved = true
			}
		}
		if !moved && straighten {
			return
		}
	}
}

// touching counts the neighbours of a cell in a part.
func (m *mesh) touching(c int32, in territory, label []int32, part int32) (count int) {
	for _, n := range m.ring[c] {
		if in.has(n) && label[n] == part {
			count++
		}
	}
	return count
}

// runs counts the unbroken runs of a part among the neighbours around a cell. One run for the part that loses the cell and one
// for the part that wins it keep both connected and without a new hole.
func (m *mesh) runs(c int32, in territory, label []int32, part int32) int {
	ring := m.ring[c]
	is := func(n int32) bool { return in.has(n) && label[n] == part }
	count, before := 0, is(ring[len(ring)-1])
	for _, n := range ring {
		now := is(n)
		if now && !before {
			count++
		}
		before = now
	}
	return count
}
