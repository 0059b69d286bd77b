// Package data holds what is configuration or demonstration and not code: the whistle catalogue and the places of the demo
// county, each with its origin in README.md. It only reads its embedded files.
package data

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
)

//go:embed items.json
var itemsJSON []byte

// Field is a heading of the whistle catalogue; Name is its stable key.
type Field struct {
	Name   string `json:"name"`
	NameEN string `json:"name_en"`
}

// Item is an entry of the whistle catalogue, as table item keeps it.
type Item struct {
	Code       string   `json:"code"`
	Field      string   `json:"field"` // Name of a Field
	Name       string   `json:"name"`
	NameEN     string   `json:"name_en"`
	Tier       string   `json:"tier"` // civil, enforcement, hard
	Lead       string   `json:"lead"`
	Assist     []string `json:"assist"`
	Urgency    string   `json:"urgency"`    // emergency, urgent, normal
	Difficulty string   `json:"difficulty"` // emergency, simple, normal, hard
	LegalBasis string   `json:"legal_basis"`
}

// Items lists the entries of the whistle catalogue in the order of the catalogue.
func Items() ([]Item, error) {
	c, err := readCatalogue()
	return c.Items, err
}

// Fields lists the headings of the whistle catalogue in its order.
func Fields() ([]Field, error) {
	c, err := readCatalogue()
	return c.Fields, err
}

type catalogue struct {
	Fields []Field `json:"fields"`
	Items  []Item  `json:"items"`
}

func readCatalogue() (catalogue, error) {
	var c catalogue
	if err := decode("items.json", itemsJSON, &c); err != nil {
		return catalogue{}, err
	}
	known := map[string]bool{}
	for _, f := range c.Fields {
		known[f.Name] = true
	}
	for _, it := range c.Items {
		if !known[it.Field] {
			return catalogue{}, fmt.Errorf("data/items.json: item %q has field %q, which is not in \"fields\"", it.Code, it.Field)
		}
	}
	return c, nil
}

// decode reads an embedded file strictly, so that a misspelt key is not lost.
func decode(name string, text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("data/%s: %w", name, err)
	}
	return nil
}
