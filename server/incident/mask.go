package incident

import "regexp"

// Numbers that name a person: a mobile phone (also in groups) and a citizen's identity number, each not part of a longer number.
var personalNumber = regexp.MustCompile(`(^|[^0-9])(?:(1[3-9][0-9])[ -]?[0-9]{4}[ -]?([0-9]{4})|([1-9][0-9]{5})[0-9]{8}([0-9]{3}[0-9Xx]))($|[^0-9Xx])`)

// mask hides the middle of mobile phone and identity numbers that people write into a title or a description: 138****1234. What is
// stored is not changed; nothing that leaves the server shows it.
func mask(text string) string {
	// A number can begin right behind the character that ended the one before, so one pass may leave every second one.
	for {
		masked := personalNumber.ReplaceAllString(text, "${1}${2}${4}****${3}${5}${6}")
		if masked == text {
			return text
		}
		text = masked
	}
}
