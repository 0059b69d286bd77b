package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"jingwei/server/access"
	"jingwei/server/incident"
)

// randomKey is an Idempotency-Key as the page sends it.
const randomKey = "5f0c4b1e9d7a48e2b3c6a1f8d2907e43"

func TestReporterOverHTTP(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	public := s.as()
	events := s.follow("")
	a := public.do(http.MethodPost, "/api/v1/incidents", personal("路灯 13987651234 不亮"), "Idempotency-Key", randomKey)
	var created incident.Created
	a.into(t, http.StatusCreated, &created)
	again := public.do(http.MethodPost, "/api/v1/incidents", personal("路灯 13987651234 不亮"), "Idempotency-Key", randomKey)
	var repeated incident.Created
	again.into(t, http.StatusOK, &repeated)
	if repeated.ID != created.ID || repeated.Receipt != created.Receipt || created.Receipt.Secret == "" {
		t.Errorf("the repeat gives %+v, want %+v", repeated, created)
	}
	weak := public.do(http.MethodPost, "/api/v1/incidents", personal("路灯 13987651234 不亮"), "Idempotency-Key", "k1")
	weak.problem(t, http.StatusUnprocessableEntity, "invalid")
	if !strings.Contains(string(weak.body), `"header.Idempotency-Key"`) || !strings.Contains(string(weak.body), "UUID") {
		t.Errorf("the remedy is not named: %s", weak.body)
	}
	path := "/api/v1/incidents/" + created.ID.String()
	var detail incident.Detail
	found := s.get(path)
	found.into(t, http.StatusOK, &detail)
	if want := (incident.MaskedReporter{Name: "欧阳**", Phone: "139****1234", IDNumber: "1101**********0142", Home: "宜城街道东风小区**"}); detail.Reporter == nil || *detail.Reporter != want || detail.Sealed != incident.Sealed {
		t.Errorf("%s", found.body)
	}
	list := s.get("/api/v1/incidents")
	event := next(t, events, "incident.created")
	follow := public.do(http.MethodPost, "/api/v1/reports/follow", `{"number":"`+created.Receipt.Number+`","secret":"`+strings.ToLower(created.Receipt.Secret)+`"}`)
	var followed incident.Followed
	follow.into(t, http.StatusOK, &followed)
	if followed.BranchName != "网格支部" || len(followed.Areas) != 5 || followed.Status != incident.Collected || follow.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s", follow.body)
	}
	for place, text := range map[string]string{
		"the answer": string(a.body), "the repeat": string(again.body), "the incident": string(found.body), "the list": string(list.body), "the event": event.data, "the reporter's page": string(follow.body),
	} {
		for _, told := range []string{"试密", "1398765", "139 8765", "110105194912310142", "501"} {
			if strings.Contains(text, told) {
				t.Errorf("%s has %q: %s", place, told, text)
			}
		}
	}
	if strings.Contains(string(list.body), "reporter") || strings.Contains(string(list.body), "receipt") {
		t.Errorf("the list tells of reporters: %s", list.body)
	}

	reason := `{"reason":"回访报告人"}`
	public.do(http.MethodPost, path+"/reporter/unseal", reason).problem(t, http.StatusUnauthorized, "login_required")
	s.as(s.token(access.Viewer, "")...).do(http.MethodPost, path+"/reporter/unseal", reason).problem(t, http.StatusForbidden, "forbidden")
	s.as(s.token(access.Handler, "320282002")...).do(http.MethodPost, path+"/reporter/unseal", reason).problem(t, http.StatusNotFound, "not_found")
	s.as(s.token(access.Handler, "", access.IncidentRead)...).do(http.MethodPost, path+"/reporter/unseal", reason).problem(t, http.StatusForbidden, "forbidden")
	s.do(http.MethodPost, path+"/reporter/unseal", `{"reason":"    "}`).problem(t, http.StatusUnprocessableEntity, "invalid")
	unsealed := s.as(s.token(access.Handler, "320282001")...).do(http.MethodPost, path+"/reporter/unseal", reason)
	var p incident.Unsealed
	unsealed.into(t, http.StatusOK, &p)
	if want := (incident.Unsealed{Name: "欧阳试密", Phone: "13987651234", IDNumber: "110105194912310142", Home: "宜城街道东风小区12幢501室", Title: "路灯 13987651234 不亮"}); p != want || unsealed.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s %v", unsealed.body, unsealed.header)
	}
}

