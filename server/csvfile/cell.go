package csvfile

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"jingwei/geo"
)

// Number reads a plain decimal number, such as -12.5 or 1e3. NaN, infinities, hexadecimals, units and decimal commas are none.
func Number(s string) (float64, *Problem) {
	if s == "" {
		return 0, &Problem{Reason: Missing, Message: "a number is missing", Remedy: "fill it in"}
	}
	if !isDecimal(s) {
		return 0, &Problem{
			Reason: BadNumber, Message: fmt.Sprintf("%q is not a number", shorten(s)), Remedy: "write digits with a point, such as 119.8233, and no unit",
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, &Problem{Reason: BadNumber, Message: fmt.Sprintf("%q is not a number that can be stored", shorten(s)), Remedy: "write digits with a point, such as 119.8233"}
	}
	return v, nil
}

func isDecimal(s string) bool {
	digit := false
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digit = true
		case c != '.' && c != '-' && c != '+' && (c != 'e' && c != 'E' || !digit):
			return false
		}
	}
	return digit
}

// Count reads a whole number from least to most.
func Count(s string, least, most int) (int, *Problem) {
	v, problem := Number(s)
	if problem != nil {
		return 0, problem
	}
	if v != float64(int(v)) || v < float64(least) || v > float64(most) {
		return 0, &Problem{Reason: NumberRange, Message: fmt.Sprintf("%q is not a whole number from %d to %d", shorten(s), least, most), Remedy: "correct it"}
	}
	return int(v), nil
}

// Place reads longitude and latitude in degrees of a datum onto the lattice, as WGS-84.
func Place(lon, lat string, datum geo.Datum) (geo.Point, *Problem) {
	lonDeg, problem := Number(lon)
	if problem != nil {
		return geo.Point{}, asCoordinate(problem, "lon")
	}
	latDeg, problem := Number(lat)
	if problem != nil {
		return geo.Point{}, asCoordinate(problem, "lat")
	}
	if _, err := geo.PointOf(lonDeg, latDeg); err != nil {
		if _, swapped := geo.PointOf(latDeg, lonDeg); swapped == nil {
			return geo.Point{}, &Problem{
				Column: "lon", Reason: SwappedAxes, Message: fmt.Sprintf("lon %s, lat %s is no place, but it is one the other way round", lon, lat),
				Remedy: "longitude and latitude are swapped: exchange the two columns or their names",
			}
		}
		return geo.Point{}, &Problem{
			Column: "lon", Reason: CoordinateRange, Message: fmt.Sprintf("lon %s, lat %s is no place on earth", shorten(lon), shorten(lat)),
			Remedy: "write degrees: longitude from -180 to 180, latitude from -90 to 90; projected metres have to be converted first",
		}
	}
	p, err := geo.PointOf(datum.ToWGS84(lonDeg, latDeg))
	if err != nil {
		return p, &Problem{Column: "lon", Reason: CoordinateRange, Message: err.Error(), Remedy: "check the coordinates and their system"}
	}
	return p, nil
}

func asCoordinate(p *Problem, column string) *Problem {
	p.Column = column
	if p.Reason == BadNumber {
		p.Reason, p.Remedy = BadCoordinate, "write decimal degrees with a point, such as 119.8233"
	}
	return p
}

// List splits a cell that holds several values, separated by any of ; , 、 and their full-width forms. Blank and repeated ones are left out.
func List(s string) []string {
	return split(s, func(c rune) bool { return strings.ContainsRune(";；,，、", c) })
}

// Codes is List for codes, which blanks separate too.
func Codes(s string) []string {
	return split(s, func(c rune) bool { return isBlank(c) || strings.ContainsRune(";；,，、", c) })
}

func split(s string, at func(rune) bool) []string {
	var values []string
	for _, value := range strings.FieldsFunc(s, at) {
		if value = strings.TrimFunc(value, isBlank); value != "" && !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	return values
}

// Code checks a code of our own tables: 1 to 40 characters, none of them blank or invisible.
func Code(s string) *Problem {
	switch {
	case s == "":
		return &Problem{Reason: Missing, Message: "the code is missing", Remedy: "give every row its own code"}
	case utf8.RuneCountInString(s) > 40, strings.ContainsFunc(s, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) }):
		return &Problem{Reason: BadCode, Message: fmt.Sprintf("the code %q does not fit", shorten(s)), Remedy: "use at most 40 characters without blanks"}
	}
	return nil
}

// Text checks the length of a text in characters.
func Text(s string, most int) *Problem {
	if len(s) <= most {
		return nil
	}
	if n := utf8.RuneCountInString(s); n > most {
		return &Problem{Reason: TextTooLong, Message: fmt.Sprintf("the text has %d characters, at most %d fit", n, most), Remedy: "shorten it"}
	}
	return nil
}

var (
	phoneGroups = regexp.MustCompile(`\d+`)
	// Mobile numbers of mainland China, with the country's code or the old trunk 0 in front or without.
	mobile = regexp.MustCompile(`^(?:0086|86|0)?1[3-9]\d{9}$`)
)

// OfficePhone refuses a mobile number where the public telephone of an office is asked for: it belongs to a person. The message shows
// it masked.
func OfficePhone(s string) *Problem {
	groups := phoneGroups.FindAllStringIndex(s, -1)
	for i := range groups {
		number := ""
		for j := i; j < len(groups) && len(number) < 15; j++ {
			if j > i && strings.Trim(s[groups[j-1][1]:groups[j][0]], " -.()+") != "" {
				break
			}
			number += s[groups[j][0]:groups[j][1]]
			if mobile.MatchString(number) {
				number = number[len(number)-11:]
				return &Problem{
					Reason: PersonalPhone, Message: number[:3] + "****" + number[7:] + " is a mobile number, which is personal data, and this telephone is shown to everybody",
					Remedy: "give the landline of the office, or leave it empty",
				}
			}
		}
	}
	return nil
}

// Kind reads a kind's word or its Chinese name, in whatever case and spacing; kinds holds the name of each word.
func Kind(cell string, kinds map[string]string) (kind string, ok bool) {
	cell = strings.ToLower(strings.Join(strings.Fields(cell), ""))
	if _, ok := kinds[cell]; ok {
		return cell, true
	}
	for kind, name := range kinds {
		if name == cell {
			return kind, true
		}
	}
	return "", false
}
