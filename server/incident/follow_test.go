package incident

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/web"
)

func TestFollow(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	i, receipt := mustCreate(t, s, t.Context(), someReport(), "")
	if !regexp.MustCompile(`^261121-\d{6}$`).MatchString(receipt.Number) || !regexp.MustCompile(`^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$`).MatchString(receipt.Secret) {
		t.Errorf("%+v cannot be read out", receipt)
	}
	set(t, pool, i.ID, Dispatched)
	wide := strings.Map(func(r rune) rune { return r - '!' + '！' }, receipt.Secret)
	for name, typed := range map[string]Receipt{
		"as given":     receipt,
		"as typed":     {Number: strings.ReplaceAll(receipt.Number, "-", " "), Secret: " " + strings.ToLower(strings.ReplaceAll(receipt.Secret, "-", "")) + " "},
		"mistaken":     {Number: receipt.Number, Secret: strings.NewReplacer("0", "o", "1", "l").Replace(receipt.Secret)},
		"wide letters": {Number: receipt.Number, Secret: wide},
	} {
		got, again, err := s.Follow(t.Context(), typed)
		if err != nil || got.ID != i.ID || got.Status != Dispatched || again != (Receipt{Number: receipt.Number}) {
			t.Errorf("%s: %s %s %+v %v", name, got.ID, got.Status, again, err)
		}
	}
	f := s.followed(i, receipt)
	if strings.Join(f.Areas, " ") != "区域320282 区域320282001 区域320282001001 区域320282001001001 区域32028200100100101" || f.BranchName != "县工委" || f.ItemName != "噪声扰民" || strings.Contains(f.Title, "1398765") {
		t.Errorf("%+v", f)
	}
}

func TestFollowAnswersAlike(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	_, receipt := mustCreate(t, s, t.Context(), someReport(), "")
	_, other := mustCreate(t, s, t.Context(), someReport(), "")
	flipped := []byte(receipt.Secret)
	flipped[0] = '0'
	if receipt.Secret[0] == '0' {
		flipped[0] = '1'
	}
	var first string
	for name, wrong := range map[string]Receipt{
		"wrong secret":     {Number: receipt.Number, Secret: string(flipped)},
		"another's secret": {Number: receipt.Number, Secret: other.Secret},
		"unknown number":   {Number: "261121-999999", Secret: receipt.Secret},
		"no secret":        {Number: receipt.Number},
		"short secret":     {Number: receipt.Number, Secret: receipt.Secret[:14]},
		"long secret":      {Number: receipt.Number, Secret: receipt.Secret + "-0000"},
		"no number":        {Secret: receipt.Secret},
		"SQL":              {Number: "' OR 1=1 --", Secret: receipt.Secret},
		"nothing":          {},
	} {
		_, _, err := s.Follow(t.Context(), wrong)
		if !is(err, web.NotFound) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if first == "" {
			first = err.Error()
		}
		if err.Error() != first {
			t.Errorf("%s: %q and not %q", name, err, first)
		}
	}
}

// publicKey is an Idempotency-Key that the public may send.
const publicKey = "0123456789abcdef"

func TestReceiptComesAgainAndOutlivesKeys(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	repeat := func() (Incident, Receipt) {
		t.Helper()
		i, receipt, created, err := s.Create(t.Context(), someReport(), publicKey, []byte("body"))
		if err != nil || created {
			t.Fatalf("created %v, %v", created, err)
		}
		return i, receipt
	}
	first, receipt, created, err := s.Create(t.Context(), someReport(), publicKey, []byte("body"))
	if err != nil || !created {
		t.Fatal(err)
	}
	if i, again := repeat(); i.ID != first.ID || again != receipt {
		t.Errorf("the repeat gives %s %+v, want %s %+v", i.ID, again, first.ID, receipt)
	}
	old := s.keys.Current()
	if _, err := s.keys.Rotate(now); err != nil {
		t.Fatal(err)
	}
	if _, again := repeat(); again != receipt {
		t.Errorf("after a rotation: %+v, want %+v", again, receipt)
	}
	if err := s.keys.Drop([]string{old}); err != nil {
		t.Fatal(err)
	}
	if _, again := repeat(); again != (Receipt{Number: receipt.Number}) {
		t.Errorf("without the old key: %+v", again)
	}
	if i, _, err := s.Follow(t.Context(), receipt); err != nil || i.ID != first.ID {
		t.Errorf("the old receipt does not open the report any more: %v", err)
	}
}

