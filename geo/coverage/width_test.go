package coverage

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"jingwei/geo"
)

// ringAround is a wiggly closed line around a centre line that bends: halfWidth steps to each side.
func ringAround(random *rand.Rand, length, halfWidth, bend float64) Ring {
	var there, back Ring
	const pieces = 24
	for i := range pieces + 1 {
		x := length * float64(i) / pieces
		y := bend * math.Sin(x/length*7)
		w := halfWidth * (0.2 + 0.8*random.Float64()) * math.Sin(math.Pi*(float64(i)+0.1)/(pieces+0.2))
		there = append(there, geo.Point{Lon: int32(x), Lat: int32(y - w)})
		back = append(back, geo.Point{Lon: int32(x), Lat: int32(y + w)})
	}
	slices.Reverse(back)
	return append(there, back...)
}

// TestWidth compares with the farthest of many points inside, tried one by one.
func TestWidth(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(8, 9))
	for range 60 {
		const length = 4000
		halfWidth, bend := 20+300*random.Float64(), 2000*random.Float64()
		ring, err := cleanRing(ringAround(random, length, halfWidth, bend), false)
		if err != nil {
			t.Fatal(err)
		}
		f := newPlane(Polygon{ring})
		widest := 0.0
		for range 20_000 {
			x := length * random.Float64()
			y := bend*math.Sin(x/length*7) + halfWidth*(random.Float64()-0.5)
			widest = max(widest, 2*f.distance((x-float64(f.origin.Lon))*f.cos, y-float64(f.origin.Lat)))
		}
		widest *= metresPerStep
		if leash, _ := f.leash(); leash*metresPerStep < widest {
			t.Fatalf("leash %v m, but %v m wide: %v", leash, widest, ring)
		}
		for _, limitM := range []float64{0, widest / 2, widest * 0.9, widest * 1.2, widest * 3} {
			widthM, place := widthOf(Polygon{ring}, limitM)
			switch {
			case limitM > 1.1*widest:
				if widthM > limitM {
					t.Errorf("%v m wide counts as wider than %v m: %v m", widest, limitM, widthM)
				}
			case widthM < 0.94*widest || widthM > 1.2*widest+3*metresPerStep:
				t.Errorf("%v m wide, limit %v m: found %v m", widest, limitM, widthM)
			case geo.SideOf(place, ring) == geo.Outside:
				t.Errorf("limit %v m: the place %v is outside", limitM, place)
			}
		}
	}
}
