package snap_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/geo/internal/testcounty"
	"jingwei/geo/snap"
)

// othersTwin looks at every edge of what can own points, and has asked the slow twin who owns beside it.
type othersTwin struct {
	*twin
	edges []twinEdge
}

type twinEdge struct {
	from, to geo.Point
	beside   [2]coverage.ID
}

func newOthersTwin(c *coverage.Coverage) *othersTwin {
	slow := &othersTwin{twin: newTwin(c)}
	half := func(a, b int32) int32 { return int32(math.Floor((float64(a) + float64(b)) / 2)) }
	for i := range c.Arcs() {
		sides := slices.Concat(c.Arcs()[i].Left[:], c.Arcs()[i].Right[:])
		if !slices.ContainsFunc(sides, func(id coverage.ID) bool { return id != coverage.None && !c.Covered(id) }) {
			continue // a border of what owns nothing
		}
		points := c.Arcs()[i].Points
		for k, to := range points[1:] {
			from := points[k]
			a := geo.Point{Lon: half(from.Lon, to.Lon), Lat: half(from.Lat, to.Lat)}
			b := a
			if math.Abs(float64(to.Lon)-float64(from.Lon)) >= math.Abs(float64(to.Lat)-float64(from.Lat)) {
				a.Lat, b.Lat = a.Lat-2, b.Lat+2
			} else {
				a.Lon, b.Lon = a.Lon-2, b.Lon+2
			}
			slow.edges = append(slow.edges, twinEdge{from, to, [2]coverage.ID{slow.locate(a), slow.locate(b)}})
		}
	}
	return slow
}

// others is the distance of each owner but p's own.
func (t *othersTwin) others(p geo.Point) map[coverage.ID]float64 {
	own, distances := t.locate(p), map[coverage.ID]float64{}
	for _, e := range t.edges {
		d := segmentM(p, e.from, e.to)
		for _, id := range e.beside {
			if before, known := distances[id]; id != own && (!known || d < before) {
				distances[id] = d
			}
		}
	}
	return distances
}

// othersAlong is the same where who owns what changes along an edge: each edge is asked beside its point nearest to p, eight steps from its ends, and there
// beside its middle too. Where that point lies halfway between two of the lattice, or just eight steps from an end, the last digit of the arithmetic decides
// which of the two is asked, and whether the middle is; a sliver of an owner can lie beside one of them alone. So may holds what is beside any of them, and
// must what is beside each.
func (t *othersTwin) othersAlong(p geo.Point) (must, may map[coverage.ID]float64) {
	own := t.locate(p)
	must, may = map[coverage.ID]float64{}, map[coverage.ID]float64{}
	for _, e := range t.edges {
		width, height := float64(e.to.Lon)-float64(e.from.Lon), float64(e.to.Lat)-float64(e.from.Lat)
		ask := func(along, d float64, sure bool) {
			places, met := 0, map[coverage.ID]int{}
			for _, lon := range roundings(float64(e.from.Lon) + along*width) {
				for _, lat := range roundings(float64(e.from.Lat) + along*height) {
					a, b := geo.Point{Lon: lon, Lat: lat - 2}, geo.Point{Lon: lon, Lat: lat + 2}
					if math.Abs(width) < math.Abs(height) {
						a, b = geo.Point{Lon: lon - 2, Lat: lat}, geo.Point{Lon: lon + 2, Lat: lat}
					}
					places++
					left, right := t.locate(a), t.locate(b)
					if met[left]++; right != left {
						met[right]++
					}
				}
			}
			for id, n := range met {
				for _, distances := range []map[coverage.ID]float64{may, must} {
					if before, known := distances[id]; id != own && (!known || d < before) {
						distances[id] = d
					}
					if n < places || !sure {
						break
					}
				}
			}
		}
		_, latDeg := p.Degrees()
		cos := math.Cos(latDeg * math.Pi / 180)
		x, y := (float64(p.Lon)-float64(e.from.Lon))*cos, float64(p.Lat)-float64(e.from.Lat)
		along := min(max((x*width*cos+y*height)/(width*cos*width*cos+height*height), 0), 1)
		least := 8 / max(math.Abs(width), math.Abs(height))
		if least >= 0.5 {
			ask(0.5, segmentM(p, e.from, e.to), true)
			continue
		}
		ask(min(max(along, least), 1-least), segmentM(p, e.from, e.to), true)
		if beyond := max(least-along, along-(1-least)); beyond > -1e-9 {
			middle := geo.Point{Lon: int32(math.Round(float64(e.from.Lon) + width/2)), Lat: int32(math.Round(float64(e.from.Lat) + height/2))}
			ask(0.5, segmentM(p, middle, middle), beyond > 1e-9)
		}
	}
	return must, may
}

