package account_test

import (
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"jingwei/server/account"
)

// Known and unknown logins cannot be told apart: the same answers, to the byte, for the same number of tries.
func TestLockoutGrowsAlikeForUnknownLogins(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	h.person("zhang", goodPassword)
	h.person("off", goodPassword)
	h.exec(`UPDATE account SET disabled_at = now() WHERE login = 'off'`)
	h.exec(`INSERT INTO account (id, login, name, kind, created_at) VALUES (gen_random_uuid(), 'intake', '12345', 'machine', now())`)
	logins := []string{"zhang", "nobody", "off", "intake"}
	browsers := map[string]*browser{}
	for _, login := range logins {
		browsers[login] = &browser{house: h}
	}
	// try gives what all logins are answered alike.
	try := func(password string) (status int, retry time.Duration) {
		t.Helper()
		var first answer
		for i, login := range logins {
			a := browsers[login].logIn(login, password, "")
			if i == 0 {
				first = a
			} else if a.status != first.status || a.body != first.body || a.header.Get("Retry-After") != first.header.Get("Retry-After") {
				t.Fatalf("%s is answered %d %s, %s %d %s", logins[0], first.status, first.body, login, a.status, a.body)
			}
		}
		seconds, _ := strconv.Atoi(first.header.Get("Retry-After"))
		return first.status, time.Duration(seconds) * time.Second
	}
	for range 5 {
		if status, _ := try("wrong"); status != http.StatusUnauthorized {
			t.Fatalf("a free try is answered %d", status)
		}
	}
	for _, minutes := range []int{1, 2, 4, 8, 16, 32, 60, 60} {
		want := time.Duration(minutes) * time.Minute
		if status, retry := try("wrong"); status != http.StatusTooManyRequests || retry != want {
			t.Fatalf("locked: %d, Retry-After %v, want %v", status, retry, want)
		}
		if status, _ := try(goodPassword); status != http.StatusTooManyRequests {
			t.Fatalf("the right password while locked is answered %d", status)
		}
		h.clock.pass(want - time.Second)
		if status, retry := try(goodPassword); status != http.StatusTooManyRequests || retry != time.Second {
			t.Fatalf("a second before the end: %d, Retry-After %v", status, retry)
		}
		h.clock.pass(time.Second)
		if status, _ := try("wrong"); status != http.StatusUnauthorized {
			t.Fatalf("the one try after the lock is answered %d", status)
		}
	}
	h.clock.pass(time.Hour)
	h.entered("zhang", goodPassword)
	for range 5 {
		(&browser{house: h}).logIn("zhang", "wrong", "").is(t, http.StatusUnauthorized, "wrong_credentials")
	}

	// Each wrong try and each lock is in the log, of the tries while it was locked the first.
	type key struct{ action, object string }
	rows, err := h.pool.Query(t.Context(), `SELECT action, object, count(*) FROM audit WHERE action IN ('session.refuse', 'account.lock') GROUP BY 1, 2`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	counts := map[key]int{}
	for rows.Next() {
		var k key
		var n int
		if err := rows.Scan(&k.action, &k.object, &n); err != nil {
			t.Fatal(err)
		}
		counts[k] = n
	}
	unknown := counts[key{"session.refuse", ""}]
	if unknown != 13+8 || counts[key{"account.lock", ""}] != 9 || len(counts) != 8 {
		t.Errorf("audit: %v", counts)
	}
	if leak := one[int](h, `SELECT count(*) FROM audit WHERE audit::text LIKE '%nobody%' OR audit::text LIKE '%wrong"%'`); leak != 0 {
		t.Errorf("%d entries hold what was typed", leak)
	}
}

func TestTriesAreForgottenAfterADay(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	h.person("zhang", goodPassword)
	b := &browser{house: h}
	for range 2 {
		for range 4 {
			b.logIn("zhang", "wrong", "").is(t, http.StatusUnauthorized, "wrong_credentials")
		}
		h.clock.pass(24 * time.Hour)
		if err := h.s.Upkeep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left := one[int](h, `SELECT count(*) FROM login_try`); left != 0 {
			t.Errorf("upkeep leaves %d logins", left)
		}
	}
	b.logIn("zhang", goodPassword, "").is(t, http.StatusOK, "")
}

// 200 guesses at once get no more tries than 200 one after the other, and the right one among them does not get through late.
func TestGuessesAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	h.person("zhang", goodPassword)
	var group sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for range 200 {
		group.Go(func() {
			a := (&browser{house: h}).logIn("zhang", "wrong", "")
			mu.Lock()
			defer mu.Unlock()
			statuses[a.status]++
		})
	}
	group.Wait()
	if statuses[http.StatusUnauthorized] != 5 || statuses[http.StatusTooManyRequests] != 195 {
		t.Errorf("answers: %v", statuses)
	}
	(&browser{house: h}).logIn("zhang", goodPassword, "").is(t, http.StatusTooManyRequests, "too_many_requests")
	if n := one[int](h, `SELECT count(*) FROM audit WHERE action = 'session.refuse'`); n != 6 {
		t.Errorf("%d refusals in the log, want 5 and the first of the locked ones", n)
	}
}

// Many browsers of one person at once are no attack.
func TestLogInsAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	h.person("zhang", goodPassword)
	var group sync.WaitGroup
	for range 30 {
		group.Go(func() {
			if a := (&browser{house: h}).logIn("zhang", goodPassword, ""); a.status != http.StatusOK {
				t.Errorf("answer %d %s", a.status, a.body)
			}
		})
	}
	group.Wait()
}
