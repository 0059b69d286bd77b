package incident

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"jingwei/server/web"
)

// RenumberedAfter is how far apart in time two reports with one number lie that cannot be the same, whatever they say: some sources begin to
// count again.
const RenumberedAfter = 24 * time.Hour

// TicketSource is the source of the hotline's tickets: their numbers are theirs, apart from those that others give to reports of the hotline's channel.
// Only package hotline reports under it.
const TicketSource = "ticket"

// source is whose number a report has.
func (r *Report) source() string {
	if r.Ticket {
		return TicketSource
	}
	return string(r.Channel)
}

// contentOf is the digest of what a report says: its item, place and words. The number of a source stands for that; when it was reported, the
// source's systems may tell in different ways.
func contentOf(r *Report) [32]byte {
	b := make([]byte, 0, len(r.Item)+len(r.Title)+len(r.Description)+32)
	b = binary.BigEndian.AppendUint32(b, uint32(r.Place.Lon))
	b = binary.BigEndian.AppendUint32(b, uint32(r.Place.Lat))
	for _, text := range []string{r.Item, r.Title, r.Description} {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	return sha256.Sum256(b)
}

// numbered is a report whose source gave it a number.
type numbered struct {
	source   string // Report.source
	number   string
	digest   [32]byte // contentOf
	county   string
	incident uuid.UUID
}

// known is what is stored under a number already.
type known struct {
	county   string
	incident uuid.UUID
	same     bool // what it says is what the later report says
}

// claimNumbers records the numbers of reports, and returns by the id of the report what was stored under its number before. Of two reports with
// one number the first has it.
func claimNumbers(ctx context.Context, tx pgx.Tx, reports []numbered, now time.Time) (map[uuid.UUID]known, error) {
	if len(reports) == 0 {
		return nil, nil
	}
	channels, numbers, digests := make([]string, len(reports)), make([]string, len(reports)), make([][]byte, len(reports))
	counties, ids := make([]string, len(reports)), make([]uuid.UUID, len(reports))
	for n := range reports {
		r := &reports[n]
		channels[n], numbers[n], digests[n], counties[n], ids[n] = r.source, r.number, r.digest[:], r.county, r.incident
	}
	// In one order everywhere, so that two groups never wait for each other.
	claimed, err := tx.Exec(ctx, `
		INSERT INTO incident_source (channel, number, digest, county, incident, created_at)
		SELECT n.channel, n.number, n.digest, n.county, n.incident, $6::timestamptz
		FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::uuid[]) WITH ORDINALITY AS n (channel, number, digest, county, incident, place)
		ORDER BY n.channel COLLATE "C", n.number COLLATE "C", n.place
		ON CONFLICT DO NOTHING`, channels, numbers, digests, counties, ids, now)
	if err != nil {
		return nil, fmt.Errorf("numbers of the sources: %w", err)
	}
	before := map[uuid.UUID]known{}
	if claimed.RowsAffected() == int64(len(reports)) {
		return before, nil
	}
	rows, err := tx.Query(ctx, `
		SELECT n.incident, n.digest = s.digest, s.county, s.incident
		FROM unnest($1::text[], $2::text[], $3::bytea[], $4::uuid[]) AS n (channel, number, digest, incident)
		JOIN incident_source s ON s.channel = n.channel AND s.number = n.number WHERE s.incident <> n.incident`, channels, numbers, digests, ids)
	if err != nil {
		return nil, fmt.Errorf("numbers of the sources: %w", err)
	}
	var own uuid.UUID
	var k known
	if _, err := pgx.ForEachRow(rows, []any{&own, &k.same, &k.county, &k.incident}, func() error {
		k.same = k.same && nearInTime(own, k.incident)
		before[own] = k
		return nil
	}); err != nil {
		return nil, fmt.Errorf("numbers of the sources: %w", err)
	}
	return before, nil
}

// knownAs is what a report that is stored under a number is for a later one with that number.
func knownAs(later, stored *numbered) known {
	return known{stored.county, stored.incident, later.digest == stored.digest && nearInTime(later.incident, stored.incident)}
}

// nearInTime tells whether what has two ids was reported no further apart than one report can be.
func nearInTime(a, b uuid.UUID) bool { return instantOf(a).Sub(instantOf(b)).Abs() <= RenumberedAfter }

// instantOf is when what has an id was reported, to the millisecond.
func instantOf(id uuid.UUID) time.Time {
	var ms [8]byte
	copy(ms[2:], id[:6])
	return time.UnixMilli(int64(binary.BigEndian.Uint64(ms[:])))
}

// numberReused is the problem of a number that stands for another report.
func numberReused(number string) *web.Problem {
	return web.NewProblem(web.NumberReused, "this number of the source was used for another report, with other words, place or time; give each report one of its own").
		At("body.source_number", number)
}
