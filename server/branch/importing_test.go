package branch

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/text/encoding/simplifiedchinese"

	"jingwei/server/access/accesstest"
	"jingwei/server/area/areatest"
	"jingwei/server/csvfile"
	"jingwei/server/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// setup gives a service over areatest's county, without branches.
func setup(t testing.TB) (*Service, *pgxpool.Pool) {
	t.Helper()
	pool := dbtest.Open(t)
	areatest.Publish(t, pool, areatest.Areas(), areatest.Effective)
	return NewService(pool), pool
}

func counts(r ImportReport) string {
	return fmt.Sprintf("%d read, %d added, %d changed, %d unchanged, %d problems, %d warnings", r.Read, r.Added, r.Changed, r.Unchanged, r.ProblemCount, r.WarningCount)
}

// findings lists "line column reason".
func findings(problems []csvfile.Problem) (list []string) {
	for _, p := range problems {
		list = append(list, fmt.Sprintf("%d %s %s", p.Line, p.Column, p.Reason))
	}
	return list
}

// branches lists the table as "code county parent areas".
func branches(t testing.TB, pool *pgxpool.Pool) (list []string) {
	t.Helper()
	rows, err := pool.Query(t.Context(), `SELECT concat_ws(' ', code, county, coalesce(parent, '-'),
		(SELECT string_agg(area, ';' ORDER BY area) FROM branch_area x WHERE x.branch = b.code)) FROM branch b ORDER BY code`)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		list = append(list, line)
	}
	return list
}

