package station

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"jingwei/server/area"
	"jingwei/server/csvfile"
	"jingwei/server/web"
)

// Resource is a station in the API.
type Resource struct {
	Code         string   `json:"code"`
	Kind         string   `json:"kind" enum:"service_centre,guidance_station,estate_station,bee_station,general_station,driver_station,pioneer_station,pocket_park,first_heart_classroom,education_base,rider_home,red_post" doc:"党群服务中心, 党建工作指导站, 小区党群服务驿站, 小蜜蜂驿站, 综合型驿站, 司机驿站, 先锋驿站, 党群口袋公园, 初心课堂, 红色教育基地, 骑手之家, 红哨所"`
	Name         string   `json:"name"`
	Lon          float64  `json:"lon" doc:"EPSG:4326"`
	Lat          float64  `json:"lat"`
	Areas        []string `json:"areas" doc:"Codes from the county to the finest area that owns the place; empty outside"`
	Address      string   `json:"address"`
	Stars        *int     `json:"stars" doc:"星级, 1 to 5; null where it has none"`
	FloorAreaM2  *float64 `json:"floor_area_m2" doc:"Null where it is not known"`
	Services     []string `json:"services"`
	OpenTo       []string `json:"open_to" doc:"Whom it is for; empty: everybody"`
	OpeningHours string   `json:"opening_hours" doc:"As in OpenStreetMap's opening_hours: Mo-Fr 08:30-17:30; empty where it is not known"`
	Phone        string   `json:"phone" doc:"The station's own, public telephone; empty where there is none, and never a mobile number, which is a person's"`
	Invented     bool     `json:"invented" doc:"Of the demo county: there is no such station"`
}

type listInput struct {
	Query  string   `query:"q" maxLength:"64" doc:"Parts of the name or the address, all of which must be there, or the beginning of the code; in any case and width. Names come before addresses"`
	Kind   []string `query:"kind" enum:"service_centre,guidance_station,estate_station,bee_station,general_station,driver_station,pioneer_station,pocket_park,first_heart_classroom,education_base,rider_home,red_post"`
	Area   []string `query:"area" maxItems:"100" doc:"Codes of areas; what lies below them counts"`
	Limit  int      `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Cursor string   `query:"cursor" maxLength:"256" doc:"The next of the answer before, to the same question"`
}

// Routes registers /api/v1/stations.
func Routes(server *web.Server, s *Service, areas *area.Service) {
	huma.Register(server.API, huma.Operation{
		OperationID: "list-stations", Method: http.MethodGet, Path: "/api/v1/stations", Tags: []string{"stations"}, Summary: "List stations: places that people can walk to",
	}, func(ctx context.Context, in *listInput) (*web.Output[web.Page[Resource]], error) {
		within, err := areas.Current().FindAll(in.Area)
		if err != nil {
			return nil, err
		}
		after, err := decodeCursor(in.Cursor)
		if err != nil {
			return nil, err
		}
		found, next, err := s.List(ctx, Filter{Words: strings.Fields(in.Query), Kinds: in.Kind, Areas: within}, after, in.Limit)
		if err != nil {
			return nil, err
		}
		out := &web.Output[web.Page[Resource]]{Body: web.Page[Resource]{Items: make([]Resource, len(found))}}
		for n, st := range found {
			out.Body.Items[n] = resource(st)
		}
		if next != nil {
			out.Body.Next = encodeCursor(*next)
		}
		return out, nil
	})
}

func resource(st Found) Resource {
	lon, lat := st.Place.Degrees()
	r := Resource{
		Code: st.Code, Kind: st.Kind, Name: st.Name, Lon: lon, Lat: lat, Areas: append([]string{}, st.Codes...), Address: st.Address, Stars: st.Stars,
		FloorAreaM2: st.FloorAreaM2, Services: append([]string{}, st.Services...), OpenTo: append([]string{}, st.OpenTo...), OpeningHours: st.OpeningHours,
		Phone: st.Phone, Invented: st.Invented,
	}
	if csvfile.OfficePhone(st.Phone) != nil { // no import lets one in, but others write into the table
		r.Phone = ""
	}
	return r
}

func encodeCursor(p Position) *string {
	return web.EncodeText(string(rune('0'+p.Rank)) + p.Code)
}

// decodeCursor is the position that encodeCursor wrote; the zero one where there is none.
func decodeCursor(cursor string) (p Position, err error) {
	text, err := web.DecodeText(cursor)
	if err != nil || text == "" {
		return p, err
	}
	if len(text) < 2 || text[0] < '0' || text[0] > '9' {
		return p, web.BadCursor(cursor)
	}
	return Position{Rank: int(text[0] - '0'), Code: text[1:]}, nil
}
