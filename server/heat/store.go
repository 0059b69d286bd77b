package heat

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/geo"
	"jingwei/geo/hexbin"
	"jingwei/server/incident"
	"jingwei/server/live"
)

// Filling is how far a fill has come.
type Filling struct {
	Done  int64 `json:"done" doc:"Incidents that are counted; those of each hundred for who may not see all of the installation"`
	Total int64 `json:"total" doc:"Incidents that there are, about; 100 for who may not see all of the installation"`
}

// Percent is how many of a hundred incidents are counted.
func (f Filling) Percent() int64 { return 100 * f.Done / max(f.Total, 1) }

// progress is Filling under way.
type progress struct{ done, total atomic.Int64 }

func (p *progress) filling() *Filling {
	done := p.done.Load()
	return &Filling{done, max(done, p.total.Load())}
}

// snapshot is the instant that a fill shows: the events that it holds already.
type snapshot struct {
	seq        int64 // all with a number up to this
	unnumbered map[uuid.UUID]bool
}

// holds reports whether what an event tells of was there when the snapshot was taken.
func (s *snapshot) holds(e *live.Event) bool { return e.Seq <= s.seq || s.unnumbered[e.ID] }

// fill reads all incidents into a ledger, the newest month first, as they are at one instant. Cost: about 1 µs an incident and core.
//
// Nothing is missed and nothing counted twice: an event that is not in the snapshot has committed after it, and so has its incident. Numbers
// are given and committed under a lock, so all numbers up to the highest in the snapshot are in it; one that has none yet is known by its id.
func fill(ctx context.Context, pool *pgxpool.Pool, l *ledger, p *progress) (s snapshot, err error) {
	err = pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL statement_timeout = 0"); err != nil {
			return err
		}
		if s, err = takeSnapshot(ctx, tx); err != nil {
			return err
		}
		months, total, err := listMonths(ctx, tx)
		if err != nil {
			return err
		}
		p.total.Store(total)
		in := &intake{ledger: l, progress: p, owners: map[string]uint32{}, items: map[string]uint16{}, kinds: kindNumbers()}
		for _, month := range months {
			if err := in.read(ctx, tx, month); err != nil {
				return fmt.Errorf("incidents of %s: %w", month.Format("2006-01"), err)
			}
		}
		return nil
	})
	return s, err
}

