package csvfile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"
)

var columns = []Column{
	{Name: "lon", Synonyms: []string{"经度", "longitude"}, Required: true},
	{Name: "lat", Synonyms: []string{"纬度"}, Required: true},
	{Name: "title", Synonyms: []string{"标题"}},
}

const sheet = "经度,纬度,标题\r\n119.82,31.34,路灯不亮\r\n119.83,31.35,占道\r\n"

// read gives all rows as "line|lon|lat|title" and all problems as "line!reason".
func read(t testing.TB, r *Reader) (rows []string) {
	t.Helper()
	for {
		row, p, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return rows
		case err != nil:
			t.Fatal(err)
		case p != nil:
			rows = append(rows, fmt.Sprintf("%d!%s", p.Line, p.Reason))
		default:
			rows = append(rows, fmt.Sprintf("%d|%s|%s|%s", row.Line, row.Cell(0), row.Cell(1), row.Cell(2)))
		}
	}
}

func encode(t testing.TB, e encoding.Encoding, s string) string {
	t.Helper()
	out, err := e.NewEncoder().String(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	want := []string{"2|119.82|31.34|路灯不亮", "3|119.83|31.35|占道"}
	for name, text := range map[string]string{
		"UTF-8":    sheet,
		"UTF-8 ":   "\ufeff" + sheet,
		"GB18030":  encode(t, simplifiedchinese.GBK, sheet),
		"GB18030 ": encode(t, simplifiedchinese.GB18030, sheet),
		"UTF-16":   encode(t, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), sheet),
		"UTF-16 ":  encode(t, unicode.UTF16(unicode.BigEndian, unicode.UseBOM), sheet),
	} {
		for _, source := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
			r, err := Open(source, columns)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got := read(t, r); !slices.Equal(got, want) {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
			if r.Encoding() != strings.TrimSpace(name) {
				t.Errorf("%s was taken for %s", name, r.Encoding())
			}
			if r.Bytes() != int64(len(text)) {
				t.Errorf("%s: %d bytes read, want %d", name, r.Bytes(), len(text))
			}
		}
	}
}

// The encoding is decided by the first characters beyond ASCII, wherever they come; a row of another encoding is refused alone.
func TestEncodingDecidedLate(t *testing.T) {
	t.Parallel()
	head := "lon,lat,title\n" + strings.Repeat("1,2,a\n", 50_000)
	gbk := encode(t, simplifiedchinese.GBK, "1,2,路灯不亮\n")
	r, err := Open(strings.NewReader(head+gbk+"1,2,b\n"), columns)
	if err != nil {
		t.Fatal(err)
	}
	rows := read(t, r)
	if got := rows[len(rows)-2:]; got[0] != "50002|1|2|路灯不亮" || got[1] != "50003|1|2|b" {
		t.Errorf("got %q", got)
	}
	for _, text := range []string{
		"lon,lat,title\n1,2,井盖\n" + gbk + "1,2,井盖\n",                                                              // UTF-8 with a row of GBK
		encode(t, simplifiedchinese.GBK, "lon,lat,title\n1,2,井盖\n") + "1,2,\xff\xff\n" + "1,2,\xbe\xae\xb8\xc7\n", // GBK with a row of rubbish
	} {
		r, err := Open(strings.NewReader(text), columns)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"2|1|2|井盖", "3!not_text", "4|1|2|井盖"}
		if got := read(t, r); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	want := []string{"2|1|2|x"}
	for _, text := range []string{
		"lon,lat,title\n1,2,x\n",
		"title,lat,lon\nx,2,1",
		"title;lat;lon\nx;2;1",
		"title\tlat\tlon\r\nx\t2\t1\r\n",
		"title,lat,lon\rx,2,1\r",
		"\"Lon\",\" L A T \",\"标题\"\n1,2,x\n",
		"LON,纬 度,Title\n1,2,x\n",
		"Longitude , lat\u200b, ＴＩＴＬＥ \n 1 ,\u30002, x\n",
		"a;b,lon,lat,title\n-,1,2,x\n",
		"lon,lat,title,\n1,2,x,\n",
		"lon,lat,title\n1,2,x,,,\n", // empty fields too many, as spreadsheets write them
	} {
		r, err := Open(strings.NewReader(text), columns)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := read(t, r); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{"sep=;\nlon;lat;title\n1;2;x\n", "\ufeffSEP=,\r\nlon,lat,title\r\n1,2,x", "\n,,\n \n;;\nlon,lat,title\n1,2,x\n"} {
		r, err := Open(strings.NewReader(text), columns)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := read(t, r); len(got) != 1 || !strings.HasSuffix(got[0], "|1|2|x") {
			t.Errorf("%q: got %q", text, got)
		}
	}
}

func TestUnknownColumns(t *testing.T) {
	t.Parallel()
	r, err := Open(strings.NewReader("序号,lon,lat,,街道\n1,1,2,,丁蜀\n"), columns)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Unknown(); !slices.Equal(got, []string{"序号", "街道"}) {
		t.Errorf("unknown columns %q", got)
	}
}

func TestBadFiles(t *testing.T) {
	t.Parallel()
	for text, part := range map[string]string{
		"":                             "the file is empty",
		"\ufeff":                       "the file is empty",
		"\xff\xfe":                     "the file is empty",
		"\n\r\n  \n":                   "the file is empty",
		"lon,name\n1,2\n":              `required columns are missing: lat (or 纬度); the header in the first line has "lon", "name"`,
		"119.1,31.2\n":                 "required columns are missing: lon (or 经度, longitude); lat (or 纬度)",
		"lon,经度,lat\n":                 `the columns "lon" (1) and "经度" (2) both mean lon`,
		"PK\x03\x04whatever":           "Excel workbook",
		"\xd0\xcf\x11\xe0\xa1":         "Excel workbook",
		"\x1f\x8b\x08":                 "gzip",
		"l\x00o\x00n\x00":              "no CSV text",
		"\"lon,lat\n1,2\n":             "a quotation mark is not closed",
		strings.Repeat("x", 3<<20):     "longer than 1048576 bytes",
		"lon,lat\xff\xfe\xff,\xff\n":   "the header in line 1 is no",
		`{"type":"FeatureCollection"}`: "required columns are missing",
	} {
		if _, err := Open(strings.NewReader(text), columns); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%.40q: error %v, want %q", text, err, part)
		}
	}
	broken := errors.New("the disk is gone")
	if _, err := Open(iotest.ErrReader(broken), columns); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}

