package scene

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"jingwei/server/web"
)

// Bounds of a configuration. A field that is not known here belongs to a newer page, and stays.
const (
	maxConfig = 16 << 10 // bytes
	maxDepth  = 6        // of objects and lists in each other
	maxText   = 200      // characters
	maxPanels = 20
)

// known are the fields that every page reads, with what they may be.
type known struct {
	View *struct {
		Lon  float64 `json:"lon"`
		Lat  float64 `json:"lat"`
		Zoom float64 `json:"zoom"`
	} `json:"view"`
	Layer  string `json:"layer"`
	Level  string `json:"level"`
	Period string `json:"period"`
	Filter struct {
		Items    []string `json:"items"`
		Channels []string `json:"channels"`
		Statuses []string `json:"statuses"`
		Areas    []string `json:"areas"`
		Hours    []int    `json:"hours"`
		Weekdays []int    `json:"weekdays"`
	} `json:"filter"`
	Panels []string `json:"panels"`
}

// checkConfig refuses a configuration that is no object, is too large or too deep, holds markup, or says nonsense in a known field.
func checkConfig(config json.RawMessage) error {
	refuse := func(format string, args ...any) error {
		return web.NewProblem(web.Invalid, fmt.Sprintf(format, args...)).At("body.config", nil)
	}
	if len(config) > maxConfig {
		return refuse("the configuration has %d bytes; it may have %d", len(config), maxConfig)
	}
	if err := checkTexts(config); err != nil {
		return refuse("the configuration %v", err)
	}
	var k known
	if err := json.Unmarshal(config, &k); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return refuse("%s in the configuration cannot be a %s", wrong.Field, wrong.Value)
		}
		return refuse("the configuration is not JSON: %v", err)
	}
	inside := func(hours []int, end int) bool {
		return !slices.ContainsFunc(hours, func(n int) bool { return n < 0 || n >= end })
	}
	switch v := k.View; {
	case v != nil && !(v.Lon >= -180 && v.Lon <= 180 && v.Lat >= -90 && v.Lat <= 90 && v.Zoom >= 0 && v.Zoom <= 24):
		return refuse("view in the configuration is a longitude, a latitude and a zoom of 0 to 24")
	case len(k.Panels) > maxPanels:
		return refuse("panels in the configuration are at most %d", maxPanels)
	case !inside(k.Filter.Hours, 24):
		return refuse("hours in the configuration are 0 to 23")
	case !inside(k.Filter.Weekdays, 8):
		return refuse("weekdays in the configuration are 0 to 7")
	}
	return nil
}

// checkTexts reads the JSON token by token: one object, not too deep, of short lines that no page can take for markup.
func checkTexts(config json.RawMessage) error {
	tokens := json.NewDecoder(bytes.NewReader(config))
	depth := 0
	for first := true; ; first = false {
		token, err := tokens.Token()
		switch {
		case errors.Is(err, io.EOF) && !first:
			return nil
		case err != nil:
			return errors.New("is not JSON")
		case first && token != json.Delim('{'):
			return errors.New("must be an object")
		}
		switch v := token.(type) {
		case json.Delim:
			if v == '{' || v == '[' {
				depth++
			} else {
				depth--
			}
			if depth > maxDepth {
				return fmt.Errorf("is more than %d deep", maxDepth)
			}
		case string:
			if !isLine(v, maxText) {
				return fmt.Errorf("holds a text that is no line of at most %d characters without < and >", maxText)
			}
		}
	}
}
