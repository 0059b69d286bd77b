package tile

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"jingwei/geo/coverage"
	"jingwei/geo/mvt"
	"jingwei/server/access"
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
		if err := access.Ask(c.Request().Context(), access.AreaRead, nil); err != nil {
			return err
		}
		c.Response().Header().Set("Cache-Control", "no-cache")
		return c.JSON(http.StatusOK, tiles.describe(s.Origin(c.Request()), notice()))
	})
	s.Echo.GET("/tiles/areas/:z/:x/:file", func(c echo.Context) error { return tiles.serve(c) })
	document(s.API.OpenAPI())
	tiles.measure(s.Metrics)
}

// measure exposes how much of the present edition is worked out ahead of requests, and what is kept.
func (s *Service) measure(metrics *prometheus.Registry) {
	for name, gauge := range map[string]struct {
		help  string
		value func(*source) float64
	}{
		"jingwei_tile_ahead_ratio": {
			"Part of what is worked out ahead of requests that is done, for the edition in effect; 1 when complete.",
			func(s *source) float64 { return float64(s.ahead.done.Load()) / float64(max(s.ahead.total.Load(), 1)) },
		},
		"jingwei_tile_cache_tiles": {"Tiles kept in memory.", func(s *source) float64 { return float64(s.tiles.EstimatedSize()) }},
		"jingwei_tile_cache_bytes": {"Memory that the kept tiles take.", func(s *source) float64 { return float64(s.tiles.WeightedSize()) }},
	} {
		metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: gauge.help}, func() float64 {
			if source := s.current.Load(); source != nil {
				return gauge.value(source)
			}
			return 0
		}))
	}
}

// What every answer with a tile says. The slices are shared by all answers and never changed.
var (
	forever   = []string{"public, max-age=31536000, immutable"}
	askAgain  = []string{"no-cache"}
	vary      = []string{"Accept-Encoding"}
	tileTypes = []string{mediaType}
	gzipped   = []string{"gzip"}
)

func (s *Service) serve(c echo.Context) error {
	z, x, y, ok := Parse(c.Param("z"), c.Param("x"), c.Param("file"))
	if !ok || z < mvt.MinZoom {
		return web.NewProblem(web.NotFound, "no such tile: the path is /tiles/areas/{z}/{x}/{y}.mvt with z from "+
			strconv.Itoa(mvt.MinZoom)+" to "+strconv.Itoa(mvt.MaxZoom)+" and x, y below 2^z")
	}
	t, source, err := s.find(c.Request().Context(), address{int32(z), int32(x), int32(y)})
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h["Etag"], h["Vary"], h["Cache-Control"] = t.etag, vary, askAgain
	if source.isNamedBy(c.Request().URL) {
		h["Cache-Control"] = forever
	}
	if strings.Contains(c.Request().Header.Get("If-None-Match"), t.etag[0]) {
		return c.NoContent(http.StatusNotModified)
	}
	if len(t.data) == 0 {
		return c.NoContent(http.StatusNoContent)
	}
	h["Content-Type"] = tileTypes
	if strings.Contains(c.Request().Header.Get("Accept-Encoding"), "gzip") {
		h["Content-Encoding"], h["Content-Length"] = gzipped, t.length
		c.Response().WriteHeader(http.StatusOK)
		_, err = c.Response().Write(t.data)
		return err
	}
	plain, err := gzip.NewReader(bytes.NewReader(t.data))
	if err != nil {
		return err
	}
	return c.Stream(http.StatusOK, mediaType, plain)
}

// isNamedBy reports whether a URL asks for tiles of this source and no other, so that the answer is right for ever.
func (s *source) isNamedBy(u *url.URL) bool {
	if u.RawQuery == s.query || u.RawQuery == "" {
		return u.RawQuery != ""
	}
	q := u.Query()
	return q.Get("edition") == strconv.Itoa(s.atlas.Edition.Number) && q.Get("revision") == s.revision
}

// Parse reads the tile that a path names as z, x and the file y.mvt. ok is false where there is no such tile.
func Parse(zs, xs, file string) (z, x, y int, ok bool) {
	ys, ok := strings.CutSuffix(file, ".mvt")
	var at [3]int
	for i, text := range [...]string{zs, xs, ys} {
		n, err := strconv.Atoi(text)
		at[i], ok = n, ok && err == nil && n >= 0
	}
	z, x, y = at[0], at[1], at[2]
	return z, x, y, ok && z <= mvt.MaxZoom && x < 1<<z && y < 1<<z
}

func (s *Service) describe(origin, notice string) TileJSON {
	source := s.current.Load()
	t := TileJSON{
		TileJSON: "3.0.0", Name: "经纬 Jingwei", Attribution: notice, Scheme: "xyz", MinZoom: mvt.MinZoom, MaxZoom: mvt.MaxZoom,
		Tiles: []string{origin + tilePath + "?" + source.query},
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
	integer, word := &huma.Schema{Type: huma.TypeInteger}, &huma.Schema{Type: huma.TypeString}
	var parameters []*huma.Param
	for _, name := range []string{"z", "x", "y"} {
		parameters = append(parameters, &huma.Param{Name: name, In: "path", Required: true, Schema: integer})
	}
	parameters = append(
		parameters,
		&huma.Param{Name: "edition", In: "query", Schema: integer, Description: "Number of the edition that the tile is expected to be of"},
		&huma.Param{Name: "revision", In: "query", Schema: word, Description: "Digest of all that tiles are made from"},
	)
	api.AddOperation(&huma.Operation{
		OperationID: "find-area-tile", Method: http.MethodGet, Path: tilePath, Tags: []string{"tiles"}, Summary: "A vector tile of the areas, borders and labels",
		Description: "With the edition and the revision of TileJSON in the query, as its URL has them, the answer may be kept for ever.",
		Parameters:  parameters,
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
