package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/db/dbtest"
	"jingwei/server/incident"
	"jingwei/server/seal"
)

// personal is a report with all that a reporter can tell.
func personal(title string) string {
	return strings.TrimSuffix(report(title), "}") + `,"reporter":{"name":"欧阳试密","phone":"139 8765 1234","id_number":"110105194912310142","home":"宜城街道东风小区12幢501室"}}`
}

// newID reports an incident with a reporter and gives its id.
func (s *site) newID(title string) uuid.UUID {
	s.t.Helper()
	var created incident.Created
	s.do(http.MethodPost, "/api/v1/incidents", personal(title)).into(s.t, http.StatusCreated, &created)
	return created.ID
}

// keyed is the flags of a command on a site's database and key file.
func (s *site) keyed(args ...string) []string {
	return append(args, "--database-url", s.db.Config().ConnString(), "--key-file", s.app.keys.Path())
}

func TestKeysRotateWhileAServerRuns(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	const before = 2*resealedAtOnce + 5
	first := s.newID("first")
	// Many rows at once, each sealed under its own name.
	for n := range before - 1 {
		id := uuid.Must(uuid.NewV7())
		sealed, err := s.app.keys.Seal([]byte(`{"name":"欧阳试密"}`), incident.About(id))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.db.Exec(t.Context(), `
			WITH i AS (INSERT INTO incident (county, id, reported_at, received_at, channel, item, title, geom, cell, snap, edition)
				SELECT county, $1, reported_at, received_at, channel, item, $4, geom, cell, snap, edition FROM incident WHERE id = $2 RETURNING county, id)
			INSERT INTO incident_reporter SELECT county, id, $3, now() FROM i`, id, first, sealed, fmt.Sprint(n)); err != nil {
			t.Fatal(err)
		}
	}
	old := s.app.keys.Current()
	// Reports come in all the time.
	ctx, stop := context.WithCancel(t.Context())
	finished := make(chan []uuid.UUID)
	var sent atomic.Int64
	go func() {
		var ids []uuid.UUID
		for ctx.Err() == nil {
			ids = append(ids, s.newID("meanwhile"))
			sent.Add(1)
		}
		finished <- ids
	}()
	for sent.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	code, out, errOut := jingwei(t, nil, s.keyed("keys", "rotate")...)
	stop()
	meanwhile := <-finished
	if code != 0 || !strings.Contains(out, "is the current one now") {
		t.Fatalf("exit %d\n%s\n%s", code, out, errOut)
	}
	if s.app.keys.Current() == old {
		t.Fatal("the server seals with the old key")
	}
	counts, err := countSealed(t.Context(), s.db)
	if err != nil || counts[old] != nil {
		t.Errorf("left: %v, %v", counts, err)
	}
	ids := slices.Concat(meanwhile, []uuid.UUID{first})
	handler := s.as(s.token(access.Handler, "")...)
	for _, id := range []uuid.UUID{ids[0], ids[len(ids)-1], ids[len(ids)/2]} {
		var p incident.Unsealed
		handler.do(http.MethodPost, "/api/v1/incidents/"+id.String()+"/reporter/unseal", `{"reason":"回访报告人"}`).into(t, http.StatusOK, &p)
		if p.Name != "欧阳试密" {
			t.Errorf("%s: unsealed %q", id, p.Name)
		}
	}
	code, out, _ = jingwei(t, nil, s.keyed("keys", "list")...)
	if current := s.app.keys.Current(); code != 0 || !strings.Contains(out, old) || !strings.Contains(out, current) || strings.Contains(out, "MISSING") || strings.Count(out, "\n") != 3 {
		t.Errorf("exit %d\n%s", code, out)
	}
	if got := s.logged("keys.rotate", "keys.reseal", "keys.drop"); got != "keys.rotate keys.reseal" {
		t.Errorf("logged: %s", got)
	}
	// The key that was replaced just now may still be in use by a transaction.
	if code, out, errOut := jingwei(t, nil, s.keyed("keys", "rotate", "--drop-unused")...); code != 0 || !strings.Contains(out, "No key was removed") || len(s.app.keys.Keys()) != 3 {
		t.Errorf("exit %d\n%s\n%s", code, out, errOut)
	}
	if err := s.app.dropUnused(accesstest.Operator(t), s.app.keys, time.Now().Add(2*dropAfter), &streams{out: os.Stderr}); err != nil {
		t.Fatal(err)
	}
	if keys := s.app.keys.Keys(); len(keys) != 1 || !keys[0].Current {
		t.Errorf("left: %+v", keys)
	}
	if err := checkRing(t.Context(), s.db, s.app.keys); err != nil {
		t.Error(err)
	}
}

// logged are the actions of a list that are in the audit log, in order.
func (s *site) logged(actions ...string) string {
	s.t.Helper()
	var all string
	if err := s.db.QueryRow(s.t.Context(), `SELECT coalesce(string_agg(action, ' ' ORDER BY id), '') FROM audit WHERE action = ANY ($1)`, actions).Scan(&all); err != nil {
		s.t.Fatal(err)
	}
	return all
}

