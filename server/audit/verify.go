package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/access"
)

// Hash is what a link says of all rows up to its own.
type Hash [sha256.Size]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// ParseHash reads 64 hexadecimal digits.
func ParseHash(text string) (h Hash, err error) {
	decoded, err := hex.DecodeString(text)
	if err != nil || len(decoded) != len(h) {
		return h, fmt.Errorf("%q is no hash of the audit log: it has 64 hexadecimal digits", text)
	}
	return Hash(decoded), nil
}

// Head is a link, and so the state of the log when it was the last one.
type Head struct {
	Seq  int64
	Hash Hash
	At   time.Time // of its row; zero where that is not known
}

// Finding is something that is wrong with the log.
type Finding struct {
	Seq     int64     // number of the link; 0 where there is none
	ID      uuid.UUID // of the row; uuid.Nil where it is not known
	At      time.Time // of the row, or of its id
	Problem string
}

// String is a line for people.
func (f Finding) String() string {
	text := f.Problem
	if f.ID != uuid.Nil {
		text = "row " + f.ID.String() + " of " + f.At.UTC().Format(time.RFC3339Nano) + ": " + text
	}
	if f.Seq != 0 {
		text = "link " + strconv.FormatInt(f.Seq, 10) + ": " + text
	}
	return text
}

// maxFindings is how many findings a verification keeps; all are counted.
const maxFindings = 100

// Verification is what was found.
type Verification struct {
	Head     Head // zero where the log is empty
	Ended    time.Time
	Found    int       // how many things are wrong
	Findings []Finding // the first of them
	Detached int64     // links whose rows have left the database with a month that is older than Keep, and so were not looked at
}

// Broken tells whether anything is wrong.
func (v *Verification) Broken() bool { return v.Found > 0 }

func (v *Verification) find(seq int64, id uuid.UUID, at time.Time, format string, args ...any) {
	if v.Found++; len(v.Findings) < maxFindings {
		v.Findings = append(v.Findings, Finding{seq, id, at, fmt.Sprintf(format, args...)})
	}
}

// VerifyOptions are what a verification is told.
type VerifyOptions struct {
	Heads    []Head                  // must lie on the chain; Seq 0: anywhere
	Progress func(done, total int64) // links; may be nil
}

// KeepMonths is how long rows stay in the database at least. Nothing in this program takes any away.
const KeepMonths = 6

// lateAfter is how old a row may be that has no link yet.
const lateAfter = time.Minute

// Verify computes the whole chain anew, in Go, from the rows, and looks for rows without a link. 3 µs a row; it holds no lock and
// writers do not notice it. An error says that it could not look; what it found is in the Verification.
func (s *Service) Verify(ctx context.Context, o VerifyOptions) (*Verification, error) {
	if err := access.Ask(ctx, access.AuditRead, nil); err != nil {
		return nil, err
	}
	if err := link(ctx, s.pool); err != nil {
		return nil, err
	}
	v := &Verification{}
	var err error
	if v.Head, _, err = findHead(ctx, s.pool); err != nil {
		return nil, err
	}
	check := &check{v: v, wanted: o.Heads, found: make([]bool, len(o.Heads)), keepFrom: s.now().AddDate(0, -KeepMonths, 0)}
	if check.months, err = listMonths(ctx, s.pool); err != nil {
		return nil, err
	}
	for check.last < v.Head.Seq {
		if o.Progress != nil {
			o.Progress(check.last, v.Head.Seq)
		}
		if err := check.batch(ctx, s.pool); err != nil {
			return nil, err
		}
	}
	check.heads()
	if err := s.findUnlinked(ctx, v); err != nil {
		return nil, err
	}
	if o.Progress != nil {
		o.Progress(v.Head.Seq, v.Head.Seq)
	}
	v.Ended = s.now()
	return v, nil
}

