package live

import (
	"encoding/json"
	"time"
)

const (
	beatEvery = 3 * time.Second // on each stream: a page knows within 10 seconds that what it shows is old, also where this server hangs
	beatFresh = time.Second     // a beat is worked out once for all streams that send one in this time
)

// beat is what every stream says every few seconds.
type beat struct {
	at    time.Time
	frame []byte
}

// beatBody is a beat's data.
type beatBody struct {
	At      time.Time  `json:"at"`
	Flowing bool       `json:"flowing"`
	Since   *time.Time `json:"since,omitempty"`   // no events flow
	EndsAt  *time.Time `json:"ends_at,omitempty"` // the session, of a wall that cannot stay logged in
}

// beatNow is the beat of a stream, whose session ends at a time; the zero time is not said.
func (h *Hub) beatNow(endsAt time.Time) []byte {
	now := time.Now()
	if b := h.beat.Load(); b != nil && endsAt.IsZero() && now.Sub(b.at) < beatFresh {
		return b.frame
	}
	body := beatBody{At: now.UTC(), Flowing: true}
	if since, err := h.flowing(now); err != nil {
		since = since.UTC()
		body.Flowing, body.Since = false, &since
	}
	if !endsAt.IsZero() {
		body.EndsAt = &endsAt
	}
	data, err := json.Marshal(body)
	if err != nil {
		data = []byte(`{}`) // a year that JSON cannot say
	}
	made := &beat{now, append(append([]byte("event: beat\ndata: "), data...), "\n\n"...)}
	if endsAt.IsZero() {
		h.beat.Store(made)
	}
	return made.frame
}
