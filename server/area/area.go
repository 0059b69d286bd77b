// Package area is the noun "area" (区域): the nested polygons of a county, their editions, and the Atlas that every answer about place comes
// from. Branches, incidents and all that happens in an area stay outside.
package area

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/geo/snap"
	"jingwei/server/access"
	"jingwei/server/web"
)

// Edition is one published state of all boundaries (版本).
type Edition struct {
	Number      int       `json:"number" doc:"1 for the first"`
	EffectiveAt time.Time `json:"effective_at" doc:"From this instant on it answers"`
	PublishedAt time.Time `json:"published_at"`
	Note        string    `json:"note"`
	Schematic   bool      `json:"schematic" doc:"It holds invented boundaries"`
}

// Facts is what is known of an area beside its shape, name and place in the tree.
type Facts struct {
	Kind       string // base or dedicated
	Households *int   // nil where it is not known
	Population *int
}

// Atlas is one edition in memory: immutable, complete, and shared by all readers.
type Atlas struct {
	Edition  Edition // Number 0 before the first edition
	Coverage *coverage.Coverage
	Index    *snap.Index
	facts    []Facts    // by coverage.ID
	codes    [][]string // by coverage.ID: county … the area itself
}

// newAtlas builds the coverage and the index of an edition. facts holds an entry for each code of areas.
func newAtlas(edition Edition, areas []coverage.Area, facts map[string]Facts) (*Atlas, error) {
	c, err := coverage.Build(areas)
	if err != nil {
		return nil, fmt.Errorf("edition %d: %w", edition.Number, err)
	}
	a := &Atlas{Edition: edition, Coverage: c, Index: snap.Build(c), facts: make([]Facts, c.Len()), codes: make([][]string, c.Len())}
	for id := range a.facts {
		a.facts[id] = facts[c.Code(coverage.ID(id))]
		for _, link := range c.Chain(coverage.ID(id)) {
			a.codes[id] = append(a.codes[id], c.Code(link))
		}
	}
	return a, nil
}

// Facts of an area.
func (a *Atlas) Facts(id coverage.ID) Facts { return a.facts[id] }

// Codes are the codes of the county … down to the area itself. The slice is shared: it must not be changed.
func (a *Atlas) Codes(id coverage.ID) []string { return a.codes[id] }

// FindAll finds the areas of codes that stand in a query; the error is a problem that names the first code which no area has.
func (a *Atlas) FindAll(codes []string) (ids []coverage.ID, err error) {
	for _, code := range codes {
		id, ok := a.Coverage.Find(code)
		if !ok {
			return nil, web.NewProblem(web.Invalid, "no area has the code "+code).At("query.area", code)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// Filter chooses areas. A zero field lets all pass.
type Filter struct {
	Level  *coverage.Level
	Parent string
	Bounds *Bounds
	Query  string // part of a name, or the beginning of a code
	Within *access.Scope
}

// Bounds is a box on the lattice, edges included.
type Bounds struct{ Min, Max geo.Point }

func (b Bounds) intersects(lo, hi geo.Point) bool {
	return lo.Lon <= b.Max.Lon && hi.Lon >= b.Min.Lon && lo.Lat <= b.Max.Lat && hi.Lat >= b.Min.Lat
}

// List is at most limit areas that pass the filter and whose code sorts after the given one, by code; more tells whether others
// follow. A search by Query lists the widest levels first instead, and has no second page.
func (a *Atlas) List(f Filter, after string, limit int) (ids []coverage.ID, more bool) {
	for i := range a.Coverage.Len() {
		id := coverage.ID(i)
		if after != "" && a.Coverage.Code(id) <= after || !a.passes(f, id) {
			continue
		}
		ids = append(ids, id)
		if f.Query == "" && len(ids) > limit {
			return ids[:limit], true
		}
	}
	if f.Query != "" {
		slices.SortStableFunc(ids, func(x, y coverage.ID) int { return int(a.Coverage.Level(x)) - int(a.Coverage.Level(y)) })
		ids = ids[:min(len(ids), limit)]
	}
	return ids, false
}

func (a *Atlas) passes(f Filter, id coverage.ID) bool {
	c := a.Coverage
	if f.Within != nil && !f.Within.Holds(a.codes[id]) {
		return false
	}
	if f.Level != nil && c.Level(id) != *f.Level {
		return false
	}
	if f.Parent != "" && (c.Parent(id) == coverage.None || c.Code(c.Parent(id)) != f.Parent) {
		return false
	}
	if f.Bounds != nil {
		if lo, hi := c.BoundsOf(id); !f.Bounds.intersects(lo, hi) {
			return false
		}
	}
	return f.Query == "" || strings.HasPrefix(c.Code(id), f.Query) || strings.Contains(strings.ToLower(c.Name(id)), strings.ToLower(f.Query))
}
