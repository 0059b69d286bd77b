package importing

import (
	"strings"
	"testing"

	"jingwei/geo/coverage"
	"jingwei/server/db/dbtest"
)

func TestSmoke(t *testing.T) {
	pool := dbtest.Open(t)
	file := `{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"c":"A","n":"a"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1],[0,0]]]}},
{"type":"Feature","properties":{"c":"B","n":"a"},"geometry":{"type":"Polygon","coordinates":[[[0.5,0.2],[2,0],[2,1],[1,1],[0.5,0.2]]]}}]}`
	r, err := Areas(t.Context(), pool, strings.NewReader(file), "x", Options{Level: coverage.County, Code: "c", Name: "n", Codes: Free}, nil)
	for _, p := range r.Problems {
		t.Log(p)
	}
	t.Logf("%+v %v", r, err)
}
