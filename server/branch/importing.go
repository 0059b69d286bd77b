package branch

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"golang.org/x/text/width"

	"jingwei/server/access"
	"jingwei/server/csvfile"
	"jingwei/server/db"
)

// maxImport bounds what an import keeps in memory: a county has some 25,000 branches.
const maxImport = 200_000

// Reasons why a file of branches is refused, beside those of package csvfile.
const (
	UnknownArea   = "unknown_area"
	RetiredArea   = "retired_area"
	AreaTwice     = "area_twice"
	UnknownParent = "unknown_parent"
	ParentCircle  = "parent_circle"
	NoCounty      = "no_county"
)

// Reasons to look twice at a branch.
const (
	FewMembers  = "few_members"
	ManyMembers = "many_members"
	KindOrder   = "kind_order"
	AreaMoves   = "area_moves"
)

// ImportReport tells what an import read, found and did.
type ImportReport struct{ csvfile.Report }

// The columns of a file of branches, as indexes of importColumns.
const (
	codeColumn = iota
	nameColumn
	kindColumn
	parentColumn
	secretaryColumn
	phoneColumn
	membersColumn
	areasColumn
)

var importColumns = []csvfile.Column{
	codeColumn:      {Name: "code", Synonyms: []string{"编码", "代码", "党组织编码", "党组织代码"}, Required: true},
	nameColumn:      {Name: "name", Synonyms: []string{"名称", "党组织名称", "党组织"}, Required: true},
	kindColumn:      {Name: "kind", Synonyms: []string{"类型", "类别", "党组织类型", "党组织类别"}, Required: true},
	parentColumn:    {Name: "parent", Synonyms: []string{"上级", "上级编码", "上级党组织", "上级党组织编码"}},
	secretaryColumn: {Name: "secretary", Synonyms: []string{"书记", "书记姓名"}},
	phoneColumn:     {Name: "phone", Synonyms: []string{"电话", "办公电话", "联系电话"}},
	membersColumn:   {Name: "members", Synonyms: []string{"党员数", "党员人数"}},
	areasColumn:     {Name: "areas", Synonyms: []string{"区域", "负责区域", "区域编码", "area"}},
}

// kindOrder lists the kinds from the widest to the smallest.
var kindOrder = []string{"work_committee", "committee", "general_branch", "branch", "group", "centre_household"}

// kindWords are further names of the kinds.
var kindWords = map[string]string{
	"党工委": "work_committee", "街道党工委": "work_committee", "总支": "general_branch", "支部": "branch", "网格党支部": "branch", "小区党支部": "branch",
	"微网格党小组": "group", "楼道党小组": "group", "中心户": "centre_household",
}

// imported is a row of the file.
type imported struct {
	Branch
	areas []string
	line  int
}

