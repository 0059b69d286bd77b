package incident

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestMask(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                               "",
		"请打13812345678":                  "请打138****5678",
		"13812345678,13912345678 回电":     "138****5678,139****5678 回电",
		"138 1234 5678 或 139-1234-5678":  "138****5678 或 139****5678",
		"+8613812345678":                 "138****5678",
		"(86)13812345678":                "(86)138****5678",
		"8613812345678":                  "138****5678",
		"138.1234.5678":                  "138****5678",
		"１３８１２３４５６７８":                    "１３８****５６７８",
		"身份证320282199001011234。":         "身份证3202**********1234。",
		"32028219900101123x":             "3202**********123x",
		"微网格32028200102700207":           "微网格32028200102700207",
		"12812345678":                    "12812345678",
		"2026-11-21 08:30":               "2026-11-21 08:30",
		"138****5678":                    "138****5678",
		"008613812345678 86-13812345678": "138****5678 138****5678",
		"0510-87654321":                  "051****4321",
		"电话0510 8765 4321。":              "电话051****4321。",
		"(0510)87654321":                 "051****4321",
		"（0510－87654321）":                "（051****4321）",
		"051087654321":                   "051****4321",
		"0563-2345678 转 801":             "056****5678 转 801",
		"+86 510 8765-4321":              "510****4321",
		"010-87654321/021—6543 2100":     "010****4321/021****2100",
		"０５１０—８７６５４３２１":                  "０５１****４３２１",
		"13812345678-0510-87654321":      "138****5678-051****4321",
		"0510-87654321-0510-87654322":    "051****4321-051****4322",
		"1.0510-87654321":                "1.051****4321",
		"320282900101123":                "3202********123",
		"旧证３２０２８２９００１０１１２３，": "旧证３２０２********１２３，",
		"320282001001001":       "320282001001001", // a grid
		"320282101001003":       "320282101001003",
		"320282901301123":       "320282901301123", // no month has the number 13
		"3202829001011234":      "3202829001011234",
		"2026-0510-87654321":    "2026-0510-87654321",
		"0510-20261121":         "0510-20261121",
		"0510 2026-1121":        "0510 2026-1121",
		"0830-1130 0510-1120":   "0830-1130 0510-1120",
		"0301-5028 7061":        "0301-5028 7061", // rooms: no area has the code 0301
		"05108765":              "05108765",
		"40051087654321":        "40051087654321",
		"2026年11月21日20:26:1121": "2026年11月21日20:26:1121",
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
	got := p.Mask("我是欧阳修，住东风小区12幢501室，电话0510-8765 4321或13812345678")
	if want := "我是欧阳**，住东风小区**，电话051****4321或138****5678"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, c := range []struct {
		p          Private
		text, want string
	}{
		{Private{Name: "李小明"}, "李 小明、李　小　明、李·小明", "李**、李**、李**"},
		{Private{Name: "李 小明"}, "李小明，李 小明", "李**，李**"},
		{Private{Name: "李小明"}, "李 大明、小明", "李 大明、小明"},
		{Private{Name: "John Smith"}, "JOHN SMITH, john smith, JohnSmith, John  Smith's", "J**, J**, J**, J**'s"},
		{Private{Name: "Li"}, "English light, LI说 li", "English light, L**说 L**"},
		{Private{Name: "阿卜杜拉·买买提"}, "阿卜杜拉·买买提 阿卜杜拉买买提 阿卜杜拉•买买提", "阿** 阿** 阿**"},
		{Private{Name: "O'Brien"}, "OBrien o’brien", "O** O**"},
		{Private{Name: "a*"}, "a* b", "a* b"},
		{Private{Name: "张**", Home: "东风小区"}, "张**住东风小区", "张**住东风小区"}, // nothing is left to hide
		{Private{IDNumber: "11010519491231002X"}, "证11010519491231002Xabc", "证1101**********002Xabc"},
	} {
		if got := c.p.Mask(c.text); got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}

// TestMaskedTwiceIsMaskedOnce tries texts made of what numbers, names and homes are made of.
func TestMaskedTwiceIsMaskedOnce(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	parts := []string{
		"0", "1", "2", "3", "8", "５", "86", "+86", "-", "—", " ", "　", "(", "）", ".", "*", "**", "****", "x", "X", "\n", "0510", "021", "138", "1381234", "5678", "8765", "4321", "20261121",
		"320282", "900101", "19900101", "1234", "李", "小明", "明", "李小明", "欧阳", "Li", "li", "l", "J", "Smith", "·", "东风", "小区", "路", "12幢", "12", "，", "\xff",
	}
	text := func(most int) string {
		var b strings.Builder
		for range rng.IntN(most + 1) {
			b.WriteString(parts[rng.IntN(len(parts))])
		}
		return b.String()
	}
	valid := func(s string) string { return strings.ToValidUTF8(s, "") } // as all that a reporter tells
	changed := 0
	for range 20_000 {
		p := Private{Name: valid(text(3)), Home: valid(text(4))}
		if rng.IntN(2) == 0 {
			p.Phone, p.IDNumber = valid(text(4)), valid(text(5))
		}
		told := text(14)
		once := p.Mask(told)
		if once != told {
			changed++
		}
		if twice := p.Mask(once); twice != once {
			t.Fatalf("%q with %q, %q, %q, %q becomes %q and then %q", told, p.Name, p.Phone, p.IDNumber, p.Home, once, twice)
		}
		if twice := mask(once); twice != once {
			t.Fatalf("%q, masked as %q, becomes %q without the reporter", told, once, twice)
		}
	}
	if changed < 500 {
		t.Errorf("only %d texts had something to mask", changed)
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
