package audit_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/audit"
	"jingwei/server/web"
)

// objects names what records are of, without those that tell of searches.
func objects(records []audit.Record) (names []string) {
	for _, r := range records {
		if r.Action != "audit.read" {
			names = append(names, r.Object)
		}
	}
	return names
}

func TestSearch(t *testing.T) {
	t.Parallel()
	l := setup(t)
	worker, auditor := accesstest.Person(t, access.Worker), accesstest.Person(t, access.Auditor)
	began := time.Now().Add(-time.Second)
	l.add(worker,
		audit.Entry{Action: "account.create", Object: "account/1", Areas: []string{"320282", "320282001"}},
		audit.Entry{Action: "account.update", Object: "account/1", Before: map[string]string{"name": "Äbc"}},
		audit.Entry{Action: "grant.create", Object: "grant/7", Outcome: audit.Refused, Reason: "100%_'; DROP TABLE audit"},
	)
	l.add(accesstest.Operator(t), audit.Entry{Action: "edition.publish", Object: "edition/1", Areas: []string{"320282"}})
	for name, c := range map[string]struct {
		filter audit.Filter
		want   string
	}{
		"all":                    {audit.Filter{}, "edition/1 grant/7 account/1 account/1"},
		"login":                  {audit.Filter{Login: "worker"}, "grant/7 account/1 account/1"},
		"action":                 {audit.Filter{Action: "account.update"}, "account/1"},
		"actions of a noun":      {audit.Filter{Action: "account."}, "account/1 account/1"},
		"object":                 {audit.Filter{Object: "grant/7"}, "grant/7"},
		"part of an object":      {audit.Filter{Object: "grant"}, ""},
		"objects of a noun":      {audit.Filter{Object: "account/"}, "account/1 account/1"},
		"county":                 {audit.Filter{Area: "320282"}, "edition/1 account/1"},
		"town":                   {audit.Filter{Area: "320282001"}, "account/1"},
		"refused":                {audit.Filter{Outcome: audit.Refused}, "grant/7"},
		"text":                   {audit.Filter{Text: "äBC"}, "account/1"},
		"text is no pattern":     {audit.Filter{Text: "0%_'; drop"}, "grant/7"},
		"percent alone":          {audit.Filter{Text: "%%"}, ""},
		"in time":                {audit.Filter{From: began, To: time.Now().Add(time.Second)}, "edition/1 grant/7 account/1 account/1"},
		"before":                 {audit.Filter{To: began}, ""},
		"after":                  {audit.Filter{From: time.Now().Add(time.Second)}, ""},
		"several":                {audit.Filter{Login: "worker", Action: "account.", Area: "320282"}, "account/1"},
		"a login that is nobody": {audit.Filter{Login: "' OR true --"}, ""},
	} {
		records, more, err := l.Search(auditor, c.filter, 100)
		if got := strings.Join(objects(records), " "); err != nil || more || got != c.want {
			t.Errorf("%s: %q, more %t, %v; want %q", name, got, more, err, c.want)
		}
	}
	if n := l.count(`SELECT count(*) FROM audit WHERE action = 'audit.read' AND login = 'auditor'`); n != 18 {
		t.Errorf("%d searches in the log", n)
	}
	if n := l.count(`SELECT count(*) FROM audit WHERE action = 'audit.read' AND (after->>'text' = 'true' AND NOT after::text LIKE '%drop%' OR after->>'login' = 'worker')`); n != 5 {
		t.Errorf("%d searches say what they asked, and not what text", n)
	}
}

