package db

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Between a death of the postmaster and its next start: doubled each time, from the first again once it has lived for a minute.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 10 * time.Second
	longLife   = time.Minute
)

// supervise starts the postmaster again whenever it dies, until Close.
func (l *Local) supervise(p *process) {
	defer close(l.stopped)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		<-l.stop
		cancel()
	}()
	pause, born, from := firstPause, time.Now(), fileSize(l.logPath())
	for {
		select {
		case <-l.stop:
			if p != nil {
				l.stopErr = p.shutdown()
			}
			return
		case <-l.ending(p):
		}
		if p != nil {
			l.log.Error("PostgreSQL ended, starting it again", "reason", p.err, "log", strings.TrimSpace(tail(l.logPath(), from)))
		}
		if time.Since(born) > longLife {
			pause = firstPause
		}
		select {
		case <-l.stop:
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, lastPause)
		born, from = time.Now(), fileSize(l.logPath())
		p = l.relaunch(ctx)
	}
}

// ending is closed when there is no process (any more).
func (l *Local) ending(p *process) <-chan struct{} {
	if p != nil {
		return p.done
	}
	none := make(chan struct{})
	close(none)
	return none
}

// relaunch returns the new postmaster, or nil when not even a process could be made.
func (l *Local) relaunch(ctx context.Context) *process {
	if err := l.settle(ctx); err != nil {
		l.log.Error("PostgreSQL cannot be started again yet", "error", err)
		return nil
	}
	p, err := l.launch()
	if err != nil {
		l.log.Error("PostgreSQL cannot be started again yet", "error", err)
		return nil
	}
	if l.await(ctx, p) == nil {
		l.log.Info("PostgreSQL is back", "port", l.port)
	}
	return p
}

// orphanPatience is how long a postmaster that lost its server gets to end by itself.
const orphanPatience = 5 * time.Second

// settle makes the cluster ready for a start: a postmaster of it that is still there, from a server that was killed, is waited for and
// then stopped; a postmaster.pid that names a process which is no postmaster of this cluster is removed, for PostgreSQL would trust it.
// Only the owner of the data directory's lock may call it.
func (l *Local) settle(ctx context.Context) error {
	path := filepath.Join(l.cluster, "postmaster.pid")
	for deadline := time.Now().Add(orphanPatience); ; time.Sleep(50 * time.Millisecond) {
		pid, there := readPID(path)
		if !there {
			return nil
		}
		if !l.isOurs(ctx, pid) {
			if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
				return dataDirError(l.dataDir, err)
			}
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if time.Now().After(deadline) {
			l.log.Warn("stopping the PostgreSQL that a killed server left", "pid", pid)
			return l.stopOrphan(ctx)
		}
	}
}

// readPID reads the first line of a postmaster.pid.
func readPID(path string) (pid int, there bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, _ = strconv.Atoi(strings.TrimSpace(line)) // an empty file of a full disk counts as pid 0, which is nobody
	return pid, true
}

// isOurs tells whether a process is a postmaster that runs on this cluster.
func (l *Local) isOurs(ctx context.Context, pid int) bool {
	if pid <= 1 || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	// A postmaster works in its cluster's folder. A zombie has none.
	if exists("/proc/self/cwd") {
		cwd, err := os.Stat(fmt.Sprintf("/proc/%d/cwd", pid))
		if err != nil {
			return false
		}
		cluster, err := os.Stat(l.cluster)
		return err == nil && os.SameFile(cwd, cluster)
	}
	out, err := exec.CommandContext(ctx, "ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(out), "postgres") && strings.Contains(string(out), l.cluster)
}

func (l *Local) stopOrphan(ctx context.Context) error {
	for _, mode := range []string{"fast", "immediate"} {
		cmd := l.command("pg_ctl", "stop", "--pgdata="+l.cluster, "--mode="+mode, "--wait", "--timeout=60", "--silent")
		if err := run(ctx, cmd, l.runner); err == nil {
			return nil
		} else if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	pid, _ := readPID(filepath.Join(l.cluster, "postmaster.pid"))
	return fmt.Errorf("a PostgreSQL (process %d) still runs on %s and does not end: stop it by hand", pid, l.cluster)
}
