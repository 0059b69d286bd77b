package main

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"jingwei/server/db/dbtest"
)

// BenchmarkStart starts the program on the demo county with a million incidents until it has answered where a point lies: with the
// private PostGIS, which starts with it, and on one that runs already.
func BenchmarkStart(b *testing.B) {
	binary := filepath.Join(b.TempDir(), "jingwei")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	dir := dbtest.DataDir(b)
	if code, _, errOut := jingwei(b, nil, "demo", "--data-dir", dir, "--incidents", "1000000"); code != 0 {
		b.Fatalf("demo: exit %d: %s", code, errOut)
	}
	b.Run("private", func(b *testing.B) {
		for b.Loop() {
			startOnce(b, binary, "--data-dir", dir)
		}
		b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/start")
	})
	s := start(b, &Config{DataDir: dir})
	b.Run("shared", func(b *testing.B) {
		for b.Loop() {
			startOnce(b, binary, "--database-url", s.db.Config().ConnString())
		}
		b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/start")
	})
}

// startOnce runs the program until it has answered once. The time that it takes to stop does not count.
func startOnce(b *testing.B, binary string, flags ...string) {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), binary, append([]string{"serve", "--listen", "127.0.0.1:0"}, flags...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	_, url, said := strings.Cut(strings.TrimSpace(line), "ready: ")
	if err != nil || !said {
		b.Fatalf("the server said %q: %v", line, err)
	}
	answer, err := http.Get(url + "/api/v1/snap?lon=119.8&lat=31.3")
	if err != nil {
		b.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err = errors.Join(err, answer.Body.Close()); err != nil || !strings.Contains(string(body), "micro") {
		b.Fatalf("the first answer: %v %s", err, body)
	}
	b.StopTimer()
	defer b.StartTimer()
	if err := errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()); err != nil {
		b.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		b.Fatalf("the first answer: %s", answer.Status)
	}
	time.Sleep(time.Second) // until the machine is quiet again
}
