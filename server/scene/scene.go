// Package scene is the noun "scene" (场景): what a wall shows in turn, a view, filters and panels under a name. All walls of an installation
// share the scenes, so whoever may manage them anywhere may manage all; what a wall shows in a scene is what its own account may see. What
// a scene looks like is the page's business: the server bounds the configuration and reads nothing from it. Figures and incidents must
// never enter one.
package scene

import (
	"encoding/json"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"jingwei/server/web"
)

// Bounds of a scene and of their number.
const (
	maxScenes = 100
	maxName   = 60 // characters
	shortest  = 10 // seconds
	longest   = 3600
)

// Scene is one of those that walls show.
type Scene struct {
	ID         uuid.UUID       `json:"id" format:"uuid"`
	Name       string          `json:"name"`
	NameEN     string          `json:"name_en" doc:"Empty where it has none"`
	Seconds    int             `json:"seconds" doc:"It stays on the wall in a rotation"`
	InRotation bool            `json:"in_rotation"`
	Position   int             `json:"position" doc:"In the order of the scenes, from 0, without gaps"`
	Config     json.RawMessage `json:"config" doc:"The page's own: view, layer, period, filter, panels"`
	UpdatedAt  time.Time       `json:"updated_at"`
	UpdatedBy  string          `json:"updated_by" doc:"Login"`
	Version    int             `json:"version" doc:"Changes with every change but of the position; the ETag"`
}

// Draft is what a person says of a scene.
type Draft struct {
	Name       string          `json:"name" minLength:"1" maxLength:"240" doc:"1 to 60 characters"`
	NameEN     string          `json:"name_en,omitempty" maxLength:"240" doc:"At most 60 characters"`
	Seconds    int             `json:"seconds" minimum:"10" maximum:"3600" doc:"It stays on the wall in a rotation"`
	InRotation bool            `json:"in_rotation"`
	Config     json.RawMessage `json:"config" doc:"A JSON object of at most 16 KB without markup: view, layer, period, filter, panels"`
}

// check trims the names and refuses what is out of bounds.
func (d *Draft) check() error {
	d.Name, d.NameEN = strings.TrimSpace(d.Name), strings.TrimSpace(d.NameEN)
	switch {
	case d.Name == "":
		return web.NewProblem(web.Invalid, "a scene needs a name").At("body.name", d.Name)
	case !isLine(d.Name, maxName):
		return web.NewProblem(web.Invalid, "a name is one line of 1 to 60 characters, without < and >").At("body.name", d.Name)
	case !isLine(d.NameEN, maxName):
		return web.NewProblem(web.Invalid, "a name is one line of at most 60 characters, without < and >").At("body.name_en", d.NameEN)
	case d.Seconds < shortest || d.Seconds > longest:
		return web.NewProblem(web.Invalid, "a scene stays for 10 to 3600 seconds").At("body.seconds", d.Seconds)
	}
	return checkConfig(d.Config)
}

// isLine reports whether a text is one printable line of at most limit characters that no page can take for markup.
func isLine(text string, limit int) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= limit &&
		!strings.ContainsFunc(text, func(r rune) bool { return r == '<' || r == '>' || !unicode.IsPrint(r) })
}
