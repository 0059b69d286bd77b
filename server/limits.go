package main

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"jingwei/server/access"
	"jingwei/server/web"
)

// limitFlags are how often somebody may do something; who is not logged in, by network address. Phones of a mobile network share addresses, so a
// city sets what fits its networks.
type limitFlags struct {
	LimitReport      web.Limit `help:"Reports of the public from one network address: 10/30s are ten at once, and then one in 30 seconds." env:"JINGWEI_LIMIT_REPORT" default:"10/30s" placeholder:"N/TIME"`
	LimitIntake      web.Limit `help:"Reports of one account or token, each on its own." env:"JINGWEI_LIMIT_INTAKE" default:"2000/500us" placeholder:"N/TIME"`
	LimitPhoto       web.Limit `help:"Photos of the public from one network address." env:"JINGWEI_LIMIT_PHOTO" default:"20/6s" placeholder:"N/TIME"`
	LimitFollow      web.Limit `help:"Questions for the state of a report from one network address." env:"JINGWEI_LIMIT_FOLLOW" default:"10/6s" placeholder:"N/TIME"`
	LimitLogin       web.Limit `help:"Tries to log in from one network address." env:"JINGWEI_LIMIT_LOGIN" default:"20/3s" placeholder:"N/TIME"`
	LimitSnap        web.Limit `help:"Points that the public snaps from one network address." env:"JINGWEI_LIMIT_SNAP" default:"100/20ms" placeholder:"N/TIME"`
	LimitCredentials web.Limit `help:"Sessions and tokens from one network address that turn out not to be valid, before any that was not seen lately is refused unread." env:"JINGWEI_LIMIT_CREDENTIALS" default:"50/1s" placeholder:"N/TIME"`
	LimitOther       web.Limit `help:"All other requests to the API from one network address, and of one account or token." env:"JINGWEI_LIMIT_OTHER" default:"400/5ms" placeholder:"N/TIME"`

	unlimited bool // for tests that ask more than any client; nothing on a command line sets it
}

// complete puts the defaults where nothing is set, as where no command line was read: a server without limits has to be asked for.
func (f limitFlags) complete() (limitFlags, error) {
	for field, value := range reflect.ValueOf(&f).Elem().Fields() {
		if !field.IsExported() {
			continue
		}
		limit, ok := reflect.TypeAssert[*web.Limit](value.Addr())
		if !ok || *limit != (web.Limit{}) {
			continue
		}
		if err := limit.UnmarshalText([]byte(field.Tag.Get("default"))); err != nil {
			return f, fmt.Errorf("%s: %w", field.Name, err)
		}
	}
	return f, nil
}

// limits says which operations are limited together. Accounts and tokens are counted by themselves wherever they come from, in limits that
// people and intake systems do not meet.
func (f limitFlags) limits() web.Limits {
	return web.Limits{
		Classes: []web.Class{
			{Name: "report", Operations: []string{
				"POST /api/v1/incidents", "POST /api/v1/hotline/tickets", "POST /api/v1/hotline/tickets/:number/place",
			}, Address: f.LimitReport, Actor: f.LimitIntake},
			{Name: "batch", Operations: []string{`POST /api/v1/incidents\:batch`}, Address: f.LimitReport, Actor: web.Limit{Burst: 60, Every: 200 * time.Millisecond}},
			{Name: "photo", Operations: []string{"POST /api/v1/photos"}, Address: f.LimitPhoto, Actor: web.Limit{Burst: 60, Every: time.Second}},
			{Name: "follow", Operations: []string{"POST /api/v1/reports/follow"}, Address: f.LimitFollow},
			{Name: "login", Operations: []string{
				"POST /api/v1/session", "GET /api/v1/session/oidc", "GET /api/v1/session/oidc/callback", "PUT /api/v1/account/password",
				"POST /api/v1/account/second-factor", "PUT /api/v1/account/second-factor", "POST /api/v1/account/second-factor/remove",
			}, Address: f.LimitLogin},
			{Name: "export", Operations: []string{"GET /api/v1/incidents/export"}, Address: f.LimitOther, Actor: web.Limit{Burst: 20, Every: 10 * time.Second}},
			{Name: "points", Operations: []string{"GET /api/v1/incidents/points"}, Address: f.LimitOther, Actor: web.Limit{Burst: 60, Every: time.Second}},
			{Name: "stations", Operations: []string{"GET /api/v1/stations"}, Address: f.LimitOther, Actor: web.Limit{Burst: 200, Every: 20 * time.Millisecond}},
			{Name: "count", Operations: []string{
				"GET /api/v1/heat", "GET /api/v1/counts", "GET /api/v1/counts/series", "GET /api/v1/counts/unusual", "GET /tiles/heat.json",
			}, Address: f.LimitOther, Actor: web.Limit{Burst: 200, Every: 20 * time.Millisecond}},
			// A map asks for some 50 at once where it is moved; those of areas cost nothing.
			{Name: "tiles", Operations: []string{"GET /tiles/heat/:z/:x/:file", "GET /tiles/incidents/:z/:x/:file"}, Address: f.LimitOther, Actor: web.Limit{Burst: 600, Every: 5 * time.Millisecond}},
			{Name: "snap", Operations: []string{"GET /api/v1/snap"}, Address: f.LimitSnap, Actor: f.LimitOther},
		},
		Rest: web.Class{Name: "other", Address: f.LimitOther, Actor: f.LimitOther},
	}
}

// whoIsLimited names the token or the account of a context.
func whoIsLimited(ctx context.Context) string {
	switch a := access.From(ctx); a.Via {
	case access.ViaToken:
		return "token " + a.Token.String()
	case access.ViaSession:
		return "account " + a.Account.String()
	default:
		return ""
	}
}
