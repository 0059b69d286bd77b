package mvt

import (
	"sync"

	"jingwei/geo"
)

// recent keeps what was worked out of cells and asked for lately, in two generations: when the young one is full it becomes the old one, and
// what was not asked for since is forgotten. It is safe for concurrent use, and split into shards that do not wait for each other.
type recent[V any] struct {
	workOut func(c geo.Cell) V
	most    int // of a generation of a shard
	shards  [recentShards]struct {
		mu         sync.Mutex
		young, old map[geo.Cell]V
	}
}

const recentShards, recentShardBits = 16, 4

func newRecent[V any](most int, workOut func(c geo.Cell) V) *recent[V] {
	r := &recent[V]{workOut: workOut, most: max(1, most/2/recentShards)}
	for i := range r.shards {
		r.shards[i].young = map[geo.Cell]V{}
	}
	return r
}

// of is what there is of a cell. Cost where it is kept: some 50 ns.
func (r *recent[V]) of(c geo.Cell) V {
	s := &r.shards[uint64(c)*0x9e3779b97f4a7c15>>(64-recentShardBits)] // 2^64 over the golden ratio spreads ids that differ in few bits
	s.mu.Lock()
	v, known := s.young[c]
	if known {
		s.mu.Unlock()
		return v
	}
	v, known = s.old[c]
	s.mu.Unlock()
	if !known {
		v = r.workOut(c)
	}
	s.mu.Lock()
	if len(s.young) >= r.most {
		s.young, s.old = make(map[geo.Cell]V, r.most), s.young
	}
	s.young[c] = v
	s.mu.Unlock()
	return v
}
