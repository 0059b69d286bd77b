package item

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"jingwei/server/web"
)

// Routes registers /api/v1/items.
func Routes(s *web.Server, items *Service) {
	huma.Register(s.API, huma.Operation{
		OperationID: "list-items", Method: http.MethodGet, Path: "/api/v1/items", Tags: []string{"items"}, Summary: "List the catalogue of items",
	}, func(ctx context.Context, _ *struct{}) (*web.Output[web.Items[Item]], error) {
		list, err := items.List(ctx)
		return &web.Output[web.Items[Item]]{Body: web.Items[Item]{Items: append([]Item{}, list...)}}, err
	})
}
