package seal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

// ErrFixed is the error of a change to a ring that comes from the environment.
var ErrFixed = errors.New("the keys come from the environment, where this program cannot change them")

// Load reads a ring from its file. fs.ErrNotExist is in the error's chain where there is none.
func Load(path string) (*Ring, error) {
	read, err := readFile(path)
	if err != nil {
		return nil, err
	}
	r := &Ring{path: path}
	r.keys.Store(read)
	return r, nil
}

// Create makes a file with one new key and reads it. A file that is there already, also one that another process makes at the same
// time, is left alone and read.
func Create(path string, at time.Time) (*Ring, error) {
	fresh, err := generate(&keys{}, at)
	if err != nil {
		return nil, err
	}
	err = write(path, &keys{all: []*key{fresh}, current: fresh}, os.Link)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return Load(path)
}

// Rotate adds a new key to the ring's file and makes it the current one. It returns once the file is on disk. Two rotations of one file at
// the same time must be kept apart by the caller.
func (r *Ring) Rotate(at time.Time) (id string, err error) {
	err = r.change(func(held *keys) (*keys, error) {
		fresh, err := generate(held, at)
		if err != nil {
			return nil, err
		}
		id = fresh.id
		return &keys{all: append(slices.Clone(held.all), fresh), current: fresh}, nil
	})
	return id, err
}

// Drop takes keys out of the ring's file, but never the current one. What they sealed can never be opened again.
func (r *Ring) Drop(ids []string) error {
	return r.change(func(held *keys) (*keys, error) {
		if slices.Contains(ids, held.current.id) {
			return nil, fmt.Errorf("the key %s is the current one", held.current.id)
		}
		kept := slices.DeleteFunc(slices.Clone(held.all), func(k *key) bool { return slices.Contains(ids, k.id) })
		return &keys{all: kept, current: held.current}, nil
	})
}

// change writes what fn makes of the file's present state.
func (r *Ring) change(fn func(*keys) (*keys, error)) error {
	if r.held() == nil {
		return ErrNoKeys
	}
	if r.path == "" {
		return ErrFixed
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	held, err := readFile(r.path)
	if err != nil {
		return err
	}
	changed, err := fn(held)
	if err != nil {
		return err
	}
	if err := write(r.path, changed, os.Rename); err != nil {
		return err
	}
	read, err := readFile(r.path)
	if err == nil {
		r.keys.Store(read)
	}
	return err
}

// readFile refuses a file that others may read.
func readFile(path string) (*keys, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 { // Windows has no such bits
		return nil, fmt.Errorf("key file: others may read or change %s (mode %04o); if nobody has, run: chmod 600 %s", path, mode, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	read, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	read.file = info
	return read, nil
}

// same tells whether a file is as it was: it is never written in place, so a change is another file.
func same(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size() && a.Mode() == b.Mode()
}

// write puts a ring on disk beside its place and then moves it there, so that a reader meets the old or the new ring, whole, also after
// the power failed. move is os.Rename, or os.Link, which replaces nothing.
func write(path string, k *keys, move func(from, to string) error) (err error) {
	text, err := k.json()
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	file, err := os.CreateTemp(dir, ".keys-*") // mode 0600
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	defer func() { _ = os.Remove(file.Name()) }() // gone after a rename, one name too many after a link
	_, err = file.Write(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	if err := move(file.Name(), path); err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	return syncDir(dir)
}

// syncDir makes the new name last.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" { // folders cannot be synced there
		return nil
	}
	folder, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	return nil
}
