package incident

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/server/access"
	"jingwei/server/access/accesstest"
	"jingwei/server/web"
)

var sorts = []Sort{"-reported_at", "reported_at", "item", "-item", "channel", "-channel", "status", "-status", "closed_at", "-closed_at"}

// mixed gives the incidents of load all items, channels, steps and times of closing, some of them alike, and reads them back.
func mixed(t *testing.T, s *Service, pool *pgxpool.Pool) []Incident {
	t.Helper()
	load(t, s, pool)
	list, err := all(t, accesstest.Person(t, access.Viewer), s, Filter{})
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	items := s.items.Codes()
	for n := range list {
		i := &list[n]
		i.Item, i.Channel = items[random.IntN(len(items))], channelOrder[random.IntN(len(channelOrder)-1)]
		i.Reach(statusOrder[random.IntN(len(statusOrder))], now.Add(-time.Duration(random.IntN(40))*time.Minute).UTC().Truncate(time.Microsecond))
		i.Title = fmt.Sprintf("积水%d%%_\\", n%20)
		if _, err := pool.Exec(t.Context(), `UPDATE incident SET item = $2, channel = $3, status = $4, closed_at = $5, title = $6 WHERE id = $1`,
			i.ID, i.Item, i.Channel, i.Status, i.ClosedAt, i.Title); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// sorted is the twin: everything that passes, sorted in memory.
func sorted(s *Service, list []Incident, by Sort, passes func(Incident) bool) (ids []uuid.UUID) {
	list = slices.DeleteFunc(slices.Clone(list), func(i Incident) bool { return !passes(i) })
	sign := 1
	if strings.HasPrefix(string(by), "-") {
		sign = -1
	}
	items := s.items.Codes()
	slices.SortFunc(list, func(a, b Incident) int {
		newest := b.ReportedAt.Compare(a.ReportedAt)
		switch by {
		case "reported_at", "-reported_at":
			return -sign * newest
		case "item", "-item":
			return cmp.Or(sign*cmp.Compare(slices.Index(items, a.Item), slices.Index(items, b.Item)), newest)
		case "channel", "-channel":
			return cmp.Or(sign*cmp.Compare(slices.Index(channelOrder, a.Channel), slices.Index(channelOrder, b.Channel)), newest)
		case "status", "-status":
			return cmp.Or(sign*cmp.Compare(slices.Index(statusOrder, a.Status), slices.Index(statusOrder, b.Status)), newest)
		default:
		}
		switch {
		case a.ClosedAt == nil && b.ClosedAt == nil:
			return newest
		case a.ClosedAt == nil:
			return 1
		case b.ClosedAt == nil:
			return -1
		}
		return cmp.Or(sign*a.ClosedAt.Compare(*b.ClosedAt), newest)
	})
	for _, i := range list {
		ids = append(ids, i.ID)
	}
	return ids
}

func TestEverySortPagesThroughEverything(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	list := mixed(t, s, pool)
	ctx := accesstest.Person(t, access.Viewer)
	everything := func(Incident) bool { return true }
	for _, by := range sorts {
		for what, question := range map[string]struct {
			Question
			passes func(Incident) bool
		}{
			"all":    {Question{}, everything},
			"filter": {Question{Filter: Filter{Items: []string{"noise"}, Statuses: []Status{Closed, Signed}}}, func(i Incident) bool { return i.Item == "noise" && (i.Status == Closed || i.Status == Signed) }},
			"text":   {Question{Text: `水1%_\`}, func(i Incident) bool { return i.Title == `积水1%_\` }},
			"none":   {Question{Text: "没有"}, func(Incident) bool { return false }},
		} {
			want := sorted(s, list, by, question.passes)
			for _, here := range []int{0, sortedHere} { // value by value, and in memory
				for _, limit := range []int{3, 40, 1000} {
					q := question.Question
					q.Sort = by
					var got []uuid.UUID
					for {
						page, err := s.list(ctx, q, access.Scope{All: true}, limit, here)
						if err != nil {
							t.Fatal(by, what, err)
						}
						if len(page) == 0 {
							break
						}
						for _, i := range page {
							got = append(got, i.ID)
						}
						last := page[len(page)-1]
						q.After = web.Place{ID: last.ID}
						if o, ok := s.orderOf(by); ok {
							q.After.Value = o.valueOf(last)
						}
					}
					if !slices.Equal(got, want) {
						t.Errorf("%s by %s, %d at once, %d in memory: %d, want %d, or in another order", what, by, limit, here, len(got), len(want))
					}
				}
			}
		}
	}
}

func TestTextFindsByIdReceiptAndNumberOfTheSource(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	load(t, s, pool)
	i, receipt := mustCreate(t, s, t.Context(), someReport(), "")
	if _, err := pool.Exec(t.Context(), `INSERT INTO incident_source (channel, number, digest, county, incident, created_at) VALUES ('hotline_12345', 'WX-77', '', $1, $2, now())`, i.County, i.ID); err != nil {
		t.Fatal(err)
	}
	within, beside := accesstest.Person(t, access.Viewer, access.Area{Code: "320282001", Level: "town"}), accesstest.Person(t, access.Viewer, access.Area{Code: "320282002", Level: "town"})
	for _, text := range []string{i.ID.String(), strings.ToUpper(i.ID.String()), receipt.Number, strings.ReplaceAll(receipt.Number, "-", ""), " WX-77 "} {
		for _, by := range sorts {
			if list, _, err := s.List(within, Question{Text: text, Sort: by}, 10); err != nil || len(list) != 1 || list[0].ID != i.ID {
				t.Errorf("%q by %s: %d, %v", text, by, len(list), err)
			}
		}
		if list, _, err := s.List(beside, Question{Text: text}, 10); err != nil || len(list) != 0 {
			t.Errorf("%q from beside: %d, %v", text, len(list), err)
		}
	}
	if list, _, err := s.List(within, Question{Text: uuid.NewString()}, 10); err != nil || len(list) != 0 {
		t.Errorf("an unknown id: %d, %v", len(list), err)
	}
}

func TestReviewFiltersTheQueue(t *testing.T) {
	t.Parallel()
	s, pool := setup(t)
	list := mixed(t, s, pool)
	if _, err := pool.Exec(t.Context(), `UPDATE incident SET review = 'border' WHERE id = $1`, list[3].ID); err != nil {
		t.Fatal(err)
	}
	got, _, err := s.List(accesstest.Person(t, access.Viewer), Question{Review: "border"}, 10)
	if err != nil || len(got) != 1 || got[0].ID != list[3].ID {
		t.Errorf("%d, %v", len(got), err)
	}
}

// Two questions have the same text only when they are the same.
func TestQuestionsAreToldApart(t *testing.T) {
	t.Parallel()
	questions := []Question{{}, {Review: "border"}, {Text: "a"}, {Text: "a\"\nsort \"x"}, {Sort: ByItem}, {Sort: "-item"}}
	for _, f := range []Filter{
		{From: now}, {To: now}, {Hours: []int{1}}, {Weekdays: []int{1}}, {Items: []string{"1", "2"}}, {Items: []string{"12"}}, {Channels: []Channel{Resident}}, {Statuses: []Status{Closed}},
		{Areas: [][]string{{"1", "2"}}}, {Areas: [][]string{{"1"}, {"2"}}},
	} {
		questions = append(questions, Question{Filter: f})
	}
	seen := map[string]int{}
	for n, q := range questions {
		if before, ok := seen[q.text()]; ok {
			t.Errorf("questions %d and %d are both %q", before, n, q.text())
		}
		seen[q.text()] = n
		q.After = web.Place{ID: uuid.New()}
		if q.text() != questions[n].text() {
			t.Errorf("question %d depends on where it goes on", n)
		}
	}
}
