package db

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// install is a PostgreSQL server that is installed on this machine.
type install struct {
	bin     string // the folder with postgres, initdb and pg_ctl
	major   int
	postgis bool // PostGIS and btree_gist are there too
}

func (i install) command(name string) string { return filepath.Join(i.bin, name) }

// Where distributions put the server's programs, which are seldom on PATH. .ci/setup looks in the same places.
var binFolders = []string{
	"/usr/lib/postgresql/*/bin",                          // Debian, Ubuntu
	"/usr/pgsql-*/bin",                                   // PostgreSQL's own packages for Fedora, RHEL, openEuler
	"/opt/homebrew/opt/postgresql@*/bin",                 // Homebrew on Apple silicon
	"/usr/local/opt/postgresql@*/bin",                    // Homebrew on Intel
	"/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
	"/usr/local/pgsql/bin",                               // built from source
	"/usr/bin",                                           // Fedora, Arch, Alpine
}

const howToInstall = `install PostgreSQL 15 or newer with PostGIS 3:
  Debian, Ubuntu:  apt-get install postgresql-postgis
  Fedora:          dnf install postgresql-server postgresql-contrib postgis
  macOS:           brew install postgis
or set DATABASE_URL to a server that has them`

// findInstall picks the newest PostgreSQL that has PostGIS; when major is not 0, the one of that major version, for a cluster can be
// run only by the version that made it.
func findInstall(ctx context.Context, major int) (install, error) {
	all := installs(ctx)
	for _, i := range all {
		if i.postgis && (i.major == major || major == 0 && i.major >= minMajor) {
			return i, nil
		}
	}
	if major != 0 {
		return install{}, fmt.Errorf("the data was made by PostgreSQL %d, which is not installed here with PostGIS "+
			"(Debian: apt-get install postgresql-%d-postgis-3); install it, or start with another data directory", major, major)
	}
	for _, i := range all {
		if i.major >= minMajor {
			return install{}, fmt.Errorf("PostgreSQL %d in %s has no PostGIS (Debian: apt-get install postgresql-%d-postgis-3); %s", i.major, i.bin, i.major, howToInstall)
		}
	}
	return install{}, errors.New("no PostgreSQL found; " + howToInstall)
}

// installs lists what is there, newest first.
func installs(ctx context.Context) []install {
	var folders []string
	for _, pattern := range binFolders {
		found, _ := filepath.Glob(pattern) // the patterns are constants and well formed
		folders = append(folders, found...)
	}
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		folders = append(folders, strings.TrimSpace(string(out)))
	}
	folders = append(folders, filepath.SplitList(os.Getenv("PATH"))...)

	var all []install
	seen := map[string]bool{}
	for _, folder := range folders {
		if !filepath.IsAbs(folder) || seen[folder] {
			continue
		}
		seen[folder] = true
		if i, ok := inspect(ctx, folder); ok {
			all = append(all, i)
		}
	}
	slices.SortStableFunc(all, func(a, b install) int { return b.major - a.major })
	return all
}

var versionNumber = regexp.MustCompile(`\d+`)

func inspect(ctx context.Context, bin string) (install, bool) {
	i := install{bin: bin}
	for _, name := range []string{"postgres", "initdb", "pg_ctl"} {
		if info, err := os.Stat(i.command(name)); err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
			return install{}, false
		}
	}
	out, err := exec.CommandContext(ctx, i.command("postgres"), "--version").Output()
	if err != nil {
		return install{}, false
	}
	if i.major, err = strconv.Atoi(versionNumber.FindString(string(out))); err != nil {
		return install{}, false
	}
	for _, share := range shareFolders(ctx, i) {
		if exists(filepath.Join(share, "extension/postgis.control")) && exists(filepath.Join(share, "extension/btree_gist.control")) {
			i.postgis = true
			break
		}
	}
	return i, true
}

func shareFolders(ctx context.Context, i install) []string {
	var folders []string
	if out, err := exec.CommandContext(ctx, i.command("pg_config"), "--sharedir").Output(); err == nil {
		folders = append(folders, strings.TrimSpace(string(out)))
	}
	return append(folders,
		fmt.Sprintf("/usr/share/postgresql/%d", i.major),
		filepath.Join(i.bin, "../share"),
		filepath.Join(i.bin, "../share/postgresql"),
		"/usr/share/pgsql")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
