package area_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/data/demo"
	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/access/accesstest"
	"jingwei/server/area"
	"jingwei/server/area/areatest"
	"jingwei/server/db"
	"jingwei/server/db/dbtest"
)

// storePoints makes the table place of points, their numbers and their cells.
func storePoints(t testing.TB, pool *pgxpool.Pool, points []geo.Point) {
	t.Helper()
	err := db.InLongTx(t.Context(), dbtest.Owner(t, pool), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `
			DROP TABLE IF EXISTS place;
			CREATE TABLE place (i int, cell bigint, geom geometry(Point, 4326));
			CREATE TEMP TABLE raw (i int, cell bigint, lon float8, lat float8) ON COMMIT DROP`)
		if err != nil {
			return err
		}
		_, err = tx.CopyFrom(t.Context(), pgx.Identifier{"raw"}, []string{"i", "cell", "lon", "lat"}, pgx.CopyFromSlice(len(points), func(i int) ([]any, error) {
			lon, lat := points[i].Degrees()
			return []any{i, int64(geo.CellAt(points[i], geo.IncidentResolution)), lon, lat}, nil
		}))
		if err != nil {
			return err
		}
		_, err = tx.Exec(t.Context(), `INSERT INTO place SELECT i, cell, ST_SetSRID(ST_MakePoint(lon, lat), 4326) FROM raw; GRANT SELECT ON place TO PUBLIC; ANALYZE place`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Ways to ask for the owners of the points in the table place: their numbers, the owners, and whether the cell alone told.
const (
	byFunction = `SELECT p.i, coalesce(snap_cell(p.cell, p.geom), ''), false FROM place p`
	byJoin     = `SELECT p.i, coalesce(c.area, snap_cell(p.cell, p.geom), ''), c.area IS NOT NULL
		FROM place p LEFT JOIN area_cell c ON c.cell = ANY (cell_ancestors(p.cell)) AND c.owns AND c.until IS NULL`
	byEdition = `SELECT p.i, coalesce(snap_cell(p.cell, p.geom, %d), ''), false FROM place p`
)

// mustAgree asks for the owners of points, which are in the table place, and compares them with the index. It tells how many the cell
// alone gave.
func mustAgree(t testing.TB, pool *pgxpool.Pool, atlas *area.Atlas, points []geo.Point, query string) (owned int) {
	t.Helper()
	answers, wrong := 0, 0
	err := db.InLongTx(t.Context(), pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(t.Context(), query)
		if err != nil {
			return err
		}
		var i int
		var code string
		var byCell bool
		_, err = pgx.ForEachRow(rows, []any{&i, &code, &byCell}, func() error {
			answers++
			if byCell {
				owned++
			}
			want := ""
			if id := atlas.Index.Locate(points[i]); id != coverage.None {
				want = atlas.Coverage.Code(id)
			}
			if code != want {
				if wrong++; wrong <= 5 {
					lon, lat := points[i].Degrees()
					t.Errorf("%.7f,%.7f: SQL says %q, the index %q", lon, lat, code, want)
				}
			}
			return nil
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if answers != len(points) || wrong > 0 {
		t.Fatalf("%d points: %d answers, %d of them wrong", len(points), answers, wrong)
	}
	return owned
}

// tryingPoints are random points in and around the areas, and for some edges their ends and middle and the points one step beside these.
func tryingPoints(c *coverage.Coverage, random, edges int) []geo.Point {
	rng := rand.New(rand.NewPCG(1, 2))
	low, high, _ := c.Bounds()
	width, height := high.Lon-low.Lon, high.Lat-low.Lat
	var points []geo.Point
	for range random {
		points = append(points, geo.Point{Lon: low.Lon - width/20 + rng.Int32N(width+width/10), Lat: low.Lat - height/20 + rng.Int32N(height+height/10)})
	}
	vertices := c.Vertices()
	for range edges {
		i := 1 + rng.IntN(len(vertices)-1)
		p, q := vertices[i-1], vertices[i]
		for _, at := range []geo.Point{p, {Lon: p.Lon + (q.Lon-p.Lon)/2, Lat: p.Lat + (q.Lat-p.Lat)/2}} {
			for n := range int32(9) {
				points = append(points, geo.Point{Lon: at.Lon + n%3 - 1, Lat: at.Lat + n/3 - 1})
			}
		}
	}
	return points
}

func load(t testing.TB, pool *pgxpool.Pool) *area.Atlas {
	t.Helper()
	atlas, err := area.LoadAtlas(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	return atlas
}

// demoAreas are those of the demo county that lie in one of its first towns.
func demoAreas(t testing.TB, towns int) []coverage.Area {
	t.Helper()
	county, err := demo.Generate(demo.Config{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	var areas []coverage.Area
	for _, a := range county.Areas {
		if a.Level == coverage.Town {
			towns--
		}
		if towns < 0 {
			break
		}
		areas = append(areas, a.Area)
	}
	return areas
}

// TestSnapCellAgreesOnTheDemo: SQL gives every point to the area to which the index gives it.
func TestSnapCellAgreesOnTheDemo(t *testing.T) {
	t.Parallel()
	pool := dbtest.Open(t)
	areatest.Publish(t, pool, demoAreas(t, 2), areatest.Effective)
	atlas := load(t, pool)
	// The county is far larger than its two towns here: most points belong in them.
	points := tryingPoints(atlas.Coverage, 20_000, 100)
	rng := rand.New(rand.NewPCG(3, 4))
	low, high := atlas.Coverage.BoundsOf(atlas.Coverage.Children(0)[0])
	for range 80_000 {
		points = append(points, geo.Point{Lon: low.Lon + rng.Int32N(high.Lon-low.Lon), Lat: low.Lat + rng.Int32N(high.Lat-low.Lat)})
	}
	storePoints(t, pool, points)
	owned := mustAgree(t, pool, atlas, points, byJoin)
	if owned < len(points)/3 {
		t.Errorf("the cell alone gives %d of %d points", owned, len(points))
	}
	t.Logf("%d points, %d of them by cell alone", len(points), owned)
}

// ring is a closed line through pairs of lattice units.
func ring(numbers ...int32) coverage.Ring {
	var r coverage.Ring
	for i := 0; i < len(numbers); i += 2 {
		r = append(r, geo.Point{Lon: 1_198_000_000 + numbers[i], Lat: 313_000_000 + numbers[i+1]})
	}
	return r
}

// oddAreas have holes, islands, enclaves, rests, slanting borders and overlaps.
func oddAreas() []coverage.Area {
	add := func(code, parent string, level coverage.Level, polygons ...coverage.Polygon) coverage.Area {
		return coverage.Area{Code: code, Parent: parent, Name: code, Level: level, Shape: polygons}
	}
	hole := ring(30_000, 30_000, 30_000, 70_000, 71_003, 70_000, 70_000, 30_000)
	return []coverage.Area{
		add("K", "", coverage.County, coverage.Polygon{ring(0, 0, 400_000, 0, 400_000, 200_000, 0, 200_000)}),
		// A town with a hole that another one fills in part; the rest of the hole is the county's own.
		add("T1", "K", coverage.Town, coverage.Polygon{ring(0, 0, 100_003, 7, 100_000, 100_000, 0, 100_000), hole}),
		add("T2", "K", coverage.Town, coverage.Polygon{ring(30_000, 30_000, 70_000, 30_000, 71_003, 70_000)},
			coverage.Polygon{ring(150_000, 150_000, 160_000, 150_000, 155_000, 177_777)}), // and an island
		// Partly divided, with overlapping children, whose codes sort before their parent's.
		add("T3", "K", coverage.Town, coverage.Polygon{ring(100_003, 7, 400_000, 0, 400_000, 140_000, 100_000, 100_000)}),
		add("A1", "T3", coverage.Community, coverage.Polygon{ring(110_000, 10_000, 200_000, 20_000, 190_000, 80_001)}),
		add("A2", "T3", coverage.Community, coverage.Polygon{ring(150_000, 10_000, 250_000, 30_000, 180_000, 90_000)}),
		// A child that sticks out of its parent, and a micro-grid right below a community.
		add("A3", "T3", coverage.Community, coverage.Polygon{ring(380_000, 50_000, 420_000, 50_000, 400_000, 90_000)}),
		add("M1", "A2", coverage.Micro, coverage.Polygon{ring(200_000, 30_000, 210_000, 30_000, 205_000, 41_111)}),
	}
}

func TestSnapCellAgreesOnOddShapes(t *testing.T) {
	t.Parallel()
	pool := dbtest.Open(t)
	areatest.Publish(t, pool, oddAreas(), areatest.Effective)
	atlas := load(t, pool)
	points := tryingPoints(atlas.Coverage, 5000, 100)
	storePoints(t, pool, points)
	owned := mustAgree(t, pool, atlas, points, byJoin)
	mustAgree(t, pool, atlas, points, byFunction)
	owners := map[string]bool{}
	for _, p := range points {
		if id := atlas.Index.Locate(p); id != coverage.None {
			owners[atlas.Coverage.Code(id)] = true
		}
	}
	if len(owners) != len(oddAreas()) || owned == 0 {
		t.Errorf("only %v own points, %d by cell", owners, owned)
	}
}

// rowsOf lists the rows of area_cell that hold in the last edition.
func rowsOf(t *testing.T, q db.Querier, sql string) []string {
	t.Helper()
	rows, err := q.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestCellsOfTheNextEdition publishes changes one by one. Each may touch only the rows of certain areas; after it the rows must be those
// that a database has which is filled anew, and every edition must still be answered.
func TestCellsOfTheNextEdition(t *testing.T) {
	t.Parallel()
	pool := dbtest.Open(t)
	areas := areatest.Areas()
	find := func(code string) *coverage.Area {
		return &areas[slices.IndexFunc(areas, func(a coverage.Area) bool { return a.Code == code })]
	}
	const grid, divided = "320282001001001", "320282002004"
	west, east := find(grid+"01"), find(grid+"02")
	bend := func() { // the border between two neighbours
		from, to := west.Shape[0][0][1], west.Shape[0][0][2]
		middle := geo.Point{Lon: from.Lon - 3000, Lat: (from.Lat + to.Lat) / 2}
		west.Shape = []coverage.Polygon{{slices.Insert(slices.Clone(west.Shape[0][0]), 2, middle)}}
		east.Shape = []coverage.Polygon{{append(slices.Clone(east.Shape[0][0]), middle)}}
	}
	half := func() coverage.Ring {
		r := slices.Clone(find(divided).Shape[0][0])
		r[1].Lon, r[2].Lon = (r[0].Lon+r[1].Lon)/2, (r[0].Lon+r[1].Lon)/2
		return r
	}
	var atlases []*area.Atlas
	var points []geo.Point
	for i, c := range []struct {
		name    string
		change  func() []coverage.Area
		touches []string
	}{
		{"first", func() []coverage.Area { return areas }, nil},
		{"two neighbours", func() []coverage.Area { bend(); return []coverage.Area{*west, *east} }, []string{grid + "01", grid + "02"}},
		{"another name", func() []coverage.Area { west.Name = "新"; return []coverage.Area{*west} }, nil},
		{"one is divided in part", func() []coverage.Area {
			return []coverage.Area{{Code: divided + "001", Parent: divided, Name: "n", Level: coverage.Grid, Shape: []coverage.Polygon{{half()}}}}
		}, []string{divided, divided + "001"}},
		{"one moves to another parent", func() []coverage.Area {
			west.Parent = "320282001001002"
			return []coverage.Area{*west}
		}, []string{grid, grid + "01"}},
	} {
		edition := areatest.Publish(t, pool, c.change(), areatest.Effective.AddDate(0, i, 0))
		atlases = append(atlases, load(t, pool))
		if i == 0 {
			points = tryingPoints(atlases[0].Coverage, 1000, 20)
			for n := range int32(200) { // beside the border that bends
				points = append(points, geo.Point{Lon: west.Shape[0][0][1].Lon - 4000 + n*40, Lat: west.Shape[0][0][1].Lat + n*100})
			}
			storePoints(t, pool, points)
			continue
		}
		touched := rowsOf(t, pool, fmt.Sprintf(`SELECT DISTINCT area FROM area_cell WHERE since = %d OR until = %[1]d ORDER BY 1`, edition))
		if slices.ContainsFunc(touched, func(code string) bool { return !slices.Contains(c.touches, code) }) || len(c.touches) > 0 && len(touched) == 0 {
			t.Errorf("%s: rows of %v were touched, want at most %v", c.name, touched, c.touches)
		}
		const current = `SELECT cell || area || inside || owns FROM area_cell WHERE until IS NULL ORDER BY 1`
		got := rowsOf(t, pool, current)
		err := db.InLongTx(t.Context(), pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), `UPDATE edition SET cells = false`); err != nil {
				return err
			}
			if err := area.SaveCells(t.Context(), tx); err != nil {
				return err
			}
			if want := rowsOf(t, tx, current); !slices.Equal(got, want) {
				t.Errorf("%s: %d rows, a new fill gives %d others", c.name, len(got), len(want))
			}
			return db.ErrRollback
		})
		if err != nil {
			t.Fatal(err)
		}
		mustAgree(t, pool, atlases[i], points, byJoin)
	}
	for i, atlas := range atlases {
		mustAgree(t, pool, atlas, points, fmt.Sprintf(byEdition, i+1))
	}
}

// TestCellsOfAnOldDatabase: a database that had areas before it had cells says so, until the server gives the last edition its cells.
func TestCellsOfAnOldDatabase(t *testing.T) {
	t.Parallel()
	pool := dbtest.Open(t)
	for i := range 2 {
		areatest.Publish(t, pool, areatest.Areas(), areatest.Effective.AddDate(0, i, 0))
	}
	if _, err := pool.Exec(t.Context(), `TRUNCATE area_cell; UPDATE edition SET cells = false`); err != nil {
		t.Fatal(err)
	}
	p := geo.Point{Lon: int32(areatest.WestDeg*geo.UnitsPerDegree) + 1000, Lat: int32(areatest.SouthDeg*geo.UnitsPerDegree) + 1000}
	ask := func(edition *int) (code string, err error) {
		lon, lat := p.Degrees()
		err = pool.QueryRow(t.Context(), `SELECT snap_cell($1, ST_SetSRID(ST_MakePoint($2, $3), 4326), $4)`,
			int64(geo.CellAt(p, geo.IncidentResolution)), lon, lat, edition).Scan(&code)
		return code, err
	}
	if _, err := ask(nil); err == nil || !strings.Contains(err.Error(), "no cells") {
		t.Errorf("before: %v", err)
	}
	service, err := area.NewService(pool)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing to do
		if err := service.EnsureCells(accesstest.Operator(t)); err != nil {
			t.Fatal(err)
		}
		if code, err := ask(nil); err != nil || !strings.HasPrefix(code, areatest.County+"003003") {
			t.Errorf("after: %q, %v", code, err)
		}
	}
	first := 1
	if _, err := ask(&first); err == nil || !strings.Contains(err.Error(), "no cells") {
		t.Errorf("the first edition: %v", err)
	}
}

// TestCellFunctions holds the bit arithmetic in SQL against H3.
func TestCellFunctions(t *testing.T) {
	t.Parallel()
	pool := dbtest.Open(t)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		p := geo.Point{Lon: rng.Int32N(geo.MaxLon), Lat: -rng.Int32N(geo.MaxLat)}
		fine := geo.CellAt(p, geo.IncidentResolution)
		var ancestors []int64
		var none *int64
		if err := pool.QueryRow(t.Context(), `SELECT cell_ancestors($1), cell_parent($1, 13)`, int64(fine)).Scan(&ancestors, &none); err != nil {
			t.Fatal(err)
		}
		for i, cell := range ancestors {
			if geo.Cell(cell) != fine.Parent(11-i) {
				t.Fatalf("ancestor %d of %v is %v", i, fine, geo.Cell(cell))
			}
		}
		if len(ancestors) != 7 || none != nil {
			t.Fatalf("%v has the ancestors %v, and %v", fine, ancestors, none)
		}
	}
	// A cell of another resolution would find no area, or another one.
	for cell, want := range map[*int64]bool{nil: true, new(int64(geo.CellAt(geo.Point{}, 12))): true, new(int64(geo.CellAt(geo.Point{}, 9))): false} {
		var owner *string
		err := pool.QueryRow(t.Context(), `SELECT snap_cell($1, 'SRID=4326;POINT(0 0)')`, cell).Scan(&owner)
		if (err == nil) != want || owner != nil {
			t.Errorf("the cell %v: %v", cell, err)
		}
	}
}
