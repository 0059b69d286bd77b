package photo

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"runtime"
	"strings"
	"testing"
	"time"

	"jingwei/server/photo/phototest"
	"jingwei/server/web"
)

// The formats of PNGs: bits of a channel, kind of colours, compression, filter, interlacing.
var (
	png8Alpha     = []byte{8, 6, 0, 0, 0}
	png16Alpha    = []byte{16, 6, 0, 0, 0}
	pngInterlaced = []byte{8, 6, 0, 0, 1}
	png16Grey     = []byte{16, 0, 0, 0, 0}
)

// declared is a PNG that says it has w x h pixels and has none of them.
func declared(w, h uint32, format []byte) []byte {
	chunk := func(kind string, data []byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
		b = append(append(b, kind...), data...)
		return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
	}
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	return append(append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(header, format...))...), chunk("IDAT", nil)...)
}

// frame is a JPEG that says it has w x h pixels, of components that are sampled so often (across and down, 4 bits each), and has none of them.
func frame(kind byte, w, h uint16, sampled ...byte) []byte {
	b := append([]byte{0xFF, 0xD8, 0xFF, kind, 0, byte(8 + 3*len(sampled)), 8, byte(h >> 8), byte(h), byte(w >> 8), byte(w)}, byte(len(sampled)))
	for i, hv := range sampled {
		b = append(b, byte(i+1), hv, 0)
	}
	return append(b, 0xFF, 0xDA, 0, 2, 0xFF, 0xD9)
}

// manyScans repeats the scan of a JPEG.
func manyScans(file []byte, n int) []byte {
	scan, end := bytes.Index(file, []byte{0xFF, 0xDA}), len(file)-2
	many := bytes.Clone(file[:end])
	for range n - 1 {
		many = append(many, file[scan:end]...)
	}
	return append(many, file[end:]...)
}

func encoded(t *testing.T, encode func(*bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRefused(t *testing.T) {
	t.Parallel()
	good := phototest.JPEG(60, 40)
	gifFile := encoded(t, func(b *bytes.Buffer) error { return gif.Encode(b, image.NewRGBA(image.Rect(0, 0, 9, 9)), nil) })
	for name, c := range map[string]struct {
		file []byte
		code web.Code
	}{
		"nothing":                    {nil, web.UnsupportedMedia},
		"text":                       {[]byte("hello"), web.UnsupportedMedia},
		"SVG":                        {[]byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), web.UnsupportedMedia},
		"SVG without a prologue":     {[]byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), web.UnsupportedMedia},
		"HTML":                       {[]byte("<html><script>alert(1)</script>"), web.UnsupportedMedia},
		"PDF":                        {[]byte("%PDF-1.7\n"), web.UnsupportedMedia},
		"GIF":                        {gifFile, web.UnsupportedMedia},
		"HEIC":                       {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), web.UnsupportedMedia},
		"program":                    {[]byte("MZ\x90\x00"), web.UnsupportedMedia},
		"start of a JPEG":            {good[:3], web.Invalid},
		"half a JPEG":                {good[:len(good)/2], web.Invalid},
		"GIF behind a JPEG's start":  {append([]byte{0xFF, 0xD8, 0xFF}, gifFile...), web.Invalid},
		"JPEG of 50,000 scans":       {manyScans(good, 50_000), web.Invalid},
		"PNG of 50,000 x 50,000":     {declared(50_000, 50_000, png8Alpha), web.TooLarge},
		"PNG of 1 x 2 billion":       {declared(1, 1<<31-1, png8Alpha), web.TooLarge},
		"PNG of 50,000,001 pixels":   {declared(50_000_001, 1, png8Alpha), web.TooLarge},
		"PNG of 400 MB":              {declared(50_000, 1000, png16Alpha), web.TooLarge},
		"interlaced PNG of 216 MB":   {declared(36_000, 1000, pngInterlaced), web.TooLarge},
		"progressive JPEG of 225 MB": {frame(0xC2, 30_000, 1000, 0x22, 0x11, 0x11), web.TooLarge},
		"CMYK JPEG of 320 MB":        {frame(0xC0, 40_000, 1000, 0x11, 0x11, 0x11, 0x11), web.TooLarge},
		"PNG of no pixels":           {declared(0, 10, png8Alpha), web.Invalid},
		"PNG without its pixels":     {declared(100, 100, png8Alpha), web.Invalid},
		"PNG of 100 MB":              {declared(50_000, 1000, png16Grey), web.Invalid}, // not too large, but damaged
		"JPEG of 75 MB":              {frame(0xC0, 50_000, 1000, 0x22, 0x11, 0x11), web.Invalid},
		"WebP without content":       {[]byte("RIFF\x10\x00\x00\x00WEBPVP8 "), web.Invalid},
		"animated WebP without body": {[]byte("RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x09\x00\x00\x09\x00\x00"), web.Invalid},
	} {
		begun := time.Now()
		_, _, err := newCleaner().clean(t.Context(), c.file)
		p, ok := web.AsProblem(err)
		if !ok || p.Code != c.code || len(p.Errors) != 1 || p.Errors[0].Location != "body" {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("%s takes %v to refuse", name, took)
		}
	}
}

