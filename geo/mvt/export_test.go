package mvt

import (
	"jingwei/geo"
	"jingwei/geo/internal/noding"
)

// Edges are all edges of a zoom, on its square.
func (t *Cutter) Edges(z int) (edges []noding.Edge) {
	l := t.zooms[z]()
	for i := range l.frames {
		arc := l.arc(i)
		for k := 1; k < len(arc); k++ {
			edges = append(edges, noding.Edge{A: lattice(arc[k-1]), B: lattice(arc[k])})
		}
	}
	return edges
}

// Touching counts the areas of a zoom, of those cut so far, that had to be put together edge by edge.
func (t *Cutter) Touching(z int) (count int) {
	l := t.zooms[z]()
	for id := range l.ids {
		if s := l.shapes[id].Load(); s != nil && !s.plain {
			count++
		}
	}
	return count
}

// Join puts edges together to polygons, with the inside on the left.
func Join(edges []noding.Edge) (polygons [][][]geo.Point) {
	var all []directed
	for _, e := range edges {
		all = append(all, directed{point{e.A.Lon, e.A.Lat}, point{e.B.Lon, e.B.Lat}})
	}
	for _, polygon := range polygonsOf(all) {
		var rings [][]geo.Point
		for _, ring := range polygon {
			var points []geo.Point
			for _, p := range ring {
				points = append(points, lattice(p))
			}
			rings = append(rings, points)
		}
		polygons = append(polygons, rings)
	}
	return polygons
}

func lattice(p point) geo.Point { return geo.Point{Lon: p.X, Lat: p.Y} }

// Len is how many outlines are kept.
func (o *Outlines) Len() (kept int) {
	for i := range o.outlines.shards {
		kept += len(o.outlines.shards[i].young) + len(o.outlines.shards[i].old)
	}
	return kept
}
