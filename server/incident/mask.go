package incident

import (
	"regexp"
	"strings"
	"time"
)

// number is a form of numbers that name a person. It is looked for in text as plain writes it, because people write wide digits too, and counts
// only where it is not part of a longer number.
type number struct {
	form       *regexp.Regexp
	phone      bool // it may begin with the country's number
	landline   bool // parts of case numbers and dates look like it
	head, tail int  // digits that are left
	stars      string
}

// The codes of China's long-distance areas without the 0, each with what follows: of two digits with 8 behind them, of three with 7 or 8. What is
// not assigned is left out, so that fewer numbers of rooms and cases pass for phones.
const (
	shortArea = `(?:10|2[0-9])[) -]{0,3}[2-8][0-9]{3}[ -]?[0-9]{4}`
	longArea  = `(?:3[134579]|4[1-8]|5[1-9]|6[369]|7[0-79]|8[1-35789]|9[013-579])[0-9][) -]{0,3}[2-8][0-9]{2,3}[ -]?[0-9]{4}`
)

var numbers = []number{
	// A mobile phone, also in groups.
	{form: regexp.MustCompile(`(?:(?:\+|00)?86[ -]?)?1[3-9][0-9][ .-]?[0-9]{4}[ .-]?[0-9]{4}`), phone: true, head: 3, tail: 4, stars: "****"},
	// A landline with its area's code; without, it cannot be told from other numbers.
	{
		form:  regexp.MustCompile(`(?:(?:\+|00)86[( -]{0,3}0?|(?:86[ -]?)?\(?0)(?:` + longArea + `|` + shortArea + `)`),
		phone: true, landline: true, head: 3, tail: 4, stars: "****",
	},
	// A citizen's identity number.
	{form: regexp.MustCompile(`[1-9][0-9]{16}[0-9Xx]`), head: 4, tail: 4, stars: "**********"},
	// The one of 15 digits, which nobody born after 1999 has. Codes of grids have 15 digits too; a year before 1925 is taken for part of such a code.
	{form: regexp.MustCompile(`[1-8][0-9]{5}(?:2[5-9]|[3-9][0-9])(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}`), head: 4, tail: 3, stars: "********"},
}

// fewestDigits is how many the shortest of numbers has.
const fewestDigits = 11

// mask hides the middle of phone and identity numbers that people write into a title or a description: 138****1234. To mask what is masked
// changes nothing.
func mask(text string) string {
	digits := 0
	for _, r := range text {
		if r >= '0' && r <= '9' || r >= '０' && r <= '９' {
			digits++
		}
	}
	if digits < fewestDigits {
		return text
	}
	for { // what is masked can make a number of its neighbour; each round leaves fewer digits
		masked := text
		for _, n := range numbers {
			masked = n.hide(masked)
		}
		if masked == text {
			return text
		}
		text = masked
	}
}

// hide masks every number of the form.
func (n number) hide(text string) string {
	p := plainOf(text)
	var out strings.Builder
	done := 0 // bytes of text
	for at := 0; ; {
		found := n.form.FindStringIndex(p.text[at:])
		if found == nil {
			break
		}
		begin, end := at+found[0], at+found[1]
		masked, ok := n.masked(p, text, begin, end)
		if !ok {
			at = begin + 1
			continue
		}
		out.WriteString(text[done:p.from[begin]] + masked)
		at, done = end, p.from[end]
	}
	return out.String() + text[done:]
}

// masked is what stands for what was found in a text from begin to end; ok is false where it is part of something else.
func (n number) masked(p plain, text string, begin, end int) (masked string, ok bool) {
	before, behind := p.text[:begin], p.text[end:]
	if before != "" && isDigit(before[begin-1]) || behind != "" && (isDigit(behind[0]) || isX(behind[0])) {
		return "", false
	}
	var digits string
	var shown []string // the same as they are written
	for i := begin; i < end; i++ {
		if c := p.text[i]; isDigit(c) || isX(c) {
			digits, shown = digits+string(c), append(shown, text[p.from[i]:p.from[i+1]])
		}
	}
	if n.landline && (isDate(digits[len(digits)-len("20060102"):]) || partOfCode.MatchString(before[max(0, begin-longestPart):])) {
		return "", false
	}
	if n.phone {
		own := strings.TrimPrefix(strings.TrimPrefix(digits, "00"), "86")
		shown = shown[len(digits)-len(own):]
	}
	masked = strings.Join(shown[:n.head], "") + n.stars + strings.Join(shown[len(shown)-n.tail:], "")
	if p.text[begin] == '(' && !strings.Contains(p.text[begin:end], ")") {
		masked = text[p.from[begin]:p.from[begin+1]] + masked
	}
	return masked, true
}

// partOfCode is the end of what makes the digits behind it a part of a longer number, as in 2026-0510-87654321; the end of a phone that was
// masked does not.
var partOfCode = regexp.MustCompile(`[^*0-9][0-9]{4,}-$|^[0-9]{4,}-$`)

// longestPart is how far partOfCode looks back.
const longestPart = 24

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isX(c byte) bool { return c == 'x' || c == 'X' }

// isDate tells a day of this century, as in 0510-20261121.
func isDate(digits string) bool {
	_, err := time.Parse("20060102", digits)
	return err == nil && strings.HasPrefix(digits, "20")
}

// plain is a text with the wide letters, digits and signs of Chinese keyboards as those of ASCII, and every dash as a hyphen.
type plain struct {
	text string
	from []int // where each of its bytes stood; the last is the length of what it was
}

var dashes = strings.NewReplacer("‐", "-", "‑", "-", "–", "-", "—", "-")

func plainOf(text string) plain {
	var b strings.Builder
	from := make([]int, 0, len(text)+1)
	for i, r := range text {
		begun := b.Len()
		b.WriteString(dashes.Replace(ascii(string(r))))
		for range b.Len() - begun {
			from = append(from, i)
		}
	}
	return plain{b.String(), append(from, len(text))}
}
