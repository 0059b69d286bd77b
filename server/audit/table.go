package audit

import (
	"encoding/csv"
	"io"
	"strings"

	"jingwei/server/csvfile"
)

// table writes rows as CSV: UTF-8 with byte order mark, so that Excel opens it, and no cell is a formula.
type table struct {
	target io.Writer
	csv    *csv.Writer
	begun  bool
}

func newTable(w io.Writer) *table { return &table{target: w, csv: csv.NewWriter(w)} }

// TimeLayout is how times stand in the CSV: UTC, to the millisecond that the log keeps.
const TimeLayout = "2006-01-02T15:04:05.000Z07:00"

func (t *table) write(records []Record) error {
	if !t.begun {
		t.begun = true
		if _, err := io.WriteString(t.target, "\ufeff"); err != nil {
			return err
		}
		if err := t.csv.Write([]string{"id", "at", "login", "via", "address", "request", "action", "object", "areas", "outcome", "reason", "before", "after"}); err != nil {
			return err
		}
	}
	for _, r := range records {
		cells := []string{
			r.ID.String(), r.At.UTC().Format(TimeLayout), r.Login, r.Via, r.Address, r.Request, r.Action, r.Object, strings.Join(r.Areas, " "),
			string(r.Outcome), r.Reason, string(r.Before), string(r.After),
		}
		for i := range cells {
			cells[i] = csvfile.Guard(cells[i])
		}
		if err := t.csv.Write(cells); err != nil {
			return err
		}
	}
	t.csv.Flush()
	return t.csv.Error()
}
