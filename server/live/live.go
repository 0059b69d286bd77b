// Package live carries committed events from the event table to everybody who looks at a map: LISTEN/NOTIFY wakes the
// Hub, the Hub numbers and reads new events, and streams them over SSE to those who may see them. It knows no noun: an event is a kind,
// the areas where it happened, and JSON.
//
// The numbers of events run through all of them, for a client that comes back names the last one that it saw. So everybody who follows can
// tell how many events there were, also of those that are not shown: how much happens in the whole installation is no secret, what and
// where is.
package live

import (
	"encoding/json"

	"github.com/google/uuid"

	"jingwei/server/access"
)

// Event is one committed change as live clients see it.
type Event struct {
	Seq    int64           // order of commits; the id of the SSE event
	ID     uuid.UUID       // of its row
	Kind   string          // noun.verb, such as incident.created
	Areas  []string        // codes from the county down to where it happened; empty outside every area, or where it has no place
	Data   json.RawMessage // never personal data
	Change json.RawMessage // what servers count by; clients are never sent it
}

// The kinds of event. Who makes each one stands behind it.
const (
	IncidentCreated  = "incident.created"  // one report came in
	IncidentMoved    = "incident.moved"    // its pin was moved, or confirmed where it is; its data are the id alone
	IncidentChanged  = "incident.changed"  // it reached another step; its data are the id and the status
	IncidentCalled   = "incident.called"   // somebody called again about the hotline's ticket that it was made of; its data are the id alone
	IncidentImported = "incident.imported" // many came in at once: reload
	IncidentArchived = "incident.archived" // old months were taken out: reload
	TicketWaiting    = "ticket.waiting"    // a ticket of the hotline waits to be placed, or does no longer; it has no data: ask how many wait
	SceneChanged     = "scene.changed"     // a scene of the walls was made, changed, moved or deleted: load them again
	EditionPublished = "edition.published" // boundaries changed
	BranchChanged    = "branch.changed"    // branches, or who answers for what, changed
)

// audiences says who is told of each kind: who may do the action at the event's areas, or anywhere at all. A kind that is not here cannot
// be appended.
var audiences = []struct {
	kind     string
	action   access.Action
	anywhere bool // its data say nothing of any place
}{
	{IncidentCreated, access.IncidentRead, false},
	{IncidentMoved, access.IncidentRead, false},
	{IncidentChanged, access.IncidentRead, false},
	{IncidentCalled, access.IncidentTriage, false},
	{IncidentImported, access.IncidentRead, true},
	{IncidentArchived, access.IncidentRead, true},
	{TicketWaiting, access.IncidentTriage, true},
	{SceneChanged, access.IncidentRead, true},
	{EditionPublished, access.AreaRead, false},
	{BranchChanged, access.AreaRead, false},
}

// kinds are those of audiences.
func kinds() []string {
	names := make([]string, len(audiences))
	for i, a := range audiences {
		names[i] = a.kind
	}
	return names
}

// audienceOf is the place of a kind in audiences; -1 where it has none.
func audienceOf(kind string) int {
	for i := range audiences {
		if audiences[i].kind == kind {
			return i
		}
	}
	return -1
}

// Filter is what one reader may see: a scope for each of audiences. It is made once and only read from then on.
type Filter struct{ scopes []access.Scope }

// FilterOf is what an actor may see with the rights of now.
func FilterOf(actor *access.Actor) Filter {
	f := Filter{make([]access.Scope, len(audiences))}
	for i, a := range audiences {
		f.scopes[i] = access.Within(actor, a.action)
		if a.anywhere && !f.scopes[i].Empty() {
			f.scopes[i] = access.Scope{All: true}
		}
	}
	return f
}

// sees reports whether an event of an audience passes.
func (f Filter) sees(audience int, areas []string) bool {
	return audience >= 0 && audience < len(f.scopes) && f.scopes[audience].Holds(areas)
}
