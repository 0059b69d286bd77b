package snap

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"jingwei/geo"
	"jingwei/server/web"
)

// place is a point of a batch: {"lon":…,"lat":…} or [lon, lat].
type place struct{ lon, lat float64 }

func (p *place) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '[' {
		var pair []float64
		if err := json.Unmarshal(data, &pair); err != nil || len(pair) < 2 {
			return errors.New("expected [lon, lat] with two numbers")
		}
		p.lon, p.lat = pair[0], pair[1]
		return nil
	}
	var object struct {
		Lon *float64 `json:"lon"`
		Lat *float64 `json:"lat"`
	}
	if err := json.Unmarshal(data, &object); err != nil || object.Lon == nil || object.Lat == nil {
		return errors.New(`expected {"lon": number, "lat": number}`)
	}
	p.lon, p.lat = *object.Lon, *object.Lat
	return nil
}

// points are those of a batch. errs holds the reason for each that is none.
type points struct {
	datum geo.Datum
	list  []geo.Point
	errs  map[int]string
}

// add appends a point, or the reason why there is none.
func (p *points) add(at place, err error) error {
	if len(p.list) == maxBatchPoints {
		return web.NewProblem(web.TooLarge, fmt.Sprintf("more than %d points; send them in several requests", maxBatchPoints))
	}
	var q geo.Point
	if err == nil {
		if q, err = geo.PointOf(at.lon, at.lat); err == nil && p.datum != geo.WGS84 {
			q, err = geo.PointOf(p.datum.ToWGS84(at.lon, at.lat))
		}
	}
	if err != nil {
		if p.errs == nil {
			p.errs = map[int]string{}
		}
		p.errs[len(p.list)] = err.Error()
	}
	p.list = append(p.list, q)
	return nil
}

// addJSON is add for a point in any form.
func (p *points) addJSON(data []byte) error {
	var at place
	err := at.UnmarshalJSON(data)
	return p.add(at, err)
}

// readLines reads a point a line; empty lines are passed over.
func (p *points) readLines(body []byte) error {
	p.list = make([]geo.Point, 0, min(bytes.Count(body, []byte("\n"))+1, maxBatchPoints))
	for line := range bytes.Lines(body) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		at, rest, ok := plainPlace(line)
		var err error
		if ok && len(rest) == 0 {
			err = p.add(at, nil)
		} else {
			err = p.addJSON(line)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readArray reads a JSON array of points.
func (p *points) readArray(body []byte) error {
	if ok, err := p.readPlainArray(body); ok || err != nil {
		return err
	}
	p.list, p.errs = nil, nil
	return p.readAnyArray(body)
}

func (p *points) readAnyArray(body []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if token, err := decoder.Token(); err != nil || token != json.Delim('[') {
		return web.NewProblem(web.BadRequest, "the body must be a JSON array of points; send NDJSON with Content-Type application/x-ndjson").At("body", nil)
	}
	for decoder.More() {
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return badJSON(len(p.list), err)
		}
		if err := p.addJSON(raw); err != nil {
			return err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return badJSON(len(p.list), err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return web.NewProblem(web.BadRequest, "there is more after the end of the JSON array").At("body", nil)
	}
	return nil
}

func badJSON(i int, err error) error {
	place := "body[" + strconv.Itoa(i) + "]"
	return web.NewProblem(web.BadRequest, place+": not valid JSON: "+err.Error()).At(place, nil)
}

// readPlainArray reads an array of which every point is plain; ok is false for any other, also for one that is no JSON: it
// does not say what is wrong.
func (p *points) readPlainArray(body []byte) (ok bool, err error) {
	p.list = make([]geo.Point, 0, min(len(body)/16, maxBatchPoints))
	rest, ok := skip(body, '[')
	for ok {
		var at place
		if at, rest, ok = plainPlace(skipSpace(rest)); !ok {
			break
		}
		if err := p.add(at, nil); err != nil {
			return false, err
		}
		rest = skipSpace(rest)
		if len(rest) > 0 && rest[0] == ']' {
			return len(skipSpace(rest[1:])) == 0, nil
		}
		rest, ok = skip(rest, ',')
	}
	return false, nil
}

// plainPlace reads a point as nearly everybody writes it: {"lon":number,"lat":number}, the same the other way around, or
// [number,number]. It gives what follows; ok is false for anything else, which may still be a point. It reads ten times as
// fast as encoding/json, which takes longer for a batch than all the rest together.
func plainPlace(data []byte) (at place, rest []byte, ok bool) {
	if rest, ok = skip(data, '['); ok {
		if at.lon, rest, ok = number(rest); ok {
			if rest, ok = skip(rest, ','); ok {
				at.lat, rest, ok = number(rest)
			}
		}
		if ok {
			rest, ok = skip(rest, ']')
		}
		return at, rest, ok
	}
	rest, ok = skip(data, '{')
	var first, second string
	var a, b float64
	if ok {
		if first, a, rest, ok = member(rest); ok {
			if rest, ok = skip(rest, ','); ok {
				second, b, rest, ok = member(rest)
			}
		}
	}
	if ok {
		rest, ok = skip(rest, '}')
	}
	switch {
	case first == "lon" && second == "lat":
		return place{a, b}, rest, ok
	case first == "lat" && second == "lon":
		return place{b, a}, rest, ok
	}
	return at, nil, false
}

// member reads "lon":number or "lat":number.
func member(data []byte) (name string, value float64, rest []byte, ok bool) {
	data = skipSpace(data)
	switch {
	case bytes.HasPrefix(data, []byte(`"lon"`)):
		name = "lon"
	case bytes.HasPrefix(data, []byte(`"lat"`)):
		name = "lat"
	default:
		return "", 0, nil, false
	}
	if rest, ok = skip(data[len(`"lon"`):], ':'); ok {
		value, rest, ok = number(rest)
	}
	return name, value, rest, ok
}

// number reads a JSON number (RFC 8259, section 6) without an exponent.
func number(data []byte) (value float64, rest []byte, ok bool) {
	data = skipSpace(data)
	i := 0
	if i < len(data) && data[i] == '-' {
		i++
	}
	whole := i
	for i < len(data) && '0' <= data[i] && data[i] <= '9' {
		i++
	}
	if i == whole || i > whole+1 && data[whole] == '0' {
		return 0, nil, false
	}
	if i < len(data) && data[i] == '.' {
		i++
		part := i
		for i < len(data) && '0' <= data[i] && data[i] <= '9' {
			i++
		}
		if i == part {
			return 0, nil, false
		}
	}
	if i < len(data) && (data[i] == 'e' || data[i] == 'E') {
		return 0, nil, false
	}
	value, err := strconv.ParseFloat(string(data[:i]), 64)
	return value, data[i:], err == nil
}

// skip passes over white space and a character; ok is false where that does not stand.
func skip(data []byte, c byte) (rest []byte, ok bool) {
	if data = skipSpace(data); len(data) == 0 || data[0] != c {
		return nil, false
	}
	return data[1:], true
}

func skipSpace(data []byte) []byte {
	for len(data) > 0 && (data[0] == ' ' || data[0] == '\n' || data[0] == '\r' || data[0] == '\t') {
		data = data[1:]
	}
	return data
}
