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
	"unicode"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/csvfile"
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
	app, err := openApp(ctx, c, reads, now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	if err := app.snap.AskBatch(ctx); err != nil {
		return err
	}
	if app.areas.Current().Edition.Number == 0 {
		return errors.New("there are no areas to snap to yet: load the demo county with jingwei demo, or your own with jingwei import areas")
	}
	bad, err := snapLines(ctx, app.snap, datum, s.in, s.out)
	if err == nil && bad > 0 {
		fmt.Fprintf(s.err, "jingwei: %d lines have no longitude and latitude; the column error says why\n", bad)
	}
	return err
}

// snapLines answers each line of CSV with one line in the same order. Without a header the first two columns are lon,lat; a header names
// them wherever they stand. Further columns are ignored.
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
	columns := columns{lon: 0, lat: 1}
	for first := true; ; first = false {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if parse := (*csv.ParseError)(nil); err != nil && !errors.As(err, &parse) {
			return bad, fmt.Errorf("read the points: %w", err)
		}
		if first && isHeader(record) {
			if columns, err = findColumns(record); err != nil {
				return bad, err
			}
			continue
		}
		l := columns.readLine(record, err, datum)
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

// columns are the places of longitude and latitude in a line.
type columns struct{ lon, lat int }

// findColumns reads a header.
func findColumns(header []string) (columns, error) {
	c := columns{-1, -1}
	for i, name := range header {
		switch strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))) {
		case "lon", "lng", "long", "longitude", "x", "经度":
			c.lon = i
		case "lat", "latitude", "y", "纬度":
			c.lat = i
		}
	}
	if c.lon < 0 || c.lat < 0 {
		return c, fmt.Errorf("the first line is a header without columns lon and lat (经度, 纬度), separated by commas: %.200q", strings.Join(header, ","))
	}
	return c, nil
}

func (c columns) readLine(record []string, err error, datum geo.Datum) (l line) {
	if err != nil {
		return line{problem: err.Error()}
	}
	if len(record) <= max(c.lon, c.lat) {
		return line{problem: "expected lon,lat"}
	}
	l.lon, l.lat = strings.TrimSpace(strings.TrimPrefix(record[c.lon], "\ufeff")), strings.TrimSpace(record[c.lat])
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

// isHeader tells a line of names from a line of data: no field is a number, and one has a letter.
func isHeader(record []string) bool {
	for _, field := range record {
		if _, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimPrefix(field, "\ufeff")), 64); err == nil {
			return false
		}
	}
	return strings.ContainsFunc(strings.Join(record, ""), unicode.IsLetter)
}

func answerLines(service *snap.Service, lines []line, writer *csv.Writer) (bad int) {
	points := make([]geo.Point, len(lines))
	for i, l := range lines {
		points[i] = l.place
	}
	row := make([]string, 3+len(coverage.Levels)+2)
	for i, result := range service.LocateAll(points) {
		clear(row)
		row[0], row[1] = csvfile.Guard(lines[i].lon), csvfile.Guard(lines[i].lat) // as given, which may be anything
		if lines[i].problem != "" {
			row[len(row)-1] = csvfile.Guard(lines[i].problem)
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
