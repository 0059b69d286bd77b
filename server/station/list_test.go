package station

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"jingwei/server/access/accesstest"
	"jingwei/server/web"
)

// Stations of areatest's county: the first and the third stand in its first town, the last outside every area.
const many = `code,kind,name,lon,lat,address,phone
S1,bee_station,东区小蜜蜂驿站,119.801,31.339,东山东路１号,
S2,bee_station,ＡＢＣ广场驿站,119.8214,31.3214,西山路9号,0510-87991234
S3,pocket_park,西山公园,119.802,31.331,环湖大道,
S4,red_post,西山,119.8301,31.3001,东山东路2号,
S5,red_post,西山50%红哨所,119.9,31.5,,
`

// asker answers the API of a service with the stations of many.
func asker(t *testing.T) (ask func(query string) (codes []string, next *string, status int, body string)) {
	t.Helper()
	s, pool := setup(t)
	if _, err := s.Import(accesstest.Operator(t), strings.NewReader(many), ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), `UPDATE station SET phone = '13912345678' WHERE code = 'S3'`); err != nil { // as no import would
		t.Fatal(err)
	}
	server := web.New("test", web.Options{})
	Routes(server, s, s.areas)
	return func(query string) (codes []string, next *string, status int, body string) {
		t.Helper()
		answer := httptest.NewRecorder()
		server.Echo.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/stations?"+query, nil))
		var page web.Page[Resource]
		if answer.Code == http.StatusOK {
			if err := json.Unmarshal(answer.Body.Bytes(), &page); err != nil {
				t.Fatal(err)
			}
		}
		codes = []string{}
		for _, st := range page.Items {
			codes = append(codes, st.Code)
		}
		return codes, page.Next, answer.Code, answer.Body.String()
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	ask := asker(t)
	for _, c := range []struct{ query, want string }{
		{"", "S1 S2 S3 S4 S5"},
		{"q=西山", "S4 S3 S5 S2"}, // the name itself, at its beginning, in the address
		{"q=驿站", "S1 S2"},
		{"q=abc", "S2"},
		{"q=ａＢｃ", "S2"},
		{"q=东路1号", "S1"},
		{"q=东路１号", "S1"},
		{"q=蜜蜂+东山", "S1"},
		{"q=蜜蜂+西山", ""},
		{"q=50%25", "S5"},
		{"q=%25", "S5"},
		{"q=_", ""},
		{"q=%5C", ""},
		{"q=s3", "S3"},
		{"q=+", "S1 S2 S3 S4 S5"},
		{"q=没有的", ""},
		{"kind=red_post,pocket_park", "S3 S4 S5"},
		{"kind=red_post&q=西山", "S4 S5"},
		{"area=320282", "S1 S2 S3 S4"},
		{"area=320282001", "S1 S3"},
		{"area=320282001&q=西山", "S3"},
		{"area=320282001,320282002", "S1 S2 S3"},
		{"area=32028200100100101", "S1"},
	} {
		if got, next, status, body := ask(escaped(c.query)); strings.Join(got, " ") != c.want || next != nil || status != http.StatusOK {
			t.Errorf("%s: %d %q, want %q; %s", c.query, status, got, c.want, body)
		}
	}
}

// escaped is a query whose letters beside ASCII are escaped.
func escaped(query string) string {
	var b strings.Builder
	for _, r := range query {
		if r < 128 {
			b.WriteRune(r)
		} else {
			b.WriteString(url.QueryEscape(string(r)))
		}
	}
	return b.String()
}

func TestListGoesOn(t *testing.T) {
	t.Parallel()
	ask := asker(t)
	for query, want := range map[string][]string{"": {"S1", "S2", "S3", "S4", "S5"}, "&q=西山": {"S4", "S3", "S5", "S2"}, "&area=320282": {"S1", "S2", "S3", "S4"}} {
		for limit := 1; limit < 7; limit++ {
			var got []string
			pages := 0
			for cursor := ""; ; pages++ {
				codes, next, status, body := ask(escaped(fmt.Sprintf("limit=%d%s&cursor=%s", limit, query, cursor)))
				if status != http.StatusOK || len(codes) > limit || pages > len(want) {
					t.Fatalf("%s: %d %s", query, status, body)
				}
				if got = append(got, codes...); next == nil {
					break
				}
				cursor = *next
			}
			if !slices.Equal(got, want) || pages != (len(want)-1)/limit {
				t.Errorf("%q by %d: %q on %d pages, want %q", query, limit, got, pages+1, want)
			}
		}
	}
}

func TestListIsRefused(t *testing.T) {
	t.Parallel()
	ask := asker(t)
	for query, want := range map[string]int{
		"kind=beehive": 422, "area=999": 422, "limit=0": 422, "limit=1001": 422, "cursor=***": 422, "cursor=AA": 422, "q=" + strings.Repeat("a", 65): 422, "q=%00": 422, "q=%ff": 422,
	} {
		if _, _, status, body := ask(query); status != want {
			t.Errorf("%s: %d, want %d; %s", query, status, want, body)
		}
	}
}

func TestListShowsWhatIsPublic(t *testing.T) {
	t.Parallel()
	ask := asker(t)
	_, _, _, body := ask("")
	if !strings.Contains(body, `"phone":"0510-87991234"`) || strings.Contains(body, "13912345678") {
		t.Error(body)
	}
	if !strings.Contains(body, `"areas":["320282","320282001","320282001001","320282001001001","32028200100100101"]`) || !strings.Contains(body, `"areas":[]`) {
		t.Error(body)
	}
}
