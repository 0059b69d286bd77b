package hotline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"jingwei/data"
)

// Categories say which item of the catalogue a category of the hotline means.
type Categories struct {
	name     string // of the file, for errors
	fallback mapped
	items    map[string]mapped // by category, as normalCategory writes it
}

// mapped is an item and the line of the file that names it.
type mapped struct {
	item string // code
	line int
}

// DefaultCategories is the mapping that the program brings along.
func DefaultCategories() (*Categories, error) {
	return ParseCategories("data/hotline_categories.json", data.HotlineCategories())
}

// ParseCategories reads a mapping: {"default": ITEM, "categories": [{"category": "城乡建设/市容环卫", "item": ITEM}, …]}. A category that stands above
// others, such as 城乡建设, is meant by all below it that are not named. name is the file's, for errors, which say the line and the remedy.
func ParseCategories(name string, text []byte) (*Categories, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	var file struct {
		Default    json.RawMessage   `json:"default"`
		Categories []json.RawMessage `json:"categories"`
	}
	if err := strictly(text, &file); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", name, lineOf(text, offsetOf(err)), err)
	}
	c := &Categories{name: name, items: map[string]mapped{}}
	at := max(bytes.Index(text, []byte(`"default"`)), 0)
	c.fallback.line = lineOf(text, at)
	if err := json.Unmarshal(file.Default, &c.fallback.item); err != nil || c.fallback.item == "" {
		return nil, fmt.Errorf(`%s:%d: "default" must be the code of the item for categories that are not in the list, such as "default": "petition"`, name, c.fallback.line)
	}
	at = max(bytes.Index(text, []byte(`"categories"`)), 0)
	for _, raw := range file.Categories {
		at += bytes.Index(text[at:], raw) // the entries stand in the text in their order, byte for byte
		line := lineOf(text, at)
		at += len(raw)
		var entry struct {
			Category string `json:"category"`
			Item     string `json:"item"`
		}
		if err := strictly(raw, &entry); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, line, err)
		}
		category := normalCategory(entry.Category)
		if category == "" || entry.Item == "" {
			return nil, fmt.Errorf(`%s:%d: an entry must have a category and an item, such as {"category": "城乡建设/市容环卫", "item": "rubbish"}`, name, line)
		}
		if before, ok := c.items[category]; ok {
			return nil, fmt.Errorf("%s:%d: the category %s stands in line %d already; remove one of the two", name, line, entry.Category, before.line)
		}
		c.items[category] = mapped{entry.Item, line}
	}
	return c, nil
}

// Check says whether every item of the mapping is in a catalogue.
func (c *Categories) Check(known func(item string) bool) error {
	var unknown []error
	if !known(c.fallback.item) {
		unknown = append(unknown, c.unknown(c.fallback))
	}
	for _, m := range c.items {
		if !known(m.item) {
			unknown = append(unknown, c.unknown(m))
		}
	}
	return errors.Join(unknown...)
}

func (c *Categories) unknown(m mapped) error {
	return fmt.Errorf("%s:%d: the catalogue has no item %q; write the code of one that GET /api/v1/items lists", c.name, m.line, m.item)
}

// Item is the item of a category: its own, or that of the nearest category above it. ok is false where the mapping knows none of them, and the item is
// the default.
func (c *Categories) Item(category string) (item string, ok bool) {
	for category = normalCategory(category); category != ""; {
		if m, ok := c.items[category]; ok {
			return m.item, true
		}
		above := strings.LastIndexByte(category, '/')
		category = category[:max(above, 0)]
	}
	return c.fallback.item, false
}

// between is what stands between the levels of a category in the exports of different hotlines.
var between = strings.NewReplacer("／", "/", ">", "/", "＞", "/", "→", "/", "|", "/", "｜", "/", "\\", "/", "-", "/", "—", "/", "－", "/", "_", "/", "、", "/")

// normalCategory writes a category as its levels with / between them, without blanks.
func normalCategory(category string) string {
	var levels []string
	for level := range strings.SplitSeq(between.Replace(category), "/") {
		if level = strings.Join(strings.Fields(level), ""); level != "" {
			levels = append(levels, level)
		}
	}
	return strings.Join(levels, "/")
}

// strictly reads JSON that has no members but those of into and nothing behind it.
func strictly(text []byte, into any) error {
	if err := json.Unmarshal(text, new(any)); err != nil { // its error knows the place in the text
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// offsetOf is where in the text an error of JSON lies; 0 where it does not say.
func offsetOf(err error) int {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return int(syntax.Offset)
	}
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return int(kind.Offset)
	}
	return 0
}

func lineOf(text []byte, offset int) int {
	return 1 + bytes.Count(text[:min(offset, len(text))], []byte("\n"))
}
