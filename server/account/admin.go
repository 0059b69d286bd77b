package account

import (
	"context"
	"crypto/rand"
	"math/big"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/server/access"
	"jingwei/server/audit"
	"jingwei/server/db"
	"jingwei/server/web"
)

// Standing is whether an account can be used now.
type Standing string

// The standings.
const (
	Active   Standing = "active"
	Disabled Standing = "disabled" // by a security administrator
	Locked   Standing = "locked"   // for some time, after wrong passwords
)

// Filter says which accounts a list has.
type Filter struct {
	Text  string      // in the login or the name, in any case
	Role  access.Role // "" any
	State Standing    // "" any
	After string      // login after which the list goes on
}

// NewAccount is somebody to be let in.
type NewAccount struct {
	Login        string
	Name         string
	Kind         Kind
	SingleSignOn bool // a person without a password, who is to come by single sign-on
	Grant        *NewGrant
}

// Change is what is different; nil stays.
type Change struct {
	Name     *string
	Disabled *bool
}

// manage runs a change of an account in one transaction with its audit entry. One change goes after the other, so that two security
// administrators cannot take the role from each other at once.
func (s *Service) manage(ctx context.Context, account uuid.UUID, e *audit.Entry, change func(tx pgx.Tx, a *Account, e *audit.Entry) error) error {
	if err := access.Ask(ctx, access.AccountManage, nil); err != nil {
		return err
	}
	e.Object = "account/" + account.String()
	return s.noting(ctx, e, func(tx pgx.Tx) error {
		if err := oneAtATime(ctx, tx); err != nil {
			return err
		}
		a, err := lock(ctx, tx, account, s.now())
		if err != nil {
			return err
		}
		if a == nil {
			return web.NewProblem(web.NotFound, "no account has the id "+account.String()).At("path.id", account)
		}
		if err := change(tx, a, e); err != nil {
			return err
		}
		return audit.Append(ctx, tx, *e)
	})
}

// noting is inTx for what a security administrator tries: where a rule stands against it, e goes to the audit log as refused.
func (s *Service) noting(ctx context.Context, e *audit.Entry, fn func(tx pgx.Tx) error) error {
	err := s.inTx(ctx, fn)
	p, ok := web.AsProblem(err)
	if !ok || p.Code != web.Forbidden && p.Code != web.Conflict {
		return err
	}
	e.Reason = p.Detail
	if failed := s.refused(ctx, *e); failed != nil {
		return failed
	}
	return err
}

// List gives accounts in the order of their logins; more tells that there are others behind.
func (s *Service) List(ctx context.Context, f Filter, limit int) (accounts []*Account, more bool, err error) {
	if err := access.Ask(ctx, access.AccountManage, nil); err != nil {
		return nil, false, err
	}
	accounts, err = list(ctx, s.pool, f, limit+1, s.now())
	if len(accounts) > limit {
		return accounts[:limit], true, err
	}
	return accounts, false, err
}

// Find is the account with an id.
func (s *Service) Find(ctx context.Context, id uuid.UUID) (*Account, error) {
	if err := access.Ask(ctx, access.AccountManage, nil); err != nil {
		return nil, err
	}
	return s.find(ctx, s.pool, id)
}

// FindLogin is the account with a login.
func (s *Service) FindLogin(ctx context.Context, login string) (*Account, error) {
	if err := access.Ask(ctx, access.AccountManage, nil); err != nil {
		return nil, err
	}
	a, err := findByLogin(ctx, s.pool, normalLogin(login), s.now())
	if err == nil && a == nil {
		err = web.NewProblem(web.NotFound, "no account has the login "+login)
	}
	return a, err
}

