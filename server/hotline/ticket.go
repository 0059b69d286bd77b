// Package hotline is the noun "ticket" (工单): what the city's 12345 hotline hands over, with a caller, an address in words and a category of the
// hotline's own. It finds the item and, with coordinates or a dispatcher's help, the place; then the ticket becomes an incident by the same intake as
// all others. How an incident is handled stays outside.
package hotline

import (
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"jingwei/geo"
	"jingwei/server/incident"
	"jingwei/server/seal"
	"jingwei/server/web"
)

// State is how far a ticket has come.
type State string

// The states. A ticket with coordinates is an incident at once; a dismissed one waits again when the caller calls again.
//
//	to_place → incident     Place, or the hotline sends it again with coordinates
//	to_place → dismissed    Dismiss
//	dismissed → to_place    Receive, of another call without coordinates
//	dismissed → incident    Receive, of another call with coordinates
const (
	ToPlace     State = "to_place"  // waits for somebody to find its place
	IsIncident  State = "incident"  // is an incident
	IsDismissed State = "dismissed" // has no place here, or is no matter of this map
)

// Demand is what the caller wants.
type Demand string

// The kinds of demand, 诉求类型; "" where the hotline says none.
const (
	Help     Demand = "help"     // 求助
	Consult  Demand = "consult"  // 咨询
	Complain Demand = "complain" // 投诉
	Denounce Demand = "report"   // 举报
	Suggest  Demand = "suggest"  // 建议
	Praise   Demand = "praise"   // 表扬
)

// Ticket is a stored ticket, with masked texts.
type Ticket struct {
	ID         uuid.UUID // UUIDv7 of ReceivedAt
	Number     string    // the hotline's
	State      State
	Incident   *uuid.UUID // of IsIncident
	Category   string     // as the hotline wrote it
	Unmapped   bool       // the category is not in the mapping: Item is the default
	Item       string     // code
	Demand     Demand
	RepeatCall bool // the hotline says that the caller called before
	Repeats    int  // how often it came again
	Address    string
	Title      string
	Content    string
	ReportedAt time.Time
	ReceivedAt time.Time
	LastCallAt time.Time
	SettledAt  *time.Time // of IsIncident and IsDismissed
	Reason     string     // of IsDismissed

	digest []byte
	sealed []byte
}

// Call is what the hotline sends.
type Call struct {
	Number     string
	Caller     incident.Private // name, phone and home
	Address    string
	Place      *geo.Point // nil where the hotline has no coordinates
	Category   string
	ReportedAt time.Time // zero: now
	Demand     Demand
	Repeat     bool
	Title      string
	Content    string
}

// Lengths, in characters.
const (
	maxAddress  = 300
	maxCategory = 100
	maxTitle    = 200
	maxContent  = 3500 // with the address behind it, it fits into an incident's description
	minReason   = 5
	maxReason   = 500
)

// clockSkew is how far ahead of ours the hotline's clock may be.
const clockSkew = 5 * time.Minute

var numberForm = regexp.MustCompile(`^[\p{L}\p{N}._:()（）〔〕\[\]-]{1,100}$`)