// A rotation that was killed after the new key was written is finished with that key, and not begun anew.
func TestKeysRotateGoesOn(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	s.newID("first")
	old := s.app.keys.Current()
	half, err := s.app.keys.Rotate(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s.newID("second")
	if code, out, errOut := jingwei(t, nil, s.keyed("keys", "rotate")...); code != 0 || !strings.Contains(out, "finishing that first, with the key "+half) || !strings.Contains(out, "1 rows") {
		t.Errorf("exit %d\n%s\n%s", code, out, errOut)
	}
	counts, err := countSealed(t.Context(), s.db)
	if err != nil || counts[old] != nil || s.app.keys.Current() != half {
		t.Errorf("%v, %v", counts, err)
	}
	if err := s.app.alone(t.Context(), func() error {
		if code, _, errOut := jingwei(t, nil, s.keyed("keys", "rotate")...); code == 0 || !strings.Contains(errOut, "another command") {
			return fmt.Errorf("two rotations at once: %s", errOut)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

func TestServeRefusesWithoutTheKey(t *testing.T) {
	t.Parallel()
	s := setupCounty(t)
	id := s.newID("first")
	key, url := s.app.keys.Current(), s.db.Config().ConnString()
	another := filepath.Join(t.TempDir(), "keys.json")
	if _, err := seal.Create(another, time.Now()); err != nil {
		t.Fatal(err)
	}
	open := filepath.Join(t.TempDir(), "open.json")
	content, err := os.ReadFile(another)
	if err := errors.Join(err, os.WriteFile(open, content, 0o600), os.Chmod(open, 0o644)); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(t.TempDir(), "missing.json")
	for file, want := range map[string]string{another: key, missing: key, open: "chmod 600 " + open} {
		code, _, errOut := jingwei(t, nil, "serve", "--listen", "127.0.0.1:0", "--database-url", url, "--key-file", file)
		if code != 1 || !strings.Contains(errOut, want) || strings.Contains(errOut, string(content)) {
			t.Errorf("%s: exit %d, %s", filepath.Base(file), code, errOut)
		}
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("a new ring was made, though data are sealed with another")
	}
	// A server that runs says so of the one reporter, and of no more.
	if _, err := s.db.Exec(t.Context(), `UPDATE incident_reporter SET sealed = overlay(sealed PLACING '\x0badcafe' FROM 3)`); err != nil {
		t.Fatal(err)
	}
	var detail incident.Detail
	s.get("/api/v1/incidents/"+id.String()).into(t, http.StatusOK, &detail)
	if detail.Reporter != nil || detail.Sealed != incident.Unavailable {
		t.Errorf("%+v", detail)
	}
}

func TestKeysOfTheEnvironmentAndOfAFile(t *testing.T) { // not parallel: the environment is everybody's
	ring, err := seal.Create(filepath.Join(t.TempDir(), "keys.json"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(ring.Path())
	if err != nil {
		t.Fatal(err)
	}
	url, dir := dbtest.URL(t), t.TempDir()
	t.Setenv(keysVariable, string(text))
	if code, out, errOut := jingwei(t, nil, "keys", "list", "--database-url", url, "--data-dir", dir); code != 0 || !strings.Contains(out, ring.Current()) {
		t.Errorf("exit %d\n%s\n%s", code, out, errOut)
	}
	if code, _, errOut := jingwei(t, nil, "keys", "rotate", "--database-url", url, "--data-dir", dir); code != 1 || !strings.Contains(errOut, keysVariable) {
		t.Errorf("exit %d\n%s", code, errOut)
	}
	t.Setenv(keysVariable, "nonsense")
	if code, _, errOut := jingwei(t, nil, "keys", "list", "--database-url", url, "--data-dir", dir); code != 1 || !strings.Contains(errOut, keysVariable) || strings.Contains(errOut, "nonsense") {
		t.Errorf("exit %d\n%s", code, errOut)
	}
	t.Setenv(keysVariable, "")
	if code, _, errOut := jingwei(t, nil, "keys", "list", "--database-url", url, "--data-dir", dir); code != 1 || !strings.Contains(errOut, filepath.Join(dir, "keys.json")) {
		t.Errorf("exit %d\n%s", code, errOut)
	}
	if code, out, errOut := jingwei(t, nil, "keys", "rotate", "--database-url", url, "--data-dir", dir); code != 0 || !strings.Contains(out, "0 rows") {
		t.Errorf("exit %d\n%s\n%s", code, out, errOut)
	}
	made, err := seal.Load(filepath.Join(dir, "keys.json"))
	if err != nil || len(made.Keys()) != 2 || slices.ContainsFunc(made.Keys(), func(k seal.Key) bool { return k.ID == ring.Current() }) {
		t.Errorf("%+v, %v", made.Keys(), err)
	}
}
