package demo

import (
	"math"
	"math/rand/v2"

	"jingwei/data"
)

// land is where the county lies: its outline, a raster of inside and outside, and how densely people live.
type land struct {
	frame   frame
	outline []vec // counterclockwise, a point about every outlineStepM metres
	raster  raster
	density func(vec) float64 // micro-grids wanted for each m², before scaling
}

const (
	outlineStepM = 60
	rasterM      = 60   // side of a raster cell
	marginM      = 4000 // raster around the outline
)

// raster holds, for squares of rasterM metres, the rough distance to the outline, negative outside.
type raster struct {
	min  vec
	w, h int
	dist []float32
}

func (r *raster) at(p vec) float64 {
	i, j := int((p.x-r.min.x)/rasterM), int((p.y-r.min.y)/rasterM)
	if i < 0 || j < 0 || i >= r.w || j >= r.h {
		return -marginM
	}
	return float64(r.dist[j*r.w+i])
}

func (r *raster) centre(i int) vec {
	return vec{r.min.x + (float64(i%r.w)+.5)*rasterM, r.min.y + (float64(i/r.w)+.5)*rasterM}
}

func newLand(seed uint64, c data.County, wanted []float64) land {
	minLon, maxLon, minLat, maxLat := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, p := range c.Outline {
		minLon, maxLon = math.Min(minLon, p[0]), math.Max(maxLon, p[0])
		minLat, maxLat = math.Min(minLat, p[1]), math.Max(maxLat, p[1])
	}
	l := land{frame: newFrame((minLon+maxLon)/2, (minLat+maxLat)/2)}
	l.outline = smoothOutline(seed, l.frame, c)
	l.raster = rasterOf(l.outline)
	centres := make([]vec, len(c.Towns))
	for i, t := range c.Towns {
		centres[i] = l.frame.vec(t.Lon, t.Lat)
	}
	l.density = peaks(centres, wanted)
	return l
}

// smoothOutline rounds the corners of the rough outline (Catmull–Rom), bends it, and cuts it into even steps.
// The shore of the lake is bent less than the border on land.
func smoothOutline(seed uint64, f frame, c data.County) []vec {
	n := len(c.Outline)
	at := func(i int) vec { p := c.Outline[(i+n)%n]; return f.vec(p[0], p[1]) }
	var line []vec
	for i := range n {
		p0, p1, p2, p3 := at(i-1), at(i), at(i+1), at(i+2)
		steps := int(p2.sub(p1).len()/20) + 1
		for s := range steps {
			t := float64(s) / float64(steps)
			q := p1.mul(2).add(p2.sub(p0).mul(t)).
				add(p0.mul(2).sub(p1.mul(5)).add(p2.mul(4)).sub(p3).mul(t * t)).
				add(p1.mul(3).sub(p0).sub(p2.mul(3)).add(p3).mul(t * t * t)).mul(.5)
			amplitude := 700.0
			if i >= c.Shore[0] && i < c.Shore[1] {
				// The bend grows and shrinks along the shore's ends, so that the line stays whole.
				along := math.Min(float64(i-c.Shore[0])+t, float64(c.Shore[1]-i)-t)
				amplitude = 700 - 450*ease(clamp(along, 0, 1))
			}
			line = append(line, bend(mix(seed^0x6f75746c), q, 3500, amplitude))
		}
	}
	return evenly(line, outlineStepM)
}

// evenly walks a closed line and puts a point about every stepM metres.
func evenly(line []vec, stepM float64) []vec {
	var out []vec
	left := 0.0
	for i, p := range line {
		q := line[(i+1)%len(line)]
		d := q.sub(p).len()
		for left < d {
			out = append(out, lerp(p, q, left/d))
			left += stepM
		}
		left -= d
	}
	return out
}

// rasterOf fills the raster: inside by crossings along each row, distance by two sweeps of a 3-4 chamfer.
func rasterOf(outline []vec) raster {
	lo, hi := outline[0], outline[0]
	for _, p := range outline {
		lo = vec{math.Min(lo.x, p.x), math.Min(lo.y, p.y)}
		hi = vec{math.Max(hi.x, p.x), math.Max(hi.y, p.y)}
	}
	r := raster{min: lo.sub(vec{marginM, marginM})}
	r.w, r.h = int((hi.x-lo.x+2*marginM)/rasterM)+1, int((hi.y-lo.y+2*marginM)/rasterM)+1
	r.dist = make([]float32, r.w*r.h)
	inside := make([]bool, r.w*r.h)
	for i, p := range outline {
		q := outline[(i+1)%len(outline)]
		j0 := int(math.Ceil((math.Min(p.y, q.y)-r.min.y)/rasterM - .5))
		j1 := int(math.Ceil((math.Max(p.y, q.y)-r.min.y)/rasterM - .5))
		for j := j0; j < j1; j++ { // rows whose middle the step crosses: everything east of it changes sides
			y := r.min.y + (float64(j)+.5)*rasterM
			x := p.x + (q.x-p.x)*(y-p.y)/(q.y-p.y)
			for k := int(math.Ceil((x-r.min.x)/rasterM - .5)); k < r.w; k++ {
				inside[j*r.w+k] = !inside[j*r.w+k]
			}
		}
	}
	for i := range r.dist {
		r.dist[i] = 1e6
	}
	for _, p := range outline {
		r.dist[int((p.y-r.min.y)/rasterM)*r.w+int((p.x-r.min.x)/rasterM)] = 0
	}
	const near, far = rasterM, rasterM * 4 / 3
	relax := func(i, from int, step float32) { r.dist[i] = min(r.dist[i], r.dist[from]+step) }
	for j := 1; j < r.h; j++ {
		for i := j*r.w + 1; i < (j+1)*r.w-1; i++ {
			relax(i, i-1, near)
			relax(i, i-r.w, near)
			relax(i, i-r.w-1, far)
			relax(i, i-r.w+1, far)
		}
	}
	for j := r.h - 2; j >= 0; j-- {
		for i := (j+1)*r.w - 2; i > j*r.w; i-- {
			relax(i, i+1, near)
			relax(i, i+r.w, near)
			relax(i, i+r.w+1, far)
			relax(i, i+r.w-1, far)
		}
	}
	for i, in := range inside {
		if !in {
			r.dist[i] = -r.dist[i]
		}
	}
	return r
}

