package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jingwei/geo"
)

func TestHotlineOverHTTP(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	const path = "/api/v1/hotline/tickets"
	var receipt struct {
		Number, State, Item string
		Incident            *string
		Unmapped            bool `json:"category_unmapped"`
		Repeats             int
	}
	lon, lat := geo.BD09.FromWGS84(insideLon, insideLat)
	placed := s.do(http.MethodPost, path, fmt.Sprintf(
		`{"number":"DH(2026)1","caller":{"name":"张小明","phone":"13800001234"},"address":"宜城街道","category":"公安/违法停车","lon":%v,"lat":%v,"crs":"bd09","demand_type":"complain"}`, lon, lat))
	placed.into(t, http.StatusCreated, &receipt)
	if receipt.State != "incident" || receipt.Item != anyItem || receipt.Unmapped || placed.header.Get("Location") != path+"/DH(2026)1" {
		t.Errorf("%+v %s", receipt, placed.header.Get("Location"))
	}
	var found struct {
		Channel, Title string
		Areas          []string
	}
	s.get("/api/v1/incidents/"+*receipt.Incident).into(t, http.StatusOK, &found)
	if found.Channel != "hotline_12345" || found.Areas[4] != firstMicro || found.Title != "公安/违法停车" {
		t.Errorf("%+v", found)
	}

	s.do(http.MethodPost, path, `{"number":"DH-2","address":"某处","category":"没有的类别"}`).into(t, http.StatusCreated, &receipt)
	if receipt.State != "to_place" || receipt.Incident != nil || receipt.Item != "petition" || !receipt.Unmapped {
		t.Errorf("%+v", receipt)
	}
	var summary struct{ Tickets int }
	s.get("/api/v1/review/summary").into(t, http.StatusOK, &summary)
	if summary.Tickets != 1 {
		t.Errorf("%d tickets wait", summary.Tickets)
	}
	s.do(http.MethodPost, path, `{"number":"DH-2","address":"某处","category":"没有的类别","repeat_call":true}`).into(t, http.StatusOK, &receipt)
	if receipt.Repeats != 1 {
		t.Errorf("%+v", receipt)
	}
	s.do(http.MethodPost, path+"/DH-2/place", `{"lon":0,"lat":99}`).problem(t, http.StatusUnprocessableEntity, "invalid_coordinate")
	s.do(http.MethodPost, path+"/DH-2/place", fmt.Sprintf(`{"lon":%v,"lat":%v}`, insideLon, insideLat)).into(t, http.StatusOK, &receipt)
	if receipt.State != "incident" {
		t.Errorf("%+v", receipt)
	}
	for body, place := range map[string]string{
		`{"number":"a/b","address":"某处","category":"x"}`:                         "body.number",
		`{"number":"3","address":"","category":"x"}`:                             "body.address",
		`{"number":"3","address":"某处","category":"x","lon":119.8}`:               "body.lat",
		`{"number":"3","address":"某处","category":"x","lon":200,"lat":1}`:         "body.lon",
		`{"number":"3","address":"某处","category":"x","caller":{"phone":"1"}}`:    "body.caller.phone",
		`{"number":"3","address":"某处","category":"x","demand_type":"other"}`:     "body.demand_type",
		`{"number":"3","address":"某处","category":"x","lon":1,"lat":1,"crs":"x"}`: "body.crs",
	} {
		a := s.do(http.MethodPost, path, body)
		if a.status != http.StatusUnprocessableEntity || !strings.Contains(string(a.body), place) {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
}

func TestMovingOverHTTP(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	var created struct{ ID string }
	s.do(http.MethodPost, "/api/v1/incidents", report("路口")).into(t, http.StatusCreated, &created)
	path := "/api/v1/incidents/" + created.ID
	tag := s.get(path).header.Get("ETag")
	body := `{"lon":119.8214,"lat":31.3214,"reason":"在路口对面"}`
	moved := s.do(http.MethodPost, path+"/move", body, "If-Match", tag)
	if moved.status != http.StatusOK || moved.header.Get("ETag") == tag || moved.header.Get("ETag") != s.get(path).header.Get("ETag") {
		t.Fatalf("%d %s %s, before %s", moved.status, moved.body, moved.header.Get("ETag"), tag)
	}
	s.do(http.MethodPost, path+"/move", body, "If-Match", tag).problem(t, http.StatusPreconditionFailed, "stale")
	s.do(http.MethodPost, path+"/confirm", `{}`, "If-Match", tag).problem(t, http.StatusPreconditionFailed, "stale")
	s.do(http.MethodPost, path+"/undo", `{}`, "If-Match", tag).problem(t, http.StatusPreconditionFailed, "stale")
	s.do(http.MethodPost, path+"/undo", `{}`).problem(t, http.StatusUnprocessableEntity, "invalid")
	if a := s.do(http.MethodPost, path+"/confirm", `{}`, "If-Match", "*"); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.body)
	}
	var history struct {
		Items []struct {
			Kind, By, Reason string
			From, To         *struct{ Areas []string }
			Undoable         bool
		}
	}
	shown := s.get(path + "/history")
	shown.into(t, http.StatusOK, &history)
	// Nobody asked whether it lies well, so the confirmation changed nothing.
	if len(history.Items) != 1 || history.Items[0].Kind != "moved" || history.Items[0].Reason != "在路口对面" || history.Items[0].From.Areas[4] != firstMicro || !history.Items[0].Undoable {
		t.Errorf("%+v", history)
	}
	back := s.do(http.MethodPost, path+"/undo", `{}`, "If-Match", shown.header.Get("ETag"))
	if back.status != http.StatusOK || back.header.Get("ETag") != tag || s.get(path).header.Get("ETag") != tag {
		t.Errorf("%d %s %s, before %s", back.status, back.body, back.header.Get("ETag"), tag)
	}
	s.do(http.MethodPost, path+"/undo", `{}`, "If-Match", "*").problem(t, http.StatusConflict, "conflict")
}

