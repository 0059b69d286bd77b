package account_test

import (
	"encoding/base64"
	"encoding/json"
	"image/png"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"jingwei/server/account"
)

const factorPath = "/api/v1/account/second-factor"

type offer struct {
	Secret string `json:"secret"`
	URI    string `json:"uri"`
	QR     string `json:"qr"`
}

func offered(b *browser) (o offer) {
	b.t.Helper()
	a := b.ask(http.MethodPost, factorPath, map[string]string{"password": goodPassword}).is(b.t, http.StatusOK, "")
	if err := json.Unmarshal([]byte(a.body), &o); err != nil {
		b.t.Fatal(err)
	}
	return o
}

// code is what an authenticator shows, some steps from now.
func (o offer) code(h *house, steps int) string {
	code, err := totp.GenerateCode(o.Secret, h.clock.now().Add(time.Duration(steps)*30*time.Second))
	if err != nil {
		h.t.Fatal(err)
	}
	return code
}

// confirmed is a browser of zhang, who has a second factor, with the recovery codes. The code of the step before is used up.
func confirmed(h *house) (b *browser, o offer, recovery []string) {
	h.t.Helper()
	b = h.entered("zhang", goodPassword)
	o = offered(b)
	a := b.ask(http.MethodPut, factorPath, map[string]string{"code": o.code(h, -1)}).is(h.t, http.StatusOK, "")
	var body struct {
		RecoveryCodes []string `json:"recovery_codes"`
	}
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		h.t.Fatal(err)
	}
	return b, o, body.RecoveryCodes
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	h.person("zhang", goodPassword)
	b := h.entered("zhang", goodPassword)
	before := &browser{h, b.cookie}
	b.ask(http.MethodPost, factorPath, map[string]string{"password": "wrong"}).is(t, http.StatusUnauthorized, "wrong_credentials")
	b.ask(http.MethodPut, factorPath, map[string]string{"code": "123456"}).is(t, http.StatusConflict, "conflict")
	o := offered(b)
	picture, ok := strings.CutPrefix(o.QR, "data:image/png;base64,")
	if _, err := png.Decode(base64.NewDecoder(base64.StdEncoding, strings.NewReader(picture))); !ok || err != nil {
		t.Errorf("the QR code is no picture: %v", err)
	}
	if !strings.HasPrefix(o.URI, "otpauth://totp/Jingwei:zhang?") || !strings.Contains(o.URI, o.Secret) {
		t.Errorf("URI %q", o.URI)
	}
	if leak := one[int](h, `SELECT count(*) FROM account WHERE position(convert_to($1, 'UTF8') in totp) > 0`, o.Secret); leak != 0 {
		t.Error("the secret lies open in the database")
	}
	(&browser{house: h}).logIn("zhang", goodPassword, "").is(t, http.StatusOK, "") // offered is not in force
	b.ask(http.MethodPut, factorPath, map[string]string{"code": "000000"}).is(t, http.StatusUnauthorized, "second_factor_required")
	b.ask(http.MethodPut, factorPath, map[string]string{"code": o.code(h, -1)}).is(t, http.StatusOK, "")
	b.ask(http.MethodPost, factorPath, map[string]string{"password": goodPassword}).is(t, http.StatusConflict, "conflict")
	if before.whoami() != "" || b.whoami() != "zhang" {
		t.Error("the session's secret was not renewed")
	}
	if s := b.ask(http.MethodGet, "/api/v1/session", nil).state(t); !s.Account.SecondFactor {
		t.Error("the session does not tell of the second factor")
	}

	other := &browser{house: h}
	other.logIn("zhang", goodPassword, "").is(t, http.StatusUnauthorized, "second_factor_required")
	other.logIn("zhang", "wrong", o.code(h, 0)).is(t, http.StatusUnauthorized, "wrong_credentials")
	other.logIn("zhang", goodPassword, o.code(h, -1)).is(t, http.StatusUnauthorized, "second_factor_required") // used to confirm
	other.logIn("zhang", goodPassword, o.code(h, 2)).is(t, http.StatusUnauthorized, "second_factor_required")
	other.logIn("zhang", goodPassword, o.code(h, 0)).is(t, http.StatusOK, "")
	other.logIn("zhang", goodPassword, o.code(h, 0)).is(t, http.StatusUnauthorized, "second_factor_required") // replayed
	other.logIn("zhang", goodPassword, o.code(h, 1)).is(t, http.StatusOK, "")                                 // a clock that is ahead
	other.logIn("zhang", goodPassword, o.code(h, 0)).is(t, http.StatusUnauthorized, "second_factor_required") // earlier than the last
	h.clock.pass(2 * time.Minute)
	spaced := o.code(h, -1) // a clock that is behind
	other.logIn("zhang", goodPassword, spaced[:3]+" "+spaced[3:]).is(t, http.StatusOK, "")
}

