package snap

import (
	"math"
	"math/bits"
	"slices"
	"sort"

	"jingwei/geo"
	"jingwei/geo/coverage"
)

// metresPerStep is the length of one lattice step of latitude on the sphere of geo.DistanceM.
const metresPerStep = geo.EarthRadiusM * math.Pi / 180 / geo.UnitsPerDegree

// tieM is one lattice step: lines that are nearer to each other count as the same.
const tieM = 0.012

// Nearest is the area nearest to p and its distance in metres: the owner and 0 where there is one, else the area whose
// border is nearest, if that is at most withinM away, else None and 0. The border rule decides between areas whose
// distances are equal to within a lattice step.
//
// The nearest point of an edge is found in a plane with longitude shortened by the cosine of p's latitude, its distance
// on the sphere; good to some 0.1 % over 100 km. It does not look across the antimeridian.
func (x *Index) Nearest(p geo.Point, withinM float64) (coverage.ID, float64) {
	if owner := x.Locate(p); owner != coverage.None {
		return owner, 0
	}
	if !(withinM >= 0) || !p.Valid() {
		return coverage.None, 0
	}
	best := nearest{p: p, distanceM: withinM}
	x.search(p, &best)
	var tied []coverage.ID
	for _, e := range best.edges {
		if e.distanceM <= best.distanceM+tieM {
			tied = append(tied, x.ownersBeside(e.edge)...)
		}
	}
	if len(tied) == 0 {
		return coverage.None, 0
	}
	slices.Sort(tied)
	return x.owner(tied), best.distanceM
}

// gatherer is shown edges, roughly the nearest first and some more than once.
type gatherer interface {
	reachM() float64 // edges farther away need not be shown
	meet(e edge)
}

// search shows all edges within reach of p.
func (x *Index) search(p geo.Point, to gatherer) {
	g := &x.grid
	col, row := g.at(p)
	// Squares of cells around p, from the first that meets the raster until none can hold anything nearer.
	farthest := max(col, g.cols-1-col, row, g.rows-1-row)
	for k := max(0, -col, col-(g.cols-1), -row, row-(g.rows-1)); k <= farthest && g.awayM(p, k) <= to.reachM(); k++ {
		for r := max(row-k, 0); r <= min(row+k, g.rows-1); r++ {
			step := 1
			if r != row-k && r != row+k {
				step = max(1, 2*k)
			}
			first := col - k
			if first < 0 && step == 1 {
				first = 0
			}
			for c := first; c <= min(col+k, g.cols-1); c += step {
				if c >= 0 {
					x.searchIn(c, r, p, to)
				}
			}
		}
	}
}

// nearest is the distance of the nearest edge, and that and all others that were not clearly farther when they were met.
type nearest struct {
	p         geo.Point
	distanceM float64
	edges     []nearEdge
}

type nearEdge struct {
	edge
	distanceM float64
}

// awayM is a distance that every point of the cells k columns or rows from p's reaches at least.
func (g *grid) awayM(p geo.Point, k int) float64 {
	if k < 1 {
		return 0
	}
	steps := float64(k-1) * float64(g.size)
	_, latDeg := p.Degrees()
	away := min(steps/geo.UnitsPerDegree, 90) * math.Pi / 180
	// The distance to a meridian on the sphere; to a parallel it is at least the difference in latitude.
	return min(steps*metresPerStep, geo.EarthRadiusM*math.Asin(math.Sin(away)*math.Cos(latDeg*math.Pi/180)))
}

func (n *nearest) reachM() float64 { return n.distanceM + tieM }

func (n *nearest) meet(e edge) {
	d := edgeDistanceM(n.p, e.from, e.to)
	if d > n.reachM() || len(n.edges) == 0 && d > n.distanceM {
		return
	}
	n.distanceM = min(n.distanceM, d)
	n.edges = append(n.edges, nearEdge{e, d})
}

