package mvt_test

import (
	"bytes"
	"compress/gzip"
	"sync"
	"testing"

	"jingwei/geo/coverage"
	"jingwei/geo/internal/testcounty"
	"jingwei/geo/mvt"
)

var largeCounty = sync.OnceValues(func() (*coverage.Coverage, error) { return coverage.Build(testcounty.County.Areas()) })

var largeCutter = sync.OnceValue(func() *mvt.Cutter {
	c, err := largeCounty()
	if err != nil {
		return nil
	}
	return mvt.NewCutter(c, func(id coverage.ID) string { return "B" + c.Code(id) })
})

// county is the county of 20,736 micro-grids and its cutter, made once for the tests that need its size.
func county(t *testing.T) (*coverage.Coverage, *mvt.Cutter) {
	t.Helper()
	c, err := largeCounty()
	if err != nil {
		t.Fatal(err)
	}
	return c, largeCutter()
}

func gzipped(t testing.TB, tile []byte) int {
	t.Helper()
	var buffer bytes.Buffer
	w := gzip.NewWriter(&buffer)
	if _, err := w.Write(tile); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buffer.Len()
}

// TestTilesAreSmall holds the tiles of a county of 20,736 micro-grids under 100 KB gzipped, some 40 of each zoom.
func TestTilesAreSmall(t *testing.T) {
	t.Parallel()
	c, cutter := county(t)
	for z := mvt.MinZoom; z <= 14; z++ {
		tiles, largest, sum := tilesOf(c, z), 0, 0
		step := 1 + len(tiles)/40
		for i := 0; i < len(tiles); i += step {
			at := tiles[i]
			size := gzipped(t, cutter.Tile(z, int(at.X), int(at.Y)))
			largest, sum = max(largest, size), sum+size
		}
		t.Logf("zoom %d: %d tiles, largest %d bytes, mean %d bytes gzipped", z, len(tiles), largest, sum*step/len(tiles))
		if largest > 100_000 {
			t.Errorf("zoom %d: the largest tile has %d bytes", z, largest)
		}
	}
}
