package coverage

import "sync/atomic"

// Upto is the coverage of the areas down to a level, and for each of its IDs the ID in c. Its arcs are longer than those
// of c, since borders of finer areas do not end them: what a map needs that shows no finer areas. Where there are no finer
// areas, it is c itself.
func (c *Coverage) Upto(level Level) (coarse *Coverage, ids []ID) {
	coarse = &Coverage{}
	idIn := make([]ID, len(c.nodes))
	for id := range c.nodes {
		if c.nodes[id].level <= level {
			idIn[id] = ID(len(ids))
			ids = append(ids, ID(id))
		}
	}
	if len(ids) == len(c.nodes) {
		return c, ids
	}
	coarse.nodes = make([]node, len(ids))
	coarse.labels = make([]atomic.Uint64, len(ids))
	t := newTopology(0)
	for i, id := range ids {
		from, to := &c.nodes[id], &coarse.nodes[i]
		*to = node{code: from.code, name: from.name, level: from.level, parent: None, min: from.min, max: from.max}
		if from.parent != None {
			to.parent = idIn[from.parent] // of a wider level, so it is there
		}
		for _, rings := range from.outline {
			for _, refs := range rings {
				t.addRing(ID(i), from.level, c.ring(refs))
			}
			to.outline = append(to.outline, make([][]ArcRef, len(rings)))
		}
	}
	for i := range coarse.nodes {
		if parent := coarse.nodes[i].parent; parent != None {
			coarse.nodes[parent].children = append(coarse.nodes[parent].children, ID(i))
		}
	}
	t.finish(coarse)
	coarse.markCovered()
	return coarse, ids
}
