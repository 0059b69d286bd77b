package importing

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"jingwei/geo"
	"jingwei/geo/coverage"
)

// roundingM is how far rounding to the lattice moves a border at most when a file is cleaned once more: a step or two a cut.
const roundingM = 0.05

// fit makes the areas of the file and those of the last edition fit, reports what had to be done, and gives the rows that are not as
// they were, in the order of their codes; none after a problem.
func (im *importer) fit(ctx context.Context) ([]Row, error) {
	areas := im.place()
	if len(im.redrawn) == 0 {
		return im.rows(areas), nil
	}
	im.progress("borders", 0, 0)
	cleaned, err := coverage.Clean(areas, im.opt.ToleranceM)
	if err != nil {
		return nil, err
	}
	kept := im.tellFindings(cleaned.Findings, false)
	if err := im.hintDatum(ctx); err != nil || im.ProblemCount > 0 {
		return nil, err
	}
	repairs := cleaned.Repairs
	same, err := im.asBefore(cleaned)
	if err != nil {
		return nil, err
	}
	if len(same) > 0 {
		for i, area := range areas {
			if same[area.Code] {
				areas[i].Shape = im.last[area.Code].Shape
			}
		}
		if cleaned, err = coverage.Clean(areas, im.opt.ToleranceM); err != nil {
			return nil, err
		}
	}
	for i := range cleaned.Areas {
		if code := cleaned.Areas[i].Code; kept[code] {
			cleaned.Areas[i].Shape = im.last[code].Shape
		}
	}
	rows := im.rows(cleaned.Areas)
	im.tellRepairs(repairs, rows)
	return rows, nil
}

// place is all areas, those of the file in the place of those of the last edition, in the order of their codes.
func (im *importer) place() []coverage.Area {
	areas := make([]coverage.Area, 0, len(im.last)+len(im.features))
	for code, row := range im.last {
		if im.byCode[code] == nil {
			areas = append(areas, row.Area)
		}
	}
	for _, f := range im.features {
		areas = append(areas, f.Area)
	}
	slices.SortFunc(areas, func(a, b coverage.Area) int { return strings.Compare(a.Code, b.Code) })
	return areas
}

// checkShapes tells of shapes that are in doubt, whatever lies beside them: all that can be said where parents are not known.
func (im *importer) checkShapes() error {
	im.progress("borders", 0, 0)
	areas := make([]coverage.Area, len(im.features))
	for i, f := range im.features {
		areas[i] = f.Area
		areas[i].Parent = ""
	}
	cleaned, err := coverage.Clean(areas, im.opt.ToleranceM)
	if err != nil {
		return err
	}
	im.tellFindings(cleaned.Findings, true)
	return nil
}

// asBefore names the areas of the file that are what they were in the last edition, as it happens when a file that does not fit to the
// vertex is imported again: those that had to be mended and differ within the tolerance, and those that fitted and differ by rounding.
// They stay as they were, or every import would move them by centimetres.
func (im *importer) asBefore(cleaned *coverage.Cleaned) (map[string]bool, error) {
	var mended, fitting []coverage.Area
	for _, area := range cleaned.Areas {
		row, known := im.last[area.Code]
		if !known || !im.redrawn[area.Code] || row.Parent != area.Parent || coverage.SameShape(row.Shape, area.Shape) {
			continue
		}
		if coverage.SameShape(im.byCode[area.Code].Shape, area.Shape) {
			fitting = append(fitting, area)
		} else {
			mended = append(mended, area)
		}
	}
	same := map[string]bool{}
	err := im.compareWithLast(mended, im.opt.ToleranceM, same)
	if err == nil {
		err = im.compareWithLast(fitting, min(roundingM, im.opt.ToleranceM), same)
	}
	return same, err
}

// compareWithLast adds those of areas to a set that differ from the last edition nowhere by more than a width. Two shapes are compared
// by taking one for the parent of the other: what sticks out, and what is left uncovered, is the difference.
func (im *importer) compareWithLast(areas []coverage.Area, widthM float64, same map[string]bool) error {
	pairs := make([]coverage.Area, 0, 2*len(areas))
	for _, area := range areas {
		same[area.Code] = true
		pairs = append(pairs, coverage.Area{Code: area.Code, Level: coverage.County, Shape: im.last[area.Code].Shape},
			coverage.Area{Code: area.Code + " ", Parent: area.Code, Level: coverage.Town, Shape: area.Shape})
	}
	differences, err := coverage.Clean(pairs, widthM)
	if err != nil {
		return err
	}
	for _, f := range differences.Findings {
		delete(same, strings.TrimSuffix(f.Area, " "))
		delete(same, strings.TrimSuffix(f.Other, " "))
	}
	return nil
}

// merged is all findings of one reason about the same areas, told by the widest of them.
type merged struct {
	coverage.Finding
	places int
}

