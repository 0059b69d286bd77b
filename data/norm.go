package data

import _ "embed"

//go:embed norms.json
var normsJSON []byte

// Norm is the usual number of households in an area of a level, both ends included, and the size in square metres that an area
// of the level rarely falls below. Outside it an import or a check warns.
type Norm struct {
	Level     string  `json:"level"`
	Min       int     `json:"min"`
	Max       int     `json:"max"`
	MinAreaM2 float64 `json:"min_area_m2"`
}

// Norms lists the norms there are.
func Norms() ([]Norm, error) {
	var norms []Norm
	err := decode("norms.json", normsJSON, &norms)
	return norms, err
}
