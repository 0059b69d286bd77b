package db

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// runner is the system user that PostgreSQL runs as: the one of this program, or another where this program is root,
// which PostgreSQL refuses.
type runner struct {
	name     string
	uid, gid int
	other    bool // another user than this program's
}

// chooseRunner returns the owner of the cluster when there is one already, else the system's user for PostgreSQL.
func chooseRunner(cluster string) (runner, error) {
	if os.Geteuid() != 0 {
		return runner{uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	if info, err := os.Stat(cluster); err == nil {
		if owner, ok := info.Sys().(*syscall.Stat_t); ok && owner.Uid != 0 {
			r := runner{name: "uid " + strconv.Itoa(int(owner.Uid)), uid: int(owner.Uid), gid: int(owner.Gid), other: true}
			if u, err := user.LookupId(strconv.Itoa(r.uid)); err == nil {
				r.name = u.Username
			}
			return r, nil
		}
	}
	for _, name := range []string{"postgres", "_postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err1 == nil && err2 == nil && uid > 0 {
			return runner{name: name, uid: uid, gid: gid, other: true}, nil
		}
	}
	return runner{}, errors.New("PostgreSQL refuses to run as root, and there is neither a user postgres nor a user nobody to run it as: create one, or start jingwei as an ordinary user")
}

func (r runner) attributes() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setpgid: true}
	endWithParent(attributes)
	if r.other {
		attributes.Credential = &syscall.Credential{Uid: uint32(r.uid), Gid: uint32(r.gid)}
	}
	return attributes
}

// own gives a folder that root made or copied to the runner, with all that is below it. Nothing outside is reached by a link.
func (r runner) own(folder string) error {
	info, err := os.Stat(folder)
	if err != nil {
		return err
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); !r.other || !ok || int(owner.Uid) == r.uid {
		return nil
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return root.Lchown(path, r.uid, r.gid)
	})
}

// writeFile writes a file that the runner alone can read. It replaces what is there, so that a link in a folder of the runner
// cannot lead root elsewhere.
func (r runner) writeFile(path, text string) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".write-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // nothing is left of it after the rename
	_, err = file.WriteString(text)
	if err == nil && r.other {
		err = file.Chown(r.uid, r.gid)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// checkReach returns an error that names the first folder on the way to dir that the runner cannot enter.
func (r runner) checkReach(dir string) error {
	if !r.other {
		return nil
	}
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	var way []string
	for folder := dir; ; folder = filepath.Dir(folder) {
		way = append(way, folder)
		if folder == filepath.Dir(folder) {
			break
		}
	}
	for _, folder := range slices.Backward(way) {
		info, err := os.Stat(folder)
		if err != nil {
			return err
		}
		if !r.canEnter(info) {
			return fmt.Errorf("PostgreSQL refuses root and so runs as user %s, who cannot enter %s: "+
				"choose a data directory elsewhere with --data-dir or JINGWEI_DATA_DIR (root's default is %s), or run: chmod o+x %s",
				r.name, folder, rootDataDir, folder)
		}
	}
	return nil
}

func (r runner) canEnter(folder fs.FileInfo) bool {
	owner, ok := folder.Sys().(*syscall.Stat_t)
	if !ok {
		return true
	}
	mode := folder.Mode().Perm()
	switch {
	case int(owner.Uid) == r.uid:
		return mode&0o100 != 0
	case int(owner.Gid) == r.gid:
		return mode&0o010 != 0
	}
	return mode&0o001 != 0
}