func TestBadHotlineCategories(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "categories.json")
	if err := os.WriteFile(file, []byte("{\"default\": \"petition\",\n\"categories\": [\n{\"category\": \"a\", \"itme\": \"noise\"}]}"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := setup(t)
	code, _, errOut := jingwei(t, nil, "serve", "--listen", "127.0.0.1:0", "--database-url", s.db.Config().ConnString(), "--key-file", s.app.keys.Path(), "--hotline-categories", file)
	if code != 1 || !strings.Contains(errOut, file+":3: json: unknown field \"itme\"") {
		t.Errorf("%d %s", code, errOut)
	}
	if err := os.WriteFile(file, []byte("{\"default\": \"petition\",\n\"categories\": [\n{\"category\": \"a\", \"item\": \"nosie\"}]}"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, errOut = jingwei(t, nil, "serve", "--listen", "127.0.0.1:0", "--database-url", s.db.Config().ConnString(), "--key-file", s.app.keys.Path(), "--hotline-categories", file)
	if code != 1 || !strings.Contains(errOut, file+`:3: the catalogue has no item "nosie"`) {
		t.Errorf("%d %s", code, errOut)
	}
}

func TestArchiveCommand(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	common := []string{"--database-url", s.db.Config().ConnString(), "--key-file", s.app.keys.Path()}
	archive := func(args ...string) (int, string, string) {
		return jingwei(t, nil, append(append([]string{"archive"}, args...), common...)...)
	}
	old := time.Now().UTC().AddDate(0, -3, 0)
	month, following := old.Format("2006-01"), old.AddDate(0, 1, -old.Day()+1).Format("2006-01")
	s.do(http.MethodPost, "/api/v1/incidents", fmt.Sprintf(
		`{"lon":%v,"lat":%v,"item":%q,"title":"旧","reported_at":%q,"reporter":{"name":"张小明"}}`, insideLon, insideLat, anyItem, old.Format(time.RFC3339))).into(t, http.StatusCreated, &struct{}{})
	events := s.follow("")
	if code, out, errOut := archive("--before", following); code != 1 || !strings.Contains(errOut, "still open") || !strings.Contains(out, month) {
		t.Errorf("%d %s %s", code, out, errOut)
	}
	s.exec(`UPDATE incident SET status = 'closed', closed_at = now()`)
	if code, out, errOut := archive("--before", following, "--dry-run"); code != 0 || !strings.Contains(out, "would archive 1 months") {
		t.Errorf("%d %s %s", code, out, errOut)
	}
	if code, out, errOut := archive("--before", following); code != 0 || !strings.Contains(out, "Archived "+month+": 1 incidents, 1 reporters, 1 receipts, 0 photos.") {
		t.Errorf("%d %s %s", code, out, errOut)
	}
	next(t, events, "incident.archived")
	var list struct{ Items []struct{} }
	s.get("/api/v1/incidents").into(t, http.StatusOK, &list)
	if len(list.Items) != 0 {
		t.Errorf("%d are listed", len(list.Items))
	}
	if code, out, _ := archive("--list"); code != 0 || out != month+"\n" {
		t.Errorf("%d %s", code, out)
	}
	// What is sealed there gets the new key too, and a ticket's caller.
	s.do(http.MethodPost, "/api/v1/hotline/tickets", `{"number":"1","caller":{"name":"张小明"},"address":"某处","category":"x"}`).into(t, http.StatusCreated, &struct{}{})
	if code, out, errOut := jingwei(t, nil, append([]string{"keys", "rotate"}, common...)...); code != 0 || !strings.Contains(out, "2 rows were sealed again") {
		t.Errorf("%d %s %s", code, out, errOut)
	}
	if code, out, errOut := archive("--restore", month); code != 0 || !strings.Contains(out, "Restored "+month+": 1 incidents, 1 reporters") {
		t.Errorf("%d %s %s", code, out, errOut)
	}
	next(t, events, "incident.archived")
	s.get("/api/v1/incidents").into(t, http.StatusOK, &list)
	if len(list.Items) != 1 {
		t.Errorf("%d are listed", len(list.Items))
	}
	for _, args := range [][]string{{}, {"--before", "2025"}, {"--before", "2025-01", "--list"}, {"--before", "2999-01"}, {"--restore", "2025-01", "--dry-run"}, {"--restore", "2001-01"}} {
		if code, _, errOut := archive(args...); code == 0 || errOut == "" {
			t.Errorf("%v: %d %s", args, code, errOut)
		}
	}
}
