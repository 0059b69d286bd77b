package data

import _ "embed"

//go:embed hotline_categories.json
var hotlineCategoriesJSON []byte

// HotlineCategories is the mapping of the 12345 hotline's categories to items, as a file that package hotline reads.
func HotlineCategories() []byte { return hotlineCategoriesJSON }
