package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jingwei/server/area/areatest"
	"jingwei/server/db/dbtest"
)

func TestHelpIsComplete(t *testing.T) {
	t.Parallel()
	for _, command := range []string{
		"", "serve", "demo", "migrate", "import", "import areas", "import branches", "import stations", "import incidents", "export", "export areas",
		"check", "snap", "db", "db url", "openapi", "version",
		"user", "user add", "user list", "user grant", "user revoke", "user password", "user disable", "user enable", "user unlock", "user token", "user remove-demo",
	} {
		code, out, errOut := jingwei(t, nil, append(strings.Fields(command), "--help")...)
		if code != 0 || !strings.HasPrefix(out, "Usage: jingwei") || errOut != "" {
			t.Errorf("%s --help: exit %d, %s%s", command, code, out, errOut)
		}
		for _, flag := range []string{"--data-dir", "JINGWEI_DATA_DIR", "DATABASE_URL"} {
			if !strings.Contains(out, flag) {
				t.Errorf("%s --help does not tell of %s", command, flag)
			}
		}
	}
	for _, args := range [][]string{{"nothing"}, {"serve", "--port", "1"}, {"import", "areas", "x"}, {}} {
		code, out, errOut := jingwei(t, nil, args...)
		if code != 2 || out != "" || !strings.Contains(errOut, "--help") {
			t.Errorf("%v: exit %d, %s%s", args, code, out, errOut)
		}
	}
	if code, out, _ := jingwei(t, nil, "version"); code != 0 || !strings.HasPrefix(out, "jingwei ") {
		t.Errorf("version: %d %s", code, out)
	}
}

// TestAreasThereAndBack exports the areas of one database and imports them into another: each level is a new edition, a second
// import changes nothing, and both databases answer alike.
func TestAreasThereAndBack(t *testing.T) {
	t.Parallel()
	from, folder := setupCounty(t), t.TempDir()
	to := serve(t, dbtest.URL(t))
	url := to.db.Config().ConnString()
	fromURL := from.db.Config().ConnString()
	for i, level := range []string{"county", "town", "community", "grid", "micro"} {
		file := filepath.Join(folder, level+".geojson")
		if code, out, errOut := jingwei(t, nil, "export", "areas", "--database-url", fromURL, "--level", level, "-o", file); code != 0 || out != "" {
			t.Fatalf("export: exit %d, %s%s", code, out, errOut)
		}
		if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
			t.Errorf("households and population are in a file of mode %v, %v", info.Mode(), err)
		}
		arguments := []string{"import", "areas", file, "--database-url", url, "--level", level, "--code", "code", "--name", "name"}
		code, out, errOut := jingwei(t, nil, append(arguments, "--dry-run", "--allow-gaps")...)
		if code != 0 || !strings.Contains(out, "Dry run") {
			t.Fatalf("dry run: exit %d, %s%s", code, out, errOut)
		}
		code, out, errOut = jingwei(t, nil, append(arguments, "--allow-gaps")...)
		if code != 0 || !strings.Contains(out, fmt.Sprintf("Edition %d:", i+1)) {
			t.Fatalf("import: exit %d, %s%s", code, out, errOut)
		}
		code, out, errOut = jingwei(t, nil, append(arguments, "--allow-gaps")...)
		if code != 0 || !strings.Contains(out, "Nothing changed") {
			t.Fatalf("a second import: exit %d, %s%s", code, out, errOut)
		}
	}
	// The server noticed by itself.
	events := to.follow("1")
	for range 4 {
		next(t, events, "edition.published")
	}
	const points = "lon,lat\n119.801,31.339\n119.82,31.32\n119.839,31.321\n0,0\nx,y\n"
	_, want, _ := jingwei(t, strings.NewReader(points), "snap", "--database-url", fromURL)
	code, got, errOut := jingwei(t, strings.NewReader(points), "snap", "--database-url", url)
	strip := strings.NewReplacer(",B1,", ",,", ",B2,", ",,") // the second database has no branches
	if code != 0 || got != strip.Replace(want) || strings.Count(got, "\n") != 6 || !strings.Contains(got, firstMicro) || !strings.Contains(got, "two numbers") {
		t.Errorf("snap: exit %d, %s\nwant\n%s%s", code, got, strip.Replace(want), errOut)
	}
	var live struct{ Areas []struct{ Code string } }
	to.get(fmt.Sprintf("/api/v1/snap?lon=%v&lat=%v", insideLon, insideLat)).into(t, http.StatusOK, &live)
	if len(live.Areas) != 5 || live.Areas[4].Code != firstMicro {
		t.Errorf("the running server answers %+v", live)
	}
}

