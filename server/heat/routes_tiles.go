package heat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"

	"jingwei/geo/mvt"
	"jingwei/server/incident"
	"jingwei/server/tile"
	"jingwei/server/web"
)

const (
	heatPath  = "/tiles/heat/{z}/{x}/{y}.mvt"
	pointPath = "/tiles/incidents/{z}/{x}/{y}.mvt"
	mediaType = "application/vnd.mapbox-vector-tile"
)

// TileInput is a tile and a filter; huma's routes cannot end a parameter with ".mvt".
type TileInput struct {
	Z           string `path:"z"`
	X           string `path:"x"`
	File        string `path:"file"`
	IfNoneMatch string `header:"If-None-Match"`
	Encodings   string `header:"Accept-Encoding" hidden:"true"`
	incident.FilterInput
}

// ResolutionInput is the resolution of cells that was asked for; 0 is none.
type ResolutionInput struct {
	Resolution int `query:"resolution" minimum:"3" maximum:"11" doc:"Of the H3 cells; by the zoom where it is missing. At most two finer than that"`
}

type heatTileInput struct {
	TileInput
	CompareInput
	ResolutionInput
}

type describeInput struct {
	incident.FilterInput
	CompareInput
	ResolutionInput
	request *http.Request
}

// Resolve keeps the request, which tells where the server is.
func (in *describeInput) Resolve(ctx huma.Context) []error {
	in.request = humaecho.Unwrap(ctx).Request()
	return nil
}

type tileOutput struct {
	Status       int
	ContentType  string `header:"Content-Type"`
	Encoding     string `header:"Content-Encoding"`
	ETag         string `header:"ETag"`
	Vary         string `header:"Vary"`
	CacheControl string `header:"Cache-Control"`
	Body         []byte
}

// TileJSON describes the tiles of heat of one filter as TileJSON 3.0 does, and what their classes mean.
type TileJSON struct {
	tile.TileJSON
	Total   int64              `json:"total" doc:"Incidents in all cells"`
	Classes map[string][]Class `json:"classes" doc:"By the resolution of the cells: the same in all tiles"`
	Told
}

type describeOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         TileJSON
}

// noCache lets nobody but the client keep an answer, and not without asking: it changes with every incident, and with the rights of who asks.
const noCache = "private, no-cache"

func tileRoutes(server *web.Server, s *Service) {
	tags := []string{"tiles"}
	huma.Register(server.API, tileOperation(huma.Operation{
		OperationID: "find-heat-tile", Path: heatPath, Summary: "A vector tile of incidents counted by H3 cell",
		Description: "Layer heat: polygons with cell, count and class, 0 the least to 6 the most, by quantiles of all cells that the filter leaves, the same in all tiles. " +
			"With compare_from and compare_to also before and diff, and class −3 the greatest decline to 3 the greatest growth; 0 is no change. " + exact,
	}), func(ctx context.Context, in *heatTileInput) (*tileOutput, error) {
		return in.answer(heatPath, func(z, x, y int) ([]byte, error) {
			resolution, err := resolutionOf(z, in.Resolution)
			if err != nil {
				return nil, err
			}
			v, _, err := s.viewFor(ctx, &in.FilterInput, in.CompareInput, resolution)
			if err != nil {
				return nil, err
			}
			return v.heatTile(z, x, y), nil
		})
	})
	huma.Register(server.API, tileOperation(huma.Operation{
		OperationID: "find-incident-tile", Path: pointPath, Summary: "A vector tile of incidents",
		Description: "Layer incident: from zoom 15 on single incidents with id, item, channel, status and at (Unix seconds), where a tile has at most 1,000 of them; " +
			"elsewhere clusters, points with count.",
	}), func(ctx context.Context, in *TileInput) (*tileOutput, error) {
		return in.answer(pointPath, func(z, x, y int) ([]byte, error) {
			f, err := in.Filter(s.areas.Current())
			if err != nil {
				return nil, err
			}
			return s.incidentTile(ctx, f, z, x, y)
		})
	})
	for _, path := range []string{heatPath, pointPath} {
		nameTiles(server.API.OpenAPI(), path)
	}
	huma.Register(server.API, huma.Operation{
		OperationID: "describe-heat-tiles", Method: http.MethodGet, Path: "/tiles/heat.json", Tags: tags, Summary: "TileJSON 3.0 of the heat tiles of a filter, and their classes",
	}, func(ctx context.Context, in *describeInput) (*describeOutput, error) {
		answer, err := s.describe(ctx, in)
		if err != nil {
			return nil, err
		}
		u := url.URL{RawQuery: in.request.URL.RawQuery}
		answer.Tiles = []string{server.Origin(in.request) + heatPath + u.String()}
		return &describeOutput{noCache, answer}, nil
	})
}

