package incident

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/geo"
	"jingwei/server/access/accesstest"
	"jingwei/server/area"
	"jingwei/server/area/areatest"
	"jingwei/server/branch"
	"jingwei/server/csvfile"
	"jingwei/server/db/dbtest"
	"jingwei/server/item"
	"jingwei/server/snap"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// now is the clock of the tests.
var now = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

// setup gives a service over areatest's county, with the catalogue and one branch.
func setup(t testing.TB) (*Service, *pgxpool.Pool) {
	t.Helper()
	pool := dbtest.Open(t)
	areatest.Publish(t, pool, areatest.Areas(), areatest.Effective)
	clock := func() time.Time { return now }
	branches := branch.NewService(pool)
	err := branches.Save(accesstest.Operator(t), []branch.Branch{{Code: "B1", Name: "县工委", Kind: "work_committee"}}, []branch.Assignment{{Area: areatest.County, Branch: "B1"}})
	areas, errAreas := area.NewService(pool)
	if err := errors.Join(err, errAreas, branches.Reload(t.Context())); err != nil {
		t.Fatal(err)
	}
	if _, err := areas.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	var entries []item.Item
	for code, name := range map[string]string{"illegal_parking": "违法停车", "common_space": "占用公共空间", "noise": "噪声扰民"} {
		entries = append(entries, item.Item{
			Code: code, Name: name, NameEN: code, Field: "综合执法", FieldEN: "Law enforcement", Tier: "enforcement", Lead: "公安局", Assist: []string{},
			Urgency: "normal", Difficulty: "simple",
		})
	}
	items := item.NewService(pool)
	if err := items.Save(accesstest.Operator(t), entries); err != nil {
		t.Fatal(err)
	}
	return NewService(pool, areas, branches, snap.NewService(areas, branches, 0), items, testRing(t), clock), pool
}

// counts is the part of a report that is a number.
func counts(r ImportReport) string {
	return fmt.Sprintf("%d read, %d added, %d repeated, %d rejected, %d outside", r.Read, r.Added, r.Repeated, r.Rejected, r.Outside)
}

func importText(t testing.TB, s *Service, text string, opt ImportOptions) (ImportReport, string) {
	t.Helper()
	var rejected bytes.Buffer
	report, err := s.Import(accesstest.Operator(t), strings.NewReader(text), &rejected, opt)
	if err != nil {
		t.Fatal(err)
	}
	return report, rejected.String()
}