// check walks along the chain.
type check struct {
	v        *Verification
	last     int64 // number of the last link that was looked at
	hash     Hash  // what that link says
	known    bool  // that link was there
	wanted   []Head
	found    []bool
	months   map[string]bool // partitions
	keepFrom time.Time
}

// chained is a link with its row. Texts are as PostgreSQL writes them; a column that was made null is nil.
type chained struct {
	seq     int64
	county  string
	id      uuid.UUID
	hash    []byte
	there   bool // the row is
	at      pgtype.Timestamptz
	columns [15]*string // in the order of the table; "at" is filled in from at
}

// batch looks at the next links.
func (c *check) batch(ctx context.Context, pool *pgxpool.Pool) error {
	rows, err := pool.Query(ctx, `
		SELECT l.seq, l.county, l.id, l.hash, a.county IS NOT NULL, a.at, a.county, a.id::text, NULL::text, a.account::text, a.login, a.via, a.address, a.request, a.action,
			a.object, a.areas::text, a.outcome, a.reason, a.before::text, a.after::text
		FROM (SELECT * FROM audit_link WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT 5000) l
		LEFT JOIN LATERAL (SELECT * FROM audit r WHERE r.id = l.id AND r.county = l.county OFFSET 0) a ON true
		ORDER BY l.seq`, c.last, c.v.Head.Seq)
	if err != nil {
		return err
	}
	var l chained
	into := []any{&l.seq, &l.county, &l.id, &l.hash, &l.there, &l.at}
	for i := range l.columns {
		into = append(into, &l.columns[i])
	}
	tag, err := pgx.ForEachRow(rows, into, func() error { c.link(&l); return nil })
	if err == nil && tag.RowsAffected() == 0 { // the last links went away while we looked
		c.gap(c.v.Head.Seq + 1)
		c.last = c.v.Head.Seq
	}
	return err
}

// link looks at one link. Whatever is wrong with it, the next one is judged by what this one says, so that one alteration is one finding.
func (c *check) link(l *chained) {
	if l.seq != c.last+1 {
		c.gap(l.seq)
	}
	at := timeOf(l.id)
	switch {
	case !l.there && c.isDetached(at):
		c.v.Detached++
	case !l.there:
		c.v.find(l.seq, l.id, at, "the row has been removed")
	case c.last > 0 && !c.known: // reported as a gap
	case !bytes.Equal(hashOf(c.hash, l.bytes()), l.hash):
		if l.at.InfinityModifier == pgtype.Finite && l.at.Valid {
			at = l.at.Time
		}
		c.v.find(l.seq, l.id, at, "the row or its link is not what was written: they do not give the link's hash")
	}
	c.last, c.known = l.seq, true
	copy(c.hash[:], l.hash)
	for i, h := range c.wanted {
		if h.Hash == c.hash && (h.Seq == 0 || h.Seq == l.seq) {
			c.found[i] = true
		}
	}
}

// gap reports the links before seq that are not there.
func (c *check) gap(seq int64) {
	c.v.find(c.last+1, uuid.Nil, time.Time{}, "links %d to %d have been removed", c.last+1, seq-1)
	c.last, c.known = seq-1, false
}

// isDetached tells whether rows of an instant have left the database with their month, after the time that they have to be kept.
func (c *check) isDetached(at time.Time) bool {
	at = at.UTC()
	end := time.Date(at.Year(), at.Month()+1, 1, 0, 0, 0, 0, time.UTC)
	return !c.months[at.Format("audit_2006_01")] && !end.After(c.keepFrom)
}

// heads reports what has to be on the chain and is not.
func (c *check) heads() {
	for i, h := range c.wanted {
		switch {
		case c.found[i]:
		case h.Seq > c.v.Head.Seq:
			c.v.find(h.Seq, uuid.Nil, time.Time{}, "this link has been there with the hash %s, and the chain ends with link %d: its end has been cut off", h.Hash, c.v.Head.Seq)
		case h.Seq > 0:
			c.v.find(h.Seq, uuid.Nil, time.Time{}, "this link had the hash %s: the chain has been written anew", h.Hash)
		default:
			c.v.find(0, uuid.Nil, time.Time{}, "no link has the hash %s: the chain has been cut off or written anew", h.Hash)
		}
	}
}

