package importing

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"jingwei/geo"
	"jingwei/geo/coverage"
)

// checkAntimeridian refuses an edge that goes around the world the long way.
func checkAntimeridian(shape []coverage.Polygon) *defect {
	for _, polygon := range shape {
		for _, ring := range polygon {
			a := ring[len(ring)-1]
			for _, b := range ring {
				if math.Abs(float64(a.Lon)-float64(b.Lon)) > 180*geo.UnitsPerDegree {
					return &defect{reason: Antimeridian, message: "an edge crosses the antimeridian", at: place(a),
						remedy: "cut the polygon at 180° into a MultiPolygon (RFC 7946, section 3.1.9; ogr2ogr -wrapdateline)"}
				}
				a = b
			}
		}
	}
	return nil
}

// china is a box around the country, in degrees: west, south, east, north.
var china = [4]float64{73, 3, 136, 54}

// checkChina looks where a county with a Chinese code lies.
func checkChina(shape []coverage.Polygon, code string) *defect {
	x, y := shape[0][0][0].Degrees()
	inside := func(x, y float64) bool { return china[0] <= x && x <= china[2] && china[1] <= y && y <= china[3] }
	switch {
	case inside(x, y):
		return nil
	case inside(y, x):
		return &defect{reason: SwappedAxes, message: fmt.Sprintf("(%v, %v) lies outside China, but with latitude and longitude swapped it would not", x, y),
			remedy: "swap the axes: longitude comes first"}
	}
	return &defect{reason: OutsideChina, message: fmt.Sprintf("the code %s is that of a Chinese county, (%v, %v) is not in China", code, x, y),
		remedy: "check the coordinates, or import with --codes free"}
}

// findParents gives every feature its parent, and loads the parents.
func (im *importer) findParents(ctx context.Context) error {
	im.parents, im.counties = map[string]*cell{}, map[string]string{}
	if im.opt.Level == coverage.County {
		return nil
	}
	above := coverage.Levels[im.opt.Level-1]
	if im.opt.Parent == "" {
		im.progress("parents", 0, len(im.features))
		found, err := listParents(ctx, im.tx, above)
		if err != nil {
			return err
		}
		for n, f := range im.features {
			switch codes := found[n]; len(codes) {
			case 1:
				f.Parent = codes[0]
			case 0:
				if err := im.tellNoParent(ctx, f, above); err != nil {
					return err
				}
			default:
				im.tell(f, &defect{reason: AmbiguousParent, message: fmt.Sprintf("a point inside lies in each of the areas %s", strings.Join(codes, ", ")),
					remedy: "name the parent with --parent"})
			}
		}
	}
	if err := im.loadParents(ctx, above); err != nil {
		return err
	}
	for _, f := range im.features {
		if f.Parent == "" {
			continue
		}
		parent, known := im.parents[f.Parent]
		if !known {
			im.tell(f, &defect{reason: UnknownParent, message: fmt.Sprintf("there is no %s %s to be its parent", above, f.Parent),
				remedy: fmt.Sprintf("import the areas of level %s first, or correct the property %q", above, im.opt.Parent)})
			continue
		}
		if id, known := im.ids[f.Code]; known && id.current && id.level == f.Level && id.county != im.counties[parent.code] {
			im.tell(f, &defect{reason: ForeignCode, message: fmt.Sprintf("the code belongs to county %s, the parent %s to county %s", id.county, parent.code, im.counties[parent.code]),
				remedy: "give the area a new code; a code stays in its county"})
		}
		if im.opt.Codes == CN && !strings.HasPrefix(f.Code, f.Parent) {
			message := fmt.Sprintf("the code does not begin with that of its parent %s", f.Parent)
			if im.opt.Parent == "" {
				message = fmt.Sprintf("the area lies in %s, but its code does not begin with %s", f.Parent, f.Parent)
			}
			im.tell(f, &defect{reason: ForeignCode, message: message, remedy: "correct the code or the place, or import with --codes free"})
			if im.opt.Parent == "" {
				im.misplaced = append(im.misplaced, f)
			}
		}
	}
	im.progress("parents", len(im.features), len(im.features))
	return nil
}

// loadParents reads the areas of the level above that features name.
func (im *importer) loadParents(ctx context.Context, above coverage.Level) error {
	var codes []string
	for _, f := range im.features {
		if f.Parent != "" {
			codes = append(codes, f.Parent)
		}
	}
	slices.Sort(codes)
	codes = slices.Compact(codes)
	rows, err := listCurrent(ctx, im.tx, withCode, codes)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.Level == above {
			im.parents[row.Code] = &cell{code: row.Code, shape: row.Shape}
		}
	}
	identities, err := listIdentities(ctx, im.tx, codes)
	if err != nil {
		return err
	}
	for code, id := range identities {
		im.counties[code] = id.county
	}
	return nil
}

// tellNoParent says why a feature lies in no area of the level above, as well as one can guess.
func (im *importer) tellNoParent(ctx context.Context, f *feature, above coverage.Level) error {
	d := &defect{reason: NoParent, message: fmt.Sprintf("no %s holds a point inside the area", above),
		remedy: fmt.Sprintf("import the areas of level %s first, or name the parent with --parent", above)}
	im.misplaced = append(im.misplaced, f)
	lat, lon := f.Shape[0][0][0].Degrees()
	if math.Abs(lat) <= 90 && im.ProblemCount < maxListed {
		var held bool
		err := im.tx.QueryRow(ctx, `
			SELECT EXISTS (SELECT FROM area_shape s JOIN area a ON a.code = s.code
				WHERE upper_inf(s.editions) AND a.level = $1 AND ST_Intersects(s.geom, ST_SetSRID(ST_MakePoint($2, $3), 4326)))`,
			above.String(), lon, lat).Scan(&held)
		if err != nil {
			return err
		}
		if held {
			d.reason, d.message = SwappedAxes, fmt.Sprintf("the area lies in no %s, but with latitude and longitude swapped it would", above)
			d.remedy = "swap the axes: longitude comes first"
		}
	}
	im.tell(f, d)
	return nil
}
