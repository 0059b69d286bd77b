package tile

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"

	"jingwei/geo/mvt"
	"jingwei/server/area"
	"jingwei/server/web"
)

// connections is how many clients ask at the same time.
const connections = 4

// low is a list of 126 tiles of z10 to z13.
func low(cutter *mvt.Cutter) (tiles []address) {
	for z := 10; z <= 13; z++ {
		tiles = append(tiles, tilesOf(cutter, z)...)
	}
	step := float64(len(tiles)) / 126
	var list []address
	for i := range 126 {
		list = append(list, tiles[int(float64(i)*step)])
	}
	return list
}

// asMicro is the query of a tile with the micro-grids alone, whatever the zoom.
const asMicro = `WITH tile AS (SELECT ST_TileEnvelope($1, $2, $3) AS bounds, ST_TileEnvelope($1, $2, $3, margin => 64.0 / 4096) AS reach)
	SELECT coalesce(ST_AsMVT(f, 'micro', 4096, 'geom'), '') FROM (SELECT a.code, a.name, a.parent, a.branch,
	ST_AsMVTGeom(a.geom, tile.bounds, 4096, 64, true) AS geom FROM tile_micro a, tile WHERE a.geom && tile.reach) f WHERE f.geom IS NOT NULL`

// BenchmarkCut cuts and compresses the tiles of z9 to z16, zooms prepared, on one core, and ST_AsMVT on one connection makes one in ten
// of the same.
func BenchmarkCut(b *testing.B) {
	c := loadCounty(b)
	cutter, pool := c.cutter, c.postgis(b)
	tiles := sample(cutter)
	for z := 9; z <= mvt.MaxZoom; z++ {
		cutter.Prepare(z)
	}
	size, plainSize := 0, 0
	for _, at := range tiles {
		plain := cutter.Tile(int(at.z), int(at.x), int(at.y))
		data, err := Compress(plain)
		if err != nil {
			b.Fatal(err)
		}
		size, plainSize = size+len(data), plainSize+len(plain)
	}
	// By turns, so that whatever else the machine does meets both.
	ours, theirs, asked := time.Duration(0), time.Duration(0), 0
	i := 0
	for b.Loop() {
		at := tiles[i%len(tiles)]
		begin := time.Now()
		if _, err := Compress(cutter.Tile(int(at.z), int(at.x), int(at.y))); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(begin)
		if i++; i%10 == 0 {
			b.StopTimer()
			var data []byte
			begin := time.Now()
			if err := pool.QueryRow(b.Context(), asMVT(int(at.z)), at.z, at.x, at.y).Scan(&data); err != nil {
				b.Fatal(err)
			}
			theirs, asked = theirs+time.Since(begin), asked+1
			b.StartTimer()
		}
	}
	ns := float64(ours.Nanoseconds()) / float64(i)
	b.ReportMetric(1e9/ns, "tiles/s")
	b.ReportMetric(float64(theirs.Nanoseconds())/float64(max(asked, 1))/ns, "×ST_AsMVT")
	b.ReportMetric(float64(size)/float64(len(tiles)), "gzip-B/tile")
	b.ReportMetric(float64(plainSize)/float64(len(tiles)), "B/tile")
}

// BenchmarkSwap is what an edition costs before it is served, on one core: the low tiles beside the old ones.
func BenchmarkSwap(b *testing.B) {
	c := loadCounty(b)
	for b.Loop() {
		s := c.source()
		s.cutAhead(b.Context(), mvt.MinZoom, lowZoom, func() bool { return true })
	}
	b.StopTimer()
	s := c.source()
	begin := time.Now()
	s.cutAhead(b.Context(), mvt.MinZoom, mvt.MaxZoom, func() bool { return true })
	b.ReportMetric(float64(time.Since(begin).Milliseconds()), "ms-ahead")
}

func (c *county) source() *source {
	s := &source{atlas: &area.Atlas{Coverage: c.coverage}, cutter: c.newCutter(), tiles: newCache(), revision: "0", query: "edition=0&revision=0"}
	s.plan()
	return s
}

