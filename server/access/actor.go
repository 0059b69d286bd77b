package access

import (
	"context"

	"github.com/google/uuid"

	"jingwei/server/web"
)

// Via is how an actor came in.
type Via string

// The ways in.
const (
	ViaNothing Via = ""        // not logged in
	ViaSession Via = "session" // a browser's cookie
	ViaToken   Via = "token"   // an API token
	ViaCommand Via = "command" // the command line: whoever may run the program on the machine
	ViaServer  Via = "server"  // the server's own jobs
)

// Grant is a role on an area and all below it.
type Grant struct {
	Role  Role
	Area  string // code; "" is the whole installation, also what lies outside every area
	Level string // of the area
}

// Actor is who asks: a person, a machine, or nobody in particular. It is immutable.
type Actor struct {
	Account uuid.UUID // uuid.Nil where there is no account
	Login   string    // "" for the public
	Via     Via
	Session uuid.UUID // of ViaSession
	Token   uuid.UUID // of ViaToken

	grants   []Grant
	scopes   []Action // of a token; nil lets all of the grants through
	operator bool
	outdated bool
}

// Nobody is the public.
var Nobody = &Actor{}

// Person is an account that came by a session.
func Person(account, session uuid.UUID, login string, grants []Grant) *Actor {
	return &Actor{Account: account, Login: login, Via: ViaSession, Session: session, grants: grants}
}

// Outdated is a person whose password must be changed first: until then with no more rights than the public.
func Outdated(account, session uuid.UUID, login string) *Actor {
	return &Actor{Account: account, Login: login, Via: ViaSession, Session: session, outdated: true}
}

// Machine is an account that came by a token with scopes.
func Machine(account, token uuid.UUID, login string, grants []Grant, scopes []Action) *Actor {
	return &Actor{Account: account, Login: login, Via: ViaToken, Token: token, grants: grants, scopes: append([]Action{}, scopes...)}
}

// Operator is whoever runs a command on the machine, and may do all that the machine's owner may: name is the user of the system.
func Operator(name string) *Actor { return &Actor{Login: name, Via: ViaCommand, operator: true} }

// Server is the running server itself, in its jobs.
func Server() *Actor { return &Actor{Login: "jingwei", Via: ViaServer, operator: true} }

// Outdated reports whether the password must be changed first.
func (a *Actor) Outdated() bool { return a.outdated }

// Grants are the roles that the actor holds.
func (a *Actor) Grants() []Grant { return a.grants }

type actorKey struct{}

// With gives a context its actor.
func With(ctx context.Context, a *Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// From is the actor of a context; Nobody where there is none.
func From(ctx context.Context) *Actor {
	if a, ok := ctx.Value(actorKey{}).(*Actor); ok {
		return a
	}
	return Nobody
}

// Ask is nil where the actor of ctx may do something at a place (see Can), and otherwise a problem: login_required for the public, forbidden
// for all others.
func Ask(ctx context.Context, action Action, chain []string) error {
	if Can(From(ctx), action, chain) {
		return nil
	}
	return Refusal(ctx, action)
}

// AskScope is where the actor of ctx may do something; where that is nowhere, the same problems as Ask's.
func AskScope(ctx context.Context, action Action) (Scope, error) {
	s := Within(From(ctx), action)
	if s.Empty() {
		return s, Refusal(ctx, action)
	}
	return s, nil
}

// Refusal is the problem of an actor who may not do something.
func Refusal(ctx context.Context, action Action) error {
	switch a := From(ctx); {
	case a.Via == ViaNothing:
		return web.NewProblem(web.LoginRequired, "log in first: "+string(action)+" is not open to the public")
	case a.outdated:
		return web.NewProblem(web.PasswordExpired, "change your password first, with PUT /api/v1/account/password")
	}
	return web.NewProblem(web.Forbidden, "your account has no right to "+string(action)+" here; a security administrator can grant a role that has it")
}
