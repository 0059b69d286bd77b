package incident

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"jingwei/server/csvfile"
	"jingwei/server/web"
)

// eachOf does something for 0 to n-1, on all cores.
func eachOf(n int, do func(i int)) {
	var all sync.WaitGroup
	size := n/runtime.GOMAXPROCS(0) + 1
	for from := 0; from < n; from += size {
		all.Go(func() {
			for i := from; i < min(from+size, n); i++ {
				do(i)
			}
		})
	}
	all.Wait()
}

func tooManyRows() error {
	return web.NewProblem(web.TooLarge, fmt.Sprintf("more than %d rows; send them in several requests", mostRows))
}

// readLines reads NDJSON: a NewReport a line. Blank lines are passed over.
func readLines(body []byte) ([]BatchRow, error) {
	var lines [][]byte
	for line := range bytes.Lines(body) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if len(lines) == mostRows {
			return nil, tooManyRows()
		}
		lines = append(lines, line)
	}
	rows := make([]BatchRow, len(lines))
	eachOf(len(lines), func(n int) { rows[n].Report, rows[n].Problem = readLine(lines[n]) })
	return rows, nil
}

// batchChannels are the channels that a row of NDJSON may name, as those of NewReport.
var batchChannels = []Channel{Resident, Worker, Courier, Hotline12345, Platform14, EnterpriseLine}

// readLine reads one report. It checks what the schema of NewReport does where a report comes alone.
func readLine(line []byte) (Report, error) {
	in := createInput{RawBody: line}
	b := &in.Body
	var place struct {
		*NewReport
		Lon *float64 `json:"lon"`
		Lat *float64 `json:"lat"`
	}
	place.NewReport = b
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&place); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return Report{}, web.NewProblem(web.Invalid, "expected another type than "+wrong.Value).At(wrong.Field, nil)
		}
		return Report{}, web.NewProblem(web.BadRequest, "no JSON object of a report: "+jsonError(err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Report{}, web.NewProblem(web.BadRequest, "more than one JSON value in the line")
	}
	if place.Lon == nil || place.Lat == nil {
		return Report{}, web.NewProblem(web.Invalid, "lon and lat are needed").At("lon", nil)
	}
	b.Lon, b.Lat = *place.Lon, *place.Lat
	if b.Channel == "" {
		b.Channel = Resident
	}
	if !slices.Contains(batchChannels, b.Channel) {
		return Report{}, web.NewProblem(web.Invalid, "no such channel").At("channel", nil)
	}
	for _, text := range []struct {
		name, text string
		most       int
	}{{"title", b.Title, maxTitle}, {"description", b.Description, maxDescription}, {"item", b.Item, 40}, {"source_number", b.Number, 100}} {
		if utf8.RuneCountInString(text.text) > text.most {
			return Report{}, web.NewProblem(web.Invalid, fmt.Sprintf("%s has more than %d characters", text.name, text.most)).At(text.name, nil)
		}
	}
	if b.AccuracyM != nil && !(*b.AccuracyM >= 0 && *b.AccuracyM <= maxAccuracyM) {
		return Report{}, web.NewProblem(web.Invalid, fmt.Sprintf("accuracy_m is from 0 to %d", maxAccuracyM)).At("accuracy_m", nil)
	}
	return in.report()
}

// jsonError is an error of the decoder without what people wrote.
func jsonError(err error) string {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf("syntax error at byte %d", syntax.Offset)
	}
	if strings.HasPrefix(err.Error(), "json: unknown field") {
		return "it has a field that reports do not have"
	}
	return "it cannot be read"
}

// readCSV reads a file as jingwei import incidents does.
func (s *Service) readCSV(body []byte) ([]BatchRow, error) {
	parser, err := s.newRowParser(ImportOptions{})
	if err != nil {
		return nil, err
	}
	reader, err := csvfile.Open(bytes.NewReader(body), importColumns)
	if err != nil {
		return nil, web.NewProblem(web.BadRequest, err.Error())
	}
	var rows []BatchRow
	for {
		row, problem, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, web.NewProblem(web.BadRequest, err.Error())
		}
		if len(rows) == mostRows {
			return nil, tooManyRows()
		}
		var r Report
		if problem == nil {
			r, _, problem = parser.parse(row)
		}
		out := BatchRow{Report: r}
		if problem != nil {
			out.Problem = web.NewProblem(web.Invalid, problem.Reason+": "+problem.Remedy).At(problem.Column, nil)
		}
		rows = append(rows, out)
	}
}