// mergeFindings joins what two areas have with each other, or an area with its parent or itself; gaps stay apart.
func mergeFindings(findings []coverage.Finding) []merged {
	type key struct {
		reason      coverage.Reason
		area, other string
	}
	at := map[key]int{}
	var out []merged
	for _, f := range findings {
		k := key{f.Reason, f.Area, f.Other}
		i, again := at[k]
		if !again || f.Reason == coverage.Gap {
			at[k] = len(out)
			out = append(out, merged{f, 1})
			continue
		}
		sum := out[i].AreaM2 + f.AreaM2
		if f.WidthM > out[i].WidthM {
			out[i].Finding = f
		}
		out[i].AreaM2 = sum
		out[i].places++
	}
	return out
}

// tellFindings turns findings into problems, and those that are not the file's into warnings; it names the areas that are to stay as
// they are because of the latter. With alone, only what is wrong with a shape by itself is told.
func (im *importer) tellFindings(findings []coverage.Finding, alone bool) (kept map[string]bool) {
	parents := im.concerned()
	var gone, old []merged
	told := map[string]bool{}
	for _, m := range mergeFindings(findings) {
		if alone && m.Reason != coverage.SelfCrossing && m.Reason != coverage.Vanished {
			continue
		}
		switch {
		case m.Reason == coverage.Vanished:
			gone = append(gone, m)
			continue
		case m.Reason == coverage.Gap && m.Area != "":
			if parents[m.Area] {
				im.tellGap(m)
			}
			continue
		case m.Reason == coverage.Gap || m.Reason == coverage.Hole:
			// At the top, only a file of counties can tell: of the others not all are looked at.
			if im.opt.Level == coverage.County && (m.Reason == coverage.Gap || im.redrawn[m.Area]) {
				im.tellGap(m)
			}
			continue
		}
		told[m.Area], told[m.Other] = true, true
		if alone || im.redrawn[m.Area] || im.redrawn[m.Other] {
			im.tellFinding(m)
		} else {
			old = append(old, m)
		}
	}
	for _, m := range gone {
		if !told[m.Area] && (!alone || im.empty(m.Area)) {
			im.tellVanished(m)
		}
	}
	kept = map[string]bool{}
	if im.ProblemCount > 0 {
		return kept // what else does not fit may come of that
	}
	for _, m := range old {
		im.tellOld(m)
		kept[m.Area] = true
		if m.Reason == coverage.Overlap {
			kept[m.Other] = true
		}
	}
	im.keepBelow(kept)
	return kept
}

// concerned are the parents whose children, or own shape, the file changes.
func (im *importer) concerned() map[string]bool {
	parents := map[string]bool{}
	for code := range im.redrawn {
		parents[code], parents[im.byCode[code].Parent], parents[im.last[code].Parent] = true, true, true
	}
	return parents
}

// keepBelow adds to a set of areas all that lie below them.
func (im *importer) keepBelow(kept map[string]bool) {
	if len(kept) == 0 {
		return
	}
	byLevel := slices.SortedFunc(maps.Values(im.last), func(a, b Row) int { return cmp.Compare(a.Level, b.Level) })
	for _, row := range byLevel {
		if kept[row.Parent] {
			kept[row.Code] = true
		}
	}
	maps.DeleteFunc(kept, func(code string, _ bool) bool { return im.byCode[code] != nil })
}

// size says how large a finding is.
func (m merged) size() string {
	if m.places > 1 {
		return fmt.Sprintf("%s m² in %d places, here up to %.1f m wide", squareMetres(m.AreaM2), m.places, m.WidthM)
	}
	return fmt.Sprintf("%s m², up to %.1f m wide", squareMetres(m.AreaM2), m.WidthM)
}

// problemOf is a problem without words about an area, be it in the file or not.
func (im *importer) problemOf(code string, at geo.Point) Problem {
	p := Problem{Code: code, Place: place(at)}
	if f := im.byCode[code]; f != nil {
		p.Feature, p.Line = f.index, f.line
	}
	return p
}

// first puts the one of two areas first that stands first in the file.
func (im *importer) first(a, b string) (string, string) {
	f, g := im.byCode[a], im.byCode[b]
	if f == nil || g != nil && g.index < f.index {
		return b, a
	}
	return a, b
}

