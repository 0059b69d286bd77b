package station

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/text/width"
)

// maxHours is the length of opening hours in OSM, in bytes.
const maxHours = 255

var (
	shortHour = regexp.MustCompile(`(^|[^0-9:])([0-9]:[0-9]{2})`)
	marks     = strings.NewReplacer("–", "-", "—", "-", "~", "-", "、", ",")
)

// normalHours checks opening hours and gives them as they are usually written: half-width, hours of two digits. It knows the part of OSM's
// opening_hours syntax (wiki.openstreetmap.org/wiki/Key:opening_hours/specification) that places to walk to need: 24/7; ranges of months
// and days, weeks, weekdays with [n], PH and SH; times up to 48:00 and of the sun; open, off, closed, unknown; comments; rules behind
// ";" "," and "||". The error says where it could not go on.
func normalHours(s string) (string, error) {
	s = strings.TrimSpace(marks.Replace(width.Fold.String(s)))
	s = shortHour.ReplaceAllString(s, "${1}0${2}")
	if len(s) > maxHours {
		return "", fmt.Errorf("is longer than %d bytes", maxHours)
	}
	for p := (hours{s}); ; {
		if !p.rule() {
			if p.rest == "" {
				return "", errors.New("lacks a rule at the end")
			}
			return "", fmt.Errorf("cannot be understood from %q on", p.rest)
		}
		semicolon := p.accept(";")
		if p.rest == "" {
			return s, nil
		}
		if !semicolon && !p.accept("||") && !p.accept(",") {
			return "", fmt.Errorf("cannot be understood from %q on", p.rest)
		}
	}
}

// hours is what is left of the text to be parsed. A method that gives false has taken nothing.
type hours struct{ rest string }

// accept takes a mark and the blanks around it.
func (p *hours) accept(mark string) bool {
	rest, ok := strings.CutPrefix(strings.TrimLeft(p.rest, " "), mark)
	if ok {
		p.rest = strings.TrimLeft(rest, " ")
	}
	return ok
}

// word takes one of the words, where no further letter follows it.
func (p *hours) word(words ...string) bool {
	for _, word := range words {
		rest, ok := strings.CutPrefix(p.rest, word)
		if ok && (rest == "" || !isLetter(rest[0])) {
			p.rest = strings.TrimLeft(rest, " ")
			return true
		}
	}
	return false
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80 }

// number takes a whole number of at most most digits, from least to largest.
func (p *hours) number(digits, least, largest int) bool {
	n := 0
	for n < len(p.rest) && p.rest[n] >= '0' && p.rest[n] <= '9' {
		n++
	}
	if n == 0 || n > digits {
		return false
	}
	v, err := strconv.Atoi(p.rest[:n])
	if err != nil || v < least || v > largest {
		return false
	}
	p.rest = p.rest[n:]
	return true
}

// try runs a step that may fail half way, and then takes nothing.
func (p *hours) try(step func() bool) bool {
	before := p.rest
	if step() {
		return true
	}
	p.rest = before
	return false
}

// list takes one or more of a step with commas between. A comma behind which there is none of it is left: it may begin another rule.
func (p *hours) list(step func() bool) bool {
	if !p.try(step) {
		return false
	}
	for p.try(func() bool { return p.accept(",") && p.try(step) }) {
	}
	p.accept("")
	return true
}

func (p *hours) rule() bool {
	p.accept("")
	found := p.word("24/7")
	if !found {
		found = p.list(p.monthDay)
		found = p.try(p.weeks) || found
		found = p.list(p.weekday) || found
		found = p.list(p.weekday) || found // "PH Mo-Fr"
		found = p.list(p.span) || found
	}
	found = p.word("open", "off", "closed", "unknown") || found
	return p.comment() || found
}

func (p *hours) comment() bool {
	if !strings.HasPrefix(p.rest, `"`) {
		return false
	}
	end := strings.IndexByte(p.rest[1:], '"')
	if end < 0 {
		return false
	}
	p.rest = strings.TrimLeft(p.rest[end+2:], " ")
	return true
}

func (p *hours) month() bool {
	return p.word("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
}

// day takes a day of the month, and not the hour of a time.
func (p *hours) day() bool {
	return p.try(func() bool { return p.number(2, 1, 31) && !strings.HasPrefix(p.rest, ":") })
}

// monthDay takes [year] month [day], and a range of such.
func (p *hours) monthDay() bool {
	date := func() bool {
		p.try(func() bool { return p.number(4, 2000, 2999) && p.accept("") })
		if !p.month() {
			return false
		}
		p.day()
		return true
	}
	if !date() {
		return false
	}
	p.try(func() bool { return p.accept("-") && (p.try(date) || p.day()) })
	return true
}

func (p *hours) weeks() bool {
	week := func() bool { return p.number(2, 1, 53) && (!p.accept("-") || p.number(2, 1, 53)) }
	return p.word("week") && p.list(week)
}

func (p *hours) weekday() bool {
	day := func() bool { return p.word("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su") }
	if p.word("PH", "SH") {
		return true
	}
	if !day() {
		return false
	}
	if p.accept("[") {
		nth := func() bool { p.accept("-"); return p.number(1, 1, 5) && (!p.accept("-") || p.number(1, 1, 5)) }
		return p.list(nth) && p.accept("]")
	}
	return !p.accept("-") || day()
}

// span takes a range of times, or a time with an open end.
func (p *hours) span() bool {
	if !p.time() {
		return false
	}
	if p.accept("+") {
		return true
	}
	if !p.accept("-") || !p.time() {
		return false
	}
	p.accept("+")
	return true
}

func (p *hours) time() bool {
	event := func() bool { return p.word("sunrise", "sunset", "dawn", "dusk") }
	if p.accept("(") {
		return event() && (p.accept("+") || p.accept("-")) && p.clock() && p.accept(")")
	}
	return event() || p.clock()
}

func (p *hours) clock() bool {
	return p.try(func() bool {
		midnight := strings.HasPrefix(p.rest, "48:") && !strings.HasPrefix(p.rest, "48:00")
		hour := len(p.rest) >= 5 && p.rest[2] == ':'
		return hour && !midnight && p.number(2, 0, 48) && p.accept(":") && p.number(2, 0, 59)
	})
}
