package item

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"jingwei/server/web"
)

type listOutput struct {
	Body struct {
		Items []Item `json:"items"`
	}
}

// Routes registers /api/v1/items.
func Routes(web *web.Server, s *Service) {
	huma.Register(web.API, huma.Operation{
		OperationID: "list-items", Method: http.MethodGet, Path: "/api/v1/items", Tags: []string{"items"}, Summary: "List the catalogue of items",
	}, func(context.Context, *struct{}) (*listOutput, error) {
		out := &listOutput{}
		out.Body.Items = append([]Item{}, s.List()...)
		return out, nil
	})
}
