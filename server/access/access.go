// Package access decides who may do what. Rights follow the area tree: a role that is granted on an area holds on everything below it and on
// nothing beside it. Can is the one function that decides; services ask it with the actor of their context. The package knows no SQL, no
// HTTP and no noun: accounts live in package account, the log of what was done in package audit.
package access

import "slices"

// Role is a set of actions.
type Role string

// The roles. Public is everybody's, logged in or not; the three administrators exclude each other.
const (
	Public        Role = "public"         // nobody logged in
	Viewer        Role = "viewer"         // looks: the wall, lists
	Worker        Role = "worker"         // grid worker: reports, sees and handles in the own areas
	Handler       Role = "handler"        // branch secretary, department
	Dispatcher    Role = "dispatcher"     // ops centre
	Planner       Role = "planner"        // redraws boundaries
	SystemAdmin   Role = "system_admin"   // keeps the system running
	SecurityAdmin Role = "security_admin" // accounts and grants
	Auditor       Role = "auditor"        // reads the audit log, nothing else
)

// Roles are those that can be granted.
var Roles = []Role{Viewer, Worker, Handler, Dispatcher, Planner, SystemAdmin, SecurityAdmin, Auditor}

// IsAdministrator tells the three administrators, who are granted on the whole installation, and of whom a person can be one only, and then
// has no other role.
func (r Role) IsAdministrator() bool { return r == SystemAdmin || r == SecurityAdmin || r == Auditor }

// Action is something that can be allowed.
type Action string

// The actions.
const (
	AreaRead        Action = "area.read"        // boundaries and names in effect, the branch that answers, tiles
	AreaFigures     Action = "area.figures"     // households and population
	AreaHistory     Action = "area.history"     // earlier editions
	StationRead     Action = "station.read"     // stations and red positions
	ItemRead        Action = "item.read"        // the catalogue
	SnapOne         Action = "snap.one"         // where one point lies
	SnapBatch       Action = "snap.batch"       // where many points lie
	EventFollow     Action = "event.follow"     // the live stream; what it carries is filtered by the action that reads it
	IncidentReport  Action = "incident.report"  // report as a resident or courier, follow the own report
	IncidentIntake  Action = "incident.intake"  // report through the channels of workers, hotline, platforms
	IncidentRead    Action = "incident.read"    // see incidents
	IncidentTriage  Action = "incident.triage"  // confirm or move incidents, place tickets of the hotline
	IncidentExport  Action = "incident.export"  // take lists of incidents away as files
	SceneManage     Action = "scene.manage"     // the scenes that the walls show
	ReporterUnseal  Action = "reporter.unseal"  // see who reported, for a stated reason
	AccountManage   Action = "account.manage"   // accounts, grants, tokens, sessions of others
	AuditRead       Action = "audit.read"       // search and export the audit log
	SystemMetrics   Action = "system.metrics"   // measurements of the running server
	DataImport      Action = "data.import"      // areas, branches, stations and incidents from files
	DataArchive     Action = "data.archive"     // take old months out
	RetentionManage Action = "retention.manage" // delete reporters' data whose time is over, exchange keys
)

// allowed says which roles may do what: the whole policy.
var allowed = map[Action][]Role{
	AreaRead:        {Public},
	AreaFigures:     {Viewer, Worker, Handler, Dispatcher, Planner},
	AreaHistory:     {Viewer, Worker, Handler, Dispatcher, Planner},
	StationRead:     {Public},
	ItemRead:        {Public},
	SnapOne:         {Public},
	SnapBatch:       {Viewer, Worker, Handler, Dispatcher, Planner},
	EventFollow:     {Public},
	IncidentReport:  {Public},
	IncidentIntake:  {Worker, Dispatcher},
	IncidentRead:    {Viewer, Worker, Handler, Dispatcher, Planner},
	IncidentTriage:  {Dispatcher},
	IncidentExport:  {Handler, Dispatcher, Planner},
	SceneManage:     {Dispatcher},
	ReporterUnseal:  {Handler, Dispatcher},
	AccountManage:   {SecurityAdmin},
	AuditRead:       {Auditor},
	SystemMetrics:   {SystemAdmin},
	DataImport:      {SystemAdmin},
	DataArchive:     {SystemAdmin},
	RetentionManage: {SystemAdmin},
}

// Actions lists all actions in order.
func Actions() []Action {
	actions := make([]Action, 0, len(allowed))
	for action := range allowed {
		actions = append(actions, action)
	}
	slices.Sort(actions)
	return actions
}

// Allows reports whether a role includes an action. What the public may, everybody may.
func (r Role) Allows(action Action) bool {
	return slices.Contains(allowed[action], r) || slices.Contains(allowed[action], Public)
}

// Can reports whether an actor may do something at a place: chain is the codes of the areas that own it, from the county down. An empty chain is
// outside every area, or no place at all; there only rights on the whole installation hold.
func Can(a *Actor, action Action, chain []string) bool { return Within(a, action).Holds(chain) }

// Within is where an actor may do something: what lists are filtered by.
func Within(a *Actor, action Action) Scope {
	switch {
	case slices.Contains(allowed[action], Public):
		return Scope{All: true}
	case a.scopes != nil && !slices.Contains(a.scopes, action):
		return Scope{}
	case a.operator:
		return Scope{All: true}
	}
	var s Scope
	for _, g := range a.grants {
		if !g.Role.Allows(action) {
			continue
		}
		if g.Area == "" {
			return Scope{All: true}
		}
		if area := (Area{g.Area, g.Level}); !slices.Contains(s.Areas, area) {
			s.Areas = append(s.Areas, area)
		}
	}
	return s
}

// Area is the top of a subtree.
type Area struct{ Code, Level string }

// Scope is a set of subtrees of the area tree.
type Scope struct {
	All   bool // everything, also what lies outside every area
	Areas []Area
}

// Empty reports whether the scope holds nothing.
func (s Scope) Empty() bool { return !s.All && len(s.Areas) == 0 }

// Holds reports whether a place lies in the scope; chain is as in Can.
func (s Scope) Holds(chain []string) bool {
	return s.All || slices.ContainsFunc(s.Areas, func(a Area) bool { return slices.Contains(chain, a.Code) })
}
