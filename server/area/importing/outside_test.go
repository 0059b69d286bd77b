package importing

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"jingwei/geo/coverage"
	"jingwei/server/db/dbtest"
)

// shaken is a box with so many points on each side, every one of them up to errorM off in each direction.
func shaken(rng *rand.Rand, x0, y0, x1, y1 float64, errorM float64) string {
	const points = 5
	corners := [][2]float64{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}
	var ring [][2]float64
	for i, a := range corners {
		b := corners[(i+1)%4]
		for k := range points {
			t := float64(k) / points
			off := func() float64 { return (2*rng.Float64() - 1) * errorM }
			ring = append(ring, near(a[0]+(b[0]-a[0])*t, a[1]+(b[1]-a[1])*t, off(), off()))
		}
	}
	return polygonText(ringText(ring...))
}

// A file drawn with errors below the tolerance is mended, changes what lies beside it, and changes nothing when it comes again.
func TestUnsteadyHand(t *testing.T) {
	t.Parallel()
	pool := county(t)
	rng := rand.New(rand.NewPCG(3, 1))
	var features []string
	for x := range 4 {
		for y := range 4 {
			town := []string{"320282001", "320282100"}[x/2]
			features = append(features, featureText(fmt.Sprintf("%s%03d", town, 1+4*x+y), shaken(rng, float64(x), float64(y), float64(x+1), float64(y+1), 0.15)))
		}
	}
	file := collection(features...)
	r := mustLoad(t, pool, coverage.Community, file)
	if r.Added != 16 || r.Outside == 0 {
		t.Errorf("%+v", r)
	}
	sum := 0
	for _, kind := range r.RepairKinds {
		sum += kind.Count
		if kind.WidthM > coverage.DefaultToleranceM {
			t.Errorf("%+v is too wide to be mended", kind)
		}
	}
	if sum != r.RepairCount || len(r.RepairKinds) < 3 || len(r.Repairs) != min(sum, maxListed) {
		t.Errorf("%d repairs, %d listed, %+v", r.RepairCount, len(r.Repairs), r.RepairKinds)
	}
	if !slices.IsSortedFunc(r.Repairs, func(a, b Repair) int { return -int(1e6 * (a.AreaM2 - b.AreaM2)) }) {
		t.Error("the largest repairs do not come first")
	}
	if edges, twice := edgesOf(slices.Concat(currentAreas(t, pool, coverage.Town), currentAreas(t, pool, coverage.Community))); len(edges) != twice {
		t.Errorf("%d of %d edges are on one side only", len(edges)-twice, len(edges))
	}
	again := mustLoad(t, pool, coverage.Community, file)
	if again.Unchanged != 16 || again.Edition != 0 || again.Outside != 0 {
		t.Errorf("the same file again: %+v", again)
	}
}

// What did not fit before an import, and is none of its areas, is told and stays; what nearly fitted is mended.
func TestWhatWasThereBefore(t *testing.T) {
	t.Parallel()
	pool := dbtest.Open(t)
	store(t, pool,
		Row{Area: areaOf("K", "", coverage.County, 0, 0, 4, 4)},
		Row{Area: areaOf("T1", "K", coverage.Town, 0, 0, 1, 4)},
		Row{Area: areaOf("T2", "K", coverage.Town, 0.9, 0, 2, 4)},      // 95 m over T1
		Row{Area: areaOf("T3", "K", coverage.Town, 2.000002, 0, 3, 4)}, // 0.2 m from T2
		Row{Area: areaOf("T4", "K", coverage.Town, 3, 0, 4, 4)},
		Row{Area: areaOf("C1", "T1", coverage.Community, 0, 0, 1, 4)})
	free := func(o *Options) { o.Codes = Free }
	r := mustLoad(t, pool, coverage.Community, collection(featureText("C4", polygonText(box(3, 0, 4, 4)))), free)
	if r.WarningCount != 1 || r.Warnings[0].Reason != Overlap || r.Warnings[0].Code != "T1" {
		logReport(t, r)
		t.Error("the old overlap is not told once")
	}
	after := map[string]coverage.Area{}
	for _, area := range currentAreas(t, pool, coverage.Town) {
		after[area.Code] = area
	}
	for code, want := range map[string]coverage.Area{"T1": areaOf("", "", 0, 0, 0, 1, 4), "T2": areaOf("", "", 0, 0.9, 0, 2, 4)} {
		if !coverage.SameShape(after[code].Shape, want.Shape) {
			t.Errorf("%s was changed: %v", code, after[code].Shape)
		}
	}
	if r.Outside == 0 || r.RepairCount == 0 {
		t.Errorf("the old gap beside T3 was not closed: %+v", r)
	}
}

// The border between two counties is cleaned from either side, down to what lies along it, and areas farther off are not looked at.
func TestBorderBetweenCounties(t *testing.T) {
	t.Parallel()
	pool := dbtest.Open(t)
	store(t, pool,
		Row{Area: areaOf("A", "", coverage.County, 0, 0, 2, 4)},
		Row{Area: areaOf("B", "", coverage.County, 2, 0, 4, 4)},
		Row{Area: areaOf("BT", "B", coverage.Town, 2, 0, 4, 4)},
		Row{Area: areaOf("Z", "", coverage.County, 90, 0, 92, 4)})
	free := func(o *Options) { o.Codes = Free }
	r := mustLoad(t, pool, coverage.Town, collection(
		featureText("A1", polygonText(box(0, 0, 2, 1))), featureText("A2", polygonText(box(0, 1, 2, 4)))), free)
	if r.Added != 2 || r.Outside != 3 {
		logReport(t, r)
		t.Errorf("A, B and BT should get the vertex where A1 and A2 meet: %+v", r)
	}
	if n := count(t, pool, `SELECT count(*) FROM area_shape WHERE code IN ('A', 'B', 'BT') AND upper_inf(editions) AND ST_NPoints(geom) = 6`); n != 2 {
		t.Errorf("%d of them have one vertex more", n)
	}
	var place [2]float64
	for _, repair := range r.Repairs {
		if repair.What == string(coverage.MissingVertex) && repair.Code == "BT" {
			place = repair.Place
		}
	}
	if want := at(2, 1); point(place) != point(want) {
		t.Errorf("the vertex is at %v, not %v", place, want)
	}
}

// A file may come as points for a map: all of it.
func TestReportListsAsManyAsAsked(t *testing.T) {
	t.Parallel()
	im := readAll(t, "", func(o *Options) { o.Listed = 3 })
	for range 5 {
		im.warn(Problem{})
		im.mended = append(im.mended, Repair{What: orientation})
	}
	im.repairsDone(im.mended)
	text, err := json.Marshal(im.Report)
	if err != nil || len(im.Warnings) != 3 || len(im.Repairs) != 3 || im.RepairCount != 5 {
		t.Errorf("%s, %v", text, err)
	}
}