// hashOf is the hash of the link that follows one, with a row.
func hashOf(before Hash, row []byte) []byte {
	sum := sha256.New()
	sum.Write(before[:])
	sum.Write(row)
	return sum.Sum(nil)
}

// bytes are the bytes of the row; migrations/00010_audit.sql defines them.
func (l *chained) bytes() []byte {
	columns := l.columns
	if l.at.Valid {
		text := l.at.InfinityModifier.String()
		if l.at.InfinityModifier == pgtype.Finite {
			text = strconv.FormatInt(l.at.Time.UnixMicro(), 10)
		}
		columns[2] = &text
	}
	var row []byte
	for _, text := range columns {
		if text == nil {
			row = append(row, '-')
			continue
		}
		row = strconv.AppendInt(row, int64(len(*text)), 10)
		row = append(row, ':')
		row = append(row, *text...)
		row = append(row, ',')
	}
	return row
}

// timeOf is the instant of a UUIDv7.
func timeOf(id uuid.UUID) time.Time { return time.Unix(id.Time().UnixTime()).UTC() }

// maxUnlinked is how many rows without a link are counted.
const maxUnlinked = 1000

// findUnlinked reports rows that no link knows though they are not new, and rows that went before they had one.
func (s *Service) findUnlinked(ctx context.Context, v *Verification) error {
	tx, err := s.pool.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = 0`); err != nil { // it reads the whole log
		return err
	}
	unlinked, err := listKeys(ctx, tx, `
		SELECT a.county, a.id, a.at FROM audit a
		WHERE NOT EXISTS (SELECT FROM audit_link l WHERE l.id = a.id AND l.county = a.county)
		AND a.at NOT BETWEEN now() - $1::interval AND now() + $1::interval ORDER BY a.id LIMIT $2`, lateAfter, maxUnlinked)
	if err != nil {
		return err
	}
	gone, err := listKeys(ctx, tx, `
		SELECT p.county, p.id, NULL::timestamptz FROM audit_pending p
		WHERE NOT EXISTS (SELECT FROM audit a WHERE a.id = p.id AND a.county = p.county) ORDER BY p.id LIMIT $1`, maxUnlinked)
	if err != nil {
		return err
	}
	if err := tx.Rollback(ctx); err != nil {
		return err
	}
	if len(unlinked) > 0 { // a long transaction may have committed just now
		if err := link(ctx, s.pool); err != nil {
			return err
		}
	}
	for _, k := range unlinked {
		var linked bool
		if err := s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM audit_link WHERE id = $1 AND county = $2)`, k.id, k.county).Scan(&linked); err != nil {
			return err
		}
		if !linked {
			v.find(0, k.id, k.at, "the row has no link: it was not added through the program")
		}
	}
	for _, k := range gone {
		v.find(0, k.id, k.at, "the row has been removed before it had a link")
	}
	return nil
}

// key names a row.
type key struct {
	county string
	id     uuid.UUID
	at     time.Time
}

func listKeys(ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]key, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (k key, err error) {
		var at pgtype.Timestamptz
		err = row.Scan(&k.county, &k.id, &at)
		if k.at = timeOf(k.id); at.Valid && at.InfinityModifier == pgtype.Finite {
			k.at = at.Time
		}
		return k, err
	})
}

// listMonths names the partitions.
func listMonths(ctx context.Context, pool *pgxpool.Pool) (map[string]bool, error) {
	rows, err := pool.Query(ctx, `SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'audit'::regclass`)
	if err != nil {
		return nil, err
	}
	months := map[string]bool{}
	var name string
	_, err = pgx.ForEachRow(rows, []any{&name}, func() error {
		months[name] = true
		return nil
	})
	return months, err
}
