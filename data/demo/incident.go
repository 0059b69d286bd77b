package demo

import (
	"iter"
	"time"

	"jingwei/geo"
)

// IncidentConfig says which year of incidents to make.
type IncidentConfig struct {
	Seed  uint64
	Count int
	Until time.Time // the incidents lie in the 365 days before it
}

// Incident is one report. Its fields are those of table incident, before it is snapped.
type Incident struct {
	ID          [16]byte // UUIDv7 of ReportedAt; its random part comes from the seed and the running number
	ReportedAt  time.Time
	ReceivedAt  time.Time
	Channel     string
	Item        string // code of data.Items
	Status      string
	Title       string
	Description string
	Point       geo.Point // WGS-84; a few in a thousand lie outside the county, as they do in life
	AccuracyM   float32
}

// Incidents yields Count incidents in the order of the hours in which they were reported.
func (c *County) Incidents(cfg IncidentConfig) iter.Seq[Incident] {
	return func(yield func(Incident) bool) {}
}

// Generate makes the county of a seed.
func Generate(cfg Config) (*County, error) { return nil, nil }
