package photo

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	_ "image/png" // registers PNG with package image
	"net/http"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // registers WebP with package image

	"jingwei/server/web"
)

// formats are what is taken, by the type that the content shows: what the sender calls it does not count.
var formats = map[string]string{"image/jpeg": "jpeg", "image/png": "png", "image/webp": "webp"}

// cleaner turns uploads into pictures.
type cleaner struct{ room room }

func newCleaner() cleaner { return cleaner{newRoom()} }

// clean decodes an upload, turns it as its EXIF orientation says, makes it smaller where it is too large, and writes it as a JPEG. Whatever
// else the upload held is gone. The error is a problem that says what to send instead.
func (c cleaner) clean(ctx context.Context, upload []byte) (p Photo, at *Position, err error) {
	format, ok := formats[http.DetectContentType(upload)]
	if !ok {
		return p, nil, web.NewProblem(web.UnsupportedMedia, "this is no photo in JPEG, PNG or WebP. A HEIC photo of an iPhone: choose Settings, Camera, Formats, Most Compatible, or "+
			"send a copy as JPEG").At("body", nil)
	}
	config, found, err := image.DecodeConfig(bytes.NewReader(upload))
	if err != nil || found != format || config.Width < 1 || config.Height < 1 {
		return p, nil, damaged(format)
	}
	pixels := int64(config.Width) * int64(config.Height)
	if pixels > maxPixels {
		return p, nil, web.NewProblem(web.TooLarge, fmt.Sprintf("the photo has %d x %d pixels, more than %d million; send a smaller copy",
			config.Width, config.Height, maxPixels/1_000_000)).At("body", nil)
	}
	if format == "jpeg" && jpegOf(upload).scans > maxScans {
		return p, nil, damaged(format)
	}
	weight := weight(upload, format, config)
	if weight > maxDecoding {
		return p, nil, web.NewProblem(web.TooLarge, fmt.Sprintf("the photo has %d x %d pixels that take %d MB to decode, more than %d; send a smaller copy, or save it as a JPEG "+
			"that is not progressive", config.Width, config.Height, weight>>20, maxDecoding>>20)).At("body", nil)
	}
	release, err := c.room.take(ctx, pixels, weight)
	if err != nil {
		return p, nil, fmt.Errorf("wait for the photos before: %w", err)
	}
	defer release()
	decoded, _, err := image.Decode(bytes.NewReader(upload))
	if err != nil {
		return p, nil, damaged(format)
	}
	orientation, at := readEXIF(upload, format)
	picture := orient(shrink(decoded), orientation)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: quality}); err != nil {
		return p, nil, fmt.Errorf("encode a photo: %w", err)
	}
	return Photo{JPEG: out.Bytes(), Width: picture.Rect.Dx(), Height: picture.Rect.Dy()}, at, nil
}

func damaged(format string) error {
	return web.NewProblem(web.Invalid, "the photo is damaged or not complete: it cannot be read as "+format+"; take or save it again").At("body", nil)
}

// shrink gives a picture at most maxSidePx on its longer side, on a white ground where it is transparent. It halves first, which averages
// each pixel's four, because interpolating between four of many would leave patterns.
func shrink(from image.Image) *image.RGBA {
	for {
		w, h := from.Bounds().Dx(), from.Bounds().Dy()
		longer := max(w, h)
		switch {
		case longer <= maxSidePx:
		case longer >= 2*maxSidePx:
			w, h = (w+1)/2, (h+1)/2
		default:
			w, h = max(1, w*maxSidePx/longer), max(1, h*maxSidePx/longer)
		}
		to := image.NewRGBA(image.Rect(0, 0, w, h))
		draw.Draw(to, to.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
		draw.ApproxBiLinear.Scale(to, to.Rect, from, from.Bounds(), draw.Over, nil)
		if max(w, h) <= maxSidePx {
			return to
		}
		from = to
	}
}

// orient turns and mirrors a picture the way that the values 1 to 8 of the EXIF tag Orientation ask for (Exif 2.3, 4.6.4 A).
func orient(from *image.RGBA, orientation int) *image.RGBA {
	if orientation < 2 || orientation > 8 {
		return from
	}
	w, h := from.Rect.Dx(), from.Rect.Dy()
	turned := orientation >= 5
	to := image.NewRGBA(image.Rect(0, 0, w, h))
	if turned {
		to = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range to.Rect.Dy() {
		for x := range to.Rect.Dx() {
			fx, fy := x, y
			if turned {
				fx, fy = y, x
			}
			switch orientation {
			case 2, 8:
				fx = w - 1 - fx
			case 3, 7:
				fx, fy = w-1-fx, h-1-fy
			case 4, 6:
				fy = h - 1 - fy
			}
			copy(to.Pix[to.PixOffset(x, y):][:4], from.Pix[from.PixOffset(fx, fy):][:4])
		}
	}
	return to
}
