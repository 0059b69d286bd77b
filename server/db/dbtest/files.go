package dbtest

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// DataDir names a data directory that does not exist yet, in a folder that PostgreSQL's user may enter also where the tests run as root;
// t.TempDir lies below one of mode 0700. It is removed with the test.
func DataDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", folderPrefix) //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "data")
}

// PostmasterPID is the process of the private database that runs on a data directory.
func PostmasterPID(t testing.TB, dataDir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dataDir, "postgres", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}
