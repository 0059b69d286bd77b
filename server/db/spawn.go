package db

import (
	"context"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is a child that ends with this program even where the program is killed (on Linux), and that a Ctrl-C at the terminal does
// not reach, for it has a process group of its own: this program stops it in order.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed once the child has ended
	err  error         // how it ended; to be read after done
}

func spawn(cmd *exec.Cmd, as runner) (*process, error) {
	cmd.SysProcAttr = as.attributes()
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		// Linux sends the death signal when the thread that forked ends, so this thread is kept for as long as the child lives.
		runtime.LockOSThread()
		defer close(p.done)
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// ended waits up to d for the end.
func (p *process) ended(d time.Duration) bool {
	select {
	case <-p.done:
		return true
	case <-time.After(d):
		return false
	}
}

// run runs a short command to its end; a canceled context ends it and what it started.
func run(ctx context.Context, cmd *exec.Cmd, as runner) error {
	p, err := spawn(cmd, as)
	if err != nil {
		return err
	}
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
	}
	// The whole group: initdb runs servers of its own.
	_ = syscall.Kill(-p.pid(), syscall.SIGTERM)
	if !p.ended(5 * time.Second) {
		_ = syscall.Kill(-p.pid(), syscall.SIGKILL)
		<-p.done
	}
	return ctx.Err()
}
