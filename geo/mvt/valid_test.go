package mvt_test

import (
	"testing"

	"github.com/paulmach/orb"

	"jingwei/geo"
	"jingwei/geo/mvt"
)

// TestRingsAreValid looks for rings that meet themselves in half a dozen tiles of every zoom. In the tile and its buffer none
// may; on the frame itself, 64 units outside the tile, a few do where a border leaves and comes back in one point.
func TestRingsAreValid(t *testing.T) {
	t.Parallel()
	c, err := county()
	if err != nil {
		t.Fatal(err)
	}
	cutter := mvt.NewCutter(c, nil)
	rings, onFrameOnly := 0, 0
	for z := mvt.MinZoom; z <= mvt.MaxZoom; z++ {
		tiles := tilesOf(c, z)
		for i := 0; i < len(tiles); i += 1 + len(tiles)/6 {
			at := tiles[i]
			layers := decode(t, cutter.Tile(z, int(at.X), int(at.Y)))
			for _, level := range mvt.LevelsAt(z) {
				for _, f := range layers[level.String()] {
					for _, polygon := range polygonsOf(t, f) {
						for _, r := range polygon {
							rings++
							if meetsItself(r, false) {
								t.Fatalf("%v: %v meets itself: %v", at, f.Properties["code"], r)
							}
							if meetsItself(r, true) {
								onFrameOnly++
							}
						}
					}
				}
			}
		}
	}
	t.Logf("%d rings, %d meet themselves on the frame", rings, onFrameOnly)
	if rings < 1000 || onFrameOnly*100 > rings {
		t.Errorf("%d of %d rings meet themselves on the frame", onFrameOnly, rings)
	}
}

// meetsItself compares each edge of a ring with each other; those that run along the frame only on demand.
func meetsItself(r orb.Ring, withFrame bool) bool {
	n := len(r) - 1
	vertex := func(i int) geo.Point { return geo.Point{Lon: int32(r[i%n][0]), Lat: int32(r[i%n][1])} }
	for i := range n {
		for j := i + 1; j < n; j++ {
			if !withFrame && (onFrame(r[i]) && onFrame(r[i+1]) || onFrame(r[j]) && onFrame(r[j+1])) {
				continue
			}
			a, b, c, d := vertex(i), vertex(i+1), vertex(j), vertex(j+1)
			var meets bool
			switch {
			case j == i+1: // b == c
				meets = geo.OnSegment(d, a, b) || geo.OnSegment(a, c, d)
			case i == 0 && j == n-1: // d == a
				meets = geo.OnSegment(c, a, b) || geo.OnSegment(b, c, d)
			default:
				meets = geo.SegmentsMeet(a, b, c, d)
			}
			if meets {
				return true
			}
		}
	}
	return false
}
