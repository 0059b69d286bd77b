package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The name of the private database, and of the role that owns it and migrates it.
const localName = "jingwei"

// Local is a private PostGIS that runs for as long as this value is open.
type Local struct {
	dataDir   string
	cluster   string // <data-dir>/postgres
	log       *slog.Logger
	volatile  bool
	install   install
	runner    runner
	lock      *dirLock
	port      int
	passwords struct{ owner, application string }

	stop    chan struct{} // closed by the first Close
	stopped chan struct{} // closed when the postmaster has ended for good
	stopErr error         // to be read after stopped
	closed  func() error  // what Close does, once
}

// LocalOption changes how a private PostGIS is started.
type LocalOption func(*Local)

// Volatile makes a database that does not survive a crash of the machine and is faster for it: for tests.
func Volatile() LocalOption { return func(l *Local) { l.volatile = true } }

// StartLocal takes the lock of the data directory, makes the cluster there if there is none, starts it and returns when it answers;
// ctx bounds the start only. From then on a postmaster that dies is started again, on the same port, until Close.
// ErrInUse means that another process owns the directory; RunningURL has the address of its database.
func StartLocal(ctx context.Context, dataDir string, log *slog.Logger, options ...LocalOption) (*Local, error) {
	dataDir, err := makeDataDir(dataDir)
	if err != nil {
		return nil, err
	}
	l := &Local{
		dataDir: dataDir,
		cluster: filepath.Join(dataDir, "postgres"),
		log:     log,
		stop:    make(chan struct{}),
		stopped: make(chan struct{}),
	}
	for _, option := range options {
		option(l)
	}
	lock, lastPort, err := acquire(dataDir)
	if err != nil {
		return nil, err
	}
	l.lock = lock
	if err := l.start(ctx, lastPort); err != nil {
		return nil, errors.Join(err, lock.release())
	}
	return l, nil
}

// start is StartLocal behind the lock.
func (l *Local) start(ctx context.Context, lastPort int) error {
	var err error
	if l.runner, err = chooseRunner(l.cluster); err != nil {
		return err
	}
	if err := l.runner.checkReach(l.dataDir); err != nil {
		return err
	}
	if err := l.prepareCluster(ctx); err != nil {
		return err
	}
	if err := rotateLog(l.logPath()); err != nil {
		return dataDirError(l.dataDir, err)
	}
	if err := l.settle(ctx); err != nil {
		return err
	}
	p, err := l.launchOnFreePort(ctx, lastPort)
	if err != nil {
		return err
	}
	err = l.createRoleAndDatabase(ctx)
	if err == nil {
		err = l.lock.write(state{PID: os.Getpid(), Port: l.port})
	}
	if err != nil {
		return errors.Join(err, p.shutdown())
	}
	l.closed = sync.OnceValue(func() error {
		close(l.stop)
		<-l.stopped
		return errors.Join(l.stopErr, l.lock.release())
	})
	go l.supervise(p) //nolint:gosec // G118: it outlives the start, which is all that ctx bounds
	l.log.Debug("private PostGIS runs", "port", l.port, "data_dir", l.dataDir, "postgres", l.install.bin)
	return nil
}

// URL is the address of the database for the application, which is no owner of anything, with its password.
func (l *Local) URL() string {
	return localURL(l.port, ApplicationRole, l.passwords.application, localName)
}

// OwnerURL is the address of the database for its owner, who migrates it, with its password.
func (l *Local) OwnerURL() string { return l.ownerURL(localName) }

func (l *Local) ownerURL(database string) string {
	return localURL(l.port, localName, l.passwords.owner, database)
}

// Close stops the database in order and gives the data directory free. Sessions that are still open are ended. A second call does nothing more.
func (l *Local) Close() error { return l.closed() }

// RunningURL is the address of the database of the server that runs on a data directory, for the application; ErrNotRunning when none does.
func RunningURL(dataDir string) (string, error) {
	url, err := runningURL(dataDir, ApplicationRole)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("the server that runs on %s is older than this program: stop it and start this one", dataDir)
	}
	return url, err
}

// RunningOwnerURL is RunningURL for the owner.
func RunningOwnerURL(dataDir string) (string, error) { return runningURL(dataDir, localName) }

func runningURL(dataDir, role string) (string, error) {
	dataDir, err := filepath.Abs(dataDir)
	if err != nil {
		return "", fmt.Errorf("data directory: %w", err)
	}
	s, err := running(dataDir)
	if err != nil {
		return "", err
	}
	password, err := readPassword(filepath.Join(dataDir, "postgres"), role+".password")
	if err != nil {
		return "", dataDirError(dataDir, err)
	}
	return localURL(s.Port, role, password, localName), nil
}

