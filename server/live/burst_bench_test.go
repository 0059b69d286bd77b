package live

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"jingwei/server/access"
	"jingwei/server/db"
	"jingwei/server/db/dbtest"
)

// BenchmarkBurst numbers the events of a batch of 10,000 incidents, which committed at once, reads them and hands them to 2,000 readers, one
// in twenty of whom sees them.
func BenchmarkBurst(b *testing.B) {
	const batch = 10_000
	pool := dbtest.Open(b)
	hub := NewHub(pool)
	if err := hub.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	for i := range 2000 {
		actor := access.Nobody
		if i%20 == 0 {
			actor = holder(access.Viewer, "320282001")
		}
		hub.Subscribe(FilterOf(actor))
	}
	entries := make([]Entry, batch)
	for i := range entries {
		entries[i] = Entry{Kind: IncidentCreated, Areas: []string{"320282", "320282001", "320282001001", "320282001001001"}, Data: map[string]any{
			"id": "0190a5f2-7b1c-7d3e-9f00-112233445566", "title": "路面积水", "item": "flooding", "lon": 119.812345, "lat": 31.345678, "n": i,
		}}
	}
	conn, err := pool.Acquire(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Release()
	var numbering, handing time.Duration
	for b.Loop() {
		b.StopTimer()
		if err := db.InTx(b.Context(), pool, func(tx pgx.Tx) error { return Append(b.Context(), tx, entries...) }); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		began := time.Now()
		if err := number(b.Context(), conn); err != nil {
			b.Fatal(err)
		}
		numbered := time.Now()
		if err := hub.drain(b.Context(), conn); err != nil {
			b.Fatal(err)
		}
		numbering, handing = numbering+numbered.Sub(began), handing+time.Since(numbered)
	}
	b.ReportMetric(float64(numbering.Milliseconds())/float64(b.N), "number-ms")
	b.ReportMetric(float64(handing.Milliseconds())/float64(b.N), "hand-ms")
}
