package incident

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/db/dbtest"
	"jingwei/server/photo"
	"jingwei/server/photo/phototest"
	"jingwei/server/web"
)

// held makes a service store nothing until release is called, so that what comes meanwhile becomes one group.
func held(t *testing.T) (s *Service, pool *pgxpool.Pool, release func()) {
	t.Helper()
	s, pool = setup(t)
	gate := make(chan struct{})
	store := s.line.store
	s.line.store = func(group []*prepared) { <-gate; store(group) }
	release = sync.OnceFunc(func() { close(gate) })
	t.Cleanup(release)
	return s, pool, release
}

// came is what one Create gave.
type came struct {
	incident Incident
	receipt  Receipt
	created  bool
	err      error
}

// send lets a report wait in line, and returns where its outcome will be.
func send(t *testing.T, s *Service, ctx context.Context, r Report, key, body string) <-chan came { //nolint:revive // t first
	t.Helper()
	out := make(chan came, 1)
	running, before := waits(s)
	go func() {
		var c came
		c.incident, c.receipt, c.created, c.err = s.Create(ctx, r, key, []byte(body))
		out <- c
	}()
	for deadline := time.Now().Add(20 * time.Second); len(out) == 0; time.Sleep(time.Millisecond) {
		now, after := waits(s)
		if running && after > before || !running && now && after == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the report never came to wait")
		}
	}
	return out
}

// waits counts the reports in line; running tells whether another is being stored.
func waits(s *Service) (running bool, n int) {
	s.line.mu.Lock()
	defer s.line.mu.Unlock()
	return s.line.running, len(s.line.waiting)
}

func numberedReport(n int) Report {
	r := someReport()
	r.Channel, r.Number, r.Title = Worker, fmt.Sprintf("N%d", n), fmt.Sprintf("工单 %d", n)
	return r
}

// TestManyAtOnce: hundreds of reports that come at once are each stored once, with event, log entry, receipt and what is sealed.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	const many = 400
	var all sync.WaitGroup
	outcomes := make([]came, many)
	for n := range many {
		all.Go(func() {
			r := someReport()
			r.Title = fmt.Sprintf("第 %d 件", n)
			o := &outcomes[n]
			o.incident, o.receipt, o.created, o.err = s.Create(t.Context(), r, "", []byte(r.Title))
		})
	}
	all.Wait()
	numbers := map[string]bool{}
	for n, o := range outcomes {
		if o.err != nil || !o.created || o.incident.Title != fmt.Sprintf("第 %d 件", n) {
			t.Fatalf("report %d: %v: %+v", n, o.err, o.incident)
		}
		numbers[o.receipt.Number] = true
		if i, _, err := s.Follow(t.Context(), o.receipt); err != nil || i.ID != o.incident.ID {
			t.Fatalf("the receipt of report %d leads to %s, not %s: %v", n, i.ID, o.incident.ID, err)
		}
	}
	if len(numbers) != many {
		t.Errorf("%d numbers for %d receipts", len(numbers), many)
	}
	for _, table := range []string{
		"incident", "report_receipt", "incident_reporter", "event WHERE kind = 'incident.created'", "audit WHERE action = 'incident.create'",
		"incident i JOIN event e ON e.county = i.county AND e.data->>'id' = i.id::text AND e.data->>'title' = i.title",
		"incident i JOIN audit a ON a.object = 'incident/' || i.id::text AND a.county = i.county",
	} {
		if got := count(t, pool, table); got != many {
			t.Errorf("%d in %s, want %d", got, table, many)
		}
	}
}

// counted counts the transactions that begin.
type counted struct{ begun atomic.Int64 }

func (c *counted) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if strings.HasPrefix(q.SQL, "begin") {
		c.begun.Add(1)
	}
	return ctx
}

func (*counted) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// begins counts the transactions that a service begins from now on.
func begins(t *testing.T, s *Service) *atomic.Int64 {
	t.Helper()
	c := &counted{}
	config := s.pool.Config()
	config.ConnConfig.Tracer = c
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	s.pool = pool
	return &c.begun
}

