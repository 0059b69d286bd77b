package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"

	"jingwei/server/access"
	"jingwei/server/audit"
	"jingwei/server/db"
	"jingwei/server/seal"
)

type keysCommand struct {
	List   keysListCommand   `cmd:"" help:"List the keys that personal data are sealed with, and how many rows each has sealed. Shows no key."`
	Rotate keysRotateCommand `cmd:"" help:"Make a new key and seal all personal data again with it, also while a server runs. After an interruption, run it again: it finishes first."`
}

type keysListCommand struct{}

func (keysListCommand) Run(ctx context.Context, c *Config, s *streams, now clock) (err error) {
	app, ring, err := openKeys(ctx, c, reads, now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	counts, err := countSealed(ctx, app.db)
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(s.out, 0, 8, 2, ' ', 0)
	fmt.Fprint(out, "KEY\tSUITE\tMADE AT\t")
	for _, t := range sealedTables {
		fmt.Fprintf(out, "%s\t", t.name)
	}
	fmt.Fprintln(out)
	keys := ring.Keys()
	for _, id := range slices.Sorted(maps.Keys(counts)) {
		if !slices.ContainsFunc(keys, func(k seal.Key) bool { return k.ID == id }) {
			keys = append(keys, seal.Key{ID: id, Suite: "MISSING"})
		}
	}
	for _, k := range keys {
		at, note := "-", ""
		if !k.CreatedAt.IsZero() {
			at = k.CreatedAt.Format(time.RFC3339)
		}
		if k.Current {
			note = "current"
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t", k.ID, k.Suite, at)
		rows := counts[k.ID]
		if rows == nil {
			rows = make([]int, len(sealedTables))
		}
		for _, n := range rows {
			fmt.Fprintf(out, "%d\t", n)
		}
		fmt.Fprintln(out, note)
	}
	return out.Flush()
}

type keysRotateCommand struct {
	DropUnused bool `help:"Afterwards remove the keys from the file that seal nothing any more and were replaced more than an hour ago. Backups of the database that are older than the rotation cannot be opened without them."`
}

// resealedAtOnce is how many rows are sealed again in one transaction: few enough that nobody who changes one of them waits long.
const resealedAtOnce = 1_000

// dropAfter is how long a key stays after it was replaced: a transaction that sealed with it has surely ended by then.
const dropAfter = time.Hour

func (cmd *keysRotateCommand) Run(ctx context.Context, c *Config, s *streams, now clock) (err error) {
	app, ring, err := openKeys(ctx, c, writes, now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	if err := access.Ask(ctx, access.RetentionManage, nil); err != nil {
		return err
	}
	return app.alone(ctx, func() error {
		if err := checkRing(ctx, app.db, ring); err != nil {
			return err
		}
		old, err := app.replacedKeys(ctx, ring)
		if err != nil {
			return err
		}
		if len(old) > 0 {
			fmt.Fprintf(s.out, "Some rows are sealed with keys that were replaced before: finishing that first, with the key %s. Run the command again for a new key.\n", ring.Current())
		} else {
			before := ring.Current()
			id, err := ring.Rotate(now())
			if errors.Is(err, seal.ErrFixed) {
				return fmt.Errorf("%w: add a key to %s, name it as the current one, start the server again, and run this command to seal all rows with it", err, keysVariable)
			}
			if err != nil {
				return err
			}
			if err := app.auditKeys(ctx, "keys.rotate", map[string]any{"key": before}, map[string]any{"key": id}); err != nil {
				return err
			}
			fmt.Fprintf(s.out, "The key %s is the current one now. Keep a copy of %s in a safe place.\n", id, ring.Path())
		}
		if err := app.resealAll(ctx, ring, s); err != nil || !cmd.DropUnused {
			return err
		}
		return app.dropUnused(ctx, ring, now(), s)
	})
}

// openKeys opens the program and its keys; without keys it says why there are none.
func openKeys(ctx context.Context, c *Config, use use, now clock) (*App, *seal.Ring, error) {
	app, err := openApp(ctx, c, use, now)
	if err != nil {
		return nil, nil, err
	}
	if app.keys != nil {
		return app, app.keys, nil
	}
	path, err := c.keyPath()
	if err == nil {
		_, err = seal.Load(path)
	}
	return nil, nil, errors.Join(err, app.Close())
}

// keysLock keeps two commands that change the keys apart, wherever they run. Any number will do that no other lock has.
const keysLock = 0x6b657973

func (a *App) alone(ctx context.Context, fn func() error) error {
	conn, err := a.db.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	var got bool
	if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, keysLock).Scan(&got); err != nil {
		return err
	}
	if !got {
		return errors.New("another command changes the keys at this moment; try again when it has ended")
	}
	defer func() { _, _ = conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, keysLock) }()
	return fn()
}

// countSealed is how many rows each key has sealed, by its id, in the order of sealedTables.
func countSealed(ctx context.Context, q db.Querier) (map[string][]int, error) {
	all := map[string][]int{}
	for n, t := range sealedTables {
		counts, err := t.count(ctx, q)
		if err != nil {
			return nil, err
		}
		for id, count := range counts {
			if all[id] == nil {
				all[id] = make([]int, len(sealedTables))
			}
			all[id][n] = count
		}
	}
	return all, nil
}

// replacedKeys are those that are not the current one and still seal something, with the number of rows.
func (a *App) replacedKeys(ctx context.Context, ring *seal.Ring) (map[string]int, error) {
	counts, err := countSealed(ctx, a.db)
	if err != nil {
		return nil, err
	}
	old := map[string]int{}
	for id, rows := range counts {
		if id == ring.Current() {
			continue
		}
		for _, n := range rows {
			old[id] += n
		}
	}
	return old, nil
}

// resealAll seals with the current key whatever another has sealed. A server that runs may add rows of the old key until it meets the new
// one, at its next seal; so it looks again until there are none.
func (a *App) resealAll(ctx context.Context, ring *seal.Ring, s *streams) error {
	p, done := newProgress(s.err), 0
	defer p.finish()
	for {
		old, err := a.replacedKeys(ctx, ring)
		if err != nil {
			return err
		}
		if len(old) == 0 {
			break
		}
		total := done
		for _, rows := range old {
			total += rows
		}
		for id := range old {
			for _, t := range sealedTables {
				for more := true; more; {
					n, err := t.reseal(ctx, a.db.Pool, ring, id, resealedAtOnce)
					if err != nil {
						return fmt.Errorf("%w\n%d rows are sealed again; run the command again to go on", err, done)
					}
					more, done = n > 0, done+n
					p.show("seal again", done, total)
				}
			}
		}
	}
	p.finish()
	fmt.Fprintln(s.out, strconv.Itoa(done)+" rows were sealed again.")
	if done == 0 {
		return nil
	}
	return a.auditKeys(ctx, "keys.reseal", nil, map[string]any{"key": ring.Current(), "rows": done})
}

// dropUnused removes keys that nothing needs any more.
func (a *App) dropUnused(ctx context.Context, ring *seal.Ring, now time.Time, s *streams) error {
	old, err := a.replacedKeys(ctx, ring)
	if err != nil {
		return err
	}
	var unused []string
	keys := ring.Keys()
	for n, k := range keys {
		if !k.Current && old[k.ID] == 0 && n+1 < len(keys) && now.Sub(keys[n+1].CreatedAt) >= dropAfter {
			unused = append(unused, k.ID)
		}
	}
	if len(unused) == 0 {
		fmt.Fprintln(s.out, "No key was removed: those that seal nothing were replaced less than an hour ago.")
		return nil
	}
	if err := ring.Drop(unused); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "Removed: %v.\n", unused)
	return a.auditKeys(ctx, "keys.drop", map[string]any{"keys": unused}, nil)
}

func (a *App) auditKeys(ctx context.Context, action string, before, after map[string]any) error {
	entry := audit.Entry{Action: action}
	if before != nil {
		entry.Before = before
	}
	if after != nil {
		entry.After = after
	}
	return db.InTx(ctx, a.db.Pool, func(tx pgx.Tx) error { return audit.Append(ctx, tx, entry) })
}
