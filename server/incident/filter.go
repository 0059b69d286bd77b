package incident

import (
	"fmt"
	"strings"
	"time"

	"jingwei/geo/coverage"
	"jingwei/server/access"
	"jingwei/server/area"
	"jingwei/server/db"
	"jingwei/server/web"
)

// Filter chooses incidents. A zero field lets all pass; of a list one must fit.
type Filter struct {
	From, To time.Time // reported_at, half open
	Hours    []int     // of the day in DefaultZone, 0 to 23
	Weekdays []int     // in DefaultZone, 1 Monday to 7 Sunday, as ISO 8601 counts them
	Items    []string
	Channels []Channel
	Statuses []Status
	Areas    [][]string // each the codes from the county to an area: what lies in it
	Bounds   *area.Bounds
}

// FilterInput is a filter as it stands in the query of every address that chooses incidents: lists, heat, counts. Lists are separated by commas.
type FilterInput struct {
	From    web.Instant `query:"from" doc:"Reported at this instant or later"`
	To      web.Instant `query:"to" doc:"Reported before this instant"`
	Hour    []int       `query:"hour" minimum:"0" maximum:"23" maxItems:"24" doc:"Hours of the day, Asia/Shanghai: 0 to 23"`
	Weekday []int       `query:"weekday" minimum:"1" maximum:"7" maxItems:"7" doc:"Days of the week, Asia/Shanghai: 1 Monday to 7 Sunday"`
	Item    []string    `query:"item" maxItems:"100" doc:"Codes in the catalogue"`
	Channel []string    `query:"channel" enum:"resident,worker,courier,hotline_12345,platform_1_4,enterprise_line,import"`
	Status  []string    `query:"status" enum:"collected,analysed,dispatched,signed,fed_back,evaluated,closed,cancelled"`
	Area    []string    `query:"area" maxItems:"100" doc:"Codes of areas; what lies below them counts"`
}

// Filter is the filter that was asked for, by the areas of an atlas.
func (in *FilterInput) Filter(atlas *area.Atlas) (Filter, error) {
	f := Filter{From: in.From.Time, To: in.To.Time, Hours: in.Hour, Weekdays: in.Weekday, Items: in.Item}
	if !in.From.IsZero() && !in.To.IsZero() && !in.From.Before(in.To.Time) {
		return f, web.NewProblem(web.Invalid, "to is not after from").At("query.to", in.To.Time)
	}
	for _, channel := range in.Channel {
		f.Channels = append(f.Channels, Channel(channel))
	}
	for _, status := range in.Status {
		f.Statuses = append(f.Statuses, Status(status))
	}
	areas, err := atlas.FindAll(in.Area)
	for _, id := range areas {
		f.Areas = append(f.Areas, atlas.Codes(id))
	}
	return f, err
}

// Where is the filter, within a scope, as conditions on the table incident.
func (f Filter) Where(scope access.Scope) (*db.Where, error) {
	where := &db.Where{}
	where.During("reported_at", f.From, f.To)
	if len(f.Hours) > 0 {
		where.And("extract(hour FROM reported_at AT TIME ZONE ?)::int = ANY (?)", DefaultZone, f.Hours)
	}
	if len(f.Weekdays) > 0 {
		where.And("extract(isodow FROM reported_at AT TIME ZONE ?)::int = ANY (?)", DefaultZone, f.Weekdays)
	}
	if len(f.Items) > 0 {
		where.And("item = ANY (?)", f.Items)
	}
	if len(f.Channels) > 0 {
		where.And("channel = ANY (?)", f.Channels)
	}
	if len(f.Statuses) > 0 {
		where.And("status = ANY (?)", f.Statuses)
	}
	if !scope.All {
		within, codes := []string{"false"}, []any{}
		for _, granted := range scope.Areas {
			level, err := coverage.ParseLevel(granted.Level)
			if err != nil {
				return nil, fmt.Errorf("granted area %s: %w", granted.Code, err)
			}
			within, codes = append(within, level.String()+" = ?"), append(codes, granted.Code)
		}
		where.And("("+strings.Join(within, " OR ")+")", codes...)
	}
	if len(f.Areas) > 0 {
		var within []string
		var codes []any
		for _, chain := range f.Areas {
			level := coverage.Level(len(chain) - 1)
			within, codes = append(within, level.String()+" = ?"), append(codes, chain[level])
		}
		where.And("("+strings.Join(within, " OR ")+")", codes...)
	}
	if f.Bounds != nil {
		west, south := f.Bounds.Min.Degrees()
		east, north := f.Bounds.Max.Degrees()
		where.And("geom && ST_MakeEnvelope(?, ?, ?, ?, 4326)", west, south, east, north)
	}
	return where, nil
}
