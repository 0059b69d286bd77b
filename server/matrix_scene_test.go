package main

import (
	"fmt"
	"net/http"
	"strconv"

	"jingwei/server/access/accesstest"
	"jingwei/server/scene"
)

// sceneRows are the scenes of the walls: who sees incidents anywhere sees them, and dispatchers, of whatever area, change them.
func (m *matrix) sceneRows() []row {
	const (
		read  = "401 403 403 403 | 200 200 200 200 200 | 200 200 200 200 200 | 403 403 403 | 403 200"
		write = "401 403 403 403 | 403 403 403 %[1]s 403 | 403 403 403 %[1]s 403 | 403 403 403 | 403 403"
		path  = "/api/v1/scenes"
		body  = `{"name":"场景","seconds":60,"in_rotation":true,"config":{}}`
	)
	// on asks about a scene that is there for this question only.
	on := func(method string, header ...string) func(*caller) string {
		return func(c *caller) string {
			made := m.scene()
			answer := c.do(method, path+"/"+made.ID.String(), map[string]string{http.MethodPut: body}[method], header...)
			return strconv.Itoa(answer.status)
		}
	}
	arranged := func(c *caller) string {
		scenes, err := m.app.scenes.List(accesstest.Operator(m.t))
		if err != nil {
			m.t.Fatal(err)
		}
		ids := make([]string, len(scenes))
		for i, v := range scenes {
			ids[i] = v.ID.String()
		}
		return strconv.Itoa(c.do(http.MethodPut, path+"/order", `{"ids":`+toJSON(m.t, ids)+`}`).status)
	}
	return []row{
		{"GET /api/v1/scenes", "", status("GET", path, ""), read},
		{"GET /api/v1/scenes/{id}", "", on("GET"), read},
		{"POST /api/v1/scenes", "", status("POST", path, body), fmt.Sprintf(write, "201")},
		{"PUT /api/v1/scenes/{id}", "", on("PUT", "If-Match", `"1"`), fmt.Sprintf(write, "200")},
		{"PUT /api/v1/scenes/{id}", "another version", on("PUT", "If-Match", `"2"`), fmt.Sprintf(write, "412")},
		{"PUT /api/v1/scenes/order", "", arranged, fmt.Sprintf(write, "200")},
		{"DELETE /api/v1/scenes/{id}", "", on("DELETE", "If-Match", `"1"`), fmt.Sprintf(write, "204")},
	}
}

// scene is a scene that a row may spoil; those of earlier rows make room for it.
func (m *matrix) scene() *scene.Scene {
	m.t.Helper()
	if _, err := m.db.Exec(m.t.Context(), `DELETE FROM scene`); err != nil {
		m.t.Fatal(err)
	}
	made, err := m.app.scenes.Create(accesstest.Operator(m.t), scene.Draft{Name: "场景", Seconds: 60, Config: []byte(`{}`)}, nil)
	if err != nil {
		m.t.Fatal(err)
	}
	return made
}
