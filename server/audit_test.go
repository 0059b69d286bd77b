package main

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/audit"
	"jingwei/server/db"
	"jingwei/server/db/dbtest"
	"jingwei/server/web"
)

type auditPage struct {
	Items []audit.Record
	Next  *string
}

// note writes entries into the log, without anybody's request.
func (s *site) note(entries ...audit.Entry) {
	s.t.Helper()
	ctx := accesstest.Operator(s.t)
	for _, e := range entries {
		if err := db.InTx(ctx, s.db.Pool, func(tx pgx.Tx) error { return audit.Append(ctx, tx, e) }); err != nil {
			s.t.Fatal(err)
		}
	}
}

func TestAuditOverHTTP(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.note(
		audit.Entry{Action: "test.one", Object: "test/1", After: map[string]any{"n": 1}}, audit.Entry{Action: "test.two", Object: "test/2", Reason: "=1+1"},
		audit.Entry{Action: "test.three", Object: "test/3", Outcome: audit.Refused},
	)
	auditor := s.as(s.token(access.Auditor, "")...)
	var page auditPage
	auditor.get("/api/v1/audit?object=test/&limit=2").into(t, http.StatusOK, &page)
	if len(page.Items) != 2 || page.Items[0].Object != "test/3" || page.Items[0].Outcome != audit.Refused || string(page.Items[0].After) != "null" || page.Next == nil {
		t.Fatalf("first page %+v", page)
	}
	var last auditPage
	auditor.get("/api/v1/audit?object=test/&limit=2&cursor="+*page.Next).into(t, http.StatusOK, &last)
	if len(last.Items) != 1 || string(last.Items[0].After) != `{"n":1}` || last.Next != nil {
		t.Errorf("second page %+v", last)
	}
	// Each page is in the log, with the address and the request that it came by, also one with a cursor that no answer gave.
	auditor.get("/api/v1/audit?object=test/1&cursor="+*web.EncodeCursor(uuid.Max)).into(t, http.StatusOK, &last)
	var searches auditPage
	auditor.get("/api/v1/audit?action=audit.read").into(t, http.StatusOK, &searches)
	if len(last.Items) != 1 || len(searches.Items) != 3 || !strings.Contains(string(searches.Items[0].After), `"test/1"`) {
		t.Errorf("a made up cursor: %+v, searches %+v", last, searches)
	}
	searches.Items = searches.Items[1:]
	if searches.Items[0].Via != "token" || searches.Items[0].Address != "127.0.0.1" || searches.Items[0].Request == "" ||
		!strings.Contains(string(searches.Items[0].After), `"test/"`) {
		t.Errorf("searches %+v", searches)
	}
	for query, code := range map[string]string{
		"cursor=x": "invalid_cursor", "from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z": "invalid", "from=0001-01-02T00:00:00Z": "invalid",
		"limit=1001": "invalid", "outcome=perhaps": "invalid", "q=" + strings.Repeat("x", 101): "invalid", "cursor=AAAAAAAAAAAAAAAAAAAAAA": "invalid_cursor",
	} {
		auditor.get("/api/v1/audit?"+query).problem(t, http.StatusUnprocessableEntity, code)
	}
	answer := auditor.get("/api/v1/audit.csv?object=test/")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(answer.body), "\ufeff"))).ReadAll()
	if err != nil || answer.status != http.StatusOK || !strings.HasPrefix(answer.header.Get("Content-Type"), "text/csv") || len(rows) != 4 || !strings.Contains(string(answer.body), ",'=1+1,") {
		t.Errorf("export: %d %s %q %v", answer.status, answer.header, answer.body, err)
	}
	auditor.get("/api/v1/audit.csv?limit=5&from=x").problem(t, http.StatusUnprocessableEntity, "invalid")
	for path, status := range map[string]int{"/api/v1/audit": 403, "/api/v1/audit.csv": 403, "/api/v1/audit/chain": 403} {
		s.as(s.token(access.Dispatcher, "")...).get(path).problem(t, status, "forbidden")
		s.as().get(path).problem(t, http.StatusUnauthorized, "login_required")
	}
}

// The server links what commits, and looks at the chain.
func TestChainOverHTTP(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.note(audit.Entry{Action: "test.one"})
	auditor := s.as(s.token(access.Auditor, "")...)
	var rows int64
	if err := s.db.QueryRow(t.Context(), `SELECT count(*) FROM audit`).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	var chain audit.ChainState
	for deadline := time.Now().Add(10 * time.Second); chain.Entries < rows || chain.VerifiedAt == nil; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d rows, the chain stands at %+v", rows, chain)
		}
		auditor.get("/api/v1/audit/chain").into(t, http.StatusOK, &chain)
	}
	if len(chain.Head) != 64 || chain.HeadAt == nil || chain.Broken != nil {
		t.Errorf("chain %+v", chain)
	}
}

