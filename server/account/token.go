package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/server/access"
	"jingwei/server/audit"
	"jingwei/server/web"
)

// tokenPrefix lets people and scanners of source code tell what a token is for.
const tokenPrefix = "jw_"

// tokenBytes is how many random bytes a token has: nothing to guess, so a fast hash keeps it.
const tokenBytes = 32

// MaxTokenLife is how far ahead a token may expire.
const MaxTokenLife = 366 * 24 * time.Hour

// tokenUseEvery is how often the use of a token is written down.
const tokenUseEvery = time.Minute

// Token is how an intake system comes in. It can do what both the account's grants and its scopes allow.
type Token struct {
	ID        uuid.UUID       `json:"id" format:"uuid"`
	Name      string          `json:"name"`
	Hint      string          `json:"hint" doc:"The first characters, to tell tokens apart"`
	Scopes    []access.Action `json:"scopes"`
	CreatedBy string          `json:"created_by"`
	CreatedAt time.Time       `json:"created_at"`
	ExpiresAt time.Time       `json:"expires_at"`
	UsedAt    *time.Time      `json:"used_at" doc:"The last time, to the minute; null where never"`
	UsedFrom  *string         `json:"used_from" doc:"The address of the last use"`
	RevokedAt *time.Time      `json:"revoked_at"`
}

// NewToken is what a token is made from.
type NewToken struct {
	Name      string
	Scopes    []access.Action
	ExpiresAt time.Time
}

// newSecret is a token's text, which is shown once, what is kept of it, and its beginning.
func newSecret() (text string, hash []byte, hint string) {
	secret := make([]byte, tokenBytes)
	_, _ = rand.Read(secret) // never fails
	text = tokenPrefix + base64.RawURLEncoding.EncodeToString(secret)
	hash, _ = secretHash(text)
	return text, hash, text[:len(tokenPrefix)+6]
}

// secretHash is what is kept of a token's text; ok is false where the text cannot be a token.
func secretHash(text string) (hash []byte, ok bool) {
	encoded, ok := strings.CutPrefix(text, tokenPrefix)
	if !ok || base64.RawURLEncoding.DecodedLen(len(encoded)) != tokenBytes {
		return nil, false
	}
	secret, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return nil, false
	}
	sum := sha256.Sum256(secret)
	return sum[:], true
}

// errInvalidToken is the same for every token that lets nobody in, so that a finder of an old one learns nothing.
func errInvalidToken() error {
	return web.NewProblem(web.InvalidToken, "the token is unknown, expired or revoked; a security administrator can make a new one")
}

// ByToken is the actor who comes with a token; invalid_token where it lets nobody in.
func (s *Service) ByToken(ctx context.Context, text string) (*access.Actor, error) {
	hash, ok := secretHash(text)
	if !ok {
		return nil, errInvalidToken()
	}
	now := s.now()
	found, err := s.tokens.do(ctx, string(hash), func(ctx context.Context) (tokenOf, error) {
		t, a, err := findToken(ctx, s.pool, hash, now)
		return tokenOf{t, a}, err
	})
	if err != nil {
		return nil, err
	}
	t, a := found.token, found.account
	if t == nil || t.RevokedAt != nil || !now.Before(t.ExpiresAt) || a.DisabledAt != nil {
		return nil, errInvalidToken()
	}
	if t.UsedAt == nil || now.Sub(*t.UsedAt) >= tokenUseEvery {
		if err := touchToken(ctx, s.pool, t.ID, now, web.ClientAddress(ctx)); err != nil {
			return nil, err
		}
	}
	return access.Machine(a.ID, t.ID, a.Login, a.grants(), t.Scopes), nil
}

// tokenOf is a token and whose it is; several requests read it.
type tokenOf struct {
	token   *Token
	account *Account
}

// Tokens are those of an account, the newest first, also the ones that are over.
func (s *Service) Tokens(ctx context.Context, account uuid.UUID) ([]Token, error) {
	if err := access.Ask(ctx, access.AccountManage, nil); err != nil {
		return nil, err
	}
	if _, err := s.find(ctx, s.pool, account); err != nil {
		return nil, err
	}
	return listTokens(ctx, s.pool, account)
}

// CreateToken makes a token for a machine; text is the only time that it can be seen.
func (s *Service) CreateToken(ctx context.Context, account uuid.UUID, n NewToken) (t Token, text string, err error) {
	now := s.now().UTC().Truncate(time.Microsecond)
	n.Name = strings.TrimSpace(n.Name)
	err = s.manage(ctx, account, &audit.Entry{Action: "token.create"}, func(tx pgx.Tx, a *Account, e *audit.Entry) error {
		if err := n.check(now); err != nil {
			return err
		}
		if a.Kind != Machine {
			return web.NewProblem(web.Conflict, "tokens are for machines, and "+a.Login+" is a person; make an account of kind machine for the system that needs one")
		}
		var hash []byte
		text, hash, t.Hint = newSecret()
		t.ID, t.Name, t.Scopes, t.CreatedBy, t.CreatedAt, t.ExpiresAt = newID(), n.Name, n.Scopes, access.From(ctx).Login, now, n.ExpiresAt.UTC()
		e.After = map[string]any{"token": t.ID, "name": t.Name, "scopes": t.Scopes, "expires_at": t.ExpiresAt}
		return insertToken(ctx, tx, account, &t, hash)
	})
	if err != nil {
		return Token{}, "", err
	}
	return t, text, nil
}

func (n *NewToken) check(now time.Time) error {
	if err := checkName(n.Name, "body.name"); err != nil {
		return err
	}
	if len(n.Scopes) == 0 {
		return web.NewProblem(web.Invalid, "scopes must name what the token may do, such as "+string(access.IncidentIntake)).At("body.scopes", nil)
	}
	for i, scope := range n.Scopes {
		if !slices.Contains(access.Actions(), scope) {
			return web.NewProblem(web.Invalid, fmt.Sprintf("there is no action %q; /api/v1/roles lists them", scope)).At(fmt.Sprintf("body.scopes[%d]", i), scope)
		}
	}
	n.Scopes = slices.Compact(slices.Sorted(slices.Values(n.Scopes)))
	switch {
	case !n.ExpiresAt.After(now):
		return web.NewProblem(web.Invalid, "expires_at must be in the future").At("body.expires_at", n.ExpiresAt)
	case n.ExpiresAt.After(now.Add(MaxTokenLife)):
		return web.NewProblem(web.Invalid, "expires_at must be at most a year ahead").At("body.expires_at", n.ExpiresAt)
	}
	return nil
}

// RevokeToken ends a token at once. One that is revoked already stays as it is.
func (s *Service) RevokeToken(ctx context.Context, account, token uuid.UUID) error {
	return s.manage(ctx, account, &audit.Entry{Action: "token.revoke"}, func(tx pgx.Tx, _ *Account, e *audit.Entry) error {
		name, found, err := revokeToken(ctx, tx, account, token, s.now())
		if err == nil && !found {
			err = web.NewProblem(web.NotFound, "the account has no token "+token.String()).At("path.token", token)
		}
		e.Before = map[string]any{"token": token, "name": name}
		return err
	})
}
