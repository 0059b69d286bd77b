package csvfile

import (
	"encoding/csv"
	"io"
	"slices"
)

// Table writes rows as CSV for spreadsheets: UTF-8 with a byte order mark, without which Excel in China reads another encoding, and no cell is
// a formula. Nothing is written before the first row or Flush.
type Table struct {
	target io.Writer
	csv    *csv.Writer
	header []string
}

// NewTable makes a table with a header.
func NewTable(w io.Writer, header ...string) *Table {
	return &Table{target: w, csv: csv.NewWriter(w), header: header}
}

// Write adds a row. The cells are guarded.
func (t *Table) Write(cells []string) error {
	if err := t.begin(); err != nil {
		return err
	}
	cells = slices.Clone(cells)
	for i := range cells {
		cells[i] = Guard(cells[i])
	}
	return t.csv.Write(cells)
}

// Flush writes all rows so far.
func (t *Table) Flush() error {
	if err := t.begin(); err != nil {
		return err
	}
	t.csv.Flush()
	return t.csv.Error()
}

func (t *Table) begin() error {
	if t.header == nil {
		return nil
	}
	header := t.header
	t.header = nil
	if _, err := io.WriteString(t.target, "\ufeff"); err != nil {
		return err
	}
	return t.csv.Write(header)
}
