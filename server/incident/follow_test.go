package incident

import (
	"context"
	"regexp"
	"strings"
	"testing"

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
	flipped[0] = 'Z' - flipped[0]%2
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

func TestReceiptComesAgainAndOutlivesKeys(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	repeat := func() (Incident, Receipt) {
		t.Helper()
		i, receipt, created, err := s.Create(t.Context(), someReport(), "key-1", []byte("body"))
		if err != nil || created {
			t.Fatalf("created %v, %v", created, err)
		}
		return i, receipt
	}
	first, receipt, created, err := s.Create(t.Context(), someReport(), "key-1", []byte("body"))
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
	send := func(ctx context.Context, body string) (id string, receipt Receipt, created bool) {
		t.Helper()
		r := someReport()
		r.Title = body
		i, receipt, created, err := s.Create(ctx, r, "1", []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return i.ID.String(), receipt, created
	}
	seen := map[string]bool{}
	for _, try := range []struct {
		name string
		ctx  context.Context
		body string
	}{
		{"worker", worker, "a"}, {"another account", other, "a"}, {"the public", t.Context(), "a"}, {"the public with another report", t.Context(), "b"}, {"the operator", accesstest.Operator(t), "a"},
	} {
		id, receipt, created := send(try.ctx, try.body)
		if !created || seen[id] || seen[receipt.Secret] {
			t.Errorf("%s was answered with another's report", try.name)
		}
		seen[id], seen[receipt.Secret] = true, true
		if again, _, created := send(try.ctx, try.body); created || again != id {
			t.Errorf("%s: the repeat was stored again", try.name)
		}
	}
	if _, _, _, err := s.Create(worker, someReport(), "1", []byte("c")); !is(err, web.KeyReused) {
		t.Errorf("an account's key with another report: %v", err)
	}
}