func TestSnapFollowsItsHeader(t *testing.T) {
	t.Parallel()
	url := setupCounty(t).db.Config().ConnString()
	code, out, errOut := jingwei(t, strings.NewReader("\ufeffid,纬度,经度\n77,31.339,119.801\n"), "snap", "--database-url", url)
	if code != 0 || !strings.Contains(out, firstMicro) {
		t.Errorf("exit %d, %s%s", code, out, errOut)
	}
	code, _, errOut = jingwei(t, strings.NewReader("name;place\n1,2\n"), "snap", "--database-url", url)
	if code != 1 || !strings.Contains(errOut, "lon and lat") {
		t.Errorf("an unknown header: exit %d, %s", code, errOut)
	}
	// What a spreadsheet would run comes back as text, and a number as a number.
	_, out, _ = jingwei(t, strings.NewReader("lon,lat\n\"=HYPERLINK(\"\"http://evil.example\"\")\",@x\n-1.5,-2\n"), "snap", "--database-url", url)
	if strings.Contains(out, "\n\"=") || !strings.Contains(out, `"'=HYPERLINK`) || !strings.Contains(out, ",'@x,") || !strings.Contains(out, "\n-1.5,-2,outside") {
		t.Errorf("formulas: %s", out)
	}
}

// A command that only reads makes no database, and flags are checked before anything is started.
func TestMistakesMakeNothing(t *testing.T) {
	t.Parallel()
	dir := dbtest.DataDir(t)
	for _, args := range [][]string{
		{"snap"}, {"export", "areas"}, {"serve", "--incidents=-5"}, {"serve", "--listen", "nowhere"}, {"serve", "--public-url", "map.example.org"},
		{"serve", "--trusted-proxy", "proxy"}, {"db", "url"},
	} {
		code, _, errOut := jingwei(t, strings.NewReader(""), append(args, "--data-dir", dir)...)
		if _, err := os.Stat(dir); code != 1 || errOut == "" || err == nil {
			t.Errorf("%v: exit %d, %s, data directory made: %t", args, code, errOut, err == nil)
		}
	}
	for _, metres := range []string{"-1", "NaN", "Inf", "1e300"} {
		code, _, errOut := jingwei(t, strings.NewReader(""), "snap", "--database-url", dbtest.URL(t), "--snap-within-m="+metres)
		if code != 1 || !strings.Contains(errOut, "snap-within-m") {
			t.Errorf("%s metres: exit %d, %s", metres, code, errOut)
		}
	}
}

// Two commands at once on a data directory without a server share one database, and the first waits for the second.
func TestCommandsShareAPrivateDatabase(t *testing.T) {
	t.Parallel()
	dir := dbtest.DataDir(t)
	config := &Config{DataDir: dir}
	first, err := config.openDatabase(t.Context(), writes)
	if err != nil {
		t.Fatal(err)
	}
	second, err := config.openDatabase(t.Context(), reads)
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan error, 1)
	go func() { closed <- first.close() }()
	select {
	case err := <-closed:
		t.Fatalf("the first closed under the second: %v", err)
	case <-time.After(time.Second):
	}
	var n int
	if err := second.QueryRow(t.Context(), `SELECT count(*) FROM edition`).Scan(&n); err != nil {
		t.Error(err)
	}
	if err := errors.Join(second.close(), <-closed); err != nil {
		t.Error(err)
	}
}

