package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/jackc/pgx/v5"
	"golang.org/x/oauth2"

	"jingwei/server/audit"
	"jingwei/server/web"
)

// OIDC is an OpenID Connect provider that vouches for persons.
type OIDC struct {
	Issuer       string // its address, as its tokens say it
	ClientID     string // how it knows this program
	ClientSecret string
	Name         string // on the button: 统一身份认证
	Callback     string // where it sends the browser back to: the public address and CallbackPath
}

// CallbackPath is where a provider sends the browser back to.
const CallbackPath = "/api/v1/session/oidc/callback"

// Why single sign-on let nobody in; the log-in page says each in words.
const (
	ssoState       = "sso_state"       // the answer belongs to no log-in that this browser began, or it took too long
	ssoFailed      = "sso_failed"      // the provider refused, or what it sent does not hold
	ssoUnavailable = "sso_unavailable" // the provider cannot be reached
	ssoUnknown     = "sso_unknown"     // no account here is this person's
	ssoDisabled    = "sso_disabled"    // the account is disabled
)

// How long the provider may take to answer, and how long a failure to reach it is remembered, so that requests do not pile up.
const (
	providerPatience = 5 * time.Second
	providerPause    = 2 * time.Second
)

// provider is an OIDC whose addresses and keys are asked for when they are first needed: the server starts while it is away.
type provider struct {
	OIDC
	client *http.Client

	mu       sync.Mutex
	found    *oidc.Provider
	failed   error
	failedAt time.Time
}

func newProvider(o OIDC) *provider {
	return &provider{OIDC: o, client: &http.Client{Timeout: providerPatience}}
}

// discover gives the provider's addresses.
func (p *provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil && time.Since(p.failedAt) > providerPause {
		// What one browser begins, another may wait for: it is not given up with the request.
		found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.client), p.Issuer)
		if err != nil {
			slog.WarnContext(ctx, "single sign-on: the provider cannot be reached", "issuer", p.Issuer, "error", err)
			p.failed, p.failedAt = err, time.Now()
		}
		p.found = found
	}
	if p.found == nil {
		return nil, p.failed
	}
	return p.found, nil
}

func (p *provider) config(found *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.ClientSecret, Endpoint: found.Endpoint(), RedirectURL: p.Callback,
		Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
	}
}

// attempt is a log-in that a browser has begun at the provider. The browser keeps it in a cookie: nothing in it is secret from the one who
// logs in, and the server keeps nothing for whoever is not logged in.
type attempt struct {
	State    string `json:"s"` // comes back in the address: the answer belongs to this browser
	Nonce    string `json:"n"` // comes back in the token: the token belongs to this attempt
	Verifier string `json:"v"` // of PKCE: the code is worth nothing to whoever else sees it
	Return   string `json:"r"`
}

// begin starts an attempt and gives the address to send the browser to.
func (p *provider) begin(ctx context.Context, back string) (a attempt, address string, err error) {
	found, err := p.discover(ctx)
	if err != nil {
		return a, "", web.NewProblem(web.ProviderUnavailable, p.Name+" cannot be reached at the moment; try again in a few seconds, or log in with a password")
	}
	a = attempt{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Return: back}
	return a, p.config(found).AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)), nil
}

// identity is for whom the provider vouches.
type identity struct {
	Subject   string `json:"sub"`
	Email     string `json:"email"`
	Verified  any    `json:"email_verified"` // true is all that counts; some providers send texts
	Preferred string `json:"preferred_username"`
}

// refusal is why single sign-on did not let somebody in; the text goes to the log alone.
type refusal struct {
	code    string
	err     error
	account *Account // nil where it is not known
}

