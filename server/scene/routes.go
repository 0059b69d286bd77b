package scene

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/server/web"
)

// Path is the scene that a request is about. (Exported, because huma sets no fields of an embedded type that is not.)
type Path struct {
	ID uuid.UUID `path:"id" format:"uuid"`
}

// Match is the version that a change is made to.
type Match struct {
	IfMatch string `header:"If-Match" required:"true" doc:"The ETag of the scene that is changed"`
}

type (
	output struct {
		ETag string `header:"ETag"`
		Body Scene
	}
	createInput struct {
		Body struct {
			Draft
			Position *int `json:"position,omitempty" minimum:"0" doc:"Those from there on move back; left out: behind all others"`
		}
	}
	createOutput struct {
		Location string `header:"Location"`
		ETag     string `header:"ETag"`
		Body     Scene
	}
	changeInput struct {
		Path
		Match
		Body Draft
	}
	deleteInput struct {
		Path
		Match
	}
	arrangeInput struct {
		Body struct {
			IDs []uuid.UUID `json:"ids" maxItems:"100" doc:"All scenes, each once, in their new order"`
		}
	}
)

// Routes registers /api/v1/scenes.
func Routes(server *web.Server, s *Service) {
	operation := func(id, method, path, summary string, status int) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: "/api/v1/scenes" + path, Summary: summary, Tags: []string{"scenes"}, DefaultStatus: status, MaxBodyBytes: 24 << 10,
		}
	}
	items := func(scenes []Scene, err error) (*web.Output[web.Items[Scene]], error) {
		return &web.Output[web.Items[Scene]]{Body: web.Items[Scene]{Items: append([]Scene{}, scenes...)}}, err
	}
	huma.Register(server.API, operation("list-scenes", http.MethodGet, "", "List the scenes of the walls in their order", http.StatusOK),
		func(ctx context.Context, _ *struct{}) (*web.Output[web.Items[Scene]], error) {
			return items(s.List(ctx))
		})
	huma.Register(server.API, operation("create-scene", http.MethodPost, "", "Make a scene", http.StatusCreated),
		func(ctx context.Context, in *createInput) (*createOutput, error) {
			made, err := s.Create(ctx, in.Body.Draft, in.Body.Position)
			if err != nil {
				return nil, err
			}
			return &createOutput{Location: "/api/v1/scenes/" + made.ID.String(), ETag: web.ETag(made.Version), Body: *made}, nil
		})
	huma.Register(server.API, operation("arrange-scenes", http.MethodPut, "/order", "Put the scenes into another order", http.StatusOK),
		func(ctx context.Context, in *arrangeInput) (*web.Output[web.Items[Scene]], error) {
			return items(s.Arrange(ctx, in.Body.IDs))
		})
	huma.Register(server.API, operation("find-scene", http.MethodGet, "/{id}", "Find a scene by its id", http.StatusOK),
		func(ctx context.Context, in *Path) (*output, error) {
			found, err := s.Find(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return &output{ETag: web.ETag(found.Version), Body: *found}, nil
		})
	huma.Register(server.API, operation("change-scene", http.MethodPut, "/{id}", "Replace a scene", http.StatusOK),
		func(ctx context.Context, in *changeInput) (*output, error) {
			version, err := web.ParseETag(in.IfMatch)
			if err != nil {
				return nil, err
			}
			changed, err := s.Change(ctx, in.ID, version, in.Body)
			if err != nil {
				return nil, err
			}
			return &output{ETag: web.ETag(changed.Version), Body: *changed}, nil
		})
	huma.Register(server.API, operation("delete-scene", http.MethodDelete, "/{id}", "Delete a scene", http.StatusNoContent),
		func(ctx context.Context, in *deleteInput) (*struct{}, error) {
			version, err := web.ParseETag(in.IfMatch)
			if err != nil {
				return nil, err
			}
			return nil, s.Delete(ctx, in.ID, version)
		})
}
