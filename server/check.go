package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/paulmach/orb/geojson"

	"jingwei/data"
	"jingwei/geo/coverage"
	"jingwei/server/area"
)

type checkCommand struct {
	Output string `short:"o" default:"-" placeholder:"FILE" help:"File to write; - is standard output."`
	Format string `enum:"text,geojson" default:"text" help:"text (a line a finding) or geojson (a point a finding, to lay over a map)."`
}

// errDoesNotFit tells that the boundaries contradict each other; gaps, parts and sizes may be meant.
var errDoesNotFit = errors.New("the boundaries do not fit: correct the places named above and import the areas again")

func (cmd *checkCommand) Run(ctx context.Context, c *Config, s *streams) (err error) {
	var norms coverage.Norms
	err = eachNorm(func(level coverage.Level, n data.Norm) { norms.MinAreaM2[level] = n.MinAreaM2 })
	if err != nil {
		return err
	}
	d, err := c.openDatabase(ctx, reads)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	atlas, err := area.LoadAtlas(ctx, d.Pool)
	if err != nil {
		return err
	}
	if atlas.Edition.Number == 0 {
		return errors.New("there are no areas to check yet: jingwei import areas brings them in")
	}
	findings := atlas.Coverage.Check(norms)
	if err := writeOutput(cmd.Output, s.out, func(w io.Writer) error { return writeFindings(w, cmd.Format, findings) }); err != nil {
		return err
	}
	fmt.Fprintf(s.err, "Edition %d: %d areas checked, %d findings.\n", atlas.Edition.Number, atlas.Coverage.Len(), len(findings))
	for _, f := range findings {
		switch f.Reason {
		case coverage.Overlap, coverage.CrossesParent, coverage.SelfCrossing, coverage.SelfTouch, coverage.MissingVertex:
			return errDoesNotFit
		default: // a gap, a hole, a part, a size: it may be meant
		}
	}
	return nil
}

func writeFindings(w io.Writer, format string, findings []coverage.Finding) error {
	if format == "geojson" {
		points := geojson.NewFeatureCollection()
		for _, f := range findings {
			point := geojson.NewFeature(f.Place.Orb())
			point.Properties = geojson.Properties{
				"reason": f.Reason, "area": f.Area, "other": f.Other, "around": strings.Join(f.Around, ","), "area_m2": f.AreaM2, "width_m": f.WidthM, "message": sentence(f),
			}
			points.Append(point)
		}
		return json.NewEncoder(w).Encode(points)
	}
	for _, f := range findings {
		lon, lat := f.Place.Degrees()
		if _, err := fmt.Fprintf(w, "at %.7f,%.7f: %s [%s]\n", lon, lat, sentence(f), f.Reason); err != nil {
			return err
		}
	}
	return nil
}

// sentence says what a finding is, for people.
func sentence(f coverage.Finding) string {
	size := fmt.Sprintf("%.2f m², up to %.2f m wide", f.AreaM2, f.WidthM)
	beside := ""
	if len(f.Around) > 0 {
		beside = " beside " + strings.Join(f.Around, ", ")
	}
	switch f.Reason {
	case coverage.Overlap:
		return fmt.Sprintf("%s and %s overlap: %s", f.Area, f.Other, size)
	case coverage.Gap:
		if f.Area == "" {
			return fmt.Sprintf("a gap%s: %s", beside, size)
		}
		return fmt.Sprintf("a part of %s is left to itself%s: %s", f.Area, beside, size)
	case coverage.Hole:
		return fmt.Sprintf("%s has a hole that no area fills: %s", f.Area, size)
	case coverage.CrossesParent:
		return fmt.Sprintf("%s sticks out of its parent %s: %s", f.Area, f.Other, size)
	case coverage.SelfCrossing:
		return fmt.Sprintf("the border of %s crosses itself: %s", f.Area, size)
	case coverage.SelfTouch:
		return fmt.Sprintf("the border of %s touches itself or runs back over itself", f.Area)
	case coverage.MissingVertex:
		return fmt.Sprintf("%s lacks a vertex that its neighbour has on their border", f.Area)
	case coverage.NotContiguous:
		return fmt.Sprintf("%s has parts that do not hang together; the smallest has %.0f m²", f.Area, f.AreaM2)
	case coverage.TooSmall:
		return fmt.Sprintf("%s has only %.0f m², less than is usual", f.Area, f.AreaM2)
	case coverage.Vanished:
		return fmt.Sprintf("nothing is left of %s", f.Area)
	}
	return f.Area
}
