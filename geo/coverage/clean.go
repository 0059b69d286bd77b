package coverage

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"jingwei/geo"
)

// DefaultToleranceM is the width in metres up to which gaps, overlaps and the like are taken for noise of drawing.
const DefaultToleranceM = 0.5

// Cleaned is what came of areas.
type Cleaned struct {
	Areas    []Area // in the order given; those that fitted are the very same
	Changed  []int  // the indices of the others, ascending
	Repairs  []Repair
	Findings []Finding // what is wider than the tolerance, and so was not mended
}

// Clean makes areas of any levels fit, as far as they nearly do: every edge ends where another touches or crosses it, so
// that neighbours share their border to the vertex; and what is nowhere wider than the tolerance goes away: overlaps, gaps
// and parts thereby cut off go to the area that they have the longest common border with, children end where their parent
// does, and parts of a shape that its drawing leaves in doubt are what goes around them once or more. The rest comes back as
// findings. Each part of a divided parent that no child covers is one, too, if it is wider than the tolerance: whether it is meant is not known here.
//
// Where there are findings, Areas is still an exact coverage, of which one should not make use without asking: the area with
// the lowest code has got the overlaps, parents keep what their children do not cover.
//
// Areas that are drawn to the vertex, and inside valid, come back as they are. Cleaning twice changes nothing more. Rings may
// run either way. Between areas without a parent a gap that is open at an end is closed as far as it is at most
// DefaultToleranceM wide; wider ones are not seen.
//
// The method is that of coverage cleaners (JTS CoverageCleaner, 2025): nodes, faces, and an owner for each face; but here
// in integers on the lattice, by level, and with windings, so that invalid shapes need no repair before.
//
// The error names the area and what to change, as that of Build. Cost: about 0.7 µs a vertex where all fits.
func Clean(areas []Area, toleranceM float64) (*Cleaned, error) {
	if !(toleranceM >= 0) {
		return nil, fmt.Errorf("a tolerance of %v m: it cannot be negative", toleranceM)
	}
	r, err := newResolver(areas, toleranceM)
	if err != nil {
		return nil, err
	}
	r.resolve()
	c := &Cleaned{Areas: slices.Clone(areas), Repairs: r.repairs, Findings: r.findings}
	for _, i := range r.suspects() {
		shape := r.assembled(i)
		if len(shape) == 0 {
			c.Findings = append(c.Findings, Finding{Reason: Vanished, Area: areas[i].Code, Place: anyVertex(areas[i])})
			continue
		}
		if SameShape(areas[i].Shape, shape) {
			continue
		}
		c.Areas[i].Shape = shape
		c.Changed = append(c.Changed, int(i))
		if !r.moved[i] {
			reason, place := r.borderFault(i)
			c.Repairs = append(c.Repairs, Repair{Reason: reason, Area: areas[i].Code, Place: place})
		}
	}
	return c, nil
}

func anyVertex(a Area) geo.Point {
	for _, polygon := range a.Shape {
		for _, ring := range polygon {
			if len(ring) > 0 {
				return ring[0]
			}
		}
	}
	return geo.Point{}
}

// resolver gives each face of an arrangement at most one owner a level. Areas are named by their index.
type resolver struct {
	*arrangement
	areas      []Area
	parent     []int32             // -1 at the top
	divided    [][len(Levels)]bool // of each area: at which levels it has children
	toleranceM float64             // below 0 nothing is mended

	owner   [][len(Levels)]int32 // of each face
	claims  [][]int32            // of each face: who covers it at the level being resolved
	moved   map[int32]bool       // areas of which a repair or a finding tells already
	facesOf [][]int32            // of each area, once assembled has been asked

	repairs  []Repair
	findings []Finding
}

func newResolver(areas []Area, toleranceM float64) (*resolver, error) {
	index := make(map[string]int32, len(areas))
	for i, area := range areas {
		if _, twice := index[area.Code]; twice {
			return nil, fmt.Errorf("area %s: the code occurs twice: every code names one area", area.Code)
		}
		index[area.Code] = int32(i)
		if int(area.Level) >= len(Levels) {
			return nil, fmt.Errorf("area %s: %v is no level: use county, town, community, grid or micro", area.Code, area.Level)
		}
	}
	r := &resolver{areas: areas, toleranceM: toleranceM, parent: make([]int32, len(areas)), divided: make([][len(Levels)]bool, len(areas)), moved: map[int32]bool{}}
	for i, area := range areas {
		r.parent[i] = -1
		if area.Parent == "" {
			continue
		}
		parent, known := index[area.Parent]
		if !known || areas[parent].Level >= area.Level {
			return nil, fmt.Errorf("area %s: its parent %s is not among the areas of a wider level: add it, or correct the parent", area.Code, area.Parent)
		}
		r.parent[i] = parent
		r.divided[parent][area.Level] = true
	}
	r.arrangement = arrange(areas, min(toleranceM, DefaultToleranceM))
	r.owner = make([][len(Levels)]int32, len(r.faces))
	for f := range r.owner {
		r.owner[f] = [len(Levels)]int32{-1, -1, -1, -1, -1}
	}
	r.claims = make([][]int32, len(r.faces))
	return r, nil
}