// roundings are the whole numbers next to v: two where it lies halfway, to the last digits.
func roundings(v float64) []int32 {
	low, high := int32(math.Round(v-1e-6)), int32(math.Round(v+1e-6))
	if low == high {
		return []int32{low}
	}
	return []int32{low, high}
}

// segmentM is the distance from p to a segment in a plane around p.
func segmentM(p, a, b geo.Point) float64 {
	_, latDeg := p.Degrees()
	stepM := geo.EarthRadiusM * math.Pi / 180 / geo.UnitsPerDegree
	cos := math.Cos(latDeg * math.Pi / 180)
	ax, ay := (float64(a.Lon)-float64(p.Lon))*cos*stepM, (float64(a.Lat)-float64(p.Lat))*stepM
	bx, by := (float64(b.Lon)-float64(p.Lon))*cos*stepM, (float64(b.Lat)-float64(p.Lat))*stepM
	along := 0.0
	if length2 := (bx-ax)*(bx-ax) + (by-ay)*(by-ay); length2 > 0 {
		along = min(max(-(ax*(bx-ax)+ay*(by-ay))/length2, 0), 1)
	}
	return math.Hypot(ax+along*(bx-ax), ay+along*(by-ay))
}

// mustBeOthers compares with the twin: the same owners, but for those whose distance is the radius or that of the last to a few centimetres, and for those that
// only may be told.
func mustBeOthers(t fatal, x *snap.Index, p geo.Point, radiusM float64, must, may map[coverage.ID]float64) {
	t.Helper()
	const slackM = 0.03
	got, within := x.Others(p, radiusM), 0
	for _, d := range must {
		if d <= radiusM-slackM {
			within++
		}
	}
	if len(got) < min(within, snap.MaxOthers) || len(got) > snap.MaxOthers {
		t.Fatalf("%d others of %v within %v m, want at least %d: %v of %v", len(got), p, radiusM, within, got, must)
	}
	last, told := radiusM, map[coverage.ID]bool{}
	for i, o := range got {
		least, known := may[o.ID]
		most, sure := must[o.ID]
		if !sure {
			most = math.Inf(1)
		}
		if !known || o.DistanceM < least-slackM-least/1000 || o.DistanceM > most+slackM+most/1000 || o.DistanceM > radiusM || told[o.ID] ||
			i > 0 && o.DistanceM < got[i-1].DistanceM {
			t.Fatalf("others of %v within %v m are %v, want %v, some of %v", p, radiusM, got, must, may)
		}
		told[o.ID] = true
	}
	if len(got) == snap.MaxOthers {
		last = got[len(got)-1].DistanceM
	}
	for id, d := range must {
		if d+slackM+d/1000 < last && !told[id] {
			t.Fatalf("others of %v within %v m are %v, without %d at %v m", p, radiusM, got, id, d)
		}
	}
}

func TestOthersAreThoseByEdge(t *testing.T) {
	t.Parallel()
	size := testcounty.Small
	size.Towns = [2]int{1, 1}
	county := size.Areas()
	gaping := county[:len(county)-7] // some own what their children do not cover
	alone, _ := build(t, county)
	low, high, _ := alone.Bounds()
	for name, areas := range map[string][]coverage.Area{"county": county, "gaping": gaping, "far": append(size.Areas(), boxDeg("9", -150, -60, -149, -59))} {
		c, x := build(t, areas)
		slow := newOthersTwin(c)
		random := rand.New(rand.NewPCG(21, 22))
		outside, inside := 0, 0
		for range 60 {
			p := geo.Point{
				Lon: low.Lon - 20000 + random.Int32N(high.Lon-low.Lon+40000),
				Lat: low.Lat - 20000 + random.Int32N(high.Lat-low.Lat+40000),
			}
			want := slow.others(p)
			for _, radiusM := range []float64{5, 30, 200, 5000, math.Inf(1)} {
				mustBeOthers(t, x, p, radiusM, want, want)
			}
			if slow.locate(p) == coverage.None {
				outside++
			} else if _, near := want[coverage.None]; near {
				inside++
			}
		}
		if outside == 0 || inside == 0 {
			t.Errorf("%s: %d points lay outside, %d inside", name, outside, inside)
		}
	}
}