// Create makes an account, with a role where one is given. password is the initial one of a person, which can be seen only now and has to be changed at the
// first log-in; "" for machines and for those who come by single sign-on.
func (s *Service) Create(ctx context.Context, n NewAccount) (a *Account, password string, err error) {
	if err := access.Ask(ctx, access.AccountManage, nil); err != nil {
		return nil, "", err
	}
	if err := n.check(); err != nil {
		return nil, "", err
	}
	a = &Account{ID: newID(), Login: n.Login, Name: n.Name, Kind: n.Kind, Version: 1, CreatedAt: s.now().UTC().Truncate(time.Microsecond)}
	if n.Kind == Person && !n.SingleSignOn {
		if password, a.Password, err = s.initialPassword(ctx); err != nil {
			return nil, "", err
		}
		a.PasswordChangedAt, a.MustChange = &a.CreatedAt, true
	}
	e := &audit.Entry{Action: "account.create", Object: a.Object()}
	e.After = map[string]any{"login": a.Login, "kind": a.Kind, "single_sign_on": n.SingleSignOn} // not the name: it is a person's
	err = s.noting(ctx, e, func(tx pgx.Tx) error {
		if err := insert(ctx, tx, a); err != nil {
			if db.Constraint(err) == "account_login_key" {
				return web.NewProblem(web.Conflict, "the login "+a.Login+" is taken; choose another").At("body.login", a.Login)
			}
			return err
		}
		if err := audit.Append(ctx, tx, *e); err != nil || n.Grant == nil {
			return err
		}
		granted := &audit.Entry{Action: "grant.create", Object: a.Object()}
		if _, err := s.grant(ctx, tx, a, *n.Grant, granted); err != nil {
			return err
		}
		return audit.Append(ctx, tx, *granted)
	})
	if err != nil {
		return nil, "", err
	}
	return a, password, nil
}

var loginPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._@-]{1,63}$`)

func (n *NewAccount) check() error {
	n.Login, n.Name = normalLogin(n.Login), strings.TrimSpace(n.Name)
	switch {
	case !loginPattern.MatchString(n.Login):
		return web.NewProblem(web.Invalid, "a login is 2 to 64 characters: a letter or digit, then letters, digits and . _ @ -").At("body.login", n.Login)
	case n.Kind != Person && n.Kind != Machine:
		return web.NewProblem(web.Invalid, "kind is person or machine").At("body.kind", n.Kind)
	case n.SingleSignOn && n.Kind != Person:
		return web.NewProblem(web.Invalid, "single sign-on is for persons; a machine comes in with a token").At("body.single_sign_on", nil)
	}
	return checkName(n.Name, "body.name")
}

// maxName is the length of a name in characters.
const maxName = 100

func checkName(name, place string) error {
	if name == "" || utf8.RuneCountInString(name) > maxName || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return web.NewProblem(web.Invalid, "a name is one line of 1 to 100 printable characters").At(place, name)
	}
	return nil
}

// Change alters an account whose version is still the given one; 0 is any.
func (s *Service) Change(ctx context.Context, id uuid.UUID, version int, c Change) (changed *Account, err error) {
	now := s.now().UTC().Truncate(time.Microsecond)
	err = s.manage(ctx, id, &audit.Entry{Action: "account.update"}, func(tx pgx.Tx, a *Account, e *audit.Entry) error {
		if version != 0 && version != a.Version {
			return web.NewProblem(web.Stale, "somebody changed "+a.Login+" in the meantime; load it again").At("header.If-Match", version)
		}
		after := map[string]any{}
		e.After = after
		if c.Name != nil {
			name := strings.TrimSpace(*c.Name)
			if err := checkName(name, "body.name"); err != nil {
				return err
			}
			if name != a.Name {
				after["renamed"] = true // not the names: they are a person's
			}
			a.Name = name
		}
		if c.Disabled != nil {
			e.Before, after["disabled"] = map[string]any{"disabled": a.DisabledAt != nil}, *c.Disabled
			if err := s.setDisabled(ctx, tx, a, *c.Disabled, now); err != nil {
				return err
			}
		}
		if err := update(ctx, tx, a); err != nil {
			return err
		}
		a.Version++
		changed = a
		return nil
	})
	return changed, err
}

// setDisabled lets an account in or not. Who is disabled is logged out everywhere.
func (s *Service) setDisabled(ctx context.Context, tx pgx.Tx, a *Account, disabled bool, now time.Time) error {
	switch {
	case isSelf(ctx, a):
		return web.NewProblem(web.Forbidden, "nobody disables or enables the own account; ask another security administrator").At("body.disabled", disabled)
	case !disabled:
		a.DisabledAt = nil
		return nil
	case a.DisabledAt != nil:
		return nil
	}
	if err := keepsOne(ctx, tx, a); err != nil {
		return err
	}
	a.DisabledAt = &now
	return endAllSessions(ctx, tx, a.ID)
}

// ResetPassword gives a person a new initial password, which can be seen only now, logs the person out everywhere and unlocks the login.
func (s *Service) ResetPassword(ctx context.Context, id uuid.UUID) (password string, err error) {
	var hash string
	if access.Can(access.From(ctx), access.AccountManage, nil) {
		if password, hash, err = s.initialPassword(ctx); err != nil { // ahead of the transaction, for it takes a while
			return "", err
		}
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	err = s.manage(ctx, id, &audit.Entry{Action: "password.reset"}, func(tx pgx.Tx, a *Account, _ *audit.Entry) error {
		switch {
		case isSelf(ctx, a):
			return web.NewProblem(web.Forbidden, "the own password is changed by giving the present one: PUT /api/v1/account/password")
		case a.Kind != Person:
			return web.NewProblem(web.Conflict, a.Login+" is a machine and has no password; make a token for it")
		case a.Demo:
			return web.NewProblem(web.Conflict, a.Login+" is a demo account, whose password everybody knows; make an account of your own")
		}
		if err := setInitialPassword(ctx, tx, a, hash, now); err != nil {
			return err
		}
		if err := unlock(ctx, tx, a.Login); err != nil {
			return err
		}
		return endAllSessions(ctx, tx, id)
	})
	if err != nil {
		return "", err
	}
	return password, nil
}

// ResetFactor takes a lost second factor from an account, and logs it out everywhere.
func (s *Service) ResetFactor(ctx context.Context, id uuid.UUID) error {
	return s.manage(ctx, id, &audit.Entry{Action: "factor.remove"}, func(tx pgx.Tx, a *Account, _ *audit.Entry) error {
		if isSelf(ctx, a) {
			return web.NewProblem(web.Forbidden, "the own second factor is removed with a code: POST /api/v1/account/second-factor/remove")
		}
		if err := clearFactor(ctx, tx, id); err != nil {
			return err
		}
		return endAllSessions(ctx, tx, id)
	})
}

// Unlock lets a login be tried again before its time.
func (s *Service) Unlock(ctx context.Context, id uuid.UUID) error {
	return s.manage(ctx, id, &audit.Entry{Action: "account.unlock"}, func(tx pgx.Tx, a *Account, e *audit.Entry) error {
		if isSelf(ctx, a) {
			return web.NewProblem(web.Forbidden, "nobody unlocks the own account; ask another security administrator")
		}
		e.Before = map[string]any{"locked_until": a.LockedUntil}
		return unlock(ctx, tx, a.Login)
	})
}

// SessionsOf are the places where a person is logged in, the newest first.
func (s *Service) SessionsOf(ctx context.Context, id uuid.UUID) ([]Session, error) {
	if err := access.Ask(ctx, access.AccountManage, nil); err != nil {
		return nil, err
	}
	if _, err := s.find(ctx, s.pool, id); err != nil {
		return nil, err
	}
	return listSessionsOf(ctx, s.pool, id, s.now(), s.rules.SessionIdle)
}

// EndSessionsOf logs a person out everywhere.
func (s *Service) EndSessionsOf(ctx context.Context, id uuid.UUID) error {
	return s.manage(ctx, id, &audit.Entry{Action: "session.delete"}, func(tx pgx.Tx, _ *Account, _ *audit.Entry) error { return endAllSessions(ctx, tx, id) })
}

// readable are the characters of initial passwords: none can be taken for another.
const readable = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"

// initialPassword is random, in groups of four that can be read out, and its hash.
func (s *Service) initialPassword(ctx context.Context) (password, hash string, err error) {
	for password == "" || !strings.ContainsAny(password, "23456789") || strings.ToLower(password) == password || strings.ToUpper(password) == password {
		var b strings.Builder
		for b.Len() < max(19, s.rules.PasswordMinLength) {
			if b.Len()%5 == 4 {
				b.WriteByte('-')
				continue
			}
			n, err := rand.Int(rand.Reader, big.NewInt(int64(len(readable))))
			if err != nil {
				return "", "", err
			}
			b.WriteByte(readable[n.Int64()])
		}
		password = b.String()
	}
	hash, err = s.hash(ctx, password)
	return password, hash, err
}

// newID is a UUIDv7 of now.
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