// BenchmarkServe asks over HTTP on four connections, client and server on the same cores: tiles that are kept, tiles that are not, an
// empty handler of the same router, and ST_AsMVT behind it, which stands in for pg_tileserv. The baselines are asked in the same run.
func BenchmarkServe(b *testing.B) {
	c := loadCounty(b)
	pool, server := c.postgis(b), web.New("", web.Options{})
	service := NewService(nil, nil)
	s := c.source()
	for z := mvt.MinZoom; z <= mvt.MaxZoom; z++ {
		s.cutter.Prepare(z)
	}
	service.current.Store(s)
	Routes(server, service, func() string { return "" })
	server.Echo.GET("/empty", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) })
	server.Echo.GET("/postgis/:z/:x/:y", func(c echo.Context) error { return fromPostGIS(c, pool, "") })
	server.Echo.GET("/micro/:z/:x/:y", func(c echo.Context) error { return fromPostGIS(c, pool, asMicro) })
	listener := httptest.NewServer(server.Echo)
	defer listener.Close()
	host := strings.TrimPrefix(listener.URL, "http://")

	const ours = "/tiles/areas/%d/%d/%d.mvt?edition=0&revision=0"
	all, few := sample(s.cutter), low(s.cutter)
	empty := &load{host: host, paths: []string{"/empty"}}
	kept, cut, cutLow := newLoad(host, all, ours), newLoad(host, all, ours), newLoad(host, few, ours)
	postgis, postgisLow, micro := newLoad(host, all, "/postgis/%d/%d/%d"), newLoad(host, few, "/postgis/%d/%d/%d"), newLoad(host, few, "/micro/%d/%d/%d")
	// Ours and the baselines are asked by turns, so that whatever else the machine does meets all of them.
	compare := func(b *testing.B, ours *load, slice int, before func(), baselines map[string]*load, baselineSlice int) {
		b.Helper()
		for done := 0; done < b.N; done += slice {
			b.StopTimer()
			for _, baseline := range baselines {
				baseline.ask(b, baselineSlice)
			}
			before()
			b.StartTimer()
			ours.ask(b, min(slice, b.N-done))
		}
		b.ReportMetric(ours.perSecond(), "requests/s")
		for name, baseline := range baselines {
			b.ReportMetric(ours.perSecond()/baseline.perSecond(), name)
		}
	}
	b.Run("warm", func(b *testing.B) {
		kept.ask(b, len(all))
		compare(b, kept, 5000, func() {}, map[string]*load{"×empty": empty}, 5000)
	})
	forget := func() { s.tiles.InvalidateAll() }
	b.Run("cold", func(b *testing.B) { compare(b, cut, len(all), forget, map[string]*load{"×postgis": postgis}, 60) })
	b.Run("low", func(b *testing.B) {
		compare(b, cutLow, len(few), forget, map[string]*load{"×postgis": postgisLow, "×micro": micro}, 20)
	})
}

func fromPostGIS(c echo.Context, pool *pgxpool.Pool, sql string) error {
	var at [3]int
	for i, name := range []string{"z", "x", "y"} {
		at[i], _ = strconv.Atoi(c.Param(name))
	}
	if sql == "" {
		sql = asMVT(at[0])
	}
	var data []byte
	if err := pool.QueryRow(c.Request().Context(), sql, at[0], at[1], at[2]).Scan(&data); err != nil {
		return err
	}
	return c.Blob(http.StatusOK, mediaType, data)
}

// load is a list of paths that are asked for in turn, and how long that took.
type load struct {
	host     string
	paths    []string
	requests int
	elapsed  time.Duration
}

func newLoad(host string, tiles []address, format string) *load {
	l := &load{host: host}
	for _, at := range tiles {
		l.paths = append(l.paths, fmt.Sprintf(format, at.z, at.x, at.y))
	}
	return l
}

func (l *load) perSecond() float64 { return float64(l.requests) / l.elapsed.Seconds() }

// ask asks so often, on all connections.
func (l *load) ask(b *testing.B, requests int) {
	b.Helper()
	clients := make([]*client, connections)
	for i := range clients {
		clients[i] = dial(b, l.host)
		defer clients[i].Close()
	}
	begin := time.Now()
	var next atomic.Int64
	var all sync.WaitGroup
	for _, c := range clients {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= requests {
					return
				}
				if err := c.ask(l.host, l.paths[(l.requests+i)%len(l.paths)]); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	l.elapsed += time.Since(begin)
	l.requests += requests
}

// client is a connection that reads no more of an answer than it must, so that the server's work is what is measured.
type client struct {
	net.Conn
	in  *bufio.Reader
	out bytes.Buffer
}

func dial(b *testing.B, host string) *client {
	b.Helper()
	connection, err := net.Dial("tcp", host)
	if err != nil {
		b.Fatal(err)
	}
	return &client{Conn: connection, in: bufio.NewReaderSize(connection, 1<<17)}
}

func (c *client) ask(host, path string) error {
	c.out.Reset()
	fmt.Fprintf(&c.out, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept-Encoding: gzip\r\n\r\n", path, host)
	if _, err := c.Write(c.out.Bytes()); err != nil {
		return err
	}
	length, status, chunked := 0, 0, false
	for first := true; ; first = false {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if first {
			status, _ = strconv.Atoi(string(line[9:12]))
		} else if value, is := bytes.CutPrefix(line, []byte("Content-Length: ")); is {
			length, _ = strconv.Atoi(string(value))
		} else if bytes.Equal(line, []byte("Transfer-Encoding: chunked")) {
			chunked = true
		}
	}
	if status != http.StatusOK && status != http.StatusNoContent {
		return fmt.Errorf("%s: status %d", path, status)
	}
	for chunked {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
		if err != nil {
			return err
		}
		chunked = size > 0
		length = int(size) + 2
		if chunked {
			if _, err := c.in.Discard(length); err != nil {
				return err
			}
		}
	}
	_, err := c.in.Discard(length)
	return err
}
