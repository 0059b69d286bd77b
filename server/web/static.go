package web

import (
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/labstack/echo/v4"
)

// Pages serves the built front end: index.html at /, name.html at /name, and hashed assets that may be kept for ever.
// Before the front end is built, / says how to build it.
func (s *Server) Pages(files fs.FS) {
	serve := func(c echo.Context, name string) error {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			if name == "index.html" {
				return c.String(http.StatusServiceUnavailable, "the pages are not built into this program; build it with: make build\n")
			}
			return echo.ErrNotFound
		}
		cache := "no-cache"
		if strings.HasPrefix(name, "assets/") {
			cache = "public, max-age=31536000, immutable"
		}
		c.Response().Header().Set("Cache-Control", cache)
		return c.Blob(http.StatusOK, contentType(name), content)
	}
	s.Echo.GET("/", func(c echo.Context) error { return serve(c, "index.html") })
	s.Echo.GET("/*", func(c echo.Context) error {
		name := strings.TrimPrefix(path.Clean("/"+c.Param("*")), "/")
		if path.Ext(name) == "" {
			name += ".html"
		}
		return serve(c, name)
	})
}

// contentType does not ask the machine's MIME table, which differs from one to the next.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".json", ".map":
		return "application/json"
	case ".png":
		return "image/png"
	case ".woff2":
		return "font/woff2"
	}
	return "application/octet-stream"
}
