// Command oidcprovider is an OpenID Connect provider on a loopback port, on fosite and its store in memory. The tests of single sign-on log
// in with it. It is a module of its own, so that what fosite needs stays out of the program's go.mod.
//
// It prints its issuer and answers until its standard input ends. Whoever comes to /authorize is logged in as what the query says: sub,
// email, email_verified, preferred_username, name; with key=other the ID token is signed by a key that is not published.
package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/go-jose/go-jose/v3"
	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/storage"
	"github.com/ory/fosite/token/jwt"
	"golang.org/x/crypto/bcrypt"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to answer on")
	client := flag.String("client", "jingwei", "id of the one client")
	secret := flag.String("secret", "", "its secret")
	redirect := flag.String("redirect", "", "where it may be sent back to; on a loopback address, on any port")
	flag.Parse()
	if err := run(context.Background(), *listen, *client, *secret, *redirect); err != nil {
		slog.Error("provider", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, listen, client, secret, redirect string) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	p, err := newProvider("http://"+listener.Addr().String(), client, secret, redirect)
	if err != nil {
		return err
	}
	fmt.Println(p.issuer)
	server := &http.Server{Handler: p.routes(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}

const keyID = "1"

type provider struct {
	issuer           string
	published, other *jose.JSONWebKey
	oauth            fosite.OAuth2Provider
}

type otherKey struct{} // in a context: sign with the key that nobody knows

func newProvider(issuer, client, secret, redirect string) (*provider, error) {
	p := &provider{issuer: issuer}
	for _, key := range []**jose.JSONWebKey{&p.published, &p.other} {
		private, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		*key = &jose.JSONWebKey{Key: private, KeyID: keyID, Algorithm: "RS256", Use: "sig"}
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(secret), bcrypt.MinCost)
	if err != nil {
		return nil, err
	}
	store := storage.NewMemoryStore()
	store.Clients[client] = &fosite.DefaultClient{
		ID: client, Secret: hash, RedirectURIs: []string{redirect}, ResponseTypes: []string{"code"}, GrantTypes: []string{"authorization_code"},
		Scopes: []string{"openid", "profile", "email"},
	}
	config := &fosite.Config{
		IDTokenIssuer: issuer, GlobalSecret: []byte(rand.Text() + rand.Text()), EnforcePKCE: true, SendDebugMessagesToClients: true,
	}
	key := func(ctx context.Context) (any, error) {
		if ctx.Value(otherKey{}) != nil {
			return p.other, nil
		}
		return p.published, nil
	}
	p.oauth = compose.Compose(config, store,
		&compose.CommonStrategy{
			CoreStrategy: compose.NewOAuth2HMACStrategy(config), OpenIDConnectTokenStrategy: compose.NewOpenIDConnectStrategy(key, config),
			Signer: &jwt.DefaultSigner{GetPrivateKey: key},
		},
		compose.OAuth2AuthorizeExplicitFactory, compose.OpenIDConnectExplicitFactory, compose.OAuth2PKCEFactory)
	return p, nil
}

func (p *provider) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, map[string]any{
			"issuer": p.issuer, "authorization_endpoint": p.issuer + "/authorize", "token_endpoint": p.issuer + "/token", "jwks_uri": p.issuer + "/jwks",
			"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "scopes_supported": []string{"openid", "profile", "email"},
			"id_token_signing_alg_values_supported": []string{"RS256"}, "code_challenge_methods_supported": []string{"S256"},
		})
	})
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{p.published.Public()}})
	})
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	return mux
}

func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	request, err := p.oauth.NewAuthorizeRequest(ctx, r)
	if err != nil {
		p.oauth.WriteAuthorizeError(ctx, w, request, err)
		return
	}
	for _, scope := range request.GetRequestedScopes() {
		request.GrantScope(scope)
	}
	person, now := r.URL.Query(), time.Now()
	extra := map[string]any{"email_verified": person.Get("email_verified") == "true", "key": person.Get("key")}
	for _, claim := range []string{"email", "preferred_username", "name"} {
		if person.Has(claim) {
			extra[claim] = person.Get(claim)
		}
	}
	session := openid.NewDefaultSession()
	session.Subject = person.Get("sub")
	session.Claims = &jwt.IDTokenClaims{
		Issuer: p.issuer, Subject: person.Get("sub"), Audience: []string{request.GetClient().GetID()}, RequestedAt: now, AuthTime: now, Extra: extra,
	}
	session.Headers = &jwt.Headers{Extra: map[string]any{"kid": keyID}}
	response, err := p.oauth.NewAuthorizeResponse(ctx, request, session)
	if err != nil {
		p.oauth.WriteAuthorizeError(ctx, w, request, err)
		return
	}
	p.oauth.WriteAuthorizeResponse(ctx, w, request, response)
}

func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	request, err := p.oauth.NewAccessRequest(ctx, r, openid.NewDefaultSession())
	if err != nil {
		p.oauth.WriteAccessError(ctx, w, request, err)
		return
	}
	if session, ok := request.GetSession().(*openid.DefaultSession); ok && session.Claims.Extra["key"] == "other" {
		ctx = context.WithValue(ctx, otherKey{}, true)
	}
	response, err := p.oauth.NewAccessResponse(ctx, request)
	if err != nil {
		p.oauth.WriteAccessError(ctx, w, request, err)
		return
	}
	p.oauth.WriteAccessResponse(ctx, w, request, response)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		slog.Warn("cannot write", "error", err)
	}
}
