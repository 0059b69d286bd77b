package csvfile

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// Problem is a reason to refuse a row, or a whole file where that is all or nothing.
type Problem struct {
	Line    int    `json:"line,omitempty"`   // 1 for the first line of the file
	Column  string `json:"column,omitempty"` // "" where the row as a whole is meant
	Reason  string `json:"reason"`           // stable, for programs: one of the constants below or of the noun that imports
	Message string `json:"message"`          // for people
	Remedy  string `json:"remedy"`
}

// Reasons of the problems that every file can have.
const (
	BrokenQuotes    = "broken_quotes"
	RowTooLong      = "row_too_long"
	NotText         = "not_text"
	FieldCount      = "field_count"
	Missing         = "missing_value"
	TextTooLong     = "text_too_long"
	BadNumber       = "bad_number"
	NumberRange     = "number_range"
	BadCoordinate   = "bad_coordinate"
	CoordinateRange = "coordinate_range"
	SwappedAxes     = "swapped_axes"
	BadCode         = "bad_code"
	DuplicateCode   = "duplicate_code"
	BadKind         = "bad_kind"
	PersonalPhone   = "personal_phone"
	TooManyRows     = "too_many_rows"
)

// Text is the problem in one line, without the number of the line that it is in.
func (p *Problem) Text() string {
	s := p.Message + " [" + p.Reason + "]"
	if p.Column != "" {
		s = p.Column + ": " + s
	}
	if p.Remedy != "" {
		s += " → " + p.Remedy
	}
	return s
}

// String is the problem in one line, with its place.
func (p Problem) String() string {
	if p.Line == 0 {
		return p.Text()
	}
	return fmt.Sprintf("line %d: %s", p.Line, p.Text())
}

// ErrRefused tells that there are problems and that nothing was imported.
var ErrRefused = errors.New("nothing was imported")

// maxListed bounds each list of Findings; the counts go on.
const maxListed = 100

// Findings is what was found wrong or remarkable in a file that is imported as a whole or not at all. The lists hold at most 100
// entries; the counts are complete.
type Findings struct {
	ProblemCount int       `json:"problem_count"`
	WarningCount int       `json:"warning_count"`
	Problems     []Problem `json:"problems"`
	Warnings     []Problem `json:"warnings"`
}

// Refuse notes a reason not to import the file.
func (f *Findings) Refuse(p Problem) {
	f.ProblemCount++
	if len(f.Problems) < maxListed {
		f.Problems = append(f.Problems, p)
	}
}

// Warn notes a reason to look twice.
func (f *Findings) Warn(p Problem) {
	f.WarningCount++
	if len(f.Warnings) < maxListed {
		f.Warnings = append(f.Warnings, p)
	}
}

// Refused is nil while there is no problem, and else an error of the kind ErrRefused with the first problems.
func (f *Findings) Refused() error {
	const shown = 3
	if f.ProblemCount == 0 {
		return nil
	}
	var lines []string
	for i := range f.Problems[:min(shown, len(f.Problems))] {
		lines = append(lines, f.Problems[i].String())
	}
	if f.ProblemCount > shown {
		lines = append(lines, fmt.Sprintf("and %d more", f.ProblemCount-shown))
	}
	return fmt.Errorf("%w: %s", ErrRefused, strings.Join(lines, "; "))
}

// Report tells what an import that is all or nothing read and did. Read = Added + Changed + Unchanged when nothing was refused.
type Report struct {
	Read      int      `json:"read"` // rows that are not blank
	Added     int      `json:"added"`
	Changed   int      `json:"changed"`
	Unchanged int      `json:"unchanged"`
	Unknown   []string `json:"unknown"`  // columns of the file that nothing was read from
	Encoding  string   `json:"encoding"` // of the file
	Findings
}

// EachRow reads the whole file, counts its rows and gives the readable ones to use; the others become problems. A file of more than limit rows
// is refused and read no further. The error is the source's.
func (r *Report) EachRow(reader *Reader, limit int, use func(Row)) error {
	for {
		row, problem, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		r.Read++
		switch {
		case r.Read > limit:
			r.Refuse(Problem{Line: row.Line, Reason: TooManyRows, Message: fmt.Sprintf("the file has more than %d rows", limit), Remedy: "split it; parents come first"})
			return nil
		case problem != nil:
			r.Refuse(*problem)
		default:
			use(row)
		}
	}
}
