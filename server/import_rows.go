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
)

type importIncidentsCommand struct {
	File string `arg:"" help:"CSV file, UTF-8 or GBK, header in English or Chinese; - reads standard input."`
	CRS  string `name:"crs" enum:"wgs84,cgcs2000,gcj02,bd09" default:"wgs84" help:"What the coordinates are in: wgs84, cgcs2000, gcj02 or bd09."`
}

func (cmd *importIncidentsCommand) Run(ctx context.Context, c *Config, s *streams, now clock) (err error) {
	datum, err := geo.ParseDatum(cmd.CRS)
	if err != nil {
		return err
	}
	file, err := openInput(cmd.File, s.in)
	if err != nil {
		return err
	}
	defer file.Close()
	app, err := openApp(ctx, c, now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
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