// checked is a call in the form that it is kept in, or what is wrong with it. No problem repeats what people said.
func (c Call) checked(now time.Time) (_ Call, err error) {
	invalid := func(place, detail string) error { return web.NewProblem(web.Invalid, detail).At("body."+place, nil) }
	if !numberForm.MatchString(c.Number) {
		return c, web.NewProblem(web.Invalid, "number must be the ticket's number: 1 to 100 letters, digits and ._:()[]- without blanks").At("body.number", nil)
	}
	if c.Caller, err = c.Caller.Checked("body.caller"); err != nil {
		return c, err
	}
	for _, line := range []struct {
		name     string
		text     *string
		most     int
		optional bool
	}{{"address", &c.Address, maxAddress, false}, {"category", &c.Category, maxCategory, false}, {"title", &c.Title, maxTitle, true}} {
		*line.text = strings.TrimSpace(*line.text)
		switch {
		case !line.optional && !strings.ContainsFunc(*line.text, visible):
			return c, invalid(line.name, line.name+" must not be empty")
		case utf8.RuneCountInString(*line.text) > line.most || !utf8.ValidString(*line.text) || strings.ContainsFunc(*line.text, func(r rune) bool { return unicode.IsControl(r) || reordering(r) }):
			return c, invalid(line.name, fmt.Sprintf("%s must be one line of at most %d characters", line.name, line.most))
		}
	}
	c.Content = strings.TrimSpace(c.Content)
	if utf8.RuneCountInString(c.Content) > maxContent || !utf8.ValidString(c.Content) ||
		strings.ContainsFunc(c.Content, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\n\r\t", r) || reordering(r) }) {
		return c, invalid("content", fmt.Sprintf("content must have at most %d characters, and no control characters but line ends and tabs", maxContent))
	}
	if c.ReportedAt.IsZero() {
		c.ReportedAt = now
	}
	c.ReportedAt = c.ReportedAt.UTC().Truncate(time.Microsecond)
	switch {
	case c.ReportedAt.After(now.Add(clockSkew)):
		return c, invalid("reported_at", "reported_at is in the future; it is when the caller called, with the zone, such as 2026-07-31T09:30:00+08:00")
	case c.ReportedAt.Before(now.Add(-incident.OldestReport)):
		return c, invalid("reported_at", "reported_at is more than two years ago; import older tickets as incidents from a file")
	}
	return c, nil
}

// visible tells a character that leaves a mark.
func visible(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }

// reordering tells a character that makes text be shown in another order than it is written.
func reordering(r rune) bool { return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' }

// Words is what only few may read of a ticket: who called, and what was said as it was said. It shows nothing of itself when it is printed.
type Words struct {
	Caller  incident.Private `json:"caller,omitzero"`
	Address string           `json:"address"`
	Title   string           `json:"title,omitempty"`
	Content string           `json:"content,omitempty"`
}

const withheld = "(withheld)"

// String withholds them.
func (Words) String() string { return withheld }

// GoString withholds them.
func (Words) GoString() string { return withheld }

// LogValue withholds them.
func (Words) LogValue() slog.Value { return slog.StringValue(withheld) }

// About is the name that the private data of a ticket are sealed under.
func About(id uuid.UUID) string { return "ticket/" + id.String() }

// newTicket is the ticket of a call, which waits to be placed: its texts are masked, and what they were is sealed where there is something to seal.
func newTicket(keys *seal.Ring, c Call, digest []byte, now time.Time) (t Ticket, err error) {
	said, masked := c.words()
	t = Ticket{
		ID: incident.NewID(now, []byte(c.Number)), Number: c.Number, State: ToPlace, Category: c.Caller.Mask(c.Category), Demand: c.Demand, RepeatCall: c.Repeat,
		Address: masked.Address, Title: masked.Title, Content: masked.Content,
		ReportedAt: c.ReportedAt, ReceivedAt: now, LastCallAt: now, digest: digest,
	}
	t.sealed, err = said.sealed(keys, masked, About(t.ID))
	return t, err
}

// said opens what was said.
func (t Ticket) said(keys *seal.Ring) (Words, error) {
	return opened(keys, t.sealed, t.masked(), About(t.ID))
}

// masked is what everybody who sees the ticket may read of it.
func (t Ticket) masked() Words { return Words{Address: t.Address, Title: t.Title, Content: t.Content} }

// report is what the intake of incidents is told of a ticket that lies at a place.
func (t Ticket) report(w Words, place geo.Point) incident.Report {
	title := w.Title
	if title == "" {
		title, _, _ = strings.Cut(w.Content, "\n")
		title = firstOf(strings.Join(strings.Fields(title), " "), maxTitleOfContent)
	}
	if title == "" {
		title = t.Category
	}
	description := "地址：" + w.Address
	if w.Content != "" {
		description = w.Content + "\n" + description
	}
	return incident.Report{
		ReportedAt: t.ReportedAt, Channel: incident.Hotline12345, Item: t.Item, Title: title, Description: description, Place: place,
		Number: t.Number, Ticket: true, Private: w.Caller,
	}
}

// maxTitleOfContent is how much of its content becomes the title of a ticket that has none, in characters.
const maxTitleOfContent = 40

func firstOf(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most]) + "…"
}
