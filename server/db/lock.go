package db

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

var (
	// ErrInUse says that another process owns the data directory; the message has its process id.
	ErrInUse = errors.New("data directory is in use")
	// ErrNotRunning says that no process owns the data directory.
	ErrNotRunning = errors.New("no server runs on the data directory")
)

// state is what the owner of a data directory says of itself in the lock file.
type state struct {
	PID  int `json:"pid"`            // of the owner
	Port int `json:"port,omitempty"` // of its database, once it answers
	Last int `json:"last,omitempty"` // port of the time before
}

// dirLock is the flock on <data-dir>/lock. The kernel releases it with the process, however that ends.
type dirLock struct{ file *os.File }

// lockPatience bridges the moment in which another command looks whether the lock is held, and the end of a server that is stopping.
const lockPatience = 2 * time.Second

// startPatience is how long another command waits for a database that its owner is still making or starting.
const startPatience = time.Minute

// acquire takes the lock and returns the port that the database had before, or 0.
func acquire(dataDir string) (lock *dirLock, lastPort int, err error) {
	path := filepath.Join(dataDir, "lock")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, 0, dataDirError(dataDir, err)
	}
	for deadline := time.Now().Add(lockPatience); ; time.Sleep(50 * time.Millisecond) {
		err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			break
		}
		if errors.Is(err, unix.EINTR) || errors.Is(err, unix.EWOULDBLOCK) && time.Now().Before(deadline) {
			continue
		}
		owner, _ := readState(file)
		file.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, 0, fmt.Errorf("%w: process %d runs on %s; stop it, or choose another folder with --data-dir or JINGWEI_DATA_DIR", ErrInUse, owner.PID, dataDir)
		}
		return nil, 0, fmt.Errorf("cannot lock %s: %w", path, err)
	}
	before, _ := readState(file)
	lastPort = before.Port
	if lastPort == 0 {
		lastPort = before.Last
	}
	lock = &dirLock{file}
	if err := lock.write(state{PID: os.Getpid(), Last: lastPort}); err != nil {
		file.Close()
		return nil, 0, err
	}
	return lock, lastPort, nil
}

func (l *dirLock) write(s state) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := l.file.Truncate(0); err != nil {
		return fmt.Errorf("cannot write %s: %w", l.file.Name(), err)
	}
	if _, err := l.file.WriteAt(append(text, '\n'), 0); err != nil {
		return fmt.Errorf("cannot write %s: %w", l.file.Name(), err)
	}
	return nil
}

// release gives the directory free. The port is taken out of the file first: a child that is just being started holds the lock a moment longer,
// and nobody shall take that for a database that runs.
func (l *dirLock) release() error {
	var err error
	if s, unreadable := readState(l.file); unreadable == nil && s.Port != 0 {
		err = l.write(state{PID: s.PID, Last: s.Port})
	}
	return errors.Join(err, l.file.Close())
}

func readState(file *os.File) (state, error) {
	text, err := io.ReadAll(io.NewSectionReader(file, 0, 1<<16))
	if err != nil {
		return state{}, err
	}
	var s state
	return s, json.Unmarshal(text, &s)
}

// running returns the state of the process that owns the data directory, with a port, or ErrNotRunning.
func running(dataDir string) (state, error) {
	file, err := os.Open(filepath.Join(dataDir, "lock"))
	if errors.Is(err, fs.ErrNotExist) {
		return state{}, fmt.Errorf("%w %s", ErrNotRunning, dataDir)
	}
	if err != nil {
		return state{}, dataDirError(dataDir, err)
	}
	defer file.Close()
	// The owner rewrites the file in place and says its port when the database answers.
	for deadline := time.Now().Add(startPatience); ; time.Sleep(50 * time.Millisecond) {
		if unix.Flock(int(file.Fd()), unix.LOCK_SH|unix.LOCK_NB) == nil {
			return state{}, fmt.Errorf("%w %s", ErrNotRunning, dataDir)
		}
		s, err := readState(file)
		if err == nil && s.Port != 0 {
			return s, nil
		}
		if time.Now().After(deadline) {
			return state{}, fmt.Errorf("the server on %s is still starting", dataDir)
		}
	}
}

// dataDirError says in plain words why a file of the data directory cannot be had.
func dataDirError(dataDir string, err error) error {
	const remedy = "choose another folder with --data-dir or JINGWEI_DATA_DIR"
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("no permission in data directory %s (it may belong to another user): %w; %s", dataDir, err, remedy)
	case errors.Is(err, unix.ENOTDIR):
		return fmt.Errorf("data directory %s is a file, or lies below one: %w; %s", dataDir, err, remedy)
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		return fmt.Errorf("the disk of data directory %s is full: %w; make room, or %s", dataDir, err, remedy)
	case errors.Is(err, unix.EROFS):
		return fmt.Errorf("data directory %s is on a read-only file system: %w; %s", dataDir, err, remedy)
	}
	return fmt.Errorf("data directory %s: %w", dataDir, err)
}
