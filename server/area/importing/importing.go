// Package importing brings boundaries into PostGIS and out again: it reads GeoJSON, GeoJSON text sequences and TopoJSON, rounds every
// vertex to the lattice, puts the areas in their place among those of the last edition, lets coverage.Clean make all of them fit, and
// publishes what has changed as one new edition. All or nothing: a file with a problem changes nothing.
//
// Frames: longitude, latitude in degrees on the lattice of 1e-7° (package geo). Lengths and areas in reports are metres and square
// metres on the mean sphere. How areas stand to each other is decided in integers, here and not in PostGIS, which only keeps them.
//
// Answers about areas, HTTP and command-line flags do not belong here.
package importing

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"jingwei/geo"
	"jingwei/geo/coverage"
)

// ErrRefused tells that the report carries problems and that nothing was imported.
var ErrRefused = errors.New("nothing was imported")

// CodeRule says how the codes of areas are made.
type CodeRule uint8

// The rules there are.
const (
	CN   CodeRule = iota // 6, 9, 12, 15 or 17 digits by level, each code extending its parent's
	Free                 // up to 32 characters without blanks and control characters
)

// ParseCodeRule reads a rule's word.
func ParseCodeRule(s string) (CodeRule, error) {
	switch s {
	case "", "cn":
		return CN, nil
	case "free":
		return Free, nil
	}
	return CN, fmt.Errorf("no code rule %q: use cn or free", s)
}

// Norm is the usual number of households in an area of a level, both ends included.
type Norm struct{ Min, Max int }

// Options say how a file is to be read. The zero value of a field is its default.
type Options struct {
	Level coverage.Level // every area of the file has this level

	// Names of the features' properties. Code and Name are needed; the code property "id" falls back to the feature's own id.
	// Without Parent the parent is found by a point inside the area. Without the others an area keeps the values it has.
	Code, Name, Parent, Households, Population, Kind string

	Layer      string                  // the object of a TopoJSON file; needed when it has several
	Datum      geo.Datum               // the frame of the file's coordinates
	Codes      CodeRule                // how codes are made
	ToleranceM float64                 // gaps, overlaps and the like up to this width are mended; 0 means coverage.DefaultToleranceM
	AllowGaps  bool                    // parts of a parent without an area are meant, and stay the parent's own
	Norms      map[coverage.Level]Norm // outside them is a warning
	DryRun     bool                    // everything but the commit
	Note       string                  // of the edition; "" means the file's name
	Listed     int                     // how many entries each list of the report has at most; 0 means 100

	Now time.Time // the instant of publication, from which the edition is in effect; zero means the system's clock
}

// maxListed bounds each list of a Report where Options do not; the counts go on.
const maxListed = 100

// Report tells what an import read, mended, refused and did. The lists hold at most Options.Listed entries, of repairs the largest;
// the counts are complete.
type Report struct {
	Read      int `json:"read"`     // features
	Vertices  int `json:"vertices"` // on the lattice, without closing and repeated ones
	Added     int `json:"added"`
	Changed   int `json:"changed"`
	Unchanged int `json:"unchanged"`
	Outside   int `json:"outside"` // areas that are not in the file and were changed so that all fit
	Edition   int `json:"edition"` // the new edition, or the one that a dry run would have made; 0 when nothing changed

	RepairCount  int          `json:"repair_count"`
	ProblemCount int          `json:"problem_count"`
	WarningCount int          `json:"warning_count"`
	RepairKinds  []RepairKind `json:"repair_kinds"`
	Repairs      []Repair     `json:"repairs"`
	Problems     []Problem    `json:"problems"`
	Warnings     []Problem    `json:"warnings"`
}

// Repair is something that was mended without asking.
type Repair struct {
	Feature int        `json:"feature,omitempty"` // 1 for the first; 0 where the area is not in the file
	Code    string     `json:"code"`              // of the area that was changed; of ground that changed hands, who has it now
	Other   string     `json:"other,omitempty"`   // who lost it, or the parent that the area stuck out of
	What    string     `json:"what"`              // a reason of package coverage, or open_ring, repeated_vertex, orientation, collapsed_ring
	Place   [2]float64 `json:"place"`             // longitude, latitude
	AreaM2  float64    `json:"area_m2"`           // of the ground that changed hands; 0 where only vertices did
	WidthM  float64    `json:"width_m"`
}

// RepairKind sums up all repairs of a kind.
type RepairKind struct {
	What   string  `json:"what"`
	Count  int     `json:"count"`
	AreaM2 float64 `json:"area_m2"`
	WidthM float64 `json:"width_m"` // the widest
}

// Problem is a reason to refuse a file, or in Report.Warnings a reason to look twice.
type Problem struct {
	Feature int         `json:"feature,omitempty"` // 1 for the first; 0 where the file as a whole is meant, or an area that is not in it
	Line    int         `json:"line,omitempty"`    // where the feature begins; 0 where that is not known
	Code    string      `json:"code,omitempty"`    // of the area
	Place   *[2]float64 `json:"place,omitempty"`   // longitude, latitude
	Reason  string      `json:"reason"`            // stable, for programs: one of the constants below
	Message string      `json:"message"`           // for people
	Remedy  string      `json:"remedy"`
}

// String is the problem in one line.
func (p Problem) String() string {
	var b strings.Builder
	if p.Feature > 0 {
		fmt.Fprintf(&b, "feature %d", p.Feature)
		if p.Code != "" {
			fmt.Fprintf(&b, " (%s)", p.Code)
		}
	} else if p.Code != "" {
		fmt.Fprintf(&b, "area %s", p.Code)
	}
	if p.Line > 0 {
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "line %d", p.Line)
	}
	if p.Place != nil {
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "at %.7f,%.7f", p.Place[0], p.Place[1])
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	fmt.Fprintf(&b, "%s [%s]", p.Message, p.Reason)
	if p.Remedy != "" {
		b.WriteString(" → " + p.Remedy)
	}
	return b.String()
}

