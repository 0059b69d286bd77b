package importing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/geo/coverage"
	"jingwei/server/access"
	"jingwei/server/db"
)

// importer is one run of Areas.
type importer struct {
	ledger
	opt      Options
	progress func(stage string, done, total int)
	tx       pgx.Tx

	features []*feature          // those of the file that can be used so far
	byCode   map[string]*feature // the same
	ids      map[string]identity // of the codes in the file, where the database knows them
	counties map[string]string   // of the features' parents
	last     map[string]Row      // areas of the last edition that the import can concern
	redrawn  map[string]bool     // areas of the file that are new, or of another shape or parent than in the last edition

	mended    []Repair
	misplaced []*feature // whose place does not fit their parent
}

// Areas imports the areas of a file: it reads r, mends and checks them, and publishes one new edition in one transaction, or changes
// nothing. name is the file's, for the note of the edition. progress may be nil; its stages are read, check, parents, borders and
// publish, and total is 0 where it is not known.
//
// The report is there also with an error; with ErrRefused it carries the problems. When every area of the file is as it is in the last
// edition already, no edition is made, and Report.Edition is 0.
func Areas(ctx context.Context, pool *pgxpool.Pool, r io.Reader, name string, opt Options, progress func(stage string, done, total int)) (*Report, error) {
	im := &importer{opt: opt, progress: progress, byCode: map[string]*feature{}}
	if err := access.Ask(ctx, access.DataImport, nil); err != nil {
		return &im.Report, err
	}
	if err := im.defaults(name); err != nil {
		return &im.Report, err
	}
	fatal, err := im.read(r)
	if err != nil {
		return &im.Report, fmt.Errorf("reading %s: %w", name, err)
	}
	if fatal != nil {
		im.problem(*fatal)
		return &im.Report, im.refused()
	}
	err = db.InLongTx(ctx, pool, func(tx pgx.Tx) error {
		im.tx = tx
		err := im.run(ctx)
		im.listMends()
		im.repairsDone(im.mended)
		if err != nil {
			return err
		}
		if opt.DryRun {
			return db.ErrRollback
		}
		return nil
	})
	return &im.Report, err
}

// defaults fills in and checks the options.
func (im *importer) defaults(name string) error {
	o := &im.opt
	switch {
	case o.Code == "" || o.Name == "":
		return errors.New("name the properties that hold the code and the name of an area (--code, --name)")
	case o.Level == coverage.County && o.Parent != "":
		return errors.New("a county has no parent: leave --parent out")
	case !(o.ToleranceM >= 0):
		return fmt.Errorf("the tolerance is %v m; it cannot be negative", o.ToleranceM)
	}
	if o.ToleranceM == 0 {
		o.ToleranceM = coverage.DefaultToleranceM
	}
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	if im.listed = o.Listed; im.listed == 0 {
		im.listed = maxListed
	}
	if o.Note == "" {
		o.Note = filepath.Base(name)
	}
	if im.progress == nil {
		im.progress = func(string, int, int) {}
	}
	return nil
}

// read takes all features in; what is wrong with one of them does not keep the others from being looked at.
func (im *importer) read(r io.Reader) (*Problem, error) {
	lines := map[string]*feature{}
	return readFeatures(r, &im.opt, func(raw rawFeature) {
		im.Read++
		if im.Read%500 == 0 {
			im.progress("read", im.Read, 0)
		}
		f := &feature{index: raw.index, line: raw.line, Area: coverage.Area{Level: im.opt.Level}}
		good := true
		tell := func(d *defect) {
			good = false
			im.problem(f.problem(d))
		}
		if raw.bad != nil {
			tell(raw.bad)
			if raw.properties == nil {
				return
			}
		}
		f.Shape, f.mended = tidyShape(raw.polygons)
		f.fill(&raw, &im.opt, tell)
		switch {
		case raw.bad != nil:
		case len(f.Shape) == 0:
			tell(&defect{reason: NoArea, message: "the polygon has fewer than three places on the lattice of 1 cm", remedy: "draw the area again, or take the feature out"})
		default:
			if d := checkAntimeridian(f.Shape); d != nil {
				tell(d)
			}
		}
		if f.Code != "" {
			if first := lines[f.Code]; first != nil {
				tell(&defect{reason: DuplicateCode, message: fmt.Sprintf("the code stands at feature %d already (%s)", first.index, first.Name),
					remedy: "give each area its own code; parts of one area belong into one MultiPolygon"})
			} else {
				lines[f.Code] = f
			}
			im.checkCodes(f, tell)
		}
		if d := checkNorm(f, im.opt.Norms); d != nil {
			im.warn(f.problem(d))
		}
		im.Vertices += vertices(f.Shape)
		if good {
			im.features = append(im.features, f)
			im.byCode[f.Code] = f
		}
	})
}

func (im *importer) checkCodes(f *feature, tell func(*defect)) {
	if im.opt.Codes != CN {
		return
	}
	bad, warning := checkChineseCode(f.Code, f.Level)
	if bad != nil {
		tell(bad)
	}
	if warning != nil {
		im.warn(f.problem(warning))
	}
	if f.Level == coverage.County && len(f.Shape) > 0 {
		if d := checkChina(f.Shape, f.Code); d != nil && d.reason == OutsideChina {
			im.warn(f.problem(d))
		} else if d != nil {
			tell(d)
		}
	}
}

