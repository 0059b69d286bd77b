// Package live carries committed events from the event table to everybody who looks at a map: LISTEN/NOTIFY wakes the
// Hub, the Hub numbers and reads new events, and streams them over SSE. It knows no noun: an event is a kind and JSON.
package live

import "encoding/json"

// Event is one committed change as live clients see it.
type Event struct {
	Seq    int64           // order of commits; the id of the SSE event
	Kind   string          // noun.verb, such as incident.created
	County string          // '' where the change belongs to no county
	Data   json.RawMessage // never personal data
}

// The kinds of event. Who makes each one stands behind it.
const (
	IncidentCreated  = "incident.created"  // one report came in
	IncidentImported = "incident.imported" // many came in at once: reload
	EditionPublished = "edition.published" // boundaries changed
	BranchChanged    = "branch.changed"    // branches, or who answers for what, changed
)
