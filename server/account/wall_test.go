package account_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/server/access"
	"jingwei/server/account"
	"jingwei/server/area/areatest"
)

// wall is somebody with a role who has just logged in on a wall, whose open stream asks Still.
func (h *house) wall(login string, role access.Role) (b *browser, actor *access.Actor) {
	h.t.Helper()
	id := h.person(login, goodPassword, role)
	b = h.entered(login, goodPassword)
	session := one[[16]byte](h, `SELECT v.id FROM account_session v JOIN account a ON a.id = v.account WHERE a.login = '`+login+`'`)
	return b, access.Person(id, session, login, []access.Grant{{Role: role, Area: areatest.County, Level: "county"}})
}

// open keeps a wall open for a time, as a stream does that asks every ten seconds (here: every minute), and tells whether it still was at
// the end, and what it was told last.
func (h *house) open(actor *access.Actor, d time.Duration) (endsAt time.Time, still bool) {
	for end := h.clock.now().Add(d); h.clock.now().Before(end); {
		h.clock.pass(time.Minute)
		if endsAt, still = h.s.Still(h.t.Context(), actor, true); !still {
			return endsAt, false
		}
	}
	return endsAt, true
}

func TestAWallStaysLoggedIn(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{SessionWall: 48 * time.Hour})
	b, actor := h.wall("screen", access.Viewer)
	began := h.clock.now()
	if endsAt, still := h.open(actor, 23*time.Hour); !still || !endsAt.IsZero() {
		t.Fatalf("after 23 hours: %v, ends at %v", still, endsAt)
	}
	if b.whoami() != "screen" {
		t.Fatal("the session of an open wall has ended")
	}
	if err := h.s.Upkeep(t.Context()); err != nil || b.whoami() != "screen" {
		t.Fatalf("upkeep ended the session of an open wall: %v", err)
	}
	if endsAt, still := h.open(actor, 24*time.Hour); !still || !endsAt.Equal(began.Add(48*time.Hour)) {
		t.Errorf("after 47 hours: %v, ends at %v", still, endsAt)
	}
	if _, still := h.open(actor, time.Hour); still || b.whoami() != "" {
		t.Error("a wall stays logged in for ever")
	}
}

// What a wall's own requests for its figures do is no use, and once the stream is closed the session is one like all others.
func TestAWallThatIsClosedIsIdle(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	b, actor := h.wall("screen", access.Viewer)
	if _, still := h.open(actor, 20*time.Hour); !still {
		t.Fatal("ended while it was open")
	}
	for range 31 {
		h.clock.pass(time.Minute)
		b.ask(http.MethodGet, "/api/v1/session", nil, "Jingwei-Unattended", "1")
	}
	if who := b.whoami(); who != "" {
		t.Errorf("half an hour after the wall was closed it is %s's", who)
	}
	b, actor = h.wall("other", access.Viewer)
	if _, still := h.open(actor, 20*time.Hour); !still {
		t.Fatal("ended while it was open")
	}
	for range 13 * 60 / 20 {
		h.clock.pass(20 * time.Minute)
		b.whoami()
	}
	if who := b.whoami(); who != "" {
		t.Errorf("13 hours after the wall was closed it is %s's", who)
	}
}

