package db

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const rootDataDir = "/var/lib/jingwei"

// DefaultDataDir is where a server keeps its data unless told otherwise: /var/lib/jingwei for root, $XDG_DATA_HOME/jingwei or
// ~/.local/share/jingwei for anybody else. Never in the checkout, which other users may not be able to enter.
func DefaultDataDir() (string, error) {
	if os.Geteuid() == 0 {
		return rootDataDir, nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) { // the XDG specification: relative paths are to be ignored
		return filepath.Join(dir, "jingwei"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil || !filepath.IsAbs(home) {
		return "", errors.New("no home folder is known for this user: name a data directory with --data-dir or JINGWEI_DATA_DIR")
	}
	return filepath.Join(home, ".local", "share", "jingwei"), nil
}

// makeDataDir makes the directory where it is missing: private for an ordinary user; enterable for others where root makes it,
// since PostgreSQL then runs as another user.
func makeDataDir(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("data directory: %w", err)
	}
	mode := os.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o711
	}
	var made []string
	for folder := dir; !exists(folder); folder = filepath.Dir(folder) {
		made = append(made, folder)
	}
	if err := os.MkdirAll(dir, mode); err != nil {
		return "", dataDirError(dir, err)
	}
	for _, folder := range made { // whatever the umask is
		if err := os.Chmod(folder, mode); err != nil {
			return "", dataDirError(dir, err)
		}
	}
	return dir, nil
}
