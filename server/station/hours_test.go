package station

import (
	"strings"
	"testing"
)

func TestNormalHours(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"24/7":                                   "",
		"Mo-Fr 08:30-17:30":                      "",
		"Mo-Su 00:00-24:00":                      "",
		"08:30-12:00,13:30-17:30":                "",
		"Mo-Fr 08:30-12:00, 13:30-17:30":         "",
		"Mo-Fr 08:00-18:00; Sa,Su 09:00-12:00":   "",
		"Mo-Fr 08:00-18:00; PH off":              "",
		"Mo-Fr 08:00-18:00, Sa 09:00-12:00;":     "",
		"Mo,We,Fr 09:00-11:00":                   "",
		"PH,Mo-Fr 09:00-11:00":                   "",
		"SH Mo-Fr 09:00-11:00":                   "",
		"Fr-Mo 22:00-02:00":                      "",
		"Sa 22:00-26:00":                         "",
		"Apr-Oct Mo-Fr 08:00-19:00; Nov-Mar off": "",
		"2026 Oct 01-07 off":                     "",
		"Oct 01-Oct 07 10:00-16:00":              "",
		"Jan 1 off":                              "",
		"week 01-26 Mo 09:00-11:00":              "",
		"Sa[1,3] 09:00-11:00":                    "",
		"Sa[-1] 09:00-11:00":                     "",
		"sunrise-sunset":                         "",
		"(sunrise+01:00)-(sunset-00:30)":         "",
		"Mo-Fr 09:00+":                           "",
		`Mo-Fr 09:00-17:00 open "上班时间" || "电话预约"`: "",
		"off":                        "",
		"8:30-17:30":                 "08:30-17:30",
		"Mo-Fr 8:30-9:30,9:45-10:00": "Mo-Fr 08:30-09:30,09:45-10:00",
		"　Mo－Fr　８：３０–１７：３０；Sa 9:00~12:00":     "Mo-Fr 08:30-17:30;Sa 09:00-12:00",
		"Mo-Fr 08:00-12:00、13:30-17:30":       "Mo-Fr 08:00-12:00,13:30-17:30",
		"Mo-Fr 00:00-48:00":                   "",
		"May 01-05 off; Mo-Su,PH 05:00-21:00": "",
	} {
		if want == "" {
			want = s
		}
		if got, err := normalHours(s); err != nil || got != want {
			t.Errorf("%q: got %q, want %q: %v", s, got, want, err)
		}
	}
	for _, s := range []string{
		"", " ", ";", "周一至周五 8:30-17:30", "全天", "Mo-Fr 8.30-17.30", "Mo-Fr 0830-1730", "Mo-Fr 08:30", "Mo-Fr 25:70-26:00", "08:60-09:00", "48:30-49:00",
		"Mo-Fr 08:30-17:30 Sa", "Montag 08:00-09:00", "mo-fr 08:00-09:00", "Mo-", "Mo-Fr 08:30-17:30;;", "Mo-Fr 08:30-17:30 || ", "Mo[6] 08:00-09:00", "Sa[1 08:00-09:00",
		`Mo "x`, "week 54 Mo", "(sunset)-10:00", "24/7x", strings.Repeat("Mo 08:00-09:00;", 20), "8:30-17:30 daily", "Oct 32 off",
	} {
		if got, err := normalHours(s); err == nil {
			t.Errorf("%q is let pass as %q", s, got)
		}
	}
}

func FuzzNormalHours(f *testing.F) {
	f.Add("Mo-Fr 8:30-12:00,13:30-17:30; PH off")
	f.Add(`Apr 01-Oct 31 Sa[-1] sunrise-(sunset+01:00) open "x" || off`)
	f.Fuzz(func(t *testing.T, s string) {
		once, err := normalHours(s)
		if err != nil {
			return
		}
		if twice, err := normalHours(once); err != nil || twice != once {
			t.Fatalf("%q becomes %q, which becomes %q: %v", s, once, twice, err)
		}
	})
}