// Import reads branches from CSV and stores them all, or none: then the error is of the kind csvfile.ErrRefused and the report lists every
// problem with its line and remedy. Known codes are replaced; where the file lacks an optional column, they keep what they have.
// A dry run checks everything, in the database too, and stores nothing.
func (s *Service) Import(ctx context.Context, r io.Reader, dryRun bool) (ImportReport, error) {
	var report ImportReport
	if err := access.Ask(ctx, access.DataImport, nil); err != nil {
		return report, err
	}
	reader, err := csvfile.Open(r, importColumns)
	if err != nil {
		return report, err
	}
	report.Unknown = reader.Unknown()
	rows, err := report.readRows(reader)
	if err != nil {
		return report, err
	}
	report.Encoding = reader.Encoding()
	err = db.InLongTx(ctx, s.pool, func(tx pgx.Tx) error {
		// Two imports at once could each be right and together make a circle.
		if _, err := tx.Exec(ctx, `LOCK TABLE branch, branch_area IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return err
		}
		known, err := LoadDirectory(ctx, tx)
		if err != nil {
			return err
		}
		keepMissing(reader, rows, known)
		if err := newChecker(&report, known, rows).all(ctx, tx); err != nil {
			return err
		}
		if err := report.Refused(); err != nil {
			return err
		}
		branches, assignments := report.changes(rows, known)
		if len(branches) > 0 {
			if err := Save(ctx, tx, branches, assignments); err != nil {
				return err
			}
		}
		if dryRun {
			return db.ErrRollback
		}
		return nil
	})
	return report, err
}

// readRows reads the whole file and notes what is wrong with each row by itself.
func (r *ImportReport) readRows(reader *csvfile.Reader) (rows []imported, err error) {
	err = r.EachRow(reader, maxImport, func(row csvfile.Row) { rows = append(rows, r.readRow(row)) })
	return rows, err
}

func (r *ImportReport) readRow(row csvfile.Row) imported {
	i := imported{line: row.Line, areas: csvfile.Codes(row.Cell(areasColumn)), Branch: Branch{
		Code: row.Cell(codeColumn), Name: row.Cell(nameColumn), Parent: row.Cell(parentColumn), Secretary: row.Cell(secretaryColumn), Phone: row.Cell(phoneColumn),
	}}
	refuse := func(column int, problem *csvfile.Problem) {
		if problem != nil {
			problem.Line, problem.Column = row.Line, importColumns[column].Name
			r.Refuse(*problem)
		}
	}
	refuse(codeColumn, csvfile.Code(i.Code))
	if i.Name == "" {
		refuse(nameColumn, &csvfile.Problem{Reason: csvfile.Missing, Message: "the name is missing", Remedy: "fill it in"})
	}
	refuse(nameColumn, csvfile.Text(i.Name, 200))
	refuse(secretaryColumn, csvfile.Text(i.Secretary, 100))
	refuse(phoneColumn, csvfile.Text(i.Phone, 100))
	refuse(phoneColumn, csvfile.OfficePhone(i.Phone))
	var ok bool
	if i.Kind, ok = parseKind(row.Cell(kindColumn)); !ok {
		refuse(kindColumn, &csvfile.Problem{
			Reason: csvfile.BadKind, Message: fmt.Sprintf("%.40q is no kind of branch", row.Cell(kindColumn)), Remedy: "use one of " + kindList(),
		})
	}
	if cell := row.Cell(membersColumn); cell != "" {
		members, problem := csvfile.Count(cell, 0, 1_000_000)
		refuse(membersColumn, problem)
		i.Members = &members
	}
	return i
}

// parseKind reads a kind's word, Chinese name or further name, also in full-width letters.
func parseKind(s string) (kind string, ok bool) {
	s = strings.Join(strings.Fields(width.Fold.String(s)), "")
	if kind, ok = csvfile.Kind(s, Kinds); !ok {
		kind, ok = kindWords[strings.ToLower(s)]
	}
	return kind, ok
}

func kindList() string {
	var list []string
	for _, kind := range kindOrder {
		list = append(list, kind+" ("+Kinds[kind]+")")
	}
	return strings.Join(list, ", ")
}

// keepMissing gives known branches what they have where the file lacks a column.
func keepMissing(reader *csvfile.Reader, rows []imported, known *Directory) {
	has := map[string][]string{}
	if !reader.Has(areasColumn) {
		for area, b := range known.byArea {
			has[b.Code] = append(has[b.Code], area)
		}
	}
	for i := range rows {
		old, ok := known.byCode[rows[i].Code]
		if !ok {
			continue
		}
		if !reader.Has(parentColumn) {
			rows[i].Parent = old.Parent
		}
		if !reader.Has(secretaryColumn) {
			rows[i].Secretary = old.Secretary
		}
		if !reader.Has(phoneColumn) {
			rows[i].Phone = old.Phone
		}
		if !reader.Has(membersColumn) {
			rows[i].Members = old.Members
		}
		if !reader.Has(areasColumn) {
			rows[i].areas = has[old.Code]
		}
	}
}

// changes counts, and gives what differs from what is known.
func (r *ImportReport) changes(rows []imported, known *Directory) (branches []Branch, assignments []Assignment) {
	count := map[string]int{} // of areas that a known branch answers for
	for _, b := range known.byArea {
		count[b.Code]++
	}
	for _, row := range rows {
		old, isKnown := known.byCode[row.Code]
		switch {
		case !isKnown:
			r.Added++
		case equal(*old, row.Branch) && count[row.Code] == len(row.areas) &&
			!slices.ContainsFunc(row.areas, func(area string) bool { b, ok := known.byArea[area]; return !ok || b.Code != row.Code }):
			r.Unchanged++
			continue
		default:
			r.Changed++
		}
		branches = append(branches, row.Branch)
		for _, area := range row.areas {
			assignments = append(assignments, Assignment{Area: area, Branch: row.Code})
		}
	}
	return branches, assignments
}

func equal(a, b Branch) bool {
	sameMembers := (a.Members == nil) == (b.Members == nil) && (a.Members == nil || *a.Members == *b.Members)
	a.Members, b.Members = nil, nil
	return sameMembers && a == b
}
