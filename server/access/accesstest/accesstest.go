// Package accesstest gives the contexts of tests an actor.
package accesstest

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"jingwei/server/access"
)

// Operator is the context of a test, with all rights of the command line.
func Operator(t testing.TB) context.Context {
	t.Helper()
	return access.With(t.Context(), access.Operator("test"))
}

// Person is the context of a test, with somebody who holds a role on areas and is logged in; without areas, on the whole installation.
func Person(t testing.TB, role access.Role, areas ...access.Area) context.Context {
	t.Helper()
	grants := []access.Grant{{Role: role}}
	if len(areas) > 0 {
		grants = nil
	}
	for _, a := range areas {
		grants = append(grants, access.Grant{Role: role, Area: a.Code, Level: a.Level})
	}
	return access.With(t.Context(), access.Person(uuid.New(), uuid.New(), string(role), grants))
}