// run does all that needs the database.
func (im *importer) run(ctx context.Context) error {
	if err := lockEditions(ctx, im.tx); err != nil {
		return err
	}
	number, err := nextEdition(ctx, im.tx, im.opt.Now)
	if errors.Is(err, ErrEffectiveBefore) {
		im.problem(Problem{Reason: EffectiveBefore, Message: err.Error(), Remedy: "choose a later instant"})
		return im.refused()
	}
	if err != nil {
		return err
	}
	im.progress("check", 0, 0)
	if err := im.checkIdentities(ctx); err != nil {
		return err
	}
	if err := im.findParents(ctx); err != nil {
		return fmt.Errorf("finding parents: %w", err)
	}
	if err := im.hintDatum(ctx); err != nil {
		return err
	}
	if im.ProblemCount > 0 {
		if err := im.checkShapes(); err != nil {
			return err
		}
		return im.refused()
	}
	if err := im.load(ctx); err != nil {
		return fmt.Errorf("loading the last edition: %w", err)
	}
	rows, err := im.fit(ctx)
	if err != nil {
		return err
	}
	if err := im.refused(); err != nil || len(rows) == 0 {
		return err
	}
	im.Edition = number
	im.progress("publish", 0, len(rows))
	_, err = Publish(ctx, im.tx, slices.Values(rows), Edition{EffectiveAt: im.opt.Now, PublishedAt: im.opt.Now, Note: im.opt.Note})
	if err == nil {
		im.progress("publish", len(rows), len(rows))
	}
	return err
}

func (im *importer) tell(f *feature, d *defect) { im.problem(f.problem(d)) }

// checkIdentities refuses codes that belong to another area.
func (im *importer) checkIdentities(ctx context.Context) (err error) {
	codes := make([]string, 0, len(im.features))
	for _, f := range im.features {
		codes = append(codes, f.Code)
	}
	if im.ids, err = listIdentities(ctx, im.tx, codes); err != nil {
		return err
	}
	for _, f := range im.features {
		id, known := im.ids[f.Code]
		switch {
		case !known:
		case id.level != f.Level:
			im.tell(f, &defect{reason: OtherLevel, message: fmt.Sprintf("the code is that of a %s", id.level), remedy: "check --level; a code belongs to one area for ever"})
		case !id.current:
			im.tell(f, &defect{reason: RetiredCode, message: "the code is that of an area which no longer exists", remedy: "give the area a new code; a retired code is never given again"})
		}
	}
	return nil
}

// listMends reports what was done to single rings.
func (im *importer) listMends() {
	for _, m := range mendWords {
		for _, f := range im.features {
			if f.mended&m.mend != 0 {
				im.mended = append(im.mended, Repair{Feature: f.index, Code: f.Code, What: m.word, Place: *anyPlace(f.Shape)})
			}
		}
	}
}

// load reads the areas of the last edition that the import can concern, and compares the file with them: the counties of which the
// file draws something, with all that is in them, and whatever of other counties lies beside them. A file of counties concerns all
// counties, as they can leave gaps together.
func (im *importer) load(ctx context.Context) error {
	im.last, im.redrawn = map[string]Row{}, map[string]bool{}
	read := func(which string, args ...any) error {
		rows, err := listCurrent(ctx, im.tx, which, args...)
		for _, row := range rows {
			im.last[row.Code] = row
		}
		return err
	}
	if im.opt.Level == coverage.County {
		if err := read(ofLevel, coverage.County.String()); err != nil {
			return err
		}
		im.compare()
	}
	drawn := map[string]bounds{} // of each county in which the file draws something
	for _, f := range im.features {
		county := im.counties[f.Parent]
		if f.Level == coverage.County {
			county = f.Code
			if !im.redrawn[county] {
				continue
			}
		}
		b, known := drawn[county]
		if !known {
			b = boxAround(f.Shape)
		}
		drawn[county] = b.join(boxAround(f.Shape))
	}
	if err := read(inCounty, slices.Collect(maps.Keys(drawn))); err != nil {
		return err
	}
	im.compare()
	for county, b := range drawn {
		if row, known := im.last[county]; known {
			drawn[county] = b.join(boxAround(row.Shape))
		}
	}
	if err := read(meetsBox, boxArgs(2*im.opt.ToleranceM, slices.Collect(maps.Values(drawn))...)...); err != nil {
		return err
	}
	for _, level := range coverage.Levels[1:] {
		maps.DeleteFunc(im.last, func(_ string, row Row) bool {
			_, known := im.last[row.Parent]
			return row.Level == level && !known
		})
	}
	return nil
}

// compare finds out which areas of the file are redrawn.
func (im *importer) compare() {
	for _, f := range im.features {
		if row, known := im.last[f.Code]; !known || row.Parent != f.Parent || !coverage.SameShape(row.Shape, f.Shape) {
			im.redrawn[f.Code] = true
		}
	}
}

// rows are the areas that an edition changes, in the order of their codes; areas are all with their new shapes.
func (im *importer) rows(areas []coverage.Area) []Row {
	var out []Row
	for _, area := range areas {
		row, known := im.last[area.Code]
		changed := !known || row.Parent != area.Parent || !coverage.SameShape(row.Shape, area.Shape)
		f := im.byCode[area.Code]
		if f == nil {
			if changed {
				im.Outside++
				row.Shape = area.Shape
				out = append(out, row)
			}
			continue
		}
		// What the file does not say stays.
		if f.kind == "" {
			f.kind = row.Kind
		}
		if f.households == nil {
			f.households = row.Households
		}
		if f.population == nil {
			f.population = row.Population
		}
		switch {
		case !known:
			im.Added++
		case changed || row.Name != f.Name || row.Kind != f.kind || !sameCount(row.Households, f.households) || !sameCount(row.Population, f.population):
			im.Changed++
		default:
			im.Unchanged++
			continue
		}
		out = append(out, Row{Area: area, Kind: f.kind, Households: f.households, Population: f.population})
	}
	return out
}

func sameCount(a, b *int) bool { return a == b || a != nil && b != nil && *a == *b }
