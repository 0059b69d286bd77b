// Package branch is the noun "branch" (党组织): the party organisations and which areas each answers for.
package branch

import "slices"

// Branch is a party organisation.
type Branch struct {
	Code      string `json:"code"`
	Name      string `json:"name"`
	Kind      string `json:"kind" enum:"work_committee,committee,general_branch,branch,group,centre_household"`
	Parent    string `json:"parent" doc:"Code of the branch above; empty at the top"`
	Secretary string `json:"secretary"`
	Phone     string `json:"phone" doc:"Telephone of the office"`
	Members   *int   `json:"members" doc:"Null where it is not known"`
	Invented  bool   `json:"invented" doc:"Demo data: the secretary is no real person"`
}

// Kinds of branch, from the widest to the smallest, with their Chinese names.
var Kinds = map[string]string{
	"work_committee": "党(工)委", "committee": "党委", "general_branch": "党总支", "branch": "党支部", "group": "党小组", "centre_household": "党员中心户",
}

// Directory says which branch answers for which area. It is immutable.
type Directory struct {
	Revision string // changes with any branch, so that what was made from a directory of this database can be told apart
	byCode   map[string]*Branch
	byArea   map[string]*Branch
}

// Answering is the branch that answers for the last area of a chain of codes (county first): its own, or that of the nearest area
// above. area is the code that the branch was named for.
func (d *Directory) Answering(chain []string) (b *Branch, area string) {
	for _, code := range slices.Backward(chain) {
		if b, ok := d.byArea[code]; ok {
			return b, code
		}
	}
	return nil, ""
}

// Find a branch by its code.
func (d *Directory) Find(code string) (*Branch, bool) {
	b, ok := d.byCode[code]
	return b, ok
}

// Assignment gives an area to the branch that answers for it.
type Assignment struct{ Area, Branch string }
