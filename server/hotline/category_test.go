package hotline

import (
	"strings"
	"testing"

	"jingwei/data"
)

func TestCategories(t *testing.T) {
	t.Parallel()
	c, err := ParseCategories("x.json", []byte(testCategories))
	if err != nil {
		t.Fatal(err)
	}
	for category, want := range map[string]string{
		"公安/违法停车": "illegal_parking", "公安 ＞ 违法 停车": "illegal_parking", "公安-违法停车/机动车": "illegal_parking",
		"城乡建设": "common_space", "城乡建设/别的": "common_space",
		"公安": "", "公安/别的": "", "别的": "", "//": "",
	} {
		item, ok := c.Item(category)
		if ok != (want != "") || ok && item != want || !ok && item != "noise" {
			t.Errorf("%q is %s, %v", category, item, ok)
		}
	}
}

func TestTheMappingOfTheProgramFitsItsCatalogue(t *testing.T) {
	t.Parallel()
	c, err := DefaultCategories()
	if err != nil {
		t.Fatal(err)
	}
	items, err := data.Items()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, i := range items {
		known[i.Code] = true
	}
	if err := c.Check(func(code string) bool { return known[code] }); err != nil {
		t.Error(err)
	}
	used := map[string]bool{}
	for _, m := range c.items {
		used[m.item] = true
	}
	if len(c.items) < 60 || len(used) != len(items) {
		t.Errorf("%d categories lead to %d of %d items", len(c.items), len(used), len(items))
	}
}

func TestBadMappingsSayWhere(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{\n\"default\": \"noise\",\n\"categories\": [\n  {\"category\": \"a\", \"item\": \"noise\"}\n  {\"category\": \"b\"}]}":           "x.json:5: ",
		"{\n\"default\": \"noise\",\n\"categories\": [\n  {\"category\": \"a\", \"itme\": \"noise\"}]}":                                    "x.json:4: json: unknown field \"itme\"",
		"{\n\"default\": \"noise\",\n\"categories\": [\n  {\"category\": \"a\", \"item\": \"\"}]}":                                         "x.json:4: an entry must have a category and an item",
		"{\n\"default\": \"noise\",\n\"categories\": [{\"category\": \"a\", \"item\": \"x\"},\n{\"category\": \" a \", \"item\": \"y\"}]}": "x.json:4: the category  a  stands in line 3 already",
		"{\n\"categories\": []}":      `x.json:1: "default" must be`,
		"{\n\"default\": 7}":          `x.json:2: "default" must be`,
		"{\n\"defaults\": \"noise\"}": `x.json:1: json: unknown field "defaults"`,
		"":                            "x.json:1: ",
	} {
		if _, err := ParseCategories("x.json", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	c, err := ParseCategories("x.json", []byte("{\"default\": \"noise\",\n\"categories\": [\n{\"category\": \"a\", \"item\": \"nosie\"}]}"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(func(item string) bool { return item == "noise" }); err == nil || err.Error() != `x.json:3: the catalogue has no item "nosie"; write the code of one that GET /api/v1/items lists` {
		t.Errorf("%v", err)
	}
}