// events lists the data of the import events.
func events(t testing.TB, pool *pgxpool.Pool) (list []string) {
	t.Helper()
	rows, err := pool.Query(t.Context(), `SELECT data::text FROM event WHERE kind = 'incident.imported' ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var data string
		if err := rows.Scan(&data); err != nil {
			t.Fatal(err)
		}
		list = append(list, data)
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return list
}

// A file of the hotline: GBK, Chinese header, a column nobody knows, Chinese items and channels, times as spreadsheets write them.
func TestImportHotline(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	text, err := os.ReadFile(filepath.Join("testdata", "hotline_gbk.csv"))
	if err != nil {
		t.Fatal(err)
	}
	report, rejected := importText(t, s, string(text), ImportOptions{DefaultChannel: Hotline12345})
	if got, want := counts(report), "3 read, 3 added, 0 repeated, 0 rejected, 1 outside"; got != want || rejected != "" {
		t.Fatalf("got %s, want %s; rejected %q", got, want, rejected)
	}
	if report.Encoding != "GB18030" || len(report.Unknown) != 1 || report.Unknown[0] != "街道" {
		t.Errorf("encoding %s, unknown %q", report.Encoding, report.Unknown)
	}
	incidents, _, err := s.List(accesstest.Operator(t), Question{}, 10)
	if err != nil || len(incidents) != 3 {
		t.Fatalf("%d incidents: %v", len(incidents), err)
	}
	outside, second, first := incidents[0], incidents[1], incidents[2]
	if first.Title != "路口车辆乱停" || first.Description != "东山东路口, 多辆" || first.Channel != Hotline12345 || first.Item != "illegal_parking" ||
		!first.ReportedAt.Equal(time.Date(2026, 11, 20, 0, 30, 12, 0, time.UTC)) || !first.ReceivedAt.Equal(now) ||
		len(first.Codes) != 5 || first.Codes[4] != "32028200100100101" || first.Branch != "B1" || first.Place != (geo.Point{Lon: 1198010000, Lat: 313390000}) {
		t.Errorf("first: %+v", first)
	}
	if second.Title != "占用公共空间" || second.Item != "common_space" || second.Channel != Hotline12345 || len(second.Codes) != 3 {
		t.Errorf("second: %+v", second)
	}
	if outside.Snap != snap.Outside || outside.County != "" || outside.Channel != Worker || outside.Codes != nil {
		t.Errorf("outside: %+v", outside)
	}
	if got := events(t, pool); len(got) != 1 || got[0] != `{}` {
		t.Errorf("events %q", got)
	}

	// The same file again, as UTF-8, with another default for what it says itself: nothing is added, and nobody is told.
	again, _ := importText(t, s, string(text), ImportOptions{DefaultChannel: Hotline12345})
	if got, want := counts(again), "3 read, 0 added, 3 repeated, 0 rejected, 1 outside"; got != want {
		t.Errorf("again: %s, want %s", got, want)
	}
	if got := events(t, pool); len(got) != 1 {
		t.Errorf("events %q", got)
	}
}

func TestImportBadRows(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	text, err := os.ReadFile(filepath.Join("testdata", "bad_rows.csv"))
	if err != nil {
		t.Fatal(err)
	}
	report, rejected := importText(t, s, "\ufeff"+string(text), ImportOptions{})
	if got, want := counts(report), "20 read, 2 added, 0 repeated, 18 rejected, 0 outside"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	want := map[string]int{
		"bad_coordinate": 2, "swapped_axes": 1, "coordinate_range": 1, "missing_value": 3, "future_time": 1, "time_too_old": 1, "ambiguous_time": 1,
		"bad_time": 1, "unknown_item": 1, "unknown_channel": 1, "field_count": 2, "number_range": 1, "bad_number": 1, "broken_quotes": 1,
	}
	if !maps.Equal(report.ByReason, want) {
		t.Errorf("got  %v\nwant %v", report.ByReason, want)
	}
	if !strings.HasPrefix(rejected, "\ufeffline,reason,item,lat,lon,") {
		t.Errorf("the rejected file begins with %.40q", rejected)
	}
	lines := csv.NewReader(strings.NewReader(rejected))
	lines.FieldsPerRecord = -1
	records, err := lines.ReadAll()
	if err != nil || len(records) != 19 {
		t.Fatalf("%d records: %v", len(records), err)
	}
	for line, part := range map[int]string{
		3: "swapped: exchange", 8: "ambiguous_time", 14: "the row has 19 fields, the header has 9", 1: `lat: "NaN" is not a number`, 2: `lon: "1e999" is not`,
	} {
		if !strings.Contains(records[line][1], part) {
			t.Errorf("record %d: reason %q, want %q", line, records[line][1], part)
		}
	}
	if first, last := records[1], records[18]; first[0] != "3" || first[7] != "NaN" || last[0] != "20" {
		t.Errorf("records %q … %q", first, last)
	}
	if cell := records[17][7]; cell != "'=1+1" {
		t.Errorf("a formula is written as %q", cell)
	}

	// Mended, the rejected file goes in as it is.
	mended := strings.NewReplacer("NaN,119", "31.339,119", "1e999,2026", "119.802,2026").Replace(rejected)
	again, _ := importText(t, s, mended, ImportOptions{})
	if got, want := counts(again), "18 read, 2 added, 0 repeated, 16 rejected, 0 outside"; got != want {
		t.Errorf("mended: %s, want %s", got, want)
	}
}

func TestImportBadFiles(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	for text, part := range map[string]string{
		"":                       "the file is empty: its first line must name the columns, such as lon,lat,reported_at,item",
		"lon,lat,item\n1,2,3\n":  "required columns are missing: reported_at (or 上报时间,",
		"PK\x03\x04":             "Excel workbook",
		"{\"type\":\"Feature\"}": "required columns are missing",
	} {
		if _, err := s.Import(accesstest.Operator(t), strings.NewReader(text), nil, ImportOptions{}); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: error %v, want %q", text, err, part)
		}
	}
	if _, err := s.Import(accesstest.Operator(t), strings.NewReader(""), nil, ImportOptions{DefaultChannel: "pigeon"}); err == nil || !strings.Contains(err.Error(), `no channel "pigeon"`) {
		t.Errorf("error %v", err)
	}
	report, _ := importText(t, s, "lon,lat,reported_at,item\n", ImportOptions{})
	if got := counts(report); got != "0 read, 0 added, 0 repeated, 0 rejected, 0 outside" || len(events(t, pool)) != 0 {
		t.Errorf("a header alone: %s", got)
	}
}

// What makes two rows the same report, and what does not.
func TestImportRepeats(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	const header = "lon,lat,reported_at,item,channel,title,number\n"
	for _, c := range []struct{ name, text, want string }{
		{"equal rows of one file", "119.81,31.31,2026-11-01 08:30,noise,resident,a,\n119.81,31.31,2026-11-01 08:30,noise,resident,a,\n", "2 read, 1 added, 1 repeated"},
		{"the same said in another way", "119.8100000,+31.31,2026-11-01T00:30:00Z,噪声扰民,居民,a,\n", "1 read, 0 added, 1 repeated"},
		{"another place", "119.8100001,31.31,2026-11-01 08:30,noise,resident,a,\n", "1 read, 1 added, 0 repeated"},
		{"another title", "119.81,31.31,2026-11-01 08:30,noise,resident,b,\n", "1 read, 1 added, 0 repeated"},
		{"another second", "119.81,31.31,2026-11-01 08:30:01,noise,resident,a,\n", "1 read, 1 added, 0 repeated"},
		{"another channel", "119.81,31.31,2026-11-01 08:30,noise,worker,a,\n", "1 read, 1 added, 0 repeated"},
		{"a number", "119.81,31.31,2026-11-01 08:30,noise,worker,a,G1\n", "1 read, 1 added, 0 repeated"},
		{"the number again, in another county and words", "110.81,31.32,2026-11-01 08:30,noise,worker,other,G1\n", "1 read, 0 added, 1 repeated"},
		{"both in one file", "110.81,31.32,2026-11-01 08:30,noise,worker,other,G2\n119.81,31.32,2026-11-01 08:30,noise,worker,x,G2\n", "2 read, 1 added, 1 repeated"},
		{"the number of another channel", "119.81,31.31,2026-11-01 08:30,noise,resident,a,G1\n", "1 read, 1 added, 0 repeated"},
	} {
		report, _ := importText(t, s, header+c.text, ImportOptions{})
		if got := counts(report); !strings.HasPrefix(got, c.want+",") {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
	// Another coordinate system is another place.
	report, _ := importText(t, s, header+"119.81,31.31,2026-11-01 08:30,noise,resident,a,\n", ImportOptions{Datum: geo.GCJ02})
	if report.Added != 1 {
		t.Errorf("GCJ-02: %s", counts(report))
	}
}

// generate writes rows numbered from 0, each its own report in the last 300 days.
func generate(rows int) string {
	var b strings.Builder
	b.WriteString("lon,lat,reported_at,item,channel,title,description\n")
	at := now.Add(-300 * 24 * time.Hour)
	for n := range rows {
		fmt.Fprintf(&b, "%.7f,%.7f,%s,illegal_parking,resident,路口车辆乱停 %d,\"东山东路与宜北路口, 多辆\"\n",
			119.80+float64(n%4001)*1e-5, 31.30+float64(n%3989)*1e-5, at.Add(time.Duration(n%25_000_000)*time.Second).Format(time.RFC3339), n)
	}
	return b.String()
}

// The import stops where the database goes away, says how far it came, and goes on from there when it is run again.
func TestImportDatabaseGoesAway(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	text := generate(2*importBatch + 10)
	allow := func(yes bool) {
		name := pool.Config().ConnConfig.Database
		admin := dbtest.Owner(t, dbtest.Open(t))
		_, err := admin.Exec(t.Context(), fmt.Sprintf(`ALTER DATABASE %s ALLOW_CONNECTIONS %v`, name, yes))
		if err == nil && !yes {
			_, err = admin.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1`, name)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	report, err := s.Import(accesstest.Operator(t), strings.NewReader(text), nil, ImportOptions{Progress: func(rows int, bytes int64) {
		if rows != importBatch || bytes < int64(len(text)/2) {
			t.Errorf("progress says %d rows, %d bytes", rows, bytes)
		}
		allow(false)
	}})
	part := fmt.Sprintf("the file is stored up to line %d (%d new incidents); importing it again is safe", importBatch+1, importBatch)
	if err == nil || !strings.Contains(err.Error(), part) || report.Added != importBatch {
		t.Errorf("%s: error %v, want %q", counts(report), err, part)
	}
	allow(true)
	report, _ = importText(t, s, text, ImportOptions{})
	if want := fmt.Sprintf("%d read, %d added, %d repeated, 0 rejected, 0 outside", 2*importBatch+10, importBatch+10, importBatch); counts(report) != want {
		t.Errorf("again: %s, want %s", counts(report), want)
	}
}

