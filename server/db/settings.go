package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const settingsFile = "jingwei.conf"

// What the private database runs with. A server of the ops centre's own has a DBA to tune it; this one has to be right for a laptop
// and a small office machine, and for a bulk load of some millions of rows.
var localSettings = [][2]string{
	{"listen_addresses", "127.0.0.1"},
	{"unix_socket_directories", ""}, // the path of a socket below the data directory can be longer than the 107 bytes there are
	{"max_connections", "100"},
	{"shared_buffers", "256MB"},
	{"work_mem", "32MB"},
	{"maintenance_work_mem", "256MB"},
	{"effective_cache_size", "1GB"},
	{"random_page_cost", "1.1"},
	{"jit", "off"},                       // compiling costs more than the short queries of a map
	{"max_locks_per_transaction", "256"}, // a query over all months locks every partition
	{"wal_level", "minimal"},             // nothing replicates from here
	{"max_wal_senders", "0"},
	{"max_wal_size", "4GB"},
	{"checkpoint_timeout", "15min"},
	{"synchronous_commit", "on"},
	{"client_connection_check_interval", "5s"}, // a query whose asker is gone ends
	{"timezone", "UTC"},
	{"log_timezone", "UTC"},
	{"log_checkpoints", "off"},
	{"log_line_prefix", "%m [%p] "},
	{"logging_collector", "off"},
}

// On top of localSettings, for a database that need not survive.
var volatileSettings = [][2]string{
	{"fsync", "off"},
	{"synchronous_commit", "off"},
	{"full_page_writes", "off"},
	{"shared_buffers", "128MB"},
	{"max_connections", "300"},
	{"autovacuum_naptime", "10min"},
}

func (l *Local) writeSettings() error {
	settings := localSettings
	if l.volatile {
		settings = append(slices.Clip(settings), volatileSettings...)
	}
	var text strings.Builder
	text.WriteString("# Written by jingwei at each start; a setting of your own belongs at the end of postgresql.conf.\n")
	for _, s := range settings {
		fmt.Fprintf(&text, "%s = '%s'\n", s[0], s[1])
	}
	fmt.Fprintf(&text, "port = %d\n", l.port)
	return l.runner.writeFile(filepath.Join(l.cluster, settingsFile), text.String())
}

// Ports for the private database. They lie below the range from which systems give out ports to clients: a client that keeps trying
// a port of that range while its server is away can end up connected to itself, and then the server cannot come back.
const lowestPort, highestPort = 20000, 29999

// freePort returns the preferred port when it is one of ours and free, else another one.
func freePort(preferred int) (int, error) {
	if preferred >= lowestPort && preferred <= highestPort && portIsFree(preferred) {
		return preferred, nil
	}
	for range 200 {
		port := lowestPort + rand.IntN(highestPort-lowestPort+1)
		if portIsFree(port) {
			return port, nil
		}
	}
	return 0, errors.New("no free port on 127.0.0.1 for the private database")
}

func portIsFree(port int) bool {
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return listener.Close() == nil
}

const maxLogBytes = 16 << 20

// rotateLog keeps one old log when the log has grown large.
func rotateLog(path string) error {
	if fileSize(path) < maxLogBytes {
		return nil
	}
	return os.Rename(path, path+".1")
}

// fileSize is in bytes; 0 when there is no such file.
func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// tail is the last lines that a log has had since it was of size from.
func tail(path string, from int64) string {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	if err != nil {
		return "; see " + path
	}
	defer file.Close()
	from = max(from, fileSize(path)-4096)
	text := make([]byte, 4096)
	n, _ := file.ReadAt(text, from) // a short read is what is wanted
	return lastLines(string(text[:n]), 12)
}