// peaks is a plain of 35 % of the wanted micro-grids and a hill of the rest around each town's centre. The hills are
// rational functions, so that no machine's exp makes a difference.
func peaks(centres []vec, wanted []float64) func(vec) float64 {
	const plainShare, plainAreaM2 = .35, 1.75e9
	total := 0.0
	for _, w := range wanted {
		total += w
	}
	radius2, height := make([]float64, len(centres)), make([]float64, len(centres))
	for i, w := range wanted {
		radius := 1150 * math.Sqrt(w/800) // m; 800 micro-grids are a middling town
		radius2[i] = radius * radius
		height[i] = (1 - plainShare) * w / (math.Pi * radius2[i]) // ∫ 1/(1+u²)² = π
	}
	return func(p vec) float64 {
		d := plainShare * total / plainAreaM2
		for i, c := range centres {
			q := 1 + p.sub(c).len2()/radius2[i]
			d += height[i] / (q * q)
		}
		return d
	}
}

// scatter puts about count points inside the county, no two closer than the density allows, and a belt of points outside
// it. Points beside the outline come in pairs, one on each side, so that the border between inside and outside follows it.
func (l *land) scatter(rng *rand.Rand, count int) (sites []vec, inside int) {
	n := len(l.raster.dist)
	before := make([]float64, n+1) // density of all raster cells before each
	total := 0.0
	for i := range n {
		d := 0.0
		if dist := float64(l.raster.dist[i]); dist > -1500 {
			d = l.density(l.raster.centre(i))
			if dist > 0 {
				total += d
			}
		}
		before[i+1] = before[i] + d
	}
	// Discs thrown at random until no more fit cover 0.547 of the plane, which makes 0.696 / r² points with the least distance r;
	// as many tries as below reach 0.617 (measured).
	const packing = .617
	scale := float64(count) / (total * rasterM * rasterM)
	spacing := func(p vec) float64 { return math.Sqrt(packing / (scale * l.density(p))) }

	pack := newPacking(l.raster)
	var outside []vec
	for i := 0; i < len(l.outline); {
		p := l.outline[i]
		h := spacing(p)
		normal := l.outline[(i+3)%len(l.outline)].sub(l.outline[(i+len(l.outline)-3)%len(l.outline)]).left()
		normal = normal.mul(.5 * h / normal.len())
		in, out := p.add(normal), p.sub(normal)
		if l.raster.at(in) > .25*h && l.raster.at(out) < -.25*h && pack.free(in, .8*h) && pack.free(out, .8*h) {
			pack.put(in)
			pack.put(out)
			sites = append(sites, in)
			outside = append(outside, out)
		}
		i += max(1, int(1.15*h/outlineStepM))
	}
	for range 26 * count {
		u := rng.Float64() * before[n]
		lo, hi := 0, n // before[lo] <= u < before[hi]
		for hi-lo > 1 {
			if mid := (lo + hi) / 2; before[mid] <= u {
				lo = mid
			} else {
				hi = mid
			}
		}
		p := l.raster.centre(lo).add(vec{(rng.Float64() - .5) * rasterM, (rng.Float64() - .5) * rasterM})
		h := spacing(p)
		dist := l.raster.at(p)
		if math.Abs(dist) < .45*h || !pack.free(p, h) {
			continue
		}
		pack.put(p)
		if dist > 0 {
			sites = append(sites, p)
		} else {
			outside = append(outside, p)
		}
	}
	return append(sites, outside...), len(sites)
}

// packing answers whether a place is free of points within a radius of up to a few squares.
type packing struct {
	min    vec
	w, h   int
	square [][]vec
}

const packingM = 100

func newPacking(r raster) *packing {
	w, h := r.w*rasterM/packingM+2, r.h*rasterM/packingM+2
	return &packing{r.min, w, h, make([][]vec, w*h)}
}

func (k *packing) put(p vec) {
	i := int((p.y-k.min.y)/packingM)*k.w + int((p.x-k.min.x)/packingM)
	k.square[i] = append(k.square[i], p)
}

func (k *packing) free(p vec, radiusM float64) bool {
	i0, i1 := max(0, int((p.x-radiusM-k.min.x)/packingM)), min(k.w-1, int((p.x+radiusM-k.min.x)/packingM))
	j0, j1 := max(0, int((p.y-radiusM-k.min.y)/packingM)), min(k.h-1, int((p.y+radiusM-k.min.y)/packingM))
	for j := j0; j <= j1; j++ {
		for i := i0; i <= i1; i++ {
			for _, q := range k.square[j*k.w+i] {
				if q.sub(p).len2() < radiusM*radiusM {
					return false
				}
			}
		}
	}
	return true
}
