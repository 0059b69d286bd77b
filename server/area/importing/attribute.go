package importing

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"jingwei/geo/coverage"
)

// feature is an area of the file, on its way into the database.
type feature struct {
	index, line int
	coverage.Area
	kind                   string // "" where the file does not say
	households, population *int
	mended                 mend
}

// problem is a Problem about the feature.
func (f *feature) problem(d *defect) Problem {
	p := Problem{Feature: f.index, Line: f.line, Code: f.Code, Place: d.at, Reason: d.reason, Message: d.message, Remedy: d.remedy}
	if p.Place == nil {
		p.Place = anyPlace(f.Shape)
	}
	return p
}

// fill reads the properties that the options name. Every defect is told.
func (f *feature) fill(raw *rawFeature, opt *Options, tell func(*defect)) {
	var bad *defect
	if f.Code, bad = textProperty(raw, opt.Code, NoCode); bad == nil {
		bad = checkCode(f.Code)
	}
	if bad != nil {
		tell(bad)
	}
	if f.Name, bad = textProperty(raw, opt.Name, NoName); bad == nil {
		bad = checkName(f.Name)
	}
	if bad != nil {
		tell(bad)
	}
	if opt.Parent != "" {
		if f.Parent, bad = textProperty(raw, opt.Parent, UnknownParent); bad != nil {
			tell(bad)
		}
	}
	if opt.Kind != "" {
		if f.kind, bad = kindProperty(raw, opt.Kind); bad != nil {
			tell(bad)
		}
	}
	if f.households, bad = countProperty(raw, opt.Households); bad != nil {
		tell(bad)
	}
	if f.population, bad = countProperty(raw, opt.Population); bad != nil {
		tell(bad)
	}
}

// wholeNumber is how programs write a code that they took for a number.
var wholeNumber = regexp.MustCompile(`^[0-9]+(\.0+)?$`)

// property is the text of a property: a string without the blanks around it, or the digits of a whole number. ok is false where it is
// missing, null or blank; bad where it is something else.
func property(raw *rawFeature, name string) (text string, ok bool, bad bool) {
	value, found := raw.properties[name]
	if !found && name == "id" {
		value = raw.id
	}
	value = bytes.TrimSpace(value)
	switch {
	case len(value) == 0 || string(value) == "null":
		return "", false, false
	case value[0] == '"':
		if json.Unmarshal(value, &text) != nil {
			return "", false, true
		}
		text = strings.TrimSpace(text)
		return text, text != "", false
	case wholeNumber.Match(value):
		digits, _, _ := strings.Cut(string(value), ".")
		return digits, true, false
	}
	return "", false, true
}

func textProperty(raw *rawFeature, name, reason string) (string, *defect) {
	text, ok, bad := property(raw, name)
	switch {
	case ok:
		return text, nil
	case bad:
		return "", &defect{reason: reason, message: fmt.Sprintf("the property %q is %.40s, neither text nor a whole number", name, raw.properties[name]),
			remedy: "name the property that holds the text"}
	}
	return "", &defect{reason: reason, message: fmt.Sprintf("the property %q is missing or empty; the feature has %s", name, propertyNames(raw)),
		remedy: "name the right property, or fill it in"}
}

func propertyNames(raw *rawFeature) string {
	if len(raw.properties) == 0 {
		return "no properties"
	}
	names := make([]string, 0, len(raw.properties))
	for name := range raw.properties {
		names = append(names, fmt.Sprintf("%.40s", name))
	}
	slices.Sort(names)
	if len(names) > 20 {
		names = append(names[:20], "…")
	}
	return strings.Join(names, ", ")
}

func checkCode(code string) *defect {
	if n := utf8.RuneCountInString(code); n > 32 {
		return &defect{reason: BadCode, message: fmt.Sprintf("the code has %d characters", n), remedy: "a code has at most 32 characters"}
	}
	if strings.ContainsFunc(code, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError }) {
		return &defect{reason: BadCode, message: fmt.Sprintf("the code %q has a blank or a control character in it", code), remedy: "take it out"}
	}
	return nil
}

