package hotline

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/access"
	"jingwei/server/area"
)

// Candidate is where the words of an address may lead.
type Candidate struct {
	Kind  string // "area" or "station"
	Code  string
	Name  string
	Place geo.Point // well inside an area; where a station stands
	Score float64   // 0 to 1: how much of the address its name and the names of the areas that it lies in explain

	level coverage.Level
}

// maxCandidates is how many are given, the best ones.
const maxCandidates = 10

// maxNamesakes is how many areas may share a name that still leads somewhere.
const maxNamesakes = 5

// Candidates are places that the address of a ticket names, the best first, of those where the actor may place it.
func (s *Service) Candidates(ctx context.Context, number string) ([]Candidate, error) {
	t, _, err := s.Find(ctx, number)
	if err != nil {
		return nil, err
	}
	scope, err := access.AskScope(ctx, access.IncidentTriage)
	if err != nil {
		return nil, err
	}
	atlas := s.areas.Current()
	address := []rune(t.Address)
	named := areasIn(atlas.Coverage, address)
	spans := map[string][]span{} // what each area explains of the address, by its code
	for _, n := range named {
		code := atlas.Coverage.Code(n.id)
		spans[code] = append(spans[code], n.span)
	}
	var candidates []Candidate
	add := func(c Candidate, chain []string, own ...span) {
		if scope.Holds(chain) {
			for _, code := range chain {
				own = append(own, spans[code]...)
			}
			c.Score = explained(address, own)
			candidates = append(candidates, c)
		}
	}
	seen := map[coverage.ID]bool{}
	for _, n := range named {
		if c := atlas.Coverage; !seen[n.id] {
			seen[n.id] = true
			add(Candidate{Kind: "area", Code: c.Code(n.id), Name: c.Name(n.id), Place: c.Label(n.id), level: c.Level(n.id)}, atlas.Codes(n.id))
		}
	}
	stations, err := s.stations.NamedIn(ctx, t.Address)
	if err != nil {
		return nil, err
	}
	for _, st := range stations {
		own := spansOf(address, []rune(st.Name))
		add(Candidate{Kind: "station", Code: st.Code, Name: st.Name, Place: st.Place, level: coverage.Micro + 1}, chainAt(atlas, st.Place), own...)
	}
	slices.SortStableFunc(candidates, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.level, a.level), strings.Compare(a.Code, b.Code))
	})
	return candidates[:min(len(candidates), maxCandidates)], nil
}

func chainAt(atlas *area.Atlas, p geo.Point) []string {
	if id := atlas.Index.Locate(p); id >= 0 {
		return atlas.Codes(id)
	}
	return nil
}

// span is a part of an address, in characters, half open.
type span struct{ begin, end int }

// namedArea is an area that an address names.
type namedArea struct {
	id coverage.ID
	span
}

// areasIn finds the names of areas in an address, the longest name first wherever one begins: where 东风社区 is named, 东风 is not. A name that more than
// maxNamesakes areas share is passed over.
func areasIn(c *coverage.Coverage, address []rune) []namedArea {
	byName := map[string][]coverage.ID{}
	longest := 0
	for n := range c.Len() {
		id := coverage.ID(n)
		for _, name := range spokenNames(c.Name(id)) {
			byName[name] = append(byName[name], id)
			longest = max(longest, utf8.RuneCountInString(name))
		}
	}
	var found []namedArea
	for begin := 0; begin < len(address); {
		end := min(len(address), begin+longest)
		for ; end > begin+1; end-- {
			ids := byName[string(address[begin:end])]
			if len(ids) == 0 || len(ids) > maxNamesakes {
				continue
			}
			for _, id := range ids {
				found = append(found, namedArea{id, span{begin, end}})
			}
			break
		}
		begin = max(begin+1, end)
	}
	return found
}

// spokenNames are a name and how people shorten it: 茶东社区居民委员会 is 茶东社区 and 茶东, 宜城街道 is 宜城. None has less than two characters.
func spokenNames(name string) []string {
	names := []string{name}
	for _, official := range []string{"居民委员会", "村民委员会", "委员会"} {
		if short, ok := strings.CutSuffix(name, official); ok {
			names = append(names, short)
			name = short
			break
		}
	}
	for _, kind := range []string{"街道", "社区", "镇", "乡", "村", "市", "县", "区"} {
		if short, ok := strings.CutSuffix(name, kind); ok {
			names = append(names, short)
			break
		}
	}
	return slices.DeleteFunc(names, func(n string) bool { return utf8.RuneCountInString(n) < 2 })
}

// spansOf are all places of a name in an address.
func spansOf(address, name []rune) (spans []span) {
	for begin := 0; len(name) > 0 && begin+len(name) <= len(address); begin++ {
		if slices.Equal(address[begin:begin+len(name)], name) {
			spans = append(spans, span{begin, begin + len(name)})
		}
	}
	return spans
}

// explained is the part of an address's letters and digits that lies in spans.
func explained(address []rune, spans []span) float64 {
	all, in := 0, 0
	for i, r := range address {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			continue
		}
		all++
		if slices.ContainsFunc(spans, func(s span) bool { return i >= s.begin && i < s.end }) {
			in++
		}
	}
	if all == 0 {
		return 0
	}
	return float64(in) / float64(all)
}
