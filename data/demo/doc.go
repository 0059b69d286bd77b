// Package demo invents a county: boundaries, people, branches, stations and a year of incidents, all from one seed.
//
// Real are the names and codes of 宜兴市 and the rough places of its towns (data/yixing.json); everything else is made up, and
// every page that shows it carries the Notice. The package is pure: no clock, no files but the embedded ones, no database.
// The same seed gives the same county on the same architecture, to the last vertex.
//
// Frames: degrees are lon, lat (EPSG:4326) on the lattice of package geo; inside the generator "metres" are east and north
// of the county's middle in a plate carrée scaled by the cosine of that latitude (good to 0.3 % over the county).
package demo

// NoticeZH and NoticeEN go on every page that shows the demo county.
const (
	NoticeZH = "示意边界，非真实区划"
	NoticeEN = "Schematic boundaries, not the real divisions"
)