// TestManyBadAmongFew: hundreds of reports with photos or keys that are refused cost those that came with them one more transaction at the most.
func TestManyBadAmongFew(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	kept, _, err := photo.NewService(pool, s.now).Upload(t.Context(), phototest.JPEG(9, 9))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"", "a key of the report "} {
		begun := begins(t, s)
		var group []*prepared
		for n := range 310 {
			r := someReport()
			switch {
			case n == 155 && key == "":
				r.Photos = []uuid.UUID{kept.ID}
			case n%31 != 0:
				r.Photos = []uuid.UUID{uuid.New()}
			}
			if n == 156 && key == "" {
				r.Photos = []uuid.UUID{kept.ID} // which the one before has
			}
			text := key
			if key != "" {
				text += fmt.Sprint(n)
			}
			p, err := s.prepare(t.Context(), r, text, nil)
			if err != nil {
				t.Fatal(err)
			}
			group = append(group, p)
		}
		s.storeGroup(group)
		for n, p := range group {
			bad := n%31 != 0 && !slices.Contains(p.photos, kept.ID) || n == 156
			if bad && (!is(p.err, web.Invalid) || !strings.Contains(fmt.Sprint(p.err), "no such photo")) || !bad && p.err != nil {
				t.Fatalf("report %d: %v", n, p.err)
			}
		}
		if n := begun.Load(); n > 2 || n > 1 && key == "" {
			t.Errorf("with keys %q: %d transactions", key, n)
		}
	}
	if incidents, photos, keys := count(t, pool, "incident"), count(t, pool, "photo"), count(t, pool, "incident_key"); incidents != 20 || photos != 1 || keys != 10 {
		t.Errorf("%d incidents, %d photos, %d keys", incidents, photos, keys)
	}
}

// TestOneBadAmongMany: reports that cannot be stored do not keep out those that came with them.
func TestOneBadAmongMany(t *testing.T) {
	t.Parallel()
	s, pool, release := held(t)
	first := send(t, s, t.Context(), someReport(), "", "")
	var good []<-chan came
	for range 20 {
		good = append(good, send(t, s, t.Context(), someReport(), "", ""))
	}
	photo := someReport()
	photo.Photos = []uuid.UUID{uuid.New()}
	noPhoto := send(t, s, t.Context(), photo, "", "")
	empty := someReport()
	empty.Title = ""
	noTitle := send(t, s, t.Context(), empty, "", "") // the table refuses it
	for range 20 {
		good = append(good, send(t, s, t.Context(), someReport(), "", ""))
	}
	release()
	if c := <-noPhoto; !is(c.err, web.Invalid) {
		t.Errorf("a photo that is not there: %v", c.err)
	}
	if c := <-noTitle; c.err == nil || c.created {
		t.Error("a report that the table refuses is said to be stored")
	}
	for _, out := range append(good, first) {
		if c := <-out; c.err != nil || !c.created {
			t.Fatalf("a good report: %v", c.err)
		}
	}
	if got := count(t, pool, "incident"); got != 41 {
		t.Errorf("%d incidents", got)
	}
	if got := count(t, pool, "event WHERE kind = 'incident.created'") + count(t, pool, "audit WHERE action = 'incident.create'"); got != 82 {
		t.Errorf("%d events and entries", got)
	}
}

