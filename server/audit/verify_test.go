package audit_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/audit"
	"jingwei/server/db"
	"jingwei/server/db/dbtest"
)

// How each column of the middle row is made another, by the smallest step.
var alterations = map[string]string{
	"county": `'320283'`, "id": `(overlay(id::text PLACING CASE right(id::text, 1) WHEN '0' THEN '1' ELSE '0' END FROM 36))::uuid`,
	"at": `at + interval '1 microsecond'`, "account": `NULL`, "login": `login || ' '`, "via": `'token'`, "address": `'::1'`, "request": `'r'`,
	"action": `'account.updatf'`, "object": `'account/3'`, "areas": `ARRAY['320282,320282001']`, "outcome": `'refused'`, "reason": `replace(reason, '岗', '港')`,
	"before": `NULL`, "after": `'{"n": 1.50, "name": "乙"}'`,
}

var linkAlterations = map[string]string{
	"seq": `seq + 100`, "county": `'320283'`, "id": alterations["id"], "hash": `set_byte(hash, 31, (get_byte(hash, 31) + 1) % 256)`,
}

// One byte of any column is enough to be found, and is found where it is.
func TestEveryColumn(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.fill(5)
	l.wantWhole(5)
	var id string
	if err := l.pool.QueryRow(t.Context(), `SELECT id::text FROM audit_link WHERE seq = 3`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	rows, err := l.owner.Query(t.Context(), `SELECT c.table_name::text, c.column_name::text FROM information_schema.columns c WHERE c.table_name IN ('audit', 'audit_link')`)
	if err != nil {
		t.Fatal(err)
	}
	type column struct{ Table, Name string }
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[column])
	if err != nil || len(columns) != 15+4 {
		t.Fatalf("columns %v, %v", columns, err)
	}
	l.tamper(`CREATE TABLE good AS SELECT * FROM audit WHERE id::text = '` + id + `'; CREATE TABLE good_link AS SELECT * FROM audit_link WHERE seq = 3`)
	for _, c := range columns {
		value, where := alterations[c.Name], "id::text = '"+id+"'"
		if c.Table == "audit_link" {
			value, where = linkAlterations[c.Name], "seq = 3"
		}
		if value == "" {
			t.Errorf("no alteration of %s.%s: is it in the chain?", c.Table, c.Name)
			continue
		}
		l.tamper("UPDATE " + c.Table + " SET " + c.Name + " = " + value + " WHERE " + where)
		v := l.verify()
		l.wantFinding(v, 3, "")
		if t.Failed() {
			t.Fatalf("%s.%s", c.Table, c.Name)
		}
		if alone := !slices.Contains([]string{"county", "id", "seq", "hash"}, c.Name); alone && (v.Found != 1 || v.Findings[0].ID.String() != id) {
			t.Errorf("%s.%s: %v", c.Table, c.Name, v.Findings)
		}
		l.tamper(`DELETE FROM audit WHERE at BETWEEN (SELECT at FROM good) AND (SELECT at + interval '1 microsecond' FROM good) AND object = ANY (ARRAY['account/2', 'account/3'])
			AND id <> ALL (SELECT id FROM audit_link WHERE seq IN (2, 4)); INSERT INTO audit SELECT * FROM good;
			DELETE FROM audit_link WHERE seq IN (3, 103); INSERT INTO audit_link SELECT * FROM good_link`)
		l.wantWhole(5)
	}
}

