package audit

import (
	"io"
	"strings"

	"jingwei/server/csvfile"
)

// table writes rows as CSV.
type table struct{ *csvfile.Table }

func newTable(w io.Writer) table {
	return table{csvfile.NewTable(w, "id", "at", "login", "via", "address", "request", "action", "object", "areas", "outcome", "reason", "before", "after")}
}

// TimeLayout is how times stand in the CSV: UTC, to the millisecond that the log keeps.
const TimeLayout = "2006-01-02T15:04:05.000Z07:00"

func (t table) write(records []Record) error {
	for _, r := range records {
		if err := t.Write([]string{
			r.ID.String(), r.At.UTC().Format(TimeLayout), r.Login, r.Via, r.Address, r.Request, r.Action, r.Object, strings.Join(r.Areas, " "),
			string(r.Outcome), r.Reason, string(r.Before), string(r.After),
		}); err != nil {
			return err
		}
	}
	return t.Flush()
}
