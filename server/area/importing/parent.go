package importing

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/geo/snap"
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

// findParents gives every feature its parent, and finds out which counties they are in.
func (im *importer) findParents(ctx context.Context) error {
	if im.opt.Level == coverage.County {
		return nil
	}
	above := coverage.Levels[im.opt.Level-1]
	if im.opt.Parent == "" {
		im.progress("parents", 0, len(im.features))
		if err := im.locateParents(ctx, above); err != nil {
			return err
		}
	}
	codes := map[string]bool{}
	for _, f := range im.features {
		codes[f.Parent] = true
	}
	parents, err := listIdentities(ctx, im.tx, slices.Collect(maps.Keys(codes)))
	if err != nil {
		return err
	}
	im.counties = map[string]string{}
	for _, f := range im.features {
		if f.Parent == "" {
			continue
		}
		parent := parents[f.Parent]
		if !parent.current || parent.level != above {
			im.tell(f, &defect{reason: UnknownParent, message: fmt.Sprintf("there is no %s %s to be its parent", above, f.Parent),
				remedy: fmt.Sprintf("import the areas of level %s first, or correct the property %q", above, im.opt.Parent)})
			continue
		}
		county := parent.county
		im.counties[f.Parent] = county
		if id, known := im.ids[f.Code]; known && id.current && id.level == f.Level && id.county != county {
			im.tell(f, &defect{reason: ForeignCode, message: fmt.Sprintf("the code belongs to county %s, the parent %s to county %s", id.county, f.Parent, county),
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

// locateParents finds for each feature the area of the level above that holds a point inside it.
func (im *importer) locateParents(ctx context.Context, above coverage.Level) error {
	if len(im.features) == 0 {
		return nil
	}
	points := make([]geo.Point, len(im.features))
	for i, f := range im.features {
		points[i] = pointInside(f.Shape)
	}
	rows, err := im.listNear(ctx, above, boxOf(points...))
	if err != nil {
		return err
	}
	areas := make([]coverage.Area, len(rows))
	for i, row := range rows {
		areas[i] = row.Area
		areas[i].Parent = ""
	}
	c, err := coverage.Build(areas)
	if err != nil {
		return err
	}
	index := snap.Build(c)
	for i, f := range im.features {
		owner := index.Locate(points[i])
		if owner == coverage.None {
			if err := im.tellNoParent(ctx, f, above); err != nil {
				return err
			}
			continue
		}
		if codes := holders(c, points[i]); len(codes) > 1 {
			im.tell(f, &defect{reason: AmbiguousParent, message: fmt.Sprintf("a point inside lies in each of the areas %s", strings.Join(codes, ", ")),
				remedy: "name the parent with --parent"})
			continue
		}
		f.Parent = c.Code(owner)
	}
	return nil
}

// listNear reads the areas of a level whose boxes meet a box.
func (im *importer) listNear(ctx context.Context, level coverage.Level, b bounds) ([]Row, error) {
	return listCurrent(ctx, im.tx, ofLevelIn, append(boxArgs(0, b), level.String())...)
}

// holders are the areas that p is inside of: several only where areas overlap.
func holders(c *coverage.Coverage, p geo.Point) (codes []string) {
	for id := range coverage.ID(c.Len()) {
		low, high := c.BoundsOf(id)
		if low.Lon <= p.Lon && p.Lon <= high.Lon && low.Lat <= p.Lat && p.Lat <= high.Lat && c.Area(id).Side(p) == geo.Inside {
			codes = append(codes, c.Code(id))
		}
	}
	return codes
}

// pointInside is a point well inside a shape; of a shape without area, or whose rings cancel, a vertex.
func pointInside(shape []coverage.Polygon) geo.Point {
	area := coverage.Area{Code: "1"}
	for _, polygon := range shape {
		rings := slices.DeleteFunc(slices.Clone(polygon), func(ring coverage.Ring) bool { return geo.TwiceArea(ring).Sign() == 0 })
		if len(rings) > 0 {
			area.Shape = append(area.Shape, rings)
		}
	}
	c, err := coverage.Build([]coverage.Area{area})
	if err != nil {
		return shape[0][0][0]
	}
	return c.Label(0)
}

// tellNoParent says why a feature lies in no area of the level above, as well as one can guess.
func (im *importer) tellNoParent(ctx context.Context, f *feature, above coverage.Level) error {
	d := &defect{reason: NoParent, message: fmt.Sprintf("no %s holds a point inside the area", above),
		remedy: fmt.Sprintf("import the areas of level %s first, or name the parent with --parent", above)}
	im.misplaced = append(im.misplaced, f)
	lat, lon := f.Shape[0][0][0].Degrees()
	if swapped, err := geo.PointOf(lon, lat); err == nil && im.ProblemCount < im.listed {
		rows, err := im.listNear(ctx, above, boxOf(swapped))
		if err != nil {
			return err
		}
		if slices.ContainsFunc(rows, func(row Row) bool { return row.Side(swapped) != geo.Outside }) {
			d.reason, d.message = SwappedAxes, fmt.Sprintf("the area lies in no %s, but with latitude and longitude swapped it would", above)
			d.remedy = "swap the axes: longitude comes first"
		}
	}
	im.tell(f, d)
	return nil
}