// tileOperation completes the operation of a tile at a path.
func tileOperation(op huma.Operation) huma.Operation {
	op.Method, op.Tags, op.Path = http.MethodGet, []string{"tiles"}, strings.Replace(op.Path, lastName, routeName, 1)
	op.Responses = map[string]*huma.Response{
		"200": {Description: "Mapbox Vector Tile 2.1, gzip", Content: map[string]*huma.MediaType{mediaType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}},
		"204": {Description: "Nothing to draw here"}, "304": {Description: "Not modified"},
	}
	return op
}

// The end of a tile's path as clients write it and as the router knows it.
const lastName, routeName = "{y}.mvt", "{file}"

// nameTiles puts the path of tiles into the OpenAPI document as clients write it.
func nameTiles(api *huma.OpenAPI, path string) {
	route := strings.Replace(path, lastName, routeName, 1)
	item := api.Paths[route]
	delete(api.Paths, route)
	api.Paths[path] = item
	for _, p := range item.Get.Parameters {
		if p.In != "path" {
			continue
		}
		if p.Schema = (&huma.Schema{Type: huma.TypeInteger}); p.Name == "file" {
			p.Name = "y"
		}
	}
}

// answer is a tile as HTTP has it.
func (in *TileInput) answer(path string, cut func(z, x, y int) ([]byte, error)) (*tileOutput, error) {
	z, x, y, ok := tile.Parse(in.Z, in.X, in.File)
	if !ok || z < mvt.MinZoom {
		return nil, web.NewProblem(web.NotFound, "no such tile: the path is "+path+" with z from "+strconv.Itoa(mvt.MinZoom)+" to "+strconv.Itoa(mvt.MaxZoom)+" and x, y below 2^z")
	}
	plain, err := cut(z, x, y)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(plain)
	out := &tileOutput{
		Status: http.StatusOK, ContentType: mediaType, ETag: `"` + hex.EncodeToString(sum[:8]) + `"`,
		Vary: "Accept-Encoding, Authorization, Cookie", CacheControl: noCache, Body: plain,
	}
	switch {
	case strings.Contains(in.IfNoneMatch, out.ETag):
		out.Status, out.ContentType, out.Body = http.StatusNotModified, "", nil
	case len(plain) == 0:
		out.Status, out.ContentType = http.StatusNoContent, ""
	case strings.Contains(in.Encodings, "gzip"):
		out.Encoding = "gzip"
		out.Body, err = tile.Compress(plain)
	}
	return out, err
}

// describe tells what the tiles of a filter show.
func (s *Service) describe(ctx context.Context, in *describeInput) (TileJSON, error) {
	t := TileJSON{
		TileJSON: tile.TileJSON{TileJSON: "3.0.0", Name: "经纬 Jingwei: heat", Scheme: "xyz", MinZoom: mvt.MinZoom, MaxZoom: mvt.MaxZoom},
		Classes:  map[string][]Class{},
	}
	fields := map[string]string{"cell": "String: H3 id", "count": "Number", "class": "Number: 0 the least to 6 the most"}
	if !in.CompareFrom.IsZero() {
		fields["before"], fields["diff"] = "Number: in the range to compare with", "Number: count less before"
		fields["class"] = "Number: −3 the greatest decline to 3 the greatest growth, 0 no change"
	}
	t.VectorLayers = []tile.VectorLayer{{ID: heatLayer, Description: "H3 cells with incidents", MinZoom: mvt.MinZoom, MaxZoom: mvt.MaxZoom, Fields: fields}}
	if lo, hi, ok := s.areas.Current().Coverage.Bounds(); ok {
		west, south := lo.Degrees()
		east, north := hi.Degrees()
		t.Bounds = &[4]float64{west, south, east, north}
	}
	asked := resolutions()
	if in.Resolution > 0 {
		asked = map[string]int{strconv.Itoa(in.Resolution): in.Resolution}
	}
	for name, resolution := range asked {
		v, told, err := s.viewFor(ctx, &in.FilterInput, in.CompareInput, resolution)
		if err != nil {
			return t, err
		}
		t.Classes[name], t.Total, t.Told = v.classes(), v.total, told
	}
	return t, nil
}
