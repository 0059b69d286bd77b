package incident

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Mask is a text without phone and identity numbers, and without what the reporter gave as name, phone and home. To mask what is masked
// changes nothing.
func (p Private) Mask(text string) string {
	var all []told
	add := func(words string, t told) {
		// What leaves as much as it finds would find itself again, for ever.
		if letters(t.masked) < letters(words) {
			all = append(all, t)
		}
	}
	if utf8.RuneCountInString(p.Home) >= 2 {
		add(p.Home, told{form: regexp.MustCompile(regexp.QuoteMeta(p.Home)), masked: maskHome(p.Home, p.Name)})
	}
	if p.IDNumber != "" {
		add(p.IDNumber, told{form: spelled(p.IDNumber), masked: maskIDNumber(p.IDNumber)})
	}
	if p.Phone != "" {
		add(p.Phone, told{form: spelled(p.Phone), masked: maskPhone(p.Phone)})
	}
	if letters(p.Name) >= 2 {
		add(p.Name, told{form: spelledName(p.Name), masked: maskName(p.Name), word: true})
	}
	for { // what is masked can make something else of its neighbours; each round leaves fewer letters
		masked := mask(text)
		for _, t := range all {
			masked = t.hide(masked)
		}
		if masked == text {
			return text
		}
		text = masked
	}
}

// told is something that a reporter told, and what stands for it.
type told struct {
	form   *regexp.Regexp
	masked string
	word   bool // not where a word of an alphabet goes on before or behind it: Li is no part of light
}

// hide masks it wherever it is found.
func (t told) hide(text string) string {
	var out strings.Builder
	done := 0
	for at := 0; ; {
		found := t.form.FindStringIndex(text[at:])
		if found == nil {
			break
		}
		begin, end := at+found[0], at+found[1]
		first, size := utf8.DecodeRuneInString(text[begin:])
		last, _ := utf8.DecodeLastRuneInString(text[:end])
		before, _ := utf8.DecodeLastRuneInString(text[:begin])
		behind, _ := utf8.DecodeRuneInString(text[end:])
		if t.word && (alphabetic(before) && alphabetic(first) || alphabetic(last) && alphabetic(behind)) {
			at = begin + size
			continue
		}
		out.WriteString(text[done:begin] + t.masked)
		at, done = end, end
	}
	return out.String() + text[done:]
}

// alphabetic tells a letter of a script that puts something between words.
func alphabetic(r rune) bool { return unicode.IsLetter(r) && !unicode.Is(unicode.Han, r) }

// letters counts the letters and digits of a text.
func letters(text string) (n int) {
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

// spelled finds a number however its digits are grouped.
func spelled(number string) *regexp.Regexp {
	digits := strings.Split(number, "")
	for i := range digits {
		digits[i] = regexp.QuoteMeta(digits[i])
	}
	return regexp.MustCompile(strings.Join(digits, `[ \-.()]{0,2}`))
}

// spelledName finds a name in small and large letters, with or without what stands between its parts, and with blanks between Chinese
// characters.
func spelledName(name string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString("(?i)")
	between := false // something may stand before the next letter
	for i, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			between = i > 0
			continue
		}
		han := unicode.Is(unicode.Han, r)
		if between || han && i > 0 {
			b.WriteString(`[\p{Zs}\t·•・‧'’.\-]{0,2}`)
		}
		b.WriteString(regexp.QuoteMeta(string(r)))
		between = han
	}
	return regexp.MustCompile(b.String())
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
