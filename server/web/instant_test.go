package web

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

// The first instant of the calendar is one that was given.
func TestAGivenInstantIsNeverZero(t *testing.T) {
	t.Parallel()
	type input struct {
		To Instant `query:"to"`
	}
	var to *huma.Param
	s := start(t, Options{}, func(s *Server) {
		huma.Register(s.API, huma.Operation{OperationID: "until", Method: http.MethodGet, Path: "/api/v1/until"},
			func(_ context.Context, in *input) (*Output[string], error) {
				if in.To.IsZero() {
					return &Output[string]{Body: "missing"}, nil
				}
				return &Output[string]{Body: in.To.UTC().Format("2006-01-02T15:04:05.000000")}, nil
			})
		to = s.API.OpenAPI().Paths["/api/v1/until"].Get.Parameters[0]
	})
	for query, want := range map[string]string{
		"":                                `"missing"`,
		"?to=":                            `"missing"`,
		"?to=0001-01-01T00:00:00Z":        `"0001-01-01T00:00:00.000001"`,
		"?to=0001-01-01T08:00:00%2B08:00": `"0001-01-01T00:00:00.000001"`,
		"?to=2026-07-01T00:00:00Z":        `"2026-07-01T00:00:00.000000"`,
	} {
		if got := strings.TrimSpace(s.do(http.MethodGet, "/api/v1/until"+query, "").body); got != want {
			t.Errorf("%q is %s, want %s", query, got, want)
		}
	}
	if to.Schema.Type != huma.TypeString || to.Schema.Format != "date-time" || to.Required {
		t.Errorf("it is described as %+v", to.Schema)
	}
}
