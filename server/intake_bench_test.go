package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/geo"
	"jingwei/server/access"
	"jingwei/server/db/dbtest"
	"jingwei/server/incident"
	"jingwei/server/web"
)

const (
	intakeIncidents   = 200_000 // that are there before
	intakeConnections = 16
	intakePosts       = 6_000 // in one round
	intakeRows        = 10_000
)

// BenchmarkIntake takes reports in over HTTP, one by one and in batches, against what PostgreSQL takes of the same rows into the same tables,
// with fsync on.
func BenchmarkIntake(b *testing.B) {
	dir := dbtest.DataDir(b)
	if code, _, errOut := jingwei(b, nil, "demo", "--data-dir", dir, "--incidents", fmt.Sprint(intakeIncidents)); code != 0 {
		b.Fatalf("demo: exit %d: %s", code, errOut)
	}
	// Limits that nothing here comes to, so that counting is part of what is measured.
	wide := web.Limit{Burst: 1 << 30, Every: time.Nanosecond}
	s := start(b, &Config{DataDir: dir, served: served{limitFlags: limitFlags{LimitIntake: wide, LimitOther: wide, LimitCredentials: wide}}})
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		var value string
		if err := s.db.QueryRow(b.Context(), `SELECT current_setting($1)`, setting).Scan(&value); err != nil || value != "on" {
			b.Fatalf("%s is %s: %v", setting, value, err)
		}
	}
	in := &intake{site: s, random: rand.New(rand.NewPCG(3, 4))}
	in.header = s.token(access.Worker, "")
	items, err := s.app.items.List(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for _, item := range items {
		in.items = append(in.items, item.Code)
	}
	b.Run("single", in.benchmarkSingle)
	b.Run("batch", in.benchmarkBatch)
}

type intake struct {
	*site
	random *rand.Rand
	items  []string // codes
	made   int
}

// reports makes bodies of reports that differ, and the rows that they become.
func (in *intake) reports(n int) (bodies [][]byte, rows []incident.Incident) {
	lo, hi, _ := in.app.areas.Current().Coverage.Bounds()
	for range n {
		in.made++
		place := geo.Point{Lon: lo.Lon + in.random.Int32N(hi.Lon-lo.Lon), Lat: lo.Lat + in.random.Int32N(hi.Lat-lo.Lat)}
		lon, lat := place.Degrees()
		accuracyM := float64(5 + in.random.IntN(30))
		at := time.Now().UTC().Truncate(time.Microsecond)
		r := incident.Report{
			ReportedAt: at, Channel: incident.Worker, Item: in.items[in.random.IntN(len(in.items))], Title: fmt.Sprintf("路口车辆乱停 %d", in.made),
			Description: "东山东路与宜北路口, 多辆", Place: place, AccuracyM: &accuracyM,
		}
		bodies = append(bodies, fmt.Appendf(nil, `{"lon":%v,"lat":%v,"item":%q,"channel":"worker","title":%q,"description":%q,"accuracy_m":%v,"reported_at":%q}`,
			lon, lat, r.Item, r.Title, r.Description, accuracyM, at.Format(time.RFC3339Nano)))
		rows = append(rows, incident.New(incident.NewID(at, []byte(uuid.NewString())), r, in.app.snap.Locate(place), at))
	}
	return bodies, rows
}

// together does something n times on as many goroutines as there are connections, and tells how often a second.
func (in *intake) together(n int, do func(i int)) float64 {
	var next atomic.Int64
	var all sync.WaitGroup
	begun := time.Now()
	for range intakeConnections {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				do(i)
			}
		})
	}
	all.Wait()
	return float64(n) / time.Since(begun).Seconds()
}

