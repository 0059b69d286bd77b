package heat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/geo"
	"jingwei/geo/hexbin"
	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/area"
	"jingwei/server/area/areatest"
	"jingwei/server/branch"
	"jingwei/server/db"
	"jingwei/server/db/dbtest"
	"jingwei/server/incident"
	"jingwei/server/item"
	"jingwei/server/live"
	"jingwei/server/seal"
	"jingwei/server/snap"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// fixture is areatest's county with a catalogue, and all that counts its incidents.
type fixture struct {
	t         testing.TB
	pool      *pgxpool.Pool
	areas     *area.Service
	items     *item.Service
	snap      *snap.Service
	keys      *seal.Ring
	incidents *incident.Service
	made      int
}

var itemCodes = []string{"illegal_parking", "common_space", "noise", "rubbish", "vending"}

func setup(t testing.TB) *fixture {
	t.Helper()
	pool := dbtest.Open(t)
	areatest.Publish(t, pool, areatest.Areas(), areatest.Effective)
	f := &fixture{t: t, pool: pool, items: item.NewService(pool)}
	branches := branch.NewService(pool)
	var errAreas, errKeys error
	f.areas, errAreas = area.NewService(pool)
	f.keys, errKeys = seal.Create(filepath.Join(t.TempDir(), "keys.json"), time.Now())
	if err := errors.Join(errAreas, errKeys); err != nil {
		t.Fatal(err)
	}
	if _, err := f.areas.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	var entries []item.Item
	for _, code := range itemCodes {
		entries = append(entries, item.Item{
			Code: code, Name: "事项" + code, NameEN: code, Field: "综合执法", FieldEN: "Law enforcement", Tier: "enforcement", Lead: "公安局", Assist: []string{},
			Urgency: "normal", Difficulty: "simple",
		})
	}
	if err := f.items.Save(accesstest.Operator(t), entries); err != nil {
		t.Fatal(err)
	}
	f.snap = snap.NewService(f.areas, branches, 0)
	f.incidents = incident.NewService(pool, f.areas, branches, f.snap, f.items, f.keys, time.Now)
	return f
}