// resolve goes from the widest level to the finest: what an area is, its children have to fill.
func (r *resolver) resolve() {
	lastTop := Level(0)
	for i, area := range r.areas {
		if r.parent[i] < 0 {
			lastTop = max(lastTop, area.Level)
		}
	}
	for _, level := range Levels {
		r.claim(level)
		r.endAtParents()
		r.shareOut(level)
		r.fill(level, level == lastTop)
		r.gather(level)
	}
}

// claim collects who covers each face at a level, and tells where the drawing of an area leaves that in doubt.
func (r *resolver) claim(level Level) {
	doubts := map[int32][]int32{}
	for f := range r.faces {
		r.claims[f] = r.claims[f][:0]
		for _, w := range r.faces[f].covers {
			if r.areas[w.area].Level != level {
				continue
			}
			if w.times >= 1 {
				r.claims[f] = append(r.claims[f], w.area)
			}
			if w.times != 1 {
				doubts[w.area] = append(doubts[w.area], int32(f))
			}
		}
	}
	for _, area := range slices.Sorted(maps.Keys(doubts)) {
		for _, g := range r.regions(doubts[area], sameKey) {
			r.moved[area] = true
			r.tell(SelfCrossing, r.measure(g), r.areas[area].Code, "")
		}
	}
}

// tell reports a region as mended, or as a finding where it is too wide for that.
func (r *resolver) tell(reason Reason, m size, area, other string) {
	if r.mends(m) {
		r.repairs = append(r.repairs, m.repair(reason, area, other))
	} else {
		r.findings = append(r.findings, m.finding(reason, area, other))
	}
}

// endAtParents takes from areas what lies outside their parents.
func (r *resolver) endAtParents() {
	outside := map[int32][]int32{}
	for f := range r.faces {
		for _, area := range r.claims[f] {
			if parent := r.parent[area]; parent >= 0 && r.owner[f][r.areas[parent].Level] != parent {
				outside[area] = append(outside[area], int32(f))
			}
		}
	}
	for _, area := range slices.Sorted(maps.Keys(outside)) {
		parent := r.parent[area]
		for _, g := range r.regions(outside[area], sameKey) {
			r.moved[area] = true
			r.tell(CrossesParent, r.measure(g), r.areas[area].Code, r.areas[parent].Code)
			for _, f := range g {
				r.claims[f] = slices.DeleteFunc(r.claims[f], func(a int32) bool { return a == area })
			}
		}
	}
}

// shareOut gives every face that several areas claim to one of them, and every other to who claims it.
func (r *resolver) shareOut(level Level) {
	var contested []int32
	for f, claims := range r.claims {
		switch len(claims) {
		case 0:
		case 1:
			r.owner[f][level] = claims[0]
		default:
			contested = append(contested, int32(f))
		}
	}
	byCode := func(a, b int32) int { return strings.Compare(r.areas[a].Code, r.areas[b].Code) }
	for _, g := range r.regions(contested, func(f int32) [3]int32 {
		key := [3]int32{-1, -1, int32(len(r.claims[f]))}
		copy(key[:2], r.claims[f])
		return key
	}) {
		m := r.measure(g)
		claims := slices.SortedFunc(slices.Values(r.claims[g[0]]), byCode)
		winner := claims[0]
		if r.mends(m) {
			for _, beside := range r.beside(g, level) {
				if slices.Contains(claims, beside.area) {
					winner = beside.area
					break
				}
			}
		}
		for _, loser := range claims {
			if loser == winner {
				continue
			}
			r.moved[winner], r.moved[loser] = true, true
			r.tell(Overlap, m, r.areas[winner].Code, r.areas[loser].Code)
		}
		for _, f := range g {
			r.owner[f][level] = winner
		}
	}
}

