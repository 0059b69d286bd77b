// Package snap is the verb that everything hangs on (归格): a point becomes the one chain of areas that owns it and the branch that
// answers. It joins area and branch and stores nothing.
package snap

import (
	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/area"
	"jingwei/server/branch"
)

// Status says how a point came to its owner.
type Status string

// The ways a point can come to an owner, and to none.
const (
	Owned    Status = "owned"    // it lies in the area
	Inferred Status = "inferred" // it lies outside everything; the nearest area within the tolerance owns it
	Outside  Status = "outside"  // no area is near enough
)

// Result is the owner of a point in one edition.
type Result struct {
	Status     Status
	DistanceM  float64 // to the owner; 0 where it lies inside
	Owner      coverage.ID
	Codes      []string // county … the owner; empty outside
	Branch     *branch.Branch
	BranchArea string // the area that the branch was named for
	atlas      *area.Atlas
}

// resultOf says what the owner of a point means; toleranceM is how far outside everything a point may lie and still be owned.
func resultOf(atlas *area.Atlas, directory *branch.Directory, p geo.Point, owner coverage.ID, toleranceM float64) Result {
	r := Result{Status: Owned, Owner: owner, atlas: atlas}
	if r.Owner < 0 {
		r.Status = Outside
		if toleranceM > 0 {
			if id, distance := atlas.Index.Nearest(p, toleranceM); id >= 0 {
				r.Status, r.Owner, r.DistanceM = Inferred, id, distance
			}
		}
	}
	if r.Status != Outside {
		r.Codes = atlas.Codes(r.Owner)
		r.Branch, r.BranchArea = directory.Answering(r.Codes)
	}
	return r
}

// LocateAll snaps points, in order, by a given edition and directory, on all cores.
func LocateAll(atlas *area.Atlas, directory *branch.Directory, points []geo.Point, toleranceM float64) []Result {
	owners := make([]coverage.ID, len(points))
	atlas.Index.LocateAll(points, owners)
	results := make([]Result, len(points))
	for i, p := range points {
		results[i] = resultOf(atlas, directory, p, owners[i], toleranceM)
	}
	return results
}

// NearAnother tells whether the place p, whose result this is, lies within radiusM metres of what another area owns, or of the outside.
func (r Result) NearAnother(p geo.Point, radiusM float64) bool {
	return len(r.atlas.Index.Others(p, radiusM)) > 0
}

// Edition that answered.
func (r Result) Edition() int { return r.atlas.Edition.Number }
