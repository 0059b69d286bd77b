package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"jingwei/data/demo"
	"jingwei/geo/coverage"
	"jingwei/server/access"
	"jingwei/server/area"
	"jingwei/server/web"
)

// About is what a page must know before it draws anything.
type About struct {
	Name        string         `json:"name"`
	Version     string         `json:"version"`
	Edition     int            `json:"edition" doc:"0 before the first"`
	EffectiveAt *time.Time     `json:"effective_at" doc:"Null before the first edition"`
	Areas       map[string]int `json:"areas" doc:"Number of areas by level"`
	Bounds      *[4]float64    `json:"bounds" doc:"West, south, east, north of all areas; null without areas"`
	Notice      *Notice        `json:"notice" doc:"What every page that shows the boundaries must say; null where they are real"`
}

// Notice is a sentence in both languages.
type Notice struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

func (n *Notice) text() string {
	if n == nil {
		return ""
	}
	return n.ZH + " · " + n.EN
}

func noticeOf(atlas *area.Atlas) *Notice {
	if !atlas.Edition.Schematic {
		return nil
	}
	return &Notice{demo.NoticeZH, demo.NoticeEN}
}

func aboutRoutes(s *web.Server, app *App) {
	huma.Register(s.API, huma.Operation{
		OperationID: "about", Method: http.MethodGet, Path: "/api/v1/about", Tags: []string{"about"}, Summary: "What this server knows",
	}, func(ctx context.Context, _ *struct{}) (*web.Output[About], error) {
		if err := access.Ask(ctx, access.AreaRead, nil); err != nil {
			return nil, err
		}
		atlas := app.areas.Current()
		about := About{Name: "经纬 Jingwei", Version: buildVersion(), Edition: atlas.Edition.Number, Areas: map[string]int{}, Notice: noticeOf(atlas)}
		if atlas.Edition.Number > 0 {
			about.EffectiveAt = &atlas.Edition.EffectiveAt
		}
		for id := range coverage.ID(atlas.Coverage.Len()) {
			about.Areas[atlas.Coverage.Level(id).String()]++
		}
		if lo, hi, ok := atlas.Coverage.Bounds(); ok {
			west, south := lo.Degrees()
			east, north := hi.Degrees()
			about.Bounds = &[4]float64{west, south, east, north}
		}
		return &web.Output[About]{Body: about}, nil
	})
}
