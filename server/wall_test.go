package main

import (
	"strings"
	"testing"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/account"
)

// person makes somebody with a role on the whole installation, who is logged in.
func (s *site) person(login string, role access.Role) *site {
	s.t.Helper()
	ctx := accesstest.Operator(s.t)
	_, password, err := s.app.accounts.Create(ctx, account.NewAccount{Login: login, Name: login, Kind: account.Person, Grant: &account.NewGrant{Role: role}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.exec(`UPDATE account SET must_change = false WHERE login = $1`, login)
	return s.as("Cookie", s.logIn(login, password))
}

// Streams beat; a wall is told when its session ends, where an open wall cannot keep it; and the stream of a wall ends with the session.
func TestWallsOnTheStream(t *testing.T) {
	t.Parallel()
	s := setup(t)
	viewer, dispatcher := s.person("viewer", access.Viewer), s.person("dispatcher", access.Dispatcher)
	for _, c := range []struct {
		name string
		site *site
		wall bool
		told bool
	}{
		{"the public's wall", s.as(), true, false},
		{"a token's wall", s, true, false},
		{"a viewer's wall", viewer, true, false},
		{"a dispatcher's page", dispatcher, false, false},
		{"a dispatcher's wall", dispatcher, true, true},
	} {
		path := "/api/v1/events"
		if c.wall {
			path += "?wall=true"
		}
		events := c.site.followAt(path, "")
		for range 2 { // the one at the beginning, and one of those that follow
			if beat := next(t, events, "beat"); !strings.Contains(beat.data, `"flowing":true`) || strings.Contains(beat.data, "ends_at") != c.told {
				t.Errorf("%s: %s", c.name, beat.data)
			}
		}
	}
	events := viewer.followAt("/api/v1/events?wall=true", "")
	next(t, events, "beat")
	s.exec(`DELETE FROM account_session WHERE account = (SELECT id FROM account WHERE login = 'viewer')`)
	if e := next(t, events, "reset"); !strings.Contains(e.data, "your session ended") {
		t.Error(e.data)
	}
}