// Areas of any shape, overlapping and self-crossing, alone and in cells of a raster over the world.
func TestOthersOfAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		scale := rapid.SampledFrom([]int32{1000, 100_000}).Draw(t, "scale")
		areas := drawAreas(t, scale)
		if rapid.Bool().Draw(t, "far") {
			areas = append(areas, area("far", "", coverage.County, box(-100_000_007, -geo.MaxLat, -100_000_007+1000, geo.MaxLat)))
		}
		c, x := build(t, areas)
		slow := newOthersTwin(c)
		p := geo.Point{Lon: rapid.Int32Range(-scale, 8*scale).Draw(t, "lon"), Lat: rapid.Int32Range(-4*scale, 5*scale).Draw(t, "lat")}
		must, may := slow.othersAlong(p)
		for _, radiusM := range []float64{0, float64(scale) * 0.005, float64(scale) * 0.02, float64(scale) * 0.1} {
			mustBeOthers(t, x, p, radiusM, must, may)
		}
	})
}

// A wall of bricks, each course of which has its joints elsewhere, so that no brick shares its corners with those above and below: the distance to each is the
// distance to its own four edges, however long the edges between them are. Slanted, so that corners lie beside the edges that they should lie on.
func TestOthersWithoutSharedCorners(t *testing.T) {
	t.Parallel()
	const width, height = 400_000, 20_000
	random := rand.New(rand.NewPCG(25, 26))
	for _, slant := range []float64{0, 0.37, -1.9} {
		at := func(lon, lat int32) (int32, int32) { return lon, lat + int32(math.Round(slant*float64(lon))) }
		var bricks []coverage.Area
		shapes := map[string][4]geo.Point{}
		for course := range int32(6) {
			for west := int32(0); west < width; {
				east := min(west+[]int32{width, 1500, 90_000, 1200, width / 2, 7000}[course]+random.Int32N(500), width)
				if width-east < 1000 {
					east = width
				}
				code := "b" + strconv.Itoa(len(bricks)+100)
				var flat []int32
				var corners [4]geo.Point
				for k, corner := range [4][2]int32{{west, course * height}, {east, course * height}, {east, (course + 1) * height}, {west, (course + 1) * height}} {
					lon, lat := at(corner[0], corner[1])
					flat, corners[k] = append(flat, lon, lat), geo.Point{Lon: lon, Lat: lat}
				}
				shapes[code] = corners
				bricks = append(bricks, area(code, "", coverage.County, ring(flat...)))
				west = east
			}
		}
		c, x := build(t, bricks)
		told := 0
		for range 300 {
			lon, lat := at(50_000+random.Int32N(width-100_000), height+random.Int32N(4*height))
			p := geo.Point{Lon: lon, Lat: lat}
			own, distances := x.Locate(p), map[coverage.ID]float64{}
			for code, corners := range shapes {
				id, _ := c.Find(code)
				d := math.Inf(1)
				for k := range corners {
					d = min(d, segmentM(p, corners[k], corners[(k+1)%4]))
				}
				if id != own {
					distances[id] = d
				}
			}
			for _, radiusM := range []float64{5, 30, 100} { // the outside is farther
				got := x.Others(p, radiusM)
				told += len(got)
				const slackM = 0.1 // eight steps and the rounding of corners
				for _, o := range got {
					if d, known := distances[o.ID]; !known || math.Abs(d-o.DistanceM) > slackM {
						t.Fatalf("slant %v: %v is told as %v m from %v, and lies %v m away", slant, c.Code(o.ID), o.DistanceM, p, d)
					}
				}
				for id, d := range distances {
					last := radiusM
					if len(got) == snap.MaxOthers {
						last = got[len(got)-1].DistanceM
					}
					if d+slackM < last && !slices.ContainsFunc(got, func(o snap.Other) bool { return o.ID == id }) {
						t.Fatalf("slant %v: others of %v are %v, without %v at %v m", slant, p, got, c.Code(id), d)
					}
				}
			}
		}
		if told < 500 {
			t.Errorf("slant %v: only %d others", slant, told)
		}
	}
}

