package area_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"jingwei/geo"
	"jingwei/server/area"
	"jingwei/server/area/areatest"
	"jingwei/server/db"
	"jingwei/server/db/dbtest"
)

// BenchmarkSnapCell asks SQL for the owners of a million random points in and around the demo county, in one statement, and compares
// every answer with the index. The baseline counts for a tenth of the points, evenly spread, the micro-grids that cover them by
// ST_Covers, which is less of an answer, with the polygons as the outer table.
func BenchmarkSnapCell(b *testing.B) {
	pool := dbtest.Open(b)
	areatest.Publish(b, pool, demoAreas(b, 1000), areatest.Effective)
	atlas := load(b, pool)
	low, high, _ := atlas.Coverage.Bounds()
	random := rand.New(rand.NewPCG(1, 2))
	points := make([]geo.Point, 1_000_000)
	for i := range points {
		points[i] = geo.Point{Lon: low.Lon + random.Int32N(high.Lon-low.Lon), Lat: low.Lat + random.Int32N(high.Lat-low.Lat)}
	}
	storePoints(b, pool, points)
	began := time.Now()
	err := db.InLongTx(b.Context(), pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(b.Context(), `
			CREATE TEMP TABLE tenth ON COMMIT DROP AS SELECT geom FROM place WHERE i % 10 = 0;
			CREATE INDEX ON tenth USING gist (geom);
			ANALYZE tenth;
			SELECT count(*) FROM area_shape s JOIN area a ON a.code = s.code AND a.level = 'micro' JOIN tenth p ON ST_Covers(s.geom, p.geom)`)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	covers := float64(time.Since(began).Nanoseconds()) / float64(len(points)) * 10
	owned := 0
	for b.Loop() {
		owned = mustAgree(b, pool, atlas, points, byJoin)
	}
	ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N) / float64(len(points))
	b.ReportMetric(ns, "ns/point")
	b.ReportMetric(ns/covers, "×ST_Covers")
	b.ReportMetric(float64(owned)/float64(len(points)), "by-cell-alone")
}

// BenchmarkSaveCells fills the table for the demo county; the baseline builds the Atlas of the same edition.
func BenchmarkSaveCells(b *testing.B) {
	pool := dbtest.Open(b)
	areatest.Publish(b, pool, demoAreas(b, 1000), areatest.Effective)
	began := time.Now()
	load(b, pool)
	atlas := float64(time.Since(began).Nanoseconds())
	for b.Loop() {
		err := db.InLongTx(b.Context(), pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(b.Context(), `UPDATE edition SET cells = false`); err != nil {
				return err
			}
			return area.SaveCells(b.Context(), tx)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/atlas, "×LoadAtlas")
}
