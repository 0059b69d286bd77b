package mvt

import (
	"encoding/binary"
	"hash/fnv"
	"strconv"
)

// The encoder writes Mapbox Vector Tile 2.1 (https://github.com/mapbox/vector-tile-spec) straight onto the protobuf
// wire. Field numbers are those of its vector_tile.proto.

// geometryType is GeomType of the specification.
type geometryType uint64

const (
	pointType      geometryType = 1
	lineStringType geometryType = 2
	polygonType    geometryType = 3
)

const (
	commandMoveTo    = 1
	commandLineTo    = 2
	commandClosePath = 7
)

// layerWriter collects the features of one layer. It can be used again after reset.
type layerWriter struct {
	keys     []string
	features []byte
	values   []byte
	indexOf  map[string]uint64
	indexOfN map[int64]uint64

	tags     []byte
	geometry []byte
	feature  []byte
	cursor   point
	origin   point // of the tile on the square of the zoom
}

func (w *layerWriter) reset(origin point, keys ...string) {
	if w.indexOf == nil {
		w.indexOf, w.indexOfN = map[string]uint64{}, map[int64]uint64{}
	}
	clear(w.indexOf)
	clear(w.indexOfN)
	w.keys, w.origin, w.cursor = keys, origin, origin
	w.features, w.values, w.tags, w.geometry = w.features[:0], w.values[:0], w.tags[:0], w.geometry[:0]
}

// tag adds a property; an empty value is left out.
func (w *layerWriter) tag(key uint64, value string) {
	if value == "" {
		return
	}
	index, known := w.indexOf[value]
	if !known {
		index = w.nextValue()
		w.indexOf[value] = index
		w.values = appendVarint(w.values, 4<<3|2)
		w.values = appendVarint(w.values, uint64(1+varintLen(uint64(len(value)))+len(value)))
		w.values = appendString(w.values, 1, value)
	}
	w.tags = appendVarint(appendVarint(w.tags, key), index)
}

// tagNumber adds a property that is a whole number, which is written as uint_value or, below 0, as sint_value.
func (w *layerWriter) tagNumber(key uint64, value int64) {
	index, known := w.indexOfN[value]
	if !known {
		index = w.nextValue()
		w.indexOfN[value] = index
		field, coded := uint64(5), uint64(value)
		if value < 0 {
			field, coded = 6, uint64(value)<<1^uint64(value>>63)
		}
		w.values = appendVarint(w.values, 4<<3|2)
		w.values = appendVarint(w.values, uint64(1+varintLen(coded)))
		w.values = appendUint(w.values, field, coded)
	}
	w.tags = appendVarint(appendVarint(w.tags, key), index)
}

func (w *layerWriter) nextValue() uint64 { return uint64(len(w.indexOf) + len(w.indexOfN)) }

// point adds a point of the square of the zoom; line a line, ring a ring that must be wound as the specification says.
func (w *layerWriter) point(p point) {
	w.geometry = appendVarint(w.geometry, commandMoveTo|1<<3)
	w.move(p)
}

func (w *layerWriter) line(points []point) {
	w.point(points[0])
	w.geometry = appendVarint(w.geometry, commandLineTo|uint64(len(points)-1)<<3)
	for _, p := range points[1:] {
		w.move(p)
	}
}

func (w *layerWriter) ring(points []point) {
	w.line(points)
	w.geometry = appendVarint(w.geometry, commandClosePath|1<<3)
}

func (w *layerWriter) move(p point) {
	w.geometry = appendVarint(w.geometry, zigzag(p.X-w.cursor.X))
	w.geometry = appendVarint(w.geometry, zigzag(p.Y-w.cursor.Y))
	w.cursor = p
}

// close ends a feature with the tags and the geometry added since the last; one without geometry is dropped. The id 0 is
// left out.
func (w *layerWriter) close(id uint64, kind geometryType) {
	if len(w.geometry) > 0 {
		f := w.feature[:0]
		if id != 0 {
			f = appendUint(f, 1, id)
		}
		f = appendBytes(f, 2, w.tags)
		f = appendUint(f, 3, uint64(kind))
		f = appendBytes(f, 4, w.geometry)
		w.feature = f
		w.features = appendBytes(w.features, 2, f)
	}
	w.tags, w.geometry, w.cursor = w.tags[:0], w.geometry[:0], w.origin
}

// appendTo writes the layer into a tile; a layer without features is left out, as the specification asks.
func (w *layerWriter) appendTo(tile []byte, name string) []byte {
	if len(w.features) == 0 {
		return tile
	}
	var head, tail []byte
	head = appendUint(head, 15, 2)
	head = appendString(head, 1, name)
	for _, key := range w.keys {
		tail = appendString(tail, 3, key)
	}
	tail = append(tail, w.values...)
	tail = appendUint(tail, 5, Extent)
	tile = appendVarint(tile, 3<<3|2)
	tile = appendVarint(tile, uint64(len(head)+len(w.features)+len(tail)))
	tile = append(tile, head...)
	tile = append(tile, w.features...)
	return append(tile, tail...)
}

func appendVarint(b []byte, v uint64) []byte { return binary.AppendUvarint(b, v) }

func varintLen(v uint64) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}

func appendUint(b []byte, field, v uint64) []byte {
	return appendVarint(appendVarint(b, field<<3), v)
}

func appendBytes(b []byte, field uint64, v []byte) []byte {
	return append(appendVarint(appendVarint(b, field<<3|2), uint64(len(v))), v...)
}

func appendString(b []byte, field uint64, v string) []byte {
	return append(appendVarint(appendVarint(b, field<<3|2), uint64(len(v))), v...)
}

func zigzag(v int32) uint64 { return uint64(uint32(v)<<1 ^ uint32(v>>31)) }

// FeatureID is the number by which tiles name the area with a code, in every edition: 53 bits, which JavaScript holds exactly. If a code
// ends in five digits, they are the lowest 17 bits as they are, because then the numbers of neighbours have most bytes in common and
// compress well; the other bits are of the FNV-1a hash of what stands before. Among the codes of 1,000 communities two such
// beginnings share a number with a chance of 1 in 100,000.
func FeatureID(code string) uint64 {
	const digits, bits = 5, 17
	h := fnv.New64a()
	if at := len(code) - digits; at >= 0 {
		if number, err := strconv.ParseUint(code[at:], 10, bits); err == nil {
			h.Write([]byte(code[:at]))
			return h.Sum64()>>(64-53+bits)<<bits | number
		}
	}
	h.Write([]byte(code))
	return h.Sum64()>>(64-53) | 1
}