// benchmarkSingle posts single reports on 16 connections, and inserts others like them on as many connections of the database, turn by turn.
func (in *intake) benchmarkSingle(b *testing.B) {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: intakeConnections, DisableCompression: true}}
	var posted, bare, bareIncident float64
	for b.Loop() {
		bodies, rows := in.reports(2 * intakePosts)
		bareIncident += in.together(intakePosts, func(i int) { in.insert(b, rows[i], false) })
		posted += in.together(intakePosts, func(i int) { in.post(b, client, bodies[i]) })
		bare += in.together(intakePosts, func(i int) { in.insert(b, rows[intakePosts+i], true) })
	}
	n := float64(b.N)
	b.ReportMetric(posted/n, "posts/s")
	b.ReportMetric(bare/n, "INSERTs/s")
	b.ReportMetric(bareIncident/n, "INSERTs-incident/s")
	b.ReportMetric(posted/bare, "×INSERT")
	b.ReportMetric(posted/bareIncident, "×INSERT-incident")
}

func (in *intake) post(b *testing.B, client *http.Client, body []byte) {
	b.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, in.url+"/api/v1/incidents", bytes.NewReader(body))
	if err != nil {
		b.Error(err)
		return
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(in.header[0], in.header[1])
	response, err := client.Do(request)
	if err != nil {
		b.Error(err)
		return
	}
	answer, _ := io.ReadAll(response.Body)
	response.Body.Close()
	if response.StatusCode != http.StatusCreated {
		b.Errorf("%s: %s", response.Status, answer)
	}
}

// The rows of one report, as this program stores them.
const (
	bareIncident = `INSERT INTO incident (county, id, reported_at, received_at, channel, item, status, title, description, geom, accuracy_m, cell, snap, edition,
		town, community, grid, micro, branch)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, ST_SetSRID(ST_MakePoint($10, $11), 4326), $12, $13, $14, $15, $16, $17, $18, $19, $20)`
	bareReceipt = `INSERT INTO report_receipt (number, secret, key, county, incident, created_at) VALUES ('991231' || lpad(nextval('report_number')::text, 6, '0'), $1, 'k', $2, $3, $4)`
	bareEvent   = `INSERT INTO event (county, id, at, kind, areas, data, change) VALUES ($1, $2, $3, 'incident.created', $4, $5, $6)`
	bareAudit   = `INSERT INTO audit (county, id, at, login, via, address, request, action, object, areas, outcome, reason, after)
		VALUES ($1, $2, $3, 'machine-1', 'token', '127.0.0.1', 'abcdefghijklmnopqrstuvwxyz012345', 'incident.create', 'incident/' || $4::text, $5, 'done', '', '{"item":"illegal_parking","channel":"worker"}')`
)

// insert stores a row as a program would that does nothing else: in one round trip and one transaction.
func (in *intake) insert(b *testing.B, i incident.Incident, all bool) {
	b.Helper()
	lon, lat := i.Place.Degrees()
	var lower [4]*string
	for level := 1; level < len(i.Codes); level++ {
		lower[level-1] = &i.Codes[level]
	}
	var branch *string
	if i.Branch != "" {
		branch = &i.Branch
	}
	batch := &pgx.Batch{}
	batch.Queue(bareIncident, i.County, i.ID, i.ReportedAt, i.ReceivedAt, i.Channel, i.Item, i.Status, i.Title, i.Description, lon, lat, i.AccuracyM,
		int64(i.Cell), i.Snap, i.Edition, lower[0], lower[1], lower[2], lower[3], branch)
	if all {
		codes := append([]string{}, i.Codes...)
		batch.Queue(bareReceipt, i.ID[:], i.County, i.ID, i.ReceivedAt)
		data := in.eventData(&i)
		event, entry := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
		batch.Queue(bareEvent, i.County, event, i.ReceivedAt, codes, data, data)
		batch.Queue(bareAudit, i.County, entry, i.ReceivedAt, i.ID, codes)
	}
	if err := in.db.SendBatch(context.Background(), batch).Close(); err != nil {
		b.Error(err)
	}
}