func TestScans(t *testing.T) {
	t.Parallel()
	good := phototest.JPEG(60, 40)
	for n, file := range map[int][]byte{1: good, 7: manyScans(good, 7), 50_000: manyScans(good, 50_000), 0: good[:4]} {
		if got := jpegOf(file).scans; got != n {
			t.Errorf("%d scans, want %d", got, n)
		}
	}
	// What follows the picture, as the film of a phone's motion photo, does not count.
	if got := jpegOf(append(bytes.Clone(good), bytes.Repeat([]byte{0xFF, 0xDA, 0, 2}, 100)...)).scans; got != 1 {
		t.Errorf("%d scans with a tail", got)
	}
}

// TestNothingSurvives: of a picture with a position, a camera, comments and a page behind it only the pixels are kept.
func TestNothingSurvives(t *testing.T) {
	t.Parallel()
	file := phototest.WithEXIF(phototest.JPEG(60, 40), phototest.EXIF{Orientation: 1, Lon: 119.8233, Lat: -31.3406, Camera: "SECRET-CAMERA"})
	comment := "<script>alert(document.cookie)</script>"
	file = append(file[:2:2], append(append([]byte{0xFF, 0xFE, 0, byte(len(comment) + 2)}, comment...), file[2:]...)...)
	file = append(file, "<html><script>evil()</script>"...)
	p, at, err := newCleaner().clean(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	if at == nil || *at != (Position{119.8233, -31.3406}) {
		t.Errorf("position %+v", at)
	}
	for _, trace := range []string{"SECRET-CAMERA", "Exif", "script", "html"} {
		if bytes.Contains(p.JPEG, []byte(trace)) {
			t.Errorf("%q survives", trace)
		}
	}
	if again, at, err := newCleaner().clean(t.Context(), p.JPEG); err != nil || at != nil || again.Width != 60 {
		t.Errorf("what is kept, uploaded again: %v, %+v", err, at)
	}
}

func TestPositions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lon, lat float64
		want     *Position
	}{
		{119.8233, 31.3406, &Position{119.8233, 31.3406}},
		{-119.8233, -31.3406, &Position{-119.8233, -31.3406}},
		{0, 0, nil},
		{181, 31, nil},
		{119, 91, nil},
	} {
		_, at := readEXIF(phototest.WithEXIF(phototest.JPEG(8, 8), phototest.EXIF{Orientation: 1, Lon: c.lon, Lat: c.lat}), "jpeg")
		if (at == nil) != (c.want == nil) || at != nil && *at != *c.want {
			t.Errorf("%v, %v: %+v", c.lon, c.lat, at)
		}
	}
	if orientation, at := readEXIF(phototest.JPEG(8, 8), "jpeg"); orientation != 1 || at != nil {
		t.Errorf("without EXIF: %d, %+v", orientation, at)
	}
	broken := phototest.WithEXIF(phototest.JPEG(8, 8), phototest.EXIF{Orientation: 6, Lon: 1, Lat: 1})
	for i := 20; i < 120; i++ { // EXIF that was tampered with must not bring the server down, and the picture stays good
		b := bytes.Clone(broken)
		b[i] ^= 0xFF
		if _, _, err := newCleaner().clean(t.Context(), b); err != nil {
			if _, ok := web.AsProblem(err); !ok {
				t.Errorf("byte %d: %v", i, err)
			}
		}
	}
}