// What a point can be asked near by is near by: every owner met in a disc is told, at no more than the distance at which it was met.
func TestOthersHoldWhatIsMet(t *testing.T) {
	t.Parallel()
	c, x := build(t, testcounty.Small.Areas())
	low, high, _ := c.Bounds()
	random, met := rand.New(rand.NewPCG(23, 24)), 0
	for range 2000 {
		p := geo.Point{Lon: low.Lon - 3000 + random.Int32N(high.Lon-low.Lon+6000), Lat: low.Lat - 3000 + random.Int32N(high.Lat-low.Lat+6000)}
		distances := map[coverage.ID]float64{}
		for _, o := range x.Others(p, 40) {
			distances[o.ID] = o.DistanceM
		}
		for range 30 {
			q := geo.Point{Lon: p.Lon + random.Int32N(6001) - 3000, Lat: p.Lat + random.Int32N(6001) - 3000}
			id, apartM := x.Locate(q), geo.DistanceM(p, q)
			if id == x.Locate(p) || apartM > 40 || len(distances) == snap.MaxOthers {
				continue
			}
			met++
			if d, told := distances[id]; !told || d > apartM+0.03 {
				t.Fatalf("%d owns %v, %v m from %v, whose others are %v", id, q, apartM, p, distances)
			}
		}
	}
	if met < 1000 {
		t.Errorf("others were met only %d times", met)
	}
}

func TestOthersOfFew(t *testing.T) {
	t.Parallel()
	c, x := build(t, []coverage.Area{
		area("3", "", coverage.County, box(0, 0, 20000, 10000)),
		area("31", "3", coverage.Town, box(0, 0, 10000, 10000)),
	})
	code := func(id coverage.ID) string {
		if id == coverage.None {
			return "outside"
		}
		return c.Code(id)
	}
	for _, w := range []struct {
		lon, lat int32
		radiusM  float64
		want     []string
	}{
		{9000, 5000, 20, []string{"3"}},               // 11 m from the border with what its parent owns itself
		{9000, 5000, 60, []string{"3", "outside"}},    // 55 m from the end of everything
		{9000, 5000, 10, nil},                         //
		{-500, 5000, 10, []string{"31"}},              // outside; the outside is no other
		{-500, 5000, 5, nil},                          //
		{15000, 5000, 1e9, []string{"outside", "31"}}, // 55 m both; the lower ID first
		{10000, 5000, 0, []string{"3"}},               // on the border, which the finest owns
		{9000, 5000, -1, nil},                         //
		{9000, 5000, math.NaN(), nil},                 //
	} {
		var got []string
		for _, o := range x.Others(geo.Point{Lon: w.lon, Lat: w.lat}, w.radiusM) {
			got = append(got, code(o.ID))
		}
		if !slices.Equal(got, w.want) {
			t.Errorf("others of %d, %d within %v m are %v, want %v", w.lon, w.lat, w.radiusM, got, w.want)
		}
	}
}

// BenchmarkOthers asks about points all over the county.
func BenchmarkOthers(b *testing.B) {
	c := county(b)
	x, points := snap.Build(c), randomPoints(c, sample)
	for name, radiusM := range map[string]float64{"30m": 30, "300m": 300, "any": math.Inf(1)} {
		b.Run(name, func(b *testing.B) {
			found := 0
			for i := 0; b.Loop(); i++ {
				found += len(x.Others(points[i%sample], radiusM))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1e3, "µs/point")
			b.ReportMetric(float64(found)/float64(b.N), "others")
		})
	}
}
