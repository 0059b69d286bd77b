// Package account is who may come in: people and machines, how they prove who they are (passwords, a second factor, single sign-on, API
// tokens), their sessions, and the roles that are granted to them on areas. What a role allows is package access's. The package knows no
// noun but areas.
package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/server/access"
	"jingwei/server/audit"
)

// Kind is what an account stands for.
type Kind string

// The kinds.
const (
	Person  Kind = "person"  // logs in with a password or by single sign-on
	Machine Kind = "machine" // an intake system: comes in with API tokens only
)

// Account is somebody who can be let in.
type Account struct {
	ID                uuid.UUID
	Login             string // lower case; never changes
	Name              string
	Kind              Kind
	Password          string // argon2id in PHC form; "" where there is none
	PasswordChangedAt *time.Time
	MustChange        bool     // the password was set by somebody else
	Former            []string // earlier passwords, argon2id, the newest first
	TOTP              []byte   // sealed secret of the second factor
	TOTPConfirmedAt   *time.Time
	Recovery          [][]byte // SHA-256 of the recovery codes that are left
	Issuer            *string  // OpenID Connect: who vouches for Subject
	Subject           *string
	LockedUntil       *time.Time // nil where it is not locked now
	DisabledAt        *time.Time
	Demo              bool // its password is known to everybody
	Version           int
	CreatedAt         time.Time
	LastLoginAt       *time.Time
	Grants            []Grant // those that have not expired
}

// Grant is a role on an area and all below it.
type Grant struct {
	ID        uuid.UUID   `json:"id"`
	Role      access.Role `json:"role"`
	Area      string      `json:"area"`  // code; "" is the whole installation
	Level     string      `json:"level"` // of the area
	ExpiresAt *time.Time  `json:"expires_at"`
	GrantedBy string      `json:"granted_by"`
	GrantedAt time.Time   `json:"granted_at"`
}

// SecondFactor reports whether a code is asked for beside the password.
func (a *Account) SecondFactor() bool { return a.TOTPConfirmedAt != nil }

// Object is what the audit log calls the account.
func (a *Account) Object() string { return "account/" + a.ID.String() }

// grants in the form that package access decides by.
func (a *Account) grants() []access.Grant {
	grants := make([]access.Grant, len(a.Grants))
	for i, g := range a.Grants {
		grants[i] = access.Grant{Role: g.Role, Area: g.Area, Level: g.Level}
	}
	return grants
}

// onlyLooks reports whether the account's roles let it look and do nothing else.
func (a *Account) onlyLooks() bool {
	return len(a.Grants) > 0 && !slices.ContainsFunc(a.Grants, func(g Grant) bool { return g.Role != access.Viewer })
}

// Is reports whether the account holds a role anywhere.
func (a *Account) Is(role access.Role) bool {
	return slices.ContainsFunc(a.Grants, func(g Grant) bool { return g.Role == role })
}

// Rules are what a city can set. Zero fields stand for the defaults.
type Rules struct {
	PasswordMinLength int           // characters; 12
	PasswordMaxAge    time.Duration // 0: a password does not expire
	SessionIdle       time.Duration // a session ends this long after the last request; 30 minutes
	SessionMax        time.Duration // a session ends this long after it began; 12 hours
	SessionWall       time.Duration // the session of a wall that is shown all the time ends this long after it began; 30 days
	Secure            bool          // the public address is https, and the cookie goes over nothing else
	HashMemoryKiB     uint32        // of argon2id; 64 MiB
}

func (r Rules) withDefaults() Rules {
	if r.PasswordMinLength == 0 {
		r.PasswordMinLength = 12
	}
	if r.SessionIdle == 0 {
		r.SessionIdle = 30 * time.Minute
	}
	if r.SessionMax == 0 {
		r.SessionMax = 12 * time.Hour
	}
	if r.SessionWall == 0 {
		r.SessionWall = 30 * 24 * time.Hour
	}
	if r.HashMemoryKiB == 0 {
		r.HashMemoryKiB = 64 << 10
	}
	return r
}

// Check finds what cannot be meant.
func (r Rules) Check() error {
	r = r.withDefaults()
	switch {
	case r.PasswordMinLength < leastLength || r.PasswordMinLength > maxPassword:
		return fmt.Errorf("a password's length is from %d to %d, not %d", leastLength, maxPassword, r.PasswordMinLength)
	case r.PasswordMaxAge < 0:
		return errors.New("the age at which a password expires is not negative; 0 is never")
	case r.SessionIdle < time.Minute:
		return fmt.Errorf("a session may be idle for a minute at least, not %v", r.SessionIdle)
	case r.SessionMax < r.SessionIdle:
		return fmt.Errorf("a session lasts at least as long as it may be idle (%v), not %v", r.SessionIdle, r.SessionMax)
	case r.SessionWall < 0 || r.SessionWall > MaxGrantLife:
		return fmt.Errorf("the session of a wall lasts ten years at most, not %v", r.SessionWall)
	}
	return nil
}

// normalLogin is how a login is stored and looked up; people write it with capitals and spaces around.
func normalLogin(login string) string { return strings.ToLower(strings.TrimSpace(login)) }

// mustChange reports whether nothing goes on before the person has changed the password.
func (s *Service) mustChange(a *Account) bool {
	if a.Password == "" || a.Kind != Person {
		return false
	}
	expires := s.passwordExpiresAt(a)
	return a.MustChange || expires != nil && !s.now().Before(*expires)
}

// passwordExpiresAt is nil where the password does not expire.
func (s *Service) passwordExpiresAt(a *Account) *time.Time {
	if s.rules.PasswordMaxAge == 0 || a.Password == "" || a.PasswordChangedAt == nil || a.Demo {
		return nil
	}
	at := a.PasswordChangedAt.Add(s.rules.PasswordMaxAge)
	return &at
}

// refused writes to the audit log that something was not done, in a transaction of its own.
func (s *Service) refused(ctx context.Context, e audit.Entry) error {
	e.Outcome = audit.Refused
	return s.inTx(ctx, func(tx pgx.Tx) error { return audit.Append(ctx, tx, e) })
}