func (r *refusal) Error() string { return r.code + ": " + r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

func refuse(code, format string, args ...any) error {
	return &refusal{code: code, err: fmt.Errorf(format, args...)}
}

// finish checks the provider's answer to an attempt: state, code with its verifier, the token's signature, issuer, audience, times and nonce.
func (p *provider) finish(ctx context.Context, a attempt, answer url.Values) (who identity, err error) {
	if a.State == "" || subtle.ConstantTimeCompare([]byte(a.State), []byte(answer.Get("state"))) != 1 {
		return who, refuse(ssoState, "the state is not the one of this browser")
	}
	if answer.Get("error") != "" || answer.Get("code") == "" {
		return who, refuse(ssoFailed, "the provider answered %.100q", answer.Get("error"))
	}
	found, err := p.discover(ctx)
	if err != nil {
		return who, &refusal{code: ssoUnavailable, err: err}
	}
	ctx = oidc.ClientContext(ctx, p.client)
	token, err := p.config(found).Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(a.Verifier))
	if err != nil {
		if told := (*oauth2.RetrieveError)(nil); errors.As(err, &told) && told.Response.StatusCode < http.StatusInternalServerError {
			return who, refuse(ssoFailed, "the provider refused the code: %s", told.ErrorCode)
		}
		return who, refuse(ssoUnavailable, "exchange of the code: %w", err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return who, refuse(ssoFailed, "the provider sent no ID token")
	}
	id, err := found.Verifier(&oidc.Config{ClientID: p.ClientID}).Verify(ctx, raw)
	if err != nil {
		return who, refuse(ssoFailed, "the ID token does not hold: %w", err)
	}
	if a.Nonce == "" || subtle.ConstantTimeCompare([]byte(a.Nonce), []byte(id.Nonce)) != 1 {
		return who, refuse(ssoFailed, "the nonce of the ID token is not the one of this browser")
	}
	if err := id.Claims(&who); err != nil {
		return who, refuse(ssoFailed, "the claims of the ID token cannot be read: %w", err)
	}
	if who.Subject == "" {
		return who, refuse(ssoFailed, "the ID token names no subject")
	}
	return who, nil
}

// SignOnBy lets a provider vouch for persons. It must be called before the first request.
func (s *Service) SignOnBy(o OIDC) { s.provider = newProvider(o) }

// SignOnName is the text of the button for single sign-on; "" where there is none.
func (s *Service) SignOnName() string {
	if s.provider == nil {
		return ""
	}
	return s.provider.Name
}

// signOn ends an attempt: it logs the person in for whom the provider vouches, and gives the page to go on to; where it does not, that is the
// log-in page with the reason.
func (s *Service) signOn(ctx context.Context, a attempt, answer url.Values) (page string, cookie *http.Cookie, err error) {
	if s.provider == nil {
		return "", nil, errNoProvider()
	}
	who, err := s.provider.finish(ctx, a, answer)
	if err == nil {
		err = s.inTx(ctx, func(tx pgx.Tx) error {
			account, err := s.accountOf(ctx, tx, s.provider.Issuer, who)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `UPDATE account SET last_login_at = $2 WHERE id = $1`, account.ID, s.now()); err != nil {
				return err
			}
			cookie, err = s.begin(ctx, tx, account, "single sign-on")
			return err
		})
	}
	if r, ok := errors.AsType[*refusal](err); ok {
		slog.InfoContext(ctx, "single sign-on: refused", "request_id", web.RequestID(ctx), "error", r)
		return "/login?problem=" + r.code, nil, s.noteRefusal(ctx, r)
	}
	if err != nil {
		return "", nil, err
	}
	if !localPath(a.Return) { // the cookie is the browser's
		a.Return = "/"
	}
	return a.Return, cookie, nil
}

// noteRefusal writes to the audit log that somebody was not let in. What anybody can send without the provider is left out: a flood must not
// fill the log.
func (s *Service) noteRefusal(ctx context.Context, r *refusal) error {
	if r.code == ssoState || r.code == ssoUnavailable {
		return nil
	}
	e := audit.Entry{Action: "session.refuse", Reason: r.code, After: map[string]any{"by": "single sign-on", "issuer": s.provider.Issuer}}
	if r.account != nil {
		e.Object = r.account.Object()
	}
	return s.refused(ctx, e)
}

func errNoProvider() error {
	return web.NewProblem(web.NotFound, "single sign-on is not configured; the operator can set --oidc-issuer. Log in with a password")
}

// maxReturn is the length of a path to return to, in bytes.
const maxReturn = 1000

// localPath reports whether an address leads nowhere but to a page of this server: browsers take "//host", "/\host" and the same with tabs
// and line ends between for another host.
func localPath(address string) bool {
	if len(address) > maxReturn || !strings.HasPrefix(address, "/") || strings.HasPrefix(address, "//") || strings.Contains(address, `\`) ||
		strings.ContainsFunc(address, unicode.IsControl) {
		return false
	}
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "" && u.Host == "" && u.User == nil && strings.HasPrefix(u.Path, "/") && !strings.HasPrefix(u.Path, "//")
}
