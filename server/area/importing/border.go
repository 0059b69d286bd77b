package importing

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"jingwei/geo/coverage"
)

// checkBorders looks for gaps, overlaps and areas that stick out of their parents, among the areas that the import changes, their
// siblings, their parents and their children.
func (im *importer) checkBorders(ctx context.Context, changed []*feature) error {
	groups, err := im.siblings(ctx, changed)
	if err != nil {
		return err
	}
	below, err := im.descendants(ctx, changed)
	if err != nil {
		return err
	}
	groups = append(groups, below...)
	findings, err := check(ctx, im.tx, groups, im.opt.ToleranceM, func(done, total int) { im.progress("borders", done, total) })
	if err != nil {
		return err
	}
	for _, f := range mergeParts(findings) {
		im.report(groups[f.group], f)
	}
	return im.hintDatum(ctx)
}

// siblings are the groups whose children the import changes.
func (im *importer) siblings(ctx context.Context, changed []*feature) ([]*group, error) {
	byParent := map[string]*group{}
	var parents, unknown []string
	touch := func(parent string) {
		if byParent[parent] != nil {
			return
		}
		g := &group{parent: im.parents[parent]}
		byParent[parent] = g
		parents = append(parents, parent)
		if g.parent == nil && parent != "" {
			unknown = append(unknown, parent)
		}
	}
	for _, f := range changed {
		touch(f.Parent)
		if row, known := im.before[f.Code]; known {
			touch(row.Parent)
		}
	}
	// A parent that the file takes an area away from.
	rows, err := listCurrent(ctx, im.tx, withCode, unknown)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		byParent[row.Code].parent = &cell{code: row.Code, shape: row.Shape}
	}
	which := withParent
	if im.opt.Level == coverage.County {
		which = atTheTop
	}
	if rows, err = listCurrent(ctx, im.tx, which, parents); err != nil {
		return nil, err
	}
	for _, row := range rows {
		if im.byCode[row.Code] == nil {
			g := byParent[row.Parent]
			g.children = append(g.children, &cell{code: row.Code, shape: row.Shape})
		}
	}
	for _, f := range im.features {
		if g := byParent[f.Parent]; g != nil {
			g.children = append(g.children, f.cell())
		}
	}
	slices.Sort(parents)
	var groups []*group
	for _, parent := range parents {
		if g := byParent[parent]; len(g.children) > 0 {
			groups = append(groups, g)
		}
	}
	return groups, nil
}

func (f *feature) cell() *cell {
	return &cell{code: f.Code, feature: f.index, line: f.line, shape: f.Shape}
}

// descendants are the groups whose parent gets another shape by the import.
func (im *importer) descendants(ctx context.Context, changed []*feature) ([]*group, error) {
	byParent := map[string]*group{}
	var parents []string
	for _, f := range changed {
		if row, known := im.before[f.Code]; known && !sameShape(row.Shape, f.Shape) {
			byParent[f.Code] = &group{parent: f.cell(), moved: true}
			parents = append(parents, f.Code)
		}
	}
	if len(parents) == 0 {
		return nil, nil
	}
	rows, err := listCurrent(ctx, im.tx, withParent, parents)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		g := byParent[row.Parent]
		g.children = append(g.children, &cell{code: row.Code, shape: row.Shape})
	}
	var groups []*group
	for _, parent := range parents {
		if g := byParent[parent]; len(g.children) > 0 {
			groups = append(groups, g)
		}
	}
	return groups, nil
}

// merged is all regions of one kind between the same areas, told by the widest of them.
type merged struct {
	finding
	parts int
}

