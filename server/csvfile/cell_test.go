package csvfile

import (
	"slices"
	"strings"
	"testing"

	"jingwei/geo"
)

func TestPlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ lon, lat, reason string }{
		{"119.8233", "31.3406", ""},
		{"-119", "+31e0", ""},
		{"", "31", Missing},
		{"119", "", Missing},
		{"NaN", "31", BadCoordinate},
		{"119", "1e999", BadCoordinate},
		{"inf", "31", BadCoordinate},
		{"0x1p3", "31", BadCoordinate},
		{"119,8", "31", BadCoordinate},
		{"119°49'", "31", BadCoordinate},
		{"1-2", "31", BadCoordinate},
		{"31.3406", "119.8233", SwappedAxes},
		{"200", "31", CoordinateRange},
		{"40512345.1", "3471234.9", CoordinateRange},
	} {
		p, problem := Place(c.lon, c.lat, geo.WGS84)
		switch {
		case c.reason == "" && problem != nil, c.reason != "" && (problem == nil || problem.Reason != c.reason):
			t.Errorf("%s, %s: %v, want %q", c.lon, c.lat, problem, c.reason)
		case problem == nil && !p.Valid():
			t.Errorf("%s, %s: %v", c.lon, c.lat, p)
		}
	}
	// The test vector of the domain: WGS-84 (119.8233, 31.3406) is GCJ-02 (119.8281288, 31.3385158).
	p, problem := Place("119.8281288", "31.3385158", geo.GCJ02)
	if want := (geo.Point{Lon: 1198233000, Lat: 313406000}); problem != nil || geo.DistanceM(p, want) > 0.05 {
		t.Errorf("got %v, want %v: %v", p, want, problem)
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	for s, good := range map[string]bool{"1": true, "5": true, "3.0": true, "0": false, "6": false, "3.5": false, "1e300": false, "-1e300": false, "x": false, "": false} {
		if _, problem := Count(s, 1, 5); (problem == nil) != good {
			t.Errorf("%q: %v", s, problem)
		}
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	if got := List(" 饮水；充电、 wifi area ;; 饮水"); !slices.Equal(got, []string{"饮水", "充电", "wifi area"}) {
		t.Errorf("List: %q", got)
	}
	if got := Codes("320282001;320282002　320282003,320282001"); !slices.Equal(got, []string{"320282001", "320282002", "320282003"}) {
		t.Errorf("Codes: %q", got)
	}
}

func TestOfficePhone(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "12345", "0510-87991234", "010-12345678", "051087991234 转 138", "(0510) 8799 1234", "400-820-8820", "11001100110011", "0510-87991234;0510-87995678"} {
		if p := OfficePhone(s); p != nil {
			t.Errorf("%q is refused: %v", s, p)
		}
	}
	for _, s := range []string{
		"13812345678", "138 1234 5678", "138-1234-5678", "+86 13812345678", "+86-138-1234-5678", "008613812345678", "013812345678",
		"0510-87991234 13812345678", "0510-87991234/13812345678", "张三13812345678",
	} {
		p := OfficePhone(s)
		if p == nil {
			t.Errorf("%q is let pass", s)
			continue
		}
		if !strings.HasPrefix(p.Message, "138****5678 ") || strings.Contains(p.Message, "1234") {
			t.Errorf("%q: the message is %q", s, p.Message)
		}
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	var f Findings
	if err := f.Refused(); err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		f.Refuse(Problem{Line: i + 2, Column: "lon", Reason: Missing, Message: "a number is missing", Remedy: "fill it in"})
		f.Warn(Problem{Line: i + 2})
	}
	if len(f.Problems) != 100 || f.ProblemCount != 1000 || len(f.Warnings) != 100 || f.WarningCount != 1000 {
		t.Errorf("%d of %d problems, %d of %d warnings", len(f.Problems), f.ProblemCount, len(f.Warnings), f.WarningCount)
	}
	want := "nothing was imported: line 2: lon: a number is missing [missing_value] → fill it in; "
	if err := f.Refused(); err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), "; and 997 more") {
		t.Errorf("error %v", err)
	}
}