// What is taken away, exchanged or slipped in is found, and said to be where it is.
func TestTampered(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql  string
		seq  int64
		says string
	}{
		"first row removed":     {`DELETE FROM audit a USING audit_link l WHERE l.id = a.id AND l.seq = 1`, 1, "row has been removed"},
		"middle row removed":    {`DELETE FROM audit a USING audit_link l WHERE l.id = a.id AND l.seq = 3`, 3, "row has been removed"},
		"last row removed":      {`DELETE FROM audit a USING audit_link l WHERE l.id = a.id AND l.seq = 5`, 5, "row has been removed"},
		"first link removed":    {`DELETE FROM audit_link WHERE seq = 1`, 1, "links 1 to 1 have been removed"},
		"middle links removed":  {`DELETE FROM audit_link WHERE seq IN (2, 3)`, 2, "links 2 to 3 have been removed"},
		"rows and links closed": {`DELETE FROM audit a USING audit_link l WHERE l.id = a.id AND l.seq = 3; DELETE FROM audit_link WHERE seq = 3; UPDATE audit_link SET seq = seq + 1000 WHERE seq > 3; UPDATE audit_link SET seq = seq - 1001 WHERE seq > 1000`, 3, "not what was written"},
		"two links exchanged": {`CREATE TABLE was AS SELECT * FROM audit_link WHERE seq IN (2, 4); DELETE FROM audit_link WHERE seq IN (2, 4);
			INSERT INTO audit_link SELECT o.seq, w.county, w.id, o.hash FROM was o JOIN was w ON w.seq <> o.seq`, 2, "not what was written"},
		"row slipped in": {`INSERT INTO audit SELECT county, uuid_v7_floor(at), at, account, 'mallory', via, address, request, action, object, areas, outcome, reason, before, after
			FROM audit WHERE object = 'account/2'; UPDATE audit SET at = at - interval '1 hour' WHERE login = 'mallory'`, 0, "no link"},
		"row of the future": {`INSERT INTO audit SELECT county, uuid_v7_floor(at), at + interval '2 hours', account, 'mallory', via, address, request, action, object, areas, outcome, reason, before, after
			FROM audit WHERE object = 'account/2'`, 0, "no link"},
		"removed before its link": {`INSERT INTO audit_pending VALUES (uuid_v7_floor(now()), '')`, 0, "before it had a link"},
		"two rows exchanged":      {`UPDATE audit SET reason = 'x', before = NULL WHERE object = 'account/1'; UPDATE audit SET outcome = 'refused' WHERE object = 'account/3'`, 2, "not what was written"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := setup(t)
			l.fill(5)
			l.wantWhole(5)
			l.tamper(c.sql)
			l.wantFinding(l.verify(), c.seq, c.says)
			// What comes later is linked all the same.
			l.fill(1)
			l.wantFinding(l.verify(), c.seq, c.says)
		})
	}
}