// mergeParts joins the regions of two areas, or of an area and its parent; gaps stay apart.
func mergeParts(findings []finding) []merged {
	var out []merged
	for _, f := range findings {
		if n := len(out) - 1; n >= 0 && f.kind != uncovered && out[n].kind == f.kind && out[n].group == f.group && out[n].a == f.a && out[n].b == f.b {
			sum := out[n].areaM2 + f.areaM2
			if f.widthM > out[n].widthM {
				out[n].finding = f
			}
			out[n].areaM2 = sum
			out[n].parts++
			continue
		}
		out = append(out, merged{f, 1})
	}
	return out
}

// report turns a region into a problem or a warning.
func (im *importer) report(g *group, m merged) {
	size := fmt.Sprintf("%s m², up to %.1f m wide", squareMetres(m.areaM2), m.widthM)
	if m.parts > 1 {
		size = fmt.Sprintf("%s m² in %d places, here up to %.1f m wide", squareMetres(m.areaM2), m.parts, m.widthM)
	}
	at := m.place
	p := Problem{Place: &at}
	name := func(c *cell) { p.Feature, p.Line, p.Code = c.feature, c.line, c.code }
	switch m.kind {
	case overlapping:
		a, b := g.children[m.a], g.children[m.b]
		if a.feature == 0 {
			a, b = b, a
		}
		if a.feature == 0 {
			return // both are as they were, and were accepted then
		}
		name(a)
		p.Reason, p.Message = Overlap, fmt.Sprintf("overlaps %s: %s", b.code, size)
		p.Remedy = "draw the common border once, with the same vertices on both sides"
	case sticking:
		child := g.children[m.a]
		switch {
		case g.moved:
			name(g.parent)
			p.Reason, p.Message = ChildrenOutside, fmt.Sprintf("its area %s would lie outside it: %s", child.code, size)
			p.Remedy = fmt.Sprintf("keep the border around %s, or import the areas below it together with it as a plan", child.code)
		case child.feature == 0:
			return
		default:
			name(child)
			p.Reason, p.Message = CrossesParent, fmt.Sprintf("sticks out of its parent %s: %s", g.parent.code, size)
			if m.areaM2 > areaM2(child.shape)/2 {
				p.Reason, p.Message = OutsideParent, fmt.Sprintf("lies mostly outside its parent %s", g.parent.code)
			}
			p.Remedy = "correct the border or the parent"
			im.misplaced = append(im.misplaced, im.byCode[child.code])
		}
	case uncovered:
		im.reportGap(g, m, p, size)
		return
	}
	im.problem(p)
}

func (im *importer) reportGap(g *group, m merged, p Problem, size string) {
	var around []string
	for _, n := range m.around {
		around = append(around, g.children[n].code)
		if c := g.children[n]; c.feature > 0 && p.Feature == 0 {
			p.Feature, p.Line, p.Code = c.feature, c.line, c.code
		}
	}
	beside := ""
	if len(around) > 0 {
		beside = " beside " + strings.Join(around, ", ")
	}
	if g.parent == nil && len(m.around) == 1 {
		p.Reason, p.Message = Hole, fmt.Sprintf("has a hole that no other area fills: %s", size)
		p.Remedy = "nothing has to be done if the hole belongs to somebody else"
		im.warn(p)
		return
	}
	p.Reason = Gap
	if g.parent == nil {
		p.Message = fmt.Sprintf("a gap%s: %s", beside, size)
	} else {
		if p.Feature == 0 {
			p.Feature, p.Line, p.Code = g.parent.feature, g.parent.line, g.parent.code
		}
		p.Message = fmt.Sprintf("a part of %s is left without an area%s: %s", g.parent.code, beside, size)
	}
	if im.opt.AllowGaps {
		p.Remedy = "nothing has to be done: it stays the parent's own"
		im.warn(p)
		return
	}
	p.Remedy = "close the gap, or import with --allow-gaps if it is meant"
	im.problem(p)
}

// squareMetres writes an area so that small ones are not zero.
func squareMetres(m2 float64) string {
	if m2 < 10 {
		return fmt.Sprintf("%.2f", m2)
	}
	return fmt.Sprintf("%.0f", m2)
}
