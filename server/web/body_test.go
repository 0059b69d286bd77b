package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

type raw struct {
	RawBody []byte
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	s := start(t, Options{}, func(s *Server) {
		huma.Register(s.API, huma.Operation{OperationID: "raw", Method: http.MethodPost, Path: "/api/v1/raw"},
			func(context.Context, *raw) (*struct{}, error) { return nil, nil })
		huma.Register(s.API, huma.Operation{OperationID: "large", Method: http.MethodPost, Path: "/api/v1/large", MaxBodyBytes: 200 << 10},
			func(context.Context, *raw) (*struct{}, error) { return nil, nil })
	})
	for _, c := range []struct {
		path   string
		size   int
		status int
	}{
		{"/api/v1/raw", 60 << 10, http.StatusNoContent},
		{"/api/v1/raw", 70 << 10, http.StatusRequestEntityTooLarge},
		{"/api/v1/echo", 70 << 10, http.StatusRequestEntityTooLarge},
		{"/api/v1/large", 190 << 10, http.StatusNoContent},
		{"/api/v1/large", 300 << 10, http.StatusRequestEntityTooLarge},
	} {
		for _, announced := range []bool{true, false} {
			var body io.Reader = strings.NewReader(strings.Repeat("x", c.size))
			if !announced {
				body = io.MultiReader(body) // of unknown length: chunked
			}
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+c.path, body)
			if err != nil {
				t.Fatal(err)
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			content, _ := io.ReadAll(response.Body)
			response.Body.Close()
			a := answer{response.StatusCode, response.Header, string(content)}
			if a.status != c.status || c.status == http.StatusRequestEntityTooLarge && a.code() != "too_large" {
				t.Errorf("%s, %d bytes, announced %v: %d %s", c.path, c.size, announced, a.status, a.body)
			}
		}
	}

	// 10 MB of zeros are 10 kB compressed.
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	_, _ = w.Write(make([]byte, 10<<20))
	_ = w.Close()
	for _, coding := range []string{"gzip", "br", "gzip, gzip", "x"} {
		if a := s.do(http.MethodPost, "/api/v1/raw", bomb.String(), "Content-Encoding", coding); a.status != http.StatusUnsupportedMediaType || a.code() != "unsupported_media_type" {
			t.Errorf("a body in %s: %d %s", coding, a.status, a.body)
		}
	}
	if a := s.do(http.MethodPost, "/api/v1/raw", "x", "Content-Encoding", "identity"); a.status != http.StatusNoContent {
		t.Errorf("identity: %d", a.status)
	}
}

// TestSlowBody: who announces a body and does not send it is answered and cut off, whether the operation reads it or nobody does.
func TestSlowBody(t *testing.T) {
	t.Parallel()
	s := start(t, Options{}, func(s *Server) {
		huma.Register(s.API, huma.Operation{OperationID: "quick", Method: http.MethodPost, Path: "/api/v1/quick", BodyReadTimeout: 200 * time.Millisecond},
			func(context.Context, *raw) (*struct{}, error) { return nil, nil })
	})
	for _, c := range []struct {
		path   string
		status string
		within time.Duration
	}{
		{"/api/v1/quick", "408", bodyTime - time.Second},
		{"/tiles/x", "405", 2 * bodyTime},
	} {
		t.Run(c.path, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nslow", c.path)
			_ = conn.SetReadDeadline(time.Now().Add(c.within))
			said, err := io.ReadAll(conn)
			if err != nil || !strings.HasPrefix(string(said), "HTTP/1.1 "+c.status) {
				t.Errorf("%v: %s", err, said)
			}
		})
	}
}

// TestTimeLimits: the time for a body ends with it, and work has a limit of its own unless its answer is endless.
func TestTimeLimits(t *testing.T) {
	t.Parallel()
	type state struct {
		deadline time.Duration
		err      error
	}
	seen := make(chan state, 1)
	look := func(ctx context.Context, _ *raw) (*struct{}, error) {
		select {
		case <-ctx.Done():
		case <-time.After(500 * time.Millisecond):
		}
		end, ok := ctx.Deadline()
		var left time.Duration
		if ok {
			left = time.Until(end)
		}
		seen <- state{left, ctx.Err()}
		return nil, nil
	}
	s := start(t, Options{}, func(s *Server) {
		huma.Register(s.API, huma.Operation{OperationID: "work", Method: http.MethodPost, Path: "/api/v1/work", BodyReadTimeout: 100 * time.Millisecond}, look)
		huma.Register(s.API, huma.Operation{OperationID: "stream", Method: http.MethodPost, Path: "/api/v1/stream", Metadata: map[string]any{Endless: true}}, look)
	})
	s.do(http.MethodPost, "/api/v1/work", "x")
	if got := <-seen; got.err != nil || got.deadline < workTime/2 || got.deadline > workTime {
		t.Errorf("work: %+v", got)
	}
	s.do(http.MethodPost, "/api/v1/stream", "x")
	if got := <-seen; got.err != nil || got.deadline != 0 {
		t.Errorf("stream: %+v", got)
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	slots := NewSlots(3, 2)
	l := &bounded{listener, slots, func(string) bool { return false }}
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	ask := func(conn net.Conn) bool {
		_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
		fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		n, _ := conn.Read(make([]byte, 100))
		return n > 0
	}
	var open []net.Conn
	for i := range 3 {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		open = append(open, conn)
		if got := ask(conn); got != (i < 2) {
			t.Errorf("connection %d of 2 is served: %v", i+1, got)
		}
	}
	open[0].Close()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		served := ask(conn)
		conn.Close()
		if served {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a closed connection keeps its slot")
		}
	}
	release, ok := NewSlots(1, 2).Take("a")
	if !ok {
		t.Fatal("no slot")
	}
	release()
	release()
	total := NewSlots(1, 1)
	release, _ = total.Take("a")
	if _, ok := total.Take("b"); ok {
		t.Error("more than in all")
	}
	release()
	release()
	if _, ok := total.Take("b"); !ok || total.sum != 1 {
		t.Errorf("a slot given back twice counts %d", total.sum)
	}
}
