package data

import _ "embed"

//go:embed norms.json
var normsJSON []byte

// Norm is the usual number of households in an area of a level, both ends included. Outside it an import warns.
type Norm struct {
	Level string `json:"level"`
	Min   int    `json:"min"`
	Max   int    `json:"max"`
}

// Norms lists the norms there are.
func Norms() ([]Norm, error) {
	var norms []Norm
	err := decode("norms.json", normsJSON, &norms)
	return norms, err
}