// A bad row is refused alone, and the lines of those that follow are right.
func TestBadRows(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", MaxRowBytes)
	for text, want := range map[string][]string{
		"1,2,a\n1,2\n1,2,c\n":                              {"2|1|2|a", "3!field_count", "4|1|2|c"},
		"1,2,a\n1,2,b,4,5,6,7,8,9,10,11,12,13\n1,2,c\n":    {"2|1|2|a", "3!field_count", "4|1|2|c"},
		"1,2,\"a\nb\"\n1,2,c\n":                            {"2|1|2|a\nb", "4|1|2|c"},
		"1,2,\"a\"b\n1,2,c\n":                              {"2!broken_quotes", "3|1|2|c"},
		"1,2,\"a\n1,2,b\n1,2,c\n":                          {"2!broken_quotes", "3|1|2|b", "4|1|2|c"},
		"1,2,\"a\r\n1,2,\"b\"\r\n1,2,c\r\n":                {"2!broken_quotes", "3|1|2|b", "4|1|2|c"},
		"1,2,5\" pipe\n":                                   {"2|1|2|5\" pipe"},
		"1,2, \"a, \"\"b\"\"\" \n":                         {"2|1|2|a, \"b\""},
		"\n1,2,a\n,,\n  \n1,2,b\n":                         {"3|1|2|a", "6|1|2|b"},
		"1,2,a\x00b\n1,2,c":                                {"2!not_text", "3|1|2|c"},
		long + "," + long + "\n1,2,c\n":                    {"2!row_too_long", "3|1|2|c"},
		"1,2,\"" + long + "\n" + long + "\n1,2,c\n":        {"2!row_too_long", "3!row_too_long", "4|1|2|c"},
		"1,2," + long[:MaxRowBytes-10] + "\n1,2,\"" + long: {"2|1|2|" + long[:MaxRowBytes-10], "3!row_too_long"},
		"1,2,'=1+1\n":                                      {"2|1|2|=1+1"},
		"1,2,'a\n":                                         {"2|1|2|'a"},
	} {
		r, err := Open(strings.NewReader("lon,lat,title\n"+text), columns)
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, r); !slices.Equal(got, want) {
			t.Errorf("%.60q: got %.300q, want %.300q", text, got, want)
		}
	}
}

