package cover_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"jingwei/geo"
	"jingwei/geo/cover"
	"jingwei/geo/coverage"
	"jingwei/geo/internal/testcounty"
)

type fatal interface {
	Helper()
	Fatalf(format string, args ...any)
}

func build(t fatal, areas []coverage.Area) *coverage.Coverage {
	t.Helper()
	c, err := coverage.Build(areas)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return c
}

// twin answers from all areas and nothing else.
type twin struct {
	*coverage.Coverage
	areas []coverage.Area
}

func newTwin(c *coverage.Coverage) *twin {
	t := &twin{c, make([]coverage.Area, c.Len())}
	for id := range t.areas {
		t.areas[id] = c.Area(coverage.ID(id))
	}
	return t
}

// sides tells for each area where p lies, and which area owns it by the border rule of package geo.
func (t *twin) sides(p geo.Point) (sides []geo.Side, owner coverage.ID) {
	sides, owner = make([]geo.Side, len(t.areas)), coverage.None
	for id := range t.areas {
		if low, high := t.BoundsOf(coverage.ID(id)); low.Lon <= p.Lon && p.Lon <= high.Lon && low.Lat <= p.Lat && p.Lat <= high.Lat {
			sides[id] = t.areas[id].Side(p)
		}
	}
	for id, side := range slices.Backward(sides) {
		held := func(child coverage.ID) bool { return sides[child] != geo.Outside }
		if side != geo.Outside && !slices.ContainsFunc(t.Children(coverage.ID(id)), held) {
			owner = coverage.ID(id)
		}
	}
	return sides, owner
}

// mustHold checks at given points all that a cover promises, and tells how many of them lie in a cell that its area owns.
func mustHold(t fatal, c *coverage.Coverage, cells []cover.Cell, points []geo.Point) (owned int) {
	t.Helper()
	slow, rows := newTwin(c), map[geo.Cell][]cover.Cell{}
	for i, cell := range cells {
		rows[cell.Cell] = append(rows[cell.Cell], cell)
		if i > 0 && (cells[i-1].Cell > cell.Cell || cells[i-1].Cell == cell.Cell && cells[i-1].Area >= cell.Area) {
			t.Fatalf("cell %d is out of order", i)
		}
	}
	for _, p := range points {
		sides, owner := slow.sides(p)
		fine := geo.CellAt(p, geo.IncidentResolution)
		found := make([]int, c.Len())
		for r := cover.Coarsest; r <= cover.Finest; r++ {
			for _, cell := range rows[fine.Parent(r)] {
				found[cell.Area]++
				if cell.Inside && sides[cell.Area] != geo.Inside {
					t.Fatalf("%v (side %d) lies in the cell %v, resolution %d, inside %s", p, sides[cell.Area], cell.Cell, r, c.Code(cell.Area))
				}
				if cell.Owns {
					owned++
					if owner != cell.Area {
						t.Fatalf("%v lies in the cell %v, all owned by %s, but belongs to area %d", p, cell.Cell, c.Code(cell.Area), owner)
					}
				}
			}
		}
		for id, n := range found {
			if n > 1 || n == 0 && sides[id] != geo.Outside {
				t.Fatalf("%v (side %d) lies in %d cells of the cover of %s", p, sides[id], n, c.Code(coverage.ID(id)))
			}
		}
	}
	return owned
}

// tryingPoints are random points in and around the bounds; vertices, middles of edges and the points one step beside them; and the
// corners of the cells there, at all resolutions, and points beside them.
func tryingPoints(c *coverage.Coverage, random *rand.Rand, n int) []geo.Point {
	low, high, _ := c.Bounds()
	var points []geo.Point
	add := func(lon, lat int64) {
		p := geo.Point{Lon: int32(min(max(lon, -geo.MaxLon), geo.MaxLon)), Lat: int32(min(max(lat, -geo.MaxLat), geo.MaxLat))}
		points = append(points, p)
	}
	around := func(p geo.Point, step int64) {
		for dLon := -step; dLon <= step; dLon += step {
			for dLat := -step; dLat <= step; dLat += step {
				add(int64(p.Lon)+dLon, int64(p.Lat)+dLat)
			}
		}
	}
	width, height := int64(high.Lon)-int64(low.Lon), int64(high.Lat)-int64(low.Lat)
	anywhere := func() (lon, lat int64) {
		return int64(low.Lon) - width/20 - 1 + random.Int64N(width*11/10+3), int64(low.Lat) - height/20 - 1 + random.Int64N(height*11/10+3)
	}
	for range n {
		add(anywhere())
	}
	for range n / 100 {
		add(anywhere())
		p := points[len(points)-1]
		for r := cover.Coarsest; r <= geo.IncidentResolution; r++ {
			for _, corner := range geo.CellAt(p, r).Boundary() {
				around(corner, 1)
			}
		}
	}
	vertices := c.Vertices()
	for range n / 100 {
		i := 1 + random.IntN(len(vertices)-1)
		p, q := vertices[i-1], vertices[i]
		around(p, 1)
		around(geo.Point{Lon: int32((int64(p.Lon) + int64(q.Lon)) / 2), Lat: int32((int64(p.Lat) + int64(q.Lat)) / 2)}, 1)
	}
	return points
}

