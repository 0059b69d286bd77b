package audit

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// Record is a row of the log as it is read.
type Record struct {
	ID      uuid.UUID       `json:"id" format:"uuid"`
	At      time.Time       `json:"at"`
	Login   string          `json:"login" doc:"Who; empty for the public, the user of the machine for the command line"`
	Via     string          `json:"via" enum:",session,token,command,server" doc:"How they came in; empty for the public"`
	Address string          `json:"address" doc:"IP address of the request"`
	Request string          `json:"request" doc:"Id of the request"`
	Action  string          `json:"action" doc:"noun.verb"`
	Object  string          `json:"object" doc:"noun/id"`
	Areas   []string        `json:"areas" doc:"Codes from the county to the area that it concerns"`
	Outcome Outcome         `json:"outcome" enum:"done,refused"`
	Reason  string          `json:"reason"`
	Before  json.RawMessage `json:"before" doc:"JSON; null where there was nothing"`
	After   json.RawMessage `json:"after"`
}

// Filter chooses rows. A zero field lets all pass.
type Filter struct {
	From, To time.Time // half open
	Login    string
	Action   string // or a noun with a point, which stands for all its verbs
	Object   string // or a noun with a slash, which stands for all its ids
	Area     string // code: what concerns it or what lies below it
	Outcome  Outcome
	Text     string    // somewhere in a row, in either case
	Before   uuid.UUID // cursor: ids below it
}

// said is what the log tells of a search. The text is left out: it may be what somebody knows of a person.
func (f Filter) said() map[string]any {
	said := map[string]any{}
	for name, value := range map[string]string{"login": f.Login, "action": f.Action, "object": f.Object, "area": f.Area, "outcome": string(f.Outcome)} {
		if value != "" {
			said[name] = value
		}
	}
	for name, at := range map[string]time.Time{"from": f.From, "to": f.To} {
		if !at.IsZero() {
			said[name] = at
		}
	}
	if f.Text != "" {
		said["text"] = true
	}
	if f.Before != uuid.Nil {
		said["cursor"] = f.Before
	}
	return said
}
