package incident

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"jingwei/server/web"
)

func duplicateRoutes(server *web.Server, s *Service, tags []string) {
	huma.Register(server.API, huma.Operation{
		OperationID: "list-duplicates", Method: http.MethodGet, Path: "/api/v1/incidents/{id}/duplicates", Tags: tags,
		Summary:     "List the incidents that may be the same as one",
		Description: "Of the same item, at most 250 m and 7 days away and still open, the nearest first, at most 20.",
	}, func(ctx context.Context, in *findInput) (*web.Output[web.Items[PossibleDuplicate]], error) {
		i, err := s.Find(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		list, err := s.Duplicates(ctx, i)
		if err != nil {
			return nil, err
		}
		return &web.Output[web.Items[PossibleDuplicate]]{Body: web.Items[PossibleDuplicate]{Items: possible(list)}}, nil
	})
}