func localURL(port int, role, password, database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(role, password),
		Host: fmt.Sprintf("127.0.0.1:%d", port), Path: "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// launchOnFreePort starts the postmaster on the port of the last time, or on another when that is taken, and waits until it answers.
func (l *Local) launchOnFreePort(ctx context.Context, lastPort int) (*process, error) {
	for attempt := 0; ; attempt++ {
		port, err := freePort(lastPort)
		if err != nil {
			return nil, err
		}
		l.port = port
		if err := l.writeSettings(); err != nil {
			return nil, dataDirError(l.dataDir, err)
		}
		from := fileSize(l.logPath())
		p, err := l.launch()
		if err != nil {
			return nil, err
		}
		err = l.await(ctx, p)
		if err == nil {
			return p, nil
		}
		_ = p.shutdown() // err says more
		if attempt < 5 && ctx.Err() == nil && !portIsFree(port) {
			lastPort = 0 // somebody took the port between the look and the start
			continue
		}
		return nil, fmt.Errorf("the private PostgreSQL in %s did not start: %w%s", l.cluster, err, tail(l.logPath(), from))
	}
}

// launch starts the postmaster.
func (l *Local) launch() (*process, error) {
	log, err := os.OpenFile(l.logPath(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, dataDirError(l.dataDir, err)
	}
	defer log.Close() // the child has it then
	cmd := l.command("postgres", "-D", l.cluster)
	cmd.Stdout, cmd.Stderr = log, log
	p, err := spawn(cmd, l.runner)
	if err != nil {
		return nil, fmt.Errorf("cannot start PostgreSQL as user %s: %w", l.runner.name, err)
	}
	return p, nil
}

// await returns when the postmaster answers, as long as that takes: after a crash it first recovers. An error says why it never will.
func (l *Local) await(ctx context.Context, p *process) error {
	began, told := time.Now(), time.Duration(0)
	for {
		err := ping(ctx, l.ownerURL("postgres"))
		if err == nil {
			return nil
		}
		pause := 25 * time.Millisecond
		refused, answers := errors.AsType[*pgconn.PgError](err)
		answers = answers && refused.Code != CannotConnectNow
		if answers {
			pause = time.Second // perhaps it is a stranger on our port, and ours is about to end because of it
		}
		select {
		case <-p.done:
			return fmt.Errorf("it ended (%w)", p.err)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		if answers {
			return fmt.Errorf("it refuses its own role: %s", refused.Message)
		}
		if waited := time.Since(began); waited-told > 5*time.Second {
			told = waited
			l.log.Info("waiting for PostgreSQL, which recovers after a crash", "seconds", int(waited.Seconds()), "log", l.logPath())
		}
	}
}

func ping(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return conn.Ping(ctx)
}

// createRoleAndDatabase makes what is missing, and gives the application's role the password that lies in the cluster's folder.
func (l *Local) createRoleAndDatabase(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, l.ownerURL("postgres"))
	if err != nil {
		return fmt.Errorf("private PostgreSQL: %w", err)
	}
	defer conn.Close(ctx)
	var role bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", ApplicationRole).Scan(&role); err != nil {
		return fmt.Errorf("private PostgreSQL: %w", err)
	}
	statement := "CREATE ROLE "
	if role {
		statement = "ALTER ROLE "
	}
	if _, err := conn.Exec(ctx, statement+ApplicationRole+" LOGIN PASSWORD '"+strings.ReplaceAll(l.passwords.application, "'", "''")+"'"); err != nil {
		return fmt.Errorf("private PostgreSQL: %w", err)
	}
	var there bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", localName).Scan(&there); err != nil {
		return fmt.Errorf("private PostgreSQL: %w", err)
	}
	if there {
		return nil
	}
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{localName}.Sanitize()); err != nil {
		return fmt.Errorf("private PostgreSQL: %w", err)
	}
	return nil
}

// shutdown stops a postmaster: in order first, then by force, which costs a recovery at the next start but no data.
func (p *process) shutdown() error {
	for _, step := range []struct {
		signal   syscall.Signal
		patience time.Duration
	}{{syscall.SIGINT, time.Minute}, {syscall.SIGQUIT, 10 * time.Second}, {syscall.SIGKILL, 10 * time.Second}} {
		_ = p.cmd.Process.Signal(step.signal) // it may have ended already
		if p.ended(step.patience) {
			return nil
		}
	}
	return fmt.Errorf("PostgreSQL (process %d) does not end", p.pid())
}

func (l *Local) logPath() string { return filepath.Join(l.dataDir, "postgres.log") }

// environment is what PostgreSQL's programs get: none of the PG… variables, which would lead them elsewhere.
func environment() []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return append(env, "LC_ALL=C")
}

// lastLines is text cut to its last n lines, each indented, after a line break.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) == 1 && lines[0] == "" {
		return ""
	}
	return "\n  " + strings.Join(lines[max(0, len(lines)-n):], "\n  ")
}
