package web

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

type readiness struct {
	name  string
	check func(context.Context) error
}

// ReadyWhen adds a condition to /readyz. Why a check fails goes to the log alone: the errors name hosts and accounts.
func (s *Server) ReadyWhen(name string, check func(context.Context) error) {
	s.ready = append(s.ready, readiness{name, check})
}

// ReadySays adds something that /readyz tells without a condition: what is slower or not complete for now.
func (s *Server) ReadySays(name string, say func() string) {
	s.says = append(s.says, remark{name, say})
}

type remark struct {
	name string
	say  func() string
}

// Readiness is the answer of /readyz.
type Readiness struct {
	Ready  bool              `json:"ready"`
	Checks map[string]string `json:"checks"`
}

func (s *Server) registerHealth() {
	s.Echo.GET("/healthz", func(c echo.Context) error { return c.String(http.StatusOK, "ok\n") })
	s.Echo.GET("/readyz", func(c echo.Context) error {
		ctx, cancel := context.WithTimeout(c.Request().Context(), 2*time.Second)
		defer cancel()
		answer := Readiness{Ready: true, Checks: map[string]string{}}
		for _, r := range s.ready {
			answer.Checks[r.name] = "ok"
			if err := r.check(ctx); err != nil {
				answer.Ready = false
				answer.Checks[r.name] = "not available; reconnecting"
				slog.WarnContext(ctx, "not ready", "check", r.name, "error", err)
			}
		}
		for _, r := range s.says {
			answer.Checks[r.name] = r.say()
		}
		c.Response().Header().Set("Cache-Control", "no-store")
		if !answer.Ready {
			return c.JSON(http.StatusServiceUnavailable, answer)
		}
		return c.JSON(http.StatusOK, answer)
	})
}

const metricsPath = "/metrics"

// ExposeMetrics answers /metrics for whom ask lets through.
func (s *Server) ExposeMetrics(ask func(context.Context) error) {
	metrics := echo.WrapHandler(promhttp.HandlerFor(s.Metrics, promhttp.HandlerOpts{DisableCompression: true}))
	s.Echo.GET(metricsPath, func(c echo.Context) error {
		if err := ask(c.Request().Context()); err != nil {
			return err
		}
		c.Response().Header().Set("Cache-Control", "no-store")
		return metrics(c)
	})
}

var requestSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
	Name: "jingwei_http_request_duration_seconds", Help: "Duration of HTTP requests by route, method and status.",
	Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
}, []string{"route", "method", "status"})

func newMetrics() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), requestSeconds)
	return r
}

// methodLabel keeps invented methods from becoming labels.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// measure times each request under its route pattern, so that codes and coordinates never become labels.
func (s *Server) measure(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		err := next(c)
		if err != nil {
			c.Error(err)
		}
		requestSeconds.WithLabelValues(c.Path(), methodLabel(c.Request().Method), strconv.Itoa(c.Response().Status)).Observe(time.Since(start).Seconds())
		return nil
	}
}
