package incident

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/access"
	"jingwei/server/web"
)

// What the public's Idempotency-Keys must be, for with its key and body anybody gets the receipt of a report again: too long to be chosen by two
// reporters or guessed, and of this day.
const (
	minPublicKey = 16 // characters
	publicKeyFor = 24 * time.Hour
)

// accountKeyFor is how long the keys of accounts are kept. Who sends again what is older has it stored a second time.
const accountKeyFor = 90 * 24 * time.Hour

// publicSender begins the name of the sender of each key of the public.
const publicSender = "public/"

// earlierSender is whose the Idempotency-Keys are that were sent before they had senders.
const earlierSender = "earlier"

// key is an Idempotency-Key: a sender's own name for a report. Its text is "" where there is none.
type key struct {
	sender, text string
	digest       [32]byte // SHA-256 of the body
}

// newKey says whose a key is: an account's are its own. The public is nobody in particular; so there the body is part of the sender, and a key
// without the very same report meets nothing.
func newKey(ctx context.Context, text string, digest [32]byte) (key, error) {
	k := key{sender: publicSender + hex.EncodeToString(digest[:]), text: text, digest: digest}
	if !utf8.ValidString(text) {
		return key{}, web.NewProblem(web.Invalid, "an Idempotency-Key must be UTF-8; send a random UUID").At("header.Idempotency-Key", nil)
	}
	switch actor := access.From(ctx); {
	case actor.Account != uuid.Nil:
		k.sender = "account/" + actor.Account.String()
	case actor.Via != access.ViaNothing:
		k.sender = string(actor.Via) + "/" + actor.Login
	case text != "" && utf8.RuneCountInString(text) < minPublicKey:
		return key{}, web.NewProblem(web.Invalid, fmt.Sprintf("an Idempotency-Key must have at least %d characters that nobody else chooses; send a random UUID", minPublicKey)).
			At("header.Idempotency-Key", text)
	}
	return k, nil
}

// claimKeys records the keys of reports, of which no two are the same. A report whose key its sender used before, for the same body, gets the
// first incident; where it was for another body it is refused. Keys of the public count for publicKeyFor.
func claimKeys(ctx context.Context, tx pgx.Tx, reports []*prepared) error {
	var senders, texts, counties []string
	var digests [][]byte
	var ids []uuid.UUID
	var now time.Time
	byID := map[uuid.UUID]*prepared{}
	for _, p := range reports {
		if p.key.text == "" {
			continue
		}
		senders, texts, digests = append(senders, p.key.sender), append(texts, p.key.text), append(digests, p.key.digest[:])
		counties, ids = append(counties, p.incident.County), append(ids, p.incident.ID)
		byID[p.incident.ID], now = p, p.incident.ReceivedAt
	}
	if len(ids) == 0 {
		return nil
	}
	batch := &pgx.Batch{}
	// In one order everywhere, so that two groups never wait for each other.
	batch.Queue(`
		INSERT INTO incident_key AS k (sender, key, digest, county, incident, created_at)
		SELECT n.*, $6::timestamptz FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::uuid[]) AS n (sender, key, digest, county, incident)
		ORDER BY n.sender COLLATE "C", n.key COLLATE "C"
		ON CONFLICT (sender, key) DO UPDATE SET digest = excluded.digest, county = excluded.county, incident = excluded.incident, created_at = excluded.created_at
			WHERE starts_with(k.sender, $7) AND k.created_at <= $8`, senders, texts, digests, counties, ids, now, publicSender, now.Add(-publicKeyFor))
	batch.Queue(`
		UPDATE incident_key k SET county = e.county, incident = e.incident, created_at = e.created_at
		FROM unnest($1::text[], $2::text[], $3::uuid[]) AS n (sender, key, incident)
		JOIN incident_key e ON e.sender = $4 AND e.key = n.key AND (NOT starts_with(n.sender, $5) OR e.created_at > $6)
		WHERE k.sender = n.sender AND k.key = n.key AND k.incident = n.incident AND k.digest = e.digest`,
		senders, texts, ids, earlierSender, publicSender, now.Add(-publicKeyFor))
	batch.Queue(`
		SELECT n.incident, k.digest, k.incident FROM unnest($1::text[], $2::text[], $3::uuid[]) AS n (sender, key, incident)
		JOIN incident_key k ON k.sender = n.sender AND k.key = n.key WHERE k.incident <> n.incident`, senders, texts, ids).
		Query(func(rows pgx.Rows) error {
			var own, first uuid.UUID
			var digest []byte
			_, err := pgx.ForEachRow(rows, []any{&own, &digest, &first}, func() error {
				p := byID[own]
				p.first = first
				if !bytes.Equal(digest, p.key.digest[:]) {
					p.err = web.NewProblem(web.KeyReused, "this Idempotency-Key was used for another report; use a new one for each report").At("header.Idempotency-Key", p.key.text)
				}
				return nil
			})
			return err
		})
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("idempotency keys: %w", err)
	}
	return nil
}

// prunedAtOnce is how many keys are deleted in one transaction.
const prunedAtOnce = 5000

// PruneKeys forgets the Idempotency-Keys whose time is over, and returns how many. It is a job of the server's and of nobody who could be asked.
func PruneKeys(ctx context.Context, pool *pgxpool.Pool, now time.Time) (pruned int, err error) {
	for _, old := range []struct {
		where string
		args  []any
	}{
		{`sender >= $2 AND sender < $3 AND created_at <= $1`, []any{now.Add(-publicKeyFor), publicSender, publicSender[:len(publicSender)-1] + "0"}},
		{`created_at <= $1`, []any{now.Add(-accountKeyFor)}},
	} {
		for deleted := prunedAtOnce; deleted == prunedAtOnce; pruned += deleted {
			tag, err := pool.Exec(ctx, `
				DELETE FROM incident_key WHERE (sender, key) IN (SELECT sender, key FROM incident_key WHERE `+old.where+fmt.Sprintf(` LIMIT %d)`, prunedAtOnce), old.args...)
			if err != nil {
				return pruned, fmt.Errorf("delete old idempotency keys: %w", err)
			}
			deleted = int(tag.RowsAffected())
		}
	}
	return pruned, nil
}
