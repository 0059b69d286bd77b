package snap

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"jingwei/geo"
	"jingwei/server/branch"
)

// FuzzReadArray holds the fast reader against encoding/json: what it accepts it must read the same. For lines the same goes
// for each alone.
func FuzzReadArray(f *testing.F) {
	for _, body := range []string{
		`[]`, `[[1,2]]`, ` [ [ 1 , -2.5 ] , {"lat" : 0.25 , "lon" : -0} ] `, `[{"lon":1,"lat":2},{"lat":1,"lon":2}]`, `[[1,2,3]]`, `[[1,2]]x`, `[[1,2],]`,
		`[[01,2]]`, `[[1.,2]]`, `[[.5,2]]`, `[[1e1,2]]`, `[[-,2]]`, `[[200,0],[0,91]]`, `[{"lon":1,"lon":2}]`, `[{"lon":1,"lat":2,"lat":3}]`, `[{"lon":1,"lat":2}`,
		`[{"lon" 1,"lat":2}]`, `{"lon":1,"lat":2}`, `[1,2`, `["x",[0,0],{"lat":1}]`, `[[1,2] [3,4]]`, `[[1,2],[3,`, `[[1 2]]`, "[[1,\u00a02]]",
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		fast, slow := points{datum: geo.GCJ02}, points{datum: geo.GCJ02}
		ok, _ := fast.readPlainArray(body)
		if !ok {
			return
		}
		if err := slow.readAnyArray(body); err != nil {
			t.Fatalf("%q is read, but is wrong: %v", body, err)
		}
		if !slices.Equal(fast.list, slow.list) || !maps.Equal(fast.errs, slow.errs) {
			t.Fatalf("%q is read as %v, %v instead of %v, %v", body, fast.list, fast.errs, slow.list, slow.errs)
		}
	})
}

func TestPlainPlace(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]place{
		`[119.8,31.3]`: {119.8, 31.3}, ` [ -1 , 0 ] `: {-1, 0}, `{"lon":1,"lat":2}`: {1, 2}, `{ "lat" : 2.50 , "lon" : 1 }`: {1, 2.5},
	} {
		if at, rest, ok := plainPlace([]byte(text)); !ok || at != want || strings.TrimSpace(string(rest)) != "" {
			t.Errorf("%s is read as %v, %q, %v: a batch of it would be slow", text, at, rest, ok)
		}
	}
	for _, text := range []string{``, `[`, `[1`, `[1,`, `[1,2`, `{`, `{"lon":1}`, `{"lon":1,"lon":2}`, `{"lon":1,"lat":2,"id":3}`, `[1,2,3]`, `["1","2"]`, `[1e5,2]`, `[+1,2]`, `[1,02]`} {
		if at, _, ok := plainPlace([]byte(text)); ok {
			t.Errorf("%s is read as %v", text, at)
		}
	}
}

// TestWriteAnswers compares with what encoding/json makes of the answers.
func TestWriteAnswers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.StringMatching(`[0-9]{1,17}`), rapid.String(), rapid.StringMatching("[a-z\"\\\\<>&\u2028\x00-\x7f]*"))
		var results []Result
		errs := map[int]string{}
		var want []BatchAnswer
		for i := range rapid.IntRange(0, 4).Draw(t, "answers") {
			r := Result{Status: rapid.SampledFrom([]Status{Owned, Inferred, Outside}).Draw(t, "status"), Codes: rapid.SliceOfN(text, 0, 5).Draw(t, "codes")}
			answer := BatchAnswer{Status: r.Status, Areas: r.Codes}
			if len(r.Codes) > 0 {
				answer.Area = r.Codes[len(r.Codes)-1]
			}
			if rapid.Bool().Draw(t, "has a branch") {
				r.Branch = &branch.Branch{Code: text.Draw(t, "branch")}
				answer.Branch = r.Branch.Code
			}
			if rapid.Bool().Draw(t, "is wrong") {
				errs[i] = "reason: " + text.Draw(t, "reason")
				answer = BatchAnswer{Error: errs[i]}
			}
			results, want = append(results, r), append(want, answer)
		}
		var got []BatchAnswer
		out := writeAnswers(results, errs, false)
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		var read []BatchAnswer // of encoding/json's own writing, which replaces what is not UTF-8
		plain, _ := json.Marshal(want)
		_ = json.Unmarshal(plain, &read)
		if len(got)+len(want) > 0 && !reflect.DeepEqual(got, read) {
			t.Fatalf("%s\nwant %s", out, plain)
		}
		lines := string(writeAnswers(results, errs, true))
		if len(results) > 0 && "["+strings.ReplaceAll(strings.TrimSuffix(lines, "\n"), "\n", ",")+"]" != string(out) {
			t.Fatalf("lines differ from the array:\n%s%s", lines, out)
		}
	})
}
