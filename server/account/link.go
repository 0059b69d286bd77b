package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/server/audit"
)

// accountOf is the account that a person comes in as, locked. Who comes for the first time gets the account whose login is the verified
// address or the preferred name, where an administrator has made one without a password for single sign-on; an account with a password is
// never taken over. So the provider must not let people choose their preferred_username.
func (s *Service) accountOf(ctx context.Context, tx pgx.Tx, issuer string, who identity) (*Account, error) {
	a, err := lockBySubject(ctx, tx, issuer, who.Subject, s.now())
	if err != nil {
		return nil, err
	}
	if a == nil {
		if a, err = s.waiting(ctx, tx, who); err != nil {
			return nil, err
		}
		if a == nil {
			return nil, refuse(ssoUnknown, "no account is linked to the subject, and none without a password has its login")
		}
		if a.DisabledAt == nil {
			if err := link(ctx, tx, a.ID, issuer, who.Subject); err != nil {
				return nil, err
			}
			err := audit.Append(ctx, tx, audit.Entry{Action: "account.link", Object: a.Object(), After: map[string]any{"issuer": issuer}})
			if err != nil {
				return nil, err
			}
		}
	}
	if a.DisabledAt != nil {
		return nil, &refusal{code: ssoDisabled, err: fmt.Errorf("the account %s is disabled", a.Login), account: a}
	}
	return a, nil
}

// waiting is the account that was made for a person who has not come yet, locked; nil where there is none, or more than one.
func (s *Service) waiting(ctx context.Context, tx pgx.Tx, who identity) (a *Account, err error) {
	for _, login := range who.logins() {
		b, err := findByLogin(ctx, tx, login, s.now())
		if err != nil {
			return nil, err
		}
		if b == nil || a != nil && a.ID == b.ID {
			continue
		}
		if b, err = lock(ctx, tx, b.ID, s.now()); err != nil {
			return nil, err
		}
		if b == nil || b.Kind != Person || b.Password != "" || b.Issuer != nil || b.Demo {
			continue
		}
		if a != nil {
			return nil, nil
		}
		a = b
	}
	return a, nil
}

// logins are those under which an administrator may have made an account for the person ahead of the first log-in. An address counts only
// where the provider has verified it: a preferred name that looks like one may be another's.
func (i identity) logins() []string {
	var logins []string
	if i.Email != "" && i.Verified == true {
		logins = append(logins, normalLogin(i.Email))
	}
	if i.Preferred != "" && !strings.Contains(i.Preferred, "@") {
		logins = append(logins, normalLogin(i.Preferred))
	}
	return logins
}

// link makes an account the one that an issuer's subject comes in as.
func link(ctx context.Context, tx pgx.Tx, account uuid.UUID, issuer, subject string) error {
	_, err := tx.Exec(ctx, `UPDATE account SET issuer = $2, subject = $3, version = version + 1 WHERE id = $1`, account, issuer, subject)
	return err
}

// lockBySubject is the account that an issuer's subject comes in as, locked as by lock, nil where there is none.
func lockBySubject(ctx context.Context, tx pgx.Tx, issuer, subject string, now time.Time) (*Account, error) {
	var id uuid.UUID
	err := tx.QueryRow(ctx, `SELECT id FROM account WHERE issuer = $1 AND subject = $2`, issuer, subject).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return lock(ctx, tx, id, now)
}
