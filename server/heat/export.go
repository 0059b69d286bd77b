package heat

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// collection is what a view is as GeoJSON.
type collection struct {
	Type string `json:"type"`
	Told
	Total    int64     `json:"total"`
	Classes  []Class   `json:"classes"`
	Features []feature `json:"features"`
}

type feature struct {
	Type       string     `json:"type"`
	ID         string     `json:"id"`
	Geometry   geometry   `json:"geometry"`
	Properties properties `json:"properties"`
}

type geometry struct {
	Type        string         `json:"type"`
	Coordinates [][][2]float64 `json:"coordinates"`
}

type properties struct {
	Cell   string  `json:"cell"`
	Count  uint32  `json:"count"`
	Class  int     `json:"class"`
	Before *uint32 `json:"before,omitempty"`
	Diff   *int64  `json:"diff,omitempty"`
}

func (v *view) writeGeoJSON(w io.Writer, told Told) error {
	c := collection{Type: "FeatureCollection", Told: told, Total: v.total, Classes: v.classes(), Features: make([]feature, len(v.cells))}
	for i, cell := range v.cells {
		outline := cell.Boundary()
		ring := make([][2]float64, 0, len(outline)+1)
		for _, p := range append(outline, outline[0]) {
			lon, lat := p.Degrees()
			ring = append(ring, [2]float64{lon, lat})
		}
		p := properties{Cell: cell.String(), Count: v.counts[i], Class: v.class(i)}
		if v.before != nil {
			diff := v.diff(i)
			p.Before, p.Diff = &v.before[i], &diff
		}
		c.Features[i] = feature{"Feature", p.Cell, geometry{"Polygon", [][][2]float64{ring}}, p}
	}
	return json.NewEncoder(w).Encode(c)
}

// writeCSV gives the cells with their centres. Nothing in it was written by people, so no field can be taken for a formula.
func (v *view) writeCSV(w io.Writer) {
	header := "cell,lon,lat,count,class"
	if v.before != nil {
		header += ",before,diff"
	}
	fmt.Fprintln(w, header)
	for i, cell := range v.cells {
		lon, lat := cell.Center().Degrees()
		line := cell.String() + "," + strconv.FormatFloat(lon, 'f', 7, 64) + "," + strconv.FormatFloat(lat, 'f', 7, 64) + "," +
			strconv.FormatUint(uint64(v.counts[i]), 10) + "," + strconv.Itoa(v.class(i))
		if v.before != nil {
			line += "," + strconv.FormatUint(uint64(v.before[i]), 10) + "," + strconv.FormatInt(v.diff(i), 10)
		}
		fmt.Fprintln(w, line)
	}
}
