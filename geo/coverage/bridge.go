package coverage

import (
	"math"

	"jingwei/geo"
	"jingwei/geo/internal/noding"
)

// build puts bridges between areas without a parent: from each vertex where such an area ends and no other begins to the edges
// of others that are within reachM and end likewise.
func (d *drawing) build(areas []Area, reachM float64) {
	coast := d.coast(areas)
	if len(coast) == 0 {
		return
	}
	type shore struct {
		edge noding.Edge
		area int32
	}
	var shores []shore
	var lines []noding.Edge
	var points []geo.Point
	for e, area := range coast {
		if area == bridge {
			continue
		}
		line := noding.Edge{A: d.points[d.edges[e].low], B: d.points[d.edges[e].high]}
		shores = append(shores, shore{line, area})
		lines = append(lines, line)
		points = append(points, line.A, line.B)
	}
	// A step of longitude is shorter than one of latitude.
	cosAt := func(p geo.Point) float64 {
		_, latDeg := p.Degrees()
		return max(math.Cos(latDeg*math.Pi/180), 1e-3)
	}
	narrowest := 1.0
	for _, p := range points {
		narrowest = min(narrowest, cosAt(p))
	}
	reach := reachM / metresPerStep
	noding.Near(lines, points, int32(reach/narrowest+1), func(point, edge int) {
		if shores[point/2].area == shores[edge].area {
			return
		}
		p := points[point]
		cos := cosAt(p)
		x := func(q geo.Point) [2]float64 {
			return [2]float64{(float64(q.Lon) - float64(p.Lon)) * cos, float64(q.Lat) - float64(p.Lat)}
		}
		foot := onSegment([2]float64{}, x(lines[edge].A), x(lines[edge].B))
		away := math.Hypot(foot[0], foot[1])
		if away == 0 || away > reach {
			return
		}
		// Two steps farther than the foot, so that rounding does not leave the bridge short of the edge.
		farther := 1 + 2/away
		for _, end := range [...]geo.Point{lines[edge].A, lines[edge].B} {
			if q := x(end); q == foot {
				farther = 1
			}
		}
		to := geo.Point{Lon: p.Lon + int32(math.Round(foot[0]*farther/cos)), Lat: p.Lat + int32(math.Round(foot[1]*farther))}
		if to.Valid() && to != p {
			e, _ := d.edge(d.vertex(p), d.vertex(to))
			d.passes = append(d.passes, pass{edge: e, area: bridge})
		}
	})
}

// coast names for each edge the area without a parent that ends there with no other beginning; bridge for all other edges. It
// is empty where there is no second such area.
func (d *drawing) coast(areas []Area) []int32 {
	tops := 0
	for _, area := range areas {
		if area.Parent == "" {
			tops++
		}
	}
	if tops < 2 {
		return nil
	}
	net := make([]int32, len(d.edges))
	coast := make([]int32, len(d.edges))
	for e := range coast {
		coast[e] = bridge
	}
	for _, p := range d.passes {
		if areas[p.area].Parent == "" {
			net[p.edge] += p.sign
			coast[p.edge] = p.area
		}
	}
	for e := range coast {
		if net[e] == 0 {
			coast[e] = bridge
		}
	}
	return coast
}
