package branch

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"jingwei/server/csvfile"
)

// checker holds the rows of a file against each other and against what is in the database.
type checker struct {
	report    *ImportReport
	known     *Directory
	rows      []*imported          // each code once
	byCode    map[string]*imported // of rows
	answering map[string]*imported // by area
}

// newChecker notes the codes that stand in the file twice.
func newChecker(report *ImportReport, known *Directory, rows []imported) *checker {
	c := &checker{report: report, known: known, byCode: map[string]*imported{}, answering: map[string]*imported{}}
	for n := range rows {
		i := &rows[n]
		if first, ok := c.byCode[i.Code]; ok {
			c.refuse(i, codeColumn, csvfile.DuplicateCode, fmt.Sprintf("the code %s stands in line %d already", i.Code, first.line), "give every branch its own code")
		} else if i.Code != "" { // its absence has been told
			c.byCode[i.Code] = i
			c.rows = append(c.rows, i)
		}
	}
	return c
}

func (c *checker) refuse(i *imported, column int, reason, message, remedy string) {
	c.report.Refuse(csvfile.Problem{Line: i.line, Column: importColumns[column].Name, Reason: reason, Message: message, Remedy: remedy})
}

func (c *checker) warn(i *imported, column int, reason, message, remedy string) {
	c.report.Warn(csvfile.Problem{Line: i.line, Column: importColumns[column].Name, Reason: reason, Message: message, Remedy: remedy})
}

// all runs every check; the error is the database's.
func (c *checker) all(ctx context.Context, tx pgx.Tx) error {
	areas, err := findAreas(ctx, tx, c.rows)
	if err != nil {
		return err
	}
	for _, i := range c.rows {
		c.checkAreas(i, areas)
		c.checkMembers(i)
		c.checkParent(i)
	}
	c.checkCircles()
	c.checkCounties()
	return nil
}

// findAreas tells which of the areas of the file exist: true where one is in use, false where it was retired.
func findAreas(ctx context.Context, tx pgx.Tx, imported []*imported) (map[string]bool, error) {
	var codes []string
	for _, i := range imported {
		codes = append(codes, i.areas...)
	}
	rows, err := tx.Query(ctx, `
		SELECT code, EXISTS (SELECT FROM area_shape s WHERE s.county = a.county AND s.code = a.code AND upper_inf(s.editions)) FROM area a WHERE code = ANY($1)`, codes)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	var code string
	var inUse bool
	_, err = pgx.ForEachRow(rows, []any{&code, &inUse}, func() error {
		found[code] = inUse
		return nil
	})
	return found, err
}

func (c *checker) checkAreas(i *imported, areas map[string]bool) {
	for _, area := range i.areas {
		inUse, exists := areas[area]
		switch first, taken := c.answering[area]; {
		case !exists:
			c.refuse(i, areasColumn, UnknownArea, fmt.Sprintf("no area has the code %.40q", area), "correct the code, or import the areas first")
		case !inUse:
			c.refuse(i, areasColumn, RetiredArea, fmt.Sprintf("the area %s is not in use any more", area), "name the areas that took its place")
		case taken && first != i:
			c.refuse(i, areasColumn, AreaTwice, fmt.Sprintf("the area %s is given to the branch %s in line %d already", area, first.Code, first.line),
				"one branch answers for an area: take it off one of them")
		default:
			c.answering[area] = i
			if old, ok := c.known.byArea[area]; ok && c.byCode[old.Code] == nil {
				c.warn(i, areasColumn, AreaMoves, fmt.Sprintf("the area %s moves from the branch %s, which is not in the file", area, old.Code), "")
			}
		}
	}
}