// A source that fails ends the command; it is not a line that is no point.
func TestSnapOfABrokenSource(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	folder, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	code, _, errOut := jingwei(t, folder, "snap", "--database-url", s.db.Config().ConnString())
	if code != 1 || !strings.Contains(errOut, "read the points") {
		t.Errorf("exit %d: %s", code, errOut)
	}
}

func TestRefusedAreasChangeNothing(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	file := filepath.Join(t.TempDir(), "towns.geojson")
	content := `{"type":"FeatureCollection","features":[
		{"type":"Feature","properties":{"code":"320282009","name":"好"},"geometry":{"type":"Polygon","coordinates":[[[119.80,31.30],[119.82,31.30],[119.82,31.32],[119.80,31.32],[119.80,31.30]]]}},
		{"type":"Feature","properties":{"code":"x","name":"坏"},"geometry":{"type":"Point","coordinates":[1,2]}}]}`
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	points := file + ".report"
	code, out, errOut := jingwei(t, nil, "import", "areas", file, "--database-url", s.db.Config().ConnString(), "--level", "town", "--code", "code", "--name", "name",
		"--report", points)
	report, err := os.ReadFile(points)
	if err != nil || !strings.Contains(string(report), `"kind":"problem"`) || !strings.Contains(string(report), "not_a_polygon") {
		t.Errorf("the report as points: %s, %v", report, err)
	}
	if code != 1 || !strings.Contains(out, "not_a_polygon") || !strings.Contains(out, "feature 2") || !strings.Contains(errOut, "nothing was imported") {
		t.Errorf("exit %d, %s%s", code, out, errOut)
	}
	var about About
	s.get("/api/v1/about").into(t, http.StatusOK, &about)
	if about.Edition != 1 || about.Areas["town"] != 4 {
		t.Errorf("a refused file changed something: %+v", about)
	}
	code, _, errOut = jingwei(t, nil, "import", "areas", "nothing.geojson", "--database-url", s.db.Config().ConnString(), "--level", "town", "--code", "c", "--name", "n")
	if code != 1 || !strings.Contains(errOut, "nothing.geojson") {
		t.Errorf("a missing file: exit %d, %s", code, errOut)
	}
}

func TestImportIncidents(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	events := s.follow("")
	next(t, events, "hello")
	file := filepath.Join(t.TempDir(), "incidents.csv")
	content := "lat,lon,item,reported_at,title\n31.339,119.801," + anyItem + ",2026-03-01T08:00:00+08:00,甲\n31.339,119.801,nothing,2026-03-01T08:00:00+08:00,乙\n"
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	url := s.db.Config().ConnString()
	code, out, errOut := jingwei(t, nil, "import", "incidents", file, "--database-url", url)
	if code != 0 || !strings.Contains(out, "1 incidents added, 0 were in already, 1 rejected") {
		t.Errorf("exit %d, %s%s", code, out, errOut)
	}
	next(t, events, "incident.imported")
	rejected, err := os.ReadFile(file + ".rejected.csv")
	if err != nil || !strings.Contains(string(rejected), "unknown_item") || !strings.Contains(string(rejected), "乙") {
		t.Errorf("rejected: %s (%v)", rejected, err)
	}
	code, out, errOut = jingwei(t, nil, "import", "incidents", file, "--database-url", url)
	if code != 0 || !strings.Contains(out, "0 incidents added, 1 were in already") {
		t.Errorf("a second import: exit %d, %s%s", code, out, errOut)
	}
	var page struct{ Items []struct{ Title string } }
	s.get("/api/v1/incidents?area="+areatest.County).into(t, http.StatusOK, &page)
	if len(page.Items) != 1 || page.Items[0].Title != "甲" {
		t.Errorf("incidents: %+v", page)
	}
}
