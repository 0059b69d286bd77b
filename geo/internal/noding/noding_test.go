package noding_test

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"jingwei/geo"
	"jingwei/geo/internal/noding"
	"jingwei/geo/internal/testcounty"

	"pgregory.net/rapid"
)

// pieces are the edges after Node, and for each the edge it is of.
func pieces(edges []noding.Edge) (out []noding.Edge, of []int) {
	cuts := noding.Node(edges)
	for i, e := range edges {
		from := e.A
		for _, p := range append(cuts[int32(i)], e.B) {
			out, of = append(out, noding.Edge{A: from, B: p}), append(of, i)
			from = p
		}
	}
	return out, of
}

// checkNoded compares all pieces with each other.
func checkNoded(t interface{ Fatalf(string, ...any) }, all []noding.Edge) {
	for i, e := range all {
		if e.A == e.B {
			t.Fatalf("piece %d has no length: %v", i, e)
		}
		for _, f := range all[:i] {
			if e == f || e.A == f.B && e.B == f.A {
				continue
			}
			shared := 0
			for _, p := range [...]geo.Point{e.A, e.B} {
				if p == f.A || p == f.B {
					shared++
				} else if geo.OnSegment(p, f.A, f.B) {
					t.Fatalf("%v of %v lies on %v", p, e, f)
				}
			}
			for _, p := range [...]geo.Point{f.A, f.B} {
				if p != e.A && p != e.B && geo.OnSegment(p, e.A, e.B) {
					t.Fatalf("%v of %v lies on %v", p, f, e)
				}
			}
			if shared == 0 && geo.SegmentsMeet(e.A, e.B, f.A, f.B) {
				t.Fatalf("%v and %v cross", e, f)
			}
		}
	}
}

// TestPiecesMeetInTheirEndsOnly nodes edges on grids from tiny, where everything crosses and nothing has room, to the world.
func TestPiecesMeetInTheirEndsOnly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.SampledFrom([]int32{2, 5, 30, 1000, 900_000_000}).Draw(t, "side")
		point := rapid.Custom(func(t *rapid.T) geo.Point {
			return geo.Point{Lon: rapid.Int32Range(-side, side).Draw(t, "lon"), Lat: rapid.Int32Range(-side, side).Draw(t, "lat")}
		})
		edges := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) noding.Edge {
			return noding.Edge{A: point.Draw(t, "a"), B: point.Draw(t, "b")}
		}).Filter(func(e noding.Edge) bool { return e.A != e.B }), 0, 40).Draw(t, "edges")
		all, _ := pieces(edges)
		checkNoded(t, all)
	})
}

// TestCutsStayNear holds the pieces of crossing edges within a step of the line they are of.
func TestCutsStayNear(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	edges := make([]noding.Edge, 120)
	for i := range edges {
		edges[i] = noding.Edge{
			A: geo.Point{Lon: random.Int32N(1_000_000), Lat: random.Int32N(1_000_000)},
			B: geo.Point{Lon: random.Int32N(1_000_000), Lat: random.Int32N(1_000_000)},
		}
	}
	all, of := pieces(edges)
	if len(all) < 10*len(edges) {
		t.Fatalf("only %d pieces of %d edges", len(all), len(edges))
	}
	for i, piece := range all {
		e := edges[of[i]]
		dx, dy := float64(e.B.Lon-e.A.Lon), float64(e.B.Lat-e.A.Lat)
		off := (float64(piece.B.Lon-e.A.Lon)*dy - float64(piece.B.Lat-e.A.Lat)*dx)
		if off*off > 0.51*(dx*dx+dy*dy) {
			t.Fatalf("%v is more than 0.71 steps off %v", piece.B, e)
		}
	}
}

// TestNodeDoesNotDrift has edges that meet at small angles: cut again and again where their pieces cross, they would zip together, and
// come to lie hundreds of steps off.
func TestNodeDoesNotDrift(t *testing.T) {
	t.Parallel()
	var edges []noding.Edge
	for _, ring := range [][]geo.Point{
		{{Lon: 1198159961, Lat: 313319719}, {Lon: 1198108088, Lat: 313370727}, {Lon: 1198101269, Lat: 313370210}},
		{{Lon: 1198145045, Lat: 313333587}, {Lon: 1198142696, Lat: 313334868}, {Lon: 1198101918, Lat: 313328575}},
		{{Lon: 1198145569, Lat: 313334305}, {Lon: 1198142696, Lat: 313334852}, {Lon: 1198169852, Lat: 313316761}},
		{{Lon: 1198144924, Lat: 313333653}, {Lon: 1198144785, Lat: 313334454}, {Lon: 1198142741, Lat: 313334843}},
	} {
		a := ring[len(ring)-1]
		for _, b := range ring {
			edges = append(edges, noding.Edge{A: a, B: b})
			a = b
		}
	}
	cuts := noding.Node(edges)
	for i, e := range edges {
		dx, dy := float64(e.B.Lon-e.A.Lon), float64(e.B.Lat-e.A.Lat)
		for _, p := range cuts[int32(i)] {
			if off := math.Abs(float64(p.Lon-e.A.Lon)*dy-float64(p.Lat-e.A.Lat)*dx) / math.Hypot(dx, dy); off > 0.72 {
				t.Fatalf("edge %v has %d cuts, one of them %.2f steps off", e, len(cuts[int32(i)]), off)
			}
		}
	}
}

func countyEdges() []noding.Edge {
	var edges []noding.Edge
	for _, area := range testcounty.County.Areas() {
		for _, ring := range area.Shape[0] {
			a := ring[len(ring)-1]
			for _, b := range ring {
				edges = append(edges, noding.Edge{A: a, B: b})
				a = b
			}
		}
	}
	return edges
}

// TestNothingMovesThatFits nodes a whole county, whose borders are drawn to the vertex.
func TestNothingMovesThatFits(t *testing.T) {
	t.Parallel()
	if cuts := noding.Node(countyEdges()); len(cuts) != 0 {
		t.Fatalf("%d edges were cut", len(cuts))
	}
}

// TestCrowdedEdges: one edge at the other end of the world makes nearly all cells empty. It changes no cut, and does not bring all
// edges of a county into one cell, which would take minutes.
func TestCrowdedEdges(t *testing.T) {
	t.Parallel()
	far := noding.Edge{A: geo.Point{Lon: -geo.MaxLon, Lat: -geo.MaxLat}, B: geo.Point{Lon: 1 - geo.MaxLon, Lat: -geo.MaxLat}}
	if cuts := noding.Node(append(countyEdges(), far)); len(cuts) != 0 {
		t.Errorf("%d edges were cut", len(cuts))
	}
	random := rand.New(rand.NewPCG(1, 2))
	at := func() geo.Point {
		return geo.Point{Lon: 1_198_000_000 + random.Int32N(20_000), Lat: 313_000_000 + random.Int32N(20_000)}
	}
	var edges []noding.Edge
	for range 60 {
		if a, b := at(), at(); a != b {
			edges = append(edges, noding.Edge{A: a, B: b})
		}
	}
	want := noding.Node(edges)
	edges = append(edges, far)
	got := noding.Node(edges)
	if len(want) == 0 || !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%d edges were cut, want %d in the same points", len(got), len(want))
	}
	all, _ := pieces(edges)
	checkNoded(t, all)
}

func BenchmarkNode(b *testing.B) {
	edges := countyEdges()
	for b.Loop() {
		noding.Node(edges)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(edges)), "ns/edge")
}
