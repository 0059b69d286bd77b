// Package phototest makes pictures for tests: small JPEGs, with what cameras write into them. Only tests import it.
package phototest

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"math"
)

// JPEG is a picture of a size with something to see in it.
func JPEG(w, h int) []byte {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), uint8((x ^ y) & 0xff), 255})
		}
	}
	return Encode(m)
}

// Encode writes a picture as a JPEG without metadata.
func Encode(m image.Image) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// EXIF is what a camera says.
type EXIF struct {
	Orientation int
	Lon, Lat    float64 // degrees
	Camera      string
}

// WithEXIF puts EXIF into a JPEG, behind its first marker, as cameras do: TIFF, big endian, with the tags Model, Orientation and the GPS IFD.
func WithEXIF(file []byte, e EXIF) []byte {
	camera := append([]byte(e.Camera), make([]byte, 5)...) // ends with zero, longer than the four bytes of an entry
	const ifd0, entries0, gpsEntries = 8, 3, 4
	gps := uint32(ifd0 + 2 + 12*entries0 + 4)
	data := gps + 2 + 12*gpsEntries + 4
	var values []byte
	at := func(b []byte) uint32 {
		place := data + uint32(len(values))
		values = append(values, b...)
		return place
	}
	be := binary.BigEndian
	entry := func(b []byte, tag, kind uint16, count, value uint32) []byte {
		return be.AppendUint32(be.AppendUint32(be.AppendUint16(be.AppendUint16(b, tag), kind), count), value)
	}
	const ascii, short, long, rational = 2, 3, 4, 5
	tiff := append([]byte("MM\x00*"), be.AppendUint32(nil, ifd0)...)
	tiff = be.AppendUint16(tiff, entries0)
	tiff = entry(tiff, 0x0110, ascii, uint32(len(camera)), at(camera))
	tiff = entry(tiff, 0x0112, short, 1, uint32(e.Orientation)<<16)
	tiff = entry(tiff, 0x8825, long, 1, gps)
	tiff = be.AppendUint32(tiff, 0)
	tiff = be.AppendUint16(tiff, gpsEntries)
	tiff = entry(tiff, 1, ascii, 2, letter(e.Lat, 'N', 'S'))
	tiff = entry(tiff, 2, rational, 3, at(sexagesimal(e.Lat)))
	tiff = entry(tiff, 3, ascii, 2, letter(e.Lon, 'E', 'W'))
	tiff = entry(tiff, 4, rational, 3, at(sexagesimal(e.Lon)))
	tiff = be.AppendUint32(tiff, 0)
	tiff = append(tiff, values...)
	segment := append([]byte{0xFF, 0xE1}, be.AppendUint16(nil, uint16(2+6+len(tiff)))...)
	segment = append(append(segment, "Exif\x00\x00"...), tiff...)
	return append(append(append([]byte{}, file[:2]...), segment...), file[2:]...)
}

func letter(deg float64, positive, negative byte) uint32 {
	if deg < 0 {
		return uint32(negative) << 24
	}
	return uint32(positive) << 24
}

// sexagesimal writes degrees, minutes and seconds as fractions.
func sexagesimal(deg float64) []byte {
	deg = math.Abs(deg)
	d := math.Floor(deg)
	m := math.Floor((deg - d) * 60)
	s := math.Round(((deg-d)*60 - m) * 60 * 1e6)
	var b []byte
	for _, f := range [][2]uint32{{uint32(d), 1}, {uint32(m), 1}, {uint32(s), 1e6}} {
		b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, f[0]), f[1])
	}
	return b
}