// When the source fails, what came before is in and everybody has been told.
func TestImportSourceFails(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	gone := errors.New("the disk is gone")
	report, err := s.Import(accesstest.Operator(t), io.MultiReader(strings.NewReader(generate(100)), iotest.ErrReader(gone)), nil, ImportOptions{})
	if !errors.Is(err, gone) || !strings.Contains(err.Error(), "stored up to line 101 (100 new incidents)") || report.Added != 100 {
		t.Errorf("%s: error %v", counts(report), err)
	}
	if got := events(t, pool); len(got) != 1 {
		t.Errorf("events %q", got)
	}

	ctx, cancel := context.WithCancel(accesstest.Operator(t))
	silent, _ := io.Pipe() // gives nothing, as a terminal at which nobody types
	source := io.MultiReader(strings.NewReader(generate(2*importBatch+10)), silent)
	report, err = s.Import(ctx, source, nil, ImportOptions{Progress: func(rows int, _ int64) {
		if rows == importBatch {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "importing it again is safe") || report.Read != importBatch {
		t.Errorf("%s: error %v", counts(report), err)
	}
}

// A rejected file that cannot be written stops the import instead of losing rows.
func TestImportRejectedFileFails(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	file := &csvfile.LazyFile{Path: filepath.Join(t.TempDir(), "missing", "in.rejected.csv")}
	_, err := s.Import(accesstest.Operator(t), strings.NewReader("lon,lat,reported_at,item\n1,2,3,4\n"), file, ImportOptions{})
	if err == nil || !strings.Contains(err.Error(), "write the rejected rows") {
		t.Errorf("error %v", err)
	}
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation(DefaultZone)
	if err != nil {
		t.Fatal(err)
	}
	want := time.Date(2026, 1, 2, 0, 4, 0, 0, time.UTC)
	for _, s := range []string{
		"2026-01-02T08:04:00+08:00", "2026-01-02T00:04:00Z", "2026-01-02t00:04:00z", "2026-01-02T00:04Z", "2026-01-02 08:04:00+08", "2026-01-02 08:04:00 +0800",
		"2026-01-02 08:04:00.000", "2026-01-02 08:04", "2026/1/2 8:04", "2026/01/02 08:04:00", "2026.1.2 8:04", "2026-1-2  8:04",
		"2026年1月2日 08:04", "2026年1月2日8时04分", "2026年01月02日08时04分00秒", "20260102080400",
	} {
		if got, problem := parseTime(s, zone); problem != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %+v", s, got, problem)
		}
	}
	for s, reason := range map[string]string{
		"1767312240": AmbiguousTime, "1767312240000": AmbiguousTime, "46024.33": AmbiguousTime, "01/02/2026 08:04": AmbiguousTime, "1/2/26 8:04": AmbiguousTime,
		"2026-01-02": BadTime, "2026-02-30 08:04": BadTime, "2026-01-02 25:04": BadTime, "2026-01-02 08:04 CST": BadTime, "昨天 8:04": AmbiguousTime, "x": BadTime,
		"2026年1月2日8时": BadTime, "99999999999999": AmbiguousTime, "2026- 08:04": AmbiguousTime, "2026-01-02 08:04:00+99:99": BadTime,
	} {
		if got, problem := parseTime(s, zone); problem == nil || problem.Reason != reason {
			t.Errorf("%q: %v, %+v, want %s", s, got, problem, reason)
		}
	}
}

func BenchmarkImport(b *testing.B) {
	const rows = 100_000
	text := generate(rows)
	for b.Loop() {
		b.StopTimer()
		s, _ := setup(b)
		b.StartTimer()
		if report, _ := importText(b, s, text, ImportOptions{}); report.Added != rows {
			b.Fatal(counts(report))
		}
	}
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}
