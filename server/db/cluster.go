package db

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// The passwords of the two roles lie in the cluster's folder, so that cluster and passwords come and go together.
const (
	passwordFile            = localName + ".password"
	applicationPasswordFile = ApplicationRole + ".password"
)

// Who may come in: with the password, over the loopback, nobody else.
const accessRules = "# written by jingwei\nhost all all 127.0.0.1/32 scram-sha-256\n"

// prepareCluster sets install and password, and makes the cluster when there is none.
func (l *Local) prepareCluster(ctx context.Context) error {
	unfinished := l.cluster + ".new"
	if err := os.RemoveAll(unfinished); err != nil { // of a start that was cut off
		return dataDirError(l.dataDir, err)
	}
	// An empty folder is what a mount or a careful person leaves; it is in the way of the rename.
	if info, err := os.Lstat(l.cluster); err == nil && !info.IsDir() {
		return fmt.Errorf("%s is a file where the database should be: move it away, or choose another folder with --data-dir or JINGWEI_DATA_DIR", l.cluster)
	}
	if err := os.Remove(l.cluster); err != nil && !exists(filepath.Join(l.cluster, "PG_VERSION")) && !errors.Is(err, fs.ErrNotExist) {
		if errors.Is(err, fs.ErrPermission) {
			return dataDirError(l.dataDir, err)
		}
		return fmt.Errorf("%s is no PostgreSQL cluster (it has no PG_VERSION): move it away, or choose another folder with --data-dir or JINGWEI_DATA_DIR", l.cluster)
	}
	if !exists(l.cluster) {
		var err error
		if l.install, err = findInstall(ctx, 0); err != nil {
			return err
		}
		l.log.Info("making a private PostGIS", "data_dir", l.dataDir, "postgres", l.install.major)
		if err := l.initialize(ctx, unfinished); err != nil {
			return errors.Join(err, os.RemoveAll(unfinished))
		}
	}
	return l.readCluster(ctx)
}

func (l *Local) readCluster(ctx context.Context) error {
	text, err := os.ReadFile(filepath.Join(l.cluster, "PG_VERSION"))
	if err != nil {
		return dataDirError(l.dataDir, err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("%s is damaged: its PG_VERSION says %q; restore a backup, or choose another data directory", l.cluster, text)
	}
	if l.install, err = findInstall(ctx, major); err != nil {
		return fmt.Errorf("%s: %w", l.cluster, err)
	}
	if err := l.runner.own(l.cluster); err != nil {
		return dataDirError(l.dataDir, err)
	}
	if l.passwords.owner, err = readPassword(l.cluster, passwordFile); err != nil {
		return dataDirError(l.dataDir, err)
	}
	// A new cluster has no application's role yet, nor has one of an older version.
	if l.passwords.application, err = readPassword(l.cluster, applicationPasswordFile); errors.Is(err, fs.ErrNotExist) || err == nil && l.passwords.application == "" {
		l.passwords.application = rand.Text()
		err = l.runner.writeFile(filepath.Join(l.cluster, applicationPasswordFile), l.passwords.application+"\n")
	}
	if err != nil {
		return dataDirError(l.dataDir, err)
	}
	return nil
}

// initialize makes a cluster in work and moves it to its place when it is whole.
func (l *Local) initialize(ctx context.Context, work string) error {
	if err := os.Mkdir(work, 0o700); err != nil {
		return dataDirError(l.dataDir, err)
	}
	if err := l.runner.own(work); err != nil {
		return dataDirError(l.dataDir, err)
	}
	password := filepath.Join(work, passwordFile)
	if err := l.runner.writeFile(password, rand.Text()+"\n"); err != nil {
		return dataDirError(l.dataDir, err)
	}
	cluster := filepath.Join(work, "cluster")
	err := l.initdb(ctx, cluster, password, "C.UTF-8")
	if err != nil && ctx.Err() == nil {
		// Not every system has C.UTF-8. Where something else was wrong, it is wrong again, and is what is reported.
		if err := os.RemoveAll(cluster); err != nil {
			return dataDirError(l.dataDir, err)
		}
		err = l.initdb(ctx, cluster, password, "C")
	}
	if err != nil {
		return err
	}
	if err := os.Rename(password, filepath.Join(cluster, passwordFile)); err != nil {
		return dataDirError(l.dataDir, err)
	}
	if err := l.runner.writeFile(filepath.Join(cluster, "pg_hba.conf"), accessRules); err != nil {
		return dataDirError(l.dataDir, err)
	}
	config, err := os.ReadFile(filepath.Join(cluster, "postgresql.conf"))
	if err != nil {
		return dataDirError(l.dataDir, err)
	}
	text := string(config) + "\n# Written anew at each start. A setting of your own goes below this line.\ninclude = '" + settingsFile + "'\n"
	if err := l.runner.writeFile(filepath.Join(cluster, "postgresql.conf"), text); err != nil {
		return dataDirError(l.dataDir, err)
	}
	if err := os.Rename(cluster, l.cluster); err != nil {
		return dataDirError(l.dataDir, err)
	}
	return os.RemoveAll(work)
}

func (l *Local) initdb(ctx context.Context, cluster, passwordFile, locale string) error {
	arguments := []string{
		"--pgdata=" + cluster, "--username=" + localName, "--pwfile=" + passwordFile, "--auth=scram-sha-256",
		"--encoding=UTF8", "--locale=" + locale, "--lc-messages=C", "--no-instructions",
	}
	if l.volatile {
		arguments = append(arguments, "--no-sync")
	}
	var output bytes.Buffer
	cmd := l.command("initdb", arguments...)
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := run(ctx, cmd, l.runner); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("initdb could not make the private database in %s: %w%s", l.dataDir, err, lastLines(output.String(), 8))
	}
	return nil
}

// command runs a program of PostgreSQL from the data directory's side, never from where the user stands: that folder may be closed to the runner.
func (l *Local) command(name string, arguments ...string) *exec.Cmd {
	cmd := exec.Command(l.install.command(name), arguments...) //nolint:noctx // the callers end it in order, a context would kill it
	cmd.Dir = "/"
	cmd.Env = environment()
	return cmd
}

func readPassword(cluster, file string) (string, error) {
	text, err := os.ReadFile(filepath.Join(cluster, file))
	return strings.TrimSpace(string(text)), err
}