// fill looks at what the children of divided areas leave uncovered, and at what is enclosed at the top.
func (r *resolver) fill(level Level, top bool) {
	var empty []int32
	above := func(f int32) [3]int32 {
		for l := int(level) - 1; l >= 0; l-- {
			if r.owner[f][l] >= 0 {
				return [3]int32{r.owner[f][l]}
			}
		}
		return [3]int32{-1}
	}
	for f := range r.faces {
		if r.owner[f][level] >= 0 {
			continue
		}
		if p := above(int32(f))[0]; p < 0 && top || p >= 0 && r.divided[p][level] {
			empty = append(empty, int32(f))
		}
	}
	for _, g := range r.regions(r.withoutOutside(empty), above) {
		parent := above(g[0])[0]
		var around []int32
		for _, beside := range r.beside(g, level) {
			if r.parent[beside.area] == parent {
				around = append(around, beside.area)
			}
		}
		m := r.measure(g)
		if r.mends(m) && len(around) > 0 {
			r.moved[around[0]] = true
			r.repairs = append(r.repairs, m.repair(Gap, r.areas[around[0]].Code, ""))
			for _, f := range g {
				r.owner[f][level] = around[0]
			}
			continue
		}
		finding := m.finding(Gap, "", "")
		for _, area := range around[:min(3, len(around))] {
			finding.Around = append(finding.Around, r.areas[area].Code)
		}
		if parent >= 0 {
			finding.Area = r.areas[parent].Code
		} else if len(around) == 1 {
			finding.Reason, finding.Area = Hole, r.areas[around[0]].Code
		}
		r.findings = append(r.findings, finding)
	}
}

// withoutOutside leaves out the unbounded face and those that hang together with it but for a bridge; faces ascend, and no area
// of the level owns them.
func (r *resolver) withoutOutside(faces []int32) []int32 {
	if len(faces) == 0 || faces[0] != 0 {
		return faces
	}
	inside := make(map[int32]bool, len(faces))
	for _, f := range faces {
		inside[f] = true
	}
	delete(inside, 0)
	for queue := []int32{0}; len(queue) > 0; queue = queue[1:] {
		for _, start := range r.faces[queue[0]].starts {
			r.around(start, func(h int32) {
				if g := r.face[h^1]; inside[g] && len(r.usesOf(h>>1)) > 0 {
					delete(inside, g)
					queue = append(queue, g)
				}
			})
		}
	}
	return slices.DeleteFunc(faces, func(f int32) bool { return !inside[f] })
}

// gather gives crumbs to their neighbours: parts of an area that a repair has cut off, nowhere wider than the tolerance.
func (r *resolver) gather(level Level) {
	owned := map[int32][]int32{}
	for f := range r.faces {
		if owner := r.owner[f][level]; owner >= 0 && r.moved[owner] {
			owned[owner] = append(owned[owner], int32(f))
		}
	}
	for _, area := range slices.Sorted(maps.Keys(owned)) {
		parts := r.regions(owned[area], sameKey)
		if len(parts) == 1 {
			continue
		}
		for _, g := range parts {
			m := r.measure(g)
			if !r.mends(m) {
				continue
			}
			for _, beside := range r.beside(g, level) {
				if beside.area != area && r.parent[beside.area] == r.parent[area] {
					r.moved[beside.area] = true
					r.repairs = append(r.repairs, m.repair(NotContiguous, r.areas[beside.area].Code, r.areas[area].Code))
					for _, f := range g {
						r.owner[f][level] = beside.area
					}
					break
				}
			}
		}
	}
}

// suspects are the areas whose shape may differ from the faces they own, ascending.
func (r *resolver) suspects() []int32 {
	suspect := map[int32]bool{}
	for area := range r.cuts {
		suspect[area] = true
	}
	for area := range r.touches {
		suspect[area] = true
	}
	drawn := make([]bool, len(r.areas))
	for f := range r.faces {
		owners := r.owner[f]
		for _, w := range r.faces[f].covers {
			drawn[w.area] = true
			if own := &owners[r.areas[w.area].Level]; *own == w.area && w.times == 1 {
				*own = -1
			} else {
				suspect[w.area] = true
			}
		}
		for _, owner := range owners {
			if owner >= 0 {
				suspect[owner] = true
			}
		}
	}
	for area, is := range drawn {
		if !is {
			suspect[int32(area)] = true // its rings enclose nothing
		}
	}
	return slices.Sorted(maps.Keys(suspect))
}

// assembled is the shape of an area by the faces it owns.
func (r *resolver) assembled(area int32) []Polygon {
	if r.facesOf == nil {
		r.facesOf = make([][]int32, len(r.areas))
		for f := range r.owner {
			for _, owner := range r.owner[f] {
				if owner >= 0 {
					r.facesOf[owner] = append(r.facesOf[owner], int32(f))
				}
			}
		}
	}
	level := r.areas[area].Level
	return r.assemble(r.facesOf[area], func(f int32) bool { return r.owner[f][level] == area })
}

// borderFault says why the border of an area is not as it was drawn, though no ground changes hands.
func (r *resolver) borderFault(area int32) (Reason, geo.Point) {
	if place, is := r.touches[area]; is {
		return SelfTouch, place
	}
	return MissingVertex, r.cuts[area]
}
