package area

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/web"
)

// BranchOf names the branch that answers for the last area of a chain of codes; "" where none does.
type BranchOf func(chain []string) (code, name string)

// Properties of an area's GeoJSON feature.
type Properties struct {
	Code       string     `json:"code"`
	Name       string     `json:"name"`
	Level      string     `json:"level" enum:"county,town,community,grid,micro"`
	Parent     string     `json:"parent" doc:"Code of the area one level up; empty at the top"`
	Kind       string     `json:"kind" enum:"base,dedicated"`
	Households *int       `json:"households" doc:"Null where it is not known, or not yours to see"`
	Population *int       `json:"population"`
	Label      [2]float64 `json:"label" doc:"A point well inside: longitude, latitude"`
	Branch     *Branch    `json:"branch" doc:"The branch that answers; null where there is none"`
}

// Branch is what an area's feature says of the branch that answers.
type Branch struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// Geometry is a GeoJSON MultiPolygon.
type Geometry struct {
	Type        string           `json:"type" enum:"MultiPolygon"`
	Coordinates [][][][2]float64 `json:"coordinates"`
}

// Feature is an area as a GeoJSON feature.
type Feature struct {
	Type       string     `json:"type" enum:"Feature"`
	ID         string     `json:"id" doc:"The area's code"`
	BBox       [4]float64 `json:"bbox" doc:"West, south, east, north"`
	Geometry   *Geometry  `json:"geometry" doc:"Null with geometry=false"`
	Properties Properties `json:"properties"`
}

// Collection is a GeoJSON feature collection and the way to its next page.
type Collection struct {
	Type     string    `json:"type" enum:"FeatureCollection"`
	Edition  int       `json:"edition" doc:"The edition that answers; 0 before the first"`
	Features []Feature `json:"features"`
	Next     *string   `json:"next" doc:"Cursor of the next page; null on the last"`
}