// newHub is a hub that is started; run lets it work until the end of the test.
func (f *fixture) newHub() *live.Hub {
	f.t.Helper()
	hub := live.NewHub(f.pool)
	if err := hub.Start(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	f.run(hub.Run)
	return hub
}

func (f *fixture) run(work func(context.Context)) {
	ctx, cancel := context.WithCancel(access.With(context.Background(), access.Server()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		work(ctx)
	}()
	f.t.Cleanup(func() {
		cancel()
		<-done
	})
}

// count runs a service on a hub of its own.
func (f *fixture) count() *Service {
	f.t.Helper()
	s := NewService(f.pool, f.newHub(), f.incidents, f.areas, f.items, time.Now)
	f.run(s.Run)
	return s
}

// settle waits until all that was stored before is counted.
func (f *fixture) settle(s *Service) {
	f.t.Helper()
	f.settleHub()
	deadline := time.Now().Add(time.Minute)
	for now := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if told := s.told(); told.Filling == nil && told.AsOf.After(now.Add(keptFor)) {
			return
		}
		if time.Now().After(deadline) {
			f.t.Fatalf("not counted: %+v", s.told())
		}
	}
}

// some makes incidents: in most of the county, and one in ten outside it, in the last days before an instant, in any channel and step.
func (f *fixture) some(random *rand.Rand, n, days int, until time.Time) []incident.Incident {
	f.t.Helper()
	list := make([]incident.Incident, n)
	for k := range list {
		lon, lat := areatest.WestDeg+areatest.WidthDeg*random.Float64(), areatest.SouthDeg+areatest.WidthDeg*random.Float64()
		if random.IntN(10) == 0 {
			lon += areatest.WidthDeg
		}
		list[k] = f.one(random, lon, lat, until.Add(-time.Duration(random.Int64N(int64(days)*24*int64(time.Hour)))))
	}
	return list
}

func (f *fixture) one(random *rand.Rand, lon, lat float64, at time.Time) incident.Incident {
	f.t.Helper()
	place, err := geo.PointOf(lon, lat)
	if err != nil {
		f.t.Fatal(err)
	}
	f.made++
	at = at.UTC().Truncate(time.Microsecond)
	i := incident.New(incident.NewID(at, fmt.Append(nil, f.made, lon, lat)), incident.Report{
		ReportedAt: at, Channel: channels[random.IntN(len(channels))], Item: itemCodes[random.IntN(len(itemCodes))], Title: "t", Place: place,
	}, f.snap.Locate(place), at)
	i.Reach(statuses[random.IntN(len(statuses))], at)
	return i
}

// load stores incidents as an import does, without an event.
func (f *fixture) load(list []incident.Incident) {
	f.t.Helper()
	since, until := list[0].ReportedAt, list[0].ReportedAt
	for _, i := range list {
		if i.ReportedAt.Before(since) {
			since = i.ReportedAt
		}
		if i.ReportedAt.After(until) {
			until = i.ReportedAt
		}
	}
	if err := incident.EnsureMonths(f.t.Context(), f.pool, since, until); err != nil {
		f.t.Fatal(err)
	}
	f.tx(func(tx pgx.Tx) error {
		_, err := incident.Load(f.t.Context(), tx, f.keys, list)
		return err
	})
}

func (f *fixture) tx(work func(pgx.Tx) error) {
	f.t.Helper()
	if err := db.InTx(f.t.Context(), f.pool, work); err != nil {
		f.t.Fatal(err)
	}
}

func counted(i *incident.Incident) *incident.Counted {
	return &incident.Counted{Cell: i.Cell, ReportedAt: i.ReportedAt, Item: i.Item, Channel: i.Channel, Status: i.Status, Codes: i.Codes}
}

// create, change and move do what the services do, with their events.
func (f *fixture) create(i incident.Incident) {
	f.t.Helper()
	f.tx(func(tx pgx.Tx) error {
		if _, err := incident.Load(f.t.Context(), tx, f.keys, []incident.Incident{i}); err != nil {
			return err
		}
		return live.Append(f.t.Context(), tx, live.Entry{Kind: live.IncidentCreated, Areas: i.Codes, Data: i.ID, Change: incident.Change{To: counted(&i)}})
	})
}

func (f *fixture) change(i *incident.Incident, to incident.Status) {
	f.t.Helper()
	from := counted(i)
	i.Reach(to, i.ReportedAt)
	f.tx(func(tx pgx.Tx) error {
		if err := one(tx.Exec(f.t.Context(), `UPDATE incident SET status = $1, closed_at = $2 WHERE id = $3`, i.Status, i.ClosedAt, i.ID)); err != nil {
			return err
		}
		return live.Append(f.t.Context(), tx, live.Entry{Kind: live.IncidentChanged, Areas: i.Codes, Data: i.ID, Change: incident.Change{From: from, To: counted(i)}})
	})
}

func (f *fixture) move(i *incident.Incident, lon, lat float64) {
	f.t.Helper()
	from := counted(i)
	place, err := geo.PointOf(lon, lat)
	if err != nil {
		f.t.Fatal(err)
	}
	moved := incident.New(i.ID, incident.Report{ReportedAt: i.ReportedAt, Place: place}, f.snap.Locate(place), i.ReceivedAt)
	i.Cell, i.Codes, i.County, i.Snap = moved.Cell, moved.Codes, moved.County, moved.Snap
	lower := make([]*string, 4)
	for n := 1; n < len(i.Codes); n++ {
		lower[n-1] = &i.Codes[n]
	}
	f.tx(func(tx pgx.Tx) error {
		if err := one(tx.Exec(f.t.Context(), `UPDATE incident SET geom = ST_SetSRID(ST_MakePoint($1, $2), 4326), cell = $3, county = $4, town = $5, community = $6,
			grid = $7, micro = $8, snap = $9 WHERE id = $10`, lon, lat, int64(i.Cell), i.County, lower[0], lower[1], lower[2], lower[3], i.Snap, i.ID)); err != nil {
			return err
		}
		return live.Append(f.t.Context(), tx, live.Entry{Kind: live.IncidentMoved, Areas: i.Codes, Data: i.ID, Change: incident.Change{From: from, To: counted(i)}})
	})
}

// one is an error where another number of rows than one was changed.
func one(tag interface{ RowsAffected() int64 }, err error) error {
	if err == nil && tag.RowsAffected() != 1 {
		return fmt.Errorf("%d rows changed", tag.RowsAffected())
	}
	return err
}

func (f *fixture) tell(kind string, change any) {
	f.t.Helper()
	f.tx(func(tx pgx.Tx) error {
		return live.Append(f.t.Context(), tx, live.Entry{Kind: kind, Data: uuid.Nil, Change: change})
	})
}

func ownerOf(f *fixture) *pgxpool.Pool { return dbtest.Owner(f.t, f.pool) }

func everything() live.Filter { return live.FilterOf(access.Server()) }

func hexFilter() hexbin.Filter { return hexbin.Filter{} }

// copyOut is all incidents as PostgreSQL sends them.
func (f *fixture) copyOut() []byte {
	f.t.Helper()
	var out bytes.Buffer
	err := f.pool.AcquireFunc(f.t.Context(), func(c *pgxpool.Conn) error {
		_, err := c.Conn().PgConn().CopyTo(f.t.Context(), &out, copyOf(time.Unix(0, 0), time.Now().AddDate(1, 0, 0)))
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return out.Bytes()
}

// settleHub waits until a hub has numbered all events.
func (f *fixture) settleHub() {
	f.t.Helper()
	for unnumbered, deadline := 1, time.Now().Add(time.Minute); unnumbered > 0; {
		if err := f.pool.QueryRow(f.t.Context(), `SELECT count(*) FROM event WHERE seq IS NULL`).Scan(&unnumbered); err != nil {
			f.t.Fatal(err)
		}
		if time.Now().After(deadline) {
			f.t.Fatalf("%d events have no number", unnumbered)
		}
	}
}
