package web

import (
	"strconv"
	"strings"
)

// ETag is that of a resource whose version is a number.
func ETag(version int) string { return strconv.Quote(strconv.Itoa(version)) }

// ParseETag reads the version from an If-Match.
func ParseETag(match string) (version int, err error) {
	version, err = strconv.Atoi(strings.Trim(strings.TrimPrefix(match, "W/"), `"`))
	if err != nil || version < 1 {
		return 0, NewProblem(Invalid, "If-Match must be the ETag that came with what is changed, such as \"3\"").At("header.If-Match", match)
	}
	return version, nil
}
