// Package photo is the noun "photo": a picture that somebody reports with. What is uploaded is never kept as it came: it is decoded within
// bounds and written anew as a JPEG, so that nothing but its pixels survives. It knows no incident beyond the id.
package photo

import (
	"time"

	"github.com/google/uuid"
)

const (
	maxBytes  = 12 << 20   // of an upload
	maxPixels = 50_000_000 // of an upload
	maxSidePx = 2560       // of what is kept
	quality   = 85         // of the JPEG that is kept
	maxScans  = 50         // of a JPEG: each costs a look at all pixels, and cameras write at most a dozen

	maxDecoding = 200 << 20 // bytes that decoding one upload may take, and all that are decoded at the same time but for the small ones
	smallPixels = 4_000_000 // from here on an upload is not small
	smallRoom   = 100 << 20 // bytes that all small uploads that are decoded at the same time may take

	// MaxOfReport is how many photos one report may have.
	MaxOfReport = 5
	// KeptFor is how long an upload waits for a report.
	KeptFor = 24 * time.Hour

	maxWaiting        = 2 << 30 // bytes of all uploads that wait for a report
	maxWaitingAccount = 500     // uploads of one account that wait
	maxWaitingNetwork = 100     // uploads of one network address that wait
)

// Photo is a picture as it is kept.
type Photo struct {
	ID            uuid.UUID // UUIDv4: 122 bits that nobody guesses
	JPEG          []byte
	Width, Height int // pixels
}

// Position is where a picture says that it was taken, WGS-84, degrees. It is offered to the uploader and stored nowhere.
type Position struct {
	Lon float64 `json:"lon" doc:"EPSG:4326"`
	Lat float64 `json:"lat"`
}