// maxNameRunes is longer than any name of an area and shorter than a mistake.
const maxNameRunes = 200

func checkName(name string) *defect {
	if n := utf8.RuneCountInString(name); n > maxNameRunes {
		return &defect{reason: BadName, message: fmt.Sprintf("the name has %d characters", n), remedy: fmt.Sprintf("a name has at most %d characters", maxNameRunes)}
	}
	if strings.ContainsFunc(name, unicode.IsControl) {
		return &defect{reason: BadName, message: fmt.Sprintf("the name %q has a control character in it", name), remedy: "take it out"}
	}
	if strings.ContainsRune(name, utf8.RuneError) {
		return &defect{reason: NotUTF8, message: fmt.Sprintf("the name %q holds characters that were lost in a conversion", name), remedy: "export the file again as UTF-8"}
	}
	return nil
}

// countProperty reads a number of households or people; nil where the property is not asked for, missing or null.
func countProperty(raw *rawFeature, name string) (*int, *defect) {
	if name == "" {
		return nil, nil
	}
	text, ok, bad := property(raw, name)
	if !ok && !bad {
		return nil, nil
	}
	count, err := strconv.Atoi(text)
	if bad || err != nil || count < 0 || count > math.MaxInt32 {
		return nil, &defect{reason: BadNumber, message: fmt.Sprintf("the property %q is %.40s, not a whole number from 0 to 2147483647", name, raw.properties[name]),
			remedy: "correct the number, or leave it null"}
	}
	return &count, nil
}

func kindProperty(raw *rawFeature, name string) (string, *defect) {
	text, ok, bad := property(raw, name)
	switch {
	case !ok && !bad:
		return "", nil
	case text == "base" || text == "基础网格":
		return "base", nil
	case text == "dedicated" || text == "专属网格":
		return "dedicated", nil
	}
	return "", &defect{reason: BadKind, message: fmt.Sprintf("the property %q is %.40s", name, raw.properties[name]), remedy: "use base (基础网格) or dedicated (专属网格)"}
}

// The Chinese code rule, domain.md section 1: the number of digits by level.
var codeDigits = [...]int{coverage.County: 6, coverage.Town: 9, coverage.Community: 12, coverage.Grid: 15, coverage.Micro: 17}

// checkChineseCode checks a code by itself. A number outside the ranges in use is a warning: new kinds of areas get new ranges.
func checkChineseCode(code string, level coverage.Level) (bad, warning *defect) {
	digits := codeDigits[level]
	if len(code) != digits || strings.ContainsFunc(code, func(r rune) bool { return r < '0' || r > '9' }) {
		return &defect{reason: CodeOutOfRange, message: fmt.Sprintf("the code of a %s has %d digits, this is %q", level, digits, code),
			remedy: "correct the code, or import with --codes free"}, nil
	}
	number := 0
	for _, digit := range code[len(code)-3:] {
		number = 10*number + int(digit-'0')
	}
	outside := func(in string) *defect {
		return &defect{reason: CodeOutOfRange, message: fmt.Sprintf("the last three digits of %s are outside %s", code, in), remedy: "check the code"}
	}
	switch {
	case level == coverage.Town && (number < 1 || number > 599):
		return nil, outside("001–099 street, 100–199 town, 200–399 township, 400–599 park or zone")
	case level == coverage.Community && (number < 1 || number > 399):
		return nil, outside("001–199 residents' committee, 200–399 village committee")
	}
	return nil, nil
}

// checkNorm compares an area's households with what is usual at its level.
func checkNorm(f *feature, norms map[coverage.Level]Norm) *defect {
	norm, ok := norms[f.Level]
	if !ok || f.households == nil || *f.households >= norm.Min && *f.households <= norm.Max {
		return nil
	}
	return &defect{reason: OutsideNorm, message: fmt.Sprintf("%d households; usual for a %s are %d to %d", *f.households, f.Level, norm.Min, norm.Max),
		remedy: "nothing has to be done; think about dividing or joining the area"}
}