// TestRepeatsInOneGroup: of reports with one key, or one number, that come together, one is stored and the others are repeats or refused.
func TestRepeatsInOneGroup(t *testing.T) {
	t.Parallel()
	s, pool, release := held(t)
	worker := accesstest.Person(t, access.Worker)
	first := send(t, s, t.Context(), someReport(), "", "")
	var sameKey, sameNumber []<-chan came
	for range 5 {
		sameKey = append(sameKey, send(t, s, worker, someReport(), "key", "body"))
		sameNumber = append(sameNumber, send(t, s, worker, numberedReport(1), "", "whatever"))
	}
	otherBody := send(t, s, worker, someReport(), "key", "another body")
	other := numberedReport(1)
	other.Title = "另一件"
	otherReport := send(t, s, worker, other, "", "")
	keyAndNumber := send(t, s, worker, numberedReport(1), "a key of its own", "x")
	release()
	<-first
	for _, list := range [][]<-chan came{sameKey, sameNumber} {
		created, ids, receipts := 0, map[uuid.UUID]bool{}, map[Receipt]bool{}
		for _, out := range list {
			c := <-out
			if c.err != nil {
				t.Fatal(c.err)
			}
			if ids[c.incident.ID], receipts[c.receipt] = true, true; c.created {
				created++
			}
		}
		if created != 1 || len(ids) != 1 || len(receipts) != 1 {
			t.Errorf("%d created, %d ids, %d receipts", created, len(ids), len(receipts))
		}
	}
	if c := <-otherBody; !is(c.err, web.KeyReused) {
		t.Errorf("the key with another body: %v", c.err)
	}
	if c := <-otherReport; !is(c.err, web.NumberReused) {
		t.Errorf("the number with another report: %v", c.err)
	}
	again := <-keyAndNumber
	if again.err != nil || again.created {
		t.Errorf("the number under a new key: %+v", again)
	}
	// The new key stands for the first incident from now on.
	if i, _, created, err := s.Create(worker, numberedReport(1), "a key of its own", []byte("x")); err != nil || created || i.ID != again.incident.ID {
		t.Errorf("that key again: %s, %v, %v", i.ID, created, err)
	}
	if got := count(t, pool, "incident"); got != 3 {
		t.Errorf("%d incidents", got)
	}
}

// TestNumbersOfSources: a number is its channel's; who takes no reports in may send none, and a time that lies far apart is another report.
func TestNumbersOfSources(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	worker := accesstest.Person(t, access.Worker)
	r := numberedReport(7)
	r.ReportedAt = now.Add(-50 * time.Hour)
	i, _ := mustCreate(t, s, worker, r, "")
	for name, c := range map[string]struct {
		ctx     context.Context
		change  func(r *Report)
		created bool
		code    web.Code
	}{
		"the same":             {worker, func(*Report) {}, false, ""},
		"hours later":          {worker, func(r *Report) { r.ReportedAt = r.ReportedAt.Add(20 * time.Hour) }, false, ""},
		"days later":           {worker, func(r *Report) { r.ReportedAt = r.ReportedAt.Add(25 * time.Hour) }, false, web.NumberReused},
		"another place":        {worker, func(r *Report) { r.Place.Lon++ }, false, web.NumberReused},
		"another item":         {worker, func(r *Report) { r.Item = "illegal_parking" }, false, web.NumberReused},
		"of another channel":   {worker, func(r *Report) { r.Channel = Platform14 }, true, ""},
		"of the public":        {t.Context(), func(r *Report) { r.Channel = Resident }, false, web.LoginRequired},
		"of a viewer":          {accesstest.Person(t, access.Viewer), func(r *Report) { r.Channel = Resident }, false, web.Forbidden},
		"with blanks around":   {worker, func(r *Report) { r.Number = " N7" }, false, web.Invalid},
		"as the import has it": {worker, func(r *Report) { r.Private = Private{} }, false, ""},
	} {
		again := r
		c.change(&again)
		got, _, created, err := s.Create(c.ctx, again, "", []byte(name))
		switch {
		case c.code != "":
			if !is(err, c.code) {
				t.Errorf("%s: %v, want %s", name, err, c.code)
			}
		case err != nil || created != c.created || (got.ID == i.ID) == c.created:
			t.Errorf("%s: created %v, %s, %v", name, created, got.ID, err)
		}
	}
}

// TestOverload: who would wait too long is told so before anything is stored, and those in line are stored.
func TestOverload(t *testing.T) {
	t.Parallel()
	s, pool, release := held(t)
	s.line.each = time.Second
	var let []<-chan came
	for n := range 20 {
		let = append(let, send(t, s, t.Context(), someReport(), "", ""))
		if _, line := waits(s); line != n {
			break
		}
	}
	last := <-let[len(let)-1]
	p, ok := web.AsProblem(last.err)
	var headers interface{ GetHeaders() map[string][]string }
	_ = errors.As(last.err, &headers)
	if !ok || p.Code != web.Overloaded || p.Status != 429 || len(let) != 7 {
		t.Errorf("report %d: %v", len(let), last.err)
	}
	if got := s.line.length(); got != 5 { // and one is being stored
		t.Errorf("%v reports wait", got)
	}
	release()
	for _, out := range let[:len(let)-1] {
		if c := <-out; c.err != nil {
			t.Error(c.err)
		}
	}
	if got := count(t, pool, "incident"); got != 6 {
		t.Errorf("%d incidents", got)
	}
	if err := s.line.full(); err != nil {
		t.Errorf("after that: %v", err)
	}
}