// What was refused is in the log, once a second for each actor and operation, with the number of times.
func TestRefusalsAreLogged(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	worker := s.as(s.token(access.Worker, firstGrid)...)
	for range 5 {
		worker.do(http.MethodPost, "/api/v1/incidents/0190a0a0-0000-7000-8000-000000000000/reporter/unseal", `{"reason":"x"}`)
		worker.get("/api/v1/audit?q=13812345678").problem(t, http.StatusForbidden, "forbidden")
		worker.get("/api/v1/snap?lon=0&lat=0") // nothing to refuse
	}
	s.as().get("/api/v1/audit").problem(t, http.StatusUnauthorized, "login_required")
	s.as("Authorization", "Bearer jw_wrong").do(http.MethodPost, "/api/v1/incidents", report("x")).problem(t, http.StatusUnauthorized, "invalid_token")
	type row struct {
		login, object, code string
		times               int
	}
	list := func() (rows []row, times int) {
		found, err := s.db.Query(t.Context(), `SELECT login, object, after->>'code', (after->>'times')::int, outcome = 'refused' AND address <> '' AND request <> '' AND NOT audit::text LIKE '%138%'
			FROM audit WHERE action = 'request.refuse' ORDER BY id`)
		if err != nil {
			t.Fatal(err)
		}
		var r row
		var whole bool
		if _, err := pgx.ForEachRow(found, []any{&r.login, &r.object, &r.code, &r.times, &whole}, func() error {
			if !whole {
				t.Errorf("row %+v", r)
			}
			if r.object == "audit" && r.login != "" {
				times += r.times
			}
			rows = append(rows, r)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return rows, times
	}
	rows, times := list()
	for deadline := time.Now().Add(5 * time.Second); times < 5 && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		rows, times = list()
	}
	if times != 5 || len(rows) > 12 {
		t.Errorf("%d times in %+v", times, rows)
	}
	seen := fmt.Sprint(rows)
	for _, want := range []string{"{ audit login_required 1}", "{ incidents invalid_token 1}"} {
		if !strings.Contains(seen, want) {
			t.Errorf("no %s in %s", want, seen)
		}
	}
}

// The command finds one altered byte, and with an anchor a cut off end; it exits with 1 then.
func TestAuditCommand(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	folder := t.TempDir()
	anchor := filepath.Join(folder, "anchor")
	verify := func(want int, says string, args ...string) {
		t.Helper()
		code, out, errOut := jingwei(t, nil, append([]string{"audit", "verify", "--database-url", url}, args...)...)
		if code != want || !strings.Contains(out+errOut, says) {
			t.Errorf("verify %v: exit %d, %s%s", args, code, out, errOut)
		}
	}
	verify(0, "0 links")
	s := serve(t, url)
	s.note(audit.Entry{Action: "test.one", Object: "test/1"}, audit.Entry{Action: "test.two", Object: "test/2"})
	verify(0, "head ", "--anchor", anchor)
	verify(0, "head ", "--anchor", anchor)
	text, err := os.ReadFile(anchor)
	if err != nil || strings.Count(string(text), "\n") != 2 {
		t.Fatalf("anchors %q, %v", text, err)
	}
	head := strings.Fields(string(text))[1]
	verify(0, head, "--head", head)
	verify(1, "64 hexadecimal", "--head", "abc")
	verify(1, "no link has the hash", "--head", strings.Repeat("0", 64))

	code, out, errOut := jingwei(t, nil, "audit", "export", "--database-url", url, "--object", "test/1")
	if code != 0 || strings.Count(out, "\n") != 2 || !strings.Contains(out, "test.one") || !strings.Contains(errOut, "1 rows") {
		t.Errorf("export: exit %d, %s%s", code, out, errOut)
	}
	file := filepath.Join(folder, "audit.csv")
	if code, out, errOut := jingwei(t, nil, "audit", "export", "--database-url", url, "-o", file, "--from", "2020-01-01", "--to", "2999-01-01T00:00:00Z"); code != 0 || out != "" {
		t.Errorf("export: exit %d, %s%s", code, out, errOut)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 || info.Size() == 0 {
		t.Errorf("export: %v, %v", info, err)
	}
	if code, _, errOut := jingwei(t, nil, "audit", "export", "--database-url", url, "--from", "yesterday"); code != 1 || !strings.Contains(errOut, "--from") {
		t.Errorf("export from yesterday: exit %d, %s", code, errOut)
	}

	owner := dbtest.Owner(t, s.db.Pool)
	tamper := func(sql string) {
		t.Helper()
		err := pgx.BeginFunc(t.Context(), owner, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), "SET LOCAL session_replication_role = replica; "+sql)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	tamper(`UPDATE audit SET object = 'test/3' WHERE object = 'test/2'`)
	verify(1, "not what was written")
	tamper(`UPDATE audit SET object = 'test/2' WHERE object = 'test/3'`)
	verify(0, "head ")
	tamper(`DELETE FROM audit WHERE object = 'test/1'; DELETE FROM audit_link; DELETE FROM audit_pending; INSERT INTO audit_pending SELECT id, county FROM audit`)
	verify(0, "head ")
	verify(1, "written anew", "--anchor", anchor)
	if after, err := os.ReadFile(anchor); err != nil || string(after) != string(text) {
		t.Errorf("the anchors are now %q, %v", after, err)
	}
}

// db url tells the application's address, and the owner's where it is asked for.
func TestDBURL(t *testing.T) {
	t.Parallel()
	config := &Config{DataDir: dbtest.DataDir(t)}
	d, err := config.openDatabase(t.Context(), serves)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	for flag, want := range map[string]string{"--owner": d.local.OwnerURL(), "--verbose": d.local.URL()} {
		if code, out, errOut := jingwei(t, nil, "db", "url", "--data-dir", config.DataDir, flag); code != 0 || strings.TrimSpace(out) != want {
			t.Errorf("db url %s: exit %d, %s%s", flag, code, out, errOut)
		}
	}
	if user := d.Config().ConnConfig.User; user != db.ApplicationRole {
		t.Errorf("the program works as %s", user)
	}
	if code, _, errOut := jingwei(t, nil, "migrate", "--data-dir", config.DataDir, "--migrate-url", d.local.OwnerURL()); code != 1 || !strings.Contains(errOut, "--database-url") {
		t.Errorf("--migrate-url alone: exit %d, %s", code, errOut)
	}
	if code, _, errOut := jingwei(t, nil, "migrate", "--database-url", d.local.URL(), "--migrate-url", d.local.OwnerURL()); code != 0 {
		t.Errorf("two addresses: exit %d, %s", code, errOut)
	}
}
