package incident

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"jingwei/server/area"
	"jingwei/server/web"
)

type pointsInput struct {
	FilterInput
	IDs bool `query:"ids" doc:"Whether each has its id; they are most of the answer's size"`
}

// listRoutes are the addresses that give many incidents at once.
func listRoutes(server *web.Server, s *Service, areas *area.Service, tags []string) {
	huma.Register(server.API, huma.Operation{
		OperationID: "list-incident-points", Method: http.MethodGet, Path: "/api/v1/incidents/points", Tags: tags, Summary: "Incidents of a range of time in columns, the oldest first",
		Description: "For playing a day again: of each where, when, what, from which channel and in which town; 60,000 at most.",
	}, func(ctx context.Context, in *pointsInput) (*web.Output[*Points], error) {
		filter, err := in.Filter(areas.Current())
		if err != nil {
			return nil, err
		}
		points, err := s.Points(ctx, filter, in.IDs)
		if err != nil {
			return nil, err
		}
		return &web.Output[*Points]{Body: points}, nil
	})
}
