package web

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"

	"github.com/labstack/echo/v4"
)

// Options are what a server is told of its surroundings.
type Options struct {
	PublicURL      *url.URL       // where browsers reach it; nil: wherever a request says it went
	TrustedProxies []netip.Prefix // who may say in X-Forwarded-For and X-Forwarded-Proto for whom they ask
}

// ParsePublicURL reads the address that browsers use: a scheme and a host, and nothing after it.
func ParsePublicURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("the public URL is a scheme and a host, such as https://map.example.org, not %q", text)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// ParseProxies reads networks (10.0.0.0/8) and single addresses (10.0.0.7).
func ParseProxies(texts []string) ([]netip.Prefix, error) {
	networks := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		network, err := netip.ParsePrefix(text)
		if address, addressErr := netip.ParseAddr(text); addressErr == nil {
			network, err = address.Prefix(address.BitLen())
		}
		if err != nil {
			return nil, fmt.Errorf("a trusted proxy is a network such as 10.0.0.0/8 or an address, not %q", text)
		}
		networks = append(networks, network.Masked())
	}
	return networks, nil
}

// isHTTPS tells whether browsers are known to come encrypted.
func (o Options) isHTTPS() bool { return o.PublicURL != nil && o.PublicURL.Scheme == "https" }

// trusts tells whether the other end of a connection is a trusted proxy. remote is an address with a port.
func (o Options) trusts(remote string) bool {
	end, err := netip.ParseAddrPort(remote)
	return err == nil && slices.ContainsFunc(o.TrustedProxies, func(n netip.Prefix) bool { return n.Contains(end.Addr().Unmap().WithZone("")) })
}

// clientAddress finds who asks: the nearest address that is no trusted proxy.
func (o Options) clientAddress() echo.IPExtractor {
	if len(o.TrustedProxies) == 0 {
		return echo.ExtractIPDirect()
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, network := range o.TrustedProxies {
		trust = append(trust, echo.TrustIPRange(&net.IPNet{
			IP: network.Addr().AsSlice(), Mask: net.CIDRMask(network.Bits(), network.Addr().BitLen()),
		}))
	}
	return echo.ExtractIPFromXFFHeader(trust...)
}

// saidByProxies are the headers in which a proxy tells of the request that it got. Libraries read more of them than we do.
var saidByProxies = []string{
	"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Protocol", "X-Forwarded-Ssl", "X-Url-Scheme", "X-Real-Ip",
	echo.HeaderXRequestID,
}

// aRequestID is what a proxy may name a request: it goes into the log and the audit.
var aRequestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

type passedOnKey struct{}

// PassedOn reports whether a proxy, trusted or not, says that it passed the request of ctx on: it comes from elsewhere than it seems to.
// That no proxy says so proves nothing.
func PassedOn(ctx context.Context) bool { return ctx.Value(passedOnKey{}) != nil }

// saysPassedOn tells whether there is a header in which only proxies tell of a request. (Clients, too, name their requests.)
func saysPassedOn(h http.Header) bool {
	return len(h.Values("Via")) > 0 || slices.ContainsFunc(saidByProxies, func(name string) bool { return name != echo.HeaderXRequestID && len(h.Values(name)) > 0 })
}

// forwarded removes what only a proxy may say from the requests of everybody else, before anything reads it; PassedOn remembers that it was
// said.
func (o Options) forwarded(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Request().Header
		if saysPassedOn(h) {
			c.SetRequest(c.Request().WithContext(context.WithValue(c.Request().Context(), passedOnKey{}, true)))
		}
		if !o.trusts(c.Request().RemoteAddr) {
			for _, name := range saidByProxies {
				h.Del(name)
			}
		} else if !aRequestID.MatchString(h.Get(echo.HeaderXRequestID)) {
			h.Del(echo.HeaderXRequestID)
		}
		return next(c)
	}
}

// Origin is the scheme and host under which the client of a request reaches this server: the public URL, or where there is none, what
// the request says, which anybody can make up.
func (s *Server) Origin(r *http.Request) string {
	if s.options.PublicURL != nil {
		return s.options.PublicURL.String()
	}
	scheme := "http"
	if r.TLS != nil || r.Header.Get(echo.HeaderXForwardedProto) == "https" {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}
