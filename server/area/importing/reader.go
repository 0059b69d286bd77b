package importing

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// sniffBytes is how much of a file is looked at to tell its format.
const sniffBytes = 64 << 10

// maxTopologyBytes bounds a TopoJSON file, which has to be in memory as a whole.
const maxTopologyBytes = 512 << 20

// readFeatures reads a file of any of the formats and hands over its features one by one, good ones and bad ones. What ends the reading
// is the problem that comes back; the error is of the reader itself.
func readFeatures(r io.Reader, opt *Options, emit func(rawFeature)) (*Problem, error) {
	buffered := bufio.NewReaderSize(r, sniffBytes)
	head, err := buffered.Peek(sniffBytes)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		if _, err := buffered.Discard(3); err != nil {
			return nil, err
		}
		head = head[3:]
	}
	format, problem := sniff(head)
	if problem != nil {
		return problem, nil
	}
	d := door{opt.Datum}
	if format == formatTopology {
		text, err := io.ReadAll(io.LimitReader(buffered, maxTopologyBytes+1))
		if err != nil {
			return nil, err
		}
		if len(text) > maxTopologyBytes {
			return &Problem{Reason: TooBig, Message: fmt.Sprintf("a TopoJSON file may have %d MB", maxTopologyBytes>>20), Remedy: "convert it to GeoJSON, which is streamed"}, nil
		}
		return readTopology(text, opt.Layer, d, emit), nil
	}
	return readGeoJSON(buffered, maxFeatureBytes, format, d, emit)
}

// readGeoJSON reads a file of features, none of which may have more than limit bytes.
func readGeoJSON(r io.Reader, limit int64, format format, d door, emit func(rawFeature)) (problem *Problem, err error) {
	lines := &lineCounter{r: r, line: 1, limit: limit, left: limit}
	g := &geoJSON{door: d, lines: lines, dec: json.NewDecoder(lines), emit: emit}
	if format == formatSequence {
		problem = g.sequence()
	} else {
		problem = g.collection()
	}
	return problem, lines.err
}

type format uint8

const (
	formatCollection format = iota
	formatSequence
	formatTopology
)

// sniff tells the format from the beginning of a file, its BOM taken off.
func sniff(head []byte) (format, *Problem) {
	text := bytes.TrimLeft(head, " \t\r\n\x1e")
	switch {
	case len(text) == 0 && len(head) < sniffBytes-3:
		return 0, &Problem{Reason: EmptyFile, Message: "the file is empty", Remedy: "check the name, or fetch the file again"}
	case bytes.HasPrefix(text, []byte("PK\x03\x04")), bytes.HasPrefix(text, []byte{0, 0, 0x27, 0x0a}), bytes.HasPrefix(text, []byte("<")),
		bytes.HasPrefix(text, []byte("\x1f\x8b")), bytes.HasPrefix(text, []byte("SQLite format 3")):
		return 0, &Problem{Reason: UnknownFormat, Message: "this is not JSON but an archive, a shapefile, a GeoPackage, KML or GML",
			Remedy: "unpack it, and convert it (ogr2ogr -f GeoJSON -t_srs EPSG:4326 areas.geojson FILE)"}
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return 0, &Problem{Reason: NotUTF8, Message: "the file is UTF-16", Remedy: "convert it first (iconv -f UTF-16 -t UTF-8)"}
	case len(text) == 0 || text[0] != '{':
		return 0, &Problem{Line: 1, Reason: NotJSON, Message: fmt.Sprintf("the file begins with %.20q, which is no JSON object", text),
			Remedy: "give a GeoJSON FeatureCollection, one GeoJSON feature a line, or TopoJSON"}
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	if _, err := dec.Token(); err == nil {
		for dec.More() {
			key, err := dec.Token()
			if err != nil {
				break
			}
			switch key {
			case "features":
				return formatCollection, nil
			case "arcs", "objects", "transform":
				return formatTopology, nil
			case "geometry", "properties":
				return formatSequence, nil
			}
			var member json.RawMessage
			if dec.Decode(&member) != nil {
				break
			}
			if key == "type" {
				return formatOfType(string(member))
			}
		}
		if _, err := dec.Token(); err == nil {
			return 0, &Problem{Reason: UnknownFormat, Message: "the JSON object is neither GeoJSON nor TopoJSON", Remedy: "give a GeoJSON FeatureCollection, one GeoJSON feature a line, or TopoJSON"}
		}
	}
	// Broken or very long before it says what it is: the reader of collections tells where.
	return formatCollection, nil
}

func formatOfType(word string) (format, *Problem) {
	switch word {
	case `"FeatureCollection"`:
		return formatCollection, nil
	case `"Feature"`:
		return formatSequence, nil
	case `"Topology"`:
		return formatTopology, nil
	}
	return 0, &Problem{Reason: UnknownFormat, Message: fmt.Sprintf("the type of the file is %.40s", word),
		Remedy: "give a GeoJSON FeatureCollection, one GeoJSON feature a line, or TopoJSON"}
}

// lineCounter passes bytes on, remembers where lines begin, turns the record separators of RFC 8142 into blanks (inside JSON
// they could only be an error), and bounds how much may come between two calls of next.
type lineCounter struct {
	r      io.Reader
	offset int64   // bytes passed on
	ends   []int64 // offsets after newlines that at has not gone past yet
	line   int     // the line in which ends[0] is
	limit  int64   // of one value
	left   int64   // of the limit
	err    error   // of the reader underneath
}

// tooBigError tells that one value of the file is over the limit.
type tooBigError struct{ limit int64 }

func (e *tooBigError) Error() string {
	return fmt.Sprintf("a value of more than %d MB", e.limit>>20)
}

// next lets another value begin.
func (c *lineCounter) next() { c.left = c.limit }

// Read implements io.Reader.
func (c *lineCounter) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, &tooBigError{c.limit}
	}
	n, err := c.r.Read(p)
	c.left -= int64(n)
	for i, b := range p[:n] {
		switch b {
		case '\n':
			c.ends = append(c.ends, c.offset+int64(i)+1)
		case 0x1e:
			p[i] = ' '
		}
	}
	c.offset += int64(n)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}

// at is the line of an offset, 1 for the first. Offsets must not go back.
func (c *lineCounter) at(offset int64) int {
	past, _ := slices.BinarySearch(c.ends, offset+1)
	c.line += past
	c.ends = c.ends[past:]
	return c.line
}
