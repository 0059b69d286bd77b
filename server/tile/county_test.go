package tile

import (
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"

	"jingwei/data/demo"
	"jingwei/geo/coverage"
	"jingwei/geo/mvt"
	"jingwei/server/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// county is the demo county with its branches, made once.
type county struct {
	areas    []coverage.Area
	coverage *coverage.Coverage
	branches []string    // by coverage.ID
	cutter   *mvt.Cutter // with them
}

var demoCounty = sync.OnceValues(func() (*county, error) {
	made, err := demo.Generate(demo.Config{Seed: 1})
	if err != nil {
		return nil, err
	}
	c := &county{}
	for _, a := range made.Areas {
		c.areas = append(c.areas, a.Area)
	}
	if c.coverage, err = coverage.Build(c.areas); err != nil {
		return nil, err
	}
	c.branches = make([]string, c.coverage.Len())
	for _, b := range made.Branches {
		if id, found := c.coverage.Find(b.Area); found {
			c.branches[id] = b.Code
		}
	}
	c.cutter = c.newCutter()
	return c, nil
})

func loadCounty(t testing.TB) *county {
	t.Helper()
	c, err := demoCounty()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *county) newCutter() *mvt.Cutter {
	return mvt.NewCutter(c.coverage, func(id coverage.ID) string { return c.branches[id] })
}

// tilesOf lists the tiles of a zoom that the county reaches.
func tilesOf(cutter *mvt.Cutter, z int) (tiles []address) {
	minX, minY, maxX, maxY, _ := cutter.Range(z)
	for x := minX; x <= maxX; x++ {
		for y := minY; y <= maxY; y++ {
			tiles = append(tiles, address{int32(z), int32(x), int32(y)})
		}
	}
	return tiles
}

// sample is some 530 tiles of the zooms 9 to 16, at most 130 of each.
func sample(cutter *mvt.Cutter) (tiles []address) {
	for z := 9; z <= mvt.MaxZoom; z++ {
		all := tilesOf(cutter, z)
		for i := 0; i < len(all); i += 1 + len(all)/130 {
			tiles = append(tiles, all[i])
		}
	}
	return tiles
}

// postgis stores the county as a tile server on PostGIS would like it best: projected, indexed and clustered.
func (c *county) postgis(t testing.TB) *pgxpool.Pool {
	t.Helper()
	pool := dbtest.Owner(t, dbtest.Open(t))
	exec := func(sql string) {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	exec(`CREATE TABLE raw (level text, code text, name text, parent text, branch text, shape bytea)`)
	_, err := pool.CopyFrom(t.Context(), pgx.Identifier{"raw"}, []string{"level", "code", "name", "parent", "branch", "shape"},
		pgx.CopyFromSlice(len(c.areas), func(i int) ([]any, error) {
			a := &c.areas[i]
			var shape orb.MultiPolygon
			for _, polygon := range a.Shape {
				var rings orb.Polygon
				for _, ring := range polygon {
					var points orb.Ring
					for _, p := range ring {
						points = append(points, p.Orb())
					}
					rings = append(rings, append(points, points[0]))
				}
				shape = append(shape, rings)
			}
			data, err := wkb.Marshal(shape)
			id, _ := c.coverage.Find(a.Code)
			return []any{a.Level.String(), a.Code, a.Name, a.Parent, c.branches[id], data}, err
		}))
	if err != nil {
		t.Fatal(err)
	}
	for _, level := range coverage.Levels {
		exec(`CREATE TABLE tile_` + level.String() + ` AS SELECT code, name, nullif(parent, '') AS parent, nullif(branch, '') AS branch,
			ST_Transform(ST_GeomFromWKB(shape, 4326), 3857) AS geom FROM raw WHERE level = '` + level.String() + `'
			ORDER BY ST_GeoHash(ST_Centroid(ST_GeomFromWKB(shape, 4326)), 8)`)
		exec(`CREATE INDEX ON tile_` + level.String() + ` USING gist (geom)`)
		exec(`VACUUM ANALYZE tile_` + level.String())
	}
	return pool
}

// asMVT is the query of a tile with the layers that ours has at a zoom, but borders and labels.
func asMVT(z int) string {
	sql := `WITH tile AS (SELECT ST_TileEnvelope($1, $2, $3) AS bounds, ST_TileEnvelope($1, $2, $3, margin => 64.0 / 4096) AS reach) SELECT `
	for i, level := range mvt.LevelsAt(z) {
		if i > 0 {
			sql += ` || `
		}
		sql += `(SELECT coalesce(ST_AsMVT(f, '` + level.String() + `', 4096, 'geom'), '') FROM (SELECT a.code, a.name, a.parent, a.branch,
			ST_AsMVTGeom(a.geom, tile.bounds, 4096, 64, true) AS geom FROM tile_` + level.String() + ` a, tile WHERE a.geom && tile.reach) f
			WHERE f.geom IS NOT NULL)`
	}
	return sql
}