// A key answers its sender only. To a stranger who guesses it, it is a key like any other that was not used yet.
func TestIdempotencyKeysBelongToTheirSender(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	worker, other := accesstest.Person(t, access.Worker), accesstest.Person(t, access.Worker)
	send := func(ctx context.Context, key, body string) (id string, receipt Receipt, created bool) {
		t.Helper()
		r := someReport()
		r.Title = body
		i, receipt, created, err := s.Create(ctx, r, key, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return i.ID.String(), receipt, created
	}
	seen := map[string]bool{}
	for _, try := range []struct {
		name string
		ctx  context.Context
		key  string
		body string
	}{
		{"worker", worker, "1", "a"}, {"another account", other, "1", "a"}, {"the operator", accesstest.Operator(t), "1", "a"},
		{"worker with a long key", worker, publicKey, "a"}, {"the public", t.Context(), publicKey, "a"}, {"the public with another report", t.Context(), publicKey, "b"},
	} {
		id, receipt, created := send(try.ctx, try.key, try.body)
		if !created || seen[id] || seen[receipt.Secret] {
			t.Errorf("%s was answered with another's report", try.name)
		}
		seen[id], seen[receipt.Secret] = true, true
		if again, _, created := send(try.ctx, try.key, try.body); created || again != id {
			t.Errorf("%s: the repeat was stored again", try.name)
		}
	}
	if _, _, _, err := s.Create(worker, someReport(), "1", []byte("c")); !is(err, web.KeyReused) {
		t.Errorf("an account's key with another report: %v", err)
	}
}

// Whoever has key and body gets the receipt: so the public's keys are long, and are forgotten after a day.
func TestIdempotencyKeysOfThePublic(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	worker := accesstest.Person(t, access.Worker)
	for _, weak := range []string{"1", publicKey[1:], strings.Repeat("键", 15)} {
		_, _, _, err := s.Create(t.Context(), someReport(), weak, []byte("a"))
		p, ok := web.AsProblem(err)
		if !ok || p.Code != web.Invalid || len(p.Errors) != 1 || p.Errors[0].Location != "header.Idempotency-Key" || !strings.Contains(p.Detail, "UUID") {
			t.Errorf("%q: %v", weak, err)
		}
	}
	if n := count(t, pool, "incident"); n != 0 {
		t.Errorf("%d reports with weak keys were stored", n)
	}
	create := func(ctx context.Context, at time.Time) (uuid.UUID, Receipt, bool) {
		t.Helper()
		then := *s
		then.now = func() time.Time { return at }
		i, receipt, created, err := then.Create(ctx, someReport(), publicKey, []byte("a"))
		if err != nil {
			t.Fatal(err)
		}
		return i.ID, receipt, created
	}
	first, receipt, _ := create(t.Context(), now)
	own, _, _ := create(worker, now)
	if id, again, created := create(t.Context(), now.Add(24*time.Hour-time.Second)); created || id != first || again != receipt {
		t.Errorf("within the day: created %v, %+v", created, again)
	}
	second, later, created := create(t.Context(), now.Add(24*time.Hour))
	if !created || second == first || later.Secret == receipt.Secret {
		t.Errorf("a day later: created %v, %+v", created, later)
	}
	if id, again, created := create(t.Context(), now.Add(25*time.Hour)); created || id != second || again != later {
		t.Errorf("a repeat of the later one: created %v, %+v", created, again)
	}
	if id, _, created := create(worker, now.AddDate(1, 0, 0)); created || id != own {
		t.Errorf("an account's key a year later: created %v", created)
	}
}

// What was sent under a key before keys had senders is not stored again when its writer repeats it.
func TestIdempotencyKeysOfBefore(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	worker := accesstest.Person(t, access.Worker)
	stored := map[string]uuid.UUID{}
	for _, key := range []string{"weak", publicKey, "old" + publicKey} {
		i, _ := mustCreate(t, s, worker, someReport(), key)
		stored[key] = i.ID
	}
	if _, err := pool.Exec(t.Context(), `UPDATE incident_key SET sender = 'earlier', created_at = created_at - CASE WHEN key LIKE 'old%' THEN interval '2 days' ELSE '0' END`); err != nil {
		t.Fatal(err)
	}
	body := []byte(someReport().Title)
	for _, try := range []struct {
		ctx     context.Context
		key     string
		body    []byte
		created bool
	}{
		{worker, "weak", body, false},
		{worker, "weak", body, false}, // now it is the worker's own
		{accesstest.Person(t, access.Worker), "weak", []byte("another"), true},
		{t.Context(), publicKey, body, false},
		{t.Context(), publicKey, []byte("another"), true},
		{t.Context(), "old" + publicKey, body, true},
		{worker, "old" + publicKey, body, false},
	} {
		i, _, created, err := s.Create(try.ctx, someReport(), try.key, try.body)
		if err != nil || created != try.created || created == (i.ID == stored[try.key]) {
			t.Errorf("%s %q: created %v, %v", try.key, try.body, created, err)
		}
	}
	if _, _, _, err := s.Create(worker, someReport(), "weak", []byte("another")); !is(err, web.KeyReused) {
		t.Errorf("the worker's own key with another report: %v", err)
	}
}
