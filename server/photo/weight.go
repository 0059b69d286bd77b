package photo

import (
	"bytes"
	"context"
	"image"
	"image/color"

	"golang.org/x/sync/semaphore"
)

// room is the memory for the pictures that are decoded at the same time. Small ones have some of their own, so that they never wait behind a
// large one. What shrinking takes comes on top: at most a byte a pixel.
type room struct{ large, small *semaphore.Weighted }

func newRoom() room {
	return room{semaphore.NewWeighted(maxDecoding), semaphore.NewWeighted(smallRoom)}
}

// take waits until there is room for a picture; release gives it back. It ends with ctx.
func (r room) take(ctx context.Context, pixels, weight int64) (release func(), err error) {
	from := r.large
	if pixels < smallPixels {
		from, weight = r.small, min(weight, smallRoom)
	}
	if err := from.Acquire(ctx, weight); err != nil {
		return nil, err
	}
	return func() { from.Release(weight) }, nil
}

// weight is how many bytes the decoder of a format takes at most for a picture.
func weight(upload []byte, format string, config image.Config) int64 {
	pixels := int64(config.Width) * int64(config.Height)
	switch format {
	case "jpeg":
		return int64(float64(pixels) * jpegOf(upload).bytesPerPixel(config.ColorModel))
	case "webp":
		// Lossy ones are decoded as YCbCr, and those without loss as RGBA, which the header of an extended file does not tell apart; the alpha of
		// a lossy one goes through RGBA.
		if config.ColorModel == color.NYCbCrAModel {
			return 7 * pixels
		}
		return 4 * pixels
	}
	bytesPerPixel := int64(8)
	switch config.ColorModel {
	case color.GrayModel:
		bytesPerPixel = 1
	case color.Gray16Model:
		bytesPerPixel = 2
	case color.RGBAModel, color.NRGBAModel:
		bytesPerPixel = 4
	default:
		if _, ok := config.ColorModel.(color.Palette); ok {
			bytesPerPixel = 1
		}
	}
	const interlace = 28 // where a PNG says it (W3C PNG, 11.2.2 IHDR)
	if len(upload) > interlace && upload[interlace] != 0 {
		return bytesPerPixel * (pixels + pixels/2) // the last pass has half of the pixels
	}
	return bytesPerPixel * pixels
}

// jpegFrame is what the segments of a JPEG tell of it (ITU T.81, B).
type jpegFrame struct {
	scans       int     // a progressive one may have very many small ones, each of which touches every pixel
	progressive bool    // all coefficients are kept, in 4 bytes each, until the last scan
	samples     float64 // of a pixel: 1 for grey, 1.5 to 3 for colours
}

func (f jpegFrame) bytesPerPixel(model color.Model) float64 {
	perPixel := f.samples
	if f.progressive {
		perPixel *= 1 + 4
	}
	if model == color.RGBAModel || model == color.CMYKModel {
		perPixel += 4 // a copy with the colours of a pixel beside each other
	}
	return perPixel
}

func jpegOf(file []byte) (f jpegFrame) {
	const (
		marker            = 0xFF
		startOfFrame      = 0xC0 // baseline; C1 is extended
		progressiveFrame  = 0xC2
		startOfScan       = 0xDA
		endOfImage        = 0xD9
		restartFirst      = 0xD0 // to D7, then D8: start of image
		startOfImage      = 0xD8
		componentsInFrame = 9 // bytes behind the marker: length, precision, height, width
	)
	for i := 2; i+3 < len(file); {
		next := bytes.IndexByte(file[i:], marker)
		if next < 0 || i+next+3 >= len(file) {
			return f
		}
		i += next
		kind := file[i+1]
		switch {
		case kind == 0 || kind == 0x01 || kind >= restartFirst && kind <= startOfImage: // data, or a marker without a segment
			i += 2
		case kind == marker: // filling
			i++
		case kind == endOfImage:
			return f
		default:
			if kind == startOfScan {
				f.scans++
			}
			if kind >= startOfFrame && kind <= progressiveFrame && f.samples == 0 { // a second frame is an error to the decoder, after it decoded the first
				f.progressive = kind == progressiveFrame
				f.samples = samples(file[min(len(file), i+componentsInFrame):])
			}
			i += 2 + max(2, int(file[i+2])<<8|int(file[i+3]))
		}
	}
	return f
}

// samples is how many samples a pixel has, from the components of a frame: their number, and for each its name, how often it is sampled across
// and down, and its table.
func samples(components []byte) float64 {
	if len(components) == 0 {
		return 0
	}
	sum, across, down := 0, 1, 1
	for c := 2; c < len(components) && c < 2+3*int(components[0]); c += 3 {
		h, v := int(components[c]>>4), int(components[c]&0xF)
		sum, across, down = sum+h*v, max(across, h), max(down, v)
	}
	if components[0] == 1 {
		return 1
	}
	return float64(sum) / float64(across*down)
}