// TestOrientation: a picture whose left upper corner, as a person sees it, is red comes out with it there, whatever way the camera was held.
func TestOrientation(t *testing.T) {
	t.Parallel()
	const w, h = 64, 32 // as a person sees it
	for orientation := range 10 {
		// The camera's pixel of a seen one (Exif 2.3, figure of the tag Orientation).
		stored := image.NewRGBA(image.Rect(0, 0, w, h))
		if orientation >= 5 && orientation <= 8 {
			stored = image.NewRGBA(image.Rect(0, 0, h, w))
		}
		for y := range h {
			for x := range w {
				c := color.RGBA{0, 0, 255, 255}
				if x < w/2 && y < h/2 {
					c = color.RGBA{255, 0, 0, 255}
				}
				sx, sy := x, y
				switch orientation {
				case 2:
					sx = w - 1 - x
				case 3:
					sx, sy = w-1-x, h-1-y
				case 4:
					sy = h - 1 - y
				case 5:
					sx, sy = y, x
				case 6: // the camera's upper edge is on the right
					sx, sy = y, w-1-x
				case 7:
					sx, sy = h-1-y, w-1-x
				case 8: // on the left
					sx, sy = h-1-y, x
				}
				stored.Set(sx, sy, c)
			}
		}
		file := phototest.WithEXIF(phototest.Encode(stored), phototest.EXIF{Orientation: orientation})
		p, _, err := newCleaner().clean(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		seen, err := jpeg.Decode(bytes.NewReader(p.JPEG))
		if err != nil || seen.Bounds().Dx() != w || seen.Bounds().Dy() != h || p.Width != w || p.Height != h {
			t.Fatalf("orientation %d: %v %v", orientation, seen.Bounds(), err)
		}
		for _, corner := range []struct {
			x, y int
			red  bool
		}{{4, 4, true}, {w - 4, 4, false}, {4, h - 4, false}, {w - 4, h - 4, false}} {
			if r, _, b, _ := seen.At(corner.x, corner.y).RGBA(); (r > b) != corner.red {
				t.Errorf("orientation %d: the corner %d,%d is red: %v", orientation, corner.x, corner.y, r > b)
			}
		}
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ w, h, wantW, wantH int }{
		{1, 1, 1, 1}, {2560, 10, 2560, 10}, {2561, 1200, 2560, 1199}, {1200, 2561, 1199, 2560}, {4000, 3000, 2560, 1920}, {9000, 300, 2560, 85}, {20000, 1, 2560, 1},
	} {
		file := encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, image.NewGray(image.Rect(0, 0, c.w, c.h))) })
		p, _, err := newCleaner().clean(t.Context(), file)
		if err != nil || p.Width != c.wantW || p.Height != c.wantH {
			t.Errorf("%d x %d became %d x %d: %v", c.w, c.h, p.Width, p.Height, err)
		}
	}
	// What shows through is white, not black, and fine stripes become grey, not coarse stripes.
	glass := encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, image.NewNRGBA(image.Rect(0, 0, 10, 10))) })
	stripes := image.NewGray(image.Rect(0, 0, 6000, 16))
	for i := range stripes.Pix {
		stripes.Pix[i] = uint8(i % 2 * 255)
	}
	fine := encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, stripes) })
	for name, c := range map[string]struct {
		file   []byte
		lo, hi uint8
	}{"transparent": {glass, 250, 255}, "striped": {fine, 100, 155}} {
		p, _, err := newCleaner().clean(t.Context(), c.file)
		if err != nil {
			t.Fatal(err)
		}
		seen, err := jpeg.Decode(bytes.NewReader(p.JPEG))
		if err != nil {
			t.Fatal(err)
		}
		for x := 1; x < p.Width-1; x += 3 {
			if g := color.GrayModel.Convert(seen.At(x, p.Height/2)).(color.Gray); g.Y < c.lo || g.Y > c.hi {
				t.Errorf("%s: %d at %d", name, g.Y, x)
				break
			}
		}
	}
}