func TestCoverOfACounty(t *testing.T) {
	t.Parallel()
	c := build(t, testcounty.Small.Areas())
	cells := cover.All(c)
	points := tryingPoints(c, rand.New(rand.NewPCG(1, 2)), 20_000)
	if owned := mustHold(t, c, cells, points); owned < len(points)/4 {
		t.Errorf("of %d points only %d lie in cells that are owned", len(points), owned)
	}
	coarse := slices.ContainsFunc(cells, func(cell cover.Cell) bool {
		return c.Level(cell.Area) == coverage.Town && cell.Inside && cell.Cell.Resolution() <= 8
	})
	if !coarse {
		t.Error("the borders of micro-grids keep coarse cells from lying inside towns")
	}
}

// box is an area with corners in degrees.
func box(code, parent string, level coverage.Level, west, south, east, north float64) coverage.Area {
	low, _ := geo.PointOf(max(west, -180), max(south, -90))
	high, _ := geo.PointOf(min(east, 180), min(north, 90))
	return coverage.Area{Code: code, Parent: parent, Level: level, Shape: []coverage.Polygon{{ringOf(low, high)}}}
}

func ringOf(low, high geo.Point) coverage.Ring {
	return coverage.Ring{low, {Lon: high.Lon, Lat: low.Lat}, high, {Lon: low.Lon, Lat: high.Lat}}
}

// middle is half way from a to b on the sphere.
func middle(a, b geo.Point) [2]float64 {
	var sum [3]float64
	for _, p := range [...]geo.Point{a, b} {
		lon, lat := p.Degrees()
		sinLon, cosLon := math.Sincos(lon * math.Pi / 180)
		sinLat, cosLat := math.Sincos(lat * math.Pi / 180)
		sum[0], sum[1], sum[2] = sum[0]+cosLat*cosLon, sum[1]+cosLat*sinLon, sum[2]+sinLat
	}
	return [2]float64{math.Atan2(sum[1], sum[0]) * 180 / math.Pi, math.Atan2(sum[2], math.Hypot(sum[0], sum[1])) * 180 / math.Pi}
}

// TestCoverAnywhereOnEarth covers areas of several sizes at places where H3 is special and where the lattice ends.
func TestCoverAnywhereOnEarth(t *testing.T) {
	t.Parallel()
	places := map[string][2]float64{
		"equator": {0, 0}, "Yixing": {119.82, 31.34}, "Sydney": {151.2, -33.9}, "Ushuaia": {-68.3, -54.8}, "Longyearbyen": {15.6, 78.2},
		"beyond 85°": {30, 85.01}, "the north pole": {0, 90}, "near the north pole": {100, 89.9}, "the south pole": {-50, -89.99},
		"east of the antimeridian": {-179.99, -16.5}, "west of the antimeridian": {179.995, 51}, "Fiji": {180, -17}, "Chukotka": {-180, 67},
	}
	var pentagons []geo.Point
	for i, c := range geo.BaseCells() {
		if len(c.AppendChildren(nil)) == 6 {
			lon, lat := c.Center().Degrees()
			places[fmt.Sprintf("pentagon %d", i)] = [2]float64{lon, lat}
			pentagons = append(pentagons, c.Center())
		}
	}
	// Pentagons are the corners of H3's icosahedron; hexagons on its edges are bent.
	slices.SortFunc(pentagons, func(a, b geo.Point) int {
		return cmp.Compare(geo.DistanceM(a, pentagons[4]), geo.DistanceM(b, pentagons[4]))
	})
	places["an edge of the icosahedron"] = middle(pentagons[0], pentagons[1])
	for name, place := range places {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(3, uint64(len(name))))
			for _, widthDeg := range []float64{0.001, 0.02, 1.5} {
				lon, lat, w := place[0]+0.3*widthDeg*random.Float64(), place[1]+0.3*widthDeg*random.Float64(), widthDeg/2
				areas := []coverage.Area{box("1", "", coverage.County, lon-2*w, lat-2*w, lon+w, lat+w)}
				if lat-w < 90 {
					areas = append(areas, box("11", "1", coverage.Town, lon-w, lat-w, lon, lat+w/2))
				}
				// The same county goes on beyond the antimeridian.
				for _, turn := range []float64{-360, 360} {
					if west, east := lon-2*w+turn, lon+w+turn; west < 180 && east > -180 {
						more := box("", "", 0, west, lat-2*w, east, lat+w)
						areas[0].Shape = append(areas[0].Shape, more.Shape...)
					}
				}
				for i, area := range areas {
					areas[i].Shape = slices.DeleteFunc(area.Shape, func(p coverage.Polygon) bool { return geo.TwiceArea(p[0]).Sign() <= 0 })
				}
				areas = slices.DeleteFunc(areas, func(a coverage.Area) bool { return len(a.Shape) == 0 })
				c := build(t, areas)
				mustHold(t, c, cover.All(c), tryingPoints(c, random, 1000))
			}
		})
	}
}