func eventCount(t testing.TB, pool *pgxpool.Pool) (n int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM event WHERE kind = 'branch.changed'`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

const sheet = `上级,编码,名称,类型,书记,电话,党员数,区域,备注
,W1,宜城街道党工委,党（工）委,甲,0510-87991234,,320282,
W1,C1,第一社区党委,committee,乙,,120,320282001001 320282001002,
C1,B1,第一网格党支部,网格党支部,丙,,12,320282001001001,
B1,G1,东区党小组,党小组,,,2,,无区域
`

func TestImport(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	gbk, err := simplifiedchinese.GBK.NewEncoder().String(strings.ReplaceAll(sheet, "\n", "\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	report, err := s.Import(accesstest.Operator(t), strings.NewReader(gbk), true)
	if got, want := counts(report), "4 read, 4 added, 0 changed, 0 unchanged, 0 problems, 0 warnings"; err != nil || got != want {
		t.Fatalf("dry run: %s, want %s: %v", got, want, err)
	}
	if len(branches(t, pool)) != 0 || eventCount(t, pool) != 0 {
		t.Error("the dry run stored something")
	}
	report, err = s.Import(accesstest.Operator(t), strings.NewReader(gbk), false)
	if err != nil || report.Added != 4 || report.Encoding != "GB18030" || !slices.Equal(report.Unknown, []string{"备注"}) {
		t.Fatalf("%+v: %v", report, err)
	}
	want := []string{"B1 320282 C1 320282001001001", "C1 320282 W1 320282001001;320282001002", "G1 320282 B1", "W1 320282 - 320282"}
	if got := branches(t, pool); !slices.Equal(got, want) || eventCount(t, pool) != 1 {
		t.Errorf("got %q, want %q; %d events", got, want, eventCount(t, pool))
	}
	if err := s.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b, ok := s.Directory().Find("W1"); !ok || b.Kind != "work_committee" || b.Secretary != "甲" || b.Phone != "0510-87991234" || b.Members != nil || b.Invented {
		t.Errorf("W1: %+v", b)
	}

	// Again: nothing changes and nobody is told.
	report, err = s.Import(accesstest.Operator(t), strings.NewReader("\ufeff"+sheet), false)
	if got, want := counts(report), "4 read, 0 added, 0 changed, 4 unchanged, 0 problems, 0 warnings"; err != nil || got != want || eventCount(t, pool) != 1 {
		t.Errorf("again: %s, want %s: %v", got, want, err)
	}
	// Columns that are missing leave what is known; what a branch answers for is what the file says.
	report, err = s.Import(accesstest.Operator(t), strings.NewReader("code;name;kind\nC1;第一社区党委;committee\nB1;新名;branch\n"), false)
	if got, want := counts(report), "2 read, 0 added, 1 changed, 1 unchanged, 0 problems, 0 warnings"; err != nil || got != want {
		t.Errorf("without columns: %s, want %s: %v", got, want, err)
	}
	report, err = s.Import(accesstest.Operator(t), strings.NewReader("code,name,kind,areas\nC1,第一社区党委,committee,320282001001\nN1,新支部,branch,320282001001001;320282001002\n"), false)
	if err != nil || report.Added != 1 || report.Changed != 1 || !slices.Equal(findings(report.Warnings), []string{"3 areas area_moves"}) {
		t.Errorf("areas move: %+v: %v", report, err)
	}
	want = []string{"B1 320282 C1", "C1 320282 W1 320282001001", "G1 320282 B1", "N1 320282 - 320282001001001;320282001002", "W1 320282 - 320282"}
	if got := branches(t, pool); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestImportProblems(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	if err := s.Save(accesstest.Operator(t), []Branch{{Code: "OLD", Name: "旧", Kind: "committee"}, {Code: "OLD2", Name: "旧", Kind: "branch", Parent: "OLD"}},
		[]Assignment{{Area: areatest.County, Branch: "OLD"}}); err != nil {
		t.Fatal(err)
	}
	before := branches(t, pool)
	const header = "code,name,kind,parent,phone,members,areas\n"
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"unknown area", "A,n,branch,,,,320282999\n", []string{"2 areas unknown_area"}},
		{"unknown parent", "A,n,branch,X,,,320282001\n", []string{"2 parent unknown_parent"}},
		{"duplicate code", "A,n,branch,,,,320282001\nA,n,branch,,,,320282002\n", []string{"3 code duplicate_code"}},
		{"two branches for one area", "A,n,branch,,,,320282001\nB,n,branch,,,,320282002;320282001\n", []string{"3 areas area_twice"}},
		{"circle", "A,n,branch,B,,,320282001\nB,n,branch,C,,,\nC,n,branch,A,,,\n", []string{"2 parent parent_circle"}},
		{"its own parent", "A,n,branch,A,,,\n", []string{"2 parent parent_circle"}},
		{"circle through the database", "OLD,n,branch,OLD2,,,320282\n", []string{"2 parent parent_circle"}},
		{"bad kind", "A,n,小组长,,,,320282001\n", []string{"2 kind bad_kind"}},
		{"mobile number", "A,n,branch,,139-1234-5678,,320282001\n", []string{"2 phone personal_phone"}},
		{"no county", "A,n,committee,,,,\nB,n,branch,A,,,\nC,n,branch,OLD2,,,\n", []string{"2 areas no_county", "3 areas no_county"}},
		{"missing values", ",,,,,,\n,n,branch,,,,320282001\nB,,branch,,,,320282002\n", []string{"3 code missing_value", "4 name missing_value"}},
		{"bad code", "A B,n,branch,,,,320282001\n", []string{"2 code bad_code"}},
		{"bad members", "A,n,branch,,,-3,320282001\nB,n,branch,,,3.5,320282002\nC,n,branch,,,many,320282003\n", []string{
			"2 members number_range", "3 members number_range", "4 members bad_number",
		}},
		{"ten columns too many", "A,n,branch,,,,320282001,1,2,3,4,5,6,7,8,9,10\n", []string{"2  field_count"}},
		{"broken quotes", "A,\"n\"x,branch,,,,320282001\n", []string{"2  broken_quotes"}},
		{"no text", "A,路\xff\xff,branch,,,,320282001\n", []string{"2  not_text"}},
	} {
		report, err := s.Import(accesstest.Operator(t), strings.NewReader(header+c.text), false)
		if !errors.Is(err, csvfile.ErrRefused) {
			t.Errorf("%s: error %v", c.name, err)
		}
		if got := findings(report.Problems); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		for _, p := range report.Problems {
			if p.Message == "" || p.Remedy == "" {
				t.Errorf("%s: %+v lacks message or remedy", c.name, p)
			}
		}
	}
	if got := branches(t, pool); !slices.Equal(got, before) || eventCount(t, pool) != 1 {
		t.Errorf("a refused file changed %q to %q", before, got)
	}
	for text, part := range map[string]string{"": "the file is empty", "code,name\n": "required columns are missing: kind (or 类型,"} {
		if _, err := s.Import(accesstest.Operator(t), strings.NewReader(text), false); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: error %v, want %q", text, err, part)
		}
	}
}

// A retired area is told from one that never was.
func TestImportRetiredArea(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	if _, err := pool.Exec(t.Context(), `
		INSERT INTO edition (number, effective_at, published_at) VALUES (2, $1, $1);`, areatest.Effective.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), `UPDATE area_shape SET editions = int4range(lower(editions), 2) WHERE code = '32028200100100101'`); err != nil {
		t.Fatal(err)
	}
	report, err := s.Import(accesstest.Operator(t), strings.NewReader("code,name,kind,areas\nA,n,group,32028200100100101\n"), false)
	if got := findings(report.Problems); !errors.Is(err, csvfile.ErrRefused) || !slices.Equal(got, []string{"2 areas retired_area"}) {
		t.Errorf("got %q: %v", got, err)
	}
}

func TestImportWarnings(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	report, err := s.Import(accesstest.Operator(t), strings.NewReader(`code,name,kind,parent,members,areas
A,少,branch,,2,320282001
B,多,branch,,51,320282002
C,组,group,A,1,320282001001
D,大,committee,C,51,320282001002
`), true)
	want := []string{"2 members few_members", "3 members many_members", "5 kind kind_order"}
	if got := findings(report.Warnings); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, want %q: %v", got, want, err)
	}
}

// 25,000 branches, as a county has, in a chain as deep as the file in the worst case.
func TestImportMany(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	const n = 25_000
	var b strings.Builder
	b.WriteString("code,name,kind,parent,areas\n")
	for i := range n {
		parent, area := fmt.Sprintf("C%d", i+1), ""
		if i == n-1 {
			parent, area = "", areatest.County
		}
		fmt.Fprintf(&b, "C%d,支部,branch,%s,%s\n", i, parent, area)
	}
	report, err := s.Import(accesstest.Operator(t), strings.NewReader(strings.Replace(b.String(), areatest.County, "", 1)), false)
	if !errors.Is(err, csvfile.ErrRefused) || report.ProblemCount != n || len(report.Problems) != 100 {
		t.Errorf("without a county: %s: %v", counts(report), err)
	}
	b.Reset()
	b.WriteString("code,name,kind,parent,areas\nTOP,顶,committee,,320282\n")
	for i := range n {
		fmt.Fprintf(&b, "C%d,支部,branch,TOP,\n", i)
	}
	if report, err = s.Import(accesstest.Operator(t), strings.NewReader(b.String()), false); err != nil || report.Added != n+1 || len(branches(t, pool)) != n+1 {
		t.Errorf("%s: %v", counts(report), err)
	}
}
