package account_test

import (
	"net/http"
	"testing"
	"time"

	"jingwei/server/account"
)

// meanwhile sends a request while what sql does is not committed yet, and commits it once the request waits for it, or has been answered.
func (h *house) meanwhile(sql string, request func()) {
	h.t.Helper()
	tx, err := h.pool.Begin(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(h.t.Context()) }()
	if _, err := tx.Exec(h.t.Context(), sql); err != nil {
		h.t.Fatal(err)
	}
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		request()
	}()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		select {
		case <-answered:
		default:
			if one[int](h, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == 0 {
				if time.Now().After(deadline) {
					h.t.Fatal("the request neither waits nor is answered")
				}
				continue
			}
		}
		break
	}
	if err := tx.Commit(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	<-answered
}

// A session that another browser ends while it is in use is over, and what it was used for is not done.
func TestSessionEndsMeanwhile(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		confirmed bool // the second factor is in force before
		use       func(b *browser, o offer) answer
	}{
		"new password": {false, func(b *browser, _ offer) answer { return change(b, goodPassword, "Amber-Kettle-94-river") }},
		"factor confirmed": {false, func(b *browser, o offer) answer {
			return b.ask(http.MethodPut, factorPath, map[string]string{"code": o.code(b.house, 0)})
		}},
		"factor removed": {true, func(b *browser, o offer) answer {
			return b.ask(http.MethodPost, factorPath+"/remove", map[string]string{"password": goodPassword, "code": o.code(b.house, 0)})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, account.Rules{})
			h.person("zhang", goodPassword)
			b := h.entered("zhang", goodPassword)
			o := offered(b)
			if test.confirmed {
				b.ask(http.MethodPut, factorPath, map[string]string{"code": o.code(h, -1)}).is(t, http.StatusOK, "")
			}
			const state = `SELECT json_build_array(password, totp_confirmed_at)::text FROM account`
			before := one[string](h, state)
			var a answer
			h.meanwhile(`DELETE FROM account_session`, func() { a = test.use(b, o) })
			a.is(t, http.StatusUnauthorized, "login_required")
			if after := one[string](h, state); after != before {
				t.Error("it was done all the same")
			}
			if tries := one[int](h, `SELECT coalesce(sum(tries), 0) FROM login_try`); tries != 0 {
				t.Errorf("%d tries are counted", tries)
			}
		})
	}
}