// Reasons of problems and warnings.
const (
	// The file as a whole.
	EmptyFile     = "empty_file"
	NotJSON       = "not_json"
	NotUTF8       = "not_utf8"
	UnknownFormat = "unknown_format"
	TooBig        = "too_big"
	NoFeatures    = "no_features"
	UnknownLayer  = "unknown_layer"
	WrongCRS      = "wrong_crs"
	BadTopology   = "bad_topology"

	// A feature's shape.
	NotAFeature     = "not_a_feature"
	NoGeometry      = "no_geometry"
	NotAPolygon     = "not_a_polygon"
	BadCoordinates  = "bad_coordinates"
	CoordinateRange = "coordinate_range"
	SwappedAxes     = "swapped_axes"
	Antimeridian    = "antimeridian"
	NoArea          = "no_area"
	SelfCrossing    = "self_crossing"

	// Its properties.
	NoCode         = "no_code"
	BadCode        = "bad_code"
	CodeOutOfRange = "code_out_of_range"
	NoName         = "no_name"
	BadName        = "bad_name"
	BadNumber      = "bad_number"
	BadKind        = "bad_kind"
	DuplicateCode  = "duplicate_code"
	OtherLevel     = "other_level"
	RetiredCode    = "retired_code"
	OutsideNorm    = "outside_norm"

	// How it stands to others.
	UnknownParent   = "unknown_parent"
	NoParent        = "no_parent"
	AmbiguousParent = "ambiguous_parent"
	ForeignCode     = "foreign_code" // the code does not extend the parent's
	OutsideParent   = "outside_parent"
	CrossesParent   = "crosses_parent"
	ChildrenOutside = "children_outside"
	LooksLikeDatum  = "looks_like_datum"
	OutsideChina    = "outside_china"
	Overlap         = "overlap"
	Gap             = "gap"
	Hole            = "hole"
	Vanished        = "vanished" // nothing is left of the area
	EffectiveBefore = "effective_before"
)

// String is the repair in one line.
func (r Repair) String() string {
	size := fmt.Sprintf("%s m², up to %.2f m wide", squareMetres(r.AreaM2), r.WidthM)
	var what string
	switch r.What {
	case string(coverage.Overlap):
		what = fmt.Sprintf("%s keeps what %s covered too: %s", r.Code, r.Other, size)
	case string(coverage.Gap):
		what = fmt.Sprintf("%s takes a gap: %s", r.Code, size)
	case string(coverage.CrossesParent):
		what = fmt.Sprintf("%s now ends at its parent %s, out of which it stuck: %s", r.Code, r.Other, size)
	case string(coverage.NotContiguous):
		what = fmt.Sprintf("%s takes a crumb cut off from %s: %s", r.Code, r.Other, size)
	case string(coverage.SelfCrossing):
		what = fmt.Sprintf("a loop in the border of %s: %s", r.Code, size)
	case string(coverage.SelfTouch):
		what = fmt.Sprintf("the border of %s touched itself or ran back over itself", r.Code)
	case string(coverage.MissingVertex):
		what = fmt.Sprintf("%s takes over a vertex of its neighbour", r.Code)
	case collapsedRing:
		what = fmt.Sprintf("a ring of %s had no area and was dropped", r.Code)
	case openRing:
		what = fmt.Sprintf("a ring of %s was not closed", r.Code)
	case repeatedVertex:
		what = fmt.Sprintf("a ring of %s had a vertex twice in a row", r.Code)
	case orientation:
		what = fmt.Sprintf("a ring of %s ran the other way round", r.Code)
	}
	at := fmt.Sprintf("at %.7f,%.7f: %s [%s]", r.Place[0], r.Place[1], what, r.What)
	if r.Feature > 0 {
		return fmt.Sprintf("feature %d, %s", r.Feature, at)
	}
	return at
}

// ledger collects what is found; its lists stay short however bad the file is.
type ledger struct {
	Report
	listed int // of each list at most
}

func (l *ledger) problem(p Problem) {
	l.ProblemCount++
	if len(l.Problems) < l.listed {
		l.Problems = append(l.Problems, p)
	}
}

func (l *ledger) warn(p Problem) {
	l.WarningCount++
	if len(l.Warnings) < l.listed {
		l.Warnings = append(l.Warnings, p)
	}
}

// repairsDone sums up what was mended.
func (l *ledger) repairsDone(all []Repair) {
	l.RepairCount = len(all)
	at := map[string]int{}
	for _, r := range all {
		i, known := at[r.What]
		if !known {
			i = len(l.RepairKinds)
			at[r.What] = i
			l.RepairKinds = append(l.RepairKinds, RepairKind{What: r.What})
		}
		kind := &l.RepairKinds[i]
		kind.Count++
		kind.AreaM2 += r.AreaM2
		kind.WidthM = max(kind.WidthM, r.WidthM)
	}
	slices.SortStableFunc(l.RepairKinds, func(a, b RepairKind) int { return cmp.Compare(b.AreaM2, a.AreaM2) })
	slices.SortStableFunc(all, func(a, b Repair) int { return cmp.Compare(b.AreaM2, a.AreaM2) })
	l.Repairs = slices.Clone(all[:min(len(all), l.listed)])
}

// refused is ErrRefused with the count, nil while there is no problem.
func (l *ledger) refused() error {
	switch l.ProblemCount {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("%w: 1 problem", ErrRefused)
	}
	return fmt.Errorf("%w: %d problems", ErrRefused, l.ProblemCount)
}
