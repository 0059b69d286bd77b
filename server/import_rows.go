package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"jingwei/geo"
	"jingwei/server/csvfile"
	"jingwei/server/incident"
	"jingwei/server/station"
)

type importBranchesCommand struct {
	File   string `arg:"" help:"CSV file, UTF-8 or GBK, header in English or Chinese; - reads standard input."`
	DryRun bool   `help:"Check everything, store nothing."`
}

func (cmd *importBranchesCommand) Run(ctx context.Context, c *Config, s *streams, now clock) error {
	return importTable(ctx, c, s, now, cmd.File, cmd.DryRun, "branches", func(app *App, file io.Reader) (csvfile.Report, error) {
		report, err := app.branches.Import(ctx, file, cmd.DryRun)
		return report.Report, err
	})
}

type importStationsCommand struct {
	File   string `arg:"" help:"CSV file, UTF-8 or GBK, header in English or Chinese; - reads standard input."`
	CRS    string `name:"crs" enum:"wgs84,cgcs2000,gcj02,bd09" default:"wgs84" help:"What the coordinates are in: wgs84, cgcs2000, gcj02 or bd09."`
	DryRun bool   `help:"Check everything, store nothing."`
}

func (cmd *importStationsCommand) Run(ctx context.Context, c *Config, s *streams, now clock) error {
	datum, err := geo.ParseDatum(cmd.CRS)
	if err != nil {
		return err
	}
	return importTable(ctx, c, s, now, cmd.File, cmd.DryRun, "stations", func(app *App, file io.Reader) (csvfile.Report, error) {
		report, err := app.stations.Import(ctx, file, station.ImportOptions{Datum: datum, DryRun: cmd.DryRun})
		return report.Report, err
	})
}

// openImport opens a file of rows and the program that stores them; the file comes first, so that a wrong name starts no database.
func openImport(ctx context.Context, c *Config, s *streams, now clock, name string) (*App, io.ReadCloser, error) {
	file, err := openInput(name, s.in)
	if err != nil {
		return nil, nil, err
	}
	app, err := openApp(ctx, c, writes, now)
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return app, file, nil
}

// importTable runs an import that is all or nothing and prints what it did or refused.
func importTable(ctx context.Context, c *Config, s *streams, now clock, name string, dryRun bool, what string,
	read func(*App, io.Reader) (csvfile.Report, error),
) (err error) {
	app, file, err := openImport(ctx, c, s, now, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close(), app.Close()) }()
	r, err := read(app, file)
	if r.Read > 0 || r.ProblemCount > 0 {
		fmt.Fprintf(s.out, "Read %d rows (%s).\n", r.Read, r.Encoding)
		if len(r.Unknown) > 0 {
			fmt.Fprintf(s.out, "Columns that were not used: %v\n", r.Unknown)
		}
		printList(s.out, "Warnings", r.WarningCount, r.Warnings, csvfile.Problem.String)
		printList(s.out, "Problems", r.ProblemCount, r.Problems, csvfile.Problem.String)
	}
	if err != nil {
		return err
	}
	format := "%d %s added, %d changed, %d unchanged.\n"
	if dryRun {
		format = "Dry run: it would be %d %s added, %d changed, %d unchanged.\n"
	}
	fmt.Fprintf(s.out, format, r.Added, what, r.Changed, r.Unchanged)
	return nil
}

type importIncidentsCommand struct {
	File string `arg:"" help:"CSV file, UTF-8 or GBK, header in English or Chinese; - reads standard input."`
	CRS  string `name:"crs" enum:"wgs84,cgcs2000,gcj02,bd09" default:"wgs84" help:"What the coordinates are in: wgs84, cgcs2000, gcj02 or bd09."`
}

func (cmd *importIncidentsCommand) Run(ctx context.Context, c *Config, s *streams, now clock) (err error) {
	datum, err := geo.ParseDatum(cmd.CRS)
	if err != nil {
		return err
	}
	app, file, err := openImport(ctx, c, s, now, cmd.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close(), app.Close()) }()
	rejected := &csvfile.LazyFile{Path: rejectedName(cmd.File)}
	p := newProgress(s.err)
	size := sizeOf(file)
	report, err := app.incidents.Import(ctx, file, rejected, incident.ImportOptions{
		Datum: datum, Progress: func(_ int, bytes int64) { p.show("import incidents, bytes", int(bytes), size) },
	})
	p.finish()
	err = errors.Join(err, rejected.Close())
	if report.Read > 0 {
		printIncidentReport(s.out, report, rejected)
	}
	return err
}

// rejectedName is where bad rows go.
func rejectedName(file string) string {
	if file == "-" {
		file = "stdin"
	}
	return file + ".rejected.csv"
}

func sizeOf(r io.Reader) int {
	if f, ok := r.(*os.File); ok {
		if info, err := f.Stat(); err == nil {
			return int(info.Size())
		}
	}
	return 0
}

func printIncidentReport(out io.Writer, r incident.ImportReport, rejected *csvfile.LazyFile) {
	fmt.Fprintf(out, "Read %d rows (%s): %d incidents added, %d were in already, %d rejected. %d lie outside every area and are stored all the same.\n",
		r.Read, r.Encoding, r.Added, r.Repeated, r.Rejected, r.Outside)
	if len(r.Unknown) > 0 {
		fmt.Fprintf(out, "Columns that were not used: %v\n", r.Unknown)
	}
	for _, reason := range slices.Sorted(maps.Keys(r.ByReason)) {
		fmt.Fprintf(out, "  %s: %d\n", reason, r.ByReason[reason])
	}
	if rejected.Created() {
		fmt.Fprintf(out, "The rejected rows, each with its reason, are in %s. Mend them there and import that file.\n", rejected.Path)
	}
}
