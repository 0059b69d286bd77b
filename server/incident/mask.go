package incident

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Numbers that name a person: a mobile phone (also in groups, also with the country's number) and a citizen's identity number, each not part
// of a longer number. [0-9０-９] because people write wide digits too.
var personalNumber = regexp.MustCompile(`(^|[^0-9０-９])` +
	`(?:(?:[+＋]?[8８][6６][ \-‐－]?)?([1１][3-9３-９][0-9０-９])[ \-.‐－]?[0-9０-９]{4}[ \-.‐－]?([0-9０-９]{4})` +
	`|([1-9１-９][0-9０-９]{3})[0-9０-９]{10}([0-9０-９]{3}[0-9０-９XxＸｘ]))` +
	`($|[^0-9０-９XxＸｘ])`)

// mask hides the middle of mobile phone and identity numbers that people write into a title or a description: 138****1234.
func mask(text string) string {
	// A number can begin right behind the character that ended the one before, so one pass may leave every second one.
	for {
		masked := personalNumber.ReplaceAllStringFunc(text, func(found string) string {
			part := personalNumber.FindStringSubmatch(found)
			stars := "****"
			if part[4] != "" {
				stars = "**********"
			}
			return part[1] + part[2] + part[4] + stars + part[3] + part[5] + part[6]
		})
		if masked == text {
			return text
		}
		text = masked
	}
}

// maskReport is a text without phone and identity numbers, and without what the reporter gave as name, phone and home.
func (p Private) maskReport(text string) string {
	text = mask(text)
	if utf8.RuneCountInString(p.Home) >= 2 {
		text = strings.ReplaceAll(text, p.Home, maskHome(p.Home, p.Name))
	}
	for _, number := range []struct{ told, masked string }{{p.IDNumber, maskIDNumber(p.IDNumber)}, {p.Phone, maskPhone(p.Phone)}} {
		if number.told != "" {
			text = spelled(number.told).ReplaceAllLiteralString(text, number.masked)
		}
	}
	if utf8.RuneCountInString(p.Name) >= 2 {
		text = strings.ReplaceAll(text, p.Name, maskName(p.Name))
	}
	return text
}

// spelled finds a number however its digits are grouped.
func spelled(number string) *regexp.Regexp {
	digits := strings.Split(number, "")
	for i := range digits {
		digits[i] = regexp.QuoteMeta(digits[i])
	}
	return regexp.MustCompile(strings.Join(digits, `[ \-.()]{0,2}`))
}

// compoundSurnames have two characters. The list is of those that are still common.
var compoundSurnames = []string{
	"欧阳", "司马", "上官", "诸葛", "东方", "独孤", "南宫", "夏侯", "皇甫", "尉迟", "公孙", "慕容", "司徒", "令狐", "宇文", "长孙", "端木", "轩辕", "司空",
	"公冶", "太史", "申屠", "公羊", "澹台", "钟离", "闻人", "濮阳", "淳于", "单于", "赫连", "鲜于", "闾丘", "东郭", "百里", "西门", "呼延",
}

// maskName leaves the surname of a Chinese name, and the first letter of any other: 张**, 欧阳**, J**.
func maskName(name string) string {
	kept, size := utf8.DecodeRuneInString(name)
	if size == 0 {
		return ""
	}
	if kept == utf8.RuneError {
		return "**"
	}
	for _, surname := range compoundSurnames {
		if strings.HasPrefix(name, surname) && len(name) > len(surname) {
			return surname + "**"
		}
	}
	return string(kept) + "**"
}

// maskPhone leaves the first three and the last four characters: 138****1234. A number too short for that keeps its end only.
func maskPhone(phone string) string {
	const head, tail = 3, 4
	switch n := len(phone); {
	case n == 0:
		return ""
	case n >= head+tail+4:
		return phone[:head] + "****" + phone[n-tail:]
	case n >= 2*tail-1:
		return "****" + phone[n-tail:]
	}
	return "****"
}

// maskIDNumber leaves the first four characters, the province and the city, and the last four: 3202**********1234.
func maskIDNumber(number string) string {
	const head, tail = 4, 4
	if number == "" {
		return ""
	}
	if len(number) <= head+tail {
		return "****"
	}
	return number[:head] + strings.Repeat("*", len(number)-head-tail) + number[len(number)-tail:]
}

// withinEstate is where an address begins to lead to one house: a number, in digits or in words, with or without what it counts.
var withinEstate = regexp.MustCompile(`[0-9０-９A-Za-zＡ-Ｚａ-ｚ#＃]|[一二三四五六七八九十百零〇甲乙丙丁东南西北前后]+(?:号|幢|栋|单元|室|楼|层|座|户|门|梯|组|弄)|(?:幢|栋|单元|室)`)

// estate is the part of an address that many people share, up to the last word that ends such a name.
var estate = regexp.MustCompile(`^\p{Han}{2,24}(?:小区|社区|街道|大道|新村|花园|家园|公寓|苑|村|镇|乡|路|街|巷|区|县|市|省)`)

// maskHome leaves the estate or the road of an address, and nothing where it cannot tell: 宜城街道东风小区**, ***.
func maskHome(home, name string) string {
	if home == "" {
		return ""
	}
	shared := home
	if cut := withinEstate.FindStringIndex(home); cut != nil {
		shared = home[:cut[0]]
	}
	shared = estate.FindString(shared)
	if shared == "" || name != "" && strings.Contains(shared, name) || strings.ContainsFunc(shared, unicode.IsDigit) {
		return "***"
	}
	return shared + "**"
}
