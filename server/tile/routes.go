package tile

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"jingwei/geo/coverage"
	"jingwei/geo/mvt"
	"jingwei/server/web"
)

const (
	mediaType = "application/vnd.mapbox-vector-tile"
	tilePath  = "/tiles/areas/{z}/{x}/{y}.mvt"
)

// TileJSON describes the tiles as TileJSON 3.0 does.
type TileJSON struct {
	TileJSON     string        `json:"tilejson"`
	Name         string        `json:"name"`
	Attribution  string        `json:"attribution"`
	Scheme       string        `json:"scheme"`
	Tiles        []string      `json:"tiles"`
	MinZoom      int           `json:"minzoom"`
	MaxZoom      int           `json:"maxzoom"`
	Bounds       *[4]float64   `json:"bounds,omitempty"`
	VectorLayers []VectorLayer `json:"vector_layers"`
}

// VectorLayer describes one layer of the tiles.
type VectorLayer struct {
	ID          string            `json:"id"`
	Description string            `json:"description"`
	MinZoom     int               `json:"minzoom"`
	MaxZoom     int               `json:"maxzoom"`
	Fields      map[string]string `json:"fields"`
}

// Routes registers the tiles and their TileJSON. notice goes into the attribution; "" leaves it out.
func Routes(s *web.Server, tiles *Service, notice func() string) {
	s.Echo.GET("/tiles/areas.json", func(c echo.Context) error {
		c.Response().Header().Set("Cache-Control", "no-cache")
		return c.JSON(http.StatusOK, tiles.describe(base(c), notice()))
	})
	s.Echo.GET("/tiles/areas/:z/:x/:file", func(c echo.Context) error { return tiles.serve(c) })
	document(s.API.OpenAPI())
}

// base is the origin that the client used to get here.
func base(c echo.Context) string { return c.Scheme() + "://" + c.Request().Host }

func (s *Service) serve(c echo.Context) error {
	z, x, y, ok := parse(c.Param("z"), c.Param("x"), c.Param("file"))
	if !ok {
		return web.NewProblem(web.NotFound, "no such tile: the path is /tiles/areas/{z}/{x}/{y}.mvt with z from "+
			strconv.Itoa(mvt.MinZoom)+" to "+strconv.Itoa(mvt.MaxZoom)+" and x, y below 2^z")
	}
	t, err := s.find(c.Request().Context(), z, x, y)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("ETag", t.etag)
	// The page asks with the edition in the URL, but branches can change within one; so the browser asks again, and mostly gets a 304.
	h.Set("Cache-Control", "no-cache")
	if c.Request().Header.Get("If-None-Match") == t.etag {
		return c.NoContent(http.StatusNotModified)
	}
	if len(t.data) == 0 {
		return c.NoContent(http.StatusNoContent)
	}
	h.Set("Vary", "Accept-Encoding")
	if strings.Contains(c.Request().Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		return c.Blob(http.StatusOK, mediaType, t.data)
	}
	plain, err := gzip.NewReader(bytes.NewReader(t.data))
	if err != nil {
		return err
	}
	return c.Stream(http.StatusOK, mediaType, plain)
}

func parse(zs, xs, file string) (z, x, y int, ok bool) {
	ys, ok := strings.CutSuffix(file, ".mvt")
	z, errZ := strconv.Atoi(zs)
	x, errX := strconv.Atoi(xs)
	y, errY := strconv.Atoi(ys)
	if !ok || errZ != nil || errX != nil || errY != nil || z < mvt.MinZoom || z > mvt.MaxZoom {
		return 0, 0, 0, false
	}
	n := 1 << z
	return z, x, y, x >= 0 && x < n && y >= 0 && y < n
}

func (s *Service) describe(origin, notice string) TileJSON {
	source := s.current.Load()
	t := TileJSON{
		TileJSON: "3.0.0", Name: "经纬 Jingwei", Attribution: notice, Scheme: "xyz", MinZoom: mvt.MinZoom, MaxZoom: mvt.MaxZoom,
		Tiles: []string{origin + strings.NewReplacer("{y}.mvt", "{y}.mvt?edition="+strconv.Itoa(source.atlas.Edition.Number)).Replace(tilePath)},
	}
	if lo, hi, ok := source.atlas.Coverage.Bounds(); ok {
		west, south := lo.Degrees()
		east, north := hi.Degrees()
		t.Bounds = &[4]float64{west, south, east, north}
	}
	for _, level := range coverage.Levels {
		t.VectorLayers = append(t.VectorLayers, VectorLayer{
			ID: level.String(), Description: "Areas of the level " + level.String(), MinZoom: firstZoom(level), MaxZoom: mvt.MaxZoom,
			Fields: map[string]string{"code": "String", "name": "String", "parent": "String", "branch": "String: code of the branch that answers"},
		})
	}
	t.VectorLayers = append(
		t.VectorLayers,
		VectorLayer{"border", "Each border once", mvt.MinZoom, mvt.MaxZoom, map[string]string{"level": "String: the widest level that it separates"}},
		VectorLayer{"label", "A point well inside each area", mvt.MinZoom, mvt.MaxZoom, map[string]string{
			"code": "String", "name": "String", "level": "String", "rank": "Number: lower is more important",
		}},
	)
	return t
}

func firstZoom(level coverage.Level) int {
	for z := mvt.MinZoom; z < mvt.MaxZoom; z++ {
		if slices.Contains(mvt.LevelsAt(z), level) {
			return z
		}
	}
	return mvt.MaxZoom
}

// document adds what echo serves to the OpenAPI document: huma's routes cannot end a parameter with ".mvt".
func document(api *huma.OpenAPI) {
	problem := &huma.Response{Description: "Problem", Content: map[string]*huma.MediaType{
		"application/problem+json": {Schema: &huma.Schema{Ref: "#/components/schemas/Problem"}},
	}}
	integer := &huma.Schema{Type: huma.TypeInteger}
	var parameters []*huma.Param
	for _, name := range []string{"z", "x", "y"} {
		parameters = append(parameters, &huma.Param{Name: name, In: "path", Required: true, Schema: integer})
	}
	api.AddOperation(&huma.Operation{
		OperationID: "find-area-tile", Method: http.MethodGet, Path: tilePath, Tags: []string{"tiles"}, Summary: "A vector tile of the areas, borders and labels",
		Parameters: parameters,
		Responses: map[string]*huma.Response{
			"200": {Description: "Mapbox Vector Tile 2.1, gzip", Content: map[string]*huma.MediaType{mediaType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}},
			"204": {Description: "Nothing to draw here"}, "304": {Description: "Not modified"}, "404": problem,
		},
	})
	api.AddOperation(&huma.Operation{
		OperationID: "describe-area-tiles", Method: http.MethodGet, Path: "/tiles/areas.json", Tags: []string{"tiles"}, Summary: "TileJSON 3.0 of the area tiles",
		Responses: map[string]*huma.Response{"200": {Description: "TileJSON", Content: map[string]*huma.MediaType{
			"application/json": {Schema: api.Components.Schemas.Schema(reflect.TypeFor[TileJSON](), true, "")},
		}}},
	})
}
