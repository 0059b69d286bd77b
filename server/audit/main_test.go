package audit_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/audit"
	"jingwei/server/db"
	"jingwei/server/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// log is a database with a log, as the application and as its owner.
type log struct {
	*audit.Service
	t     testing.TB
	pool  *pgxpool.Pool
	owner *pgxpool.Pool
}

func setup(t testing.TB) *log {
	t.Helper()
	pool := dbtest.Open(t)
	if err := audit.EnsureMonths(t.Context(), pool, time.Now(), time.Now()); err != nil {
		t.Fatal(err)
	}
	return &log{audit.NewService(pool, time.Now), t, pool, dbtest.Owner(t, pool)}
}

// add appends entries, each in a transaction of its own.
func (l *log) add(ctx context.Context, entries ...audit.Entry) {
	l.t.Helper()
	for _, e := range entries {
		if err := db.InTx(ctx, l.pool, func(tx pgx.Tx) error { return audit.Append(ctx, tx, e) }); err != nil {
			l.t.Fatal(err)
		}
	}
}

// fill appends n entries in which every column has something to say.
func (l *log) fill(n int) {
	l.t.Helper()
	ctx := accesstest.Person(l.t, access.Dispatcher)
	for i := range n {
		l.add(ctx, audit.Entry{
			Action: "account.update", Object: fmt.Sprintf("account/%d", i), Areas: []string{"320282", "320282001"}, Reason: "移动岗位",
			Before: map[string]any{"name": "甲", "n": i}, After: map[string]any{"name": "乙", "n": 1.50},
		})
	}
}

// tamper runs statements as an owner who has switched the triggers off.
func (l *log) tamper(statements string, args ...any) {
	l.t.Helper()
	err := pgx.BeginFunc(l.t.Context(), l.owner, func(tx pgx.Tx) error {
		for sql := range strings.SplitSeq("SET LOCAL session_replication_role = replica;"+statements, ";") {
			use := args
			if !strings.Contains(sql, "$1") {
				use = nil
			}
			if _, err := tx.Exec(l.t.Context(), sql, use...); err != nil {
				return fmt.Errorf("%s: %w", sql, err)
			}
		}
		return nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *log) verify(heads ...audit.Head) *audit.Verification {
	l.t.Helper()
	v, err := l.Verify(accesstest.Operator(l.t), audit.VerifyOptions{Heads: heads})
	if err != nil {
		l.t.Fatal(err)
	}
	return v
}

// wantWhole fails where anything is wrong with the log, or it has not so many links.
func (l *log) wantWhole(links int64) audit.Head {
	l.t.Helper()
	v := l.verify()
	if v.Broken() || v.Head.Seq != links {
		l.t.Fatalf("%d links of %d, findings %v", v.Head.Seq, links, v.Findings)
	}
	return v.Head
}

// wantFinding fails where the first finding is not of a link and does not say something.
func (l *log) wantFinding(v *audit.Verification, seq int64, says string) {
	l.t.Helper()
	if !v.Broken() || v.Findings[0].Seq != seq || !strings.Contains(v.Findings[0].Problem, says) {
		l.t.Errorf("findings %v, want the first of link %d: … %s …", v.Findings, seq, says)
	}
}

func (l *log) count(sql string) (n int64) {
	l.t.Helper()
	if err := l.owner.QueryRow(l.t.Context(), sql).Scan(&n); err != nil {
		l.t.Fatal(err)
	}
	return n
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
