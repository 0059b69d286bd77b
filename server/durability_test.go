package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/account"
	"jingwei/server/area/areatest"
	"jingwei/server/db/dbtest"
)

var durability = flag.Duration("durability", 6*time.Second, "how long TestNothingIsLost posts reports")

const (
	postsPerSecond = 200
	postWorkers    = 64
	sources        = 20 // accounts that post: each has a limit of its own
)

// TestNothingIsLost posts 200 reports a second to the real program, each again and again under its Idempotency-Key until it is acknowledged, and
// batches with as many rows, and kills its PostgreSQL and the program itself with SIGKILL in turn. In the end each acknowledged report and each row that was
// answered as stored is there exactly once, with its event and its entry in the audit log, rows whose answer nobody waited for are there at most
// once, and the chain of the log is whole. -durability 60s is the long form.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	d := newDurable(t)
	d.start()
	finish := d.load()
	kills := map[string]int{}
	pause := min(*durability/3, 4*time.Second)
	began := time.Now()
	for time.Sleep(pause); kills["server"] == 0 || time.Since(began)+pause < *durability; time.Sleep(pause) {
		if kills["server"] == kills["PostgreSQL"] {
			kills["PostgreSQL"]++
			d.killDatabase()
		} else {
			kills["server"]++
			d.kill()
			d.start()
		}
		d.ready()
	}
	finish()
	took := time.Since(began)
	d.stop()
	t.Logf("%d reports and %d rows of batches in %v, %d reports acknowledged by a repeat, %d further tries, longest time without an acknowledgement %v; killed with -9: %v",
		d.singles, len(d.answers.stored)-d.singles, took.Round(time.Millisecond), d.repeated.Load(), d.retried.Load(), d.longestGap.Round(time.Millisecond), kills)
	if least := int(durability.Seconds() * postsPerSecond * 9 / 10); d.singles < least {
		t.Errorf("%d reports, want %d at least", d.singles, least)
	}
	if least := int(durability.Seconds()) * rowsOfBatch; len(d.answers.stored)-d.singles < least {
		t.Errorf("%d rows of batches, want %d at least", len(d.answers.stored)-d.singles, least)
	}
	d.compare()
}

// durable is the program on a data directory, as a process of its own.
type durable struct {
	t              *testing.T
	binary         string
	dir, url       string
	tokens         []string
	cmd            *exec.Cmd
	log            *os.File
	repeated       atomic.Int64
	retried        atomic.Int64
	mu             sync.Mutex
	answers        answers
	singles        int // of the stored ones that came alone
	acknowledgedAt time.Time
	longestGap     time.Duration
}

func newDurable(t *testing.T) *durable {
	t.Helper()
	d := &durable{
		t: t, dir: dbtest.DataDir(t), binary: filepath.Join(t.TempDir(), "jingwei"),
		answers: answers{map[string]string{}, map[string]bool{}},
	}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", d.binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.url = "http://" + listener.Addr().String()
	listener.Close()
	if d.log, err = os.Create(filepath.Join(t.TempDir(), "log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			text, _ := os.ReadFile(d.log.Name())
			t.Logf("the program said: %s", text[max(0, len(text)-4000):])
		}
	})
	d.in(func(app *App) {
		areatest.Publish(t, app.db.Pool, areatest.Areas(), areatest.Effective)
		ctx := accesstest.Operator(t)
		for n := range sources + batchSenders {
			login := fmt.Sprintf("source-%d", n)
			a, _, err := app.accounts.Create(ctx, account.NewAccount{Login: login, Name: login, Kind: account.Machine, Grant: &account.NewGrant{Role: access.Dispatcher}})
			if err != nil {
				t.Fatal(err)
			}
			_, text, err := app.accounts.CreateToken(ctx, a.ID, account.NewToken{Name: "t", Scopes: []access.Action{access.IncidentIntake}, ExpiresAt: time.Now().Add(time.Hour)})
			if err != nil {
				t.Fatal(err)
			}
			d.tokens = append(d.tokens, text)
		}
	})
	return d
}

// in runs fn with the program's services on the data directory, in this process.
func (d *durable) in(fn func(app *App)) {
	d.t.Helper()
	config := &Config{DataDir: d.dir}
	opened, err := config.openDatabase(d.t.Context(), serves)
	if err != nil {
		d.t.Fatal(err)
	}
	app, err := newApp(d.t.Context(), config, opened, time.Now)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() {
		if err := app.Close(); err != nil {
			d.t.Error(err)
		}
	}()
	fn(app)
}

func (d *durable) start() {
	d.t.Helper()
	// Not the test's context: that would kill it before it is stopped.
	cmd := exec.CommandContext(context.WithoutCancel(d.t.Context()), d.binary, "serve", "--data-dir", d.dir, "--listen", strings.TrimPrefix(d.url, "http://"))
	cmd.Stdout, cmd.Stderr = d.log, d.log
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = cmd.Process.Kill() })
	d.cmd = cmd
}

// ready waits until the program answers and has its database.
func (d *durable) ready() {
	d.t.Helper()
	(&site{t: d.t, url: d.url}).await("/readyz", http.StatusOK)
}

func (d *durable) kill() {
	d.t.Helper()
	if err := d.cmd.Process.Kill(); err != nil {
		d.t.Fatal(err)
	}
	_ = d.cmd.Wait() // it says that it was killed
}

func (d *durable) killDatabase() {
	d.t.Helper()
	if err := syscall.Kill(dbtest.PostmasterPID(d.t, d.dir), syscall.SIGKILL); err != nil {
		d.t.Fatal(err)
	}
	time.Sleep(time.Second) // for the program to notice
}

func (d *durable) stop() {
	d.t.Helper()
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		d.t.Fatal(err)
	}
	if err := d.cmd.Wait(); err != nil {
		d.t.Errorf("the program ended with: %v", err)
	}
}

