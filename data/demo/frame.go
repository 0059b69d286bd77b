package demo

import (
	"hash/fnv"
	"math"
	"math/rand/v2"

	"jingwei/geo"
)

// metresPerDegree is the length of a degree of latitude, in metres, on a sphere of 6,371,008.8 m.
const metresPerDegree = 111195.08

// vec is a place or a difference in metres, x to the east and y to the north.
type vec struct{ x, y float64 }

func (a vec) add(b vec) vec           { return vec{a.x + b.x, a.y + b.y} }
func (a vec) sub(b vec) vec           { return vec{a.x - b.x, a.y - b.y} }
func (a vec) mul(k float64) vec       { return vec{a.x * k, a.y * k} }
func (a vec) cross(b vec) float64     { return a.x*b.y - a.y*b.x }
func (a vec) len2() float64           { return a.x*a.x + a.y*a.y }
func (a vec) len() float64            { return math.Sqrt(a.len2()) }
func (a vec) left() vec               { return vec{-a.y, a.x} } // a quarter turn counterclockwise
func lerp(a, b vec, t float64) vec    { return vec{a.x + (b.x-a.x)*t, a.y + (b.y-a.y)*t} }
func clamp(v, lo, hi float64) float64 { return math.Max(lo, math.Min(hi, v)) }

// frame changes degrees into metres around a middle, and back onto the lattice.
type frame struct {
	lon0, lat0 float64 // degrees
	kx, ky     float64 // metres in a degree of longitude and of latitude
}

func newFrame(lon0, lat0 float64) frame {
	return frame{lon0, lat0, metresPerDegree * math.Cos(lat0*math.Pi/180), metresPerDegree}
}

func (f frame) vec(lon, lat float64) vec { return vec{(lon - f.lon0) * f.kx, (lat - f.lat0) * f.ky} }

func (f frame) of(p geo.Point) vec { return f.vec(p.Degrees()) }

// point rounds to the lattice. The county lies far from the poles and the antimeridian, so it cannot overflow.
func (f frame) point(v vec) geo.Point {
	return geo.Point{
		Lon: int32(math.Round((f.lon0 + v.x/f.kx) * geo.UnitsPerDegree)),
		Lat: int32(math.Round((f.lat0 + v.y/f.ky) * geo.UnitsPerDegree)),
	}
}

// orient is twice the signed area of a triangle in lattice units, exact: the county is less than 1e8 units wide.
func orient(a, b, c geo.Point) int64 {
	return (int64(b.Lon)-int64(a.Lon))*(int64(c.Lat)-int64(a.Lat)) - (int64(b.Lat)-int64(a.Lat))*(int64(c.Lon)-int64(a.Lon))
}

// stream is the source of chance of one purpose: what one stage draws does not shift what another draws.
func stream(seed uint64, purpose string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(purpose))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// mix is a bijection of 64 bits that looks like chance (the finaliser of splitmix64, Steele et al. 2014).
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// noise is smooth value noise in [-1, 1], one number for each place; waveM is the length of its waves.
func noise(seed uint64, p vec, waveM float64) float64 {
	x, y := p.x/waveM, p.y/waveM
	i, j := math.Floor(x), math.Floor(y)
	u, v := ease(x-i), ease(y-j)
	at := func(di, dj float64) float64 {
		h := mix(seed ^ mix(uint64(int64(i+di))*0x9e3779b97f4a7c15^mix(uint64(int64(j+dj)))))
		return float64(h>>11)/(1<<52) - 1
	}
	return (at(0, 0)*(1-u)+at(1, 0)*u)*(1-v) + (at(0, 1)*(1-u)+at(1, 1)*u)*v
}

func ease(t float64) float64 { return t * t * t * (t*(t*6-15) + 10) }

// bend moves a place by smooth noise: straight borders between bent places are curved ones on the map.
func bend(seed uint64, p vec, waveM, byM float64) vec {
	return vec{
		p.x + byM*noise(seed, p, waveM) + byM/3*noise(seed+2, p, waveM/3),
		p.y + byM*noise(seed+1, p, waveM) + byM/3*noise(seed+3, p, waveM/3),
	}
}
