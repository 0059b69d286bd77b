// Package importing brings boundaries into PostGIS and out again: it reads GeoJSON, GeoJSON text sequences and TopoJSON, rounds every
// vertex to the lattice, repairs what can be repaired, checks the areas against their parents and neighbours, and publishes the result
// as one new edition. All or nothing: a file with a problem changes nothing.
//
// Frames: longitude, latitude in degrees on the lattice of 1e-7° (package geo). Lengths and areas in reports are metres and square
// metres on the mean sphere. How the file's areas stand to each other is decided in integers; only where that leaves a doubt is PostGIS
// asked for the exact overlay (residual.go says why that is sound).
//
// Answers about areas, HTTP and command-line flags do not belong here.
package importing

import (
	"errors"
	"fmt"
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
	ToleranceM float64                 // gaps, overlaps and repairs up to this width are let pass; 0 means DefaultToleranceM
	AllowGaps  bool                    // parts of a parent without an area are meant, and stay the parent's own
	Norms      map[coverage.Level]Norm // outside them is a warning
	DryRun     bool                    // everything but the commit
	Note       string                  // of the edition; "" means the file's name

	Now time.Time // the instant of publication, from which the edition is in effect; zero means the system's clock
}

// DefaultToleranceM is the width in metres up to which gaps and overlaps are taken for noise of drawing.
const DefaultToleranceM = 0.5

// maxListed bounds each list of a Report; the counts go on.
const maxListed = 100

// Report tells what an import read, mended, refused and did. The lists hold at most 100 entries; the counts are complete.
type Report struct {
	Read      int `json:"read"`     // features
	Vertices  int `json:"vertices"` // on the lattice, without closing and repeated ones
	Added     int `json:"added"`
	Changed   int `json:"changed"`
	Unchanged int `json:"unchanged"`
	Edition   int `json:"edition"` // the new edition, or the one that a dry run would have made; 0 when nothing changed

	RepairCount  int       `json:"repair_count"`
	ProblemCount int       `json:"problem_count"`
	WarningCount int       `json:"warning_count"`
	Repairs      []Repair  `json:"repairs"`
	Problems     []Problem `json:"problems"`
	Warnings     []Problem `json:"warnings"`
}

// Repair is something in a shape that was mended without asking.
type Repair struct {
	Feature      int        `json:"feature"` // 1 for the first
	Code         string     `json:"code"`
	What         string     `json:"what"` // open_ring, repeated_vertex, orientation, collapsed_ring, self_touch, shared_vertex
	Place        [2]float64 `json:"place"`
	AreaBeforeM2 float64    `json:"area_before_m2"`
	AreaAfterM2  float64    `json:"area_after_m2"`
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
	EffectiveBefore = "effective_before"
)

// ledger collects what is found; its lists stay short however bad the file is.
type ledger struct{ Report }

func (l *ledger) problem(p Problem) {
	l.ProblemCount++
	if len(l.Problems) < maxListed {
		l.Problems = append(l.Problems, p)
	}
}

func (l *ledger) warn(p Problem) {
	l.WarningCount++
	if len(l.Warnings) < maxListed {
		l.Warnings = append(l.Warnings, p)
	}
}

func (l *ledger) repair(r Repair) {
	l.RepairCount++
	if len(l.Repairs) < maxListed {
		l.Repairs = append(l.Repairs, r)
	}
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