// benchmarkBatch sends batches with numbers, and copies as many rows like theirs into the same tables, turn by turn.
func (in *intake) benchmarkBatch(b *testing.B) {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	const batches = 4 // in one round
	var sent, copied time.Duration
	for b.Loop() {
		for range batches {
			bodies, rows := in.reports(2 * intakeRows)
			var lines bytes.Buffer
			for n, body := range bodies[:intakeRows] {
				lines.Write(body[:len(body)-1])
				fmt.Fprintf(&lines, ",\"source_number\":\"S%d\"}\n", in.made*2+n)
			}
			begun := time.Now()
			in.copy(b, rows[intakeRows:])
			copied += time.Since(begun)
			begun = time.Now()
			in.sendBatch(b, client, lines.Bytes())
			sent += time.Since(begun)
		}
	}
	rows := float64(b.N * batches * intakeRows)
	b.ReportMetric(rows/sent.Seconds(), "rows/s")
	b.ReportMetric(rows/copied.Seconds(), "COPY-rows/s")
	b.ReportMetric(copied.Seconds()/sent.Seconds(), "×COPY")
}

func (in *intake) sendBatch(b *testing.B, client *http.Client, body []byte) {
	b.Helper()
	request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, in.url+"/api/v1/incidents:batch", bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	request.Header.Set(in.header[0], in.header[1])
	response, err := client.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	answer, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil || response.StatusCode != http.StatusOK || bytes.Count(answer, []byte(`"created"`)) != intakeRows {
		b.Fatalf("%s: %.500s", response.Status, answer)
	}
}

// copy stores rows as a program would that does nothing else: COPY into each table, in one transaction.
func (in *intake) copy(b *testing.B, rows []incident.Incident) {
	b.Helper()
	err := pgx.BeginFunc(b.Context(), in.db, func(tx pgx.Tx) error {
		for _, table := range []struct {
			name    string
			columns []string
			row     func(i *incident.Incident) []any
		}{
			{"incident", []string{
				"county", "id", "reported_at", "received_at", "channel", "item", "status", "title", "description", "geom", "accuracy_m", "cell", "snap", "edition",
				"town", "community", "grid", "micro", "branch",
			}, func(i *incident.Incident) []any {
				lon, lat := i.Place.Degrees()
				lower := [4]any{}
				for level := 1; level < len(i.Codes); level++ {
					lower[level-1] = i.Codes[level]
				}
				var branch any
				if i.Branch != "" {
					branch = i.Branch
				}
				return []any{
					i.County, i.ID, i.ReportedAt, i.ReceivedAt, string(i.Channel), i.Item, string(i.Status), i.Title, i.Description, pointOf(lon, lat), i.AccuracyM,
					int64(i.Cell), string(i.Snap), i.Edition, lower[0], lower[1], lower[2], lower[3], branch,
				}
			}},
			{"event", []string{"county", "id", "at", "kind", "areas", "data", "change"}, func(i *incident.Incident) []any {
				data := in.eventData(i)
				return []any{i.County, uuid.Must(uuid.NewV7()), i.ReceivedAt, "incident.created", append([]string{}, i.Codes...), data, data}
			}},
			{"incident_source", []string{"channel", "number", "digest", "county", "incident", "created_at"}, func(i *incident.Incident) []any {
				return []any{"resident", i.ID.String(), append(i.ID[:], i.ID[:]...), i.County, i.ID, i.ReceivedAt}
			}},
		} {
			from := pgx.CopyFromSlice(len(rows), func(n int) ([]any, error) { return table.row(&rows[n]), nil })
			if _, err := tx.CopyFrom(b.Context(), pgx.Identifier{table.name}, table.columns, from); err != nil {
				return fmt.Errorf("%s: %w", table.name, err)
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// pointOf is a point as PostGIS reads it in a binary COPY: EWKB.
func pointOf(lon, lat float64) []byte {
	ewkb := append([]byte{1, 1, 0, 0, 0x20}, 0xe6, 0x10, 0, 0)
	ewkb = binary.LittleEndian.AppendUint64(ewkb, math.Float64bits(lon))
	return binary.LittleEndian.AppendUint64(ewkb, math.Float64bits(lat))
}

// eventData is about as long as what this program says of a new incident.
func (in *intake) eventData(i *incident.Incident) []byte {
	lon, lat := i.Place.Degrees()
	return fmt.Appendf(nil, `{"id":%q,"lon":%v,"lat":%v,"title":%q,"item":%q,"item_name":"违法停车","item_name_en":"Illegal parking","reported_at":"2026-11-22T07:00:00Z"}`,
		i.ID, lon, lat, i.Title, i.Item)
}
