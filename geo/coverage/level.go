package coverage

import "fmt"

// Level is the rank of an area in the tree of a county, from the whole county down to the micro-grid.
type Level uint8

// The five levels, from the widest to the finest. The order is used in comparisons.
const (
	County    Level = iota // 区县
	Town                   // 镇街
	Community              // 村社区
	Grid                   // 网格
	Micro                  // 微网格
)

// Levels lists every level from the widest to the finest.
var Levels = [...]Level{County, Town, Community, Grid, Micro}

var levelNames = [...]string{"county", "town", "community", "grid", "micro"}

// String is the level's word in the API, in SQL and in tiles.
func (l Level) String() string {
	if int(l) >= len(levelNames) {
		return fmt.Sprintf("level(%d)", uint8(l))
	}
	return levelNames[l]
}

// ParseLevel reads a level's word; the error lists the words there are.
func ParseLevel(s string) (Level, error) {
	for i, name := range levelNames {
		if s == name {
			return Level(i), nil
		}
	}
	return 0, fmt.Errorf("no level %q: use county, town, community, grid or micro", s)
}

// MarshalText and UnmarshalText let a Level stand in JSON, flags and SQL by its word.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (l *Level) UnmarshalText(text []byte) (err error) {
	*l, err = ParseLevel(string(text))
	return err
}
