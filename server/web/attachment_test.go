package web

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// A client that takes a little now and then is given up in time, however large the file; one that takes it at the least pace gets all of it,
// and what the server itself takes for the file does not count.
func TestAFileIsTakenAtAPace(t *testing.T) {
	t.Parallel()
	const size = 24 << 20 // more than the system keeps on the way
	type end struct {
		took time.Duration
		err  error
	}
	ended := make(chan end, 1)
	s := start(t, Options{}, func(s *Server) {
		huma.Register(s.API, huma.Operation{OperationID: "file", Method: http.MethodGet, Path: "/api/v1/file", Metadata: map[string]any{Endless: true}},
			func(context.Context, *struct{}) (*huma.StreamResponse, error) {
				return attach("x.csv", "text/csv", pace{time.Second, size}, func(w io.Writer) (err error) {
					began := time.Now()
					defer func() { ended <- end{time.Since(began), err} }()
					for sent := 0; sent < size && err == nil; sent += 1 << 20 {
						if sent == size/2 {
							time.Sleep(2500 * time.Millisecond) // longer than a client may take
						}
						_, err = w.Write(make([]byte, 1<<20))
					}
					return err
				}), nil
			})
	})
	take := func(each int, pause time.Duration) (taken int64, err error) {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.(*net.TCPConn).SetReadBuffer(64 << 10)
		fmt.Fprint(conn, "GET /api/v1/file HTTP/1.1\r\nHost: x\r\n\r\n")
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		for {
			n, err := io.CopyN(io.Discard, response.Body, int64(each))
			if taken += n; err != nil {
				return taken, err
			}
			time.Sleep(pause)
		}
	}
	if taken, err := take(1<<20, 0); taken != size || !errors.Is(err, io.EOF) {
		t.Errorf("who takes it at once got %d bytes, %v", taken, err)
	}
	if e := <-ended; e.err != nil {
		t.Errorf("it ended with %v after %v", e.err, e.took)
	}
	// Each write is taken soon enough; all of them would take 40 s.
	if taken, err := take(64<<10, 100*time.Millisecond); taken == size || errors.Is(err, io.EOF) {
		t.Errorf("who takes little by little got %d bytes, %v", taken, err)
	}
	if e := <-ended; e.err == nil || e.took > 10*time.Second {
		t.Errorf("it ended with %v after %v", e.err, e.took)
	}
}
