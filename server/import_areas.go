package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"

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
	ToleranceM float64 `name:"tolerance-m" default:"0.5" placeholder:"METRES" help:"Width up to which gaps, overlaps and the like are taken for noise of drawing and mended (0.5)."`
	AllowGaps  bool    `help:"Parts of a parent that no area covers are meant: they stay the parent's own."`
	Note       string  `help:"Note of the edition (the file's name)."`
	Report     string  `placeholder:"FILE" help:"File for all repairs, warnings and problems, not only the first of them: GeoJSON, a point each, to lay over a map."`
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
	if cmd.Report != "" {
		opt.Listed = math.MaxInt
	}
	opt.Norms = map[coverage.Level]importing.Norm{}
	err = eachNorm(func(level coverage.Level, n data.Norm) { opt.Norms[level] = importing.Norm{Min: n.Min, Max: n.Max} })
	if err != nil {
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
	if report == nil {
		return err
	}
	printAreaReport(s.out, report, cmd.DryRun, err == nil)
	if cmd.Report == "" {
		return err
	}
	return errors.Join(err, writeOutput(cmd.Report, s.out, func(w io.Writer) error { return writeReport(w, report) }))
}

// eachNorm visits what the data folder says is usual at a level.
func eachNorm(visit func(level coverage.Level, norm data.Norm)) error {
	list, err := data.Norms()
	if err != nil {
		return err
	}
	for _, n := range list {
		level, err := coverage.ParseLevel(n.Level)
		if err != nil {
			return fmt.Errorf("data/norms.json: %w", err)
		}
		visit(level, n)
	}
	return nil
}

// openInput opens a file, or standard input for "-".
func openInput(name string, in io.Reader) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(in), nil
	}
	return os.Open(name)
}

// How many entries are printed; the largest repairs come first.
const (
	printedRepairs  = 20
	printedProblems = 100
)

func printAreaReport(out io.Writer, r *importing.Report, dryRun, whole bool) {
	fmt.Fprintf(out, "Read %d areas with %d vertices.\n", r.Read, r.Vertices)
	for _, kind := range r.RepairKinds {
		fmt.Fprintf(out, "  %-15s %6d mended", kind.What, kind.Count)
		if kind.AreaM2 > 0 {
			fmt.Fprintf(out, ", %.1f m² in all, up to %.2f m wide", kind.AreaM2, kind.WidthM)
		}
		fmt.Fprintln(out)
	}
	printList(out, "Repaired", r.RepairCount, r.Repairs[:min(len(r.Repairs), printedRepairs)], importing.Repair.String)
	printList(out, "Warnings", r.WarningCount, r.Warnings[:min(len(r.Warnings), printedProblems)], importing.Problem.String)
	printList(out, "Problems", r.ProblemCount, r.Problems[:min(len(r.Problems), printedProblems)], importing.Problem.String)
	if r.RepairCount > printedRepairs || r.WarningCount > printedProblems || r.ProblemCount > printedProblems {
		fmt.Fprintln(out, "--report FILE lists all of them.")
	}
	if !whole {
		return // the error says why nothing was imported
	}
	counts := fmt.Sprintf("%d areas added, %d changed, %d unchanged", r.Added, r.Changed, r.Unchanged)
	if r.Outside > 0 {
		counts += fmt.Sprintf("; %d areas that are not in the file changed with them, so that all fit", r.Outside)
	}
	switch {
	case r.Edition == 0:
		fmt.Fprintln(out, "Nothing changed: every area is in already, just so.")
	case dryRun:
		fmt.Fprintf(out, "Dry run: edition %d would have %s.\n", r.Edition, counts)
	default:
		fmt.Fprintf(out, "Edition %d: %s.\n", r.Edition, counts)
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

// writeReport writes what a report lists as points; an entry without a place has no geometry.
func writeReport(w io.Writer, r *importing.Report) error {
	type feature struct {
		Type       string `json:"type"`
		Geometry   any    `json:"geometry"`
		Properties any    `json:"properties"`
	}
	features := []feature{}
	add := func(place *[2]float64, properties any) {
		f := feature{Type: "Feature", Properties: properties}
		if place != nil {
			f.Geometry = geojson.NewGeometry(orb.Point(*place))
		}
		features = append(features, f)
	}
	type problem struct {
		Kind string `json:"kind"`
		importing.Problem
	}
	for _, p := range r.Problems {
		add(p.Place, problem{"problem", p})
	}
	for _, p := range r.Warnings {
		add(p.Place, problem{"warning", p})
	}
	for _, p := range r.Repairs {
		add(&p.Place, struct {
			Kind string `json:"kind"`
			importing.Repair
			Message string `json:"message"`
		}{"repair", p, p.String()})
	}
	return json.NewEncoder(w).Encode(map[string]any{"type": "FeatureCollection", "features": features})
}