// Whoever may do more than look gains nothing by calling the page a wall, and is told when the session ends.
func TestAWallOfOthersEnds(t *testing.T) {
	t.Parallel()
	for _, role := range access.Roles {
		if role == access.Viewer || role.IsAdministrator() {
			continue
		}
		h := open(t, account.Rules{})
		b, actor := h.wall("zhang", role)
		began := h.clock.now()
		if endsAt, still := h.open(actor, 29*time.Minute); !still || !endsAt.Equal(began.Add(30*time.Minute)) {
			t.Errorf("%s: %v, ends at %v", role, still, endsAt)
		}
		if _, still := h.open(actor, time.Minute); still {
			t.Errorf("the idle session of a %s goes on", role)
		}
		if b.whoami() != "" {
			t.Errorf("the idle session of a %s goes on", role)
		}
		// Both roles are more than looking.
		b, actor = h.wall("li", access.Viewer)
		h.exec(`INSERT INTO account_grant (id, account, role, granted_by, granted_at) VALUES ($1, $2, $3, 'test', $4)`, uuid.New(), actor.Account, role, h.clock.now())
		both := access.Person(actor.Account, actor.Session, "li", append([]access.Grant{{Role: role}}, actor.Grants()...))
		if _, still := h.s.Still(t.Context(), both, true); !still {
			both = access.Person(actor.Account, actor.Session, "li", append(actor.Grants(), access.Grant{Role: role}))
		}
		if _, still := h.open(both, 29*time.Minute); !still {
			t.Errorf("%s and viewer: ended early", role)
		}
		if _, still := h.open(both, 2*time.Minute); still || b.whoami() != "" {
			t.Errorf("the idle session of a viewer and %s goes on", role)
		}
	}
}

func TestAWallWithoutRolesEnds(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	id := h.person("zhang", goodPassword)
	h.entered("zhang", goodPassword)
	actor := access.Person(id, one[[16]byte](h, `SELECT id FROM account_session`), "zhang", nil)
	if _, still := h.open(actor, 31*time.Minute); still {
		t.Error("the idle session of an account without roles goes on")
	}
}

// What is taken from an account is taken from its wall with the next look.
func TestAWallEndsWithItsRights(t *testing.T) {
	t.Parallel()
	for what, sql := range map[string]string{
		"the session was ended":    `DELETE FROM account_session WHERE account = $1`,
		"the account was disabled": `UPDATE account SET disabled_at = now() WHERE id = $1`,
		"another role came":        `UPDATE account_grant SET role = 'worker' WHERE account = $1`,
		"the area changed":         `UPDATE account_grant SET area = NULL WHERE account = $1`,
		"the role went":            `DELETE FROM account_grant WHERE account = $1`,
		"the role expired":         `UPDATE account_grant SET expires_at = '2026-03-02 08:30Z' WHERE account = $1`,
		"the password must change": `UPDATE account SET must_change = true WHERE id = $1`,
		"the account was deleted":  `DELETE FROM account WHERE id = $1`,
	} {
		h := open(t, account.Rules{})
		_, actor := h.wall("screen", access.Viewer)
		if _, still := h.open(actor, time.Hour); !still {
			t.Fatal("ended early")
		}
		h.exec(sql, actor.Account)
		if _, still := h.s.Still(t.Context(), actor, true); still {
			t.Errorf("%s, and the wall goes on", what)
		}
	}

	// A new password ends the sessions elsewhere, and so does an administrator's.
	h := open(t, account.Rules{})
	_, actor := h.wall("screen", access.Viewer)
	elsewhere := h.entered("screen", goodPassword)
	elsewhere.ask(http.MethodPut, "/api/v1/account/password", map[string]string{"current": goodPassword, "new": goodPassword + "2"}).is(t, http.StatusNoContent, "")
	if _, still := h.s.Still(t.Context(), actor, true); still {
		t.Error("the password was changed, and the wall goes on")
	}

	// A session that has lasted for days as a wall's does not become one that may do more.
	h = open(t, account.Rules{})
	b, actor := h.wall("screen", access.Viewer)
	if _, still := h.open(actor, 20*time.Hour); !still {
		t.Fatal("ended early")
	}
	admin, _ := h.administrator("admin", access.SecurityAdmin)
	admin.ask(http.MethodPost, path(actor.Account, "/grants"), map[string]any{"role": "dispatcher"}).is(t, http.StatusCreated, "")
	if who := b.whoami(); who != "" {
		t.Errorf("the session of a wall is a dispatcher's: %s", who)
	}
}
