package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"jingwei/data/demo"
	"jingwei/geo"
	"jingwei/server/area"
	"jingwei/server/area/importing"
	"jingwei/server/branch"
	"jingwei/server/db"
	"jingwei/server/incident"
	"jingwei/server/snap"
	"jingwei/server/station"
)

type demoFlags struct {
	Seed      uint64 `help:"Of the demo county: the same seed gives the same county." default:"1"`
	Incidents int    `help:"Incidents of the demo county, over the last 365 days." default:"100000"`
}

func (f demoFlags) check() error {
	if f.Incidents < 0 {
		return errors.New("--incidents must not be negative")
	}
	return nil
}

type demoCommand struct {
	demoFlags
}

func (cmd *demoCommand) Run(ctx context.Context, c *Config, s *streams, now clock) (err error) {
	app, err := openApp(ctx, c, writes, now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	if n := app.areas.Current().Edition.Number; n > 0 {
		return fmt.Errorf("the database has areas already (edition %d); the demo county goes into an empty one: name another folder with --data-dir", n)
	}
	started := time.Now()
	if err := app.loadDemo(ctx, cmd.demoFlags, now(), newProgress(s.err)); err != nil {
		return err
	}
	if err := app.makeDemoAccounts(ctx); err != nil {
		return err
	}
	atlas := app.areas.Current()
	fmt.Fprintf(s.out, "The demo county is in: %d areas, %d incidents, %.1f s. %s.\nRun the server with: jingwei serve\n",
		atlas.Coverage.Len(), cmd.Incidents, time.Since(started).Seconds(), demo.NoticeEN)
	return nil
}

// incidentBatch is how many incidents are stored in one transaction.
const incidentBatch = 20_000

// loadDemo makes the demo county and stores it in one transaction: an interrupted demo leaves the database empty.
func (a *App) loadDemo(ctx context.Context, f demoFlags, until time.Time, p *progress) error {
	if err := f.check(); err != nil {
		return err
	}
	defer p.finish()
	county, err := demo.Generate(demo.Config{Seed: f.Seed, Progress: func(stage string, done, total int) { p.show("generate "+stage, done, total) }})
	if err != nil {
		return err
	}
	// Ahead of the long transaction, which would otherwise keep readers of incidents waiting until its end.
	if err := incident.EnsureMonths(ctx, a.db.Pool, until.Add(-demo.Span), until); err != nil {
		return err
	}
	err = db.InLongTx(ctx, a.db.Pool, func(tx pgx.Tx) error {
		p.show("store areas", 0, 0)
		if err := publishDemo(ctx, tx, county, until); err != nil {
			return err
		}
		p.show("store branches", 0, 0)
		if err := saveDemoBranches(ctx, tx, county); err != nil {
			return err
		}
		p.show("index areas", 0, 0)
		atlas, err := area.LoadAtlas(ctx, tx)
		if err != nil {
			return err
		}
		directory, err := branch.LoadDirectory(ctx, tx)
		if err != nil {
			return err
		}
		p.show("store stations", 0, 0)
		if err := station.Save(ctx, tx, atlas, demoStations(county)); err != nil {
			return err
		}
		return a.loadDemoIncidents(ctx, tx, county, f, until, atlas, directory, p)
	})
	if err != nil {
		return fmt.Errorf("the demo county was not stored: %w", err)
	}
	return a.load(ctx)
}

func publishDemo(ctx context.Context, tx pgx.Tx, county *demo.County, at time.Time) error {
	rows := func(yield func(importing.Row) bool) {
		for i := range county.Areas {
			a := &county.Areas[i]
			if !yield(importing.Row{Area: a.Area, Kind: a.Kind, Households: &a.Households, Population: &a.Population}) {
				return
			}
		}
	}
	_, err := importing.Publish(ctx, tx, rows, importing.Edition{EffectiveAt: at, PublishedAt: at, Note: "demo", Schematic: true})
	return err
}

func saveDemoBranches(ctx context.Context, tx pgx.Tx, county *demo.County) error {
	branches := make([]branch.Branch, len(county.Branches))
	assignments := make([]branch.Assignment, len(county.Branches))
	for i, b := range county.Branches {
		branches[i] = branch.Branch{
			Code: b.Code, Name: b.Name, Kind: b.Kind, Parent: b.Parent, Secretary: b.Secretary, Phone: b.Phone, Members: &b.Members, Invented: b.Invented,
		}
		assignments[i] = branch.Assignment{Area: b.Area, Branch: b.Code}
	}
	return branch.Save(ctx, tx, branches, assignments)
}

func demoStations(county *demo.County) []station.Station {
	stations := make([]station.Station, len(county.Stations))
	for i, s := range county.Stations {
		stations[i] = station.Station{
			Code: s.Code, Kind: s.Kind, Name: s.Name, Place: s.Point, Address: s.Address, Services: s.Services, OpenTo: s.OpenTo,
			OpeningHours: s.OpeningHours, Phone: s.Phone, Invented: s.Invented,
		}
		if s.Stars > 0 {
			stations[i].Stars = &s.Stars
		}
		if s.FloorAreaM2 > 0 {
			stations[i].FloorAreaM2 = &s.FloorAreaM2
		}
	}
	return stations
}

func (a *App) loadDemoIncidents(ctx context.Context, tx pgx.Tx, county *demo.County, f demoFlags, until time.Time, atlas *area.Atlas, directory *branch.Directory,
	p *progress,
) error {
	p.show("store incidents", 0, f.Incidents)
	done := 0
	store := func(batch []demo.Incident) error {
		points := make([]geo.Point, len(batch))
		for i := range batch {
			points[i] = batch[i].Point
		}
		owners := snap.LocateAll(atlas, directory, points, 0)
		incidents := make([]incident.Incident, len(batch))
		for i, d := range batch {
			accuracyM := float64(d.AccuracyM)
			incidents[i] = incident.New(d.ID, incident.Report{
				ReportedAt: d.ReportedAt, Channel: incident.Channel(d.Channel), Item: d.Item, Title: d.Title, Description: d.Description,
				Place: d.Point, AccuracyM: &accuracyM,
			}, owners[i], d.ReceivedAt)
			incidents[i].Reach(incident.Status(d.Status), d.ReceivedAt)
			incidents[i].LookAtRecent(owners[i], until)
		}
		if _, err := incident.Load(ctx, tx, a.keys, incidents); err != nil {
			return err
		}
		done += len(batch)
		p.show("store incidents", done, f.Incidents)
		return nil
	}
	batch := make([]demo.Incident, 0, incidentBatch)
	for d := range county.Incidents(demo.IncidentConfig{Seed: f.Seed, Count: f.Incidents, Until: until}) {
		if batch = append(batch, d); len(batch) == incidentBatch {
			if err := store(batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	if err := store(batch); err != nil {
		return err
	}
	p.show("analyse incidents", 0, 0)
	return incident.Analyze(ctx, tx)
}