// What encoding/csv writes is read back, however the source hands it out.
func TestReadsWhatWasWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.StringOfN(rapid.RuneFrom([]rune("ab\"',;\t\n 路灯不亮\ufeff")), 0, 12, -1)
		comma := rapid.SampledFrom([]rune{',', ';', '\t'}).Draw(t, "comma")
		records := rapid.SliceOfN(rapid.SliceOfN(cell, 3, 3), 0, 20).Draw(t, "records")
		var file bytes.Buffer
		w := csv.NewWriter(&file)
		w.Comma = comma
		w.UseCRLF = rapid.Bool().Draw(t, "crlf")
		_ = w.Write([]string{"lon", "lat", "title"})
		var want [][]string
		for _, record := range records {
			_ = w.Write(append([]string{"1"}, record[1:]...))
			want = append(want, append([]string{"1"}, record[1:]...))
		}
		w.Flush()
		var source io.Reader = &file
		if rapid.Bool().Draw(t, "slow") {
			source = iotest.HalfReader(source)
		}
		r, err := Open(source, columns)
		if err != nil {
			t.Fatal(err)
		}
		for i, record := range want {
			row, problem, err := r.Next()
			if err != nil || problem != nil {
				t.Fatalf("row %d: %v %v", i, problem, err)
			}
			for j := range record {
				if got := strings.ReplaceAll(row.Fields[j], "\r\n", "\n"); got != record[j] {
					t.Fatalf("row %d field %d: got %q, want %q", i, j, got, record[j])
				}
			}
		}
		if _, _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Fatalf("after the last row: %v", err)
		}
	})
}

func TestRejectWriter(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "in.csv.rejected.csv")
	file := &LazyFile{Path: path}
	w := NewRejectWriter(file, []string{"lon", "lat", "title"})
	if err := errors.Join(w.Flush(), file.Close()); err != nil || file.Created() {
		t.Fatalf("without a row: %v, created %v", err, file.Created())
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Fatal("there is a file without a row")
	}
	row := Row{Line: 7, Fields: []string{"-119.5", "+31", "=cmd|'/c calc'!A1"}}
	other := Row{Line: 9, Fields: []string{"@x", "-1+2", "路灯\xff"}}
	for _, r := range []Row{row, other} {
		if err := w.Write(r, &Problem{Column: "title", Reason: "why", Message: "what", Remedy: "do"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Flush(), file.Close()); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	want := "\ufeffline,reason,lon,lat,title\n7,title: what [why] → do,-119.5,+31,'=cmd|'/c calc'!A1\n9,title: what [why] → do,'@x,'-1+2,路灯\ufffd\n"
	if err != nil || string(got) != want {
		t.Errorf("%v\n got %q\nwant %q", err, got, want)
	}
	// It can be imported again, and then says what the first file said.
	r, err := Open(bytes.NewReader(got), columns)
	if err != nil {
		t.Fatal(err)
	}
	if again, problem, err := r.Next(); err != nil || problem != nil || again.Cell(2) != row.Fields[2] || again.Cell(0) != "-119.5" {
		t.Errorf("read back %q: %v", again.Fields, err)
	}
}

// The reader comes to the end of any file, gives only text, and never more rows than there are lines.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		sheet, "\ufeff" + sheet, "lon;lat\n\"1\n2\";3\n\"", "\xff\xfel\x00o\x00", "lon,lat\n1,\xb0\xa1\xff\n", "sep=,\rlon,lat\r1,2\r\n", "lon\tlat\n\"\"\"\t1",
		encode(f, simplifiedchinese.GBK, sheet),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Open(bytes.NewReader(data), columns[2:])
		if err != nil {
			return
		}
		line := 0
		for rows := 0; ; rows++ {
			row, problem, err := r.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if row.Line <= line || rows > len(data) {
				t.Fatalf("row %d in line %d after line %d", rows, row.Line, line)
			}
			line = row.Line
			if problem == nil && (len(row.Fields) != len(r.Header()) || !utf8.ValidString(row.Cell(0))) {
				t.Fatalf("row %q under header %q", row.Fields, r.Header())
			}
		}
	})
}

func BenchmarkReader(b *testing.B) {
	row := "119.8233012,31.3406123,2026-11-20 08:30:12,illegal_parking,resident,路口车辆乱停,\"东山东路与宜北路口, 多辆\"\n"
	text := "lon,lat,reported_at,item,channel,title,description\n" + strings.Repeat(row, 10_000)
	for name, text := range map[string]string{"utf8": text, "gbk": encode(b, simplifiedchinese.GBK, text)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				r, err := Open(strings.NewReader(text), columns)
				if err != nil {
					b.Fatal(err)
				}
				for err == nil {
					_, _, err = r.Next()
				}
			}
		})
	}
}
