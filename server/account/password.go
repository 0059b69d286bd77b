package account

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"github.com/jackc/pgx/v5"
	"github.com/nbutton23/zxcvbn-go"
	"golang.org/x/text/unicode/norm"

	"jingwei/server/audit"
	"jingwei/server/web"
)

const (
	leastLength   = 8   // that a city may ask for
	maxPassword   = 128 // characters: more cost time to judge, and no strength is missing
	passphrase    = 20  // characters from which on a password needs no mixture
	wantedClasses = 3   // of lower case, upper case, digits, and all others
	keptPasswords = 5   // that may not be used again: the one in use and those before it
	wantedScore   = 3   // of zxcvbn, 0 to 4: "safely unguessable" from a hash that leaked
)

// maxWait is how long a log-in waits for its turn to be hashed.
const maxWait = 10 * time.Second

func (r Rules) argon2id() *argon2id.Params {
	return &argon2id.Params{Memory: r.HashMemoryKiB, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// turn waits for the right to run argon2: as many run at once as there are processors, so that a flood of log-ins takes neither all memory
// nor, on one login, more tries than are allowed.
func (s *Service) turn(ctx context.Context) (done func(), err error) {
	timeout := time.NewTimer(maxWait)
	defer timeout.Stop()
	select {
	case s.hashing <- struct{}{}:
		return func() { <-s.hashing }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-timeout.C:
		return nil, &tooSoon{web.NewProblem(web.TooMany, "too many people log in at the moment; try again in a few seconds"), maxWait}
	}
}

// hash makes what is stored of a password. It waits for its turn.
func (s *Service) hash(ctx context.Context, password string) (string, error) {
	done, err := s.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	return s.hashNow(password)
}

func (s *Service) hashNow(password string) (string, error) {
	return argon2id.CreateHash(norm.NFKC.String(password), s.rules.argon2id())
}

// matches compares a password with a hash, at the same cost also where there is no hash. outdated tells that it was made by other rules
// than today's. It must be the caller's turn.
func (s *Service) matches(password, hash string) (ok, outdated bool, err error) {
	if hash == "" {
		hash = nobodysHash(s.rules.argon2id())
	}
	ok, params, err := argon2id.CheckHash(norm.NFKC.String(password), hash)
	if err != nil {
		return false, false, fmt.Errorf("a stored password cannot be read: %w", err)
	}
	return ok, ok && *params != *s.rules.argon2id(), nil
}

// nobodysHash is a hash that nobody knows a password of.
func nobodysHash(p *argon2id.Params) string {
	random := make([]byte, p.SaltLength+p.KeyLength)
	_, _ = rand.Read(random) // never fails
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", p.Memory, p.Iterations, p.Parallelism,
		base64.RawStdEncoding.EncodeToString(random[:p.SaltLength]), base64.RawStdEncoding.EncodeToString(random[p.SaltLength:]))
}

// weaknesses are the rules that a new password breaks, but for those that need hashing.
func (r Rules) weaknesses(a *Account, password string) (broken []string) {
	password = norm.NFKC.String(password)
	length := utf8.RuneCountInString(password)
	if length < r.PasswordMinLength {
		broken = append(broken, fmt.Sprintf("it has %d characters, and needs %d", length, r.PasswordMinLength))
	}
	if length > maxPassword {
		return append(broken, fmt.Sprintf("it has %d characters, and may have %d", length, maxPassword))
	}
	if length < passphrase && classes(password) < wantedClasses {
		broken = append(broken, fmt.Sprintf("it needs %d of these: lower case, upper case, digits, other characters; or %d characters of any kind", wantedClasses, passphrase))
	}
	if len(a.Login) > 2 && strings.Contains(strings.ToLower(password), a.Login) {
		broken = append(broken, "it contains the login")
	}
	if zxcvbn.PasswordStrength(password, []string{a.Login, a.Name, "jingwei"}).Score < wantedScore {
		broken = append(broken, "it is easy to guess: it is made of well-known passwords, words, names, dates, repetitions or rows of keys")
	}
	return broken
}

// classes counts the kinds of characters.
func classes(password string) (n int) {
	other := func(r rune) bool { return !unicode.IsLower(r) && !unicode.IsUpper(r) && !unicode.IsDigit(r) }
	for _, is := range []func(rune) bool{unicode.IsLower, unicode.IsUpper, unicode.IsDigit, other} {
		if strings.ContainsFunc(password, is) {
			n++
		}
	}
	return n
}

// weakPassword is the problem that names every broken rule.
func weakPassword(broken []string) error {
	p := web.NewProblem(web.WeakPassword, "choose another password: "+strings.Join(broken, "; "))
	for _, rule := range broken {
		p.Errors = append(p.Errors, web.NewProblem(web.WeakPassword, rule).At("body.new", nil).Errors...)
	}
	return p
}

// used reports whether a password is one of the last. It must be the caller's turn.
func (s *Service) used(a *Account, password string) (bool, error) {
	for _, hash := range append([]string{a.Password}, a.Former...) {
		if hash == "" {
			continue
		}
		if ok, _, err := s.matches(password, hash); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// setPassword stores a new password that the person has chosen, and remembers the one before.
func setPassword(ctx context.Context, tx pgx.Tx, a *Account, hash string, now time.Time) error {
	former := append([]string{}, a.Former...)
	if a.Password != "" {
		former = append([]string{a.Password}, former...)
	}
	former = former[:min(len(former), keptPasswords-1)]
	_, err := tx.Exec(ctx, `UPDATE account SET password = $2, password_changed_at = $3, must_change = false, former_passwords = $4 WHERE id = $1`,
		a.ID, hash, now, former)
	return err
}

// ChangePassword gives the person who asks a new password, ends the other sessions, and gives this one's new cookie.
func (s *Service) ChangePassword(ctx context.Context, current, password string) (cookie *http.Cookie, err error) {
	a, v, err := me(ctx)
	if err != nil {
		return nil, err
	}
	if broken := s.rules.weaknesses(a, password); len(broken) > 0 {
		return nil, weakPassword(broken)
	}
	done, err := s.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	hash, err := s.hashNow(password)
	if err != nil {
		return nil, err
	}
	err = s.prove(ctx, "password.change", current, func(tx pgx.Tx, a *Account) error {
		used, err := s.used(a, password)
		if err != nil {
			return err
		}
		if used {
			return weakPassword([]string{fmt.Sprintf("it is one of your last %d", keptPasswords)})
		}
		if err := setPassword(ctx, tx, a, hash, s.now()); err != nil {
			return err
		}
		ended, err := endOtherSessions(ctx, tx, a.ID, v.ID)
		if err != nil {
			return err
		}
		if cookie, err = s.renew(ctx, tx, v); err != nil {
			return err
		}
		return audit.Append(ctx, tx, audit.Entry{Action: "password.change", Object: a.Object(), After: map[string]any{"sessions_ended": ended}})
	})
	return cookie, err
}
