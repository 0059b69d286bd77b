package demo

import (
	"regexp"
	"slices"
	"testing"
	"unicode/utf8"

	"jingwei/geo/coverage"
)

func TestEachAreaHasItsBranch(t *testing.T) {
	t.Parallel()
	c := setup(t, 1)
	if len(c.Branches) != len(c.Areas) {
		t.Fatalf("%d branches for %d areas", len(c.Branches), len(c.Areas))
	}
	kinds := map[coverage.Level]map[string]bool{
		coverage.County: {workCommittee: true}, coverage.Town: {workCommittee: true},
		coverage.Community: {committee: true, generalBranch: true}, coverage.Grid: {branch: true}, coverage.Micro: {partyGroup: true}}
	members, phones, kindsSeen := map[string]int{}, map[string]bool{}, map[string]int{}
	fictitious := regexp.MustCompile(`^0510-0000\d{4}$`)
	for i, b := range slices.Backward(c.Branches) {
		a := c.Areas[i]
		kindsSeen[b.Kind]++
		parent := ""
		if a.Parent != "" {
			parent = "B" + a.Parent
		}
		if b.Area != a.Code || b.Code != "B"+a.Code || b.Parent != parent || !kinds[a.Level][b.Kind] || !b.Invented {
			t.Errorf("branch of %s: %+v", a.Code, b)
		}
		if n := utf8.RuneCountInString(b.Secretary); n < 2 || n > 3 {
			t.Errorf("%s has the secretary %q", b.Code, b.Secretary)
		}
		if b.Phone != "" && (!fictitious.MatchString(b.Phone) || phones[b.Phone]) {
			t.Errorf("%s has the phone %q, which is real or another's", b.Code, b.Phone)
		}
		phones[b.Phone] = true
		if b.Members < 3 || (b.Kind == branch && b.Members > 50) {
			t.Errorf("%s has %d members: a branch needs 3 and has at most 50", b.Code, b.Members)
		}
		if a.Level < coverage.Micro && b.Members != members[b.Code] {
			t.Errorf("%s has %d members, those below it %d", b.Code, b.Members, members[b.Code])
		}
		members[b.Parent] += b.Members
	}
	for _, kind := range []string{workCommittee, committee, generalBranch, branch, partyGroup} {
		if kindsSeen[kind] == 0 {
			t.Errorf("no branch of kind %s", kind)
		}
	}
}

func TestStationsAreThoseOfTheFigures(t *testing.T) {
	t.Parallel()
	c := setup(t, 1)
	want := map[string]int{"service_centre": 1 + 21 + 312, "guidance_station": 21, "estate_station": 31, "bee_station": 147, "general_station": 29,
		"driver_station": 8, "pioneer_station": 53, "pocket_park": 27, "first_heart_classroom": 29, "education_base": 12, "rider_home": 10, "red_post": 40}
	got, codes := map[string]int{}, map[string]bool{}
	area := 0.0
	for _, s := range c.Stations {
		got[s.Kind]++
		if codes[s.Code] {
			t.Errorf("%s twice", s.Code)
		}
		codes[s.Code] = true
		if s.Name == "" || s.Address == "" || s.OpeningHours == "" || s.FloorAreaM2 <= 0 || s.Stars < 0 || s.Stars > 5 || len(s.Services) == 0 || len(s.OpenTo) == 0 || !s.Invented {
			t.Errorf("%+v", s)
		}
		if countedInTotal[s.Kind] {
			area += s.FloorAreaM2
		}
	}
	for kind, n := range want {
		if got[kind] != n {
			t.Errorf("%d of %s, want %d", got[kind], kind, n)
		}
	}
	if len(got) != len(want) || area != totalAreaM2 {
		t.Errorf("kinds %v, %v m² in the four counted kinds, want %v", got, area, totalAreaM2)
	}
}
