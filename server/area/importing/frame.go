package importing

import (
	"context"
	"fmt"
	"slices"

	"jingwei/geo"
	"jingwei/geo/coverage"
)

// hintSamples is how many misplaced areas are tried in other frames.
const hintSamples = 25

// hintDatum looks whether the areas that do not fit into their parents would fit if the file were in another frame: GCJ-02 and BD-09
// are some 500 m off. If so, that is told before everything else.
func (im *importer) hintDatum(ctx context.Context) error {
	if len(im.misplaced) == 0 {
		return nil
	}
	step := max(1, len(im.misplaced)/hintSamples)
	var samples []*feature
	for i := 0; i < len(im.misplaced) && len(samples) < hintSamples; i += step {
		samples = append(samples, im.misplaced[i])
	}
	as, err := im.fitIn(ctx, samples, im.opt.Datum)
	if err != nil {
		return err
	}
	for _, datum := range []geo.Datum{geo.WGS84, geo.GCJ02, geo.BD09} {
		if datum == im.opt.Datum {
			continue
		}
		fit, err := im.fitIn(ctx, samples, datum)
		if err != nil {
			return err
		}
		if fit < 0.99 || 1-fit > (1-as)/5 {
			continue
		}
		p := Problem{Place: anyPlace(samples[0].Shape), Reason: LooksLikeDatum,
			Message: fmt.Sprintf("the coordinates look like %s: read so, %.1f %% of the area of misplaced areas lies in their parents, read as %s %.1f %%", datum, fit*100, im.opt.Datum, as*100),
			Remedy:  fmt.Sprintf("import with --crs %s", datum)}
		im.ProblemCount++
		im.Problems = append([]Problem{p}, im.Problems[:min(len(im.Problems), im.listed-1)]...)
		return nil
	}
	return nil
}

// fitIn is the mean part of the features' areas that lies in their parents, 0 to 1, if the file is read in a frame.
func (im *importer) fitIn(ctx context.Context, features []*feature, datum geo.Datum) (float64, error) {
	sum := 0.0
	for _, f := range features {
		shape, ok := reread(f.Shape, im.opt.Datum, datum)
		if !ok {
			continue
		}
		rows, err := im.listNear(ctx, coverage.Levels[f.Level-1], boxAround(shape))
		if err != nil {
			return 0, err
		}
		most := 0.0
		for _, row := range rows {
			if named := im.namedParent(f); named != "" && named != row.Code {
				continue
			}
			part, err := partInside(shape, row.Shape)
			if err != nil {
				return 0, err
			}
			most = max(most, part)
		}
		sum += most
	}
	return sum / float64(len(features)), nil
}

// partInside is the part of a shape's area that lies in another, 0 to 1.
func partInside(shape, parent []coverage.Polygon) (float64, error) {
	areaM2 := coverage.AreaM2(shape)
	if areaM2 == 0 {
		return 0, nil
	}
	cleaned, err := coverage.Clean([]coverage.Area{{Code: "1", Level: coverage.County, Shape: parent}, {Code: "2", Parent: "1", Level: coverage.Town, Shape: shape}}, 0)
	if err != nil || slices.ContainsFunc(cleaned.Findings, func(f coverage.Finding) bool { return f.Reason == coverage.Vanished }) {
		return 0, err
	}
	return min(1, coverage.AreaM2(cleaned.Areas[1].Shape)/areaM2), nil
}

// namedParent is the parent that the file means, as opposed to the one that was found by place; "" where it does not say.
func (im *importer) namedParent(f *feature) string {
	switch {
	case im.opt.Parent != "":
		return f.Parent
	case im.opt.Codes == CN:
		return f.Code[:codeDigits[f.Level-1]]
	}
	return ""
}

// reread is a shape that was read in one frame as if it had been read in another.
func reread(shape []coverage.Polygon, was, is geo.Datum) ([]coverage.Polygon, bool) {
	out := make([]coverage.Polygon, len(shape))
	for i, polygon := range shape {
		out[i] = make(coverage.Polygon, len(polygon))
		for j, ring := range polygon {
			out[i][j] = make(coverage.Ring, len(ring))
			for k, p := range ring {
				q, err := geo.PointOf(is.ToWGS84(was.FromWGS84(p.Degrees())))
				if err != nil {
					return nil, false
				}
				out[i][j][k] = q
			}
		}
	}
	return out, true
}