// TestWeights compares what a picture is taken to weigh with what its decoder allocates.
func TestWeights(t *testing.T) { // not parallel: it counts what the process allocates
	const w, h = 2000, 1500
	box := image.Rect(0, 0, w, h)
	asPNG := func(m image.Image) []byte { return encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, m) }) }
	translucent, translucent64 := image.NewNRGBA(box), image.NewNRGBA64(box)
	for name, file := range map[string][]byte{
		"grey PNG": asPNG(image.NewGray(box)), "grey PNG of 16 bits": asPNG(image.NewGray16(box)), "PNG": asPNG(translucent), "PNG of 16 bits": asPNG(translucent64),
		"palette": asPNG(image.NewPaletted(box, color.Palette{color.Black, color.White})), "JPEG": phototest.JPEG(w, h),
		"grey JPEG": phototest.Encode(image.NewGray(box)),
	} {
		config, format, err := image.DecodeConfig(bytes.NewReader(file))
		if err != nil {
			t.Fatal(name, err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, _, err := image.Decode(bytes.NewReader(file)); err != nil {
			t.Fatal(name, err)
		}
		runtime.ReadMemStats(&after)
		took, taken := int64(after.TotalAlloc-before.TotalAlloc), weight(file, format, config)
		if pixels := int64(config.Width) * int64(config.Height); taken < pixels || took > taken+taken/10+1<<20 {
			t.Errorf("%s of %d pixels: decoding takes %d bytes, it is taken for %d", name, pixels, took, taken)
		}
	}
}

// TestManyAtOnce: pictures that are together too large to be decoded at the same time wait for each other, and give up with their context. Small
// ones do not wait behind large ones.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	c := newCleaner()
	release, err := c.room.take(t.Context(), maxPixels, maxDecoding)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	waiting := make(chan error)
	large := encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, image.NewGray(image.Rect(0, 0, 2000, 2000))) })
	soon, giveUp := context.WithTimeout(ctx, 500*time.Millisecond)
	defer giveUp()
	go func() {
		_, _, err := c.clean(soon, large)
		waiting <- err
	}()
	if _, _, err := c.clean(ctx, phototest.JPEG(600, 400)); err != nil {
		t.Errorf("a small picture behind a large one: %v", err)
	}
	if err := <-waiting; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a large picture that has no room: %v", err)
	}
	release()
	if _, _, err := c.clean(ctx, large); err != nil {
		t.Errorf("a large picture that has room: %v", err)
	}
	done := make(chan error)
	for range 20 {
		go func() {
			_, _, err := c.clean(t.Context(), phototest.JPEG(600, 400))
			done <- err
		}()
	}
	for range 20 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add(phototest.JPEG(20, 10))
	f.Add(phototest.WithEXIF(phototest.JPEG(20, 10), phototest.EXIF{Orientation: 6, Lon: 119, Lat: 31}))
	f.Add(declared(10, 10, png8Alpha))
	f.Add(frame(0xC2, 10, 10, 0x22, 0x11, 0x11))
	f.Fuzz(func(t *testing.T, file []byte) {
		p, _, err := newCleaner().clean(context.Background(), file)
		if _, ok := web.AsProblem(err); err != nil && !ok {
			t.Fatal(err)
		}
		if err == nil && (p.Width > maxSidePx || p.Height > maxSidePx || !strings.HasPrefix(string(p.JPEG), "\xff\xd8\xff")) {
			t.Fatal(fmt.Sprint(p.Width, p.Height))
		}
	})
}
