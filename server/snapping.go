package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/snap"
)

// snapBatch is how many points are snapped at once.
const snapBatch = 50_000

type snapCommand struct {
	CRS string `name:"crs" enum:"wgs84,cgcs2000,gcj02,bd09" default:"wgs84" help:"What the coordinates are in: wgs84, cgcs2000, gcj02 or bd09."`
}

func (cmd *snapCommand) Run(ctx context.Context, c *Config, s *streams, now clock) (err error) {
	datum, err := geo.ParseDatum(cmd.CRS)
	if err != nil {
		return err
	}
	app, err := openApp(ctx, c, now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	if app.areas.Current().Edition.Number == 0 {
		return errors.New("there are no areas to snap to yet: load the demo county with jingwei demo, or your own with jingwei import areas")
	}
	bad, err := snapLines(ctx, app.snap, datum, s.in, s.out)
	if err == nil && bad > 0 {
		fmt.Fprintf(s.err, "jingwei: %d lines have no longitude and latitude; the column error says why\n", bad)
	}
	return err
}

// snapLines answers each line of CSV (lon,lat, further columns ignored) with one line in the same order; a header is passed over.
func snapLines(ctx context.Context, service *snap.Service, datum geo.Datum, in io.Reader, out io.Writer) (bad int, err error) {
	reader := csv.NewReader(bufio.NewReaderSize(in, 1<<20))
	reader.FieldsPerRecord, reader.ReuseRecord, reader.TrimLeadingSpace, reader.LazyQuotes = -1, true, true, true
	buffered := bufio.NewWriterSize(out, 1<<20)
	writer := csv.NewWriter(buffered)
	header := []string{"lon", "lat", "status"}
	for _, level := range coverage.Levels {
		header = append(header, level.String())
	}
	if err := writer.Write(append(header, "branch", "error")); err != nil {
		return 0, err
	}
	lines := make([]line, 0, snapBatch)
	for first := true; ; first = false {
		record, err := reader.Read()
		if err == io.EOF {
			break
		}
		if parse := (*csv.ParseError)(nil); err != nil && !errors.As(err, &parse) {
			return bad, fmt.Errorf("read the points: %w", err)
		}
		l := readLine(record, err, datum)
		if first && l.problem != "" && isHeader(record) {
			continue
		}
		if lines = append(lines, l); len(lines) == cap(lines) {
			bad += answerLines(service, lines, writer)
			lines = lines[:0]
			if err := errors.Join(ctx.Err(), writer.Error()); err != nil {
				return bad, err
			}
		}
	}
	bad += answerLines(service, lines, writer)
	writer.Flush()
	return bad, errors.Join(writer.Error(), buffered.Flush())
}

// line is one line of input.
type line struct {
	lon, lat string // as given
	place    geo.Point
	problem  string // why there is no place
}

func readLine(record []string, err error, datum geo.Datum) (l line) {
	if err != nil {
		return line{problem: err.Error()}
	}
	if len(record) < 2 {
		return line{problem: "expected lon,lat"}
	}
	l.lon, l.lat = strings.TrimSpace(strings.TrimPrefix(record[0], "\ufeff")), strings.TrimSpace(record[1])
	lon, errLon := strconv.ParseFloat(l.lon, 64)
	lat, errLat := strconv.ParseFloat(l.lat, 64)
	if errLon != nil || errLat != nil {
		l.problem = "expected lon,lat as two numbers"
		return l
	}
	if l.place, err = geo.PointOf(lon, lat); err == nil && datum != geo.WGS84 {
		l.place, err = geo.PointOf(datum.ToWGS84(lon, lat))
	}
	if err != nil {
		l.problem = err.Error()
	}
	return l
}

// isHeader tells a line of names from a line of data: its first field is no number and has no digit.
func isHeader(record []string) bool {
	if len(record) == 0 {
		return false
	}
	_, err := strconv.ParseFloat(strings.TrimSpace(record[0]), 64)
	return err != nil && !strings.ContainsAny(record[0], "0123456789") && strings.TrimSpace(record[0]) != ""
}

func answerLines(service *snap.Service, lines []line, writer *csv.Writer) (bad int) {
	points := make([]geo.Point, len(lines))
	for i, l := range lines {
		points[i] = l.place
	}
	row := make([]string, 3+len(coverage.Levels)+2)
	for i, result := range service.LocateAll(points) {
		clear(row)
		row[0], row[1] = lines[i].lon, lines[i].lat
		if lines[i].problem != "" {
			row[len(row)-1] = lines[i].problem
			bad++
		} else {
			row[2] = string(result.Status)
			copy(row[3:], result.Codes)
			if result.Branch != nil {
				row[len(row)-2] = result.Branch.Code
			}
		}
		// The writer keeps its first error for the end.
		_ = writer.Write(row)
	}
	return bad
}
