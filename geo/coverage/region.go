package coverage

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"jingwei/geo"
)

func sameKey(int32) [3]int32 { return [3]int32{} }

// regions groups faces that are neighbours and have the same key.
func (r *resolver) regions(faces []int32, key func(f int32) [3]int32) [][]int32 {
	if len(faces) == 0 {
		return nil
	}
	open := make(map[int32][3]int32, len(faces))
	for _, f := range faces {
		open[f] = key(f)
	}
	var out [][]int32
	for _, first := range faces {
		k, is := open[first]
		if !is {
			continue
		}
		delete(open, first)
		region := []int32{first}
		for i := 0; i < len(region); i++ {
			for _, start := range r.faces[region[i]].starts {
				r.around(start, func(h int32) {
					if g := r.face[h^1]; g != region[i] {
						if other, is := open[g]; is && other == k {
							delete(open, g)
							region = append(region, g)
						}
					}
				})
			}
		}
		slices.Sort(region)
		out = append(out, region)
	}
	return out
}

// size is how large a region is, and where.
type size struct {
	place          geo.Point
	areaM2, widthM float64
}

func (s size) repair(reason Reason, area, other string) Repair {
	return Repair{Reason: reason, Area: area, Other: other, Place: s.place, AreaM2: s.areaM2, WidthM: s.widthM}
}

func (s size) finding(reason Reason, area, other string) Finding {
	return Finding{Reason: reason, Area: area, Other: other, Place: s.place, AreaM2: s.areaM2, WidthM: s.widthM}
}

func (r *resolver) mends(s size) bool { return s.widthM <= r.toleranceM }

func (r *resolver) measure(region []int32) size {
	shape := r.assemble(region, func(f int32) bool { _, is := slices.BinarySearch(region, f); return is })
	s := size{areaM2: AreaM2(shape), place: shape[0][0][0], widthM: -1}
	for _, polygon := range shape {
		if width, place := widthOf(polygon, max(r.toleranceM, 0)); width > s.widthM {
			s.widthM, s.place = width, place
		}
	}
	return s
}

// neighbour is an area and the length of the border that it has in common with a region.
type neighbour struct {
	area    int32
	lengthM float64
}

// beside lists the owners beside a region at a level, those with the longest common border first.
func (r *resolver) beside(region []int32, level Level) []neighbour {
	var out []neighbour
	for _, f := range region {
		for _, start := range r.faces[f].starts {
			r.around(start, func(h int32) {
				owner := r.owner[r.face[h^1]][level]
				if owner < 0 {
					return
				}
				if _, is := slices.BinarySearch(region, r.face[h^1]); is {
					return
				}
				i := slices.IndexFunc(out, func(n neighbour) bool { return n.area == owner })
				if i < 0 {
					i, out = len(out), append(out, neighbour{area: owner})
				}
				out[i].lengthM += geo.DistanceM(r.points[r.start(h)], r.points[r.end(h)])
			})
		}
	}
	slices.SortFunc(out, func(a, b neighbour) int {
		// Lengths that are the same to a lattice step are the same.
		steps := func(n neighbour) float64 { return math.Round(n.lengthM / metresPerStep) }
		return cmp.Or(-cmp.Compare(steps(a), steps(b)), strings.Compare(r.areas[a.area].Code, r.areas[b.area].Code))
	})
	return out
}
