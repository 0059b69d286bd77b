package importing

import (
	"context"
	"fmt"

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
	as, err := im.fit(ctx, samples, im.opt.Datum)
	if err != nil {
		return err
	}
	for _, datum := range []geo.Datum{geo.WGS84, geo.GCJ02, geo.BD09} {
		if datum == im.opt.Datum {
			continue
		}
		fit, err := im.fit(ctx, samples, datum)
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
		im.Problems = append([]Problem{p}, im.Problems[:min(len(im.Problems), maxListed-1)]...)
		return nil
	}
	return nil
}

// fit is the mean part of the features' areas that lies in their parents, 0 to 1, if the file is read in a frame.
func (im *importer) fit(ctx context.Context, features []*feature, datum geo.Datum) (float64, error) {
	sum := 0.0
	for _, f := range features {
		shape, ok := reread(f.Shape, im.opt.Datum, datum)
		if !ok {
			continue
		}
		geom, err := encodeShape(shape)
		if err != nil {
			return 0, err
		}
		var part float64
		err = im.tx.QueryRow(ctx, `
			SELECT coalesce(max(ST_Area(ST_Intersection(s.geom, m.g)) / nullif(ST_Area(m.g), 0)), 0)
			FROM area_shape s JOIN area a ON a.code = s.code, (SELECT ST_MakeValid(ST_GeomFromEWKB($1)) AS g) m
			WHERE upper_inf(s.editions) AND a.level = $2 AND s.geom && m.g AND ($3 = '' OR s.code = $3)`,
			geom, coverage.Levels[f.Level-1].String(), im.namedParent(f)).Scan(&part)
		if err != nil {
			return 0, err
		}
		sum += part
	}
	return sum / float64(len(features)), nil
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
