package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"jingwei/data"
	"jingwei/server/access"
	"jingwei/server/account"
	"jingwei/server/area"
	"jingwei/server/audit"
	"jingwei/server/branch"
	"jingwei/server/heat"
	"jingwei/server/hotline"
	"jingwei/server/incident"
	"jingwei/server/item"
	"jingwei/server/live"
	"jingwei/server/photo"
	"jingwei/server/scene"
	"jingwei/server/seal"
	"jingwei/server/snap"
	"jingwei/server/station"
	"jingwei/server/tile"
	"jingwei/server/web"
	"jingwei/webmap"
)

// App is the whole program on one database: the only place that knows every noun.
type App struct {
	db   *database
	now  clock
	keys *seal.Ring

	retentionYears int // of reporters' data after the closing; 0 keeps them
	areas          *area.Service
	branches       *branch.Service
	items          *item.Service
	stations       *station.Service
	snap           *snap.Service
	incidents      *incident.Service
	hotline        *hotline.Service
	categories     *hotline.Categories // of the hotline
	accounts       *account.Service
	photos         *photo.Service
	scenes         *scene.Service
	log            *audit.Service

	surroundings web.Options
	limits       limitFlags
}

// maxSnapWithinM is how far outside everything a point may be and still be given to the nearest area.
const maxSnapWithinM = 10_000

// newApp wires the services and loads what they keep in memory. The App owns the database from here on, also when it fails.
func newApp(ctx context.Context, c *Config, d *database, now clock) (_ *App, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	if !(c.SnapWithinM >= 0 && c.SnapWithinM <= maxSnapWithinM) {
		return nil, fmt.Errorf("--snap-within-m is from 0 to %d metres, not %v", maxSnapWithinM, c.SnapWithinM)
	}
	areas, err := area.NewService(d.Pool)
	if err != nil {
		return nil, err
	}
	surroundings, err := c.surroundings()
	if err != nil {
		return nil, err
	}
	keys, err := c.openRing(ctx, d, now)
	if err != nil {
		return nil, err
	}
	limits, err := c.complete()
	if err != nil {
		return nil, err
	}
	a := &App{surroundings: surroundings, limits: limits, db: d, now: now, keys: keys, areas: areas, branches: branch.NewService(d.Pool), items: item.NewService(d.Pool), stations: station.NewService(d.Pool, areas)}
	a.photos = photo.NewService(d.Pool, now)
	a.scenes = scene.NewService(d.Pool, now)
	a.snap = snap.NewService(areas, a.branches, c.SnapWithinM)
	a.incidents = incident.NewService(d.Pool, areas, a.branches, a.snap, a.items, keys, now)
	if a.categories, err = c.hotlineCategories(); err != nil {
		return nil, err
	}
	a.hotline = hotline.NewService(d.Pool, areas, a.stations, a.snap, a.incidents, keys, a.categories, now)
	rules := c.accountRules()
	if err := rules.Check(); err != nil {
		return nil, err
	}
	rules.Secure = surroundings.PublicURL != nil && surroundings.PublicURL.Scheme == "https"
	a.accounts = account.NewService(d.Pool, areas, keys, now, rules)
	if !limits.unlimited {
		a.accounts.LimitCredentials(web.NewCredentials(limits.LimitCredentials, now))
	}
	a.log = audit.NewService(d.Pool, now)
	if err := a.load(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

// openApp opens the configured database and makes an App on it, for commands that are not the server.
func openApp(ctx context.Context, c *Config, use use, now clock) (*App, error) {
	d, err := c.openDatabase(ctx, use)
	if err != nil {
		return nil, err
	}
	return newApp(ctx, c, d, now)
}

// Close closes the database, and stops it where it is private.
func (a *App) Close() error { return a.db.close() }

// load fills what the services keep in memory, whoever started the program.
func (a *App) load(ctx context.Context) error {
	ctx = access.With(ctx, access.Server())
	if err := a.items.Reload(ctx); err != nil {
		return err
	}
	if a.items.Len() == 0 {
		if err := a.saveCatalogue(ctx); err != nil {
			return err
		}
	}
	if err := a.branches.Reload(ctx); err != nil {
		return err
	}
	_, err := a.areas.Reload(ctx)
	return err
}

// saveCatalogue brings the items of data/items.json into the database, where incidents refer to them. A server does so at each start,
// another command only where there are none: it may be older than the server.
func (a *App) saveCatalogue(ctx context.Context) error {
	entries, err := data.Items()
	if err != nil {
		return err
	}
	fields, err := data.Fields()
	if err != nil {
		return err
	}
	english := map[string]string{}
	for _, f := range fields {
		english[f.Name] = f.NameEN
	}
	items := make([]item.Item, len(entries))
	for i, e := range entries {
		items[i] = item.Item{
			Code: e.Code, Field: e.Field, FieldEN: english[e.Field], Name: e.Name, NameEN: e.NameEN, Tier: e.Tier, Lead: e.Lead, Assist: e.Assist,
			Urgency: e.Urgency, Difficulty: e.Difficulty, LegalBasis: e.LegalBasis,
		}
	}
	return a.items.Save(ctx, items)
}

// server is an App with its HTTP side.
type server struct {
	app   *App
	hub   *live.Hub
	tiles *tile.Service
	heat  *heat.Service
	web   *web.Server
}

func newServer(app *App) *server {
	s := &server{
		app: app, hub: live.NewHub(app.db.Pool), tiles: tile.NewService(app.areas, app.branches), web: web.New(buildVersion(), app.surroundings),
	}
	s.heat = heat.NewService(app.db.Pool, s.hub, app.incidents, app.areas, app.items, app.now)
	s.hub.Before(live.EditionPublished, func(ctx context.Context) error {
		_, err := app.areas.Reload(ctx)
		s.tiles.Renew(ctx)
		return err
	})
	s.hub.Before(live.BranchChanged, func(ctx context.Context) error {
		err := app.branches.Reload(ctx)
		s.tiles.Renew(ctx)
		return err
	})
	s.web.ReadyWhen("database", func(ctx context.Context) error { return app.db.Ping(ctx) })
	s.web.ReadyWhen("live events", func(context.Context) error { return s.hub.Flowing() })
	s.web.ReadySays("counts", func() string {
		if f := s.heat.Filling(); f != nil {
			return fmt.Sprintf("%d %% of the incidents are counted", f.Percent()) // to anybody
		}
		return "ok"
	})
	s.web.Echo.Use(app.log.Refusals) // outside of what finds out who asks
	s.web.Echo.Use(app.accounts.Authenticate)

	snap.Routes(s.web, app.snap)
	area.Routes(s.web, app.areas, func(chain []string) (code, name string) {
		if b, _ := app.branches.Directory().Answering(chain); b != nil {
			return b.Code, b.Name
		}
		return "", ""
	})
	tile.Routes(s.web, s.tiles, func() string { return noticeOf(app.areas.Current()).text() })
	item.Routes(s.web, app.items)
	station.Routes(s.web, app.stations, app.areas)
	incident.Routes(s.web, app.incidents, app.areas)
	heat.Routes(s.web, s.heat)
	incident.ReviewRoutes(s.web, app.incidents, app.areas, func(ctx context.Context) (int, error) { return app.hotline.Waiting(ctx) })
	hotline.Routes(s.web, app.hotline, app.items)
	photo.Routes(s.web, app.photos, app.incidents.Photo)
	scene.Routes(s.web, app.scenes)
	live.Routes(s.web, s.hub, app.accounts.Still)
	account.Routes(s.web, app.accounts)
	account.AdminRoutes(s.web, app.accounts)
	account.SignOnRoutes(s.web, app.accounts)
	audit.Routes(s.web, app.log)
	aboutRoutes(s.web, app)
	s.web.ExposeMetrics(func(ctx context.Context) error { return access.Ask(ctx, access.SystemMetrics, nil) })
	s.web.Pages(webmap.Dist())
	// Last of what is before the handlers: by now it is known who asks.
	if !app.limits.unlimited {
		s.web.Limit(app.limits.limits(), whoIsLimited, app.now)
	}
	return s
}

// Run answers on the listener until ctx ends; ready is called when it begins to. What runs beside the requests has the server's rights; a
// request begins in a context of its own, as nobody's.
func (s *server) Run(ctx context.Context, listener net.Listener, ready func()) error {
	ctx = access.With(ctx, access.Server())
	s.app.accounts.ListensOn(listener.Addr())
	if err := s.hub.Start(ctx); err != nil {
		return fmt.Errorf("live events: %w", err)
	}
	// What was published between loading and Start is not in the hub's queue.
	if err := s.app.load(ctx); err != nil {
		return err
	}
	s.tiles.Renew(ctx)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		s.hub.Run(ctx)
	}()
	go s.app.maskOld(ctx)
	go s.app.upkeep(ctx)
	go s.tiles.Run(ctx)
	go s.heat.Run(ctx)
	logCtx, stopLog := context.WithCancel(context.WithoutCancel(ctx)) // what the last requests do is linked too
	defer stopLog()
	logStopped := make(chan struct{})
	go func() {
		defer close(logStopped)
		s.app.log.Run(logCtx)
	}()
	ready()
	err := s.web.Serve(ctx, listener)
	err = errors.Join(err, s.app.drain(logCtx))
	stopLog()
	<-logStopped
	select {
	case <-finished:
	case <-time.After(5 * time.Second):
		return errors.Join(err, errors.New("live events did not stop"))
	}
	return err
}

// drain stores the reports that were let in and whose senders did not wait.
func (a *App) drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	return a.incidents.Drain(ctx)
}