// anyAreas draws areas that overlap, touch and cross themselves, some under others.
func anyAreas(t *rapid.T) []coverage.Area {
	// In steps of some metres, so that lines often meet.
	step := rapid.SampledFrom([]int32{1, 300, 4000, 300_000}).Draw(t, "step")
	origin := rapid.SampledFrom([]geo.Point{{Lon: 1_198_000_000, Lat: 313_000_000}, {Lon: geo.MaxLon - 40*step, Lat: -160_000_000}, {Lat: geo.MaxLat - 40*step}}).Draw(t, "origin")
	point := rapid.Custom(func(t *rapid.T) geo.Point {
		return geo.Point{Lon: origin.Lon + step*rapid.Int32Range(0, 40).Draw(t, "x"), Lat: origin.Lat + step*rapid.Int32Range(0, 40).Draw(t, "y")}
	})
	var areas []coverage.Area
	for i := range rapid.IntRange(1, 6).Draw(t, "areas") {
		a := coverage.Area{Code: fmt.Sprint(rapid.Permutation([]int{0, 1, 2}).Draw(t, "order")[0], i), Level: rapid.SampledFrom(coverage.Levels[:]).Draw(t, "level")}
		for range rapid.IntRange(1, 2).Draw(t, "rings") {
			ring := coverage.Ring(rapid.SliceOfN(point, 3, 6).Draw(t, "ring"))
			if geo.TwiceArea(ring).Sign() == 0 {
				t.Skip("no area")
			}
			a.Shape = append(a.Shape, coverage.Polygon{ring})
		}
		for _, above := range areas {
			if above.Level < a.Level && rapid.Bool().Draw(t, "below") {
				a.Parent = above.Code
			}
		}
		areas = append(areas, a)
	}
	return areas
}

func TestCoverOfAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := build(t, anyAreas(t))
		mustHold(t, c, cover.All(c), tryingPoints(c, rand.New(rand.NewPCG(5, 6)), 200))
	})
}

func TestCoverOfNothing(t *testing.T) {
	t.Parallel()
	if cells := cover.All(&coverage.Coverage{}); len(cells) != 0 {
		t.Errorf("%d cells", len(cells))
	}
}

// TestOwns: an area owns cells of its own where its children do not touch them, and none where they do.
func TestOwns(t *testing.T) {
	t.Parallel()
	c := build(t, []coverage.Area{
		box("1", "", coverage.County, 119, 31, 119.1, 31.1), box("11", "1", coverage.Town, 119, 31, 119.05, 31.1),
		box("111", "11", coverage.Community, 119, 31, 119.05, 31.05), box("112", "11", coverage.Community, 119, 31.05, 119.05, 31.1),
	})
	owns := map[string]int{}
	for _, cell := range cover.All(c) {
		if cell.Owns {
			owns[c.Code(cell.Area)]++
		}
	}
	if owns["1"] == 0 || owns["11"] > 0 || owns["111"] == 0 || owns["112"] == 0 {
		t.Errorf("cells owned: %v", owns)
	}
}

