package main

import (
	"bufio"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/account"
)

// TestStreamEndsWithTheRights: a stream that was opened with rights that are gone ends within seconds, and says so; one whose rights
// are still there goes on.
func TestStreamEndsWithTheRights(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	ctx := accesstest.Operator(t)
	accounts := s.app.accounts
	person := func(login string) (*account.Account, *site) {
		a, initial, err := accounts.Create(ctx, account.NewAccount{
			Login: login, Name: login, Kind: account.Person, Grant: &account.NewGrant{Role: access.Viewer, Area: "320282001"},
		})
		if err != nil {
			t.Fatal(err)
		}
		cookie := s.logIn(login, initial)
		password := "Jw-" + uuid.NewString()
		changed := s.as("Cookie", cookie).do(http.MethodPut, "/api/v1/account/password", toJSON(t, map[string]string{"current": initial, "new": password}))
		if a, err = accounts.Find(ctx, a.ID); err != nil {
			t.Fatal(err)
		}
		return a, s.as("Cookie", cookieOf(t, changed))
	}
	cases := []struct {
		name   string
		change func(a *account.Account, own *site) error // nil: nothing happens
	}{
		{"unchanged", nil},
		{"logged out", func(_ *account.Account, own *site) error {
			own.do(http.MethodDelete, "/api/v1/session", "")
			return nil
		}},
		{"sessions ended", func(a *account.Account, _ *site) error { return accounts.EndSessionsOf(ctx, a.ID) }},
		{"disabled", func(a *account.Account, _ *site) error {
			disabled := true
			_, err := accounts.Change(ctx, a.ID, 0, account.Change{Disabled: &disabled})
			return err
		}},
		{"revoked", func(a *account.Account, _ *site) error { return accounts.Revoke(ctx, a.ID, a.Grants[0].ID) }},
		{"granted more", func(a *account.Account, _ *site) error {
			_, err := accounts.Grant(ctx, a.ID, account.NewGrant{Role: access.Viewer, Area: "320282002"})
			return err
		}},
		{"expired", func(a *account.Account, _ *site) error {
			s.exec(`UPDATE account_grant SET expires_at = now() - interval '1 second' WHERE account = $1`, a.ID)
			return nil
		}},
		{"password reset", func(a *account.Account, _ *site) error {
			_, err := accounts.ResetPassword(ctx, a.ID)
			return err
		}},
	}
	streams := make([]<-chan sse, len(cases))
	for i, c := range cases {
		a, own := person(strings.ReplaceAll(c.name, " ", "."))
		streams[i] = own.follow("")
		next(t, streams[i], "hello")
		if c.change != nil {
			if err := c.change(a, own); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
		}
	}
	machine := s.token(access.Viewer, "320282001")
	revoked := s.as(machine...).follow("")
	next(t, revoked, "hello")
	s.exec(`UPDATE api_token SET revoked_at = now() WHERE id = (SELECT id FROM api_token ORDER BY created_at DESC LIMIT 1)`)
	public := s.as().follow("")
	next(t, public, "hello")

	ends := func(events <-chan sse, within time.Duration) (reason string, ended bool) {
		for timeout := time.After(within); ; {
			select {
			case e, ok := <-events:
				if !ok {
					return reason, true
				}
				if e.event == "reset" {
					reason = e.data
				}
			case <-timeout:
				return reason, false
			}
		}
	}
	var all sync.WaitGroup
	look := func(name string, events <-chan sse, want bool) {
		all.Go(func() {
			within := 12 * time.Second
			if want {
				within = time.Minute
			}
			reason, ended := ends(events, within)
			if ended != want || ended && !strings.Contains(reason, "rights changed") {
				t.Errorf("%s: ended %v with the reason %q", name, ended, reason)
			}
		})
	}
	for i, c := range cases {
		look(c.name, streams[i], c.change != nil)
	}
	look("token revoked", revoked, true)
	look("public", public, false)
	all.Wait()
}

// TestStreamMovesOn: who may not see an event is told its number with a beat, and nothing else, so as not to ask for it again.
func TestStreamMovesOn(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	all := s.follow("")
	next(t, all, "hello")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	blocks := make(chan string, 10)
	go func() {
		defer close(blocks)
		block := ""
		for scanner := bufio.NewScanner(response.Body); scanner.Scan(); {
			if block += scanner.Text() + "\n"; scanner.Text() == "" {
				blocks <- block
				block = ""
			}
		}
	}()
	if hello := <-blocks; !strings.Contains(hello, "event: hello") {
		t.Fatalf("the stream begins with %q", hello)
	}
	s.do(http.MethodPost, "/api/v1/incidents", report("不公开"))
	e := next(t, all, "incident.created")
	want := "id: " + e.id + "\n\n"
	for timeout := time.After(time.Minute); ; {
		select {
		case block := <-blocks:
			if block == want {
				return
			}
			if !strings.HasPrefix(block, "event: beat\n") {
				t.Fatalf("the public is told %q, want %q", block, want)
			}
		case <-timeout:
			t.Fatal("the public is not told how far the stream is")
		}
	}
}