func (im *importer) tellFinding(m merged) {
	f := im.byCode[m.Area]
	p := im.problemOf(m.Area, m.Place)
	switch {
	case m.Reason == coverage.SelfCrossing:
		p.Reason, p.Message = SelfCrossing, "the border crosses itself, and it is in doubt what lies inside: "+m.size()
		p.Remedy = "draw the border without a crossing (in QGIS: Check Validity, then Fix Geometries, and look at the result)"
	case m.Reason == coverage.Overlap:
		area, other := im.first(m.Area, m.Other)
		p = im.problemOf(area, m.Place)
		p.Reason, p.Message = Overlap, fmt.Sprintf("overlaps %s: %s", other, m.size())
		p.Remedy = "draw the common border once, with the same vertices on both sides"
	case f == nil:
		p = im.problemOf(m.Other, m.Place)
		p.Reason, p.Message = ChildrenOutside, fmt.Sprintf("its area %s would lie outside it: %s", m.Area, m.size())
		p.Remedy = fmt.Sprintf("keep the border around %s, or import the areas below it together with it as a plan", m.Area)
	default:
		p.Reason, p.Message = CrossesParent, fmt.Sprintf("sticks out of its parent %s: %s", m.Other, m.size())
		if m.AreaM2 > coverage.AreaM2(f.Shape)/2 {
			p.Reason, p.Message = OutsideParent, fmt.Sprintf("lies mostly outside its parent %s", m.Other)
		}
		p.Remedy = "correct the border or the parent"
		im.misplaced = append(im.misplaced, f)
	}
	im.problem(p)
}

// empty tells whether an area of the file encloses nothing at all.
func (im *importer) empty(code string) bool {
	f := im.byCode[code]
	return f != nil && coverage.AreaM2(f.Shape) == 0
}

func (im *importer) tellVanished(m merged) {
	p := im.problemOf(m.Area, m.Place)
	switch {
	case im.empty(m.Area):
		p.Reason, p.Message = NoArea, "the border encloses nothing"
		p.Remedy = "draw the area again, or take the feature out"
	case p.Feature > 0:
		p.Reason, p.Message = Vanished, fmt.Sprintf("nothing is left of the area: it is nowhere wider than %v m, or others lie over it", im.opt.ToleranceM)
		p.Remedy = "draw the area again, or import with a smaller --tolerance-m"
	default:
		p.Reason, p.Message = Vanished, fmt.Sprintf("nothing would be left of the area, which is not in the file: it is nowhere wider than %v m, or others lie over it", im.opt.ToleranceM)
		p.Remedy = "import the area together with its neighbours, or with a smaller --tolerance-m"
	}
	im.problem(p)
}

// tellOld warns of what did not fit before the import.
func (im *importer) tellOld(m merged) {
	p := im.problemOf(m.Area, m.Place)
	p.Remedy = "nothing was changed there; import these areas again, drawn to fit"
	switch m.Reason {
	case coverage.Overlap:
		p.Reason, p.Message = Overlap, fmt.Sprintf("has overlapped %s before: %s", m.Other, m.size())
	case coverage.CrossesParent:
		p.Reason, p.Message = CrossesParent, fmt.Sprintf("has stuck out of its parent %s before: %s", m.Other, m.size())
	default:
		p.Reason, p.Message = SelfCrossing, "has crossed itself before: "+m.size()
	}
	im.warn(p)
}

func (im *importer) tellGap(m merged) {
	beside := ""
	if len(m.Around) > 0 {
		beside = " beside " + strings.Join(m.Around, ", ")
	}
	p := im.problemOf(m.Area, m.Place)
	for _, code := range m.Around {
		if im.byCode[code] != nil {
			p = im.problemOf(code, m.Place)
			break
		}
	}
	if m.Reason == coverage.Hole {
		p.Reason, p.Message = Hole, "has a hole that no other area fills: "+m.size()
		p.Remedy = "nothing has to be done if the hole belongs to somebody else"
		im.warn(p)
		return
	}
	p.Reason = Gap
	if m.Area == "" {
		p.Message = fmt.Sprintf("a gap%s: %s", beside, m.size())
	} else {
		p.Message = fmt.Sprintf("a part of %s is left without an area%s: %s", m.Area, beside, m.size())
	}
	if im.opt.AllowGaps {
		p.Remedy = "nothing has to be done: it stays the parent's own"
		im.warn(p)
		return
	}
	p.Remedy = "close the gap, or import with --allow-gaps if it is meant"
	im.problem(p)
}

// tellRepairs reports what was mended in the file's areas and in others that are changed.
func (im *importer) tellRepairs(repairs []coverage.Repair, rows []Row) {
	changed := map[string]bool{}
	for _, row := range rows {
		changed[row.Code] = true
	}
	for _, r := range repairs {
		f := im.byCode[r.Area]
		if f == nil && !changed[r.Area] && im.byCode[r.Other] == nil {
			continue
		}
		repair := Repair{Code: r.Area, Other: r.Other, What: string(r.Reason), Place: *place(r.Place), AreaM2: r.AreaM2, WidthM: r.WidthM}
		if f != nil {
			repair.Feature = f.index
		}
		im.mended = append(im.mended, repair)
	}
}

// squareMetres writes an area so that small ones are not zero.
func squareMetres(m2 float64) string {
	if m2 < 10 {
		return fmt.Sprintf("%.2f", m2)
	}
	return fmt.Sprintf("%.0f", m2)
}
