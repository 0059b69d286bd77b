// Package web is what all routes share: echo, huma and its OpenAPI, problem+json, request ids, metrics, static files, and what keeps the web's
// own dangers away: headers, other sites' requests, limits of size, time and number.
// No noun of the domain may enter it.
package web

import (
	"compress/gzip"
	"context"
	"log/slog"
	"net"
	"net/http"
	"path"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/prometheus/client_golang/prometheus"
)

// Server is the echo router and the huma API on it; nouns register their routes on either.
type Server struct {
	Echo    *echo.Echo
	API     huma.API
	Metrics *prometheus.Registry
	options Options
	ready   []readiness
	says    []remark
}

// New makes a server without routes. version goes into the OpenAPI document.
func New(version string, options Options) *Server {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = writeProblem
	e.IPExtractor = options.clientAddress()
	s := &Server{Echo: e, Metrics: newMetrics(), options: options}

	e.Pre(options.forwarded)
	e.Use(middleware.RequestIDWithConfig(middleware.RequestIDConfig{
		RequestIDHandler: func(c echo.Context, id string) {
			ctx := context.WithValue(c.Request().Context(), requestIDKey{}, id)
			c.SetRequest(c.Request().WithContext(context.WithValue(ctx, clientAddressKey{}, c.RealIP())))
		},
	}))
	e.Use(s.measure)
	e.Use(middleware.RecoverWithConfig(middleware.RecoverConfig{
		LogErrorFunc: func(c echo.Context, err error, stack []byte) error {
			id := RequestID(c.Request().Context())
			slog.Error("panic", "request_id", id, "error", err, "stack", string(stack))
			return NewProblem(Internal, "the server failed; the log has the details under request id "+id)
		},
	}))
	e.Use(options.secure)
	e.Use(options.sameOrigin())
	e.Use(bodies)
	e.Use(middleware.GzipWithConfig(middleware.GzipConfig{
		Level: gzip.BestSpeed, MinLength: 1024,
		// Tiles are kept compressed, and an event must leave at once.
		Skipper: func(c echo.Context) bool {
			path := c.Request().URL.Path
			return strings.HasSuffix(path, ".mvt") || path == "/api/v1/events"
		},
	}))

	config := huma.DefaultConfig("经纬 Jingwei", version)
	config.Info.Description = "Grid governance map server: points snap to the areas that own them, incidents become work. " +
		"Coordinates are longitude, latitude in degrees (EPSG:4326) unless crs says otherwise; times are RFC 3339; errors are RFC 9457 problems with a stable code."
	config.OpenAPIPath = "/api/v1/openapi"
	config.DocsPath = ""
	config.SchemasPath = ""
	config.CreateHooks = nil
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.OnAddOperation = append(config.OnAddOperation, bound)
	plain := huma.DefaultConfig("", "")
	plain.OpenAPIPath, plain.DocsPath, plain.SchemasPath, plain.CreateHooks = "", "", "", nil
	s.API = huma.NewAPI(config, verbs{humaecho.New(e, plain).Adapter()})
	s.API.UseMiddleware(s.refuseLargeBody, limitTime)
	s.registerHealth()
	return s
}

// verbs lets a path end in :verb, as /incidents:batch does: echo takes a colon that is not escaped for the beginning of a parameter.
type verbs struct{ huma.Adapter }

// Handle registers an operation with echo.
func (v verbs) Handle(op *huma.Operation, handler func(huma.Context)) {
	escaped := *op
	escaped.Path = strings.ReplaceAll(op.Path, ":", `\:`)
	v.Adapter.Handle(&escaped, handler)
}

// Serve answers on the listener until ctx ends, then lets requests finish for at most ten seconds. Streams must end with ctx themselves.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler: headAsGet(s.Echo), ReadHeaderTimeout: headerTime, WriteTimeout: answerTime, IdleTimeout: idleTime, MaxHeaderBytes: headerBytes,
		ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	listener = &bounded{listener, NewSlots(maxConnections, maxConnectionsAddress), s.options.trusts}
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return server.Close()
	}
	return nil
}

// headAsGet answers HEAD wherever GET answers; net/http leaves the body out. The live stream has no end, and so no HEAD.
func headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead && r.URL.Path != "/api/v1/events" {
			r = r.Clone(r.Context()) // net/http looks at the method of its own request
			r.Method = http.MethodGet
		}
		next.ServeHTTP(w, r)
	})
}

// schemaName puts the noun before a type's name, because several nouns have a type of the same name.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	noun := path.Base(t.PkgPath())
	if list, _, generic := strings.Cut(t.Name(), "["); generic && noun == "web" && t.Kind() == reflect.Struct {
		if items, ok := t.FieldByName("Items"); ok {
			return list + schemaName(items.Type.Elem(), "")
		}
	}
	if t.Name() == "" || !strings.HasPrefix(t.PkgPath(), "jingwei/server/") || noun == "web" {
		return name
	}
	noun = strings.ToUpper(noun[:1]) + noun[1:]
	return noun + strings.TrimPrefix(name, noun)
}

type requestIDKey struct{}

// RequestID is the id of the request that ctx belongs to, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

type clientAddressKey struct{}

// ClientAddress is the IP address that the request of ctx came from, or "".
func ClientAddress(ctx context.Context) string {
	address, _ := ctx.Value(clientAddressKey{}).(string)
	return address
}
