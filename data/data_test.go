package data

import (
	"regexp"
	"testing"
)

func TestItems(t *testing.T) {
	t.Parallel()
	items, err := Items()
	if err != nil {
		t.Fatal(err)
	}
	fields, err := Fields()
	if err != nil {
		t.Fatal(err)
	}
	if len(items) != 28 || len(fields) != 6 {
		t.Fatalf("%d items in %d fields, want 28 in 6", len(items), len(fields))
	}
	// The same rules as the CHECKs of table item.
	code := regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	tier := regexp.MustCompile(`^(civil|enforcement|hard)$`)
	urgency := regexp.MustCompile(`^(emergency|urgent|normal)$`)
	difficulty := regexp.MustCompile(`^(emergency|simple|normal|hard)$`)
	codes, inField := map[string]bool{}, map[string]int{}
	for _, it := range items {
		if !code.MatchString(it.Code) || codes[it.Code] || it.Name == "" || it.NameEN == "" || !tier.MatchString(it.Tier) || it.Lead == "" ||
			len(it.Assist) == 0 || !urgency.MatchString(it.Urgency) || !difficulty.MatchString(it.Difficulty) || it.LegalBasis == "" {
			t.Errorf("%+v", it)
		}
		codes[it.Code] = true
		inField[it.Field]++
	}
	for _, f := range fields {
		if inField[f.Name] == 0 || f.NameEN == "" {
			t.Errorf("field %+v has %d items", f, inField[f.Name])
		}
	}
}

func TestYixing(t *testing.T) {
	t.Parallel()
	c, err := Yixing()
	if err != nil {
		t.Fatal(err)
	}
	kinds, communities := map[byte]int{}, 0
	codes := map[string]bool{}
	for _, town := range c.Towns {
		if len(town.Code) != 9 || town.Code[:6] != c.Code || codes[town.Code] || town.Lon < 119.51 || town.Lon > 120.06 || town.Lat < 31.11 || town.Lat > 31.64 {
			t.Errorf("%s %s at %v %v", town.Code, town.Name, town.Lon, town.Lat)
		}
		codes[town.Code] = true
		kinds[town.Code[6]]++
		for _, v := range town.Communities {
			if len(v.Code) != 12 || v.Code[:9] != town.Code || codes[v.Code] || v.Name == "" {
				t.Errorf("%s %s in %s", v.Code, v.Name, town.Code)
			}
			codes[v.Code] = true
			communities++
		}
	}
	if len(c.Towns) != 21 || kinds['0'] != 5 || kinds['1'] != 13 || kinds['4'] != 3 || communities != 312 {
		t.Errorf("%d towns %v, %d communities; want 5 streets, 13 towns, 3 zones, 312 communities", len(c.Towns), kinds, communities)
	}
	if n := len(c.Outline); n < 30 || c.Shore[0] < 0 || c.Shore[1] >= n || c.Shore[0] >= c.Shore[1] {
		t.Errorf("outline of %d points, shore %v", n, c.Shore)
	}
}
