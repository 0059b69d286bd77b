package photo

import (
	"bytes"
	"math"
	"strings"

	"github.com/bep/imagemeta"
)

var metaFormats = map[string]imagemeta.ImageFormat{"jpeg": imagemeta.JPEG, "png": imagemeta.PNG, "webp": imagemeta.WebP}

// readEXIF finds which way is up (1 where the file does not say) and where the picture was taken (nil where it does not say). EXIF that
// cannot be read is as good as none.
func readEXIF(upload []byte, format string) (orientation int, at *Position) {
	values := map[string]any{}
	_, err := imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(upload), ImageFormat: metaFormats[format], Sources: imagemeta.EXIF,
		ShouldHandleTag: func(tag imagemeta.TagInfo) bool {
			return strings.HasPrefix(tag.Namespace, "IFD0") && (tag.Tag == "Orientation" || strings.HasPrefix(tag.Tag, "GPSL"))
		},
		HandleTag: func(tag imagemeta.TagInfo) error {
			values[tag.Tag] = tag.Value
			return nil
		},
	})
	if err != nil {
		return 1, nil
	}
	orientation = 1
	if o, ok := values["Orientation"].(uint16); ok {
		orientation = int(o)
	}
	lon, okLon := degrees(values, "GPSLongitude", "W", 180)
	lat, okLat := degrees(values, "GPSLatitude", "S", 90)
	if okLon && okLat && (lon != 0 || lat != 0) { // cameras without a fix write zeros
		at = &Position{lon, lat}
	}
	return orientation, at
}

// degrees reads a coordinate, rounded to 1e-7°; negative where the reference says so.
func degrees(values map[string]any, tag, negative string, limit float64) (float64, bool) {
	d, ok := values[tag].(float64)
	if !ok || !(d >= 0 && d <= limit) {
		return 0, false
	}
	if ref, _ := values[tag+"Ref"].(string); strings.HasPrefix(ref, negative) {
		d = -d
	}
	return math.Round(d*1e7) / 1e7, true
}