// searchIn shows the edges of one cell.
func (x *Index) searchIn(col, row int, p geo.Point, to gatherer) {
	v := x.raster[row*x.grid.cols+col]
	if v >= noOwner {
		return
	}
	record := x.records[firstCrossed-v:]
	if record[0]>>kindShift == crowded {
		x.nestedIn(record).search(p, to)
		return
	}
	for e := range x.edgesOf(col, row, record) {
		to.meet(e)
	}
}

// edge is an edge as a record holds it.
type edge struct {
	from, to geo.Point
	areas    []uint32 // of its record
	mask     uint32   // which of them it is a border of; 0 in a slow record
	vertex   uint32   // in a slow record: from in Coverage.Vertices
}

// edgesOf goes through the edges of a record, other than that of a crowded cell.
func (x *Index) edgesOf(col, row int, record []uint32) func(yield func(edge) bool) {
	return func(yield func(edge) bool) {
		if record[0]>>kindShift == near {
			nearEdges(x.grid.centre(col, row), record, yield)
			return
		}
		for runs := wideRuns(record); len(runs) > 0; runs = runs[2:] {
			points := x.coverage.Vertices()[runs[0]:][:runs[1]>>wideEdgesShift+1]
			for i, to := range points[1:] {
				if !yield(edge{points[i], to, record[2:], runs[1] & wideMask, runs[0] + uint32(i)}) {
					return
				}
			}
		}
	}
}

func nearEdges(centre geo.Point, record []uint32, yield func(edge) bool) {
	areas := record[0] >> nearCountShift & nearCountMask
	rest := record[1+areas+areas*(record[0]>>nearBlockShift&1):]
	place := func(vertex uint32) geo.Point {
		return geo.Point{Lon: centre.Lon + int32(int16(vertex)), Lat: centre.Lat + int32(vertex)>>latitudeShift}
	}
	for runs := record[0] >> nearRunsShift & nearRuns; runs > 0; runs-- {
		mask, vertices := rest[0]&nearMask, rest[1:2+rest[0]>>nearEdgesShift]
		rest = rest[1+len(vertices):]
		for i, to := range vertices[1:] {
			if !yield(edge{place(vertices[i]), place(to), record[1:], mask, 0}) {
				return
			}
		}
	}
}

// ownersBeside lists the areas beside an edge that can own points.
func (x *Index) ownersBeside(e edge) (owners []coverage.ID) {
	if e.mask == 0 {
		arcs := x.coverage.Arcs()
		i := sort.Search(len(arcs), func(i int) bool { return arcs[i].First > int(e.vertex) }) - 1
		return appendOwners(nil, x.coverage, &arcs[i])
	}
	for rest := e.mask; rest != 0; rest &= rest - 1 {
		owners = append(owners, coverage.ID(e.areas[bits.TrailingZeros32(rest)]))
	}
	return owners
}

// edgeDistanceM is the distance from p to the segment a–b.
func edgeDistanceM(p, a, b geo.Point) float64 {
	return geo.DistanceM(p, pointAlong(a, b, nearestAlong(p, a, b)))
}

// nearestAlong is where on the segment a–b the point nearest to p lies: 0 at a, 1 at b.
func nearestAlong(p, a, b geo.Point) float64 {
	_, latDeg := p.Degrees()
	cos := math.Cos(latDeg * math.Pi / 180)
	dx, dy := (float64(b.Lon)-float64(a.Lon))*cos, float64(b.Lat)-float64(a.Lat)
	along := ((float64(p.Lon)-float64(a.Lon))*cos*dx + (float64(p.Lat)-float64(a.Lat))*dy) / (dx*dx + dy*dy)
	if !(along > 0) { // also at a pole, where an edge can have no length
		return 0
	}
	return min(along, 1)
}

// pointAlong is the point of the lattice next to where nearestAlong says.
func pointAlong(a, b geo.Point, along float64) geo.Point {
	lon := float64(a.Lon) + along*(float64(b.Lon)-float64(a.Lon))
	lat := float64(a.Lat) + along*(float64(b.Lat)-float64(a.Lat))
	return geo.Point{Lon: int32(math.Round(lon)), Lat: int32(math.Round(lat))}
}
