package snap

import (
	"math"
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
	if len(x.raster) == 0 || !(withinM >= 0) || !p.Valid() {
		return coverage.None, 0
	}
	best := nearest{distanceM: withinM}
	g := &x.grid
	col, row := g.at(p)
	// Squares of cells around p, from the first that meets the raster until none can hold anything nearer.
	farthest := max(col, g.cols-1-col, row, g.rows-1-row)
	for k := max(0, -col, col-(g.cols-1), -row, row-(g.rows-1)); k <= farthest && g.awayM(p, k) <= best.distanceM+tieM; k++ {
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
					x.nearestIn(r*g.cols+c, p, &best)
				}
			}
		}
	}
	var tied []coverage.ID
	for _, e := range best.edges {
		if e.distanceM <= best.distanceM+tieM {
			tied = append(tied, x.ownersOf(e.vertex)...)
		}
	}
	if len(tied) == 0 {
		return coverage.None, 0
	}
	slices.Sort(tied)
	return x.owner(tied), best.distanceM
}

// nearest is the distance of the nearest edge, and that and all others that were not clearly farther when they were met.
type nearest struct {
	distanceM float64
	edges     []nearEdge
}

type nearEdge struct {
	vertex    uint32
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

// nearestIn improves on the best with the edges of one cell.
func (x *Index) nearestIn(cell int, p geo.Point, best *nearest) {
	v := x.raster[cell]
	if v >= noOwner {
		return
	}
	i := firstCrossed - v
	vertices := x.coverage.Vertices()
	for _, r := range x.runs[x.cells[i].run:x.cells[i+1].run] {
		for e := r.first; e < r.first+r.edges(); e++ {
			d := edgeDistanceM(p, vertices[e], vertices[e+1])
			if d > best.distanceM+tieM || len(best.edges) == 0 && d > best.distanceM {
				continue
			}
			best.distanceM = min(best.distanceM, d)
			best.edges = append(best.edges, nearEdge{e, d})
		}
	}
}

// ownersOf lists the areas beside an edge that can own points.
func (x *Index) ownersOf(vertex uint32) []coverage.ID {
	arcs := x.coverage.Arcs()
	i := sort.Search(len(arcs), func(i int) bool { return arcs[i].First > int(vertex) }) - 1
	return ownersBeside(x.coverage, &arcs[i])
}

// edgeDistanceM is the distance from p to the segment a–b.
func edgeDistanceM(p, a, b geo.Point) float64 {
	_, latDeg := p.Degrees()
	cos := math.Cos(latDeg * math.Pi / 180)
	dx, dy := (float64(b.Lon)-float64(a.Lon))*cos, float64(b.Lat)-float64(a.Lat)
	along := ((float64(p.Lon)-float64(a.Lon))*cos*dx + (float64(p.Lat)-float64(a.Lat))*dy) / (dx*dx + dy*dy)
	switch {
	case !(along > 0): // also at a pole, where an edge can have no length
		return geo.DistanceM(p, a)
	case along >= 1:
		return geo.DistanceM(p, b)
	}
	lon := float64(a.Lon) + along*(float64(b.Lon)-float64(a.Lon))
	lat := float64(a.Lat) + along*(float64(b.Lat)-float64(a.Lat))
	return geo.DistanceM(p, geo.Point{Lon: int32(math.Round(lon)), Lat: int32(math.Round(lat))})
}
