// Package incident is the noun "incident" (事件): something reported at a point. It owns intake; what an incident becomes is the
// whistle's.
package incident

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/google/uuid"

	"jingwei/geo"
	"jingwei/server/snap"
)

// Channel is where a report came from.
type Channel string

// The channels, each with the source that uses it.
const (
	Resident       Channel = "resident"        // a resident, through a page
	Worker         Channel = "worker"          // a grid worker
	Courier        Channel = "courier"         // couriers and riders
	Hotline12345   Channel = "hotline_12345"   // the 12345 hotline
	Platform14     Channel = "platform_1_4"    // a town's "1+4" platform
	EnterpriseLine Channel = "enterprise_line" // the enterprise line 政企通
	Import         Channel = "import"          // a file
)

// Status is the step of the closed loop that an incident has reached.
type Status string

// The steps; the whistle moves an incident from one to the next.
const (
	Collected  Status = "collected"  // 事件收集
	Analysed   Status = "analysed"   // 分析研判
	Dispatched Status = "dispatched" // 精准派单
	Signed     Status = "signed"     // 签收处理
	FedBack    Status = "fed_back"   // 结果反馈
	Evaluated  Status = "evaluated"  // 工作评价
	Closed     Status = "closed"     // 事件办结
	Cancelled  Status = "cancelled"  // 作废
)

// Review says why somebody should look at where an incident lies; "" where nobody need.
type Review string

// The reasons. Intake gives them; whoever confirms or moves the pin takes them away, and so does the closing.
const (
	OutsideReview Review = "outside" // no area owns the place
	BorderReview  Review = "border"  // another area is nearer than the place is certain
)

// Incident is a stored report.
type Incident struct {
	ID          uuid.UUID // UUIDv7 of ReportedAt
	County      string    // "" outside every area
	ReportedAt  time.Time
	ReceivedAt  time.Time
	Channel     Channel
	Item        string // code
	Status      Status
	ClosedAt    *time.Time // of one that is closed or cancelled, and of no other
	Title       string
	Description string
	Place       geo.Point
	AccuracyM   *float64
	Cell        geo.Cell
	Snap        snap.Status
	Edition     int
	Codes       []string // county … the owner; empty outside
	Branch      string   // code; "" where none answers
	Review      Review
	Private     Private // of an incident that is about to be stored; never read back with it
}

// Report is what a writer sends.
type Report struct {
	ReportedAt  time.Time
	Channel     Channel
	Item        string // code
	Title       string
	Description string
	Place       geo.Point
	AccuracyM   *float64
	Photos      []uuid.UUID // uploads that wait for it
	Number      string      // the source's own, of the channel; "" where it has none
	Ticket      bool        // Number is the ticket's that the report is made of; only package hotline says so
	Private     Private     // of the reporter
}

// New is the incident that a report becomes once it is snapped. Its texts are masked; what they were is in Private where that changed them.
func New(id uuid.UUID, r Report, owner snap.Result, receivedAt time.Time) Incident {
	i := Incident{
		ID: id, ReportedAt: r.ReportedAt, ReceivedAt: receivedAt, Channel: r.Channel, Item: r.Item, Status: Collected,
		Title: r.Title, Description: r.Description, Place: r.Place, AccuracyM: r.AccuracyM,
		Cell: geo.CellAt(r.Place, geo.IncidentResolution), Snap: owner.Status, Edition: owner.Edition(), Codes: owner.Codes,
	}
	i.Private = r.Private
	i.maskTexts()
	if len(owner.Codes) > 0 {
		i.County = owner.Codes[0]
	}
	if owner.Branch != nil {
		i.Branch = owner.Branch.Code
	}
	return i
}

// maskTexts masks the texts, and keeps in Private what they were where that changes them; changed tells whether it did.
func (i *Incident) maskTexts() (changed bool) {
	if masked := i.Private.Mask(i.Title); masked != i.Title {
		i.Title, i.Private.Title, changed = masked, i.Title, true
	}
	if masked := i.Private.Mask(i.Description); masked != i.Description {
		i.Description, i.Private.Description, changed = masked, i.Description, true
	}
	return changed
}

// reviewedFor is how old an incident that comes in with many others may be and still be worth a look at its place.
const reviewedFor = 48 * time.Hour

// LookAt says whether somebody should look at where an incident lies, whose owner this is.
func (i *Incident) LookAt(owner snap.Result) {
	switch {
	case owner.Status == snap.Outside:
		i.Review = OutsideReview
	case i.AccuracyM != nil && owner.NearAnother(i.Place, *i.AccuracyM):
		i.Review = BorderReview
	}
}

// LookAtRecent is LookAt for an incident that comes in with many others, most of them old: only where somebody may still go there.
func (i *Incident) LookAtRecent(owner snap.Result, now time.Time) {
	if i.Status == Collected && !i.ReportedAt.Before(now.Add(-reviewedFor)) {
		i.LookAt(owner)
	}
}

// Reach moves an incident to a step, at an instant.
func (i *Incident) Reach(step Status, at time.Time) {
	i.Status, i.ClosedAt = step, nil
	if i.over() {
		i.ClosedAt, i.Review = &at, ""
	}
}

// NewID is a UUIDv7 of an instant. What is left of the id beside the milliseconds comes from SHA-256 of the content, so that
// the same content at the same instant has the same id and a repeat can be told.
func NewID(at time.Time, content []byte) uuid.UUID {
	sum := sha256.Sum256(content)
	id, floor := uuid.UUID(sum[:16]), FloorID(at)
	copy(id[:6], floor[:6])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

// FloorID is not above any UUIDv7 of an instant and of what comes later, and above all that come before. Months are divided by it.
func FloorID(at time.Time) (id uuid.UUID) {
	binary.BigEndian.PutUint64(id[:], uint64(at.UnixMilli())<<16)
	return id
}