type listInput struct {
	At       time.Time `query:"at" doc:"Ask the edition that was in effect at this instant; earlier ones show the areas that you have a role on"`
	Level    string    `query:"level" enum:"county,town,community,grid,micro"`
	Parent   string    `query:"parent" maxLength:"32" doc:"Code of the area one level up"`
	BBox     []float64 `query:"bbox" minItems:"4" maxItems:"4" doc:"West, south, east, north: areas whose box touches it"`
	Query    string    `query:"q" maxLength:"64" doc:"Part of a name or the beginning of a code; the widest levels come first"`
	Limit    int       `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Cursor   string    `query:"cursor" maxLength:"64"`
	Geometry bool      `query:"geometry" default:"true" doc:"false leaves the shapes out"`
}

type findInput struct {
	Code     string    `path:"code" maxLength:"32"`
	At       time.Time `query:"at" doc:"Ask the edition that was in effect at this instant; earlier ones show the areas that you have a role on"`
	Geometry bool      `query:"geometry" default:"true" doc:"false leaves the shape out"`
	Own      bool      `query:"own" doc:"true gives the ground that the area answers for itself: what its children leave of it. The geometry is null where they cover it"`
}

type historyInput struct {
	Code string `path:"code" maxLength:"32"`
}

// Routes registers /api/v1/areas and /api/v1/editions.
func Routes(server *web.Server, s *Service, branchOf BranchOf) {
	tags := []string{"areas"}
	huma.Register(server.API, huma.Operation{
		OperationID: "list-areas", Method: http.MethodGet, Path: "/api/v1/areas", Tags: tags, Summary: "List areas as GeoJSON",
	}, func(ctx context.Context, in *listInput) (*web.Output[Collection], error) {
		view, err := s.At(ctx, in.At)
		if err != nil {
			return nil, err
		}
		filter, err := in.filter()
		if err != nil {
			return nil, err
		}
		after, err := web.DecodeText(in.Cursor)
		if err != nil {
			return nil, err
		}
		ids, more := view.List(filter, after, in.Limit)
		answer := Collection{Type: "FeatureCollection", Edition: view.Edition.Number, Features: make([]Feature, len(ids))}
		for i, id := range ids {
			answer.Features[i] = feature(view, id, in.Geometry, branchOf)
		}
		if more {
			answer.Next = web.EncodeText(answer.Features[len(ids)-1].ID)
		}
		return &web.Output[Collection]{Body: answer}, nil
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "find-area", Method: http.MethodGet, Path: "/api/v1/areas/{code}", Tags: tags, Summary: "Find an area by its code",
	}, func(ctx context.Context, in *findInput) (*web.Output[Feature], error) {
		view, err := s.At(ctx, in.At)
		if err != nil {
			return nil, err
		}
		id, err := view.Find(ctx, in.Code)
		if err != nil {
			return nil, err
		}
		f := feature(view, id, in.Geometry && !in.Own, branchOf)
		if in.Own && in.Geometry {
			if face := view.Coverage.Face(id); len(face) > 0 {
				f.Geometry = &Geometry{Type: "MultiPolygon", Coordinates: coordinates(face)}
			}
		}
		return &web.Output[Feature]{Body: f}, nil
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "list-area-versions", Method: http.MethodGet, Path: "/api/v1/areas/{code}/history", Tags: tags, Summary: "List the versions of an area",
	}, func(ctx context.Context, in *historyInput) (*web.Output[web.Items[Version]], error) {
		versions, err := s.History(ctx, in.Code)
		return &web.Output[web.Items[Version]]{Body: web.Items[Version]{Items: versions}}, err
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "list-editions", Method: http.MethodGet, Path: "/api/v1/editions", Tags: tags, Summary: "List the editions of the boundaries",
	}, func(ctx context.Context, _ *struct{}) (*web.Output[web.Items[Edition]], error) {
		editions, err := s.Editions(ctx)
		return &web.Output[web.Items[Edition]]{Body: web.Items[Edition]{Items: editions}}, err
	})
}

func (in *listInput) filter() (Filter, error) {
	f := Filter{Parent: in.Parent, Query: in.Query}
	if in.Level != "" {
		level, err := coverage.ParseLevel(in.Level)
		if err != nil {
			return f, err
		}
		f.Level = &level
	}
	if in.BBox != nil {
		bounds, err := ParseBounds(in.BBox)
		if err != nil {
			return f, err
		}
		f.Bounds = &bounds
	}
	return f, nil
}

// ParseBounds reads west, south, east, north in degrees.
func ParseBounds(bbox []float64) (Bounds, error) {
	if len(bbox) == 4 {
		lo, errLo := geo.PointOf(bbox[0], bbox[1])
		hi, errHi := geo.PointOf(bbox[2], bbox[3])
		if errLo == nil && errHi == nil && lo.Lon <= hi.Lon && lo.Lat <= hi.Lat {
			return Bounds{lo, hi}, nil
		}
	}
	return Bounds{}, web.NewProblem(web.InvalidCoordinate, "bbox is west,south,east,north in degrees, west before east and south before north").At("query.bbox", bbox)
}

func feature(view View, id coverage.ID, withGeometry bool, branchOf BranchOf) Feature {
	area, facts := view.Coverage.Area(id), view.Facts(id)
	lo, hi := view.Coverage.BoundsOf(id)
	west, south := lo.Degrees()
	east, north := hi.Degrees()
	f := Feature{
		Type: "Feature", ID: area.Code, BBox: [4]float64{west, south, east, north},
		Properties: Properties{
			Code: area.Code, Name: area.Name, Level: area.Level.String(), Parent: area.Parent,
			Kind: facts.Kind, Households: facts.Households, Population: facts.Population, Label: degrees(view.Coverage.Label(id)),
		},
	}
	if code, name := branchOf(view.Codes(id)); code != "" {
		f.Properties.Branch = &Branch{code, name}
	}
	if withGeometry {
		f.Geometry = &Geometry{Type: "MultiPolygon", Coordinates: coordinates(area.Shape)}
	}
	return f
}

func degrees(p geo.Point) [2]float64 {
	lon, lat := p.Degrees()
	return [2]float64{lon, lat}
}

func coordinates(shape []coverage.Polygon) [][][][2]float64 {
	multi := make([][][][2]float64, len(shape))
	for i, polygon := range shape {
		multi[i] = make([][][2]float64, len(polygon))
		for j, ring := range polygon {
			line := make([][2]float64, 0, len(ring)+1)
			for _, p := range ring {
				line = append(line, degrees(p))
			}
			multi[i][j] = append(line, line[0])
		}
	}
	return multi
}