// upkeepEvery is the time between two looks at what has to be ready ahead of time.
const upkeepEvery = time.Hour

// upkeep makes the partitions of the coming week, so that no report waits for one, and deletes what is kept too long, until ctx ends.
func (a *App) upkeep(ctx context.Context) {
	for {
		now := a.now()
		if err := incident.EnsureMonths(ctx, a.db.Pool, now, now.AddDate(0, 0, 7)); err != nil && ctx.Err() == nil {
			slog.Warn("partitions of the incidents", "error", err)
		}
		if err := photo.EnsureMonths(ctx, a.db.Pool, now, now.AddDate(0, 0, 7)); err != nil && ctx.Err() == nil {
			slog.Warn("partitions of the photos", "error", err)
		}
		if _, err := photo.Prune(ctx, a.db.Pool, now); err != nil && ctx.Err() == nil {
			slog.Warn("removing photos without a report", "error", err)
		}
		if _, err := incident.PruneKeys(ctx, a.db.Pool, now); err != nil && ctx.Err() == nil {
			slog.Warn("idempotency keys whose time is over", "error", err)
		}
		if err := a.accounts.Upkeep(ctx); err != nil && ctx.Err() == nil {
			slog.Warn("sessions that have ended", "error", err)
		}
		a.retainNightly(ctx, a.retentionYears, now)
		select {
		case <-ctx.Done():
			return
		case <-time.After(upkeepEvery):
		}
	}
}
