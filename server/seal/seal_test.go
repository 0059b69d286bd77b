package seal

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var at = time.Date(2026, 11, 21, 8, 30, 0, 0, time.UTC)

func create(t *testing.T) *Ring {
	t.Helper()
	ring, err := Create(filepath.Join(t.TempDir(), "keys.json"), at)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func mustSeal(t *testing.T, ring *Ring, plain, about string) []byte {
	t.Helper()
	sealed, err := ring.Seal([]byte(plain), about)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func mustOpen(t *testing.T, ring *Ring, sealed []byte, about, want string) {
	t.Helper()
	plain, err := ring.Open(sealed, about)
	if err != nil || string(plain) != want {
		t.Fatalf("Open gives %q, %v; want %q", plain, err, want)
	}
}

func TestSealedIsNotReadableAndNeverTheSame(t *testing.T) {
	t.Parallel()
	ring := create(t)
	const phone = "13812345678"
	first, second := mustSeal(t, ring, phone, "incident/1"), mustSeal(t, ring, phone, "incident/1")
	if bytes.Contains(first, []byte(phone)) || bytes.Equal(first, second) {
		t.Errorf("the plain text shows in %x, or in that it is the same as %x", first, second)
	}
	mustOpen(t, ring, first, "incident/1", phone)
	mustOpen(t, ring, mustSeal(t, ring, "", "incident/1"), "incident/1", "")
	if id, err := KeyID(first); err != nil || id != ring.Current() {
		t.Errorf("KeyID gives %q, %v; want %q", id, err, ring.Current())
	}
}

func TestEveryChangedByteIsFound(t *testing.T) {
	t.Parallel()
	ring := create(t)
	sealed := mustSeal(t, ring, "张三", "incident/1")
	for i := range sealed {
		for _, bit := range []byte{1, 0x80} {
			altered := bytes.Clone(sealed)
			altered[i] ^= bit
			_, err := ring.Open(altered, "incident/1")
			var unknown *UnknownKeyError
			if inKeyID := i >= 2 && i < headerLen; inKeyID != errors.As(err, &unknown) || !inKeyID && !errors.Is(err, ErrUnsealable) {
				t.Errorf("byte %d altered: %v", i, err)
			}
		}
	}
	for n := range sealed {
		if _, err := ring.Open(sealed[:n], "incident/1"); !errors.Is(err, ErrUnsealable) {
			t.Errorf("cut off after %d bytes: %v", n, err)
		}
	}
	if _, err := ring.Open(append(bytes.Clone(sealed), 0), "incident/1"); !errors.Is(err, ErrUnsealable) {
		t.Errorf("a byte too many: %v", err)
	}
	for _, about := range []string{"", "incident/2", "incident/10", "account/1"} {
		if _, err := ring.Open(sealed, about); !errors.Is(err, ErrUnsealable) {
			t.Errorf("opened as %q: %v", about, err)
		}
	}
}

// A key id that was exchanged for another that the ring holds is found too.
func TestBytesDoNotChangeTheirKey(t *testing.T) {
	t.Parallel()
	ring := create(t)
	first := mustSeal(t, ring, "张三", "incident/1")
	if _, err := ring.Rotate(at); err != nil {
		t.Fatal(err)
	}
	second := mustSeal(t, ring, "张三", "incident/1")
	copy(first[:headerLen], second[:headerLen])
	if _, err := ring.Open(first, "incident/1"); !errors.Is(err, ErrUnsealable) {
		t.Errorf("opened with another key: %v", err)
	}
}

func TestUnknownKey(t *testing.T) {
	t.Parallel()
	sealed := mustSeal(t, create(t), "张三", "incident/1")
	want, _ := KeyID(sealed)
	_, err := create(t).Open(sealed, "incident/1")
	var unknown *UnknownKeyError
	if !errors.As(err, &unknown) || unknown.ID != want {
		t.Errorf("got %v, want an UnknownKeyError of %s", err, want)
	}
	for _, none := range []*Ring{nil, {}} {
		if _, err := none.Open(sealed, "incident/1"); !errors.Is(err, ErrNoKeys) {
			t.Errorf("without keys: %v", err)
		}
		if _, err := none.Seal(nil, ""); !errors.Is(err, ErrNoKeys) {
			t.Errorf("without keys: %v", err)
		}
	}
}

// Two processes have the same file open, and one of them rotates.
func TestRotationWhileServing(t *testing.T) {
	t.Parallel()
	server := create(t)
	before := mustSeal(t, server, "before", "x")
	command, err := Load(server.Path())
	if err != nil {
		t.Fatal(err)
	}
	id, err := command.Rotate(at.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	during := mustSeal(t, command, "during", "x")
	mustOpen(t, server, during, "x", "during")
	mustOpen(t, server, before, "x", "before")
	if server.Current() != id {
		t.Errorf("the server seals with %s, want %s", server.Current(), id)
	}
	if key, _ := KeyID(mustSeal(t, server, "after", "x")); key != id {
		t.Errorf("the server sealed with %s, want %s", key, id)
	}
	old, _ := KeyID(before)
	if err := command.Drop([]string{id}); err == nil {
		t.Error("the current key was dropped")
	}
	if err := command.Drop([]string{old}); err != nil {
		t.Fatal(err)
	}
	if keys := command.Keys(); len(keys) != 1 || keys[0] != (Key{ID: id, Suite: "AES-256-GCM", CreatedAt: at.Add(time.Hour), Current: true}) {
		t.Errorf("left: %+v", keys)
	}
	if _, err := command.Open(before, "x"); err == nil {
		t.Error("opened with a key that was dropped")
	}
}

// A file that cannot be read for a while does not stop a server.
func TestSpoiledFileLeavesTheRing(t *testing.T) {
	t.Parallel()
	ring := create(t)
	sealed := mustSeal(t, ring, "张三", "x")
	if err := os.WriteFile(ring.Path(), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, ring, sealed, "x", "张三")
	mustSeal(t, ring, "李四", "x")
	if _, err := ring.Rotate(at); err == nil {
		t.Error("a spoiled file was replaced, and its keys with it")
	}
}

func TestDeriveIsRepeatableAndBoundToKeyAndName(t *testing.T) {
	t.Parallel()
	ring := create(t)
	first, id, err := ring.Derive("receipt/1", 16)
	if err != nil || len(first) != 16 {
		t.Fatalf("%x, %v", first, err)
	}
	if other, _, _ := ring.Derive("receipt/2", 16); bytes.Equal(other, first) {
		t.Error("two names have one secret")
	}
	if _, err := ring.Rotate(at); err != nil {
		t.Fatal(err)
	}
	if other, _, _ := ring.Derive("receipt/1", 16); bytes.Equal(other, first) {
		t.Error("two keys make one secret")
	}
	if again, err := ring.DeriveAgain(id, "receipt/1", 16); err != nil || !bytes.Equal(again, first) {
		t.Errorf("%x, %v; want %x", again, err, first)
	}
}

func TestFileIsPrivateAndMadeOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	ids := make([]string, 8)
	var wait sync.WaitGroup
	for i := range ids {
		wait.Go(func() {
			ring, err := Create(path, at)
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = ring.Current()
		})
	}
	wait.Wait()
	if len(slices.Compact(ids)) != 1 {
		t.Errorf("several processes made several rings: %v", ids)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("left in the folder: %v, %v", entries, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "chmod 600 "+path) {
		t.Errorf("a file that others can read: %v", err)
	}
	if _, err := Load(path + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	const good = `{"id": "0badcafe", "suite": "AES-256-GCM", "key": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "created_at": "2026-11-21T08:30:00Z"}`
	ring, err := Parse([]byte(`{"current": "0badcafe", "keys": [` + good + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	mustOpen(t, ring, mustSeal(t, ring, "张三", "x"), "x", "张三")
	if _, err := ring.Rotate(at); !errors.Is(err, ErrFixed) {
		t.Errorf("rotate keys of the environment: %v", err)
	}
	for text, want := range map[string]string{
		``:              "not JSON",
		`SECRETSECRET`:  "not JSON",
		`{"keys": "x"}`: "not JSON",
		`{"keys": []}`:  `"current"`,
		`{"current": "0badcafe", "keys": [` + good + `,` + good + `]}`:                                       "two keys",
		`{"current": "0badcaff", "keys": [` + good + `]}`:                                                    `"current"`,
		`{"current": "0badcafe", "keys": [` + strings.Replace(good, "0badcafe", "0BADCAFE", 1) + `]}`:        "hexadecimal",
		`{"current": "0badcafe", "keys": [` + strings.Replace(good, "AES-256-GCM", "ROT13", 1) + `]}`:        "AES-256-GCM",
		`{"current": "0badcafe", "keys": [` + strings.Replace(good, "AAECAwQF", "", 1) + `]}`:                "32 bytes",
		`{"current": "0badcafe", "keys": [` + strings.Replace(good, "AAECAwQF", "SECRET!!", 1) + `]}`:        "32 bytes",
		`{"current": "0badcafe", "keys": [{"id": "0badcafe", "suite": "AES-256-GCM", "key": ["SECRET!!"]}]}`: "not JSON",
	} {
		_, err := Parse([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s\ngives %v, want %q in it and no secret", text, err, want)
		}
	}
}
