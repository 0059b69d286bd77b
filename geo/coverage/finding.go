package coverage

import "jingwei/geo"

// Reason says in a stable word what a Repair mended or what is wrong in a Finding.
type Reason string

// The reasons there are. Area, Other and Around are those of Repair and Finding.
const (
	Overlap       Reason = "overlap"        // Area and Other both cover a place
	Gap           Reason = "gap"            // no child of Area covers a place of it, Around lie beside; between tops, Area is ""
	Hole          Reason = "hole"           // Area, which has no parent, goes around a place that no area covers
	CrossesParent Reason = "crosses_parent" // Area sticks out of its parent Other
	SelfCrossing  Reason = "self_crossing"  // the border of Area crosses itself, or its rings cross: the inside is in doubt
	SelfTouch     Reason = "self_touch"     // the border of Area touches itself or runs back over itself
	MissingVertex Reason = "missing_vertex" // a border that Area shares lacks a vertex of its neighbour
	NotContiguous Reason = "not_contiguous" // Area has parts that do not hang together
	TooSmall      Reason = "too_small"      // Area is smaller than is usual
	Vanished      Reason = "vanished"       // nothing is left of Area, so narrow is it or so overlaid by others
)

// Repair is something that Clean mended. Place lies in it; AreaM2 is how much ground changed hands, 0 where only vertices
// were added; WidthM is about how wide it is.
type Repair struct {
	Reason Reason
	Area   string // that was changed; of a gap the one that got it, of an overlap and a part cut off the one that has it now
	Other  string // of an overlap and a part cut off the one that lost it; the parent that the area stuck out of
	Place  geo.Point
	AreaM2 float64
	WidthM float64
}

// Finding is something that does not fit. Place is where it is widest; AreaM2 and WidthM are its size, the width being the
// diameter of the largest circle inside, to a twentieth. Where a reason has no ground of its own, both are 0.
type Finding struct {
	Reason Reason
	Area   string
	Other  string
	Around []string // areas beside a gap, at most three, those with the longest common border first
	Place  geo.Point
	AreaM2 float64
	WidthM float64
}
