package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/area/importing"
)

type exportCommand struct {
	Areas exportAreasCommand `cmd:"" help:"Write areas as GeoJSON to standard output or a file."`
}

type exportAreasCommand struct {
	Output  string `short:"o" default:"-" placeholder:"FILE" help:"File to write; - is standard output."`
	Level   string `enum:",county,town,community,grid,micro" default:"" placeholder:"LEVEL" help:"Only this level: county, town, community, grid or micro."`
	Parent  string `placeholder:"CODE" help:"Only the areas below this one."`
	Edition int    `placeholder:"N" help:"An earlier edition (the last one)."`
	Format  string `enum:"geojson,geojsonl" default:"geojson" help:"geojson (a FeatureCollection) or geojsonl (a feature a line)."`
	CRS     string `name:"crs" enum:"wgs84,cgcs2000,gcj02,bd09" default:"wgs84" help:"What to write the coordinates in."`
}

func (cmd *exportAreasCommand) Run(ctx context.Context, c *Config, s *streams) (err error) {
	opt := importing.ExportOptions{Parent: cmd.Parent, Edition: cmd.Edition}
	if cmd.Level != "" {
		level, err := coverage.ParseLevel(cmd.Level)
		if err != nil {
			return err
		}
		opt.Level = &level
	}
	if opt.Format, err = importing.ParseFormat(cmd.Format); err != nil {
		return err
	}
	if opt.Datum, err = geo.ParseDatum(cmd.CRS); err != nil {
		return err
	}
	d, err := c.openDatabase(ctx, reads)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	var count int
	err = writeOutput(cmd.Output, s.out, func(w io.Writer) (err error) {
		count, err = importing.Export(ctx, d.Pool, w, opt)
		return err
	})
	if err == nil {
		fmt.Fprintf(s.err, "Wrote %d areas.\n", count)
	}
	return err
}

// writeOutput writes standard output for "-", or a file that takes its name only when it is whole, and that only who runs this may read: it
// may say what others have no right to.
func writeOutput(name string, out io.Writer, write func(io.Writer) error) error {
	if name == "-" {
		buffered := bufio.NewWriterSize(out, 1<<20)
		return errors.Join(write(buffered), buffered.Flush())
	}
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(file, 1<<20)
	err = write(buffered)
	if err = errors.Join(err, buffered.Flush(), file.Close()); err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}
