package snap

import (
	"math/rand/v2"

	"jingwei/geo"
)

// Depth is how many indexes lie within each other below this one.
func (x *Index) Depth() int {
	depth := 0
	for _, inner := range x.nested {
		depth = max(depth, inner.Depth()+1)
	}
	return depth
}

// Words is how many words the rasters and records take, nested ones too.
func (x *Index) Words() int {
	words := len(x.raster) + len(x.records)
	for _, inner := range x.nested {
		words += inner.Words()
	}
	return words
}

// Corners are points on and beside the borders of cells: the corners of nested indexes and those of n cells drawn in all of them,
// by the lattice steps around.
func (x *Index) Corners(random *rand.Rand, n int) (points []geo.Point) {
	g := &x.grid
	cells := [][2]int{{0, 0}, {g.cols - 1, g.rows - 1}, {0, g.rows - 1}, {g.cols - 1, 0}}
	for range n {
		cells = append(cells, [2]int{random.IntN(g.cols), random.IntN(g.rows)})
	}
	for _, cell := range cells {
		low, high := g.box(cell[0], cell[1])
		for _, p := range []geo.Point{low, high, {Lon: low.Lon, Lat: high.Lat}, {Lon: high.Lon, Lat: low.Lat}} {
			step := int32(random.IntN(3) - 1)
			points = append(points, p, geo.Point{Lon: p.Lon + step, Lat: p.Lat}, geo.Point{Lon: p.Lon, Lat: p.Lat + step})
		}
	}
	for _, inner := range x.nested {
		points = append(points, inner.Corners(random, n/len(x.nested))...)
	}
	return points
}
