package audit

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/access"
	"jingwei/server/db"
	"jingwei/server/web"
)

// Service lets the log be read, and keeps its chain.
type Service struct {
	pool *pgxpool.Pool
	now  func() time.Time

	mu       sync.Mutex
	verified *Verification          // the last one; nil before the first
	held     map[refusalKey]refusal // what was refused a moment ago, by whom
}

// NewService makes a service; Run makes it work.
func NewService(pool *pgxpool.Pool, now func() time.Time) *Service {
	return &Service{pool: pool, now: now, held: map[refusalKey]refusal{}}
}

// How long the database may look for one page. What takes longer is refused: an auditor's question must not cost others their map.
const (
	searchTimeout = "10s"
	exportTimeout = "60s"
)

// Search is at most limit rows that pass the filter, the newest first; more tells whether older ones follow. That somebody looked is in the
// log too, for each page: whoever makes up a cursor begins where they like.
func (s *Service) Search(ctx context.Context, f Filter, limit int) (records []Record, more bool, err error) {
	if err := access.Ask(ctx, access.AuditRead, nil); err != nil {
		return nil, false, err
	}
	records, err = s.page(ctx, f, limit+1, searchTimeout, "audit.read")
	if len(records) > limit {
		return records[:limit], true, err
	}
	return records, false, err
}

// page reads one page, and says in the log that somebody does, unless action is "".
func (s *Service) page(ctx context.Context, f Filter, limit int, timeout, action string) (records []Record, err error) {
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = '`+timeout+`'`); err != nil {
			return err
		}
		if records, err = list(ctx, tx, f, limit); err != nil || action == "" {
			return err
		}
		return Append(ctx, tx, Entry{Action: action, After: f.said()})
	})
	if db.Is(err, db.QueryCanceled) && ctx.Err() == nil {
		return nil, web.NewProblem(web.Timeout, "the search took longer than "+timeout+"; narrow it by from and to, or name a login or an object").At("query.from", f.From)
	}
	return records, err
}

// exportPage is the number of rows that an export reads at once.
const exportPage = 1000

// Export writes all rows that pass the filter as CSV, the newest first. Nothing is written before the first page is there, so that an error
// without output is told in order. The log says that somebody did.
func (s *Service) Export(ctx context.Context, f Filter, w io.Writer) (count int, err error) {
	if err := access.Ask(ctx, access.AuditRead, nil); err != nil {
		return 0, err
	}
	out := newTable(w)
	for action := "audit.export"; ; action = "" {
		records, err := s.page(ctx, f, exportPage, exportTimeout, action)
		if err != nil {
			return count, err
		}
		if err := out.write(records); err != nil {
			return count, err
		}
		count += len(records)
		if len(records) < exportPage {
			return count, nil
		}
		f.Before = records[len(records)-1].ID
	}
}

// ChainState is how the chain stands.
type ChainState struct {
	Entries    int64        `json:"entries" doc:"Rows with a link"`
	Head       string       `json:"head" doc:"Hash of the last link, 64 hexadecimal digits; empty before the first. Whoever keeps it outside finds out when the end of the log is cut off"`
	HeadAt     *time.Time   `json:"head_at" doc:"Time of the row of the last link"`
	VerifiedAt *time.Time   `json:"verified_at" doc:"When the server last looked at the whole chain; it does so at its start and once a day"`
	Broken     *BrokenState `json:"broken" doc:"What that found; null where all was well"`
}

// BrokenState tells of a log that has been tampered with.
type BrokenState struct {
	Found    int          `json:"found" doc:"How many things are wrong"`
	Findings []BrokenLink `json:"findings" doc:"The first of them"`
}

// BrokenLink is one thing that is wrong.
type BrokenLink struct {
	Seq     int64      `json:"seq" doc:"Number of the link; 0 where there is none"`
	ID      string     `json:"id" doc:"Id of the row; empty where it is not known"`
	At      *time.Time `json:"at" doc:"Time of the row"`
	Problem string     `json:"problem"`
}

// Chain tells how the chain stands.
func (s *Service) Chain(ctx context.Context) (ChainState, error) {
	if err := access.Ask(ctx, access.AuditRead, nil); err != nil {
		return ChainState{}, err
	}
	head, ok, err := findHead(ctx, s.pool)
	if err != nil {
		return ChainState{}, err
	}
	state := ChainState{Entries: head.Seq}
	if ok {
		state.Head = head.Hash.String()
	}
	if !head.At.IsZero() {
		state.HeadAt = &head.At
	}
	s.mu.Lock()
	v := s.verified
	s.mu.Unlock()
	if v == nil {
		return state, nil
	}
	state.VerifiedAt = &v.Ended
	if !v.Broken() {
		return state, nil
	}
	state.Broken = &BrokenState{Found: v.Found, Findings: make([]BrokenLink, len(v.Findings))}
	for i, f := range v.Findings {
		b := BrokenLink{Seq: f.Seq, Problem: f.Problem}
		if f.ID != uuid.Nil {
			b.ID, b.At = f.ID.String(), &f.At
		}
		state.Broken.Findings[i] = b
	}
	return state, nil
}
