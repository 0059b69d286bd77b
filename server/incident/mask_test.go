package incident

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestMask(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                              "",
		"请打13812345678":                 "请打138****5678",
		"13812345678,13912345678 回电":    "138****5678,139****5678 回电",
		"138 1234 5678 或 139-1234-5678": "138****5678 或 139****5678",
		"+8613812345678":                "138****5678",
		"(86)13812345678":               "(86)138****5678",
		"8613812345678":                 "138****5678",
		"138.1234.5678":                 "138****5678",
		"１３８１２３４５６７８":                   "１３８****５６７８",
		"身份证320282199001011234。":        "身份证3202**********1234。",
		"32028219900101123x":            "3202**********123x",
		"微网格32028200102700207":          "微网格32028200102700207",
		"12812345678":                   "12812345678",
		"2026-11-21 08:30":              "2026-11-21 08:30",
		"0510-87654321":                 "0510-87654321",
		"138****5678":                   "138****5678",
	} {
		got := mask(text)
		if got != want {
			t.Errorf("mask(%q) = %q, want %q", text, got, want)
		}
		if again := mask(got); again != got {
			t.Errorf("masked twice, %q becomes %q", got, again)
		}
	}
}

func TestMaskReporter(t *testing.T) {
	t.Parallel()
	for _, table := range []struct {
		mask func(string) string
		want map[string]string
	}{
		{maskName, map[string]string{
			"": "", "张三": "张**", "张": "张**", "欧阳修": "欧阳**", "欧阳": "欧**", "司马相如": "司马**", "John Smith": "J**", "阿卜杜拉·买买提": "阿**", "\xff": "**",
		}},
		{maskPhone, map[string]string{
			"": "", "13812341234": "138****1234", "051087654321": "051****4321", "87654321": "****4321", "8765432": "****5432", "123456": "****",
			"+4915112345678": "+49****5678",
		}},
		{maskIDNumber, map[string]string{"": "", "320282199001011234": "3202**********1234", "12345678": "****"}},
		{func(home string) string { return maskHome(home, "张三") }, map[string]string{
			"": "",
			"宜城街道东风小区12幢3单元501室":         "宜城街道东风小区**",
			"宜城街道东风小区甲幢二单元":              "宜城街道东风小区**",
			"江苏省宜兴市宜城街道解放东路18号":          "江苏省宜兴市宜城街道解放东路**",
			"新庄街道二村三组王家":                 "新庄街道二村**",
			"宜城街道某小区":                    "宜城街道某小区**",
			"东山路１８号":                     "东山路**",
			"Room 501, 12 Dongshan Road": "***",
			"501室":                       "***",
			"三楼":                         "***",
			"张三家":                        "***",
			"张三村":                        "***",
			"我家 就在 小区":                   "***",
		}},
	} {
		for told, want := range table.want {
			if got := table.mask(told); got != want {
				t.Errorf("%q is masked as %q, want %q", told, got, want)
			}
		}
	}
}

func TestOwnWordsOfTheReporterAreMasked(t *testing.T) {
	t.Parallel()
	p := Private{Name: "欧阳修", Phone: "051087654321", Home: "东风小区12幢501室"}
	got := p.maskReport("我是欧阳修，住东风小区12幢501室，电话0510-8765 4321或13812345678")
	if want := "我是欧阳**，住东风小区**，电话051****4321或138****5678"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPrivateDoesNotPrint(t *testing.T) {
	t.Parallel()
	p := Private{Name: "张三", Phone: "13812345678"}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "private", p, "pointer", &p, "incident", Incident{Private: p}, "report", Report{Private: p})
	for _, printed := range []string{
		fmt.Sprint(p), fmt.Sprintf("%v %+v %#v %s %q", p, p, p, p, p), fmt.Sprintf("%v %+v %#v", Incident{Private: p}, &Incident{Private: p}, Report{Private: p}), log.String(),
	} {
		if strings.Contains(printed, "张") || strings.Contains(printed, "1234") {
			t.Errorf("printed: %s", printed)
		}
	}
}
