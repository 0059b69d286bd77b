package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"

	"jingwei/server/db"
	"jingwei/server/hotline"
	"jingwei/server/incident"
	"jingwei/server/seal"
)

// sealedTables are all places in the database that hold sealed bytes.
var sealedTables = []sealedTable{
	{name: "incident_reporter", id: "incident", column: "sealed", about: incident.About},
	{name: "archived_reporter", id: "incident", column: "sealed", about: incident.About},
	{name: "hotline_ticket", id: "id", column: "sealed", about: hotline.About},
	{name: "hotline_call", id: "id", column: "sealed", about: hotline.AboutCall},
	{name: "account", id: "id", column: "totp", about: func(id uuid.UUID) string { return "account/" + id.String() }},
}

// keysVariable holds the keys themselves. It is no flag: every user of the machine sees a command's flags.
const keysVariable = "JINGWEI_KEYS"

// keyPath is the key file that was named, or the one in the data directory.
func (c *Config) keyPath() (string, error) {
	if c.KeyFile != "" {
		return c.KeyFile, nil
	}
	dir, err := c.dataDir()
	return filepath.Join(dir, "keys.json"), err
}

// openRing reads the keys that personal data are sealed with, and makes them where there are none and nothing is sealed yet. A command that only
// reads makes none, and goes on without.
func (c *Config) openRing(ctx context.Context, d *database, now clock) (*seal.Ring, error) {
	if text := os.Getenv(keysVariable); text != "" && c.KeyFile == "" {
		ring, err := seal.Parse([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", keysVariable, err)
		}
		return ring, nil
	}
	path, err := c.keyPath()
	if err != nil {
		return nil, err
	}
	ring, err := seal.Load(path)
	if err == nil || d.use == reads {
		return ring, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if missing, err := missingKeys(ctx, d, nil); err != nil || len(missing) > 0 {
		return nil, errors.Join(err, lacking(path, missing))
	}
	if c.KeyFile == "" {
		mode := os.FileMode(0o700)
		if os.Geteuid() == 0 {
			mode = 0o711 // PostgreSQL, which runs as another user then, has its folder in the same place
		}
		if err := os.MkdirAll(filepath.Dir(path), mode); err != nil {
			return nil, fmt.Errorf("key file: %w", err)
		}
	}
	return seal.Create(path, now())
}

// checkRing is an error where the database holds what the ring cannot open.
func checkRing(ctx context.Context, q db.Querier, ring *seal.Ring) error {
	missing, err := missingKeys(ctx, q, ring)
	if err != nil {
		return err
	}
	return lacking(ring.Path(), missing)
}

func lacking(path string, missing []string) error {
	if len(missing) == 0 {
		return nil
	}
	if path == "" {
		path = keysVariable
	}
	return fmt.Errorf("personal data in the database are sealed with keys that %s does not hold: %s; put back the file or the keys that were in use, from the backup if need be",
		path, strings.Join(missing, ", "))
}

// missingKeys are the ids of keys that sealed something in the database and are not in the ring. It reads every sealed row: 0.4 s a million.
func missingKeys(ctx context.Context, q db.Querier, ring *seal.Ring) ([]string, error) {
	missing := map[string]bool{}
	for _, t := range sealedTables {
		counts, err := t.count(ctx, q)
		if err != nil {
			return nil, err
		}
		for id := range counts {
			if !ring.Has(id) {
				missing[id] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(missing)), nil
}
