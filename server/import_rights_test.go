package main

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"jingwei/geo/coverage"
	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/area/importing"
	"jingwei/server/branch"
	"jingwei/server/incident"
	"jingwei/server/station"
	"jingwei/server/web"
)

// TestWhoImports: what comes in from files needs data.import, what leaves as a file the rights on the whole installation, whoever calls the
// services; and the audit log tells of it.
func TestWhoImports(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	town := `{"type":"Feature","properties":{"code":"320282001","name":"新名"},"geometry":{"type":"Polygon","coordinates":[[[119.80,31.32],[119.82,31.32],[119.82,31.34],[119.80,31.34],[119.80,31.32]]]}}`
	services := map[string]func(ctx context.Context) error{
		"areas": func(ctx context.Context) error {
			_, err := importing.Areas(ctx, s.db.Pool, strings.NewReader(town), "town.json", importing.Options{Level: coverage.Town, Code: "code", Name: "name"}, nil)
			return err
		},
		"branches": func(ctx context.Context) error {
			_, err := s.app.branches.Import(ctx, strings.NewReader("code,name,kind,areas\nX1,新支部,branch,320282002\n"), false)
			return err
		},
		"branches to save": func(ctx context.Context) error {
			return s.app.branches.Save(ctx, []branch.Branch{{Code: "X2", Name: "新", Kind: "group"}}, []branch.Assignment{{Area: "320282003", Branch: "X2"}})
		},
		"stations": func(ctx context.Context) error {
			_, err := s.app.stations.Import(ctx, strings.NewReader("code,kind,name,lon,lat\nS1,bee_station,驿站,119.801,31.339\n"), station.ImportOptions{})
			return err
		},
		"incidents": func(ctx context.Context) error {
			_, err := s.app.incidents.Import(ctx, strings.NewReader("lon,lat,reported_at,item,title\n119.801,31.339,2026-05-01 10:00,"+anyItem+",导入\n"), nil, incident.ImportOptions{})
			return err
		},
		"catalogue": func(ctx context.Context) error { return s.app.saveCatalogue(ctx) },
		"export": func(ctx context.Context) error {
			_, err := importing.Export(ctx, s.db.Pool, io.Discard, importing.ExportOptions{})
			return err
		},
	}
	oneTown := access.Area{Code: "320282001", Level: "town"}
	for _, c := range []struct {
		name    string
		ctx     context.Context
		imports web.Code // "" where it is done
		exports web.Code
	}{
		{"nobody", t.Context(), web.LoginRequired, web.LoginRequired},
		{"viewer of a town", accesstest.Person(t, access.Viewer, oneTown), web.Forbidden, web.Forbidden},
		{"worker", accesstest.Person(t, access.Worker), web.Forbidden, ""},
		{"dispatcher", accesstest.Person(t, access.Dispatcher), web.Forbidden, ""},
		{"planner", accesstest.Person(t, access.Planner), web.Forbidden, ""},
		{"security administrator", accesstest.Person(t, access.SecurityAdmin), web.Forbidden, web.Forbidden},
		{"auditor", accesstest.Person(t, access.Auditor), web.Forbidden, web.Forbidden},
		{"system administrator", accesstest.Person(t, access.SystemAdmin), "", web.Forbidden},
	} {
		for name, call := range services {
			want := c.imports
			if name == "export" {
				want = c.exports
			}
			var code web.Code
			err := call(c.ctx)
			if p, ok := web.AsProblem(err); ok {
				code = p.Code
			} else if err != nil {
				t.Errorf("%s by %s: %v", name, c.name, err)
			}
			if code != want {
				t.Errorf("%s by %s: %v, want %q", name, c.name, err, want)
			}
		}
	}
	rows, err := s.db.Query(t.Context(), `SELECT DISTINCT action FROM audit WHERE via = 'session'`)
	if err != nil {
		t.Fatal(err)
	}
	var logged []string
	for rows.Next() {
		var action string
		if err := rows.Scan(&action); err != nil {
			t.Fatal(err)
		}
		logged = append(logged, action)
	}
	for _, action := range []string{"edition.publish", "branch.import", "station.import", "incident.import", "area.export"} {
		if !slices.Contains(logged, action) {
			t.Errorf("the log has no %s among %v", action, logged)
		}
	}
}
