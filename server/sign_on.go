package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"jingwei/server/account"
)

// signOnFlags are the provider of single sign-on.
type signOnFlags struct {
	OIDCIssuer           string `name:"oidc-issuer" help:"Single sign-on by OpenID Connect: the provider's address. It must not let people choose their preferred_username." env:"JINGWEI_OIDC_ISSUER" placeholder:"URL"`
	OIDCClientID         string `name:"oidc-client-id" help:"How the provider knows this server." env:"JINGWEI_OIDC_CLIENT_ID" placeholder:"ID"`
	OIDCClientSecretFile string `name:"oidc-client-secret-file" help:"File with the secret that goes with it. JINGWEI_OIDC_CLIENT_SECRET can hold it instead." env:"JINGWEI_OIDC_CLIENT_SECRET_FILE" placeholder:"FILE"`
	OIDCName             string `name:"oidc-name" help:"What the button for single sign-on says." env:"JINGWEI_OIDC_NAME" default:"统一身份认证" placeholder:"TEXT"`
}

// secretVariable holds the secret of single sign-on; a flag would show it to everybody who lists processes.
const secretVariable = "JINGWEI_OIDC_CLIENT_SECRET" //nolint:gosec // G101: the name of a variable

// signOn is the provider that is configured; ok is false where there is none. Without a public URL, browsers come to the listener's address.
func (c signOnFlags) signOn(public *url.URL, listener net.Addr) (o account.OIDC, ok bool, err error) {
	if c.OIDCIssuer == "" {
		if c.OIDCClientID != "" || c.OIDCClientSecretFile != "" {
			return o, false, errors.New("single sign-on needs --oidc-issuer too")
		}
		return o, false, nil
	}
	if u, err := url.Parse(c.OIDCIssuer); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return o, false, fmt.Errorf("--oidc-issuer is a URL such as https://id.example.org/realms/city, not %q", c.OIDCIssuer)
	} else if u.Scheme == "http" && !account.LoopbackHost(u.Host) {
		return o, false, errors.New("--oidc-issuer must be https: whoever can change what it answers can log in as anybody")
	}
	if c.OIDCClientID == "" {
		return o, false, errors.New("--oidc-issuer needs --oidc-client-id")
	}
	secret := os.Getenv(secretVariable)
	if c.OIDCClientSecretFile != "" {
		content, err := os.ReadFile(c.OIDCClientSecretFile)
		if err != nil {
			return o, false, fmt.Errorf("--oidc-client-secret-file: %w", err)
		}
		secret = strings.TrimSpace(string(content))
	}
	if secret == "" {
		return o, false, fmt.Errorf("--oidc-issuer needs the client's secret in --oidc-client-secret-file or %s", secretVariable)
	}
	base := "http://" + listener.String()
	if public != nil {
		base = public.String()
	}
	return account.OIDC{Issuer: c.OIDCIssuer, ClientID: c.OIDCClientID, ClientSecret: secret, Name: c.OIDCName, Callback: base + account.CallbackPath}, true, nil
}