// TestSenderLeaves: what was let in is stored, also where nobody waits for the answer, and Drain waits for it.
func TestSenderLeaves(t *testing.T) {
	t.Parallel()
	s, pool, release := held(t)
	ctx, leave := context.WithCancel(t.Context())
	var gone []<-chan came
	for range 3 {
		gone = append(gone, send(t, s, ctx, someReport(), "", ""))
	}
	leave()
	for _, out := range gone {
		if c := <-out; !errors.Is(c.err, context.Canceled) {
			t.Errorf("who left got %v", c.err)
		}
	}
	hurried, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()
	if err := s.Drain(hurried); err == nil {
		t.Error("nothing is left, though nothing is stored")
	}
	release()
	if err := s.Drain(t.Context()); err != nil || count(t, pool, "incident") != 3 {
		t.Errorf("%d incidents: %v", count(t, pool, "incident"), err)
	}
}

// TestMonthIsTakenOut: a report of a month whose partition somebody took out while the service knew of it is stored.
func TestMonthIsTakenOut(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	r := someReport()
	r.ReportedAt = time.Date(2025, 6, 1, 8, 0, 0, 0, time.UTC)
	if err := EnsureMonths(t.Context(), pool, r.ReportedAt, r.ReportedAt); err != nil {
		t.Fatal(err)
	}
	if _, err := dbtest.Owner(t, pool).Exec(t.Context(), `ALTER TABLE incident DETACH PARTITION incident_2025_06; DROP TABLE incident_2025_06`); err != nil {
		t.Fatal(err)
	}
	mustCreate(t, s, t.Context(), r, "")
}

// TestCommitIsCutOff: of reports whose commit was cut off those that are there are stored, and the others are uncertain.
func TestCommitIsCutOff(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	cause := errors.New("the connection broke")
	var group []*prepared
	for range 2 {
		p, err := s.prepare(t.Context(), someReport(), "", nil)
		if err != nil {
			t.Fatal(err)
		}
		group = append(group, p)
	}
	s.storeGroup(group[:1])
	number := group[0].receipt.number
	group[0].receipt.number = ""
	s.lookFor(group, cause)
	if group[0].err != nil || group[0].receipt.number != number || number == "" {
		t.Errorf("stored as %q: %q, %v", number, group[0].receipt.number, group[0].err)
	}
	if !errors.Is(group[1].err, cause) {
		t.Errorf("not stored: %v", group[1].err)
	}
}

// TestPanicEndsNoProgram: a mistake in storing is an error of those reports.
func TestPanicEndsNoProgram(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	store := s.line.store
	s.line.store = func([]*prepared) { panic("a mistake") }
	if _, _, _, err := s.Create(t.Context(), someReport(), "", nil); err == nil {
		t.Error("no error")
	}
	if err := s.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.line.store = store
	mustCreate(t, s, t.Context(), someReport(), "")
}

// TestPruneKeys: keys are forgotten when their time is over, those of the public sooner.
func TestPruneKeys(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	worker := accesstest.Person(t, access.Worker)
	mustCreate(t, s, t.Context(), someReport(), "0123456789abcdef")
	mustCreate(t, s, worker, someReport(), "old")
	for _, c := range []struct {
		later time.Duration
		left  []string
	}{
		{0, []string{"0123456789abcdef", "old"}},
		{publicKeyFor - time.Second, []string{"0123456789abcdef", "old"}},
		{publicKeyFor, []string{"old"}},
		{accountKeyFor - time.Second, []string{"old"}},
		{accountKeyFor, nil},
	} {
		if _, err := PruneKeys(t.Context(), pool, now.Add(c.later)); err != nil {
			t.Fatal(err)
		}
		if left := column[string](t, pool, `SELECT key FROM incident_key ORDER BY key`); !slices.Equal(left, c.left) {
			t.Errorf("after %s: %q", c.later, left)
		}
	}
}
