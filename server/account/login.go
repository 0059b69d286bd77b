package account

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"jingwei/server/web"
)

func errWrongCredentials() error {
	return web.NewProblem(web.WrongCredentials, "no such login, or not its password")
}

// LogIn lets a person in who knows the password and, where there is a second factor, a code. Without the password nothing tells whether the
// login exists: not the answer, not when it is locked, and not the time it takes, for a password is hashed in any case, with the cost of
// today's rules. (A hash that was made by other rules takes their time, until the person's next log-in makes it anew.)
func (s *Service) LogIn(ctx context.Context, login, password, code string) (*Account, *http.Cookie, error) {
	done, err := s.turn(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	t, err := s.claim(ctx, normalLogin(login))
	if err != nil {
		return nil, nil, err
	}
	hash, why := "", "there is no such login"
	if a := t.account; a != nil {
		if why = s.closed(ctx, a); why == "" {
			hash, why = a.Password, "wrong password"
		}
	}
	ok, outdated, err := s.matches(password, hash)
	if err != nil {
		return nil, nil, err
	}
	if !ok {
		return nil, nil, s.fail(ctx, t, "session.refuse", why, errWrongCredentials())
	}
	if t.account.SecondFactor() && code == "" {
		if err := s.takeBack(ctx, t); err != nil {
			return nil, nil, err
		}
		return nil, nil, errCodeNeeded("the password is right; add the code of your second factor")
	}
	rehashed := ""
	if outdated {
		if rehashed, err = s.hashNow(password); err != nil {
			return nil, nil, err
		}
	}
	var a *Account
	var cookie *http.Cookie
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if a, err = lock(ctx, tx, t.account.ID, s.now()); err != nil {
			return err
		}
		if a == nil || a.DisabledAt != nil || a.Password != hash { // changed since it was looked at
			return errWrongCredentials()
		}
		if a.SecondFactor() {
			if err := s.useCode(ctx, tx, a, code); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE account SET last_login_at = $2, password = coalesce(nullif($3, ''), password) WHERE id = $1`, a.ID, s.now(), rehashed); err != nil {
			return err
		}
		if err := unlock(ctx, tx, a.Login); err != nil {
			return err
		}
		cookie, err = s.begin(ctx, tx, a, "password")
		return err
	})
	if err != nil {
		return nil, nil, s.failIfProblem(ctx, t, "session.refuse", err)
	}
	return a, cookie, nil
}

// closed says why nobody can log in with an account's password, "" where somebody can.
func (s *Service) closed(ctx context.Context, a *Account) string {
	switch {
	case a.DisabledAt != nil:
		return "the account is disabled"
	case a.Password == "":
		return "the account has no password"
	case a.Demo && !s.onThisMachine(ctx):
		return "a demo account is for the machine itself only"
	}
	return ""
}

// onThisMachine reports whether a request can come from nowhere but the machine that the server runs on: it answers there only, the request
// calls it so, and no proxy says that it passed the request on. (One that says nothing, and gives us our own address as the host, cannot be
// told from the machine.)
func (s *Service) onThisMachine(ctx context.Context) bool {
	return s.loopback.Load() && LoopbackHost(visitOf(ctx).host) && !web.PassedOn(ctx)
}

// prove lets the person who asks do something that a stolen session must not do: by the password again. It counts as a try to log in. The
// password alone makes earlier tries forgotten only where there is no second factor: else whoever has it could try code after code. fn gets
// the account as it is; where it takes a code, a wrong one leaves the try counted, and after a right one it may unlock. It must be the
// caller's turn.
func (s *Service) prove(ctx context.Context, action, password string, fn func(tx pgx.Tx, a *Account) error) error {
	a, _, err := me(ctx)
	if err != nil {
		return err
	}
	switch {
	case a.Password == "":
		return web.NewProblem(web.Conflict, "your account has no password here: you come in by single sign-on, and its provider knows your password")
	case a.Demo:
		return web.NewProblem(web.Conflict, "this is a demo account, which stays as everybody knows it; make an account of your own")
	}
	t, err := s.claim(ctx, a.Login)
	if err != nil {
		return err
	}
	hash := ""
	if t.account != nil {
		hash = t.account.Password
	}
	ok, _, err := s.matches(password, hash)
	if err != nil {
		return err
	}
	if !ok {
		return s.fail(ctx, t, action, "wrong password", web.NewProblem(web.WrongCredentials, "this is not your password"))
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		a, err := lock(ctx, tx, t.account.ID, s.now())
		if err != nil {
			return err
		}
		if a == nil || a.Password != hash {
			return web.NewProblem(web.Conflict, "your account was changed in the meantime; try again")
		}
		if a.SecondFactor() {
			err = takeBack(ctx, tx, t)
		} else {
			err = unlock(ctx, tx, a.Login)
		}
		if err != nil {
			return err
		}
		return fn(tx, a)
	})
	return s.failIfProblem(ctx, t, action, err)
}

// failIfProblem settles a try after its transaction: a wrong code stays counted, anything else that was wrong says nothing of the try.
func (s *Service) failIfProblem(ctx context.Context, t *try, action string, err error) error {
	p, ok := web.AsProblem(err)
	switch {
	case err == nil:
		return nil
	case !ok:
		return err // the database failed: the try stays counted
	case p.Code == web.SecondFactorNeeded:
		return s.fail(ctx, t, action, "wrong code", err)
	case p.Code == web.WrongCredentials:
		return s.fail(ctx, t, action, "the account was changed in the meantime", err)
	}
	if taken := s.takeBack(ctx, t); taken != nil {
		return taken
	}
	return err
}
