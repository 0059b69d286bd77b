package incident

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/web"
)

// exported reads a file back as rows.
func exported(t *testing.T, file []byte, xlsx bool) [][]string {
	t.Helper()
	if !xlsx {
		text, ok := bytes.CutPrefix(file, []byte("\ufeff"))
		if !ok {
			t.Errorf("no byte order mark: %q", file[:min(9, len(file))])
		}
		rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	f, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows(f.GetSheetName(0))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestExportHasWhatTheListHas(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	list := mixed(t, s, pool)
	codes := []string{"reported_at", "item", "channel", "status", "title", "town", "closed_at", "id"}
	for _, xlsx := range []bool{false, true} {
		var file bytes.Buffer
		count, err := s.Export(accesstest.Person(t, access.Handler), Question{}, ExportOptions{XLSX: xlsx, Columns: codes, English: true}, &file)
		if err != nil || count != len(list) {
			t.Fatalf("%d of %d, %v", count, len(list), err)
		}
		rows := exported(t, file.Bytes(), xlsx)
		if got := strings.Join(rows[0], "|"); got != "Reported (Beijing time)|Item|Source|Status|Title|Town|Closed (Beijing time)|Number" {
			t.Errorf("header %s", got)
		}
		if len(rows) != len(list)+1 {
			t.Fatalf("%d rows of %d", len(rows)-1, len(list))
		}
		for n, i := range list {
			town, closed := "", ""
			if len(i.Codes) > 1 {
				id, _ := s.areas.Current().Coverage.Find(i.Codes[1])
				town = s.areas.Current().Coverage.Name(id)
			}
			if i.ClosedAt != nil {
				closed = i.ClosedAt.In(beijing).Format(time.DateTime)
			}
			item, _ := s.items.Find(i.Item)
			want := strings.Join([]string{
				i.ReportedAt.In(beijing).Format(time.DateTime), item.NameEN, ChannelNames[i.Channel].EN, StatusNames[i.Status].EN, i.Title, town, closed, i.ID.String(),
			}, "|")
			if got := strings.Join(rows[n+1], "|"); got != want {
				t.Errorf("row %d is %s, want %s", n, got, want)
			}
		}
	}
}

// The names that spreadsheets take for formulas, and numbers of people, in what residents write.
func TestExportIsMaskedAndWithoutFormulas(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	load(t, s, pool)
	const evil = `=HYPERLINK("http://x","y") 13812345678`
	if _, err := pool.Exec(t.Context(), `UPDATE incident SET title = $1, description = '+86 13812345678'`, evil); err != nil {
		t.Fatal(err)
	}
	ctx := accesstest.Person(t, access.Planner)
	for _, xlsx := range []bool{false, true} {
		var file bytes.Buffer
		if _, err := s.Export(ctx, Question{}, ExportOptions{XLSX: xlsx, Columns: []string{"title", "description"}}, &file); err != nil {
			t.Fatal(err)
		}
		row := exported(t, file.Bytes(), xlsx)[1]
		want := `=HYPERLINK("http://x","y") 138****5678`
		if !xlsx {
			want = "'" + want
		}
		if row[0] != want || strings.Contains(row[1], "12345678") {
			t.Errorf("%q", row)
		}
		if !xlsx {
			continue
		}
		f, err := excelize.OpenReader(bytes.NewReader(file.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		kind, errKind := f.GetCellType("事件", "A2")
		formula, errFormula := f.GetCellFormula("事件", "A2")
		if errKind != nil || errFormula != nil || kind != excelize.CellTypeInlineString || formula != "" {
			t.Errorf("%v, %q: %v, %v", kind, formula, errKind, errFormula)
		}
	}
}

func TestDatesOfAWorkbookAreDates(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{"1899-12-31T00:00:00+08:00": 1, "2026-11-22T18:00:00+08:00": 46348.75, "2026-11-22T10:00:00Z": 46348.75} {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		if got := excelDays(at); got != want {
			t.Errorf("%s is %v, want %v", text, got, want)
		}
	}
}

func TestExportStaysWithinRightsAndIsInTheLog(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	load(t, s, pool)
	town := access.Area{Code: "320282001", Level: "town"}
	var file bytes.Buffer
	for name, c := range map[string]struct {
		areas []access.Area
		role  access.Role
		q     Question
		want  web.Code
	}{
		"viewer":      {[]access.Area{town}, access.Viewer, Question{}, web.Forbidden},
		"worker":      {[]access.Area{town}, access.Worker, Question{}, web.Forbidden},
		"auditor":     {nil, access.Auditor, Question{}, web.Forbidden},
		"area beside": {[]access.Area{town}, access.Handler, Question{Filter: Filter{Areas: [][]string{{"320282", "320282002"}}}}, web.Forbidden},
	} {
		if _, err := s.Export(accesstest.Person(t, c.role, c.areas...), c.q, ExportOptions{}, &file); !is(err, c.want) || file.Len() > 0 {
			t.Errorf("%s: %v, and %d bytes are written", name, err, file.Len())
		}
	}
	if n := count(t, pool, "audit WHERE action = 'incident.export' AND outcome = 'done'"); n != 0 {
		t.Errorf("%d exports are in the log", n)
	}
	ctx := accesstest.Person(t, access.Handler, town)
	n, err := s.Export(ctx, Question{Text: "320282001002"}, ExportOptions{Columns: []string{"area"}}, &file)
	if err != nil || n != 16 {
		t.Errorf("%d, %v", n, err)
	}
	for _, row := range exported(t, file.Bytes(), false)[1:] {
		if !strings.HasPrefix(row[0], "320282001002") {
			t.Errorf("%s is outside", row[0])
		}
	}
	if got := column[string](t, pool, `SELECT after->>'count' || (after->>'format') || (after->>'by_text') || (position('320282001002' IN after::text) > 0) FROM audit WHERE action = 'incident.export'`); len(got) != 1 || got[0] != "16csvtruefalse" {
		t.Errorf("the log says %q", got)
	}
}

func TestTooManyAreRefusedBeforeTheFileBegins(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	load(t, s, pool)
	ctx := accesstest.Person(t, access.Dispatcher)
	var file bytes.Buffer
	if _, err := s.export(ctx, Question{}, ExportOptions{}, &file, 256); !is(err, web.Invalid) || !strings.Contains(err.Error(), "more than 256") || file.Len() > 0 {
		t.Errorf("%v, and %d bytes are written", err, file.Len())
	}
	if n, err := s.export(ctx, Question{}, ExportOptions{}, &file, 257); err != nil || n != 257 {
		t.Errorf("%d, %v", n, err)
	}
}