// TestChanged puts what Changed gives into the cover of the Coverage before, and expects the cover of the Coverage after.
func TestChanged(t *testing.T) {
	t.Parallel()
	before := testcounty.Small.Areas()
	find := func(areas []coverage.Area, code string) *coverage.Area {
		return &areas[slices.IndexFunc(areas, func(a coverage.Area) bool { return a.Code == code })]
	}
	micro := before[slices.IndexFunc(before, func(a coverage.Area) bool { return a.Level == coverage.Micro })].Code
	neighbour, grid := micro[:len(micro)-1]+"2", find(before, micro).Parent
	// Neighbours have borders in common: half of what the two hold goes to one of them.
	box := func(code string) coverage.Ring {
		c := build(t, before)
		id, _ := c.Find(code)
		return ringOf(c.BoundsOf(id))
	}
	for name, c := range map[string]struct {
		change func(areas []coverage.Area) []coverage.Area
		codes  []string // that change
		whole  []string // further areas
	}{
		"two neighbours": {func(areas []coverage.Area) []coverage.Area {
			find(areas, micro).Shape = []coverage.Polygon{{box(micro)}}
			find(areas, neighbour).Shape = []coverage.Polygon{{box(neighbour)}}
			return areas
		}, []string{micro, neighbour}, []string{grid}},
		"one goes": {func(areas []coverage.Area) []coverage.Area {
			return slices.DeleteFunc(areas, func(a coverage.Area) bool { return a.Code == micro })
		}, []string{micro}, []string{grid}},
		"one moves to another parent": {func(areas []coverage.Area) []coverage.Area {
			find(areas, micro).Parent = grid[:len(grid)-1] + "2"
			return areas
		}, []string{micro}, []string{grid, grid[:len(grid)-1] + "2"}},
		"an undivided one is divided": {func(areas []coverage.Area) []coverage.Area {
			return append(areas, coverage.Area{Code: "new", Parent: grid[:len(grid)-1] + "9", Level: coverage.Micro, Shape: find(areas, micro).Shape})
		}, []string{"new"}, []string{grid[:len(grid)-1] + "9"}},
		"nothing": {func(areas []coverage.Area) []coverage.Area { return areas }, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := slices.Clone(before)
			first = append(first, coverage.Area{Code: grid[:len(grid)-1] + "9", Parent: find(before, grid).Parent, Level: coverage.Grid, Shape: find(before, grid).Shape})
			old, changed := build(t, first), build(t, c.change(slices.Clone(first)))
			var whole []coverage.ID
			var places []cover.Box
			wholeCode := map[string]bool{}
			for i, code := range append(slices.Clone(c.codes), c.whole...) {
				wholeCode[code] = true
				if id, found := changed.Find(code); found {
					whole = append(whole, id)
				}
				for _, v := range []*coverage.Coverage{old, changed} {
					if id, found := v.Find(code); found && i < len(c.codes) {
						low, high := v.BoundsOf(id)
						places = append(places, cover.Box{Low: low, High: high})
					}
				}
			}
			type key struct {
				cell geo.Cell
				code string
			}
			type value struct{ inside, owns bool }
			patched, want := map[key]value{}, map[key]value{}
			for _, cell := range cover.All(old) {
				if code := old.Code(cell.Area); !wholeCode[code] {
					patched[key{cell.Cell, code}] = value{cell.Inside, cell.Owns}
				}
			}
			given := cover.Changed(changed, whole, places)
			for _, cell := range given {
				k := key{cell.Cell, changed.Code(cell.Area)}
				if _, known := patched[k]; !known && !wholeCode[k.code] {
					t.Fatalf("a new cell of %s, which has not changed", k.code)
				}
				patched[k] = value{cell.Inside, cell.Owns}
			}
			all := cover.All(changed)
			for _, cell := range all {
				want[key{cell.Cell, changed.Code(cell.Area)}] = value{cell.Inside, cell.Owns}
			}
			if len(patched) != len(want) {
				t.Errorf("%d cells, want %d", len(patched), len(want))
			}
			for k, v := range want {
				if patched[k] != v {
					t.Fatalf("%v of %s is %v, want %v", k.cell, k.code, patched[k], v)
				}
			}
			if len(given) > len(all)/10 {
				t.Errorf("%d of %d cells were looked at", len(given), len(all))
			}
		})
	}
}

// TestChangedWhateverTheCodes: a grandchild comes whose code sorts before that of the county, or after it. Either way the county's cells,
// of which Changed gives no whole cover, stay where they are.
func TestChangedWhateverTheCodes(t *testing.T) {
	t.Parallel()
	for _, codes := range [][3]string{{"B", "C", "A"}, {"A", "B", "C"}} {
		county, town, community := codes[0], codes[1], codes[2]
		first := []coverage.Area{
			box(county, "", coverage.County, 119.80, 31.30, 119.88, 31.38), box(town, county, coverage.Town, 119.80, 31.30, 119.84, 31.38),
		}
		old := build(t, first)
		changed := build(t, append(first, box(community, town, coverage.Community, 119.815, 31.32, 119.84, 31.36)))
		of := func(c *coverage.Coverage, cells []cover.Cell) (own []cover.Cell) {
			for _, cell := range cells {
				if c.Code(cell.Area) == county {
					cell.Area = 0
					own = append(own, cell)
				}
			}
			return own
		}
		was, is := of(old, cover.All(old)), of(changed, cover.All(changed))
		if len(is) == 0 || !slices.Equal(was, is) {
			t.Errorf("%v: the county had %d cells and has %d, others", codes, len(was), len(is))
		}
		id, _ := changed.Find(community)
		low, high := changed.BoundsOf(id)
		for _, cell := range of(changed, cover.Changed(changed, []coverage.ID{id, changed.Parent(id)}, []cover.Box{{Low: low, High: high}})) {
			if !slices.Contains(was, cell) {
				t.Errorf("%v: the county has got the cell %v", codes, cell.Cell)
			}
		}
	}
}