func TestSecondFactorIsRemoved(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	h.person("zhang", goodPassword)
	b, o, _ := confirmed(h)
	remove := func(password, code string) answer {
		return b.ask(http.MethodPost, factorPath+"/remove", map[string]string{"password": password, "code": code})
	}
	remove("wrong", o.code(h, 0)).is(t, http.StatusUnauthorized, "wrong_credentials")
	remove(goodPassword, "000000").is(t, http.StatusUnauthorized, "second_factor_required")
	remove(goodPassword, o.code(h, 0)).is(t, http.StatusNoContent, "")
	(&browser{house: h}).logIn("zhang", goodPassword, "").is(t, http.StatusOK, "")
	remove(goodPassword, o.code(h, 1)).is(t, http.StatusConflict, "conflict")
	want := []string{"factor.confirm:done:", "factor.remove:refused:wrong password", "factor.remove:refused:wrong code", "factor.remove:done:"}
	if log := h.entries("factor.%"); strings.Join(log, " ") != strings.Join(want, " ") {
		t.Errorf("audit: %q", log)
	}
}

func TestRecoveryCodesAreGoodOnce(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	h.person("zhang", goodPassword)
	_, _, recovery := confirmed(h)
	if len(recovery) != 10 {
		t.Fatalf("%d recovery codes", len(recovery))
	}
	b := &browser{house: h}
	b.logIn("zhang", goodPassword, strings.ToLower(strings.ReplaceAll(recovery[0], "-", " "))).is(t, http.StatusOK, "")
	b.logIn("zhang", goodPassword, recovery[0]).is(t, http.StatusUnauthorized, "second_factor_required")
	b.logIn("zhang", goodPassword, recovery[9]).is(t, http.StatusOK, "")
	if left := one[int](h, `SELECT cardinality(recovery) FROM account`); left != 8 {
		t.Errorf("%d recovery codes are left", left)
	}
	for _, code := range recovery {
		if leak := one[int](h, `SELECT count(*) FROM account WHERE account::text LIKE '%' || $1 || '%'`, code); leak != 0 {
			t.Error("a recovery code lies open in the database")
		}
	}
}

// One code that is sent many times at once logs in once.
func TestCodeAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	h.person("zhang", goodPassword)
	_, o, recovery := confirmed(h)
	for _, code := range []string{o.code(h, 0), recovery[3]} {
		var group sync.WaitGroup
		var mu sync.Mutex
		let := 0
		for range 4 { // fewer than what is locked for
			group.Go(func() {
				if a := (&browser{house: h}).logIn("zhang", goodPassword, code); a.status == http.StatusOK {
					mu.Lock()
					defer mu.Unlock()
					let++
				}
			})
		}
		group.Wait()
		if let != 1 {
			t.Errorf("one code lets in %d times", let)
		}
	}
}

// Wrong codes are tries, and the right password does not make up for them; a password without a code is none.
func TestWrongCodesLock(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	h.person("zhang", goodPassword)
	_, o, _ := confirmed(h)
	b := &browser{house: h}
	for range 10 {
		b.logIn("zhang", goodPassword, "").is(t, http.StatusUnauthorized, "second_factor_required")
	}
	for range 5 {
		b.logIn("zhang", goodPassword, "").is(t, http.StatusUnauthorized, "second_factor_required")
		b.logIn("zhang", goodPassword, "000000").is(t, http.StatusUnauthorized, "second_factor_required")
	}
	b.logIn("zhang", goodPassword, o.code(h, 0)).is(t, http.StatusTooManyRequests, "too_many_requests")
	h.clock.pass(time.Minute)
	b.logIn("zhang", goodPassword, "").is(t, http.StatusUnauthorized, "second_factor_required")
	b.logIn("zhang", goodPassword, o.code(h, 0)).is(t, http.StatusOK, "")
}

// The password alone does not make wrong codes forgotten: else a thief of a session and the password could try one after the other.
func TestPasswordDoesNotForgetWrongCodes(t *testing.T) {
	t.Parallel()
	h := open(t, account.Rules{})
	h.person("zhang", goodPassword)
	b, o, _ := confirmed(h)
	remove := func(password, code string) answer {
		return b.ask(http.MethodPost, factorPath+"/remove", map[string]string{"password": password, "code": code})
	}
	const next, last = "Amber-Kettle-94-river", "Birch-Kettle-94-river"
	for range 4 {
		remove(goodPassword, "000000").is(t, http.StatusUnauthorized, "second_factor_required")
	}
	change(b, goodPassword, next).is(t, http.StatusNoContent, "")
	remove(next, "000000").is(t, http.StatusUnauthorized, "second_factor_required") // the fifth
	remove(next, o.code(h, 0)).is(t, http.StatusTooManyRequests, "too_many_requests")
	h.clock.pass(time.Minute)

	// A right code does, and so does the password where there is no code to try.
	remove(next, o.code(h, 0)).is(t, http.StatusNoContent, "")
	if n := one[int](h, `SELECT count(*) FROM login_try`); n != 0 {
		t.Error("a right code leaves tries counted")
	}
	change(b, "wrong", last).is(t, http.StatusUnauthorized, "wrong_credentials")
	change(b, next, last).is(t, http.StatusNoContent, "")
	if n := one[int](h, `SELECT count(*) FROM login_try`); n != 0 {
		t.Error("the password leaves tries counted")
	}
}