func takeSnapshot(ctx context.Context, tx pgx.Tx) (snapshot, error) {
	s := snapshot{unnumbered: map[uuid.UUID]bool{}}
	if err := tx.QueryRow(ctx, `SELECT coalesce(max(seq), 0) FROM event`).Scan(&s.seq); err != nil {
		return s, err
	}
	rows, err := tx.Query(ctx, `SELECT id FROM event WHERE seq IS NULL`)
	if err != nil {
		return s, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	for _, id := range ids {
		s.unnumbered[id] = true
	}
	return s, err
}

// listMonths gives the months that have a partition, the newest first, and about how many incidents there are.
func listMonths(ctx context.Context, tx pgx.Tx) (months []time.Time, total int64, err error) {
	rows, err := tx.Query(ctx, `
		SELECT c.relname, greatest(c.reltuples, 0)::bigint FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = to_regclass('incident') ORDER BY c.relname DESC`)
	if err != nil {
		return nil, 0, err
	}
	var name string
	var about int64
	_, err = pgx.ForEachRow(rows, []any{&name, &about}, func() error {
		month, err := time.Parse("incident_2006_01", name)
		if err != nil {
			return fmt.Errorf("the partition %s is none of a month", name)
		}
		months, total = append(months, month), total+about
		return nil
	})
	return months, total, err
}

// Rows are put in order of time, which is how the table finds them soonest, so many at a time, and go into it in pieces, between which others
// can count.
const (
	sortedRows = 1 << 18
	pieceRows  = 1 << 14
)

// intake reads incidents from the binary form of COPY, which PostgreSQL makes and this reads without an allocation for each row.
type intake struct {
	ledger   *ledger
	progress *progress
	owners   map[string]uint32 // by the five codes as they come
	items    map[string]uint16
	kinds    [2]map[string]uint8 // numbers of channels and of steps

	started bool   // the header has come
	rest    []byte // a row of which not all has come
	rows    []hexbin.Row
}

func kindNumbers() (kinds [2]map[string]uint8) {
	kinds[0], kinds[1] = map[string]uint8{}, map[string]uint8{}
	for i, c := range channels {
		kinds[0][string(c)] = uint8(i)
	}
	for i, s := range statuses {
		kinds[1][string(s)] = uint8(i)
	}
	return kinds
}

// read copies one month. The range of ids is that of its partition, so that no other is looked at.
func (in *intake) read(ctx context.Context, tx pgx.Tx, month time.Time) error {
	in.started, in.rest = false, nil
	_, err := tx.Conn().PgConn().CopyTo(ctx, in, copyOf(month, month.AddDate(0, 1, 0)))
	if err != nil {
		return err
	}
	return in.flush()
}

// copyOf asks for the incidents of a range of time. COPY takes no parameters; the ids are made here.
func copyOf(from, to time.Time) string {
	return fmt.Sprintf(`COPY (SELECT reported_at, cell, channel, status, item, county, town, community, grid, micro FROM incident WHERE id >= '%s' AND id < '%s')
		TO STDOUT (FORMAT binary)`, incident.FloorID(from), incident.FloorID(to))
}

// Write takes the next bytes of a COPY.
func (in *intake) Write(data []byte) (int, error) {
	taken := len(data)
	if len(in.rest) > 0 {
		in.rest = append(in.rest, data...)
		data = in.rest
	}
	if !in.started {
		const header = 19 // signature, flags and the length of an extension, which there is none of
		if len(data) < header {
			in.rest = slices.Clone(data)
			return taken, nil
		}
		data, in.started = data[header:], true
	}
	for {
		n, err := in.row(data)
		if err != nil {
			return 0, err
		}
		if n == 0 {
			break
		}
		data = data[n:]
	}
	in.rest = append(in.rest[:0:0], data...)
	return taken, nil
}

// The columns of a row, in the order in which they are asked for.
const (
	columnAt = iota
	columnCell
	columnChannel
	columnStatus
	columnItem
	columnCounty // and the four levels below
	columns      = columnCounty + 5
)

var errCopy = errors.New("PostgreSQL sent something else than was asked for")

// row takes one row and gives its length; 0 where not all of it has come, or none follows.
func (in *intake) row(data []byte) (int, error) {
	if len(data) < 2 || binary.BigEndian.Uint16(data) == 0xffff {
		return 0, nil
	}
	if binary.BigEndian.Uint16(data) != columns {
		return 0, errCopy
	}
	var values [columns][]byte
	at, codes := 2, 0
	for i := range values {
		if i == columnCounty {
			codes = at
		}
		if len(data) < at+4 {
			return 0, nil
		}
		n := int(int32(binary.BigEndian.Uint32(data[at:])))
		at += 4
		if n < 0 {
			continue
		}
		if len(data) < at+n {
			return 0, nil
		}
		values[i] = data[at : at+n]
		at += n
	}
	owner, ok := in.owners[string(data[codes:at])]
	if !ok {
		owner = in.ledger.owner(chainOf(values[columnCounty:]))
		in.owners[string(data[codes:at])] = owner
	}
	item, ok := in.items[string(values[columnItem])]
	if !ok {
		if item, ok = in.ledger.item(string(values[columnItem])); !ok {
			return 0, fmt.Errorf("item %q is one too many", values[columnItem])
		}
		in.items[string(values[columnItem])] = item
	}
	channel, knownChannel := in.kinds[0][string(values[columnChannel])]
	status, knownStatus := in.kinds[1][string(values[columnStatus])]
	if !knownChannel || !knownStatus || len(values[columnAt]) != 8 || len(values[columnCell]) != 8 {
		return 0, fmt.Errorf("%w: channel %q, status %q, time %s", errCopy, values[columnChannel], values[columnStatus], hex.EncodeToString(values[columnAt]))
	}
	const year2000 = 946_684_800 // where PostgreSQL counts microseconds from
	micros := int64(binary.BigEndian.Uint64(values[columnAt]))
	in.rows = append(in.rows, hexbin.Row{
		Cell: geo.Cell(binary.BigEndian.Uint64(values[columnCell])), Minute: minuteOf(time.UnixMicro(micros).Add(year2000 * time.Second)),
		Owner: owner, Item: item, Channel: channel, Status: status,
	})
	if len(in.rows) == sortedRows {
		return at, in.flush()
	}
	return at, nil
}

func chainOf(codes [][]byte) []string {
	var chain []string
	for _, code := range codes {
		if len(code) > 0 {
			chain = append(chain, string(bytes.Clone(code)))
		}
	}
	return chain
}

func (in *intake) flush() error {
	slices.SortFunc(in.rows, func(a, b hexbin.Row) int { return cmp.Compare(a.Minute, b.Minute) })
	for piece := range slices.Chunk(in.rows, pieceRows) {
		if err := in.ledger.table.Add(piece); err != nil {
			return err
		}
		in.progress.done.Add(int64(len(piece)))
	}
	in.rows = in.rows[:0]
	return nil
}