// Pages hold each row once, and each leaves a row: also one that begins at a cursor that somebody made up.
func TestPages(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.fill(7)
	auditor := accesstest.Person(t, access.Auditor)
	f := audit.Filter{Object: "account/"}
	var got []string
	for {
		records, more, err := l.Search(auditor, f, 3)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, objects(records)...)
		if !more {
			break
		}
		f.Before = records[len(records)-1].ID
	}
	var want []string
	for i := range 7 {
		want = append(want, fmt.Sprintf("account/%d", 6-i))
	}
	if !slices.Equal(got, want) {
		t.Errorf("pages %q", got)
	}
	if n := l.count(`SELECT count(*) FROM audit WHERE action = 'audit.read'`); n != 3 {
		t.Errorf("%d of 3 pages in the log", n)
	}
	records, _, err := l.Search(auditor, audit.Filter{Object: "account/3", Before: uuid.Max}, 3)
	if err != nil || len(records) != 1 {
		t.Fatalf("%d rows before a made up id, %v", len(records), err)
	}
	if n := l.count(`SELECT count(*) FROM audit WHERE action = 'audit.read' AND after->>'object' = 'account/3' AND after->>'cursor' = '` + uuid.Max.String() + `'`); n != 1 {
		t.Errorf("%d searches with a made up cursor in the log", n)
	}
}

// Nobody but the auditor reads the log, and who is refused leaves nothing that says otherwise.
func TestOnlyAuditorsRead(t *testing.T) {
	t.Parallel()
	l := setup(t)
	for _, role := range access.Roles {
		ctx := accesstest.Person(t, role)
		_, _, searched := l.Search(ctx, audit.Filter{}, 1)
		_, exported := l.Export(ctx, audit.Filter{}, &bytes.Buffer{})
		_, chained := l.Chain(ctx)
		_, verified := l.Verify(ctx, audit.VerifyOptions{})
		for what, err := range map[string]error{"search": searched, "export": exported, "chain": chained, "verify": verified} {
			if p, ok := web.AsProblem(err); (role == access.Auditor) != (err == nil) || err != nil && (!ok || p.Code != web.Forbidden) {
				t.Errorf("%s: %s: %v", role, what, err)
			}
		}
	}
	if _, _, err := l.Search(t.Context(), audit.Filter{}, 1); err == nil || !strings.Contains(err.Error(), "log in") {
		t.Errorf("the public: %v", err)
	}
	if n := l.count(`SELECT count(*) FROM audit WHERE login <> 'auditor'`); n != 0 {
		t.Errorf("%d rows of others", n)
	}
}

func TestExport(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.fill(2100) // more than two pages
	l.add(accesstest.Person(t, access.Worker), audit.Entry{Action: "report.create", Object: "=1+1", Reason: "@SUM(A1)\n\"x\",y", After: -5})
	var out bytes.Buffer
	count, err := l.Export(accesstest.Person(t, access.Auditor), audit.Filter{}, &out)
	if err != nil || count != 2101 {
		t.Fatalf("%d rows, %v", count, err)
	}
	text, marked := strings.CutPrefix(out.String(), "\ufeff")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || !marked || len(rows) != 2102 {
		t.Fatalf("%d lines, marked %t, %v", len(rows), marked, err)
	}
	header := rows[0]
	cell := func(row []string, name string) string { return row[slices.Index(header, name)] }
	if cell(rows[1], "object") != "'=1+1" || cell(rows[1], "reason") != "'@SUM(A1)\n\"x\",y" || cell(rows[1], "after") != "-5" {
		t.Errorf("the first row %q", rows[1])
	}
	seen := map[string]bool{}
	for i, row := range rows[1:] {
		if seen[row[0]] || i > 0 && row[0] >= rows[i][0] {
			t.Fatalf("row %d, %s, is in disorder", i, row[0])
		}
		seen[row[0]] = true
	}
	if n := l.count(`SELECT count(*) FROM audit WHERE action = 'audit.export'`); n != 1 {
		t.Errorf("%d exports in the log", n)
	}
	full := errors.New("the disk is full")
	if _, err := l.Export(accesstest.Operator(t), audit.Filter{}, failing{full}); !errors.Is(err, full) {
		t.Errorf("a full disk: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// A search that the database cannot answer in time is given up, with the remedy.
func TestSearchTimeout(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.fill(1)
	blocker, err := l.owner.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = blocker.Rollback(t.Context()) }()
	if _, err := blocker.Exec(t.Context(), `LOCK TABLE audit IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	_, _, err = l.Search(accesstest.Person(t, access.Auditor), audit.Filter{Text: "x"}, 10)
	if p, ok := web.AsProblem(err); !ok || p.Code != web.Timeout || time.Since(began) > 15*time.Second {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
}
