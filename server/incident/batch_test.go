package incident

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/geo"
	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/db/dbtest"
	"jingwei/server/web"
)

// said is the outcomes of a batch in one line.
func said(outcomes []RowOutcome) string {
	var all []string
	for _, o := range outcomes {
		text := string(o.Status)
		if o.Status == RowRefused {
			text = strings.TrimSuffix(string(o.Code)+" "+o.Location, " ")
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

func ticketLine(number, extra string) string {
	return fmt.Sprintf(`{"lon":119.801,"lat":31.339,"item":"noise","title":"工单 %[1]s","channel":"hotline_12345","source_number":"%[1]s"%[2]s}`, number, extra)
}

// TestBatch: the good rows of a batch are stored with an event each and one entry in the log, the bad ones say why, and the batch again stores
// nothing.
func TestBatch(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	worker := accesstest.Person(t, access.Worker)
	body := strings.Join([]string{
		ticketLine("B1", ""), "", ticketLine("B2", `,"reporter":{"name":"欧阳试密","phone":"13987651234"}`), ticketLine("B1", ""), ticketLine("B1", `,"description":"另一件"`),
		ticketLine("B3", `,"item":"nothing"`), ticketLine("B4", `,"lon":"x"`), ticketLine("B5", `,"Lat":91`), "{", ticketLine("B6", `,"accuracy_m":-1`), ticketLine("B7", `,"channel":"import"`),
		ticketLine("B8", `,"colour":1`), ticketLine("B9", "") + "{}", `{"item":"noise","title":"x"}`, ticketLine("B10", `,"reported_at":"2027-01-01T00:00:00Z"`),
		ticketLine(strings.Repeat("x", 101), ""), ticketLine("B11", `,"title":" "`), ticketLine("B12", `,"photos":["7d444840-9dc0-41d1-b245-5ffdce74fad2"]`), ticketLine("B13", ""),
	}, "\n")
	const want = "created, created, repeated, number_reused source_number, unknown_item item, invalid lon, invalid_coordinate, bad_request, invalid accuracy_m, " +
		"invalid channel, bad_request, bad_request, invalid lon, invalid reported_at, invalid source_number, invalid title, invalid photos[0], created"
	again := strings.ReplaceAll(want, "created", "repeated")
	for _, want := range []string{want, again} {
		rows, err := readLines([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		outcomes, err := s.CreateAll(worker, rows, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := said(outcomes); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if outcomes[2].ID == nil || *outcomes[2].ID != *outcomes[0].ID || outcomes[2].Row != 3 {
			t.Errorf("the repeat: %+v", outcomes[2])
		}
	}
	for table, want := range map[string]int{
		"incident": 3, "incident_source": 3, "incident_reporter": 1, "event WHERE kind = 'incident.created'": 3, "report_receipt": 0,
		"audit WHERE action = 'incident.batch' AND after->>'created' = '3'": 1, "audit WHERE action = 'incident.create'": 0,
	} {
		if got := count(t, pool, table); got != want {
			t.Errorf("%d in %s, want %d", got, table, want)
		}
	}
	// A single report and a file meet the same numbers.
	r := Report{Channel: Hotline12345, Item: "noise", Title: "工单 B13", Number: "B13", Place: someReport().Place}
	if _, _, created, err := s.Create(worker, r, "", nil); err != nil || created {
		t.Errorf("one of them alone: %v, %v", created, err)
	}
	const header = "lon,lat,reported_at,item,channel,title,number\n"
	report, rejected := importText(t, s, header+"119.801,31.339,2026-11-21 07:30,noise,12345热线,工单 B13,B13\n119.801,31.339,2026-11-21 07:30,noise,12345热线,另一件,B2\n", ImportOptions{})
	if got := counts(report); got != "2 read, 0 added, 1 repeated, 1 rejected, 0 outside" || !strings.Contains(rejected, "number_reused") {
		t.Errorf("a file: %s; %s", got, rejected)
	}
	importText(t, s, header+"119.801,31.339,2026-11-21 07:30,noise,worker,工单 C1,C1\n", ImportOptions{})
	r = Report{Channel: Worker, Item: "noise", Title: "工单 C1", Number: "C1", Place: r.Place, ReportedAt: now.Add(-time.Hour)}
	if _, _, created, err := s.Create(worker, r, "", nil); err != nil || created {
		t.Errorf("one of a file: %v, %v", created, err)
	}
}

// TestBatchWithKey: rows without numbers are repeats under the same key, wherever they stand; of equal ones as many as were stored.
func TestBatchWithKey(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	worker := accesstest.Person(t, access.Worker)
	const header, first, second = "经度,纬度,上报时间,事项,标题\n", "119.801,31.339,2026-11-20 08:30,noise,一\n", "119.801,31.339,2026-11-20 08:30,噪声扰民,二\n"
	const csv = header + first + second + "119.8,x,2026-11-20 08:30,noise,三\n"
	for _, c := range []struct{ csv, key, want string }{
		{csv, "k", "created, created, invalid lat"},
		{csv, "k", "repeated, repeated, invalid lat"},
		{strings.ReplaceAll(csv, "二", "四"), "k", "repeated, created, invalid lat"},
		{header + second + first, "k", "repeated, repeated"},
		{header + second + second + first, "k", "repeated, created, repeated"},
		{csv, "l", "created, created, invalid lat"},
		{csv, "", "created, created, invalid lat"},
	} {
		rows, err := s.readCSV([]byte(c.csv))
		if err != nil {
			t.Fatal(err)
		}
		outcomes, err := s.CreateAll(worker, rows, c.key)
		if got := said(outcomes); err != nil || got != c.want {
			t.Errorf("key %q: %s, want %s; %v", c.key, got, c.want, err)
		}
	}
	if got := count(t, pool, "incident"); got != 8 {
		t.Errorf("%d incidents", got)
	}
	if _, err := s.CreateAll(t.Context(), nil, ""); !is(err, web.LoginRequired) {
		t.Errorf("the public: %v", err)
	}
	if _, err := readLines([]byte(strings.Repeat("{}\n", mostRows+1))); !is(err, web.TooLarge) {
		t.Errorf("too many: %v", err)
	}
}

// TestBatchIsStoredButForWhatTheTableRefuses: a row that PostgreSQL refuses keeps the others not out.
func TestBatchIsStoredButForWhatTheTableRefuses(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	rows := make([]BatchRow, 50)
	for n := range rows {
		rows[n].Report = someReport()
	}
	rows[20].Report.Title = ""
	outcomes, err := s.CreateAll(accesstest.Person(t, access.Worker), rows, "")
	if err != nil {
		t.Fatal(err)
	}
	for n, o := range outcomes {
		if want := map[bool]RowStatus{true: RowRefused, false: RowCreated}[n == 20]; o.Status != want {
			t.Errorf("row %d: %+v", n+1, o)
		}
	}
	if count(t, pool, "incident") != 49 || count(t, pool, "event WHERE kind = 'incident.created'") != 49 {
		t.Errorf("%d incidents", count(t, pool, "incident"))
	}
}

// TestManyAreCopied: a large batch is stored as a small one is, and one row that the table refuses keeps the others not out.
func TestManyAreCopied(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	worker := accesstest.Person(t, access.Worker)
	const many = 2*mostOfOne + 2
	rows := make([]BatchRow, many)
	for n := range rows {
		rows[n].Report = numberedReport(n)
		rows[n].Report.ReportedAt = now
	}
	rows[1].Report.Place.Lon -= 10_000_000 // outside
	rows[many-1].Report.Title = ""         // the table refuses it
	outcomes, err := s.CreateAll(worker, rows, "")
	if err != nil {
		t.Fatal(err)
	}
	for n, o := range outcomes {
		if want := n < many-1; (o.Status == RowCreated) != want {
			t.Fatalf("%+v", o)
		}
	}
	for table, want := range map[string]int{"incident": many - 1, "incident_source": many - 1, "incident_reporter": many - 1, "event WHERE kind = 'incident.created'": many - 1} {
		if got := count(t, pool, table); got != want {
			t.Errorf("%d in %s, want %d", got, table, want)
		}
	}
	const told = `(to_jsonb(i) - '{id,received_at,title}'::text[], e.county, e.areas, e.data - '{id,title}'::text[], e.change)::text`
	const tells = ` FROM incident i JOIN event e ON e.data->>'id' = i.id::text WHERE i.title `
	for n, title := range []string{"工单 few", "工单 few outside"} {
		r := rows[n].Report
		r.Title, r.Number = title, title
		if outcomes, err := s.CreateAll(worker, []BatchRow{{Report: r}}, ""); err != nil || outcomes[0].Status != RowCreated {
			t.Fatal(outcomes, err)
		}
		few := column[string](t, pool, `SELECT `+told+tells+`= '`+title+`'`)
		if copied := column[string](t, pool, `SELECT `+told+tells+fmt.Sprintf(`= '工单 %d'`, n)); len(few) != 1 || !slices.Equal(few, copied) {
			t.Errorf("copied %s\nstored %s", copied, few)
		}
	}
}

// TestBatchWithPhotosThatAreNotThere: each such row is refused, and so is not the row behind it with its number; the others take two transactions.
func TestBatchWithPhotosThatAreNotThere(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	begun := begins(t, s)
	var lines []string
	for n := range 100 {
		bogus := fmt.Sprintf(`,"photos":[%q]`, uuid.New())
		lines = append(lines, ticketLine(fmt.Sprint("P", n), bogus), ticketLine("P", bogus+`,"description":"另一件"`))
	}
	lines = append(lines, ticketLine("P", ""), ticketLine("P", ""))
	rows, err := readLines([]byte(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	outcomes, err := s.CreateAll(accesstest.Person(t, access.Worker), rows, "k")
	if got, want := said(outcomes), strings.Repeat("invalid photos[0], ", 200)+"created, repeated"; err != nil || got != want {
		t.Fatalf("%s; %v", got, err)
	}
	if n := begun.Load(); n > 2 {
		t.Errorf("%d transactions", n)
	}
	if *outcomes[200].ID != *outcomes[201].ID || count(t, pool, "incident") != 1 || count(t, pool, "incident_source") != 1 || count(t, pool, "incident_key") != 2 {
		t.Errorf("%+v", outcomes[200:])
	}
}

// TestBatchWithRowsOfAnArchivedMonth: they are refused, the others are stored.
func TestBatchWithRowsOfAnArchivedMonth(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	old := ticketLine("A1", `,"reported_at":"2025-03-05T10:00:00+08:00"`)
	worker := accesstest.Person(t, access.Worker)
	for _, c := range []struct{ body, want string }{
		{old, "created"},
		{ticketLine("A2", `,"reported_at":"2025-03-06T10:00:00+08:00"`) + "\n" + ticketLine("A3", `,"reported_at":"2025-04-06T10:00:00+08:00"`) + "\n" + ticketLine("A4", ""), "conflict reported_at, created, created"},
	} {
		rows, err := readLines([]byte(c.body))
		if err != nil {
			t.Fatal(err)
		}
		outcomes, err := s.CreateAll(worker, rows, "")
		if got := said(outcomes); err != nil || got != c.want {
			t.Fatalf("%s, want %s; %v", got, c.want, err)
		}
		set(t, s.pool, *outcomes[len(outcomes)-1].ID, Closed)
		if _, err := s.Archive(accesstest.Operator(t), oldMonth); err != nil && c.body == old {
			t.Fatal(err)
		}
	}
}

// TestBatchThatTheDatabaseFails: where it fails some rows, each row has its own answer; where it fails all, the batch has none.
func TestBatchThatTheDatabaseFails(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	if _, err := dbtest.Owner(t, pool).Exec(t.Context(), `
		CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room' USING ERRCODE = '53100'; END $$;
		CREATE TRIGGER fail BEFORE INSERT ON incident FOR EACH ROW WHEN (new.title = '工单 F2') EXECUTE FUNCTION fail()`); err != nil {
		t.Fatal(err)
	}
	worker := accesstest.Person(t, access.Worker)
	for _, c := range []struct {
		body, want string
		fails      bool
	}{
		{ticketLine("F2", ""), "", true},
		{ticketLine("F1", ""), "created", false},
		{ticketLine("F1", "") + "\n" + ticketLine("F2", ""), "", true},
	} {
		rows, err := readLines([]byte(c.body))
		if err != nil {
			t.Fatal(err)
		}
		outcomes, err := s.CreateAll(worker, rows, "")
		if got := said(outcomes); (err != nil) != c.fails || got != c.want {
			t.Errorf("%s: %s, want %s; %v", c.body, got, c.want, err)
		}
	}
	failed := context.DeadlineExceeded
	if err := noneStored([]*prepared{{err: failed}, {err: web.NewProblem(web.Invalid, "x")}}); !errors.Is(err, failed) {
		t.Errorf("none is stored: %v", err)
	}
	if err := noneStored([]*prepared{{err: failed}, {}}); err != nil {
		t.Errorf("one is stored: %v", err)
	}
	if o := refused(t.Context(), 7, failed); o.Code != web.DatabaseUnavailable || o.Row != 7 || !strings.Contains(o.Detail, "Idempotency-Key") {
		t.Errorf("%+v", o)
	}
}

// TestReviewAtIntake: who is outside, or nearer to a border than the place is certain, waits for a look; of a file only what is new and open.
func TestReviewAtIntake(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	metres := func(m float64) *float64 { return &m }
	inside := someReport()
	outside := someReport()
	outside.Place.Lon -= 10_000_000
	for name, c := range map[string]struct {
		r         Report
		accuracyM *float64
		want      Review
	}{
		"inside":           {inside, nil, ""},
		"inside, certain":  {inside, metres(5), ""},
		"inside, doubtful": {inside, metres(5000), BorderReview},
		"outside":          {outside, nil, OutsideReview},
		"outside, certain": {outside, metres(5), OutsideReview},
	} {
		c.r.AccuracyM = c.accuracyM
		i, _ := mustCreate(t, s, t.Context(), c.r, "")
		stored, ok, err := find(t.Context(), s.pool, i.ID)
		if err != nil || !ok || i.Review != c.want || stored.Review != c.want {
			t.Errorf("%s: %q, stored %q; %v", name, i.Review, stored.Review, err)
		}
	}
	const header = "lon,lat,reported_at,item,accuracy_m\n"
	importText(t, s, header+"118.8,31.339,2026-11-20 08:30,noise,\n118.8,31.339,2026-11-18 08:30,noise,\n", ImportOptions{})
	if got := column[string](t, s.pool, `SELECT coalesce(review, '') FROM incident WHERE channel = 'import' ORDER BY id`); len(got) != 2 || got[0] != "" || got[1] != "outside" {
		t.Errorf("of a file: %q", got)
	}
}

// TestDuplicates compares with a look at every incident.
func TestDuplicates(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	load(t, s, pool)
	var made []Incident
	for n := range 60 {
		r := someReport()
		r.Item = []string{"noise", "illegal_parking"}[n%2]
		r.Place.Lon += int32(n * 1000)
		r.Place.Lat += int32(n%7) * 3000
		r.ReportedAt = now.Add(-time.Duration(n*n) * time.Hour / 6)
		i, _ := mustCreate(t, s, t.Context(), r, "")
		made = append(made, i)
	}
	for n, status := range map[int]string{4: "closed", 6: "cancelled", 8: "dispatched"} {
		if _, err := pool.Exec(t.Context(), `UPDATE incident SET status = $2, closed_at = CASE WHEN $2 <> 'dispatched' THEN now() END WHERE id = $1`, made[n].ID, status); err != nil {
			t.Fatal(err)
		}
	}
	viewer := accesstest.Person(t, access.Viewer)
	stored, err := all(t, viewer, s, Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range made[:20] {
		want := map[string]bool{}
		for _, o := range stored {
			if o.ID != i.ID && o.Item == i.Item && o.Status != Closed && o.Status != Cancelled && geo.DistanceM(i.Place, o.Place) <= 250 && o.ReportedAt.Sub(i.ReportedAt).Abs() <= 7*24*time.Hour {
				want[o.ID.String()] = true
			}
		}
		got, err := s.Duplicates(viewer, i)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != min(len(want), mostDuplicates) || len(want) < 2 {
			t.Errorf("%d duplicates, want %d", len(got), len(want))
		}
		last := 0.0
		for _, d := range got {
			if !want[d.ID.String()] || d.DistanceM < last {
				t.Errorf("%s at %v m is none, or out of order", d.ID, d.DistanceM)
			}
			last = d.DistanceM
		}
	}
	if got, err := s.Duplicates(t.Context(), made[0]); err != nil || len(got) != 0 {
		t.Errorf("the public sees %d: %v", len(got), err)
	}
}

// TestDuplicatesAreFoundByPlace: however many came in these days, only those near are read.
func TestDuplicatesAreFoundByPlace(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	i, _ := mustCreate(t, s, t.Context(), someReport(), "")
	if _, err := pool.Exec(t.Context(), `
		INSERT INTO incident (county, id, reported_at, received_at, channel, item, status, title, geom, cell, snap, edition, town, community, grid, micro)
		SELECT county, overlay(id::text PLACING substr(gen_random_uuid()::text, 15) FROM 15)::uuid, reported_at, received_at, channel, item, status, title,
			ST_SetSRID(ST_MakePoint(119.8 + random() / 3, 31.2 + random() / 3), 4326), cell, snap, edition, town, community, grid, micro
		FROM incident, generate_series(1, 40000)`); err != nil {
		t.Fatal(err)
	}
	err := pgx.BeginTxFunc(t.Context(), pool, planOnce, func(tx pgx.Tx) error {
		if err := Analyze(t.Context(), tx); err != nil {
			return err
		}
		if _, err := tx.Exec(t.Context(), `SET LOCAL cpu_index_tuple_cost = 0.0001`); err != nil { // so the planner is as tempted as by three times as many
			return err
		}
		rows, err := tx.Query(t.Context(), `EXPLAIN `+findNear, boxesOf([]*Incident{&i})...)
		if err != nil {
			return err
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		plan := strings.Join(lines, "\n")
		if month := "incident_" + i.ReportedAt.Format("2006_01"); !strings.Contains(plan, "using "+month+"_geom_idx on "+month) || strings.Contains(plan, "BitmapAnd") {
			t.Errorf("places are not what finds them:\n%s", plan)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestDuplicatesInOneGroup: reports that come together are told of each other, those who see none of none, and of what a repeat has become first.
func TestDuplicatesInOneGroup(t *testing.T) {
	t.Parallel()
	s, pool, release := held(t)
	worker := accesstest.Person(t, access.Dispatcher)
	type told struct {
		id   uuid.UUID
		near []Duplicate
		err  error
	}
	out := make(chan told, 10)
	post := func(ctx context.Context, key string) {
		var o told
		i, _, p, err := s.create(ctx, someReport(), key, nil, true)
		if o.id, o.err = i.ID, err; err == nil {
			o.near, o.err = s.duplicatesOf(ctx, i, p)
		}
		out <- o
	}
	first := send(t, s, worker, someReport(), "", "") // which the others wait for
	for range 3 {
		go post(worker, "")
	}
	go post(t.Context(), "")
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, n := waits(s); n == 4 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the reports never came to wait")
		}
	}
	release()
	<-first
	var counts []int
	for range 4 {
		o := <-out
		if o.err != nil {
			t.Fatal(o.err)
		}
		for _, d := range o.near {
			if d.ID == o.id {
				t.Error("a report is a duplicate of itself")
			}
		}
		counts = append(counts, len(o.near))
	}
	if err := s.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if slices.Sort(counts); !slices.Equal(counts, []int{0, 4, 4, 4}) {
		t.Errorf("told of %v others", counts)
	}
	post(worker, "again")
	post(worker, "again")
	if a, b := <-out, <-out; a.err != nil || b.err != nil || a.id != b.id || len(a.near) != 5 || len(b.near) != 5 {
		t.Errorf("a repeat: %v and %v", a, b)
	}
	if got := count(t, pool, "incident"); got != 6 {
		t.Errorf("%d incidents", got)
	}
}