func TestProblemsRepeatNothingOfTheReporter(t *testing.T) {
	t.Parallel()
	public := setupCounty(t).as()
	for name, reporter := range map[string]string{
		"a number for a text": `{"phone":13987651234}`,
		"a wrong phone":       `{"phone":"139876512345"}`,
		"a wrong number":      `{"id_number":"110105194912310143"}`,
		"an unknown property": `{"phone":"13987651234","tel":"13987651234"}`,
		"a list":              `["13987651234"]`,
		"a text":              `"13987651234"`,
		"control characters":  `{"name":"欧阳\u0000试密"}`,
		"too long":            `{"name":"` + strings.Repeat("试密", 40) + `"}`,
		"no JSON":             `{"phone":"13987651234"`,
	} {
		a := public.do(http.MethodPost, "/api/v1/incidents", strings.TrimSuffix(report("路灯不亮"), "}")+`,"reporter":`+reporter+`}`)
		if a.status < 400 || a.status >= 500 {
			t.Errorf("%s: status %d", name, a.status)
		}
		for _, told := range []string{"试密", "1398765", "1101051949"} {
			if strings.Contains(string(a.body), told) {
				t.Errorf("%s is repeated: %s", name, a.body)
			}
		}
	}
}

func TestRetentionCommand(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	old := time.Now().AddDate(-1, -6, 0).UTC().Format(time.RFC3339)
	for _, title := range []string{"old", "new"} {
		body := personal(title)
		if title == "old" {
			body = strings.TrimSuffix(body, "}") + `,"reported_at":"` + old + `"}`
		}
		s.do(http.MethodPost, "/api/v1/incidents", body).into(t, http.StatusCreated, &incident.Created{})
	}
	if _, err := s.db.Exec(t.Context(), `UPDATE incident SET status = 'closed', closed_at = reported_at`); err != nil {
		t.Fatal(err)
	}
	kept := func() (reporters, receipts int) {
		t.Helper()
		if err := s.db.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM incident_reporter), (SELECT count(*) FROM report_receipt)`).Scan(&reporters, &receipts); err != nil {
			t.Fatal(err)
		}
		return reporters, receipts
	}
	code, out, errOut := jingwei(t, nil, s.keyed("retention", "--dry-run", "--years", "1")...)
	if n, m := kept(); code != 0 || !strings.Contains(out, old[:4]) || !strings.Contains(out, "320282") || n != 2 || m != 2 {
		t.Errorf("exit %d, %d and %d are left\n%s\n%s", code, n, m, out, errOut)
	}
	if code, out, _ := jingwei(t, nil, s.keyed("retention")...); code != 0 || !strings.Contains(out, "none") || !strings.Contains(out, "Deleted: 0 reporters, 0 receipts, 0 photos, 0 callers.") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if code, _, _ := jingwei(t, nil, s.keyed("retention", "--years", "0")...); code != 1 {
		t.Error("0 years were accepted, which would delete everything")
	}
	// The server does the same at night, and nothing by day or when it is switched off.
	night, day := time.Now().UTC().Truncate(24*time.Hour).Add((24+retentionHour-8)*time.Hour+time.Minute), time.Now().UTC().Truncate(24*time.Hour)
	for _, try := range []struct {
		years int
		at    time.Time
		left  int
	}{{1, day, 2}, {0, night, 2}, {2, night, 2}, {1, night, 1}} {
		s.app.retainNightly(access.With(t.Context(), access.Server()), try.years, try.at)
		if n, m := kept(); n != try.left || m != try.left {
			t.Errorf("%d years at %s: %d and %d are left, want %d", try.years, try.at, n, m, try.left)
		}
	}
	if got := s.logged("reporter.delete"); got != "reporter.delete" {
		t.Errorf("logged: %s", got)
	}
}
