package incident

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
	_ "time/tzdata" // Asia/Shanghai, also where the system has no time zones

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/geo"
	"jingwei/server/access"
	"jingwei/server/audit"
	"jingwei/server/csvfile"
	"jingwei/server/db"
	"jingwei/server/live"
	"jingwei/server/web"
)

// DefaultZone is where times without a zone are taken to be.
const DefaultZone = "Asia/Shanghai"

// importBatch is how many rows are stored in one transaction: enough that what a transaction costs does not count, few enough that
// little is lost when it fails.
const importBatch = 20_000

// importBatchBytes ends a batch early, so that memory is bounded however long the rows are.
const importBatchBytes = 16 << 20

// ImportOptions say how a file of incidents is to be read. The zero value of a field is its default.
type ImportOptions struct {
	Datum          geo.Datum                   // of the coordinates
	Zone           *time.Location              // of times without one; nil is DefaultZone
	DefaultChannel Channel                     // of rows without one; "" is Import
	Progress       func(rows int, bytes int64) // told after each transaction, never twice at once: rows done, bytes of the file read
}

// ImportReport tells what an import read and did. Read = Added + Repeated + Rejected when it ran to the end.
type ImportReport struct {
	Read     int            `json:"read"`      // rows that are not blank
	Added    int            `json:"added"`     // and stored
	Repeated int            `json:"repeated"`  // stored before, or equal to another row of the file
	Rejected int            `json:"rejected"`  // bad rows; each went to the rejected file with its reason
	ByReason map[string]int `json:"by_reason"` // of the rejected ones
	Outside  int            `json:"outside"`   // good rows whose point lies in no area; they are stored all the same
	Unknown  []string       `json:"unknown"`   // columns of the file that nothing was read from
	Encoding string         `json:"encoding"`  // of the file
}

// Import reads incidents from CSV, snaps them by the edition in effect and stores the good rows; bad ones go to rejected (nil drops
// them), each with its line and reason. An incident's id is made from what the row says, so the same row is never stored twice,
// however often the file is imported. When the import fails in the middle, what is in stays in, and the error says so.
//
// Memory does not grow with the file. Cost: about 30 µs a row, most of it PostgreSQL's.
func (s *Service) Import(ctx context.Context, r io.Reader, rejected io.Writer, opt ImportOptions) (ImportReport, error) {
	report := ImportReport{ByReason: map[string]int{}}
	if err := access.Ask(ctx, access.DataImport, nil); err != nil {
		return report, err
	}
	parser, err := s.newRowParser(opt)
	if err != nil {
		return report, err
	}
	if parser.archived, err = archivedNames(ctx, s.pool); err != nil {
		return report, err
	}
	reader, err := csvfile.Open(r, importColumns)
	if err != nil {
		return report, err
	}
	report.Unknown = reader.Unknown()
	rejects := csvfile.NewRejectWriter(rejected, reader.Header())
	line, err := s.storeBatches(ctx, reader, parser, rejects, &report, opt.Progress)
	if err != nil {
		err = interrupted(err, report.Added, line)
	}
	return report, errors.Join(err, s.tellImported(ctx, report.Added))
}

// importedBatch is what the reading side hands to the storing side.
type importedBatch struct {
	reports  []Report
	ids      []uuid.UUID   // of the reports
	from     []csvfile.Row // of the reports, where they have a number
	rejected []rejectedRow
	rows     int // good and bad ones
	line     int // of the last row
	bytes    int64
	encoding string
	failed   error // why the file ends here: io.EOF at its true end; nil before
}

type rejectedRow struct {
	row     csvfile.Row
	problem *csvfile.Problem
}

