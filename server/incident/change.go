package incident

import (
	"time"

	"jingwei/geo"
)

// Counted is what counts of an incident, wherever incidents are counted: nothing that tells it from another.
type Counted struct {
	Cell       geo.Cell  `json:"cell"` // resolution 12, as the table holds it
	ReportedAt time.Time `json:"reported_at"`
	Item       string    `json:"item"`
	Channel    Channel   `json:"channel"`
	Status     Status    `json:"status"`
	Codes      []string  `json:"codes"` // county … the owner; empty outside
}

// Change is what an event changes in the counts, for live.Entry.Change: From is what was, nil for a new incident, and To what is now.
type Change struct {
	From *Counted `json:"from,omitempty"`
	To   *Counted `json:"to,omitempty"`
}

func (i *Incident) counted() *Counted {
	return &Counted{Cell: i.Cell, ReportedAt: i.ReportedAt, Item: i.Item, Channel: i.Channel, Status: i.Status, Codes: append([]string{}, i.Codes...)}
}