// A cut off end, and a chain that was written anew with all its hashes, fit together in themselves; only a head kept elsewhere tells.
func TestHeads(t *testing.T) {
	t.Parallel()
	l := setup(t)
	anchors := filepath.Join(t.TempDir(), "anchors")
	for range 2 {
		l.fill(3)
		head := l.verify().Head
		if err := audit.AddAnchor(anchors, head, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	heads, err := audit.ReadAnchors(anchors)
	if err != nil || len(heads) != 2 || heads[0].Seq != 3 || heads[1].Seq != 6 {
		t.Fatalf("anchors %v, %v", heads, err)
	}
	somewhere := audit.Head{Hash: heads[1].Hash}
	if v := l.verify(append(heads, somewhere)...); v.Broken() {
		t.Fatal(v.Findings)
	}
	l.tamper(`DELETE FROM audit a USING audit_link l WHERE l.id = a.id AND l.seq > 4; DELETE FROM audit_link WHERE seq > 4`)
	l.wantWhole(4)
	v := l.verify(append(heads, somewhere)...)
	l.wantFinding(v, 6, "cut off")
	if v.Found != 2 || !strings.Contains(v.Findings[1].Problem, heads[1].Hash.String()) {
		t.Errorf("findings %v", v.Findings)
	}
	l.tamper(`INSERT INTO audit_pending SELECT id, county FROM audit; DELETE FROM audit_link; UPDATE audit SET login = 'x' WHERE object = 'account/0'`)
	l.wantWhole(4)
	l.wantFinding(l.verify(heads...), 3, "written anew")
	for text, says := range map[string]string{"x": "number and its hash", "x " + somewhere.Hash.String(): "no number", "1 xyz": "64 hexadecimal"} {
		bad := filepath.Join(t.TempDir(), "bad")
		writeFile(t, bad, "\n"+text+"\n")
		if _, err := audit.ReadAnchors(bad); err == nil || !strings.Contains(err.Error(), "line 2") || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Months may leave the database, but not before their time.
func TestDetachedMonth(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.fill(1)
	for _, age := range []string{"9 months", "2 months"} {
		if _, err := l.owner.Exec(t.Context(), `SELECT ensure_months('audit', now() - $1::interval, now() - $1::interval)`, age); err != nil {
			t.Fatal(err)
		}
		if _, err := l.owner.Exec(t.Context(), `INSERT INTO audit SELECT county, uuid_v7_floor(now() - $1::interval), now() - $1::interval,
			account, login, via, address, request, action, object, areas, outcome, reason, before, after FROM audit ORDER BY at DESC LIMIT 1`, age); err != nil {
			t.Fatal(err)
		}
	}
	l.wantWhole(3)
	partition := func(months int) string { return time.Now().UTC().AddDate(0, -months, 0).Format("audit_2006_01") }
	if _, err := l.owner.Exec(t.Context(), "ALTER TABLE audit DETACH PARTITION "+monthsAgo(t, l.owner, "9 months")); err != nil {
		t.Fatal(err, partition(9))
	}
	if v := l.verify(); v.Broken() || v.Detached != 1 {
		t.Errorf("detached %d, findings %v", v.Detached, v.Findings)
	}
	if _, err := l.owner.Exec(t.Context(), "ALTER TABLE audit DETACH PARTITION "+monthsAgo(t, l.owner, "2 months")); err != nil {
		t.Fatal(err)
	}
	if v := l.verify(); v.Found != 1 || v.Detached != 1 {
		t.Errorf("detached %d, findings %v", v.Detached, v.Findings)
	}
}

func monthsAgo(t *testing.T, pool *pgxpool.Pool, age string) (name string) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), `SELECT to_char((now() - $1::interval) AT TIME ZONE 'UTC', '"audit"_YYYY_MM')`, age).Scan(&name); err != nil {
		t.Fatal(err)
	}
	return name
}

// Writers that commit and roll back as they like, while two servers link: every committed row has one link, and nobody waits for anybody.
func TestWritersAndChainers(t *testing.T) {
	t.Parallel()
	l := setup(t)
	rollback := errors.New("rollback")
	ctx, stop := context.WithCancel(accesstest.Operator(t))
	var writers, chainers sync.WaitGroup
	for range 2 {
		chainers.Go(func() {
			for ctx.Err() == nil {
				if _, err := l.pool.Exec(ctx, `SELECT audit_chain(7)`); err != nil && ctx.Err() == nil {
					t.Error(err)
					return
				}
			}
		})
	}
	var mu sync.Mutex
	committed := 0
	for w := range 8 {
		random := rand.New(rand.NewPCG(1, uint64(w)))
		writers.Go(func() {
			for n := range 60 {
				rows, keep := 1+random.IntN(3), random.IntN(3) > 0
				err := db.InTx(ctx, l.pool, func(tx pgx.Tx) error {
					for i := range rows {
						if err := audit.Append(ctx, tx, audit.Entry{Action: "test.write", Object: fmt.Sprintf("writer/%d/%d/%d", w, n, i)}); err != nil {
							return err
						}
						if random.IntN(4) == 0 {
							time.Sleep(time.Duration(random.IntN(5)) * time.Millisecond)
						}
					}
					if !keep {
						return rollback
					}
					return nil
				})
				if err != nil && !errors.Is(err, rollback) {
					t.Error(err)
					return
				}
				if keep {
					mu.Lock()
					committed += rows
					mu.Unlock()
				}
			}
		})
	}
	writers.Wait()
	stop()
	chainers.Wait()
	l.wantWhole(int64(committed))
	if n := l.count(`SELECT count(*) FROM audit_pending`); n != 0 {
		t.Errorf("%d rows are pending", n)
	}
}

// A writer that has not committed keeps nobody from writing, and the chain does not wait for it.
func TestOpenTransaction(t *testing.T) {
	t.Parallel()
	l := setup(t)
	ctx := accesstest.Operator(t)
	open, err := l.pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := audit.Append(ctx, open, audit.Entry{Action: "test.slow"}); err != nil {
		t.Fatal(err)
	}
	l.fill(2)
	l.wantWhole(2)
	if err := open.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	l.wantWhole(3)
}

// SQL and Go agree on the bytes of whatever a row may hold.
func TestTwins(t *testing.T) {
	t.Parallel()
	l := setup(t)
	text := rapid.StringOf(rapid.Rune().Filter(func(r rune) bool { return r != 0 }))
	links := int64(0)
	rapid.Check(t, func(t *rapid.T) {
		ctx := access.With(context.Background(), access.Operator(text.Draw(t, "login")))
		e := audit.Entry{
			Action: "test.twin", Object: text.Draw(t, "object"), Areas: rapid.SliceOf(text).Draw(t, "areas"), Reason: text.Draw(t, "reason"),
			Before: rapid.MapOf(text, text).Draw(t, "before"), After: rapid.OneOf(rapid.Float64().AsAny(), rapid.Int().AsAny(), text.AsAny()).Draw(t, "after"),
		}
		if err := db.InTx(ctx, l.pool, func(tx pgx.Tx) error { return audit.Append(ctx, tx, e) }); err != nil {
			t.Fatal(err)
		}
		links++
	})
	l.wantWhole(links)
}

// Nobody changes the log: the application has no right to, the owner is stopped by the trigger, in the table as in its months.
func TestAppendOnly(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.fill(2)
	l.wantWhole(2)
	month := monthsAgo(t, l.owner, "0 months")
	for _, table := range []string{"audit", month, "audit_link"} {
		column := "county"
		for _, sql := range []string{"UPDATE " + table + " SET " + column + " = ''", "DELETE FROM " + table, "TRUNCATE " + table} {
			if _, err := l.pool.Exec(t.Context(), sql); !db.Is(err, db.InsufficientPrivilege) {
				t.Errorf("the application: %s: %v", sql, err)
			}
			if _, err := l.owner.Exec(t.Context(), sql); !db.Is(err, "23001") {
				t.Errorf("the owner: %s: %v", sql, err)
			}
		}
	}
	for _, sql := range []string{
		"SELECT FROM " + month, "INSERT INTO audit_link SELECT 3, '', gen_random_uuid(), hash FROM audit_link WHERE seq = 2", "DELETE FROM audit_pending",
		"DROP TABLE " + month, "ALTER TABLE audit DETACH PARTITION " + month, "ALTER TABLE audit DISABLE TRIGGER audit_append", "SET session_replication_role = replica",
		"INSERT INTO audit SELECT * FROM audit ON CONFLICT (county, id) DO UPDATE SET login = 'x'",
	} {
		if _, err := l.pool.Exec(t.Context(), sql); !db.Is(err, db.InsufficientPrivilege) {
			t.Errorf("the application: %s: %v", sql, err)
		}
	}
	// A table of its own by the same name does not lead the owner's functions astray.
	conn, err := l.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(t.Context(), `
		CREATE TEMP TABLE audit_pending (id uuid, county text); CREATE TEMP TABLE audit_link (seq bigint, county text, id uuid, hash bytea);
		SELECT audit_chain(); DROP TABLE pg_temp.audit_pending, pg_temp.audit_link`); err != nil {
		t.Fatal(err)
	}
	l.fill(1)
	l.wantWhole(3)
}

// The log of a new database begins empty, and works, without the partitions that setup makes.
func TestNewDatabase(t *testing.T) {
	t.Parallel()
	pool, err := db.OpenApplication(t.Context(), dbtest.Blank(t), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	l := &log{audit.NewService(pool, time.Now), t, pool, dbtest.Owner(t, pool)}
	l.wantWhole(0)
	l.fill(1)
	l.wantWhole(1)
}
