package station

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/text/encoding/simplifiedchinese"

	"jingwei/geo"
	"jingwei/server/access/accesstest"
	"jingwei/server/area"
	"jingwei/server/area/areatest"
	"jingwei/server/csvfile"
	"jingwei/server/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// setup gives a service over areatest's county, without stations.
func setup(t testing.TB) (*Service, *pgxpool.Pool) {
	t.Helper()
	pool := dbtest.Open(t)
	areatest.Publish(t, pool, areatest.Areas(), areatest.Effective)
	areas, err := area.NewService(pool)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := areas.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	return NewService(pool, areas), pool
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

// stations lists the table.
func stations(t testing.TB, pool *pgxpool.Pool) (list []string) {
	t.Helper()
	rows, err := pool.Query(t.Context(), `SELECT concat_ws('|', county, code, kind, name, ST_X(geom), ST_Y(geom), address, coalesce(stars::text, '-'),
		coalesce(floor_area_m2::text, '-'), services, open_to, opening_hours, phone, invented) FROM station ORDER BY code`)
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

const sheet = `名称,编码,类型,经度,纬度,地址,星级,面积,服务项目,服务对象,开放时间,电话,备注
东区驿站,S1,小蜜蜂驿站,119.801,31.339,东山东路1号,4星,85.5,饮水；充电、歇脚,骑手;司机,Mo-Fr 8:30-17:30,,x
县外公园,S2,pocket_park,119.9,31.5,,,,,,24/7,0510-87991234,
`

func TestImport(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	gbk, err := simplifiedchinese.GB18030.NewEncoder().String(sheet)
	if err != nil {
		t.Fatal(err)
	}
	report, err := s.Import(accesstest.Operator(t), strings.NewReader(gbk), ImportOptions{DryRun: true})
	if got, want := counts(report), "2 read, 2 added, 0 changed, 0 unchanged, 0 problems, 1 warnings"; err != nil || got != want || len(stations(t, pool)) != 0 {
		t.Fatalf("dry run: %s, want %s: %v", got, want, err)
	}
	if got := findings(report.Warnings); !slices.Equal(got, []string{"3 lon outside"}) || !slices.Equal(report.Unknown, []string{"备注"}) || report.Encoding != "GB18030" {
		t.Errorf("%+v", report)
	}
	if _, err = s.Import(accesstest.Operator(t), strings.NewReader(gbk), ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"320282|S1|bee_station|东区驿站|119.801|31.339|东山东路1号|4|85.5|{饮水,充电,歇脚}|{骑手,司机}|Mo-Fr 08:30-17:30||f",
		"|S2|pocket_park|县外公园|119.9|31.5||-|-|{}|{}|24/7|0510-87991234|f",
	}
	if got := stations(t, pool); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}

	report, err = s.Import(accesstest.Operator(t), strings.NewReader("\ufeff"+strings.ReplaceAll(sheet, ",", "\t")), ImportOptions{})
	if got, want := counts(report), "2 read, 0 added, 0 changed, 2 unchanged, 0 problems, 1 warnings"; err != nil || got != want {
		t.Errorf("again: %s, want %s: %v", got, want, err)
	}
	// Columns that are missing leave what is known; a station that moves gets its new county.
	report, err = s.Import(accesstest.Operator(t), strings.NewReader("code,kind,name,lon,lat,stars\nS1,bee_station,东区驿站,119.801,31.339,5\nS2,pocket_park,县外公园,119.802,31.331,\n"), ImportOptions{})
	if got, want := counts(report), "2 read, 0 added, 2 changed, 0 unchanged, 0 problems, 0 warnings"; err != nil || got != want {
		t.Errorf("without columns: %s, want %s: %v", got, want, err)
	}
	want = []string{
		"320282|S1|bee_station|东区驿站|119.801|31.339|东山东路1号|5|85.5|{饮水,充电,歇脚}|{骑手,司机}|Mo-Fr 08:30-17:30||f",
		"320282|S2|pocket_park|县外公园|119.802|31.331||-|-|{}|{}|24/7|0510-87991234|f",
	}
	if got := stations(t, pool); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestImportDatum(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	lon, lat := geo.BD09.FromWGS84(119.801, 31.339)
	text := fmt.Sprintf("code,kind,name,lon,lat\nS1,red_post,n,%.9f,%.9f\n", lon, lat)
	if _, err := s.Import(accesstest.Operator(t), strings.NewReader(text), ImportOptions{Datum: geo.BD09}); err != nil {
		t.Fatal(err)
	}
	if got := stations(t, pool); !strings.Contains(got[0], "|119.801|31.339|") {
		t.Errorf("got %q", got)
	}
}

func TestImportProblems(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	const header = "code,kind,name,lon,lat,stars,floor_area_m2,opening_hours,phone\n"
	for row, want := range map[string][]string{
		"A,bee_station,n,119.8,31.3,,,,\nA,bee_station,n,119.8,31.3,,,,": {"3 code duplicate_code"},
		"A,beehive,n,119.8,31.3,,,,":                                     {"2 kind bad_kind"},
		"A,bee_station,,119.8,31.3,,,,":                                  {"2 name missing_value"},
		",bee_station,n,119.8,31.3,,,,":                                  {"2 code missing_value"},
		"A,bee_station,n,31.3,119.8,,,,":                                 {"2 lon swapped_axes"},
		"A,bee_station,n,NaN,1e999,,,,":                                  {"2 lon bad_coordinate"},
		"A,bee_station,n,119.8,,,,,":                                     {"2 lat missing_value"},
		"A,bee_station,n,119.8,310,,,,":                                  {"2 lon coordinate_range"},
		"A,bee_station,n,119.8,31.3,6,0,,":                               {"2 stars number_range", "2 floor_area_m2 number_range"},
		"A,bee_station,n,119.8,31.3,,大,,":                                {"2 floor_area_m2 bad_number"},
		"A,bee_station,n,119.8,31.3,,,周一至周五,":                            {"2 opening_hours bad_hours"},
		"A,bee_station,n,119.8,31.3,,,,13912345678":                      {"2 phone personal_phone"},
		"A,bee_station,n,119.8,31.3,,,,,1,2,3,4,5,6,7,8,9,10":            {"2  field_count"},
		"A,bee_station,n\n\nB,x,n,119.8,31.3,,,,":                        {"2  field_count", "4 kind bad_kind"},
	} {
		report, err := s.Import(accesstest.Operator(t), strings.NewReader(header+row), ImportOptions{})
		if got := findings(report.Problems); !errors.Is(err, csvfile.ErrRefused) || !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q: %v", row, got, want, err)
		}
	}
	if got := stations(t, pool); len(got) != 0 {
		t.Errorf("a refused file stored %q", got)
	}
	if _, err := s.Import(accesstest.Operator(t), strings.NewReader(""), ImportOptions{}); err == nil || !strings.Contains(err.Error(), "the file is empty") {
		t.Errorf("error %v", err)
	}
}
