package picture

import (
	"bytes"
	"image"

	"github.com/bep/imagemeta"
)

// metaFormats are the formats that can carry EXIF, by the names of package image.
var metaFormats = map[string]imagemeta.ImageFormat{
	"jpeg": imagemeta.JPEG, "png": imagemeta.PNG, "webp": imagemeta.WebP,
}

// readEXIF is what a file's EXIF says, by the names of tags; the first of a name counts. What
// cannot be read is left out: it does not go with the picture anyway.
func readEXIF(file []byte, format string, wanted func(tag string) bool) map[string]any {
	values := map[string]any{}
	_, _ = imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(file), ImageFormat: metaFormats[format], Sources: imagemeta.EXIF,
		LimitNumTags: 500, LimitTagSize: 1 << 16,
		ShouldHandleTag: func(tag imagemeta.TagInfo) bool { return wanted(tag.Tag) },
		HandleTag: func(tag imagemeta.TagInfo) error {
			if _, ok := values[tag.Tag]; !ok {
				values[tag.Tag] = tag.Value
			}
			return nil
		},
	})
	return values
}

// orientation is the EXIF orientation of a picture, 1 (upright) to 8; 1 when there is none.
func orientation(file []byte, format string) int {
	if metaFormats[format] == 0 {
		return 1
	}
	all := readEXIF(file, format, func(tag string) bool { return tag == "Orientation" })
	if v, ok := all["Orientation"].(uint16); ok && v >= 1 && v <= 8 {
		return int(v)
	}
	return 1
}

// adobeRGB says whether a camera wrote "R03": Adobe RGB without a profile (DCF 2.0).
func adobeRGB(file []byte) bool {
	all := readEXIF(file, "jpeg", func(tag string) bool { return tag == "InteropIndex" })
	s, _ := all["InteropIndex"].(string)
	return s == "R03"
}

// orient undoes an EXIF orientation (EXIF 2.32, 4.6.4 A).
func orient(img *image.RGBA, orientation int) *image.RGBA {
	if orientation == 1 {
		return img
	}
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if orientation >= 5 {
		out = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			tx, ty := turn(orientation, x, y, w, h)
			out.SetRGBA(tx, ty, img.RGBAAt(x, y))
		}
	}
	return out
}

// turn says where a stored pixel belongs in the upright picture.
func turn(orientation, x, y, w, h int) (int, int) {
	switch orientation {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return h - 1 - y, x
	case 7:
		return h - 1 - y, w - 1 - x
	default: // 8
		return y, w - 1 - x
	}
}
