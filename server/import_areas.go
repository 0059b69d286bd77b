package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"jingwei/data"
	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/area/importing"
)

type importCommand struct {
	Areas     importAreasCommand     `cmd:"" help:"Import areas of one level from ${sources}. All or nothing: the file becomes one new edition, or every problem is listed with its place and remedy."`
	Branches  importBranchesCommand  `cmd:"" help:"Import party branches from CSV: code,name,kind,parent,secretary,phone,members,areas. All or nothing."`
	Stations  importStationsCommand  `cmd:"" help:"Import stations from CSV: code,kind,name,lon,lat,address,stars,floor_area_m2,services,open_to,opening_hours,phone. All or nothing."`
	Incidents importIncidentsCommand `cmd:"" help:"Import incidents from CSV: lon,lat,reported_at,item,channel,title,description. Bad rows go to FILE.rejected.csv with the reason; running it again adds nothing twice."`
}

type importAreasCommand struct {
	File       string  `arg:"" help:"${sources}; - reads standard input."`
	Level      string  `required:"" placeholder:"LEVEL" enum:"county,town,community,grid,micro" help:"Level of every area in the file: county, town, community, grid or micro."`
	Code       string  `required:"" placeholder:"PROP" help:"Property with the code; \"id\" also means the feature's own id."`
	Name       string  `required:"" placeholder:"PROP" help:"Property with the name."`
	Parent     string  `placeholder:"PROP" help:"Property with the parent's code; without it the parent is found by a point inside the area."`
	Households string  `placeholder:"PROP" help:"Property with the number of households."`
	Population string  `placeholder:"PROP" help:"Property with the number of people."`
	Kind       string  `placeholder:"PROP" help:"Property with the kind of grid: base or dedicated."`
	Layer      string  `placeholder:"NAME" help:"Object of a TopoJSON file that has several."`
	CRS        string  `name:"crs" enum:"wgs84,cgcs2000,gcj02,bd09" default:"wgs84" help:"What the coordinates are in: wgs84, cgcs2000 (taken as wgs84), gcj02 (AMap, Tencent) or bd09 (Baidu)."`
	Codes      string  `enum:"cn,free" default:"cn" help:"Rule of the codes: cn (6, 9, 12, 15, 17 digits, each extending its parent's) or free (up to 32 characters)."`
	ToleranceM float64 `name:"tolerance-m" default:"0.5" placeholder:"METRES" help:"Width up to which gaps and overlaps are let pass (0.5)."`
	AllowGaps  bool    `help:"Parts of a parent that no area covers are meant: they stay the parent's own."`
	Note       string  `help:"Note of the edition (the file's name)."`
	DryRun     bool    `help:"Check everything, store nothing."`
}

func (cmd *importAreasCommand) Run(ctx context.Context, c *Config, s *streams, now clock) (err error) {
	file, err := openInput(cmd.File, s.in)
	if err != nil {
		return err
	}
	defer file.Close()
	opt := importing.Options{
		Code: cmd.Code, Name: cmd.Name, Parent: cmd.Parent, Households: cmd.Households, Population: cmd.Population, Kind: cmd.Kind, Layer: cmd.Layer,
		ToleranceM: cmd.ToleranceM, AllowGaps: cmd.AllowGaps, Note: cmd.Note, DryRun: cmd.DryRun, Now: now(),
	}
	if opt.Level, err = coverage.ParseLevel(cmd.Level); err != nil {
		return err
	}
	if opt.Datum, err = geo.ParseDatum(cmd.CRS); err != nil {
		return err
	}
	if opt.Codes, err = importing.ParseCodeRule(cmd.Codes); err != nil {
		return err
	}
	if opt.Norms, err = norms(); err != nil {
		return err
	}
	d, err := c.openDatabase(ctx, writes)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	p := newProgress(s.err)
	report, err := importing.Areas(ctx, d.Pool, file, filepath.Base(cmd.File), opt, p.show)
	p.finish()
	if report != nil {
		printAreaReport(s.out, report, cmd.DryRun, err == nil)
	}
	return err
}

// norms are the usual numbers of households, from the data folder.
func norms() (map[coverage.Level]importing.Norm, error) {
	list, err := data.Norms()
	if err != nil {
		return nil, err
	}
	byLevel := map[coverage.Level]importing.Norm{}
	for _, n := range list {
		level, err := coverage.ParseLevel(n.Level)
		if err != nil {
			return nil, fmt.Errorf("data/norms.json: %w", err)
		}
		byLevel[level] = importing.Norm{Min: n.Min, Max: n.Max}
	}
	return byLevel, nil
}

// openInput opens a file, or standard input for "-".
func openInput(name string, in io.Reader) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(in), nil
	}
	return os.Open(name)
}

func printAreaReport(out io.Writer, r *importing.Report, dryRun, whole bool) {
	fmt.Fprintf(out, "Read %d areas with %d vertices.\n", r.Read, r.Vertices)
	printList(out, "Repaired", r.RepairCount, r.Repairs, func(p importing.Repair) string {
		return fmt.Sprintf("feature %d (%s), at %.7f,%.7f: %s, area %.1f m² before, %.1f m² after", p.Feature, p.Code, p.Place[0], p.Place[1], p.What, p.AreaBeforeM2, p.AreaAfterM2)
	})
	printList(out, "Warnings", r.WarningCount, r.Warnings, importing.Problem.String)
	printList(out, "Problems", r.ProblemCount, r.Problems, importing.Problem.String)
	switch {
	case !whole: // the error says why nothing was imported
	case r.Edition == 0:
		fmt.Fprintln(out, "Nothing changed: every area is in already, just so.")
	case dryRun:
		fmt.Fprintf(out, "Dry run: edition %d would have %d areas added and %d changed, %d unchanged.\n", r.Edition, r.Added, r.Changed, r.Unchanged)
	default:
		fmt.Fprintf(out, "Edition %d: %d areas added, %d changed, %d unchanged.\n", r.Edition, r.Added, r.Changed, r.Unchanged)
	}
}

func printList[T any](out io.Writer, title string, count int, list []T, line func(T) string) {
	if count == 0 {
		return
	}
	fmt.Fprintf(out, "%s: %d\n", title, count)
	for _, entry := range list {
		fmt.Fprintln(out, "  "+line(entry))
	}
	if more := count - len(list); more > 0 {
		fmt.Fprintf(out, "  … and %d more\n", more)
	}
}