// readBatches reads the file, one batch ahead of who takes them, until its end, a failure or the end of ctx. Nothing but the reading side
// touches reader and parser. When ctx ends while the source gives nothing, as a terminal may, the goroutine waits on alone.
func readBatches(ctx context.Context, reader *csvfile.Reader, parser *rowParser) <-chan importedBatch {
	out := make(chan importedBatch)
	go func() {
		defer close(out)
		for b := (importedBatch{line: 1}); b.failed == nil; {
			b = readBatch(reader, parser, b.line)
			select {
			case out <- b:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// readBatch reads the rows behind a line.
func readBatch(reader *csvfile.Reader, parser *rowParser, line int) importedBatch {
	b := importedBatch{reports: make([]Report, 0, importBatch), ids: make([]uuid.UUID, 0, importBatch), line: line}
	begun := reader.Bytes()
	for b.rows < importBatch && reader.Bytes()-begun < importBatchBytes {
		row, problem, err := reader.Next()
		if err != nil {
			b.failed = err
			break
		}
		b.rows++
		b.line = row.Line
		var report Report
		var id uuid.UUID
		if problem == nil {
			report, id, problem = parser.parse(row)
		}
		if problem != nil {
			problem.Line = row.Line
			b.rejected = append(b.rejected, rejectedRow{row, problem})
			continue
		}
		if report.Number == "" {
			row = csvfile.Row{}
		}
		b.reports, b.ids, b.from = append(b.reports, report), append(b.ids, id), append(b.from, row)
	}
	b.bytes, b.encoding = reader.Bytes(), reader.Encoding()
	return b
}

// storeBatches stores the whole file, or what comes before the first failure, and tells the line up to which all is settled.
func (s *Service) storeBatches(ctx context.Context, reader *csvfile.Reader, parser *rowParser, rejects *csvfile.RejectWriter, count *ImportReport,
	progress func(int, int64),
) (line int, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	batches := readBatches(ctx, reader, parser)
	for {
		var b importedBatch
		var ok bool
		select {
		case b, ok = <-batches:
		case <-ctx.Done():
		}
		if !ok {
			return line, ctx.Err()
		}
		if err := s.storeBatch(ctx, &b, count); err != nil {
			return line, err
		}
		line = b.line
		for _, r := range b.rejected {
			count.Rejected++
			count.ByReason[r.problem.Reason]++
			if err := rejects.Write(r.row, r.problem); err != nil {
				return line, fmt.Errorf("write the rejected rows: %w", err)
			}
		}
		if err := rejects.Flush(); err != nil {
			return line, fmt.Errorf("write the rejected rows: %w", err)
		}
		count.Read += b.rows
		count.Encoding = b.encoding
		if progress != nil {
			progress(count.Read, b.bytes)
		}
		switch {
		case errors.Is(b.failed, io.EOF):
			return line, nil
		case b.failed != nil:
			return line, b.failed
		}
	}
}

// storeBatch snaps and stores one batch, and counts it once it has committed. A row whose number stands for another report becomes a rejected
// one.
func (s *Service) storeBatch(ctx context.Context, b *importedBatch, count *ImportReport) error {
	if len(b.reports) == 0 {
		return nil
	}
	points := make([]geo.Point, len(b.reports))
	for n := range b.reports {
		points[n] = b.reports[n].Place
	}
	now := s.now()
	incidents := make([]Incident, 0, len(b.reports))
	var numbers []numbered
	seen := make(map[uuid.UUID]int, len(b.ids)) // the place of each in reports
	for n, owner := range s.snap.LocateAll(points) {
		if _, again := seen[b.ids[n]]; again {
			continue
		}
		seen[b.ids[n]] = n
		r := &b.reports[n]
		i := New(b.ids[n], *r, owner, now)
		i.LookAtRecent(owner, now)
		if r.Number != "" {
			numbers = append(numbers, numbered{source: r.source(), number: r.Number, digest: contentOf(r), county: i.County, incident: i.ID})
		}
		incidents = append(incidents, i)
	}
	since, until := span(incidents)
	if err := EnsureMonths(ctx, s.pool, since, until); err != nil {
		return err
	}
	var added, outside int
	var before map[uuid.UUID]known
	err := db.InLongTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
		if before, err = claimNumbers(ctx, tx, numbers, now); err != nil {
			return err
		}
		fresh := incidents[:0:0]
		for _, i := range incidents {
			if _, ok := before[i.ID]; !ok {
				fresh = append(fresh, i)
			}
		}
		added, err = Load(ctx, tx, s.keys, fresh)
		return err
	})
	if err != nil {
		return err
	}
	reused := 0
	for _, i := range incidents {
		if first, ok := before[i.ID]; ok && !first.same {
			reused++
			row := b.from[seen[i.ID]]
			b.rejected = append(b.rejected, rejectedRow{row, &csvfile.Problem{
				Line: row.Line, Column: importColumns[numberColumn].Name, Reason: string(web.NumberReused), Message: "the number was used for another report",
				Remedy: "give each report a number of its own",
			}})
			continue
		}
		if i.County == "" {
			outside++
		}
	}
	count.Added += added
	count.Repeated += len(b.reports) - added - reused
	count.Outside += outside
	return nil
}

// tellImported sends the one event of an import, also of one that was stopped: what is in is in. It says neither how many nor where, for it
// goes to all who see incidents anywhere.
func (s *Service) tellImported(ctx context.Context, added int) error {
	if added == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if err := live.Append(ctx, tx, live.Entry{Kind: live.IncidentImported, Data: struct{}{}}); err != nil {
			return err
		}
		return audit.Append(ctx, tx, audit.Entry{Action: "incident.import", After: map[string]int{"added": added}})
	})
	if err != nil {
		return fmt.Errorf("the incidents are stored, but the maps could not be told to reload: %w", err)
	}
	return nil
}

// interrupted adds to an error how far the import came.
func interrupted(err error, added, line int) error {
	why := "the import stopped"
	if web.IsDatabaseAway(err) {
		why = "the database went away"
	}
	return fmt.Errorf("%s; the file is stored up to line %d (%d new incidents); importing it again is safe, what is in is passed over: %w", why, line, added, err)
}
