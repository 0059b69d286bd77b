package snap

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"jingwei/geo"
	"jingwei/server/area"
	"jingwei/server/web"
)

type findInput struct {
	Lon float64   `query:"lon" required:"true" doc:"Longitude, degrees" example:"119.8233"`
	Lat float64   `query:"lat" required:"true" doc:"Latitude, degrees" example:"31.3406"`
	CRS string    `query:"crs" enum:"wgs84,cgcs2000,gcj02,bd09" default:"wgs84" doc:"What the coordinates are in"`
	At  time.Time `query:"at" doc:"Ask the edition that was in effect at this instant; earlier ones answer where you have a role"`
}

// Area is one link of the chain.
type Area struct {
	Code       string `json:"code"`
	Level      string `json:"level" enum:"county,town,community,grid,micro"`
	Name       string `json:"name"`
	Households *int   `json:"households" doc:"Null where it is not known, or not yours to see"`
	Population *int   `json:"population"`
}

// Branch is the branch that answers for a point.
type Branch struct {
	Code      string `json:"code"`
	Name      string `json:"name"`
	Kind      string `json:"kind"`
	Area      string `json:"area" doc:"Code of the area that the branch was named for"`
	Secretary string `json:"secretary"`
	Phone     string `json:"phone"`
	Invented  bool   `json:"invented" doc:"Demo data: the secretary is no real person"`
}

// Coordinates is one place in the three systems, each longitude, latitude.
type Coordinates struct {
	WGS84 [2]float64 `json:"wgs84" doc:"WGS-84, GPS; CGCS2000 is the same"`
	GCJ02 [2]float64 `json:"gcj02" doc:"GCJ-02, AMap and Tencent"`
	BD09  [2]float64 `json:"bd09" doc:"BD-09, Baidu"`
}

// Answer is a snapped point.
type Answer struct {
	Status      Status      `json:"status" enum:"owned,inferred,outside"`
	DistanceM   float64     `json:"distance_m" doc:"To the owner; 0 inside it"`
	Edition     int         `json:"edition" doc:"0 before the first"`
	Cell        string      `json:"cell" doc:"H3 cell, resolution 12"`
	Lon         float64     `json:"lon" doc:"EPSG:4326"`
	Lat         float64     `json:"lat"`
	Coordinates Coordinates `json:"coordinates"`
	Areas       []Area      `json:"areas" doc:"From the county to the finest area; empty outside"`
	Branch      *Branch     `json:"branch"`
}

// PointOf reads coordinates in a named system onto the lattice. The error is a problem that names the place.
func PointOf(lonDeg, latDeg float64, crs string) (geo.Point, error) {
	datum, err := geo.ParseDatum(crs)
	if err != nil {
		return geo.Point{}, web.NewProblem(web.Invalid, err.Error()).At("crs", crs)
	}
	if _, err := geo.PointOf(lonDeg, latDeg); err != nil {
		return geo.Point{}, web.NewProblem(web.InvalidCoordinate, err.Error())
	}
	return geo.PointOf(datum.ToWGS84(lonDeg, latDeg))
}

// Routes registers /api/v1/snap.
func Routes(server *web.Server, s *Service) {
	huma.Register(server.API, huma.Operation{
		OperationID: "snap", Method: http.MethodGet, Path: "/api/v1/snap", Tags: []string{"snap"},
		Summary: "Snap a point to the areas that own it and the branch that answers",
	}, func(ctx context.Context, in *findInput) (*web.Output[Answer], error) {
		p, err := PointOf(in.Lon, in.Lat, in.CRS)
		if err != nil {
			return nil, err
		}
		result, view, err := s.LocateAt(ctx, p, in.At)
		if err != nil {
			return nil, err
		}
		return &web.Output[Answer]{Body: answer(p, result, view)}, nil
	})
	registerBatch(server, s)
}

func answer(p geo.Point, r Result, view area.View) Answer {
	lon, lat := p.Degrees()
	a := Answer{
		Status: r.Status, DistanceM: r.DistanceM, Edition: r.Edition(), Cell: geo.CellAt(p, geo.IncidentResolution).String(), Lon: lon, Lat: lat,
		Coordinates: Coordinates{WGS84: [2]float64{lon, lat}, GCJ02: in(geo.GCJ02, p), BD09: in(geo.BD09, p)}, Areas: []Area{},
	}
	if r.Status == Outside {
		return a
	}
	c := view.Coverage
	for _, id := range c.Chain(r.Owner) {
		facts := view.Facts(id)
		a.Areas = append(a.Areas, Area{c.Code(id), c.Level(id).String(), c.Name(id), facts.Households, facts.Population})
	}
	if b := r.Branch; b != nil {
		a.Branch = &Branch{b.Code, b.Name, b.Kind, r.BranchArea, b.Secretary, b.Phone, b.Invented}
	}
	return a
}

// in is a point in another system, rounded to the lattice.
func in(datum geo.Datum, p geo.Point) [2]float64 {
	lon, lat := datum.FromWGS84(p.Degrees())
	if q, err := geo.PointOf(lon, lat); err == nil {
		lon, lat = q.Degrees()
	}
	return [2]float64{lon, lat}
}
