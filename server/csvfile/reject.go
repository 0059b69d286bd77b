package csvfile

import (
	"encoding/csv"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"
)

// RejectWriter writes the rows that were refused: UTF-8 with byte order mark, so that Excel opens it, the line in the original file and
// the reason in front, then the fields as they were. Mended, it can be imported again as it is. Nothing is written before the
// first row.
type RejectWriter struct {
	target io.Writer
	csv    *csv.Writer
	header []string
	begun  bool
}

// NewRejectWriter makes a writer for the rows of a file with that header. A nil target drops them.
func NewRejectWriter(target io.Writer, header []string) *RejectWriter {
	if target == nil {
		target = io.Discard
	}
	return &RejectWriter{target: target, csv: csv.NewWriter(target), header: header}
}

// Write adds a row and why it was refused.
func (w *RejectWriter) Write(row Row, p *Problem) error {
	if !w.begun {
		w.begun = true
		if _, err := io.WriteString(w.target, "\ufeff"); err != nil {
			return err
		}
		if err := w.csv.Write(append([]string{"line", "reason"}, guarded(w.header)...)); err != nil {
			return err
		}
	}
	line := []string{strconv.Itoa(row.Line), p.Text()}
	return w.csv.Write(append(line, guarded(row.Fields)...))
}

// Flush hands all that was written to the target.
func (w *RejectWriter) Flush() error {
	w.csv.Flush()
	return w.csv.Error()
}

// guarded is Guard of each field.
func guarded(fields []string) []string {
	safe := make([]string, len(fields))
	for i, field := range fields {
		safe[i] = Guard(field)
	}
	return safe
}

// Guard makes a text fit to be a cell that a spreadsheet shows: valid UTF-8, with an apostrophe in front of what it would run as a formula.
// A plain number, such as -12.5, stays one.
func Guard(cell string) string {
	safe := strings.ToValidUTF8(cell, "\ufffd")
	if isFormula(cell) {
		if _, problem := Number(cell); problem != nil {
			return "'" + safe
		}
	}
	return safe
}

// isFormula tells whether the first character makes a spreadsheet take a cell for a formula (OWASP, CSV Injection). Excel in Chinese and
// Japanese takes the full-width forms too.
func isFormula(cell string) bool {
	first, _ := utf8.DecodeRuneInString(cell)
	return cell != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first)
}

// unguard takes the apostrophe off that Guard put there, so that a mended file says what the first one said.
func unguard(cell string) string {
	if len(cell) > 1 && cell[0] == '\'' && isFormula(cell[1:]) {
		return cell[1:]
	}
	return cell
}

// LazyFile is a file that comes into being with its first byte, and replaces one of that name. Only its owner can read it, for
// refused rows hold what people reported.
type LazyFile struct {
	Path string
	file *os.File
}

// Write appends.
func (f *LazyFile) Write(p []byte) (int, error) {
	if f.file == nil {
		file, err := os.OpenFile(f.Path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return 0, err
		}
		f.file = file
	}
	return f.file.Write(p)
}

// Created tells whether there is a file.
func (f *LazyFile) Created() bool { return f.file != nil }

// Close ends the file, if there is one.
func (f *LazyFile) Close() error {
	if f.file == nil {
		return nil
	}
	return f.file.Close()
}