// checkMembers holds the rules of the party's regulation on branches against a branch.
func (c *checker) checkMembers(i *imported) {
	if i.Members == nil {
		return
	}
	isParty := i.Kind != "" && i.Kind != "group" && i.Kind != "centre_household"
	switch n := *i.Members; {
	case isParty && n < 3:
		c.warn(i, membersColumn, FewMembers, fmt.Sprintf("%s has %d members; a branch needs 3 full members", i.Code, n), "consider a joint branch")
	case i.Kind == "branch" && n > 50:
		c.warn(i, membersColumn, ManyMembers, fmt.Sprintf("%s has %d members; a branch generally has at most 50", i.Code, n), "consider a general branch")
	}
}

func (c *checker) checkParent(i *imported) {
	if i.Parent == "" {
		return
	}
	kind, ok := c.kindOf(i.Parent)
	if !ok {
		c.refuse(i, parentColumn, UnknownParent, fmt.Sprintf("no branch has the code %.40q", i.Parent), "correct the code, or add the parent to the file")
		return
	}
	if slices.Index(kindOrder, i.Kind) < slices.Index(kindOrder, kind) && i.Kind != "" {
		c.warn(i, kindColumn, KindOrder, fmt.Sprintf("%s (%s) stands under the smaller %s (%s)", i.Code, Kinds[i.Kind], i.Parent, Kinds[kind]), "check kind and parent")
	}
}

func (c *checker) kindOf(code string) (kind string, ok bool) {
	if i, ok := c.byCode[code]; ok {
		return i.Kind, true
	}
	if b, ok := c.known.byCode[code]; ok {
		return b.Kind, true
	}
	return "", false
}

// parentOf is the parent that a branch has after the import.
func (c *checker) parentOf(code string) string {
	if i, ok := c.byCode[code]; ok {
		return i.Parent
	}
	if b, ok := c.known.byCode[code]; ok {
		return b.Parent
	}
	return ""
}

// checkCircles finds branches that stand above themselves; each circle is told once.
func (c *checker) checkCircles() {
	done := map[string]int{} // by code: the walk that came past it
	for n, i := range c.rows {
		path := []string{}
		for code := i.Code; code != ""; code = c.parentOf(code) {
			if walk, ok := done[code]; ok {
				if walk == n {
					circle := path[slices.Index(path, code):]
					c.refuse(c.first(circle), parentColumn, ParentCircle, "the parents go in a circle: "+chain(append(circle, code)), "give one of them another parent, or none")
				}
				break
			}
			done[code] = n
			path = append(path, code)
		}
	}
}

// first is the row of the first branch of a circle that stands in the file; a circle cannot lie in the database alone.
func (c *checker) first(circle []string) *imported {
	for _, code := range circle {
		if i, ok := c.byCode[code]; ok {
			return i
		}
	}
	return &imported{}
}

// chain writes a few codes with arrows between.
func chain(codes []string) string {
	const shown = 8
	if len(codes) > shown {
		codes = append(slices.Clone(codes[:shown]), "…")
	}
	return strings.Join(codes, " › ")
}

// checkCounties makes sure that every branch has a county: that of its area, the one it is known in, or that of a branch above.
func (c *checker) checkCounties() {
	lacks := map[string]bool{} // by code: those that were walked past
	for _, i := range c.rows {
		lacking := true
		var path []string
		for code := i.Code; code != ""; code = c.parentOf(code) {
			if before, walked := lacks[code]; walked {
				lacking = before
				break
			}
			if c.hasCounty(code) {
				lacking = false
				break
			}
			lacks[code] = false // whoever comes back here is in a circle, which has been told
			path = append(path, code)
		}
		for _, code := range path {
			lacks[code] = lacking
		}
		if lacking {
			c.refuse(i, areasColumn, NoCounty, fmt.Sprintf("neither %s nor a branch above it answers for an area, so its county is unknown", i.Code),
				"give it an area, or a parent that answers for one")
		}
	}
}

// hasCounty tells whether a branch has a county by itself. One that is neither in the file nor known has been told as an unknown parent.
func (c *checker) hasCounty(code string) bool {
	row, inFile := c.byCode[code]
	_, isKnown := c.known.byCode[code]
	return !inFile || isKnown || len(row.areas) > 0
}
