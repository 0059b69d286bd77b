package web

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

const (
	// All that a page needs comes from this server, in files of their own. Vue and Leaflet set style attributes, which cannot run anything.
	pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; " +
		"connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
	// An answer of the API is no page, whatever a browser is made to take it for.
	dataPolicy = "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

	permissions = "geolocation=(self), camera=(), microphone=(), payment=(), usb=(), midi=(), accelerometer=(), gyroscope=(), magnetometer=()"
)

// secure sets the headers that keep a browser from running, framing, lending or keeping what it should not.
func (o Options) secure(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Permissions-Policy", permissions)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if o.isHTTPS() {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if isData(c.Request()) {
			h.Set("Content-Security-Policy", dataPolicy)
			// What it says depends on who asks. A handler that knows better says so.
			h.Set("Cache-Control", "no-store")
		} else {
			h.Set("Content-Security-Policy", pagePolicy)
		}
		return next(c)
	}
}

// isData tells the API from the pages.
func isData(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }

// sameOrigin refuses what a browser sends from another site: the cookie would come along. Whoever is no browser passes.
func (o Options) sameOrigin() echo.MiddlewareFunc {
	protection := http.NewCrossOriginProtection()
	if o.PublicURL != nil {
		if err := protection.AddTrustedOrigin(o.PublicURL.String()); err != nil {
			panic(err) // ParsePublicURL lets nothing else through
		}
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if protection.Check(c.Request()) != nil {
				return NewProblem(CrossOrigin, "a browser sent this from a page of another site; open this server's own pages. "+
					"Behind a proxy that changes the host, the server must be told its address: --public-url")
			}
			return next(c)
		}
	}
}