// load begins to post reports. finish stops that, and waits until all are acknowledged.
func (d *durable) load() (finish func()) {
	d.t.Helper()
	d.ready()
	const ahead = 100_000 // the source does not wait for the program
	numbers, stop := make(chan int, ahead), make(chan struct{})
	go func() {
		defer close(numbers)
		tick := time.NewTicker(time.Second / postsPerSecond)
		defer tick.Stop()
		for began, n := time.Now(), 0; ; {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			for ; n < int(time.Since(began).Seconds()*postsPerSecond); n++ {
				numbers <- n
			}
		}
	}()
	d.acknowledgedAt = time.Now()
	var workers sync.WaitGroup
	client := &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: postWorkers}}
	for range postWorkers {
		workers.Go(func() {
			for n := range numbers {
				title := fmt.Sprintf("报%06d", n)
				id, err := d.post(client, n, title)
				if err != nil {
					d.t.Errorf("%s: %v", title, err)
					continue
				}
				d.mu.Lock()
				d.answers.stored[title] = id
				d.singles++
				d.longestGap = max(d.longestGap, time.Since(d.acknowledgedAt))
				d.acknowledgedAt = time.Now()
				d.mu.Unlock()
			}
		})
	}
	for sender := range batchSenders {
		workers.Go(func() { d.sendBatches(stop, sender) })
	}
	return func() {
		close(stop)
		workers.Wait()
	}
}

// post sends a report until it is acknowledged, as a source does that must not lose it.
func (d *durable) post(client *http.Client, n int, title string) (id string, err error) {
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); d.retried.Add(1) {
		request, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, d.url+"/api/v1/incidents", strings.NewReader(report(title)))
		if err != nil {
			return "", err
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+d.tokens[n%sources])
		request.Header.Set("Idempotency-Key", "key-"+title)
		answer, err := client.Do(request)
		if err != nil { // the program is away, or was killed while it answered
			time.Sleep(100 * time.Millisecond)
			continue
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			continue
		}
		switch answer.StatusCode {
		case http.StatusCreated, http.StatusOK:
			var created struct {
				ID string `json:"id"`
			}
			if err := json.Unmarshal(body, &created); err != nil {
				return "", err
			}
			if answer.StatusCode == http.StatusOK {
				d.repeated.Add(1)
			}
			return created.ID, nil
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			time.Sleep(200 * time.Millisecond)
		default:
			return "", fmt.Errorf("status %d: %s", answer.StatusCode, body)
		}
	}
	return "", errors.New("it was not acknowledged in three minutes")
}

// compare looks for what was answered as stored in the tables.
func (d *durable) compare() {
	d.t.Helper()
	d.in(func(app *App) {
		ctx := accesstest.Operator(d.t)
		rows, err := app.db.Query(ctx, `
			SELECT i.title, i.id::text, i.xmin::text, coalesce(e.events, 0), coalesce(a.entries, 0) FROM incident i
			LEFT JOIN (SELECT data->>'id' AS id, count(*)::int AS events FROM event WHERE kind = 'incident.created' GROUP BY 1) e ON e.id = i.id::text
			LEFT JOIN (SELECT object, count(*)::int AS entries FROM audit WHERE action = 'incident.create' GROUP BY 1) a ON a.object = 'incident/' || i.id`)
		if err != nil {
			d.t.Fatal(err)
		}
		stored := map[string]string{}
		var ofBatches []storedRow
		var r storedRow
		if _, err := pgx.ForEachRow(rows, []any{&r.title, &r.id, &r.transaction, &r.events, &r.entries}, func() error {
			if stored[r.title] != "" {
				d.t.Errorf("%s is there twice: %s and %s", r.title, stored[r.title], r.id)
			}
			if stored[r.title] = r.id; r.events != 1 {
				d.t.Errorf("%s has %d events", r.title, r.events)
			}
			if strings.HasPrefix(r.title, "批") {
				ofBatches = append(ofBatches, r)
			} else if r.entries != 1 {
				d.t.Errorf("%s has %d entries in the audit log", r.title, r.entries)
			}
			return nil
		}); err != nil {
			d.t.Fatal(err)
		}
		entries := map[string]batchEntry{}
		var transaction string
		var e batchEntry
		if rows, err = app.db.Query(ctx, `SELECT xmin::text, (after->>'created')::int, after->>'digest' FROM audit WHERE action = 'incident.batch'`); err != nil {
			d.t.Fatal(err)
		}
		if _, err := pgx.ForEachRow(rows, []any{&transaction, &e.created, &e.digest}, func() error {
			e.entries = entries[transaction].entries + 1
			entries[transaction] = e
			return nil
		}); err != nil {
			d.t.Fatal(err)
		}
		compareBatches(d.t, ofBatches, entries)
		unanswered := 0
		for title := range d.answers.perhaps {
			if stored[title] != "" {
				unanswered++
				delete(stored, title)
			}
		}
		d.t.Logf("%d transactions of batches; of %d rows whose answer nobody waited for %d are stored", len(entries), len(d.answers.perhaps), unanswered)
		if acknowledged := d.answers.stored; !maps.Equal(stored, acknowledged) {
			lost := slices.DeleteFunc(slices.Sorted(maps.Keys(acknowledged)), func(title string) bool { return stored[title] == acknowledged[title] })
			d.t.Errorf("%d reports are stored, %d were acknowledged; of these are not there as they were: %v", len(stored), len(acknowledged), lost)
		}
	})
	if code, out, errOut := jingwei(d.t, nil, "audit", "verify", "--data-dir", d.dir); code != 0 {
		d.t.Errorf("the audit log: exit %d, %s%s", code, out, errOut)
	}
}
