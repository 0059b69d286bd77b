package area_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"jingwei/geo/coverage"
	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/area"
	"jingwei/server/area/areatest"
	"jingwei/server/db/dbtest"
	"jingwei/server/web"
)

const (
	town   = "320282001"
	beside = "320282002"
)

func codeOf(err error) web.Code {
	if p, ok := web.AsProblem(err); ok {
		return p.Code
	}
	return ""
}

// TestView: figures and earlier editions are shown where an actor has a role, and nowhere else; an area that has ended belongs to whoever had
// a role where it was.
func TestView(t *testing.T) {
	t.Parallel()
	pool := dbtest.Open(t)
	areatest.Publish(t, pool, areatest.Areas(), areatest.Effective)
	areatest.Publish(t, pool, []coverage.Area{areatest.Areas()[1]}, areatest.Effective.AddDate(0, 1, 0))
	// A micro-grid of the town ends with the first edition.
	const retired = town + "00100101"
	if _, err := pool.Exec(t.Context(), `UPDATE area_shape SET households = 7; UPDATE area_shape SET editions = int4range(1, 2) WHERE code = '`+retired+`'`); err != nil {
		t.Fatal(err)
	}
	s, err := area.NewService(pool)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	early := areatest.Effective.Add(time.Hour)
	viewer := accesstest.Person(t, access.Viewer, access.Area{Code: town, Level: "town"})
	for _, c := range []struct {
		name      string
		ctx       context.Context
		figures   []string // towns whose households are shown
		past      web.Code // of a question for an earlier edition
		towns     int      // shown of it
		own, next web.Code // of the history of the town, and of the one beside it
		ended     web.Code // of the history of the area that has ended
	}{
		{"nobody", t.Context(), nil, web.LoginRequired, 0, web.LoginRequired, web.LoginRequired, web.LoginRequired},
		{"viewer of a town", viewer, []string{town}, "", 1, "", web.Forbidden, ""},
		{"viewer of another", accesstest.Person(t, access.Viewer, access.Area{Code: beside, Level: "town"}), []string{beside}, "", 1, web.Forbidden, "", web.Forbidden},
		{"viewer of all", accesstest.Person(t, access.Viewer), []string{town, beside, "320282003", "320282004"}, "", 4, "", "", ""},
		{"auditor", accesstest.Person(t, access.Auditor), nil, web.Forbidden, 0, web.Forbidden, web.Forbidden, web.Forbidden},
	} {
		level := coverage.Town
		now, err := s.At(c.ctx, time.Time{})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		ids, _ := now.List(area.Filter{Level: &level}, "", 10)
		if len(ids) != 4 {
			t.Errorf("%s is shown %d towns", c.name, len(ids))
		}
		var figures []string
		for _, id := range ids {
			if now.Facts(id).Households != nil {
				figures = append(figures, now.Coverage.Code(id))
			}
		}
		if !slices.Equal(figures, c.figures) {
			t.Errorf("%s is shown the figures of %v", c.name, figures)
		}
		past, err := s.At(c.ctx, early)
		if codeOf(err) != c.past {
			t.Errorf("%s asks for the past: %v", c.name, err)
		}
		if err == nil {
			if ids, _ := past.List(area.Filter{Level: &level}, "", 10); len(ids) != c.towns || past.Edition.Number != 1 {
				t.Errorf("%s is shown %d towns of edition %d", c.name, len(ids), past.Edition.Number)
			}
		}
		for code, want := range map[string]web.Code{town: c.own, beside: c.next, retired: c.ended} {
			if _, err := s.History(c.ctx, code); codeOf(err) != want {
				t.Errorf("%s asks for the history of %s: %v, want %q", c.name, code, err, want)
			}
		}
	}
	if _, err := s.History(viewer, "nowhere"); codeOf(err) != web.NotFound {
		t.Errorf("the history of no area: %v", err)
	}
	if err := s.EnsureCells(accesstest.Person(t, access.Planner)); codeOf(err) != web.Forbidden {
		t.Errorf("cells made by a planner: %v", err)
	}
}
