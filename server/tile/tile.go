// Package tile serves the vector tiles that geo/mvt cuts: by edition, compressed, cached in memory and by the browser. How a tile is
// cut is not decided here.
package tile

import (
	"bytes"
	"compress/gzip"

	"jingwei/geo/coverage"
	"jingwei/geo/mvt"
	"jingwei/server/area"
	"jingwei/server/branch"
)

// source is all that tiles of one edition and one directory of branches are made from. It is immutable.
type source struct {
	atlas     *area.Atlas
	directory *branch.Directory
	cutter    *mvt.Cutter
}

func newSource(atlas *area.Atlas, directory *branch.Directory) *source {
	return &source{atlas, directory, mvt.NewCutter(atlas.Coverage, func(id coverage.ID) string {
		if b, _ := directory.Answering(atlas.Codes(id)); b != nil {
			return b.Code
		}
		return ""
	})}
}

// cut makes a tile, compressed; empty where there is nothing.
func (s *source) cut(z, x, y int) ([]byte, error) {
	plain := s.cutter.Tile(z, x, y)
	if len(plain) == 0 {
		return nil, nil
	}
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.DefaultCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}
