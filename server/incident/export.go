package incident

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/jackc/pgx/v5"

	"jingwei/server/access"
	"jingwei/server/audit"
	"jingwei/server/web"
)

// ExportOptions are how a file of incidents is to be.
type ExportOptions struct {
	XLSX    bool     // an Excel workbook; else CSV
	English bool     // headers and words; names of areas and branches are as they are
	Columns []string // codes of columns; empty are all
}

// exportPage is the number of rows that an export reads at once; between two pages it holds no connection to the database.
const exportPage = 2000

// Export writes the incidents that pass as a file, the newest first, of those that the actor may take away: MaxExport at most, masked as everywhere.
// Nothing is written before the first rows are there, so that an error without output is told in order. The log says that somebody did.
func (s *Service) Export(ctx context.Context, q Question, opt ExportOptions, w io.Writer) (count int, err error) {
	return s.export(ctx, q, opt, w, MaxExport)
}

func (s *Service) export(ctx context.Context, q Question, opt ExportOptions, w io.Writer, most int) (count int, err error) {
	scope, err := s.scope(ctx, access.IncidentExport, q.Filter)
	if err != nil {
		return 0, err
	}
	q.Sort = NewestFirst
	if q.ids, err = named(ctx, s.pool, q.Text); err != nil {
		return 0, err
	}
	if err := s.announceExport(ctx, q, scope, opt, most); err != nil {
		return 0, err
	}
	e := &exporting{atlas: s.areas.Current(), branches: s.branches.Directory(), items: s.items, english: opt.English}
	columns := opt.columns()
	out, err := e.begin(w, columns, opt.XLSX)
	if err != nil {
		return 0, fmt.Errorf("begin a file: %w", err)
	}
	defer out.release()
	cells := make([]any, len(columns))
	for count < most {
		page, err := s.list(ctx, q, scope, min(exportPage, most-count), sortedHere)
		if err != nil {
			return count, err
		}
		for n := range page {
			for c := range columns {
				cells[c] = columns[c].cell(e, &page[n])
			}
			if err := out.write(cells); err != nil {
				return count, err
			}
		}
		if err := out.flush(); err != nil {
			return count, err
		}
		count += len(page)
		if len(page) < exportPage {
			break
		}
		q.After.ID = page[len(page)-1].ID
	}
	return count, out.close()
}

// columns are those that were asked for, in the order of the file.
func (opt ExportOptions) columns() []exportColumn {
	if len(opt.Columns) == 0 {
		return exportColumns
	}
	return slices.DeleteFunc(slices.Clone(exportColumns), func(c exportColumn) bool { return !slices.Contains(opt.Columns, c.code) })
}

func (e *exporting) begin(w io.Writer, columns []exportColumn, xlsx bool) (exportFile, error) {
	header, widths := make([]string, len(columns)), make([]float64, len(columns))
	for n, c := range columns {
		header[n], widths[n] = e.of(c.zh, c.en), c.width
	}
	if !xlsx {
		return newCSVExport(w, header), nil
	}
	return newXLSXExport(w, e.of("事件", "Incidents"), header, widths)
}

// announceExport refuses what is too much, and writes into the log that somebody takes the rest away.
func (s *Service) announceExport(ctx context.Context, q Question, scope access.Scope, opt ExportOptions, most int) error {
	return Look(ctx, s.pool, func(tx pgx.Tx) error {
		where, err := q.where(scope)
		if err != nil {
			return err
		}
		var count int
		sql := `SELECT count(*) FROM (SELECT FROM incident WHERE ` + where.String() + ` LIMIT ` + where.Arg(most+1) + `) AS i`
		if err := tx.QueryRow(ctx, sql, append([]any{pgx.QueryExecModeCacheDescribe}, where.Args()...)...).Scan(&count); err != nil {
			return err
		}
		if count > most {
			return web.NewProblem(web.Invalid, fmt.Sprintf("more than %d incidents pass; narrow it by from and to, an area or items, and take one file after the other", most)).
				At("query.from", nil)
		}
		return audit.Append(ctx, tx, audit.Entry{Action: "incident.export", Areas: q.within(), After: q.audited(opt, count)})
	})
}

// within is the area of a question that names one.
func (q Question) within() []string {
	if len(q.Areas) == 1 {
		return q.Areas[0]
	}
	return nil
}

// auditedExport is what the audit log says of a file. What somebody looked for may be a name, so it says only that there was something.
type auditedExport struct {
	Format   string    `json:"format"`
	Count    int       `json:"count"`
	From     string    `json:"from,omitempty"`
	To       string    `json:"to,omitempty"`
	Hours    []int     `json:"hours,omitempty"`
	Weekdays []int     `json:"weekdays,omitempty"`
	Items    []string  `json:"items,omitempty"`
	Channels []Channel `json:"channels,omitempty"`
	Statuses []Status  `json:"statuses,omitempty"`
	Areas    []string  `json:"areas,omitempty"`
	Box      []float64 `json:"box,omitempty"`
	Review   string    `json:"review,omitempty"`
	ByText   bool      `json:"by_text,omitempty"`
}

func (q Question) audited(opt ExportOptions, count int) auditedExport {
	a := auditedExport{
		Format: "csv", Count: count, Hours: q.Hours, Weekdays: q.Weekdays, Items: q.Items, Channels: q.Channels, Statuses: q.Statuses,
		Review: q.Review, ByText: q.Text != "",
	}
	if opt.XLSX {
		a.Format = "xlsx"
	}
	if !q.From.IsZero() {
		a.From = q.From.UTC().Format(audit.TimeLayout)
	}
	if !q.To.IsZero() {
		a.To = q.To.UTC().Format(audit.TimeLayout)
	}
	for _, chain := range q.Areas {
		a.Areas = append(a.Areas, chain[len(chain)-1])
	}
	if q.Bounds != nil {
		west, south := q.Bounds.Min.Degrees()
		east, north := q.Bounds.Max.Degrees()
		a.Box = []float64{west, south, east, north}
	}
	return a
}
