package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/server/incident"
	"jingwei/server/web"
)

const (
	batchSenders = 2 // as many as the program stores at once
	rowsOfBatch  = 25
	batchEvery   = 250 * time.Millisecond // of one sender
	leaveEvery   = 8                      // of so many batches the sender leaves one before its answer
)

// answers is what the senders know of their reports.
type answers struct {
	stored  map[string]string // ids of those that were answered as stored, by their titles
	perhaps map[string]bool   // titles of rows whose answer nobody waited for
}

// sendBatches sends batches until stop is closed, and waits for the answers. Of each three one has numbers of the source, one an Idempotency-Key and
// one both.
func (d *durable) sendBatches(stop <-chan struct{}, sender int) {
	client := &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{}}
	tick := time.NewTicker(batchEvery)
	defer tick.Stop()
	for n := sender; ; n += batchSenders {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		b := &batch{name: fmt.Sprintf("批%06d", n), token: d.tokens[sources+sender], rows: make([]incident.RowOutcome, rowsOfBatch)}
		var body strings.Builder
		for row := range rowsOfBatch {
			number := ""
			if n%3 != 0 {
				number = fmt.Sprintf(`,"channel":"hotline_12345","source_number":"%s"`, b.title(row))
			}
			fmt.Fprintln(&body, strings.TrimSuffix(report(b.title(row)), "}")+number+"}")
		}
		if b.body = body.String(); n%3 != 1 {
			b.key = "key-" + b.name
		}
		if n%leaveEvery == leaveEvery-1 {
			d.leave(client, b)
		} else if err := d.finish(client, b); err != nil {
			d.t.Errorf("%s: %v", b.name, err)
		}
	}
}

// batch is one that a sender sends, and what it was told of each row last.
type batch struct {
	name, token, key, body string
	rows                   []incident.RowOutcome
}

func (b *batch) title(row int) string { return fmt.Sprintf("%s-%02d", b.name, row) }

// finish sends a batch until each row is answered as stored, as a source does that must not lose one.
func (d *durable) finish(client *http.Client, b *batch) error {
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); d.retried.Add(1) {
		whole, err := d.sendBatch(d.t.Context(), client, b)
		if err != nil {
			return err
		}
		if whole {
			d.note(b, false)
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return errors.New("it was not answered in three minutes")
}

// leave sends a batch twice, and hardly waits for the answer.
func (d *durable) leave(client *http.Client, b *batch) {
	for range 2 {
		ctx, cancel := context.WithTimeout(d.t.Context(), time.Duration(1+rand.IntN(40))*time.Millisecond)
		_, err := d.sendBatch(ctx, client, b)
		cancel()
		if err != nil {
			d.t.Errorf("%s: %v", b.name, err)
		}
	}
	d.note(b, true)
}

// note writes down what is known of the rows of a batch.
func (d *durable) note(b *batch, left bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for n, o := range b.rows {
		switch {
		case o.ID != nil:
			d.answers.stored[b.title(n)] = o.ID.String()
		case left:
			d.answers.perhaps[b.title(n)] = true
		}
	}
}

// sendBatch sends a batch once. whole tells whether each row was answered as stored; an error, that the answer was wrong.
func (d *durable) sendBatch(ctx context.Context, client *http.Client, b *batch) (whole bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url+"/api/v1/incidents:batch", strings.NewReader(b.body))
	if err != nil {
		return false, err
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	request.Header.Set("Authorization", "Bearer "+b.token)
	if b.key != "" {
		request.Header.Set("Idempotency-Key", b.key)
	}
	answer, err := client.Do(request)
	if err != nil { // the program is away, or was killed while it answered
		return false, nil
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	switch {
	case err != nil, answer.StatusCode == http.StatusTooManyRequests, answer.StatusCode == http.StatusServiceUnavailable:
		return false, nil
	case answer.StatusCode != http.StatusOK:
		return false, fmt.Errorf("status %d: %s", answer.StatusCode, body)
	}
	lines := strings.Split(strings.TrimSuffix(string(body), "\n"), "\n")
	if len(lines) != len(b.rows) {
		return false, fmt.Errorf("%d rows are answered: %s", len(lines), body)
	}
	whole = true
	for n, line := range lines {
		var o incident.RowOutcome
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			return false, fmt.Errorf("%w: %s", err, line)
		}
		before := b.rows[n].ID
		switch {
		case o.Status == incident.RowRefused && o.Code == web.DatabaseUnavailable:
			whole = false
		case o.Status == incident.RowRefused, o.Status == incident.RowCreated && before != nil, o.ID != nil && before != nil && *o.ID != *before:
			return false, fmt.Errorf("after %v: %s", before, line)
		default:
			b.rows[n] = o
		}
	}
	return whole, nil
}

// storedRow is an incident as it is in the tables.
type storedRow struct {
	title, id, transaction string
	events, entries        int
}

// compareBatches looks for the entry in the audit log of each transaction that has stored rows of a batch, which tells of these and of no others.
func compareBatches(t *testing.T, rows []storedRow, entries map[string]batchEntry) {
	t.Helper()
	together := map[string][]storedRow{}
	for _, r := range rows {
		if r.entries != 0 {
			t.Errorf("%s has %d entries of its own in the audit log", r.title, r.entries)
		}
		together[r.transaction] = append(together[r.transaction], r)
	}
	for transaction, stored := range together {
		slices.SortFunc(stored, func(a, b storedRow) int { return strings.Compare(a.title, b.title) })
		digest := sha256.New()
		for _, r := range stored {
			id := uuid.MustParse(r.id)
			digest.Write(id[:])
		}
		if want := (batchEntry{1, len(stored), hex.EncodeToString(digest.Sum(nil))}); entries[transaction] != want {
			t.Errorf("the audit log says %+v of %d rows from %s on, want %+v", entries[transaction], len(stored), stored[0].title, want)
		}
	}
	if len(entries) != len(together) {
		t.Errorf("%d transactions of batches are in the audit log, %d stored rows", len(entries), len(together))
	}
}

// batchEntry is what the audit log says of a transaction that has stored rows of a batch.
type batchEntry struct {
	entries, created int
	digest           string // of the ids
}
