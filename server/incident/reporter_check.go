package incident

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"jingwei/server/web"
)

// Limits of what a reporter tells, in characters.
const (
	maxName = 60
	maxHome = 200
)

var (
	mobile   = regexp.MustCompile(`^1[3-9][0-9]{9}$`)
	landline = regexp.MustCompile(`^(?:0[0-9]{2,3})?[2-8][0-9]{6,7}$`)
	abroad   = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`) // E.164
	idNumber = regexp.MustCompile(`^[1-9][0-9]{5}((?:18|19|20)[0-9]{6})[0-9]{3}[0-9X]$`)
)

// separators are what people put between the parts of a number.
var separators = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "")

// normal is what a reporter told in the form that it is kept in: without blanks around, and numbers without what people put between the digits.
func (p Private) normal() Private {
	p.Name, p.Home = strings.TrimSpace(p.Name), strings.TrimSpace(p.Home)
	p.Phone = separators.Replace(ascii(p.Phone))
	if home, ok := strings.CutPrefix(p.Phone, "+86"); ok && (mobile.MatchString(home) || landline.MatchString("0"+home)) {
		p.Phone = home
		if !mobile.MatchString(home) {
			p.Phone = "0" + home
		}
	}
	p.IDNumber = strings.ToUpper(separators.Replace(ascii(p.IDNumber)))
	return p
}

// Checked is what somebody told of themselves in the form that it is kept in, or what is wrong with it, as a problem whose place lies below at,
// such as "body.caller".
func (p Private) Checked(at string) (Private, error) {
	p = p.normal()
	return p, p.check(at)
}

// check says what is wrong with what a reporter told. A problem names the place and never repeats the value: problems end up in logs.
func (p Private) check(at string) error {
	invalid := func(place, detail string) error {
		return web.NewProblem(web.Invalid, detail).At(at+"."+place, nil)
	}
	switch {
	case utf8.RuneCountInString(p.Name) > maxName || !oneLine(p.Name):
		return invalid("name", "name must be one line of at most 60 characters")
	case p.Phone != "" && !mobile.MatchString(p.Phone) && !landline.MatchString(p.Phone) && !abroad.MatchString(p.Phone):
		return invalid("phone", "phone must be a mobile number, a landline with its area code, or a number of another country with + and its code")
	case p.IDNumber != "" && !isIDNumber(p.IDNumber):
		return invalid("id_number", "id_number must be the 18 characters of a citizen's identity number; one of them is wrong, or two are exchanged")
	case utf8.RuneCountInString(p.Home) > maxHome || !oneLine(p.Home):
		return invalid("home", "home must be one line of at most 200 characters")
	}
	return nil
}

func oneLine(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl) && !strings.ContainsFunc(s, reordering)
}

// isIDNumber tells whether a citizen's identity number is whole: its date is one and its last character fits the others (GB 11643, which takes
// ISO 7064 MOD 11-2).
func isIDNumber(s string) bool {
	part := idNumber.FindStringSubmatch(s)
	if part == nil {
		return false
	}
	if _, err := time.Parse("20060102", part[1]); err != nil {
		return false
	}
	sum := 0
	for i, r := range s {
		digit := int(r - '0')
		if r == 'X' {
			digit = 10
		}
		sum += digit * (1 << (17 - i)) % 11
	}
	return sum%11 == 1
}
